"""The measure that stands for people: its evidence, and what another one would change."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from analysis_tables import OPTIONS, make_images, make_pairs, make_scores
from scipy.stats import norm

from benchmarks.observers import fitted, loss, measured
from fgresq.analysis.bootstrap import draw
from fgresq.analysis.headline import stands_for_people
from fgresq.analysis.observers import COLUMNS, EVIDENCE_COLUMNS
from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.files import read_json, write_csv, write_json
from fgresq.presets import load
from fgresq.sections import Slope
from fgresq.tables import read_table, write_images, write_pairs, write_scores
from tests.conftest import LABELS

EVIDENCE = Path("reports/human/observers.csv")
RECORD = {"source": "s", "status": "present", "label_origin": "simulated", "measure": "lpips"}


def run(folder: Path, scores: list[pd.DataFrame], records: list[dict], **labels: object) -> dict:
    """Run the step on 60 images and their pairs; give the record, with the table as `rows`."""
    images = make_images(60)
    write_images(folder / "images.csv", images)
    write_pairs(folder / "pairs.csv", make_pairs(images, 80))
    write_json(folder / "sources.json", records)
    paths = []
    for number, table in enumerate(scores):
        paths.append(str(folder / f"{number}.csv"))
        write_scores(paths[-1], table)
    row = {"set": "srij", "measure": "lpips", "acc": 0.725, "acc_low": 0.67, "acc_high": 0.765}
    row |= {"slope": 2.7, "slope_low": 2.0, "slope_high": 3.0, "nll": 0.686}
    evidence = {**row, "decided": 477, "pairs": 1173, "families": 9}
    write_csv(folder / "evidence.csv", pd.DataFrame([evidence], columns=list(EVIDENCE_COLUMNS)))
    options = {**json.loads(OPTIONS), "labels": {**LABELS, **labels}}
    words = [f"--{name}={folder / name}.csv" for name in ("images", "pairs", "evidence")]
    words += [f"--sources={folder}/sources.json", "--scores", *paths]
    words += [f"--out={folder}/out.csv", f"--record={folder}/out.json"]
    assert main(["step", "observers", *words, "--options", json.dumps(options)]) == 0
    return {**read_json(folder / "out.json"), "rows": read_table(folder / "out.csv", COLUMNS)}


@pytest.fixture
def scores() -> list[pd.DataFrame]:
    """Give LPIPS that falls with the score, JOD that runs against it, and a method like LPIPS."""
    images = make_images(60)
    good = images["score"].to_numpy()
    return [
        make_scores(images, "lpips", 1 - good),
        make_scores(images, "cvvdp", 10 - 5 * good),
        make_scores(images, "psnr", 20 + good),
    ]


def test_methods_are_ranked_by_the_labels_of_either_measure(
    tmp_path: Path, scores: list[pd.DataFrame]
) -> None:
    """Lower LPIPS and higher JOD are preferred, so that one method is right by one of them."""
    found = run(tmp_path, scores, [RECORD])
    acc = found["rows"].set_index(["measure", "method"])["value"]
    assert acc["lpips", "lpips"] == acc["lpips", "psnr"] > 0.6 > 0.4 > acc["lpips", "cvvdp"]
    assert acc["jod", "cvvdp"] > 0.75 and acc["jod", "psnr"] < 0.25
    assert found["rows"].query("measure == 'lpips'")["n"].nunique() == 1


def test_pairs_are_counted_at_both_ends_of_the_slope(
    tmp_path: Path, scores: list[pd.DataFrame]
) -> None:
    decided = run(tmp_path, scores, [RECORD])["decided"]
    own = decided["lpips"]
    assert own["low"] < own["fitted"] < own["high"] <= own["pairs"] == 80
    assert (own["slope_low"], own["slope_fitted"], own["slope_high"]) == (1.0, 2.0, 3.0)
    assert decided["jod"]["low"] == decided["jod"]["fitted"] == decided["jod"]["high"]


def test_the_labels_of_the_measure_follow_its_values(
    tmp_path: Path, scores: list[pd.DataFrame]
) -> None:
    before = run(tmp_path / "a", scores, [RECORD])["rows"]
    mixed = scores[0].assign(value=scores[0]["value"].to_numpy()[::-1])
    after = run(tmp_path / "b", [mixed, *scores[1:]], [RECORD])["rows"]
    psnr = [
        t.query("measure == 'lpips' and method == 'psnr'")["value"].iloc[0] for t in (before, after)
    ]
    assert psnr[0] > psnr[1] + 0.1
    kept = [
        t.query("measure == 'jod' and method == 'psnr'")["value"].iloc[0] for t in (before, after)
    ]
    assert kept[0] == kept[1]


def test_a_measure_without_scores_is_left_out(tmp_path: Path, scores: list[pd.DataFrame]) -> None:
    found = run(tmp_path, [scores[0], scores[2]], [RECORD])
    assert list(found["decided"]) == ["lpips"] and set(found["rows"]["measure"]) == {"lpips"}


def test_where_people_rated_nothing_stands_for_them(
    tmp_path: Path, scores: list[pd.DataFrame]
) -> None:
    found = run(tmp_path, scores, [{**RECORD, "label_origin": "human"}])
    assert found.keys() == {"rows"} and found["rows"].empty and stands_for_people({}) == ""


def test_the_sentence_says_which_measure_and_how_often_people_agree(
    tmp_path: Path, scores: list[pd.DataFrame]
) -> None:
    found = run(tmp_path / "a", scores, [RECORD])
    assert stands_for_people(found) == (
        "LPIPS stands for people here: the observers are simulated, and people agree with it in "
        "0.725 [0.670, 0.765] of 477 decided pairs of SRIJ"
    )
    other = run(tmp_path / "b", scores, [{**RECORD, "measure": "jod"}])
    assert stands_for_people(other).startswith("ColorVideoVDP stands for people here")
    assert stands_for_people(other).endswith("was not measured")


def votes(slope: float, seed: int = 0, count: int = 400) -> pd.DataFrame:
    """Give pairs whose 43 raters see the difference of `quality` with a slope."""
    rng = np.random.default_rng(seed)
    gap = rng.normal(0, 0.5, count)
    share = rng.binomial(43, norm.cdf(slope * gap)) / 43
    pairs = pd.DataFrame({"image_a": [f"a{k}" for k in range(count)], "fraction_a": share})
    pairs["image_b"] = [f"b{k}" for k in range(count)]
    pairs["preference"] = np.select([share > 0.65, share < 0.35], ["A", "B"], "equal")
    return pairs.assign(gap=gap, family=[f"f{k % 8}" for k in range(count)])


def test_the_slope_of_simulated_raters_is_found_again() -> None:
    for slope in (0.4, 2.7):
        pairs = votes(slope)
        once = np.ones(len(pairs))
        gap, share = pairs["gap"].to_numpy(), pairs["fraction_a"].to_numpy()
        assert fitted(gap, share, once) == pytest.approx(slope, rel=0.05)
        assert fitted(gap / 100, share, once) == pytest.approx(100 * slope, rel=0.05)
        assert fitted(-gap, share, once) == 0  # people run against it
        assert loss(0.0, gap, share, once) == pytest.approx(np.log(2))
        assert loss(slope, gap, share, once) < np.log(2)


def test_a_measure_beside_people_and_the_same_turned_round() -> None:
    pairs = votes(2.7)
    draws = draw(pairs["family"], 200, 0)
    pairs["cluster"] = draws.clusters(pairs["family"])
    quality = pd.concat(
        [
            pd.Series(pairs["gap"].to_numpy(), index=pairs["image_a"]),
            pd.Series(0.0, index=pairs["image_b"]),
        ]
    )
    found, turned = (measured(pairs, sign * quality, draws) for sign in (1, -1))
    assert found["acc"] > 0.95 and turned["acc"] == pytest.approx(1 - found["acc"])
    assert found["slope_low"] < 2.7 < found["slope_high"] < 3.3 and turned["slope"] == 0
    assert found["acc_low"] <= found["acc"] <= found["acc_high"]
    assert found["pairs"] == 400 and found["families"] == 8


def test_the_setting_is_what_the_committed_evidence_says() -> None:
    rows = read_table(EVIDENCE, EVIDENCE_COLUMNS).set_index("measure")
    labels = load().defaults.labels
    own, slope = rows.loc["lpips"], labels.slopes.lpips
    assert (slope.low, slope.fitted, slope.high) == tuple(
        round(own[f"slope{end}"], 2) for end in ("_low", "", "_high")
    )
    jod = labels.slopes.jod
    assert jod.low == jod.fitted == jod.high == pytest.approx(norm.ppf(0.75), abs=1e-9)
    assert labels.measure == "lpips" and {"lpips", "jod"} <= set(rows.index)
    assert rows.loc["lpips", "acc"] > rows.loc["jod", "acc"]


def test_ends_of_a_slope_in_another_order_are_told() -> None:
    given = load().record()
    given["defaults"]["labels"]["slopes"]["lpips"] = {"low": 3.0, "fitted": 2.0, "high": 4.0}
    with pytest.raises(ValueError, match="not in this order"):
        Slope(low=3.0, fitted=2.0, high=4.0)
    with pytest.raises(UserError, match="labels/slopes/lpips.*not in this order"):
        from fgresq.presets import resolve

        resolve(given)
