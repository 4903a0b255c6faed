"""Candidates and funnel: all pairs, what each step keeps, and bad input."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.files import sha256, write_csv, write_json
from fgresq.images import read_rgb, write_png
from fgresq.ops.ssim_plane import ssim
from fgresq.pairs.candidates import CANDIDATE_COLUMNS, candidates
from fgresq.pairs.funnel import SOURCE_PAIR_COLUMNS, STEPS, Options, funnel
from fgresq.pairs.order import all_pairs, oriented
from fgresq.presets import merge
from fgresq.tables import (
    IMAGE_COLUMNS,
    SUPPLIED_COLUMNS,
    empty,
    read_table,
    without_votes,
    write_images,
)
from tests.conftest import LABELS

OPTIONS = {
    "filter": {"tau": 0.6, "tau_by_source": {}},
    "labels": LABELS,
}
RECORD = {"source": "own", "status": "present", "label_origin": "derived from scores"}


def image_table(folder: Path, groups: dict[str, int], size: int = 24) -> pd.DataFrame:
    """Write images, each noisier and worse than the last of its group, and give their table."""
    rows = []
    for group, count in groups.items():
        clean = np.random.default_rng(len(rows)).integers(60, 190, (size, size, 3))
        for n in range(count):
            noise = np.random.default_rng(n).normal(0, 8 * n, clean.shape)
            path = folder / f"{group}-{n}.png"
            write_png(path, np.clip(clean + noise, 0, 255).astype(np.uint8))
            rows.append(
                {name: "" for name in IMAGE_COLUMNS}
                | {
                    "image": f"own/{path.name}",
                    "source": "own",
                    "dataset": "own",
                    "task": "denoising",
                }
                | {"group": group, "family": group.split("-")[0], "path": str(path)}
                | {"raw_score": 9.0 - n, "score": 1 - n / 8, "sha256": sha256(path)}
            )
    return pd.DataFrame(rows, columns=list(IMAGE_COLUMNS))


@pytest.fixture
def images(tmp_path: Path) -> pd.DataFrame:
    return image_table(tmp_path, {"park": 4, "street": 3})


def supplied(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["image_a", "image_b", "preference"])
    return without_votes(table.assign(fraction_a=0.5, label_origin="human", split_pairs=""))


def run_funnel(images: pd.DataFrame, threshold: float = 0.99, **changes: object) -> tuple:
    over = {name: changes.pop(name, {}) for name in ("filter", "labels")}
    options = merge(OPTIONS, over)
    given = {"supplied": empty(SUPPLIED_COLUMNS), "record": RECORD, **changes}
    return funnel(
        images,
        given["supplied"],
        candidates(images),
        given["record"],
        threshold,
        Options.model_validate(options),
        "own.pairs.csv",
    )


def test_all_pairs_of_a_group_and_none_across(images: pd.DataFrame) -> None:
    found = candidates(images)
    assert list(found.columns) == list(CANDIDATE_COLUMNS)
    assert found["group"].value_counts().to_dict() == {"park": 6, "street": 3}
    keys = {frozenset(pair) for pair in found[["image_a", "image_b"]].values}
    assert len(keys) == 9
    by_name = images.set_index("image")
    for pair in found.itertuples():
        a, b = by_name.loc[pair.image_a], by_name.loc[pair.image_b]
        assert a["group"] == b["group"] == pair.group
        assert pair.score_difference == pytest.approx(a["score"] - b["score"], abs=1e-6)
        expected = ssim(read_rgb(a["path"]), read_rgb(b["path"]))
        assert pair.ssim == pytest.approx(expected, abs=1e-6)


def test_tasks_of_one_group_are_not_paired(images: pd.DataFrame) -> None:
    images.loc[[0, 1], "task"] = "deblurring"
    found = candidates(images)
    assert found.groupby(["group", "task"]).size().to_dict() == {
        ("park", "deblurring"): 1,
        ("park", "denoising"): 1,
        ("street", "denoising"): 3,
    }


def test_candidates_depend_on_neither_threads_nor_order_of_rows(images: pd.DataFrame) -> None:
    whole = candidates(images)
    pd.testing.assert_frame_equal(candidates(images[::-1], threads=3), whole)


def test_which_image_is_a_is_fixed_and_balanced() -> None:
    names = [f"s/{n:03d}" for n in range(60)]
    pairs = all_pairs(names)
    assert pairs == all_pairs(names[::-1])
    assert all(oriented(b, a) == (a, b) for a, b in pairs)
    assert np.mean([a < b for a, b in pairs]) == pytest.approx(0.5, abs=0.05)


def test_sizes_that_differ_are_named(images: pd.DataFrame) -> None:
    odd = images["path"][1]
    write_png(odd, read_rgb(odd)[:-4])
    with pytest.raises(UserError) as error:
        candidates(images)
    for part in ("group 'park'", images["path"][0], odd, "24x24", "24x20", "Crop or resize"):
        assert part in str(error.value)


def test_an_image_below_the_window_is_named(tmp_path: Path) -> None:
    images = image_table(tmp_path, {"park": 2}, size=8)
    with pytest.raises(UserError, match="park-0.png: only 8x8 pixels. Give at least 11x11"):
        candidates(images)


def test_a_group_of_two_families_is_named(images: pd.DataFrame) -> None:
    images.loc[0, "family"] = "street"
    with pytest.raises(UserError, match="group 'park'.*families park, street.*one family"):
        candidates(images)


def test_each_step_keeps_what_it_should(images: pd.DataFrame) -> None:
    every = candidates(images)
    threshold = float(every["ssim"].median())
    pairs, counts = run_funnel(images, threshold, filter={"tau": 0.2})
    coarse = every[every["score_difference"].abs() < 0.2]
    kept = coarse[coarse["ssim"] < threshold]
    assert 0 < len(kept) < len(coarse) < len(every)
    assert set(pairs["ssim"]) == set(kept["ssim"])
    assert [step["pairs"] for step in counts["steps"]] == [len(every), len(coarse), len(kept)]
    assert [step["step"] for step in counts["steps"]] == list(STEPS)
    assert counts["steps"][0]["images"] == 7
    assert counts["by_task"] == {"denoising": {s["step"]: s["pairs"] for s in counts["steps"]}}
    assert sum(counts["preferences"].values()) == len(pairs)
    assert list(pairs.columns) == list(SOURCE_PAIR_COLUMNS)
    assert list(pairs["pair"]) == [f"own#{n:07d}" for n in range(1, len(pairs) + 1)]


def test_tau_of_a_source_goes_before_the_common_one(images: pd.DataFrame) -> None:
    _, counts = run_funnel(images, filter={"tau": 1e-9, "tau_by_source": {"own": 0.3}})
    assert counts["tau"] == {"own": 0.3}


def test_each_data_set_in_a_source_has_its_tau(tmp_path: Path) -> None:
    images = image_table(tmp_path, {"park": 4, "street": 4, "beach": 4})
    images["dataset"] = images["group"].map({"park": "QADS", "street": "PIPAL", "beach": "SRIJ"})
    every = candidates(images)
    given = {"own": 0.2, "own/QADS": 0.3, "own/PIPAL": 0.15}
    pairs, counts = run_funnel(images, filter={"tau": 1.0, "tau_by_source": given})
    assert counts["tau"] == {"PIPAL": 0.15, "QADS": 0.3, "SRIJ": 0.2}
    names = every["group"].map({"park": "QADS", "street": "PIPAL", "beach": "SRIJ"})
    kept = every[every["score_difference"].abs() < names.map(counts["tau"])]
    assert set(zip(pairs["image_a"], pairs["image_b"], strict=True)) == set(
        zip(kept["image_a"], kept["image_b"], strict=True)
    )
    assert 0 < len(pairs) < len(every) and pairs["group"].value_counts().nunique() > 1
    for name, steps in counts["by_dataset"].items():
        assert steps["all pairs"] == 6 and steps["JND filter"] == int(
            names[kept.index].eq(name).sum()
        )


def test_a_tau_of_a_data_set_that_is_not_there_is_named(images: pd.DataFrame) -> None:
    with pytest.raises(UserError, match="key 'filter/tau_by_source/own/onw': .*Did you mean 'own'"):
        run_funnel(images, filter={"tau": 1.0, "tau_by_source": {"own/onw": 0.3}})


def test_labels_come_from_the_scores_or_from_simulated_observers(images: pd.DataFrame) -> None:
    pairs, _ = run_funnel(images)
    assert set(pairs["label_origin"]) == {"derived from scores"}
    expected = np.where(pairs["score_difference"] > 0, "A", "B")
    assert list(pairs["preference"]) == list(expected)
    pairs, counts = run_funnel(images, record={**RECORD, "label_origin": "simulated"})
    assert set(pairs["label_origin"]) == {"simulated"} == {counts["label_origin"]}
    assert pairs["fraction_a"].between(0, 1).all()


def test_supplied_pairs_bypass_the_filters(images: pd.DataFrame) -> None:
    names = list(images["image"])
    given = supplied([(names[0], names[3], "A"), (names[3], names[1], "equal")])
    pairs, counts = run_funnel(images, threshold=0.0, supplied=given)
    assert len(pairs) == counts["supplied_pairs"] == 2
    assert counts["steps"][-1]["pairs"] == 0
    by_pair = pairs.set_index(["image_a", "image_b"])
    assert by_pair.loc[(names[0], names[3]), "score_difference"] == pytest.approx(3 / 8)
    assert by_pair.loc[(names[3], names[1]), "score_difference"] == pytest.approx(-2 / 8)
    assert by_pair.loc[(names[3], names[1]), "preference"] == "equal"
    assert set(pairs["label_origin"]) == {"human"}
    assert pairs["ssim"].notna().all()


def test_supplied_pairs_that_do_not_fit_are_named(images: pd.DataFrame) -> None:
    names = list(images["image"])
    across = supplied([(names[0], names[6], "A")])
    with pytest.raises(UserError, match="own.pairs.csv: the pair .*one group and task.*Correct"):
        run_funnel(images, supplied=across)
    twice = supplied([(names[0], names[1], "A"), (names[1], names[0], "A")])
    with pytest.raises(UserError, match="own.pairs.csv: the pair .*listed twice.*Remove"):
        run_funnel(images, supplied=twice)


def test_a_source_without_pairs_left_names_the_step_and_the_mend(
    images: pd.DataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    pairs, counts = run_funnel(images, filter={"tau": 0.1})
    assert pairs.empty
    for part in ("source 'own'", "'coarse filter'", "all pairs 9, coarse filter 0", "Raise filter"):
        assert part in caplog.text
    assert "coarse filter 0" in counts["without_pairs"]["reason"]
    found = run_funnel(images, threshold=-1.0)[1]["without_pairs"]
    assert "'JND filter'" in found["reason"] and "coarse filter 9" in found["reason"]
    assert "copies of one image" in found["next_step"]
    assert run_funnel(images)[1]["without_pairs"] is None


def test_groups_of_one_are_listed_and_yield_no_pair(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    images = image_table(tmp_path, {"park": 3, "lonely": 1})
    with caplog.at_level(logging.INFO):
        pairs, counts = run_funnel(images)
    assert counts["groups_of_one"] == ["lonely (denoising)"]
    assert counts["groups"] == 2
    assert "lonely" in caplog.text
    assert set(pairs["group"]) == {"park"}
    alone = image_table(tmp_path, {"lonely": 1})
    found = run_funnel(alone)[1]["without_pairs"]
    assert "'all pairs'" in found["reason"] and "column 'group'" in found["next_step"]


def call(folder: Path, images: pd.DataFrame, record: dict) -> tuple[list[str], list[str]]:
    """Write what the steps read and give the calls of `candidates` and `filter-pairs`."""
    write_images(folder / "S.csv", images)
    write_csv(folder / "S.pairs.csv", empty(SUPPLIED_COLUMNS))
    write_json(folder / "S.json", record)
    write_json(folder / "threshold.json", {"threshold": 0.99 if len(images) else None})
    first = [
        "step",
        "candidates",
        "--images",
        f"{folder}/S.csv",
        "--out",
        f"{folder}/candidates.csv",
    ]
    second = [
        "step",
        "filter-pairs",
        "--images",
        f"{folder}/S.csv",
        "--supplied",
        f"{folder}/S.pairs.csv",
    ]
    second += ["--record", f"{folder}/S.json", "--candidates", f"{folder}/candidates.csv"]
    second += ["--threshold", f"{folder}/threshold.json", "--out", f"{folder}/pairs.csv"]
    second += ["--funnel", f"{folder}/funnel.json", "--options", json.dumps(OPTIONS)]
    return first, second


def test_the_verbs_write_equal_bytes_twice(tmp_path: Path, images: pd.DataFrame) -> None:
    def outputs() -> list[bytes]:
        for step in call(tmp_path, images, RECORD):
            assert main(step) == 0
        names = ("candidates.csv", "pairs.csv", "funnel.json")
        return [(tmp_path / name).read_bytes() for name in names]

    assert outputs() == outputs()
    assert len(read_table(tmp_path / "pairs.csv", SOURCE_PAIR_COLUMNS)) == 9


def test_an_absent_source_flows_through(tmp_path: Path) -> None:
    record = {**RECORD, "status": "absent"}
    for step in call(tmp_path, empty(IMAGE_COLUMNS), record):
        assert main(step) == 0
    assert read_table(tmp_path / "pairs.csv", SOURCE_PAIR_COLUMNS).empty
    counts = json.loads((tmp_path / "funnel.json").read_text())
    assert [step["pairs"] for step in counts["steps"]] == [0, 0, 0]


def test_a_fault_gives_one_message_and_no_files(
    tmp_path: Path, images: pd.DataFrame, capsys: pytest.CaptureFixture
) -> None:
    first, second = call(tmp_path, images, RECORD)
    assert main(first) == 0
    options = {**OPTIONS, "filter": {"tau": 0.5, "tau_by_source": {"own/onw": 0.1}}}
    assert main([*second[:-1], json.dumps(options)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "pairs.csv").exists()


def test_a_source_of_degraded_images_yields_no_pair_and_no_error(images: pd.DataFrame) -> None:
    degraded = images.assign(task="distortion")
    assert candidates(degraded).empty
    pairs, counts = run_funnel(degraded)
    assert pairs.empty and counts["images"] == len(images) and not counts["groups_of_one"]
    some = images.assign(task=["distortion", *images["task"][1:]])
    assert images["image"][0] not in {*candidates(some)["image_a"], *candidates(some)["image_b"]}
