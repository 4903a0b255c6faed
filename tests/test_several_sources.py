"""Two sources that use the same names, as KADID-10k and TID2013 both have I01, stay apart.

Each check sets a run whose sources share the names of families, groups and contents against the
same run in which the second source has names of its own: no number may differ.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fgresq.errors import UserError
from fgresq.pairs.candidates import candidates
from fgresq.pairs.funnel import Options, funnel
from fgresq.pairs.split import deal_families, split
from fgresq.sections import Filter, Labels, Split
from fgresq.tables import IMAGE_COLUMNS, PAIR_COLUMNS, SUPPLIED_COLUMNS, empty
from fgresq.training import ridge
from fgresq.training.sides import sides
from tests.analysis_tables import make_images, make_pairs, make_scores, run_step
from tests.conftest import LABELS
from tests.test_pairs import image_table

NAMES = ["family", "group", "content"]
SPLIT = Split(folds=2, test_share=0.2, seed=0)


def of_source(table: pd.DataFrame, source: str) -> pd.DataFrame:
    """Give a table of the source `s` to another one: its identifiers change, its names do not."""
    named = {
        name: table[name].str.replace("^s([/#])", rf"{source}\1", regex=True)
        for name in ("image", "pair", "image_a", "image_b")
        if name in table
    }
    return table.assign(source=source, **named)


def own_names(table: pd.DataFrame) -> pd.DataFrame:
    """Give the second source names of its own that sort as before."""
    second, there = table["source"].eq("t"), [name for name in NAMES if name in table]
    return table.assign(**{name: table[name].where(~second, table[name] + "x") for name in there})


def two_sources() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Give images, pairs and scores of two sources of the same names, which disagree.

    What is good in `s` the method calls bad in `t`, so that whoever throws groups of both together
    finds another number.
    """
    parts: list[tuple[pd.DataFrame, ...]] = []
    for source, sign, seed in (("s", 1.0, 0), ("t", -0.5, 1)):
        images = make_images(60, families=5, seed=seed)
        pairs = make_pairs(images, 40, seed)
        noise = np.random.default_rng(seed + 5).normal(0, 0.2, len(images))
        images, pairs = of_source(images, source), of_source(pairs, source)
        parts.append((images, pairs, make_scores(images, "psnr", sign * images["score"] + noise)))
    images, pairs, scores = (
        pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True)
    )
    return images, pairs, scores


@pytest.mark.parametrize("step", ["performance", "intervals"])
def test_same_names_change_no_number_of_the_analysis(tmp_path: Path, step: str) -> None:
    images, pairs, scores = two_sources()
    shared = run_step(tmp_path / "shared", step, images, pairs, (scores,))
    own = run_step(tmp_path / "own", step, own_names(images), own_names(pairs), (scores,))
    pd.testing.assert_frame_equal(shared, own)


def test_the_bootstrap_counts_the_families_and_groups_of_both(tmp_path: Path) -> None:
    images, pairs, scores = two_sources()
    table = run_step(tmp_path, "performance", images, pairs, (scores,))
    rows = table[table["split"].eq("family") & table["task"].eq("super-resolution")]
    by_stat = rows.set_index("stat")
    assert by_stat["families"].eq(10).all(), "five families in each source"
    assert by_stat["n"]["srcc_groups"] == 10 and by_stat["n"]["srcc"] == 60


def test_a_group_inside_one_source_is_no_group_of_both(tmp_path: Path) -> None:
    """Inside each group the order is perfect; over both sources' group of that name it is not."""
    images = make_images(24, tasks=1, families=4)
    both = pd.concat([images, of_source(images, "t")], ignore_index=True)
    level = np.where(both["source"].eq("t"), -10.0, 10.0)
    scores = make_scores(both, "psnr", both["score"] + level)
    table = run_step(tmp_path, "performance", both, scores=(scores,)).set_index(
        ["split", "task", "stat"]
    )
    assert table["value"]["family", "super-resolution", "srcc_groups"] == 1
    assert table["value"]["family", "super-resolution", "srcc"] < 0.9


def sized(source: str, sizes: list[int]) -> pd.DataFrame:
    """Give an image table whose family k has sizes[k] images."""
    families = np.repeat(np.arange(len(sizes)), sizes)
    table = pd.DataFrame({name: [""] * len(families) for name in IMAGE_COLUMNS})
    names = [f"{source}/{k:03}" for k in range(len(families))]
    own = [f"I{k:02}" for k in families]
    return table.assign(image=names, source=source, task="denoising", family=own, group=own)


def held(images: pd.DataFrame, folds: pd.DataFrame) -> pd.DataFrame:
    """Count the images of each source (rows) in each fold (columns)."""
    of = images.merge(folds, on=["source", "family"], validate="many_to_one")
    return of.groupby(["source", "fold"]).size().unstack(fill_value=0)


def test_folds_balance_inside_each_source() -> None:
    """The first source cannot be balanced; dealing by all images would starve a fold of `t`."""
    images = pd.concat([sized("s", [10, 1]), sized("t", [5, 5]), sized("u", [3, 3, 3, 3])])
    folds = deal_families(images, 2, 0, "images.csv")
    counts = held(images, folds)
    assert counts.loc["t"].tolist() == [5, 5] and counts.loc["u"].tolist() == [6, 6]


@pytest.mark.parametrize("seed", range(5))
def test_no_source_is_dealt_worse_than_by_its_largest_family(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tables = [sized(name, rng.integers(1, 12, 7).tolist()) for name in "stu"]
    images = pd.concat(tables, ignore_index=True)
    counts = held(images, deal_families(images, 3, seed, "images.csv"))
    for name, table in zip("stu", tables, strict=True):
        assert np.ptp(counts.loc[name]) <= table["family"].value_counts().max()


def test_ties_inside_a_source_go_to_the_fold_that_holds_fewest_of_all() -> None:
    images = pd.concat([sized("s", [4, 1]), sized("t", [2])])
    folds = deal_families(images, 2, 0, "images.csv").set_index(["source", "family"])["fold"]
    assert folds["s", "I00"] == 0 and folds["t", "I00"] == folds["s", "I01"] == 1


def test_same_names_change_neither_split() -> None:
    images, pairs, _ = two_sources()
    pairs = pairs.drop(columns="fold").assign(split_pairs="")
    shared, folds, leaks = split(pairs, images, SPLIT)
    own, other, leaks_of_own = split(own_names(pairs), own_names(images), SPLIT)
    assert len(folds) == len(other) == 10 and len(shared) == len(pairs)
    assert leaks == leaks_of_own
    assert shared["split_pairs"].equals(own["split_pairs"])
    fold_of = folds.set_index(["source", "family"])["fold"]
    expected = [fold_of[key] for key in zip(shared["source"], shared["family"], strict=True)]
    assert shared["fold"].tolist() == expected


def test_a_fold_holds_the_family_of_its_own_source_only() -> None:
    """I01 of `s` is tested in fold 0, and I01 of `t` in fold 1."""
    images = pd.concat([sized("s", [3, 3]), sized("t", [3, 3])], ignore_index=True)
    images["algorithm"] = "a"
    rows = [("s", "I00", 0), ("s", "I01", 1), ("t", "I00", 1), ("t", "I01", 0)]
    folds = pd.DataFrame(rows, columns=["source", "family", "fold"])
    train, test, _, _ = sides(images, empty(PAIR_COLUMNS), folds, "0")
    tested = images.iloc[test]
    assert set(zip(tested["source"], tested["family"], strict=True)) == {("s", "I00"), ("t", "I01")}
    assert sorted([*train, *test]) == list(range(12))


def test_a_ridge_keeps_families_and_groups_of_both_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    images, _, _ = two_sources()
    folds = deal_families(images, 2, 0, "images.csv")
    seen = []
    fit = ridge.fitted

    def spy(features, scores, families, groups, where):  # type: ignore[no-untyped-def]
        seen.append((len(set(families)), len(set(groups))))
        return fit(features, scores, families, groups, where)

    monkeypatch.setattr(ridge, "fitted", spy)
    features = np.random.default_rng(0).normal(size=(len(images), 4))
    found = ridge.by_family(images, features, folds)
    assert sorted(found["image"]) == sorted(images["image"])
    trained = [folds["fold"].ne(k).sum() for k in (0, 1)]
    assert seen == [(count, 2 * count) for count in trained], "a group is of one task"


def test_no_pair_is_of_two_sources(tmp_path: Path) -> None:
    """One call with both sources lists what two calls do."""
    (tmp_path / "t").mkdir()
    first = image_table(tmp_path, {"I01": 3, "I02": 2})
    second = image_table(tmp_path / "t", {"I01": 4, "I02": 2})
    second = second.assign(
        source="t", image="t/" + second["image"].str.removeprefix("own/"), family="other"
    )
    both = candidates(pd.concat([first, second], ignore_index=True))
    assert both.groupby(["source", "group"]).size().to_dict() == {
        ("own", "I01"): 3,
        ("own", "I02"): 1,
        ("t", "I01"): 6,
        ("t", "I02"): 1,
    }
    alone = pd.concat([candidates(first), candidates(second)], ignore_index=True)
    pd.testing.assert_frame_equal(both, alone)


def test_a_group_of_two_families_is_a_fault_inside_one_source_only(tmp_path: Path) -> None:
    """Same-named groups of two sources may be of different families: the test above has them."""
    images = image_table(tmp_path, {"I01": 3})
    with pytest.raises(UserError, match="group 'I01' of source 'own'"):
        candidates(images.assign(family=["a", "b", "a"]))


def test_the_funnel_of_a_source_is_its_own(tmp_path: Path) -> None:
    """Tau is the source's; identifiers of pairs begin with it, so that tables can be joined."""
    images = image_table(tmp_path, {"I01": 4})
    renamed = images.assign(
        source="t", dataset="t", image="t/" + images["image"].str.removeprefix("own/")
    )
    options = Options(
        filter=Filter(tau=0.3, tau_by_source={"t": 0.2}),
        labels=Labels.model_validate(LABELS),
    )
    tables = {}
    for table in (images, renamed):
        source = table["source"][0]
        record = {"source": source, "label_origin": "derived from scores"}
        pairs, counts = funnel(
            table,
            empty(SUPPLIED_COLUMNS),
            candidates(table),
            record,
            1.0,
            Options.model_validate(options),
        )
        tables[source] = pairs
        assert counts["source"] == source and counts["tau"] == {
            source: 0.3 if source == "own" else 0.2
        }
    assert len(tables["own"]) == 5 and len(tables["t"]) == 3
    assert not set(tables["own"]["pair"]) & set(tables["t"]["pair"])
