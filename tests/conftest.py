"""What tests share: a small folder in the form of a user's own data."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from fgresq import workspace
from fgresq.presets import preset_named
from fgresq.tables import IMAGE_COLUMNS
from workflow.browser import unmet

if TYPE_CHECKING:
    from chromium import Browser

ROOT = Path(__file__).parent.parent
# what tests keep outside of a workspace never reaches the user's own cache; one for all their calls
HOME = tempfile.TemporaryDirectory(prefix="fgresq-home-")
os.environ["FGRESQ_HOME"] = HOME.name
FAMILIES = ("alpha", "beta", "gamma")
ALGORITHMS = ("weak", "mild", "strong", "odd")
# observers who see JOD: three quarters of them tell 1, and 0.3 is their border
LABELS: dict[str, Any] = {
    "alpha": 0.05,
    "measure": "jod",
    "slopes": {
        "lpips": {"low": 1.0, "fitted": 2.0, "high": 3.0},
        "jod": dict.fromkeys(("low", "fitted", "high"), 0.6744897502),
    },
    "indifference": 0.580177,
    "seed": 0,
}


def picture(seed: int, size: int = 64) -> np.ndarray:
    """Give a smooth random RGB picture, uint8."""
    coarse = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC))


def write_folder(folder: Path, families: tuple[str, ...] = FAMILIES) -> Path:
    """Write a source folder: four restored images of each family with falling quality."""
    (folder / "images").mkdir(parents=True)
    rows = []
    for number, family in enumerate(families):
        clean = picture(number)
        Image.fromarray(clean).save(folder / f"images/{family}-clean.png")
        for step, algorithm in enumerate(ALGORITHMS):
            noise = np.random.default_rng([number, step]).normal(0, 6 * (step + 1), clean.shape)
            name = f"images/{family}-{algorithm}.png"
            Image.fromarray(np.clip(clean + noise, 0, 255).astype(np.uint8)).save(folder / name)
            rows.append(
                {
                    "image": name,
                    "reference": f"images/{family}-clean.png",
                    "task": "denoising",
                    "algorithm": algorithm,
                    "content": family,
                    "family": family,
                    "mos": 80 - 12 * step + number,
                }
            )
    pd.DataFrame(rows).to_csv(folder / "images.csv", index=False)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a source folder of three families."""
    return write_folder(tmp_path / "own")


def mark_workspace(folder: Path) -> Path:
    """Make a folder a workspace: the files by which one is known, linked to the repository's."""
    for mark in workspace.MARKS:
        (folder / mark).parent.mkdir(parents=True, exist_ok=True)
        if not (folder / mark).exists():
            (folder / mark).symlink_to(ROOT / mark)
    return folder


def copy_repository(place: Path, *left_out: str) -> Path:
    """Copy the repository's files, without what runs have made and the paths `left_out`."""
    made = (".git", ".venv", ".snakemake", "results", "work", "site", "logs", "raw", "packages")
    made += ("cache", "tmp", "__pycache__", ".*_cache", "dvc.lock")
    made += (".fetch", "checkpoints", "mutants")
    by_name = shutil.ignore_patterns(*made)

    def ignored(folder: str, names: list[str]) -> set[str]:
        inside = Path(folder).relative_to(ROOT)
        return by_name(folder, names) | {n for n in names if (inside / n).as_posix() in left_out}

    shutil.copytree(ROOT, place, ignore=ignored)
    return place


def copy_with_weights(place: Path) -> Path:
    """Copy the repository's files, with the weights linked, to run the pipeline in."""
    copy = copy_repository(place, "data/weights")
    (copy / "data").mkdir(exist_ok=True)
    (copy / "data/weights").symlink_to(ROOT / "data/weights")
    return copy


def set_probe(place: Path) -> None:
    """Add the preset `probe`, quick and on a small own folder, to a copy of the repository."""
    path = place / "config/config.yaml"
    config = yaml.safe_load(path.read_text())
    config["presets"]["probe"] = {
        "sources": ["own"],
        "methods": ["psnr", "ssim"],
        "jnd": {"images": 4},
        "analysis": {"bootstrap": 10},
        "filter": {"tau": 1.0},
        "report": {"pairs": 1},
    }
    path.write_text(yaml.safe_dump(config))
    write_folder(place / "data/raw/own")


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the repository's files, with the weights linked, to run the pipeline in."""
    return copy_with_weights(tmp_path_factory.mktemp("checkout") / "fgresq")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Give a real browser; where there is none the test is skipped, and in CI it fails."""
    require(unmet())
    from chromium import Browser  # selenium is needed for nothing else

    window = Browser(tmp_path_factory.mktemp("downloads"))
    yield window
    window.close()


@pytest.fixture(scope="session")
def made_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the site of a made-up run of several hundred images, with its workspace above it."""
    from made_afine import write_afine
    from made_run import build_report, write_made_run

    root = write_made_run(tmp_path_factory.mktemp("made"))
    write_afine(root)
    return build_report(root)


def require(missing: str) -> None:
    """Skip the test that runs where something is missing on this machine; in CI it fails."""
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    elif missing:
        pytest.skip(missing)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that run the pipeline first, so that no worker is left alone with them."""
    items.sort(key=lambda item: item.get_closest_marker("workflow") is None)


def ridge_options(**given: int) -> dict[str, dict[str, Any]]:
    """Give the options of `features`: those of the preset mini, its `ridge` with some replaced."""
    mini = preset_named("mini")
    return {"ridge": {**mini.ridge.record(), **given}, "tower": mini.tower.record()}


def image_table(count: int, families: int, score: np.ndarray) -> pd.DataFrame:
    """Give an image table of one source: image k is of content, group and family k % families."""
    rows = {
        "image": [f"s/{k:03}" for k in range(count)],
        "source": "s",
        "dataset": "s",
        "task": "denoising",
        "content": [f"c{k % families}" for k in range(count)],
        "group": [f"c{k % families}" for k in range(count)],
        "family": [f"f{k % families}" for k in range(count)],
        "algorithm": "a",
        "path": "",
        "reference": "",
        "mask": "",
        "raw_score": score,
        "raw_sd": np.nan,
        "score": score,
        "sha256": "",
        "reference_sha256": "",
        "role": "",
    }
    return pd.DataFrame(rows, columns=list(IMAGE_COLUMNS))
