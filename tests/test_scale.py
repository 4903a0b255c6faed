"""Pairing at scale: bounded memory, threads, kill and resume, and the stand-in that measures it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from benchmarks import pairs as bench
from benchmarks.stand_in import PARTS, items, make, table
from fgresq.cli import main
from fgresq.files import read_json, write_json
from fgresq.images import write_png
from fgresq.ops.ssim_plane import bytes_of
from fgresq.pairs import candidates as step
from fgresq.pairs.candidates import CANDIDATE_COLUMNS, candidates
from fgresq.pairs.similarity import blocks, group_similarity
from fgresq.tables import read_images, read_table, write_images
from tests.conftest import LABELS, ROOT, picture
from tests.test_pairs import image_table

OPTIONS = {
    "filter": {"tau": 0.25, "tau_by_source": {}},
    "labels": LABELS,
}


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Give 20 images of 250x200: their planes have columns beside the image."""
    folder = tmp_path_factory.mktemp("group")
    clean = np.tile(picture(0), (4, 4, 1))[:200, :250]
    paths = [str(folder / f"{k:02}.png") for k in range(20)]
    for k, path in enumerate(paths):
        noise = np.random.default_rng(k).normal(0, 1 + k, clean.shape)
        write_png(path, np.clip(clean + noise, 0, 255).astype(np.uint8))
    return paths


def measured(paths: list[str], memory: float) -> tuple[np.ndarray, float]:
    """Give the SSIM of a group and the greatest number of MiB that arrays took meanwhile."""
    with ThreadPoolExecutor(2) as pool:
        tracemalloc.start()
        found = group_similarity(paths, "group", pool, memory)
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
    return found, peak


def test_blocks_bound_the_memory_and_change_no_value(group: list[str]) -> None:
    whole = bytes_of(200, 250) * len(group) / 2**20
    at_once, all_held = measured(group, 64)
    in_blocks, bounded = measured(group, whole / 4)
    assert len(at_once) == 190 and np.ptp(at_once) > 0.1
    np.testing.assert_array_equal(in_blocks, at_once)
    assert all_held > whole
    assert bounded < whole / 4 + 6, "beside the blocks: decoding and scratch of two threads"


def test_two_blocks_fit_and_every_image_is_in_one() -> None:
    image = bytes_of(480, 640)
    parts = blocks(139, 480, 640, 40 * image / 2**20)
    assert [k for part in parts for k in part] == list(range(139))
    assert max(map(len, parts)) == 20
    assert blocks(30, 480, 640, 40 * image / 2**20) == [range(30)]
    assert max(map(len, blocks(3, 480, 640, 0.1))) == 1, "two images are held in any case"


def call(folder: Path, out: str, *more: str) -> list[str]:
    given = ["--images", f"{folder}/own.csv", "--work", f"{folder}/work"]
    return ["step", "candidates", *given, "--out", f"{folder}/{out}", *more]


KILLED = """
import os, signal, sys
from fgresq.cli import main
from fgresq.pairs import candidates
compute, groups = candidates.group_similarity, []

def third_is_the_last(*given):
    groups.append(given)
    return compute(*given) if len(groups) < 3 else os.kill(os.getpid(), signal.SIGKILL)

candidates.group_similarity = third_is_the_last
main(sys.argv[1:])
"""


def test_a_killed_run_is_taken_up_and_gives_the_same_bytes(tmp_path: Path) -> None:
    images = image_table(tmp_path, {f"park-{k}": 30 for k in range(6)}, size=160)
    write_images(tmp_path / "own.csv", images.assign(score=0.5))
    work = tmp_path / "work"
    killed = [sys.executable, "-c", KILLED, *call(tmp_path, "killed.csv")]
    assert subprocess.run(killed, cwd=ROOT).returncode == -signal.SIGKILL
    kept = {path: path.stat().st_mtime_ns for path in work.glob("[!.]*.npy")}
    assert len(kept) == 2 and not (tmp_path / "killed.csv").exists()
    assert main(call(tmp_path, "killed.csv", "--threads", "2")) == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "computed again"
    assert main(call(tmp_path, "whole.csv", "--work", str(tmp_path / "other"))) == 0
    assert (tmp_path / "killed.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_only_groups_whose_images_changed_are_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = image_table(tmp_path, {"park": 4, "street": 3})
    first = candidates(images, work=tmp_path / "work")
    seen = []
    compute = group_similarity
    monkeypatch.setattr(
        step,
        "group_similarity",
        lambda paths, where, *rest: seen.append(where) or compute(paths, where, *rest),
    )
    again = candidates(images.assign(score=0.5), work=tmp_path / "work")
    assert not seen and again["ssim"].equals(first["ssim"]) and not again["score_difference"].any()
    write_png(images["path"][5], np.zeros((24, 24, 3), np.uint8))
    images.loc[5, "sha256"] = "another"
    changed = candidates(images, work=tmp_path / "work")
    assert seen == ["group 'street'"]
    street = changed["group"] == "street"
    assert changed["ssim"][~street].equals(first["ssim"][~street])
    assert (changed["ssim"] != first["ssim"]).sum() == 2


def test_the_stand_in_has_the_shape_of_fgrestore() -> None:
    rows = table([item for part in PARTS for item in items(part, 1.0)])
    assert len(rows) == 18408 and rows["image"].is_unique and rows["dataset"].nunique() == 7
    assert rows["task"].value_counts().to_dict() == {  # Fig. 2 of the paper
        "super-resolution": 9116,
        "denoising": 2837,
        "mixture": 2582,
        "dehazing": 1456,
        "deblurring": 1228,
        "deraining": 1189,
    }
    sizes = rows.groupby(["dataset", "task", "content"]).size()
    assert (sizes * (sizes - 1) // 2).sum() == pytest.approx(1_275_297, rel=0.01)


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stand-in")
    make(folder, 0.002)
    return folder


def test_the_stand_in_is_taken_up_and_is_the_same_again(stand_in: Path, tmp_path: Path) -> None:
    files = sorted(stand_in.rglob("*.jpg"))
    before = {path: path.read_bytes() for path in files}
    stamps = {path: path.stat().st_mtime_ns for path in files}
    files[3].unlink()
    make(stand_in, 0.002, threads=2)
    assert {path: path.read_bytes() for path in sorted(stand_in.rglob("*.jpg"))} == before
    same = [path for path in files if path.stat().st_mtime_ns == stamps[path]]
    assert len(same) == len(files) - 1
    assert len(set(before.values())) == len(files), "two images are one"


def test_a_share_of_the_stand_in_goes_through_pairing_and_filtration(
    stand_in: Path, tmp_path: Path
) -> None:
    out = str(tmp_path)
    entry = {"title": "t", "adapter": "folder", "path": str(stand_in), "licence": "l", "get": "g"}
    entry |= {"score_kind": "MOS", "range": [0, 100], "label_origin": "human"}
    read = ["--out", f"{out}/own.csv", "--pairs", f"{out}/s.csv", "--record", f"{out}/own.json"]
    assert main(["step", "read-source", "own", "--entry", json.dumps(entry), *read]) == 0
    for threads in ("1", "2"):
        apart = ["--work", f"{out}/{threads}", "--threads", threads, "--memory", threads]
        assert main(call(tmp_path, f"{threads}.csv", *apart)) == 0
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    every = read_table(tmp_path / "1.csv", CANDIDATE_COLUMNS)
    fine = every[every["score_difference"].abs() < OPTIONS["filter"]["tau"]]
    write_json(tmp_path / "threshold.json", {"threshold": float(fine["ssim"].median())})
    given = ["--images", f"{out}/own.csv", "--supplied", f"{out}/s.csv"]
    given += ["--record", f"{out}/own.json", "--candidates", f"{out}/1.csv"]
    given += ["--threshold", f"{out}/threshold.json", "--options", json.dumps(OPTIONS)]
    given += ["--out", f"{out}/pairs.csv", "--funnel", f"{out}/funnel.json"]
    assert main(["step", "filter-pairs", *given]) == 0
    sizes = read_images(f"{out}/own.csv").groupby(["task", "group"]).size()
    assert len(every) == (sizes * (sizes - 1) // 2).sum() > 100
    steps = [step["pairs"] for step in read_json(tmp_path / "funnel.json")["steps"]]
    assert steps[0] == len(every) > steps[1] > steps[2] > 0


def test_the_benchmark_compares_like_with_like() -> None:
    found = bench.measure(bench.images_of((64, 80), 5), 1)
    ours, scikit_image, torchmetrics = (values for _, _, values in found.values())
    assert len(ours) == 4 and np.ptp(ours) > 0.01
    np.testing.assert_allclose(scikit_image, ours, atol=1e-6)
    np.testing.assert_allclose(torchmetrics, ours, atol=1e-4)
    assert min(min(once, each) for once, each, _ in found.values()) > 0
