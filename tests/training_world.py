"""A small world to train in: two sources with families of the same names, whose quality is seen.

An image is the brighter the better it is, so that a tower of random weights tells quality, and a
model that learns the wrong way round is told from one that learns. Tables and pictures are plain
values, so that a test changes what it likes before it writes them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fgresq.baselines.shared import baseline_options
from fgresq.cli import main
from fgresq.files import sha256, write_csv
from fgresq.networks.torchvision_ops import make_importable
from fgresq.presets import load
from fgresq.runs import STAGE_FORMS, split_run, stage_options
from fgresq.tables import DEGRADED, IMAGE_COLUMNS, VOTE_COLUMNS, write_images, write_pairs
from fgresq.training import loop
from tests.conftest import ALGORITHMS, picture

# source, family, task, fold, and the image that stands in test pairs of the split by pairs only
FAMILIES = (
    ("s", "alpha", "denoising", 0, 0),
    ("s", "beta", "deblurring", 1, None),
    ("s", "gamma", "denoising", 2, 3),
    ("t", "alpha", "deblurring", 1, 1),
    ("t", "beta", "denoising", 0, None),
    ("t", "gamma", "deblurring", 2, None),
)
PRESETS = load().presets
INTERRUPTED = 130  # exit status after Ctrl-C


@dataclass
class World:
    """Tables of a small world, and its pictures by image.

    Args:
        images: image table; `sha256` is filled in where it is written.
        pairs: pair table.
        folds: source, family, fold.
        pixels: uint8 (64, 64, 3) of every image.
    """

    images: pd.DataFrame
    pairs: pd.DataFrame
    folds: pd.DataFrame
    pixels: dict[str, np.ndarray]

    def copy(self) -> World:
        """Give a world that may be changed without changing this one."""
        tables = (table.copy() for table in (self.images, self.pairs, self.folds))
        return World(*tables, dict(self.pixels))

    def write(self, folder: Path) -> Path:
        """Write pictures and tables to a folder; give the folder."""
        hashes = []
        for image, path in self.images[["image", "path"]].to_numpy():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(self.pixels[image]).save(folder / path)
            hashes.append(sha256(folder / path))
        write_images(folder / "images.csv", self.images.assign(sha256=hashes))
        write_pairs(folder / "pairs.csv", self.pairs)
        write_csv(folder / "folds.csv", self.folds)
        return folder


def shown(quality: float, seed: int) -> np.ndarray:
    """Give a picture as bright as its quality in [0, 1]."""
    pixels = 30 + 180 * quality + 0.1 * (picture(seed).astype(float) - 128)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def image_row(source: str, family: str, task: str, algorithm: str, score: float) -> dict:
    """Give a row of the image table."""
    name = f"{source}/{family}-{algorithm}"
    same = {column: family for column in ("content", "group", "family")}
    more = {"image": name, "path": f"pictures/{name}.png", "raw_score": 100 * score}
    more |= {"source": source, "dataset": source, "task": task, "algorithm": algorithm}
    return {column: "" for column in IMAGE_COLUMNS} | same | more | {"score": score}


def preference_of(difference: float) -> tuple[str, float]:
    """Give the preference and the share of votes for A; under .1 both images are equal."""
    if abs(difference) < 0.1:
        return "equal", 0.5
    return ("A", 1.0) if difference > 0 else ("B", 0.0)


def pair_row(first: dict, second: dict, fold: int, side: str) -> dict:
    """Give a row of the pair table, without its identifier."""
    difference = first["score"] - second["score"]
    preference, fraction = preference_of(difference)
    return {
        **{"image_a": first["image"], "image_b": second["image"], "ssim": 0.9},
        **{column: first[column] for column in ("task", "source", "group", "family")},
        **{"score_difference": difference, "preference": preference, "fraction_a": fraction},
        **{"label_origin": "human", "fold": fold, "split_pairs": side},
        **dict.fromkeys(VOTE_COLUMNS, ""),
    }


def make_world() -> World:
    """Give 24 images in six families and 36 pairs, an image in no pair, three degraded ones.

    Every family has one pair judged equal; A is the better one in half of the others.
    """
    rng = np.random.default_rng(0)
    images, pairs = [], []
    for number, (source, family, task, fold, tested) in enumerate(FAMILIES):
        levels = rng.permutation([0.1, 0.4, 0.47, 0.9]) + 0.01 * number
        own = [
            image_row(source, family, task, algorithm, float(score))
            for algorithm, score in zip(ALGORITHMS, levels, strict=True)
        ]
        for k, (i, j) in enumerate(combinations(range(len(own)), 2)):
            side = "test" if tested in (i, j) or (tested is None and k == 0) else "train"
            first, second = (i, j) if rng.random() < 0.5 else (j, i)
            pairs.append(pair_row(own[first], own[second], fold, side))
        images += own
    images.append(image_row("s", "gamma", "denoising", "alone", 0.7))
    images += [image_row("s", family, DEGRADED, "none", 0.2) for _, family, *_ in FAMILIES[:3]]
    table = pd.DataFrame(images).sort_values("image", ignore_index=True)
    scores = table["score"].to_numpy()
    pixels = {n: shown(scores[k], seed=k) for k, n in enumerate(table["image"])}
    folds = pd.DataFrame([(s, f, k) for s, f, _, k, _ in FAMILIES])
    names = [f"s#{k:02}" for k in range(len(pairs))]
    return World(
        table,
        pd.DataFrame(pairs).assign(pair=names),
        folds.set_axis(["source", "family", "fold"], axis=1),
        pixels,
    )


def outside(world: World, run: str) -> tuple[np.ndarray, np.ndarray]:
    """Tell what a run may not learn from, as masks of images and of pairs.

    Written anew on purpose, beside what the package does: degraded images always; for a fold its
    families; for `pairs` test pairs and the images that are in no training pair; with -without-X
    what is of X.
    """
    side, without, _ = split_run(run)
    images, pairs = world.images, world.pairs
    barred = {n for n, task in images[["image", "task"]].to_numpy() if task == DEGRADED}
    closed = np.zeros(len(pairs), dtype=bool)
    if side == "pairs":
        closed = pairs["split_pairs"].eq("test").to_numpy(copy=True)
        open_pairs = pairs[~closed]
        barred |= set(images["image"]) - set(open_pairs["image_a"]) - set(open_pairs["image_b"])
    elif side != "all":
        tested = {(s, f) for s, f, _, fold, _ in FAMILIES if fold == int(side)}
        keys = images[["image", "source", "family"]].to_numpy()
        barred |= {n for n, source, family in keys if (source, family) in tested}
        closed = np.array([(p.source, p.family) in tested for p in pairs.itertuples()])
    if without:
        of_it = set(images.loc[images["algorithm"].eq(without), "image"])
        barred |= of_it
        closed |= np.array([p.image_a in of_it or p.image_b in of_it for p in pairs.itertuples()])
    return images["image"].isin(barred).to_numpy(), closed


def changed_outside(world: World, run: str) -> World:
    """Change every label and all pixels that a run may not learn from, and nothing else."""
    made = world.copy()
    barred, closed = outside(world, run)
    images, pairs = made.images, made.pairs
    swap = {"denoising": "deblurring", "deblurring": "denoising", DEGRADED: DEGRADED}
    rng = np.random.default_rng(1)
    images.loc[barred, "score"] = rng.random(int(barred.sum()))
    images.loc[barred, "raw_score"] = 1000 * rng.random(int(barred.sum()))
    images.loc[barred, "task"] = images.loc[barred, "task"].map(swap)
    for name in images.loc[barred, "image"]:
        made.pixels[name] = 255 - np.roll(made.pixels[name], 7, axis=1)[::-1]
    other = pairs.loc[closed, "preference"].map({"A": "B", "B": "A", "equal": "A"})
    pairs.loc[closed, "preference"] = other
    pairs.loc[closed, "fraction_a"] = other.map({"A": 1.0, "B": 0.0}).astype(float)
    pairs.loc[closed, "score_difference"] *= -1
    pairs.loc[closed, "task"] = pairs.loc[closed, "task"].map(swap)
    return made


def options(stage: str, tower: dict | None = None, **over: object) -> dict:
    """Give settings of the mini preset on a random tower of two blocks with few tokens.

    A batch holds all of a scene, so that an epoch is one step a scene.
    """
    made = stage_options(PRESETS["mini"], STAGE_FORMS[stage]).record()
    made["tower"] |= {"tower": "random_vits14", "levels": [1, 2], "merge": 4, **(tower or {})}
    made[stage] |= {"epochs": 1, "lr_encoder": 1e-4, "lr_heads": 1e-3, **over}
    return made


def options_of_baseline(method: str, **over: object) -> dict:
    """Give settings of a baseline on the same tower."""
    shared, own = baseline_options(PRESETS["mini"], method)
    made = {"tower": shared.record(), "baseline": own.record()}
    made["tower"] |= {"tower": "random_vits14", "levels": [1, 2], "merge": 4}
    made["baseline"] |= {"epochs": 1, "lr_heads": 1e-3, **over}
    made["baseline"] |= {"second": "random_lite0"} if method == "dbcnn" else {}
    made["baseline"] |= {"meta_steps": 2} if method == "metaiqa" else {}
    return made


def call(world: Path, step: list[str], settings: dict, out: str, *more: str) -> int:
    """Run a step of training in the folder of a world; give its exit status."""
    words = [f"--{t}={t}.csv" for t in ("images", "pairs", "folds")]
    words += ["--weights=nowhere", f"--work=work/{out}", f"--out={out}", *more]
    with contextlib.chdir(world):
        return main(["step", *step, *words, "--options", json.dumps(settings)])


def train_both(world: Path, run: str, out: str, first: dict, second: dict) -> Path:
    """Run both stages; give the folder of stage 2. That of stage 1 lies beside it."""
    assert call(world, ["stage1", run], first, f"{out}-1") == 0
    assert call(world, ["stage2", run], second, out, f"--degradation={out}-1") == 0
    return world / out


def weights(folder: Path) -> bytes:
    """Give the bytes of a run's weights."""
    return (folder / "weights.safetensors").read_bytes()


@contextlib.contextmanager
def shallow_towers() -> Iterator[None]:
    """Build ViTs of two blocks only: drawing the weights of twelve takes longer than training."""
    make_importable()
    import timm

    real = timm.create_model

    def create_model(name: str, **more: object) -> object:
        return real(name, **more, **({"depth": 2} if name.startswith("vit_small") else {}))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(timm, "create_model", create_model)
        yield


class Killed:
    """Stands in for the loop's check of a step: a Ctrl-C at one step, once."""

    def __init__(self, at: int) -> None:
        self.at, self.real = at, loop.check_finite

    def __call__(self, job: loop.Job, losses: dict, step: int) -> dict[str, float]:
        if step == self.at:
            raise KeyboardInterrupt
        return self.real(job, losses, step)


def watched_resume(taken: list[int]) -> Callable[..., list]:
    """Give a stand-in for the loop's `resume` that notes how many steps it took up, and stops."""
    real = loop.resume

    def resume(*args: object) -> list:
        taken.append(len(real(*args)))
        raise KeyboardInterrupt

    return resume
