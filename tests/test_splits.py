"""The two frozen splits and their leak."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.files import write_csv, write_json
from fgresq.pairs.funnel import SOURCE_PAIR_COLUMNS
from fgresq.pairs.order import all_pairs
from fgresq.pairs.split import deal_families, leak, split, split_by_pairs
from fgresq.sections import Split
from fgresq.tables import IMAGE_COLUMNS, empty, read_pairs, read_table, write_images

OPTIONS = Split(folds=3, test_share=0.2, seed=0)


def image_table(source: str = "s", families: int = 7, per_family: int = 6) -> pd.DataFrame:
    rows = [
        {name: "" for name in IMAGE_COLUMNS}
        | {"image": f"{source}/{f}-{n}", "source": source, "family": f"f{f}", "group": f"g{f}"}
        | {"task": "denoising" if n % 2 else "deblurring", "raw_score": 0.0, "score": 0.5}
        for f in range(families)
        for n in range(per_family + (f if families > 3 else 0))
    ]
    return pd.DataFrame(rows, columns=list(IMAGE_COLUMNS))


def pair_table(images: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (source, family, group, task), members in images.groupby(
        ["source", "family", "group", "task"]
    ):
        for a, b in all_pairs(members["image"]):
            rows.append(
                {"pair": f"{source}#{len(rows):07d}", "image_a": a, "image_b": b, "task": task}
                | {"source": source, "group": group, "family": family}
                | {"score_difference": 0.1, "ssim": 0.9, "preference": "A"}
                | {"fraction_a": np.nan, "label_origin": "derived from scores"}
            )
    return pd.DataFrame(rows, columns=list(SOURCE_PAIR_COLUMNS))


@pytest.fixture
def images() -> pd.DataFrame:
    return image_table()


@pytest.fixture
def pairs(images: pd.DataFrame) -> pd.DataFrame:
    return pair_table(images)


def test_every_family_lies_in_one_fold(images: pd.DataFrame, pairs: pd.DataFrame) -> None:
    both, folds, _ = split(pairs, images, OPTIONS)
    assert not folds.duplicated(["source", "family"]).any()
    assert set(folds["family"]) == set(images["family"])
    assert set(folds["fold"]) == {0, 1, 2}
    assert both.groupby("family")["fold"].nunique().eq(1).all()


def test_folds_hold_about_equal_numbers_of_images(images: pd.DataFrame) -> None:
    folds = deal_families(images, 3, 0, "images.csv")
    held = images.merge(folds, on=["source", "family"])["fold"].value_counts()
    assert held.max() - held.min() <= images["family"].value_counts().max()
    alike = image_table(families=3, per_family=4)
    assert deal_families(alike, 3, 0, "i")["fold"].nunique() == 3


def test_folds_depend_on_the_seed_and_not_on_the_order_of_rows() -> None:
    alike = image_table(families=3, per_family=4)
    tables = [deal_families(alike, 3, seed, "images.csv") for seed in range(8)]
    pd.testing.assert_frame_equal(deal_families(alike[::-1], 3, 0, "images.csv"), tables[0])
    assert len({tuple(table["fold"]) for table in tables}) > 1


def test_one_name_in_two_sources_is_two_families() -> None:
    images = pd.concat([image_table("s"), image_table("t")], ignore_index=True)
    both, folds, _ = split(pair_table(images), images, OPTIONS)
    assert len(folds) == 14
    assert both.groupby(["source", "family"])["fold"].nunique().eq(1).all()


def test_families_without_pairs_have_a_fold(images: pd.DataFrame, pairs: pd.DataFrame) -> None:
    few = pairs[pairs["family"] != "f0"].reset_index(drop=True)
    _, folds, _ = split(few, images, OPTIONS)
    assert "f0" in set(folds["family"])


def test_pairs_split_is_exactly_the_share_in_every_task(pairs: pd.DataFrame) -> None:
    chosen = split_by_pairs(pairs, 0.2, 0)
    for _, rows in pairs.groupby("task"):
        assert (chosen[rows.index] == "test").sum() == round(0.2 * len(rows))


def test_pairs_split_follows_names_not_rows_nor_sides(pairs: pd.DataFrame) -> None:
    whole = split_by_pairs(pairs, 0.2, 0)
    assert split_by_pairs(pairs[::-1], 0.2, 0).sort_index().equals(whole)
    turned = pairs.rename(columns={"image_a": "image_b", "image_b": "image_a"})
    assert split_by_pairs(turned, 0.2, 0).equals(whole)
    assert not split_by_pairs(pairs, 0.2, 1).equals(whole)


def test_added_pairs_move_few_others(pairs: pd.DataFrame) -> None:
    fewer = pairs[:-6]
    moved = split_by_pairs(fewer, 0.2, 0) != split_by_pairs(pairs, 0.2, 0)[fewer.index]
    assert moved.sum() <= 6


def test_a_task_of_two_pairs_has_one_on_each_side(pairs: pd.DataFrame) -> None:
    assert sorted(split_by_pairs(pairs[:2], 0.2, 0)) == ["test", "train"]
    assert list(split_by_pairs(pairs[:1], 0.2, 0)) == ["train"]


def test_leak_counts_images_on_both_sides() -> None:
    pairs = pd.DataFrame(
        {"image_a": ["a", "b", "d"], "image_b": ["b", "c", "e"], "task": "denoising"}
    )
    found = leak(pairs, [pd.Series([True, False, False])])
    expected = {"test_images": 2, "also_in_train": 1, "share": 0.5}
    assert found == {"denoising": expected, "overall": expected}
    assert leak(pairs, [pd.Series([False] * 3)])["overall"]["share"] is None


def test_only_the_split_by_pairs_leaks(images: pd.DataFrame, pairs: pd.DataFrame) -> None:
    _, _, leaks = split(pairs, images, OPTIONS)
    assert leaks["family_split"]["overall"]["share"] == 0
    assert leaks["family_split"]["overall"]["test_images"] == len(images)
    assert leaks["pairs_split"]["overall"]["share"] > 0.5
    assert set(leaks["pairs_split"]) == {"deblurring", "denoising", "overall"}


def test_fewer_families_than_folds_is_an_error(images: pd.DataFrame) -> None:
    with pytest.raises(UserError, match="images.csv: 7 families.*8 folds. Set split/folds to 7"):
        deal_families(images, 8, 0, "images.csv")
    with pytest.raises(UserError, match="at least two families"):
        deal_families(images[images["family"] == "f0"], 2, 0, "images.csv")


def test_a_group_across_families_is_named(images: pd.DataFrame, pairs: pd.DataFrame) -> None:
    images.loc[0, "family"] = "f1"
    with pytest.raises(UserError, match="images.csv, group 'g0' of source 's'.*f0, f1"):
        split(pairs, images, OPTIONS, "images.csv")


def counted(name: str, none_left: dict | None = None) -> dict:
    return {"source": name, "without_pairs": none_left}


def call(folder: Path, tables: dict[str, pd.DataFrame], images: pd.DataFrame) -> list[str]:
    for name, table in tables.items():
        write_csv(folder / f"{name}.csv", table)
        write_json(folder / f"{name}.json", counted(name))
    write_images(folder / "images.csv", images)
    return [
        "step",
        "split-pairs",
        *["--pairs", *(f"{folder}/{name}.csv" for name in tables)],
        *["--funnels", *(f"{folder}/{name}.json" for name in tables)],
        *["--images", f"{folder}/images.csv", "--out", f"{folder}/all.csv"],
        *["--folds", f"{folder}/folds.csv", "--funnel", f"{folder}/funnel.json"],
        *["--leak", f"{folder}/leak.json", "--options", json.dumps({"split": OPTIONS.record()})],
    ]


def test_the_verb_joins_present_and_absent_sources(
    tmp_path: Path, images: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    step = call(tmp_path, {"gone": empty(SOURCE_PAIR_COLUMNS), "s": pairs}, images)
    written = []
    for _ in range(2):
        assert main(step) == 0
        names = ("all.csv", "folds.csv", "funnel.json", "leak.json")
        written.append([(tmp_path / name).read_bytes() for name in names])
    assert written[0] == written[1]
    assert len(read_pairs(tmp_path / "all.csv")) == len(pairs)
    folds = read_table(tmp_path / "folds.csv", {"source": str, "family": str, "fold": int})
    assert len(folds) == 7
    funnels = json.loads((tmp_path / "funnel.json").read_text())
    assert funnels == [counted("gone"), counted("s")]


def test_the_verb_gives_empty_tables_without_any_source(tmp_path: Path) -> None:
    step = call(tmp_path, {"gone": empty(SOURCE_PAIR_COLUMNS)}, empty(IMAGE_COLUMNS))
    assert main(step) == 0
    assert read_pairs(tmp_path / "all.csv").empty
    leaks = json.loads((tmp_path / "leak.json").read_text())
    assert leaks["pairs_split"]["overall"] == {"test_images": 0, "also_in_train": 0, "share": None}


def test_a_source_without_pairs_stops_only_where_there_is_no_other(
    tmp_path: Path, images: pd.DataFrame, pairs: pd.DataFrame, capsys: pytest.CaptureFixture
) -> None:
    none = empty(SOURCE_PAIR_COLUMNS)
    none_left = counted("far", {"reason": "no pair is left", "next_step": "Raise its tau"})
    beside = call(tmp_path, {"far": none, "s": pairs}, images)
    write_json(tmp_path / "far.json", none_left)
    assert main(beside) == 0 and len(read_pairs(tmp_path / "all.csv")) == len(pairs)
    alone = call(tmp_path, {"gone": none, "far": none}, images)
    write_json(tmp_path / "far.json", none_left)
    assert main(alone) == 1
    assert "source 'far': no pair is left. Raise its tau." in capsys.readouterr().err


def test_a_released_split_is_kept_and_the_rest_is_drawn(
    images: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    given = np.where(np.arange(len(pairs)) % 2, "test", "train").astype(object)
    kept, _, _ = split(pairs.assign(split_pairs=given), images, OPTIONS)
    assert kept["split_pairs"].tolist() == given.tolist()
    other = image_table("other")
    both = pd.concat([pairs.assign(split_pairs=given), pair_table(other).assign(split_pairs="")])
    table, _, _ = split(both, pd.concat([images, other]), OPTIONS)
    own = table[table["source"].eq("s")]
    assert own["split_pairs"].tolist() == given.tolist()
    share = table.loc[table["source"].eq("other"), "split_pairs"].eq("test").mean()
    assert share == pytest.approx(OPTIONS.test_share, abs=0.05)
