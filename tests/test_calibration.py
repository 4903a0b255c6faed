"""Temperatures are found again, make chances true, and follow from no pair that tests them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from fgresq import workspace
from fgresq.analysis.calibration import Calibration, calibration_error, fitted, reliability
from fgresq.errors import UserError
from fgresq.images import write_png
from fgresq.scoring import calibrate, compare
from fgresq.scoring.calibrated import logit_of, recalibrated
from fgresq.scoring.facts import PEOPLE, SIMULATED
from fgresq.scoring.judges import judge_of
from fgresq.scoring.preferences import Preference
from tests.conftest import picture


def judged(temperature: float, band: float, count: int = 6000) -> tuple[np.ndarray, np.ndarray]:
    """Draw logits of a model that is `temperature` times too sure, and people's answers."""
    rng = np.random.default_rng(5)
    logits = rng.normal(0, 3, count)
    a, b = expit(logits / temperature - band), expit(-logits / temperature - band)
    drawn = rng.random(count)
    return logits, np.where(drawn < a, 1, np.where(drawn > 1 - b, -1, 0))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("band", [0.0, 0.4])
def test_temperature_and_band_are_found_again(temperature: float, band: float) -> None:
    found = fitted(*judged(temperature, band))
    assert found.temperature == pytest.approx(temperature, rel=0.08)
    assert found.band == pytest.approx(band, abs=0.04)


def test_the_temperature_is_that_of_a_logistic_regression_without_intercept() -> None:
    """An independent implementation: scikit-learn, unpenalised; 1 / T is its one weight."""
    from sklearn.linear_model import LogisticRegression

    logits, answers = judged(2.0, 0.0)
    model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-8)
    model.fit(logits[:, None], answers)
    assert 1 / fitted(logits, answers).temperature == pytest.approx(model.coef_[0, 0], rel=1e-4)


def test_the_calibration_error_falls_and_is_the_gap_of_bins() -> None:
    logits, answers = judged(3.0, 0.2)
    before = calibration_error(reliability(Calibration(), logits, answers))
    after = calibration_error(reliability(fitted(logits, answers), logits, answers))
    assert before > 0.1 and after < 0.02
    sure = np.full(10, np.log(0.75 / 0.25))  # .75 told, 6 of 10 right: in both orders .15 beside
    rows = reliability(Calibration(), sure, np.array([1] * 6 + [-1] * 4))
    assert calibration_error(rows) == pytest.approx(0.15)


def test_what_tests_a_temperature_does_not_change_it() -> None:
    logits, answers = judged(2.0, 0.3, 800)
    halves = np.where(np.arange(800) % 2, "fit", "test")
    told = calibrate.calibrated_on(logits, answers, halves, "pairs")
    other, test = answers.copy(), halves == "test"
    other[test] = np.random.default_rng(0).permutation(answers[test])
    permuted = calibrate.calibrated_on(logits, other, halves, "pairs")
    for name in ("temperature", "band", "pairs", "equal"):
        assert permuted[name] == told[name]
    assert permuted["after"]["calibration_error"] > told["after"]["calibration_error"] + 0.1


def test_swapped_pairs_have_the_swapped_chances_to_the_last_bit() -> None:
    found = Preference(1.0, 2.0, "B", 0.3137, 0.6863, None, 0.01)
    for band in (0.0, 0.35):
        calibration = Calibration(1.7, band)
        here, there = (recalibrated(p, calibration) for p in (found, found.swapped()))
        assert here == there.swapped() and (here.equal is None) == (band == 0)
        assert logit_of(found) == -logit_of(found.swapped())
    plain = recalibrated(found, Calibration())
    assert plain.a_better == pytest.approx(0.3137, abs=1e-9) and plain.better == "B"
    assert recalibrated(found, Calibration(50.0, 1.0)).better == "equal"


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    """Write 60 pairs of 60 families and give the call that calibrates by them."""
    monkeypatch.setattr(workspace, "models", lambda: tmp_path / "models")
    monkeypatch.setattr(calibrate, "LEAST", 3)
    rng, images, pairs = np.random.default_rng(0), [], []
    for k in range(24):
        for side in "ab":
            pixels = picture(k, 48) // (1 if side == "a" else 2)
            write_png(tmp_path / f"{k}{side}.png", pixels)
            images.append({"image": f"{k}{side}", "path": f"{k}{side}.png", "family": f"f{k}"})
        answer = "A" if rng.random() < 0.6 else "B"
        names = {"image_a": f"{k}a", "image_b": f"{k}b"}
        pairs.append({**names, "preference": answer, "label_origin": "human", "votes": 3})
    pd.DataFrame(images).to_csv(tmp_path / "images.csv", index=False)
    pd.DataFrame(pairs).to_csv(tmp_path / "pairs.csv", index=False)
    parser = argparse.ArgumentParser()
    calibrate.add_arguments(parser)
    tables = [f"--{name}={tmp_path / name}.csv" for name in ("pairs", "images")]
    return argparse.Namespace(threads=1, **vars(parser.parse_args(["embedded", *tables])))


def test_compare_reads_what_calibrate_wrote(asked, tmp_path: Path, capsys) -> None:
    pair = tmp_path / "0a.png", tmp_path / "0b.png"
    plain = judge_of("embedded").compare(*pair)
    calibrate.main(asked)
    told = json.loads((tmp_path / "models/calibration/embedded.json").read_text())
    assert "judged by people, 0 equal" in capsys.readouterr().out
    judge = judge_of("embedded")
    found = judge.compare(*pair)
    assert logit_of(found) == pytest.approx(logit_of(plain) / told["temperature"], rel=1e-6)
    assert f"calibrated on {told['pairs']} pairs judged by {PEOPLE}" in judge.facts.chances
    assert not judge.facts.simulated
    calibrate.main(asked)  # what is fitted never stands upon what was fitted before
    assert json.loads((tmp_path / "models/calibration/embedded.json").read_text()) == told


def test_simulated_observers_give_a_simulated_confidence(asked, tmp_path: Path) -> None:
    text = (tmp_path / "pairs.csv").read_text().replace("human", "simulated")
    (tmp_path / "pairs.csv").write_text(text)
    calibrate.main(asked)
    judge = judge_of("embedded")
    assert judge.facts.simulated and judge.facts.calibrated_by == SIMULATED
    found = judge.compare(tmp_path / "0a.png", tmp_path / "0b.png")
    assert "simulated confidence" in compare.how_sure(found, judge.facts.simulated)


def test_a_calibration_of_other_weights_is_refused(asked, tmp_path: Path) -> None:
    calibrate.main(asked)
    path = tmp_path / "models/calibration/embedded.json"
    told = json.loads(path.read_text())
    for change in ({"weights": "0"}, {"temperature": 0}, {"label_origin": "mine"}, {"band": "x"}):
        path.write_text(json.dumps({**told, **change}))
        with pytest.raises(UserError, match="Run fgresq calibrate again"):
            judge_of("embedded")


@pytest.mark.parametrize(
    "wrong, right, message",
    [
        ("preference", "prefers", "the column 'preference' is missing"),
        (",A,human", ",C,human", "a preference is 'C'"),
        ("0a,0b", "0a,1b", "is paired with another family"),
        ("0a,0b", "9x,0b", "'9x' is in no row of"),
        ("human,3\n1a", "simulated,3\n1a", "'human' and 'simulated'"),
    ],
)
def test_wrong_tables_are_told(asked, tmp_path: Path, wrong, right, message) -> None:
    text = (tmp_path / "pairs.csv").read_text().replace(wrong, right, 1)
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        calibrate.main(asked)


def test_too_few_pairs_are_told(asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrate, "LEAST", 20)
    with pytest.raises(UserError, match="decided pairs, fewer than 20"):
        calibrate.main(asked)
