"""A small world of imperfect references: three families, their images the noisier the worse.

Tables and pictures are plain values, so that a test changes what it likes before it writes them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from fgresq.cli import main
from fgresq.comparisons import (
    BETTER,
    COMPARISON_COLUMNS,
    SIMILAR,
    STANDARD,
    TRIPLET_COLUMNS,
    WORSE,
    write_comparisons,
    write_triplets,
)
from fgresq.files import sha256, write_csv, write_text
from fgresq.networks import token_levels
from fgresq.training import loop
from tests.conftest import picture

SOURCE = "diffiqa_mini"
FOLDS = {"alpha": 0, "beta": 1, "gamma": 2}
NOISE = {"o": 0, "r": 14, "a": 4, "b": 9, "c": 22, "d": 35}  # of every content, in gray levels
REFERENCES = ("o", "r")  # a perfect one, and one that `a` and `b` are better than
SIZE = 42


@dataclass
class World:
    """Tables, without hashes, and pictures by name."""

    comparisons: pd.DataFrame
    triplets: pd.DataFrame
    folds: pd.DataFrame
    pixels: dict[str, np.ndarray]

    def write(self, folder: Path) -> Path:
        """Write pictures and tables; give the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        hashes = {}
        for name, pixels in self.pixels.items():
            path = folder / path_of(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
            hashes[name] = sha256(path)
        table = self.comparisons.assign(
            sha256=self.comparisons["image"].map(hashes),
            reference_sha256=self.comparisons["reference"].map(hashes),
        )
        write_comparisons(folder / "comparisons.csv", table[list(COMPARISON_COLUMNS)])
        write_triplets(folder / "triplets.csv", self.triplets)
        write_csv(folder / "folds.csv", self.folds)
        return folder


def path_of(name: str) -> str:
    """Give the file of an image."""
    return f"pictures/{name}"


def made_of(family: str, kind: str) -> str:
    """Name a version of a family's picture."""
    return f"{SOURCE}/{family}-{kind}.png"


def over(first: str, second: str) -> float:
    """Label a version against another: 1 where it has less noise."""
    return 0.5 + 0.5 * float(np.sign(NOISE[second] - NOISE[first]))


def type_of(first: str, second: str, reference: str) -> str | None:
    """Name the type of a triplet; None where it has none."""
    if reference == "o" and second != reference:
        return STANDARD
    letters = {1.0: "P", 0.5: "S", 0.0: "N"}
    told = letters[over(first, reference)]
    if second == reference:
        return f"{told}YY"
    told += letters[over(second, reference)]
    return f"{told}Y" if told in ("PS", "PN", "SN", "SS") else None


def make_world() -> World:
    """Give 18 images, 36 comparisons and the triplets that they make."""
    comparisons, triplets, pixels = [], [], {}
    for number, family in enumerate(FOLDS):
        drawn = np.random.default_rng(number)
        clean = picture(number, SIZE).astype(float)
        for kind, noise in NOISE.items():
            noisy = clean + noise * drawn.standard_normal(clean.shape)
            pixels[made_of(family, kind)] = np.clip(noisy, 0, 255).round().astype(np.uint8)
        shared = {"source": SOURCE, "content": family, "family": family}
        for reference in REFERENCES:
            for kind in NOISE:
                names = {"image": made_of(family, kind), "reference": made_of(family, reference)}
                paths = {"path": path_of(names["image"])}
                paths["reference_path"] = path_of(names["reference"])
                label = {1.0: BETTER, 0.5: SIMILAR, 0.0: WORSE}[over(kind, reference)]
                comparisons.append({**names, **paths, **shared, "label": label})
            own = [kind for kind in NOISE if kind != reference]
            for a, b in [*combinations(own, 2), *((kind, reference) for kind in own)]:
                found = type_of(a, b, reference)
                if found is None:
                    continue
                labels = (over(a, b), over(a, reference), over(b, reference))
                names = [made_of(family, kind) for kind in (a, b, reference)]
                row = [SOURCE, found, *names, *labels, family, family]
                triplets.append(dict(zip(TRIPLET_COLUMNS, row, strict=True)))
    folds = pd.DataFrame([(SOURCE, *item) for item in FOLDS.items()])
    return World(
        pd.DataFrame(comparisons),
        pd.DataFrame(triplets),
        folds.set_axis(["source", "family", "fold"], axis=1),
        pixels,
    )


def set_apart(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Give a test a tower of two blocks, and keep what is kept in a folder of its own."""
    monkeypatch.setattr(token_levels, "dino_trunk", partial(token_levels.dino_trunk, depth=2))
    monkeypatch.setattr(token_levels, "RANDOM_BLOCKS", 2)
    monkeypatch.setenv("FGRESQ_HOME", str(folder / "home"))
    monkeypatch.chdir(folder)


def kill_when(monkeypatch: pytest.MonkeyPatch, stops: Callable[[str, int], bool]) -> None:
    """Interrupt training at a step, told by the name of its stage and its number."""
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 2)
    real = loop.check_finite

    def killed(job: loop.Job, losses: dict, number: int) -> dict[str, float]:
        if stops(job.name.split(", ")[-1], number):
            raise KeyboardInterrupt
        return real(job, losses, number)

    monkeypatch.setattr(loop, "check_finite", killed)


def settings(folder: Path, **changed: Any) -> Path:
    """Write a file of settings with a preset `mini` of few steps; give the file."""
    package = Path(__file__).parents[1] / "fgresq/data/afine.yaml"
    found = yaml.safe_load(package.read_text())
    stages = {
        stage: {"steps": 6, "batch": 8, "lr": rate, "lr_tower": 1e-4}
        for stage, rate in (("naturalness", 1e-3), ("fidelity", 1e-2), ("calibration", 1e-2))
    }
    for stage, own in changed.pop("stages", {}).items():
        stages[stage] |= own
    found["presets"]["mini"] = {"stages": stages, **changed}
    write_text(folder / "settings.yaml", yaml.safe_dump(found))
    return folder / "settings.yaml"


def train(world: Path, run: str = "0", out: str = "model", *more: str) -> int:
    """Train on the random backbone in the folder of a world; give the exit status."""
    words = [f"--{table}={table}.csv" for table in ("triplets", "comparisons", "folds")]
    words += ["--work=checkpoints", f"--out={out}", "--settings=settings.yaml", *more]
    with contextlib.chdir(world):
        return main(["step", "afine-train", "random", "full", run, *words])
