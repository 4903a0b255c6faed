"""`fgresq evaluate`: somebody's metric against people, with independent values of every number."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fgresq import workspace
from fgresq.cli import main
from fgresq.human import people_pairs, people_tables
from fgresq.images import write_png
from fgresq.metrics import psnr
from tests.conftest import picture
from tests.damages import noised

GROUPS, EACH = 8, 6


@pytest.fixture
def world(tmp_path, monkeypatch) -> Path:
    """Ratings of 48 images in 8 groups, a good metric, and one that runs the wrong way."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(workspace.HOME, str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    names = [f"c{k}_{j}.png" for k in range(GROUPS) for j in range(EACH)]
    quality = rng.uniform(1, 5, len(names)).round(3)
    ratings = pd.DataFrame({"image": names, "mos": quality})
    ratings["group"] = [name.split("_")[0] for name in names]
    ratings.to_csv("ratings.csv", index=False)
    good = (quality + rng.normal(0, 1, len(names))).round(3)
    pd.DataFrame({"image": names[::-1], "value": good[::-1]}).to_csv("mine.csv", index=False)
    wrong = (-quality + rng.normal(0, 0.5, len(names))).round(3)
    pd.DataFrame({"image": names, "far": wrong}).to_csv("others.csv", index=False)
    rows = []
    for k in range(0, len(names), 3):
        votes = int(rng.binomial(10, 1 / (1 + np.exp(quality[k + 1] - quality[k]))))
        rows.append((names[k], names[k + 1], votes, 10 - votes))
    columns = ["image_a", "image_b", "votes_a", "votes_b"]
    pd.DataFrame(rows, columns=columns).to_csv("pairs.csv", index=False)
    return tmp_path


class Numbers(dict):
    """Rows by metric and statistic; `said` is what the log says."""

    said = ""


def numbers(capsys, *argv: str) -> Numbers:
    """Call it, and give its rows."""
    assert main(["evaluate", *argv, "--json", "--draws", "200"]) == 0
    told = capsys.readouterr()
    found = Numbers({(row["metric"], row["stat"]): row for row in json.loads(told.out)})
    found.said = told.err
    return found


def refused(capsys, *argv: str) -> str:
    """Call it, and give the one line that says what is wrong."""
    assert main(["evaluate", *argv]) == 1
    errors = [x for x in capsys.readouterr().err.splitlines() if x.startswith("fgresq evaluate")]
    assert len(errors) == 1
    return errors[0]


def frame() -> pd.DataFrame:
    ratings, mine = pd.read_csv("ratings.csv"), pd.read_csv("mine.csv")
    return ratings.merge(mine, on="image")


def test_every_number_is_that_of_scipy_and_of_a_loop(world, capsys):
    found, table = numbers(capsys, "mine.csv", "ratings.csv"), frame()
    x, y = table["value"], table["mos"]
    expected = {
        "srcc": stats.spearmanr(x, y).statistic,
        "plcc": stats.pearsonr(x, y).statistic,
        "krcc": stats.kendalltau(x, y).statistic,
        "srcc_groups": np.mean(
            [stats.spearmanr(o["value"], o["mos"]).statistic for _, o in table.groupby("group")]
        ),
    }
    right, gaps, span = [], [], y.max() - y.min()
    for _, own in table.groupby("group"):
        for (_, a), (_, b) in combinations(own.iterrows(), 2):
            if a["mos"] == b["mos"]:
                continue
            product = (a["value"] - b["value"]) * (a["mos"] - b["mos"])
            right.append(1.0 if product > 0 else 0.5 if product == 0 else 0.0)
            gaps.append(abs(a["mos"] - b["mos"]) / span)
    right, gaps = np.array(right), np.array(gaps)
    expected["acc"] = right.mean()
    for name, low, high in (("0_5", -1, 0.05), ("5_10", 0.05, 0.1), ("20_100", 0.2, 1)):
        inside = (gaps > low) & (gaps <= high)
        expected[f"acc_gap_{name}"] = right[inside].mean()
        assert found["mine", f"acc_gap_{name}"]["n"] == inside.sum()
    for stat, value in expected.items():
        assert found["mine", stat]["value"] == pytest.approx(value, abs=1e-9), stat
    assert found["mine", "srcc"]["families"] == GROUPS
    assert found["mine", "srcc"]["low"] < found["mine", "srcc"]["value"]
    assert found["mine", "plcc_fitted"]["value"] > found["mine", "plcc"]["value"] - 0.02


def test_preferences_alone_give_accuracy_and_votes(world, capsys):
    found, pairs = numbers(capsys, "mine.csv", "pairs.csv"), pd.read_csv("pairs.csv")
    value = frame().set_index("image")["value"]
    gap = pairs["image_a"].map(value) - pairs["image_b"].map(value)
    ahead = pairs["votes_a"] - pairs["votes_b"]
    decided = ahead.ne(0)
    assert found["mine", "acc"]["value"] == pytest.approx((gap * ahead > 0)[decided].mean())
    agreeing = pairs["votes_a"].where(gap > 0, pairs["votes_b"]).sum()
    assert found["mine", "votes_two"]["value"] == pytest.approx(agreeing / (10 * len(pairs)))
    most = pairs[["votes_a", "votes_b"]].max(axis=1).sum() / (10 * len(pairs))
    assert found["mine", "majority_two"]["value"] == pytest.approx(most)
    assert ("mine", "srcc") not in found


def test_both_tables_give_both(world, capsys):
    found = numbers(capsys, "mine.csv", "pairs.csv", "ratings.csv")
    assert found["mine", "srcc"]["n"] == GROUPS * EACH
    assert found["mine", "acc"]["n"] <= len(pd.read_csv("pairs.csv"))


def test_the_tie_rule_is_that_asked_for(world, capsys):
    pd.DataFrame({"image": ["a", "b"], "value": [1, 1]}).to_csv("flat.csv", index=False)
    pd.DataFrame([("a", "b", "A")], columns=["image_a", "image_b", "preference"]).to_csv(
        "one.csv", index=False
    )
    half = numbers(capsys, "flat.csv", "one.csv")["flat", "acc"]["value"]
    wrong = numbers(capsys, "flat.csv", "one.csv", "--ties", "wrong")["flat", "acc"]["value"]
    assert (half, wrong) == (0.5, 0.0)


def test_direction_is_asked_for_and_told_and_never_taken(world, capsys):
    plain = numbers(capsys, "others.csv", "ratings.csv")
    value = plain["far", "srcc"]["value"]
    assert value < -0.8 and "far runs against people" in plain.said
    turned = numbers(capsys, "others.csv", "ratings.csv", "--lower-better")
    assert turned["far", "srcc"]["value"] == pytest.approx(-value)
    assert "against" not in turned.said
    dmos = numbers(capsys, "others.csv", "ratings.csv", "--ratings-lower-better")
    assert dmos["far", "srcc"]["value"] == pytest.approx(-value)


def test_a_table_beside_is_measured_on_the_same_images(world, capsys):
    short = pd.read_csv("others.csv").iloc[:40]
    short.to_csv("short.csv", index=False)
    found = numbers(
        capsys, "mine.csv", "ratings.csv", "--beside", "short.csv", "--lower-better", "far"
    )
    assert found["mine", "srcc"]["n"] == found["far", "srcc"]["n"] == 40
    own, other = found["mine", "srcc"]["value"], found["far", "srcc"]["value"]
    assert found["far", "srcc_behind"]["value"] == pytest.approx(own - other)
    low, high = (found["far", "srcc_behind"][end] for end in ("low", "high"))
    assert low < own - other < high < 0


def test_a_score_table_of_ours_is_turned_by_the_catalogue(world, capsys):
    names = frame()["image"]
    rows = pd.DataFrame({"image": names, "method": "niqe", "split": "all"})
    rows["value"], rows["reason"] = -frame()["mos"], ""
    rows.to_csv("ours.csv", index=False)
    found = numbers(capsys, "mine.csv", "ratings.csv", "--beside", "ours.csv")
    assert found["niqe", "srcc"]["value"] == pytest.approx(1)


def test_methods_beside_see_the_images(world, capsys):
    rows = []
    for group in range(4):
        clean = picture(group)
        write_png(world / f"ref{group}.png", clean)
        for step in range(3):
            worse = noised(clean, 8 * (step + 1) + group)
            write_png(world / f"{group}_{step}.png", worse)
            rows.append((f"{group}_{step}", 3 - step, f"{group}", f"{group}_{step}.png",
                         f"ref{group}.png", psnr.score(worse, clean)))  # fmt: skip
    columns = ["image", "score", "group", "path", "reference", "value"]
    table = pd.DataFrame(rows, columns=columns)
    table.drop(columns="value").to_csv("people.csv", index=False)
    table[["image", "value"]].to_csv("mine.csv", index=False)
    found = numbers(capsys, "mine.csv", "people.csv", "--beside", "psnr")
    assert found["psnr", "srcc"]["value"] == pytest.approx(found["mine", "srcc"]["value"])
    assert found["psnr", "acc_behind"]["value"] == 0


def test_what_is_printed_and_written_names_every_number(world, capsys):
    argv = ["evaluate", "mine.csv", "ratings.csv", "--beside", "others.csv", "--csv", "out.csv"]
    assert main([*argv, "--draws", "100"]) == 0
    text = capsys.readouterr().out
    for part in ("metric  srcc", "accuracy by the gap", "behind mine by", "families: 8", "n: 48"):
        assert part in text
    first = Path("out.csv").read_bytes()
    assert main([*argv, "--draws", "100"]) == 0
    assert Path("out.csv").read_bytes() == first


def say(name: str, text: str) -> str:
    Path(name).write_text(text)
    return name


@pytest.mark.parametrize(
    ("scores", "people", "told"),
    [
        ("image,value\nx.png,1\n", None, "no image of it is among people's: it has 'x.png', they"),
        ("image,value\nc0_0.png,nan\n", None, "row 2, column 'value': 'nan' is no finite number"),
        ("image,value\nc0_0.png,\n", None, "no image has a value of all of s"),
        ("image,value\nc0_0.png,1\nc0_0.png,2\n", None, "row 3: image 'c0_0.png' is listed twice"),
        ("image;value\nc0_0.png;1\n", None, "separated by ';'"),
        ("picture,value\nc0_0.png,1\n", None, "column 'image' is missing"),
        ("image\nc0_0.png\n", None, "no column of values"),
        (None, "image,mos\na,1\nb,1\n", "all ratings are equal"),
        (None, "image,mos\na,1\na,2\n", "image 'a' is listed twice"),
        (None, "image,mos\na,1\nb,good\n", "row 3, column 'mos': 'good' is no finite number"),
        (None, "image,dmos\na,1\nb,2\n", "--ratings-lower-better"),
        (None, "image_a,image_b,preference\na,b,a\n", "'a' is none of A, B, equal"),
        (None, "image_a,image_b,preference\na,a,A\n", "'a' is compared with itself"),
        (None, "image_a,image_b\na,b\n", "column 'votes_a' is missing"),
    ],
)
def test_a_table_at_fault_is_told_in_one_line(world, capsys, scores, people, told):
    first = say("s.csv", scores) if scores else "mine.csv"
    second = say("p.csv", people) if people else "ratings.csv"
    assert told in refused(capsys, first, second)


def test_one_family_has_no_interval_and_says_so(world, capsys):
    table = pd.read_csv("ratings.csv").assign(family="one")
    table.to_csv("one.csv", index=False)
    found = numbers(capsys, "mine.csv", "one.csv")
    assert found["mine", "srcc"]["low"] is None and found["mine", "srcc"]["value"] > 0.5
    assert "one family, so there are no intervals" in found.said


def test_equal_values_of_a_metric_have_no_correlation(world, capsys):
    frame()[["image"]].assign(value=3).to_csv("same.csv", index=False)
    found = numbers(capsys, "same.csv", "ratings.csv")
    assert found["same", "srcc"]["value"] is None
    assert found["same", "srcc"]["note"] == "all values of the method are alike"
    assert found["same", "acc"]["value"] == 0.5


def test_contradictions_are_counted_and_links_make_families(world, caplog):
    text = "image_a,image_b,preference\na,b,A\nb,a,A\nb,c,equal\nd,e,B\n"
    pairs = people_tables.read_preferences(say("p.csv", text))
    assert "1 pairs are answered both ways" in caplog.text
    family = people_pairs.families_by_pairs(pairs)
    assert len({family[n] for n in "abc"}) == 1 and family["d"] == family["e"] != family["a"]


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["mine.csv", "ratings.csv", "--beside", "niqee"], "Did you mean 'niqe'"),
        (["mine.csv", "ratings.csv", "--beside", "psnr"], "a method has to see the images"),
        (["mine.csv", "ratings.csv", "--beside", "fgresq"], "it is trained"),
        (["mine.csv", "ratings.csv", "--lower-better", "me"], "unknown metric 'me'"),
        (["mine.csv", "ratings.csv", "ratings.csv"], "of the kind of the table before it"),
        (["nowhere.csv", "ratings.csv"], "there is no such file"),
    ],
)
def test_names_are_helped(world, capsys, argv, told):
    assert told in refused(capsys, *argv)
