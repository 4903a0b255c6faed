"""A made-up finished run of any size, as a workspace: random values in the forms of the pipeline.

What it shows means nothing; it has the shape, and the size, of what a real run leaves on disk.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))  # benchmarks import this module as well

from report_inputs import BINS, record, write_labels, write_observers
from training_tables import write_training

from fgresq import workspace
from fgresq.analysis.inputs import (
    INTERVAL_COLUMNS,
    PERFORMANCE_COLUMNS,
    PREFERENCE_COLUMNS,
    RANKING_COLUMNS,
)
from fgresq.analysis.performance import STATS
from fgresq.catalogues import read_methods
from fgresq.cli import main
from fgresq.files import sha256, write_csv, write_json
from fgresq.images import write_png
from fgresq.presets import preset_named
from fgresq.tables import (
    FOLD_COLUMNS,
    IMAGE_COLUMNS,
    PAIR_COLUMNS,
    SCORE_COLUMNS,
    TASKS,
    write_images,
    write_pairs,
    write_table,
)

ROOT = Path(__file__).parents[1]
SOURCE, PRESET = "fgrestore", "paper"
LINKED = ("reports/paper", "reports/human", "reports/templates", "reports/machines.json")
VERSIONS, FAMILIES, FOLDS = 8, 24, 3
FIRST = ("fgresq", "psnr", "ssim", "lpips", "niqe", "brisque", "cvvdp")


@dataclass(frozen=True)
class Size:
    """How large a run is made.

    Args:
        images: restored images, dealt evenly to the tasks.
        pairs: decided or equal pairs.
        methods: FGResQ and others of the catalogue.
        pictures: files that the images share.
        side: width and height of a picture in pixels.
    """

    images: int
    pairs: int
    methods: int
    pictures: int = 16
    side: tuple[int, int] = (96, 72)


SMALL = Size(images=480, pairs=1_200, methods=9)
FGRESTORE = Size(images=18_408, pairs=30_886, methods=29, pictures=60, side=(640, 480))


def write_pictures(folder: Path, size: Size) -> list[Path]:
    """Write the files that images share: waves with some noise, no two alike."""
    width, height = size.side
    y, x = np.mgrid[:height, :width] / 24
    paths = []
    for number in range(size.pictures):
        random = np.random.default_rng(number)
        wave = np.sin(x * random.uniform(0.3, 1.5) + y * random.uniform(0.3, 1.5))
        plane = 128 + 80 * wave[..., None] * random.uniform(0.5, 1, 3)
        noisy = plane + random.normal(0, 8, plane.shape)
        paths.append(folder / f"{number}.png")
        write_png(paths[-1], np.clip(noisy, 0, 255).astype(np.uint8))
    return paths


def image_table(size: Size, pictures: list[Path], random: np.random.Generator) -> pd.DataFrame:
    """Give the image table: task, content and version of an image follow from its number."""
    number = np.arange(size.images)
    task = np.array(TASKS)[number % len(TASKS)]
    content = number // len(TASKS) // VERSIONS
    version = number // len(TASKS) % VERSIONS
    score = random.random(size.images).round(6)
    named = zip(task, content, version, strict=True)
    hashes = [sha256(path) for path in pictures]
    at = number % len(pictures)
    table = {
        "image": [f"{SOURCE}/{t}/{c:05}-{v}.png" for t, c, v in named],
        "source": SOURCE,
        "dataset": SOURCE,
        "task": task,
        "content": [f"c{c:05}" for c in content],
        "group": [f"c{c:05}" for c in content],
        "family": [f"f{c % FAMILIES:02}" for c in content],
        "algorithm": [f"Restorer {v + 1}" for v in version],
        "path": [str(pictures[k]) for k in at],
        "reference": str(pictures[0]),
        "mask": "",
        "raw_score": (1 + 4 * score).round(4),
        "raw_sd": np.nan,
        "score": score,
        "sha256": [hashes[k] for k in at],
        "reference_sha256": hashes[0],
        "role": "",
    }
    return pd.DataFrame(table, columns=list(IMAGE_COLUMNS))


def pair_table(images: pd.DataFrame, count: int, random: np.random.Generator) -> pd.DataFrame:
    """Give `count` pairs within groups; ten observers judged each by its difference of scores."""
    first, second = np.triu_indices(VERSIONS, 1)
    by_group = images.reset_index().groupby(["task", "group"])["index"]
    all_pairs = np.concatenate(
        [
            rows.to_numpy()[np.stack([first, second])]
            for _, rows in by_group
            if len(rows) == VERSIONS
        ],
        axis=1,
    )
    kept = np.sort(random.choice(all_pairs.shape[1], count, replace=False))
    a, b = (images.iloc[side].reset_index(drop=True) for side in all_pairs[:, kept])
    difference = (a["score"] - b["score"]) / 4
    votes_a = random.binomial(10, 1 / (1 + np.exp(-8 * difference)))
    preference = np.select([votes_a > 5, votes_a < 5], ["A", "B"], "equal")
    table = {
        "pair": [f"{SOURCE}#{k:07}" for k in range(count)],
        "image_a": a["image"],
        "image_b": b["image"],
        "task": a["task"],
        "source": SOURCE,
        "group": a["group"],
        "family": a["family"],
        "score_difference": difference.round(6),
        "ssim": random.uniform(0.6, 0.95, count).round(6),
        "preference": preference,
        "fraction_a": votes_a / 10,
        "votes_a": votes_a,
        "votes_b": 10 - votes_a,
        "votes_equal": 0,
        "vote_kind": "two",
        "label_origin": "human",
        "fold": a["family"].str[1:].astype(int) % FOLDS,
        "split_pairs": np.where(random.random(count) < 0.2, "test", "train"),
    }
    return pd.DataFrame(table, columns=list(PAIR_COLUMNS))


def methods_of(count: int) -> dict[str, dict[str, Any]]:
    """Give `count` methods of the catalogue, FGResQ first."""
    known = read_methods()
    names = list(dict.fromkeys([*FIRST, *known]))[:count]
    assert len(names) == count, f"the catalogue has {len(known)} methods"
    return {name: known[name] for name in names}


def score_table(name: str, entry: dict[str, Any], images: pd.DataFrame, skill: float):
    """Give a method's values: people's scores with noise, in the method's own direction."""
    random = np.random.default_rng(len(name))
    value = skill * images["score"] + random.normal(0, 0.3, len(images))
    value = (value if entry.get("direction") != "lower" else -value).round(6)
    parts = [
        pd.DataFrame({"image": images["image"], "method": name, "split": split, "value": value})
        for split in (("family", "pairs") if name == "fgresq" else ("all",))
    ]
    return pd.concat(parts, ignore_index=True).assign(reason="")[list(SCORE_COLUMNS)]


def rows(columns: dict[str, type], made: list[tuple], **more: Any) -> pd.DataFrame:
    """Give a table of rows; columns that they do not have are in `more`."""
    table = pd.DataFrame(made, columns=[c for c in columns if c not in more]).assign(**more)
    return table[list(columns)]


def write_analysis(folder: Path, methods: dict[str, float], pairs: int) -> None:
    """Write the tables of the analysis; `methods` gives each method's skill in [0, 1]."""
    stats = [*STATS, "acc_rank"]
    made = [
        (split, task, method, stat, v := round(0.4 + skill / 2 + 0.01 * len(task) % 0.05, 6))
        + (v - 0.05, v + 0.05, pairs // (1 if task == "average" else 6), FAMILIES)
        + (6 if task == "average" else 1,)
        for split in ("family", "pairs")
        for task in (*TASKS, "average")
        for method, skill in methods.items()
        for stat in stats
        if stat != "acc_rank" or method == "fgresq"
    ]
    table = rows(PERFORMANCE_COLUMNS, made, note="")
    write_table(folder / "performance.csv", table, PERFORMANCE_COLUMNS)
    made = [
        (SOURCE, method, bin_, stat, 0.2 + skill / 2, 0.1, 0.9, 60, 0.25, 0.05, 0.4)
        for method, skill in methods.items()
        for bin_ in BINS
        for stat in ("srcc", "plcc")
    ]
    table = rows(INTERVAL_COLUMNS, made, note="")
    write_table(folder / "intervals.csv", table, INTERVAL_COLUMNS)
    made = [
        (SOURCE, task, round(d, 2), round(f, 1), 5, int((d > 0) != (f > 0.5)))
        for task in TASKS
        for d in np.arange(-0.24, 0.25, 0.04)
        for f in np.arange(0, 1.01, 0.1)
    ]
    write_table(folder / "preference.csv", rows(PREFERENCE_COLUMNS, made), PREFERENCE_COLUMNS)


def write_pair_records(folder: Path, images: pd.DataFrame, pairs: pd.DataFrame) -> None:
    """Write what the phase `pairs` leaves beside its table."""
    by_task = pairs["task"].value_counts().to_dict()
    steps = {"all pairs": 4, "coarse filter": 2, "JND filter": 1}
    funnel = {
        "source": SOURCE,
        "tau": {SOURCE: 0.25},
        "threshold": 0.92,
        "images": len(images),
        "groups": images.groupby(["task", "group"]).ngroups,
        "groups_of_one": [],
        "without_pairs": None,
        "steps": [
            {"step": name, "pairs": k * len(pairs), "images": len(images)}
            for name, k in steps.items()
        ],
        "by_task": {t: {name: k * n for name, k in steps.items()} for t, n in by_task.items()},
        "by_dataset": {SOURCE: {name: k * len(pairs) for name, k in steps.items()}},
        "supplied_pairs": 0,
        "label_origin": "human",
        "preferences": pairs["preference"].value_counts().to_dict(),
    }
    write_json(folder / "funnel.json", [funnel])
    setting = {"sign": "random", "beta": 0.7, "plane": "luminance"}
    quartiles = {"median": 0.92, "low_quartile": 0.88, "high_quartile": 0.95}
    threshold = {"threshold": 0.92, "setting": setting, "images": 200, "sample": "by name"}
    write_json(folder / "threshold.json", {**threshold, "grid": [{**setting, **quartiles}]})
    leak = {"test_images": 1000, "also_in_train": 800, "share": 0.8}
    clean = {"test_images": 1000, "also_in_train": 0, "share": 0.0}
    splits = {"pairs_split": leak, "family_split": clean}
    write_json(
        folder / "leak.json", {n: dict.fromkeys((*TASKS, "overall"), v) for n, v in splits.items()}
    )
    families = sorted(set(images["family"]))
    folds = {"source": SOURCE, "family": families, "fold": [int(f[1:]) % FOLDS for f in families]}
    write_csv(folder / "folds.csv", pd.DataFrame(folds, columns=list(FOLD_COLUMNS)))


def source_record(images: pd.DataFrame) -> dict[str, Any]:
    """Give the record of the made source."""
    counts = {name: images[name].nunique() for name in ("content", "family", "group", "algorithm")}
    plural = {"content": "contents", "family": "families", "group": "groups"}
    return {
        **record(SOURCE, "FGRestore", "human", True),
        **{plural.get(name, f"{name}s"): count for name, count in counts.items()},
        "images": len(images),
        "tasks": images["task"].value_counts().to_dict(),
        "supplied_pairs": 0,
        "manifest": "0123456789abcdef",
        "notes": ["Made up at random: no number of it means anything."],
    }


def write_made_run(root: Path, size: Size = SMALL, preset: str = PRESET) -> Path:
    """Make a workspace of a finished run, but for its report, and give its folder."""
    random = np.random.default_rng(0)
    link_workspace(root)
    at: Callable[[str], Path] = lambda phase: root / "results" / phase / preset  # noqa: E731
    images = image_table(size, write_pictures(root / "pictures", size), random)
    pairs = pair_table(images, size.pairs, random)
    write_images(at("data") / "images.csv", images)
    write_json(at("data") / "sources.json", [source_record(images)])
    write_pairs(at("pairs") / "pairs.csv", pairs)
    write_pair_records(at("pairs"), images, pairs)
    methods = methods_of(size.methods)
    skills = dict(zip(methods, np.linspace(1, 0.1, len(methods)), strict=True))
    for name, entry in methods.items():
        table = score_table(name, entry, images, skills[name])
        write_table(at("scores") / f"{name}.csv", table, SCORE_COLUMNS)
    write_json(at("scores") / "methods.json", states(methods, len(images)))
    chance = pd.DataFrame({"pair": pairs["pair"], "method": "fgresq", "split": "family"})
    chance = chance.assign(probability_a=pairs["fraction_a"])
    write_table(at("scores") / "fgresq.ranking.csv", chance, RANKING_COLUMNS)
    write_analysis(at("analysis"), skills, len(pairs))
    write_observers(at("analysis"), simulated=False)
    write_training(at("analysis"), stand_in=False)
    facts = {"commit": "0" * 40, "dirty": False, "preset": preset, "seeds": {"split/seed": 0}}
    write_json(at("analysis") / "provenance.json", facts | {"versions": {"python": "3.11"}})
    write_metrics(root / f"reports/metrics/{preset}.json", preset, pairs)
    write_labels(at("labels"))
    return root


def states(methods: dict[str, dict[str, Any]], images: int) -> dict[str, dict[str, Any]]:
    """Give what the run has of every method of the catalogue."""
    absent = {"code": "no_weights", "reason": "made without it", "next_step": "make it with it"}
    return {
        name: {
            "absent": None if name in methods else absent,
            "full": False,
            "images": images if name in methods else 0,
            "state": "computed here" if name in methods else "absent",
            "values": images if name in methods else 0,
            "without": {},
        }
        for name in read_methods()
    }


def write_metrics(path: Path, preset: str, pairs: pd.DataFrame) -> None:
    """Write the metrics file."""
    counts = pairs["preference"].value_counts().to_dict()
    headline = f"Made up at random: FGResQ leads on {counts['A'] + counts['B']} decided pairs"
    write_json(path, {"preset": preset, "headline": headline, "pairs": {SOURCE: len(pairs)}})


def build_report(root: Path, preset: str = PRESET, *more: str) -> Path:
    """Build the report of a made run with the command line and give the folder of its pages."""
    with contextlib.chdir(root):
        options = json.dumps({"report": preset_named(preset).report.record()})
        assert main(["step", "report", "--preset", preset, "--options", options, *more]) == 0
    return root / "reports/site" / preset


def link_workspace(root: Path) -> None:
    """Make a folder a workspace, with what a report reads of the repository linked."""
    for name in (*workspace.MARKS, *LINKED):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if not (root / name).exists():
            (root / name).symlink_to(ROOT / name)
