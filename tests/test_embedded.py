"""The embedded model: what it says of damage whose order is known, its card, and its training."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import check_grad
from skimage import data
from sklearn.datasets import load_sample_image

from fgresq import workspace
from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.images import write_png
from fgresq.metrics import embedded as method
from fgresq.mini.known_order import LADDERS, RUNGS, ladder
from fgresq.model import opinion
from fgresq.networks.lite0 import lite0
from fgresq.ops.least import NoValue
from fgresq.tables import IMAGE_COLUMNS, write_images
from fgresq.training import opinions
from fgresq.weights.checkpoints import read_checkpoint

# no rater of the training set saw these, and none was degraded for the training
PHOTOGRAPHS = {
    "astronaut": lambda: data.astronaut()[20:276, 120:376],
    "chelsea": lambda: data.chelsea()[20:276, 60:316],
    "coffee": lambda: data.coffee()[80:336, 160:416],
    "rocket": lambda: data.rocket()[100:356, 200:456],
    "china": lambda: load_sample_image("china.jpg")[60:316, 60:316],
    "flower": lambda: load_sample_image("flower.jpg")[60:316, 160:416],
}


ONE = np.ones(1)  # weight of a ladder
GOLDEN = {"coffee": 63.3705, "china": 72.7826}  # points


def photograph(name: str) -> np.ndarray:
    return np.ascontiguousarray(PHOTOGRAPHS[name]())


def noised(pixels: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, sigma, pixels.shape)
    return np.clip(pixels + noise, 0, 255).round().astype(np.uint8)


@pytest.fixture(scope="module")
def steps() -> pd.DataFrame:
    """Score ladders of every kind and photograph: by how much each rung lies below the last."""
    network, rows = opinion.embedded(), []
    for place, name in enumerate(PHOTOGRAPHS):
        for kind in LADDERS:
            rungs = ladder(photograph(name), kind, np.random.default_rng([7, place]))
            with torch.inference_mode():
                fall = -np.diff(network(torch.from_numpy(rungs)).numpy())
            rows += [{"kind": kind, "photograph": name, "fall": value} for value in fall]
    return pd.DataFrame(rows)


def test_damage_of_a_known_order_is_put_into_order(steps: pd.DataFrame) -> None:
    right = steps["fall"] > 0
    assert len(steps) == len(PHOTOGRAPHS) * len(LADDERS) * (RUNGS - 1)
    assert right.mean() >= 0.95
    assert right.groupby(steps["kind"]).mean().min() >= 0.75


@torch.inference_mode()
def test_its_stages_are_timms_to_the_last_bit() -> None:
    state = {n: v.float() for n, v in read_checkpoint(opinion.folder()).items()}
    timms = opinion.OpinionNet(lite0())
    timms.load_state_dict(state, strict=True)
    for height, width in ((64, 64), (97, 131), (33, 200)):  # even, odd, and once least
        pixels = torch.randint(0, 256, (2, height, width, 3), dtype=torch.uint8)
        for own, other in zip(opinion.embedded().maps(pixels), timms.maps(pixels), strict=True):
            assert torch.equal(own, other)
        assert torch.equal(opinion.embedded()(pixels), timms(pixels))


def test_it_is_loaded_without_timm_and_torchvision() -> None:
    code = "import sys; from fgresq.model.opinion import embedded; embedded()\n"
    code += "print({'timm', 'torchvision', 'scipy.stats'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stdout + done.stderr


@pytest.mark.parametrize("name", list(PHOTOGRAPHS))
def test_it_does_not_like_noise(name: str) -> None:
    """The plain ridge puts noise of 40 above 20 everywhere; so did the first models here."""
    clean = photograph(name)
    scores = [method.score(noised(clean, sigma)) for sigma in (0, 10, 20, 40)]
    assert scores == sorted(scores, reverse=True)
    noisy = noised(clean, 25)
    denoised = cv2.fastNlMeansDenoisingColored(noisy, None, 20, 20, 5, 13)
    assert method.score(denoised) > method.score(noisy)


def test_scores_are_those_that_were_measured() -> None:
    """Another kind of processor gives the same to .01 points (docs/embedded.md)."""
    assert method.score(photograph("coffee")) == pytest.approx(GOLDEN["coffee"], abs=0.01)
    assert method.score(photograph("china")) == pytest.approx(GOLDEN["china"], abs=0.01)


def test_large_images_are_the_mean_of_their_tiles() -> None:
    clean = photograph("china")
    wide = np.concatenate(
        [cv2.resize(clean, (700, 700)), cv2.GaussianBlur(cv2.resize(clean, (700, 700)), (0, 0), 2)],
        1,
    )
    halves = [method.score(np.ascontiguousarray(half)) for half in (wide[:, :700], wide[:, 700:])]
    assert method.score(wide) == pytest.approx(np.mean(halves), abs=1e-4)
    assert abs(halves[0] - halves[1]) > 5
    assert [s.stop - s.start for s in opinion.stretches(768)] == [768]
    assert [s.stop - s.start for s in opinion.stretches(769)] == [384, 385]


@pytest.mark.parametrize("level", [0, 31, 128, 255])
def test_flat_and_tiny_images_have_no_value(level: int) -> None:
    with pytest.raises(NoValue, match="flat"):
        method.score(np.full((64, 64, 3), level, np.uint8))
    with pytest.raises(NoValue, match="31x64 is too small"):
        method.score(photograph("china")[:64, :31])
    assert np.isfinite(method.score(photograph("china")[:32, :32]))


def test_the_ends_of_the_scale_are_bent_and_keep_the_order() -> None:
    points = np.linspace(-60, 160, 441)
    bent = np.array([opinion.bent(p) for p in points])
    assert (np.diff(bent) > 0).all() and bent.min() > 0 and bent.max() < 100
    inner = (points >= 5) & (points <= 95)
    assert np.array_equal(bent[inner], points[inner]) and np.diff(bent).max() < 0.5001


def test_the_probability_is_thurstones() -> None:
    assert opinion.preference(50, 50, 19.3) == 0.5
    assert opinion.preference(60, 50, 19.3) == pytest.approx(1 - opinion.preference(50, 60, 19.3))
    # Phi(1) where the difference is the SD of a difference of two raters
    assert opinion.preference(50 + 20 * 2**0.5, 50, 20) == pytest.approx(0.841345, abs=1e-6)


def test_the_card_says_what_it_is_made_of_and_the_notice_is_whole() -> None:
    card, folder = opinion.card(), opinion.folder()
    assert list(card["trained_on"]) == ["clive"] and card["photographs"] == 1162
    assert card["tower"]["licence"] == "Apache-2.0" and card["rater_sd"] == pytest.approx(19, abs=2)
    notice = (folder / "NOTICE.txt").read_text(encoding="utf-8")
    plain = (
        Path("data/LICENSES.md").read_text(encoding="utf-8").replace("> ", "").replace(">\n", "\n")
    )
    assert "Permission is hereby granted" in notice and "IN NO EVENT" in notice
    assert " ".join(notice.split()) in " ".join(plain.split())
    assert (folder / "weights.safetensors").stat().st_size < 2e6


def test_the_loss_of_order_falls_as_the_better_rungs_rise() -> None:
    right, wrong = np.array([[3.0, 2.0, 1.0, 0.0]]), np.array([[0.0, 1.0, 2.0, 3.0]])
    assert (
        opinions.order_loss(right, ONE, 0.1, 0.1)[0]
        < 0.01
        < 1
        < opinions.order_loss(wrong, ONE, 0.1, 0.1)[0]
    )
    at = np.random.default_rng(0).normal(size=2 * RUNGS)

    def value(x: np.ndarray) -> float:
        return opinions.order_loss(x.reshape(2, RUNGS), np.array([1.0, 3.0]), 0.1, 0.2)[0]

    def slope(x: np.ndarray) -> np.ndarray:
        return opinions.order_loss(x.reshape(2, RUNGS), np.array([1.0, 3.0]), 0.1, 0.2)[1].ravel()

    assert check_grad(value, slope, at) < 1e-6


def test_a_ladder_counts_by_the_weight_of_its_kind() -> None:
    kinds = {"noise": 3.0, "sharp": 0.0}
    weights = opinions.Recipe(ladders=2 * len(LADDERS), kinds=kinds).weights()
    assert dict(zip(LADDERS, weights, strict=False)) == dict.fromkeys(LADDERS, 1.0) | kinds
    assert (weights[: len(LADDERS)] == weights[len(LADDERS) :]).all()
    right, wrong = np.array([[3.0, 2.0, 1.0, 0.0]]), np.array([[0.0, 1.0, 2.0, 3.0]])
    both = np.concatenate([right, wrong])
    rightly, wrongly = (opinions.order_loss(x, ONE, 0.1, 0.1)[0] for x in (right, wrong))
    mixed = opinions.order_loss(both, np.array([3.0, 1.0]), 0.1, 0.1)[0]
    assert mixed == pytest.approx((3 * rightly + wrongly) / 2)


def test_the_line_learns_from_both_losses() -> None:
    """People's scores tell of the first feature, the ladders of the second; none of the third."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 3))
    rungs = np.zeros((50, RUNGS, 3))
    rungs[..., 1] = -np.arange(RUNGS)
    recipe = opinions.Recipe(ladders=50, known_order=1.0, kinds={}, margin=0.3, penalty=1e-3)
    weights, intercept = opinions.fitted(rows, 0.8 * rows[:, 0] + 0.2, rungs, recipe)
    assert weights[0] == pytest.approx(0.8, abs=0.05) and intercept == pytest.approx(0.2, abs=0.02)
    assert weights[1] > 0.1 and abs(weights[2]) < 0.02
    without = opinions.Recipe(ladders=50, known_order=0)
    alone, _ = opinions.fitted(rows, 0.8 * rows[:, 0] + 0.2, rungs, without)
    assert abs(alone[1]) < 0.05


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    """Make a table of four photographs with scores, better where they are less damaged."""
    rows = []
    for place, sigma in enumerate((0, 15, 30, 60)):
        path = tmp_path / f"{place}.png"
        write_png(path, noised(cv2.resize(photograph("coffee"), (300, 300)), sigma))
        text = dict.fromkeys(IMAGE_COLUMNS, "")
        rows.append({
            **text, "image": f"clive/{place}", "source": "clive", "dataset": "clive",
            "task": "photograph", "content": str(place), "group": str(place), "family": str(place),
            "path": str(path), "raw_score": 90.0 - sigma, "raw_sd": 18.0 + place,
            "score": 1 - place / 3, "sha256": str(place), "role": "train",
        })  # fmt: skip
    table = tmp_path / "clive.csv"
    write_images(table, pd.DataFrame(rows))
    return table


def call(table: Path, out: Path) -> int:
    return main(["step", "embedded", "--images", str(table), "--out", str(out), "--ladders", "3"])


def test_training_gives_the_same_bytes_and_goes_on_after_a_kill(
    rated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "models", lambda: tmp_path / "models")
    monkeypatch.setattr(opinions, "AT_ONCE", 2)
    assert call(rated, tmp_path / "one") == 0
    network = opinion.load(tmp_path / "one")
    images = pd.read_csv(rated)
    clean, noisy = (
        opinion.opinion(network, cv2.imread(p)[..., ::-1]) for p in images["path"][[0, 3]]
    )
    assert clean > noisy + 20
    parts = sorted((tmp_path / "models").rglob("*.npy"))
    assert len(parts) == 6
    parts[1].unlink()
    made: list[str] = []
    monkeypatch.setattr(opinions, "ladder", lambda *a: made.append("ladder") or ladder(*a))
    assert call(rated, tmp_path / "two") == 0
    same = [
        (tmp_path / n / opinions_file).read_bytes()
        for n in ("one", "two")
        for opinions_file in ("weights.safetensors", "card.json")
    ]
    assert same[:2] == same[2:] and len(made) <= 2


def test_only_what_may_be_trained_on_and_passed_on_is_read(
    rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = pd.read_csv(rated, keep_default_na=False)
    for column, value, told in (
        ("role", "test", "only 'train' may be trained on"),
        ("source", "biq2021", "may not be shipped"),
        ("raw_score", 50.0, "their scores do not differ"),
    ):
        table = tmp_path / "other.csv"
        write_images(table, images.assign(**{column: value}))
        with pytest.raises(UserError, match=told):
            opinions.photographs(table)
