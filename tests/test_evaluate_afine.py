"""The step that joins triplets and values: rows, differences, verdicts, and the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fgresq.catalogues import read_methods
from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.files import read_json
from fgresq.imperfect import carried_claims, evaluate_afine, judged_rows
from fgresq.imperfect.accuracy_table import ACCURACY_COLUMNS
from fgresq.tables import read_table
from tests import afine_world

FILES = ("accuracy.csv", "values.csv", "turned.csv", "record.json")


def evaluated(folder: Path) -> Path:
    given = ["--folder", str(folder), "--settings", str(afine_world.settings(folder / "a.yaml"))]
    assert main(["step", "afine-evaluate", *given]) == 0
    return folder


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    return evaluated(afine_world.write_world(tmp_path_factory.mktemp("phase")))


@pytest.fixture(scope="module")
def table(world) -> pd.DataFrame:
    return read_table(world / "accuracy.csv", ACCURACY_COLUMNS)


def accuracy(table: pd.DataFrame, row: str, scenario: str, labels: str = "lpips") -> pd.Series:
    own = table[table["row"].eq(row) & table["scenario"].eq(scenario)]
    own = own[own["labels"].eq(labels) & own["against"].eq("")]
    assert len(own) == 1
    return own.iloc[0]


def over(table: pd.DataFrame, row: str, against: str, scenario: str) -> pd.Series:
    own = table[table["row"].eq(row) & table["scenario"].eq(scenario) & table["labels"].eq("lpips")]
    own = own[own["against"].eq(against)]
    assert len(own) == 1
    return own.iloc[0]


@pytest.mark.parametrize(
    ("row", "standard", "below", "above"),
    [
        ("lpips", 1.0, 1 / 3, 1.0),  # lower better: by distance, against a poor reference wrong
        ("psnr", 1.0, 1 / 3, 1.0),  # higher better
        ("niqe", 1.0, 1.0, 1.0),  # lower better, of the image alone
        ("sharpness", 0.0, 0.0, 0.0),  # higher better, on values turned the wrong way round
        ("vgg16-full/fidelity", 1.0, 1 / 3, 1.0),
        ("vgg16-full/naturalness", 1.0, 1.0, 1.0),
        ("vgg16-full/distance", 1.0, 1.0, 1.0),
    ],
)
def test_each_row_is_judged_by_its_direction(table, row, standard, below, above) -> None:
    assert accuracy(table, row, "standard")["accuracy"] == standard
    assert accuracy(table, row, "ref_below_test")["accuracy"] == pytest.approx(below)
    assert accuracy(table, row, "ref_above_test")["accuracy"] == above
    both = accuracy(table, row, "imperfect")
    assert both["accuracy"] == pytest.approx((3 * below + above) / 4)
    assert both["triplets"] == 24 and both["families"] == 6


def test_differences_are_of_what_each_row_is_to_beat(table) -> None:
    gained = over(table, "vgg16-full/distance", "vgg16-full/fidelity", "ref_below_test")
    assert gained["difference"] == pytest.approx(2 / 3)
    assert gained["difference_low"] == gained["difference_high"] == pytest.approx(2 / 3)
    found = set(table.loc[table["row"].eq("vgg16-full/distance"), "against"])
    parts = {f"vgg16-full/{part}" for part in ("untrained", "fidelity", "naturalness")}
    assert found == {"", *parts, "lpips_ft", "dists_ft", "psnr", "constant_order"}
    assert set(table.loc[table["row"].eq("niqe"), "against"]) == {"", "psnr", "constant_order"}
    refitted = set(table.loc[table["row"].eq("lpips_ft"), "against"])
    assert refitted == {"", "psnr", "lpips", "constant_order"}


def test_a_row_without_some_values_says_so_and_differs_on_what_both_have(table) -> None:
    part = accuracy(table, "ssim", "standard")
    assert part["triplets"] == 10 and part["families"] == 5 and part["reason"] == "made without"
    nothing = accuracy(table, "vif", "standard")
    assert np.isnan(nothing["accuracy"]) and nothing["reason"] == "made without"
    random = accuracy(table, "random-full/distance", "standard")
    assert np.isnan(random["accuracy"]) and "not trained for fold 0, 1, 2" in random["reason"]
    some = accuracy(table, "lpips_ft", "standard")
    assert some["triplets"] == 8 and "not trained for fold 2" in some["reason"]


def test_dists_is_what_its_retraining_began_with(table) -> None:
    """Its values are not those that triplets taught; LPIPS was scored, and stays as it was."""
    for scenario in ("standard", "ref_above_test"):
        assert accuracy(table, "dists_ft", scenario)["accuracy"] == 1
        assert accuracy(table, "dists", scenario)["accuracy"] == 0
    assert accuracy(table, "lpips", "standard")["accuracy"] == 1
    assert table["row"].eq("lpips").sum() == table["row"].eq("dists").sum()


def test_methods_that_share_the_labels_network_are_marked(table) -> None:
    shares = table[table["shares_label"].eq("true")]
    assert set(zip(shares["row"], shares["labels"], strict=True)) == {
        ("lpips", "lpips"),
        ("lpips_ft", "lpips"),
    }
    assert set(table["labels"]) == {"lpips", "jod"}


def test_values_and_turned_images(world) -> None:
    values = read_table(world / "values.csv", evaluate_afine.VALUE_COLUMNS)
    assert len(values) == 60 and values["image"].map(afine_world.quality).notna().all()
    above = values["scaled_naturalness"] > 1 / afine_world.K
    assert values["turned"].eq("true").tolist() == above.tolist() and 0 < above.sum() < 60
    turned = read_table(world / "turned.csv", evaluate_afine.TURNED_COLUMNS)
    assert turned["k"].tolist() == pytest.approx([afine_world.K] * 3)
    assert turned["images"].tolist() == [12] * 3  # each image once, whatever its references
    assert turned["share"].tolist() == pytest.approx([8 / 12] * 3)


def test_the_record_claims_what_intervals_carry(world) -> None:
    record = read_json(world / "record.json")
    assert record["comparisons"] == 60 and record["families"] == 6
    assert record["triplets"]["lpips"]["PYY"] == 12
    assert sum(record["labels"].values()) == pytest.approx(1, abs=1e-5)
    assert "vif" in record["missing"] and "lpips" not in record["missing"]
    claims = {(c["row"], c["against"], c["scenario"], c["labels"]): c for c in record["claims"]}
    own = "vgg16-full/distance"
    gained = claims[own, "vgg16-full/fidelity", "ref_below_test", "lpips"]
    assert gained["carried"] and gained["verdict"] == "above"
    assert gained["sentence"] == (
        "Ref < Test, labels by LPIPS: A-FINE (VGG16): D is above A-FINE (VGG16): F "
        "(+66.7 points, 95 % interval +66.7 to +66.7)."
    )
    level = claims[own, "vgg16-full/fidelity", "standard", "lpips"]
    assert not level["carried"] and "not told apart" in level["sentence"]
    assert record["claims_in_all"]["claims"] == len(record["claims"])


@pytest.mark.parametrize(
    ("low", "high", "verdict", "carried"),
    [
        (0.01, 0.2, "above", True),
        (-0.2, -0.01, "below", True),
        (-0.01, 0.2, "not told apart", False),
        (0.0, 0.2, "not told apart", False),
        (np.nan, np.nan, "not told apart", False),
    ],
)
def test_no_sentence_claims_more_than_its_interval(low, high, verdict, carried) -> None:
    line = {
        **{"labels": "jod", "scenario": "standard", "row": "a", "title": "A", "against": "b"},
        **{"difference": 0.1, "difference_low": low, "difference_high": high},
    }
    found = carried_claims.verdict(line, {"b": "B"}, "Standard")
    assert found["verdict"] == verdict and found["carried"] is carried
    sure = " is above " in found["sentence"] or " is below " in found["sentence"]
    assert sure is carried


def test_twice_and_in_any_order_the_bytes_are_the_same(world, tmp_path) -> None:
    other = evaluated(afine_world.write_world(tmp_path / "other", order=3))
    for name in FILES:
        told = (world / name).read_bytes().replace(str(world).encode(), b"")
        assert told == (other / name).read_bytes().replace(str(other).encode(), b""), name


def test_a_method_that_scores_twice_or_that_is_unknown_is_told(tmp_path) -> None:
    folder = afine_world.write_world(tmp_path)
    twice = folder / "scores/zz.csv"
    first = (folder / "scores/lpips.csv").read_text().splitlines()
    twice.write_text("\n".join([*first, first[1]]) + "\n")
    with pytest.raises(UserError, match="has two values"):
        judged_rows.method_rows(folder, read_methods())
    twice.write_text("\n".join(first[:2]).replace(",lpips,", ",lpipss,") + "\n")
    with pytest.raises(UserError, match="unknown method 'lpipss'"):
        judged_rows.method_rows(folder, read_methods())


def test_triplets_have_to_be_there(tmp_path, capsys) -> None:
    folder = afine_world.write_world(tmp_path)
    (folder / "triplets.csv").unlink()
    assert main(["step", "afine-evaluate", "--folder", str(folder)]) == 1
    assert "triplets.csv: there is no such file" in capsys.readouterr().err
