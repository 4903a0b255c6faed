"""Labels, funnel and splits: what they say where they stop, and the arguments of their steps."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from statistics import NormalDist
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.files import read_json, write_csv, write_json
from fgresq.options import shape
from fgresq.pairs import funnel as funnels
from fgresq.pairs import labels
from fgresq.pairs import split as splits
from fgresq.pairs.candidates import candidates
from fgresq.pairs.order import stable_hash
from fgresq.sections import Labels, Split
from fgresq.tables import empty, write_images
from tests.conftest import LABELS
from tests.test_pairs import RECORD, call, image_table, run_funnel, supplied
from tests.test_splits import counted, pair_table
from tests.test_splits import image_table as split_images

FILTER = {"--images", "--supplied", "--record", "--candidates", "--threshold", "--out", "--funnel"}
SPLIT = {"--pairs", "--funnels", "--images", "--out", "--folds", "--funnel", "--leak"}


@pytest.mark.parametrize(
    ("module", "names", "several"),
    [(funnels, FILTER, set()), (splits, SPLIT, {"--pairs", "--funnels"})],
)
def test_the_arguments_of_a_verb(module: ModuleType, names: set[str], several: set[str]) -> None:
    """All files are asked for, with words on what they are; lists take one or more."""
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    own = {a.option_strings[0]: a for a in parser._actions if a.required}
    assert set(own) == names and all(action.help for action in own.values())
    assert {name for name, action in own.items() if action.nargs == "+"} == several


def test_the_settings_of_the_verbs_are_those_of_their_sections() -> None:
    for module, sections in ((funnels, ("filter", "labels")), (splits, ("split",))):
        parser = argparse.ArgumentParser()
        module.add_arguments(parser)
        assert tuple(module.Options.model_fields) == sections
        assert shape(module.Options) in " ".join(parser.format_help().split())


@pytest.fixture
def images(tmp_path: Path) -> pd.DataFrame:
    return image_table(tmp_path, {"park": 4, "street": 3})


def test_the_verb_tells_the_counts_of_a_source(
    tmp_path: Path, images: pd.DataFrame, capsys: pytest.CaptureFixture
) -> None:
    first, second = call(tmp_path, images, RECORD)
    assert main(first) == 0 and main(second) == 0
    told = "source 'own': all pairs 9, coarse filter 9, JND filter 9; 9 written"
    assert told in capsys.readouterr().err.splitlines()


def test_the_verb_names_the_file_of_a_faulty_pair(
    tmp_path: Path, images: pd.DataFrame, capsys: pytest.CaptureFixture
) -> None:
    first, second = call(tmp_path, images, RECORD)
    assert main(first) == 0
    names = images["image"]
    write_csv(tmp_path / "S.pairs.csv", supplied([(names[0], names[6], "A")]))
    assert main(second) == 1
    assert f"{tmp_path}/S.pairs.csv: the pair " in capsys.readouterr().err


def test_faults_of_supplied_pairs_are_told_whole(images: pd.DataFrame) -> None:
    a, b, far = images["image"][[0, 1, 6]]
    for rows, told in (
        (
            [(a, far, "A")],
            f"own.pairs.csv: the pair '{a}', '{far}' is not of two images of one group and task. "
            "Correct the group of the images or remove the pair.",
        ),
        (
            [(a, b, "A"), (b, a, "A")],
            f"own.pairs.csv: the pair '{b}', '{a}' is listed twice. "
            "Remove one of the rows or remove the pair.",
        ),
    ):
        with pytest.raises(UserError) as error:
            run_funnel(images, supplied=supplied(rows))
        assert str(error.value) == told


def test_supplied_pairs_keep_order_columns_and_side(images: pd.DataFrame) -> None:
    """B before A turns the difference; what a candidate knows is joined, nothing else."""
    known = candidates(images)
    names = images["image"]
    rows = [(names[2], names[0], "B"), (names[5], names[4], "A"), (names[0], names[3], "equal")]
    found = funnels.supplied_pairs(supplied(rows), known, "f")
    assert list(zip(found["image_a"], found["image_b"], found["preference"], strict=True)) == rows
    expected = {*supplied(rows).columns, *known.columns}
    assert set(found.columns) == expected and len(found.columns) == len(expected)
    score = images.set_index("image")["score"]
    difference = score[found["image_a"]].to_numpy() - score[found["image_b"]].to_numpy()
    assert found["score_difference"].tolist() == pytest.approx(difference)
    assert found["group"].tolist() == ["park", "street", "park"]


@pytest.mark.parametrize(
    ("threshold", "tau", "reason", "mend"),
    [
        (
            0.99,
            0.1,
            "no pair is left at the step 'coarse filter' (pairs after each step: all pairs 9, "
            "coarse filter 0, JND filter 0)",
            "Raise filter/tau_by_source/own above 0.1 or check the groups",
        ),
        (
            -1.0,
            0.25,
            "no pair is left at the step 'JND filter' (pairs after each step: all pairs 9, "
            "coarse filter 5, JND filter 0)",
            "Check its groups for copies of one image, raise filter/tau_by_source/own above 0.25, "
            "or lower jnd/beta",
        ),
    ],
)
def test_a_source_without_pairs_is_told_whole(
    images: pd.DataFrame,
    caplog: pytest.LogCaptureFixture,
    threshold: float,
    tau: float,
    reason: str,
    mend: str,
) -> None:
    _, counts = run_funnel(images, threshold, filter={"tau": tau})
    assert counts["without_pairs"] == {"reason": reason, "next_step": mend}
    assert [record.getMessage() for record in caplog.records] == [
        f"source 'own': {reason}. {mend}."
    ]


def test_groups_of_one_are_told_whole(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    images = image_table(tmp_path, {"b": 1, "a": 1})
    with caplog.at_level(logging.INFO):
        _, counts = run_funnel(images)
    assert counts["without_pairs"]["next_step"] == (
        "Check the column 'group' of its images: each group holds one image only"
    )
    told = [record.getMessage() for record in caplog.records]
    assert told[1:] == [
        "source 'own': groups of one image, without pairs: a (denoising); b (denoising)"
    ]


def test_the_counts_of_a_funnel_are_these(images: pd.DataFrame) -> None:
    """All of the record, of a source of two data sets, two tasks and one task without a pair."""
    images = images.assign(
        dataset=["x"] * 4 + ["y"] * 3, task=["deblurring"] * 2 + ["denoising"] * 5
    )
    images.loc[0, "task"] = "deraining"
    every = candidates(images)
    pairs, counts = run_funnel(images, 1.0, filter={"tau": 0.2, "tau_by_source": {"own/x": 0.1}})
    assert len(every) == 4 and len(pairs) == 2
    assert counts == {
        "source": "own",
        "tau": {"x": 0.1, "y": 0.2},
        "threshold": 1.0,
        "images": 7,
        "groups": 4,
        "groups_of_one": ["park (deblurring)", "park (deraining)"],
        "without_pairs": None,
        "steps": [
            {"step": "all pairs", "pairs": 4, "images": 5},
            {"step": "coarse filter", "pairs": 2, "images": 3},
            {"step": "JND filter", "pairs": 2, "images": 3},
        ],
        "by_task": {
            "deblurring": {"all pairs": 0, "coarse filter": 0, "JND filter": 0},
            "denoising": {"all pairs": 4, "coarse filter": 2, "JND filter": 2},
            "deraining": {"all pairs": 0, "coarse filter": 0, "JND filter": 0},
        },
        "by_dataset": {
            "x": {"all pairs": 1, "coarse filter": 0, "JND filter": 0},
            "y": {"all pairs": 3, "coarse filter": 2, "JND filter": 2},
        },
        "supplied_pairs": 0,
        "label_origin": "derived from scores",
        "preferences": {
            name: int(pairs["preference"].eq(name).sum()) for name in ("A", "B", "equal")
        },
    }
    assert pairs["split_pairs"].eq("").all() and counts["preferences"]["equal"] == 0


def test_pairs_are_numbered_by_task_group_and_names() -> None:
    rows = [
        ("denoising", "g", "b", "c"),
        ("denoising", "g", "a", "d"),
        ("deblurring", "h", "x", "y"),
    ]
    pairs = pd.DataFrame(rows, columns=["task", "group", "image_a", "image_b"], index=[7, 3, 5])
    found = funnels.numbered(pairs.assign(source="s", vote_kind=""))
    assert found["image_a"].tolist() == ["x", "a", "b"]
    assert found["pair"].tolist() == ["s#0000001", "s#0000002", "s#0000003"]
    assert found.index.tolist() == [0, 1, 2]


def test_simulated_labels_use_the_settings_they_are_given(images: pd.DataFrame) -> None:
    """Raw scores, the measure's slope, the indifference and the seed of the section `labels`."""
    raw = images.set_index("image")["raw_score"]
    pairs = candidates(images)
    for measure, slope in (("jod", 0.6744897502), ("lpips", 2.0)):
        for indifference, seed in ((0.58, 0), (0.9, 0), (0.58, 5)):
            given = {"measure": measure, "indifference": indifference, "seed": seed}
            options = Labels.model_validate({**LABELS, **given})
            found = funnels.labelled(pairs, images, "simulated", options)
            sight = labels.Sight(slope, indifference)
            pd.testing.assert_frame_equal(found, labels.simulated(pairs, raw, sight, seed))


def test_scores_of_another_measure_are_not_labelled(images: pd.DataFrame) -> None:
    record = {**RECORD, "label_origin": "simulated"}
    given = {"labels": {"measure": "lpips"}}
    with pytest.raises(UserError, match="are of the measure 'jod', and labels/measure is 'lpips'"):
        run_funnel(images, record={**record, "measure": "jod"}, **given)
    pairs, _ = run_funnel(images, record={**record, "measure": "lpips"}, **given)
    assert set(pairs["label_origin"]) == {"simulated"}


def by_hand(
    a: str, b: str, quality: pd.Series, slope: float, indifference: float, seed: int
) -> tuple[str, float]:
    """Label a pair as its words say: noise from the two names in order, A and B as called."""
    low, high = sorted((a, b))
    rng = np.random.default_rng(stable_hash("observers", seed, low, high))
    noise = 1 / slope  # in the unit of the quality
    perceived = (
        quality[low]
        - quality[high]
        + np.array(10 * [noise] + 3 * [noise / 2]) * (rng.standard_normal(13))
    )
    told = NormalDist().inv_cdf(indifference) / slope
    votes = [0 if abs(p) < told else int(np.sign(p)) for p in perceived]

    def most(some: list[int]) -> int:
        counts = sorted((some.count(vote), vote) for vote in (1, -1, 0))
        return counts[-1][1] if counts[-1][0] > counts[-2][0] else 0

    groups = most(votes[:5]), most(votes[5:10])
    decision = groups[0] if groups[0] == groups[1] else most(votes[10:])
    share = sum((vote + 1) / 2 for vote in votes[:10]) / 10
    if a == high:
        decision, share = -decision, 1 - share
    return {1: "A", -1: "B", 0: "equal"}[decision], round(share, 4)


def test_simulated_labels_equal_a_plain_loop() -> None:
    rng = np.random.default_rng(3)
    quality = pd.Series(rng.uniform(6, 9, 40), index=[f"s/{k:02}" for k in range(40)])
    names = rng.permutation(quality.index)
    pairs = pd.DataFrame({"image_a": names[::2], "image_b": names[1::2]}, index=range(5, 25))
    found = labels.simulated(pairs, quality, labels.Sight(0.7, 0.6), 11)
    expected = [by_hand(a, b, quality, 0.7, 0.6, 11) for a, b in pairs.to_numpy()]
    assert list(zip(found["preference"], found["fraction_a"], strict=True)) == expected
    assert set(found["preference"]) == {"A", "B", "equal"}
    assert found["label_origin"].eq("simulated").all() and found.index.equals(pairs.index)


def test_a_clear_difference_is_labelled_in_its_direction_whichever_is_called_a() -> None:
    quality = pd.Series({"good": 9.0, "bad": 2.0})
    pairs = pd.DataFrame({"image_a": ["good", "bad"], "image_b": ["bad", "good"]})
    found = labels.simulated(pairs, quality, labels.Sight(0.7, 0.58), 0)
    assert found["preference"].tolist() == ["A", "B"] and found["fraction_a"].tolist() == [1, 0]
    assert labels.derived(pairs, quality)["preference"].tolist() == ["A", "B"]


def test_faults_of_folds_are_told_whole() -> None:
    images = split_images()
    for families, folds, told in (
        (
            7,
            8,
            "f: 7 families cannot be dealt to 8 folds. Set split/folds to 7 or less, or give "
            "images of more families.",
        ),
        (
            2,
            3,
            "f: 2 families cannot be dealt to 3 folds. Set split/folds to 2 or less, or give "
            "images of more families.",
        ),
        (
            1,
            2,
            "f: 1 families cannot be dealt to 2 folds. Give images of at least two families "
            "(column 'family').",
        ),
    ):
        some = images[images["family"].isin([f"f{k}" for k in range(families)])]
        with pytest.raises(UserError) as error:
            splits.deal_families(some, folds, 0, "f")
        assert str(error.value) == told
    assert splits.deal_families(images[:0], 3, 0, "f").empty


def slow_folds(images: pd.DataFrame, folds: int, seed: int) -> dict[tuple[str, str], int]:
    """Deal families as the words say, source by source."""
    held, dealt = [0] * folds, {}
    for source in sorted(set(images["source"])):
        sizes = images.loc[images["source"].eq(source), "family"].value_counts().to_dict()
        own = [0] * folds
        order = sorted(sizes, key=lambda f: (-sizes[f], stable_hash("fold", seed, source, f)))
        for family in order:
            fold = min(range(folds), key=lambda k: (own[k], held[k], k))
            own[fold] += sizes[family]
            held[fold] += sizes[family]
            dealt[source, family] = fold
    return dealt


@pytest.mark.parametrize("seed", range(3))
def test_folds_equal_a_plain_loop(seed: int) -> None:
    images = pd.concat([split_images("s"), split_images("b", 5, 4), split_images("m", 3, 2)])
    found = splits.deal_families(images, 3, seed, "f")
    assert list(found.columns) == ["source", "family", "fold"]
    keys = list(zip(found["source"], found["family"], strict=True))
    assert dict(zip(keys, found["fold"], strict=True)) == slow_folds(images, 3, seed)
    assert keys == sorted(keys)


def test_the_split_by_pairs_equals_a_plain_loop() -> None:
    pairs = pair_table(split_images())
    found = splits.split_by_pairs(pairs, 0.3, 4)
    for _, rows in pairs.groupby("task"):
        keys = {k: sorted(rows.loc[k, ["image_a", "image_b"]]) for k in rows.index}
        order = sorted(rows.index, key=lambda k: stable_hash("split", 4, *keys[k]))
        tested = set(order[: round(0.3 * len(rows))])
        assert {k: found[k] for k in rows.index} == {
            k: "test" if k in tested else "train" for k in rows.index
        }
    assert found.index.equals(pairs.index)


def test_leaks_of_several_rounds_are_summed_task_by_task() -> None:
    pairs = pd.DataFrame(
        {
            "image_a": ["a", "b", "c", "x", "a"],
            "image_b": ["b", "c", "d", "y", "z"],
            "task": ["t", "t", "t", "u", "u"],
        }
    )
    rounds = [
        pd.Series([True, False, False, True, False]),
        pd.Series([False, True, True, False, False]),
    ]
    found = splits.leak(pairs, rounds)
    assert found == {
        "t": {"test_images": 5, "also_in_train": 3, "share": 0.6},
        "u": {"test_images": 2, "also_in_train": 0, "share": 0.0},
        "overall": {"test_images": 7, "also_in_train": 3, "share": 3 / 7},
    }
    assert list(found) == ["t", "u", "overall"]


def test_a_split_keeps_what_is_released_and_uses_all_its_settings() -> None:
    images = split_images()
    pairs = pair_table(images)
    given = pairs.assign(
        split_pairs=["train", "test", ""] * (len(pairs) // 3) + [""] * (len(pairs) % 3)
    )
    options = Split(folds=3, test_share=0.4, seed=7)
    found, folds, leaks = splits.split(given, images, options, "f")
    released = given["split_pairs"].ne("")
    kept = given.loc[released, "split_pairs"]
    assert found.loc[released, "split_pairs"].tolist() == kept.tolist()
    drawn = splits.split_by_pairs(given[~released], 0.4, 7)
    assert found.loc[~released, "split_pairs"].tolist() == drawn.tolist()
    pd.testing.assert_frame_equal(folds, splits.deal_families(images, 3, 7, "f"))
    assert leaks == {
        "pairs_split": splits.leak(found, [found["split_pairs"].eq("test")]),
        "family_split": splits.leak(found, [found["fold"].eq(k) for k in range(3)]),
    }
    with pytest.raises(UserError, match="^f: "):
        splits.split(given, images, options.model_copy(update={"folds": 9}), "f")
    with pytest.raises(UserError, match="^f, group 'g0' of source 's'"):
        splits.split(given, images.assign(family=["x", *images["family"][1:]]), options, "f")


def test_a_family_of_pairs_is_dealt_once() -> None:
    """Two folds of one family would double its pairs: that is refused."""
    images = split_images()
    pairs = pair_table(images).assign(split_pairs="")
    found, folds, _ = splits.split(pairs, images, Split(folds=3, test_share=0.2, seed=0))
    assert len(found) == len(pairs) and found["fold"].notna().all()
    assert set(found["fold"]) == set(folds["fold"]) and found["fold"].dtype == int


def split_step(folder: Path) -> list[str]:
    """Give the call that splits the pairs of a folder."""
    options = {"split": {"folds": 3, "test_share": 0.2, "seed": 0}}
    files = {"--pairs": "s.csv", "--funnels": "s.json", "--images": "images.csv"}
    files |= {"--out": "all.csv", "--folds": "folds.csv"}
    files |= {"--funnel": "funnel.json", "--leak": "leak.json"}
    named = [word for option, name in files.items() for word in (option, f"{folder}/{name}")]
    return ["step", "split-pairs", *named, "--options", json.dumps(options)]


def test_the_verb_names_its_image_table_and_stops_without_pairs(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    images = split_images(families=1)
    table = pair_table(images).assign(split_pairs="")
    write_images(tmp_path / "images.csv", images)
    write_csv(tmp_path / "s.csv", table)
    write_json(tmp_path / "s.json", counted("s"))
    step = split_step(tmp_path)
    assert main(step) == 1
    told = capsys.readouterr().err
    assert f"{tmp_path}/images.csv: 1 families cannot be dealt to 3 folds" in told
    none = {"reason": "no pair is left", "next_step": "Raise its tau"}
    write_csv(tmp_path / "s.csv", empty(funnels.SOURCE_PAIR_COLUMNS))
    write_json(tmp_path / "s.json", counted("s", none))
    assert main(step) == 1
    assert "source 's': no pair is left. Raise its tau." in capsys.readouterr().err
    assert not (tmp_path / "all.csv").exists()


def test_a_leak_is_written_with_every_fold(tmp_path: Path) -> None:
    images = split_images()
    write_images(tmp_path / "images.csv", images)
    write_csv(tmp_path / "s.csv", pair_table(images).assign(split_pairs=""))
    write_json(tmp_path / "s.json", counted("s"))
    options = Split(folds=3, test_share=0.2, seed=0)
    assert main(split_step(tmp_path)) == 0
    _, folds, leaks = splits.split(pair_table(images).assign(split_pairs=""), images, options)
    assert read_json(tmp_path / "leak.json") == leaks
    assert pd.read_csv(tmp_path / "folds.csv")["fold"].tolist() == folds["fold"].tolist()
