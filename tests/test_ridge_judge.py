"""A ridge that is kept judges as its step predicts, and its weights are read strictly."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.files import read_json, write_json
from fgresq.images import write_png
from fgresq.scoring.judges import judge_of
from fgresq.tables import write_images, write_pairs, write_table
from fgresq.training import features, ridge
from tests.conftest import image_table, picture, ridge_options
from tests.damages import noised
from tests.test_ridge import folds_of, pairs_of


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray, np.ndarray]:
    """Weights of a ridge on the untrained tower; the features that it read, and the scores."""
    root = tmp_path_factory.mktemp("ridge")
    rng = np.random.default_rng(0)
    images = image_table(8, 4, np.linspace(0, 1, 8))
    for k in range(8):
        write_png(root / f"{k}.png", noised(picture(k % 4, 64), float(rng.uniform(0, 40))))
    images["path"] = [str(root / f"{k}.png") for k in range(8)]
    write_images(root / "images.csv", images)
    write_pairs(root / "pairs.csv", pairs_of(images, ["train", "test"]))
    write_table(root / "folds.csv", folds_of(images, 2), ridge.FOLD_COLUMNS)
    made = root / "features.npz"
    options = ridge_options(block=2, grid=1)
    features.main(
        argparse.Namespace(
            **{"tower": "random", "images": root / "images.csv", "weights": None, "out": made},
            **{"threads": 1, "options": options, "preset": "mini"},
        )
    )
    places = {name: root / f"{name}.csv" for name in ("images", "pairs", "folds")}
    out, keep = root / "ridge.csv", root / "kept"
    ridge.main(argparse.Namespace(method="r", features=made, out=out, keep=keep, **places))
    with np.load(made) as data:
        return keep, data["features"].astype(float), images["score"].to_numpy(dtype=float)


def test_it_judges_as_its_step_predicts(kept: tuple[Path, np.ndarray, np.ndarray]) -> None:
    """By scikit-learn's own ridge with the penalty of the card, on the standardised features."""
    folder, values, scores = kept
    plain = (values - values.mean(axis=0)) / np.where(values.std(axis=0), values.std(axis=0), 1)
    model = Ridge(alpha=read_json(folder / "card.json")["penalty"]).fit(plain, scores)
    judge = judge_of(folder)
    for k in (0, 5):
        path = folder.parent / f"{k}.png"
        assert judge.score(path) == pytest.approx(float(model.predict(plain[[k]])[0]), abs=1e-5)


def test_a_comparison_follows_from_its_scores(kept: tuple[Path, np.ndarray, np.ndarray]) -> None:
    judge, files = judge_of(kept[0]), [kept[0].parent / f"{k}.png" for k in (0, 7)]
    found = judge.compare(*files)
    assert found.better == "AB"[judge.score(files[1]) > judge.score(files[0])]
    assert judge.compare(*files[::-1]) == found.swapped()


def test_the_command_takes_it(
    kept: tuple[Path, np.ndarray, np.ndarray], capsys: pytest.CaptureFixture
) -> None:
    files = [str(kept[0].parent / f"{k}.png") for k in (0, 7)]
    assert main(["compare", *files, "--model", str(kept[0]), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert "8 images" in json.dumps(told)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"features": {"tower": "clip", "block": 2, "grid": 1, "seed": 0}}, "no tower 'clip'"),
        ({"features": {"tower": "random"}}, "does not say how its features were made"),
    ],
)
def test_another_card_is_told(
    kept: tuple[Path, np.ndarray, np.ndarray], tmp_path: Path, change: dict, told: str
) -> None:
    card = read_json(kept[0] / "card.json")
    (tmp_path / "weights.safetensors").write_bytes((kept[0] / "weights.safetensors").read_bytes())
    write_json(tmp_path / "card.json", {**card, **change})
    with pytest.raises(UserError, match=told):
        judge_of(tmp_path)


def test_features_of_an_older_step_keep_no_ridge(tmp_path: Path) -> None:
    np.savez(tmp_path / "old.npz", image=np.array(["a"]), features=np.zeros((1, 768), np.float32))
    with pytest.raises(UserError, match="by which tower"):
        ridge.read_made(tmp_path / "old.npz")
