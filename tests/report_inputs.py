"""A small made-up run on disk, in the forms that the report reads."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from training_tables import write_training, write_untrained

from fgresq.analysis.inputs import INTERVAL_COLUMNS, PERFORMANCE_COLUMNS, PREFERENCE_COLUMNS
from fgresq.analysis.labels_alone import TABLES
from fgresq.analysis.observers import COLUMNS
from fgresq.files import write_csv, write_json
from fgresq.images import write_png
from fgresq.report.results import Run, read_run
from fgresq.tables import (
    IMAGE_COLUMNS,
    PAIR_COLUMNS,
    SCORE_COLUMNS,
    TASKS,
    empty,
    write_images,
    write_pairs,
    write_scores,
)

HOSTILE = "<script>alert('x')</script> & \"quoted\""
METHODS = {
    "fgresq": {"title": "FGResQ", "kind": "NR", "direction": "higher", "role": "method"},
    "psnr": {"title": "PSNR", "kind": "FR", "direction": "higher", "role": "method"},
    "lpips": {"title": "LPIPS", "kind": "FR", "direction": "lower", "role": "method"},
    "ridge": {"title": "Ridge", "kind": "NR", "direction": "higher", "role": "sanity"},
    "cvvdp": {
        "title": "ColorVideoVDP",
        "kind": "FR",
        "direction": "higher",
        "role": "method",
    },
}
STATS = ("srcc", "plcc", "plcc_fitted", "krcc", "acc", "acc_gap5", "srcc_groups")
BINS = ("[0.0,0.2)", "[0.2,0.4)", "[0.4,0.6)", "[0.6,0.8)", "[0.8,1.0]", "[0.0,1.0]")
PERFORMANCE, INTERVALS = list(PERFORMANCE_COLUMNS), list(INTERVAL_COLUMNS)
PREFERENCE = list(PREFERENCE_COLUMNS)


def of(root: Path, phase: str, preset: str = "mini") -> Path:
    """Give the folder of a phase of a run."""
    return root / "results" / phase / preset


def record(source: str, title: str, origin: str, present: bool) -> dict:
    """Give a source record."""
    absent = {
        "code": "not_placed",
        "reason": f"there is nothing in data/raw/{source}",
        "next_step": f"put {title} into data/raw/{source}",
    }
    return {
        "source": source,
        "title": title,
        "licence": "free",
        "score_kind": "MOS",
        "label_origin": origin,
        "status": "present" if present else "absent",
        "absent": None if present else absent,
        "notes": ["made up"] if present else [],
        **({"measure": "jod"} if origin == "simulated" else {}),
    }


def image_rows(folder: Path, source: str, random: np.random.Generator, task: str) -> list[dict]:
    """Write four versions of one content and give their rows."""
    clean = random.integers(0, 200, (40, 48, 3)).astype(np.uint8)
    rows = []
    for i in range(4):
        path = folder / "images" / task / f"{i}.png"
        write_png(path, (clean + 8 * i).astype(np.uint8))
        rows.append(
            {
                **dict.fromkeys(IMAGE_COLUMNS, ""),
                "image": f"{source}/{task}/{i}.png",
                "source": source,
                "task": task,
                "content": "c1",
                "group": "c1",
                "family": "f1",
                "algorithm": HOSTILE if i == 0 else f"method {i}",
                "path": str(path),
                "raw_score": float(i),
                "score": i / 3,
            }
        )
    return rows


def pair_rows(source: str, task: str, origin: str) -> list[dict]:
    """Give the pairs of one content: the lower index is liked better, against the scores."""
    return [
        {
            **dict.fromkeys(PAIR_COLUMNS, ""),
            "pair": f"{source}#{task}{a}{b}",
            "image_a": f"{source}/{task}/{a}.png",
            "image_b": f"{source}/{task}/{b}.png",
            "task": task,
            "source": source,
            "group": HOSTILE,
            "family": "f1",
            "score_difference": (a - b) / 3,
            "ssim": 0.9,
            "preference": "equal" if b == 3 else "A",
            "fraction_a": 0.8,
            "label_origin": origin,
            "fold": 0,
            "split_pairs": "test",
        }
        for a in range(4)
        for b in range(a + 1, 4)
    ]


def write_tables(folder: Path, source: str, values: dict | None) -> None:
    """Write the analysis tables; `values` gives (method, task, stat) of the split by pairs."""
    rows = [
        [
            split,
            task,
            method,
            stat,
            (values or {}).get((method, task, stat), 0.5 + 0.01 * i),
            0.4,
            0.7,
            40,
            4,
            6 if task == "average" else 1,
            "",
        ]
        for split in ("family", "pairs")
        for task in (*TASKS, "average")
        for i, method in enumerate(METHODS)
        for stat in (*STATS, *(["acc_rank"] if method == "fgresq" else []))
    ]
    write_csv(folder / "performance.csv", pd.DataFrame(rows, columns=PERFORMANCE))
    rows = [
        [source, method, name, stat, 0.3, 0.1, 0.5, 4 if i == 0 else 30, 0.2, 0.0, 0.25, ""]
        for method in METHODS
        for i, name in enumerate(BINS)
        for stat in ("srcc", "plcc")
    ]
    write_csv(folder / "intervals.csv", pd.DataFrame(rows, columns=INTERVALS))
    rows = [
        [source, task, d, f, 3, int((d > 0) != (f > 0.5))]
        for task in TASKS
        for d in (-0.1, 0.1)
        for f in (0.2, 0.9)
    ]
    write_csv(folder / "preference.csv", pd.DataFrame(rows, columns=PREFERENCE))


def write_run(
    root: Path,
    source: str = "mini",
    title: str = HOSTILE,
    origin: str = "simulated",
    values: dict | None = None,
    preset: str = "mini",
) -> None:
    """Write a full run of one source as a preset's in the workspace `root`."""
    data, pairs, analysis, scored, labels = (
        of(root, phase, preset) for phase in ("data", "pairs", "analysis", "scores", "labels")
    )
    random = np.random.default_rng(0)
    images = pd.DataFrame([row for t in TASKS for row in image_rows(root, source, random, t)])
    write_images(data / "images.csv", images)
    write_json(data / "sources.json", [record(source, title, origin, True)])
    write_pairs(
        pairs / "pairs.csv",
        pd.DataFrame([p for t in TASKS for p in pair_rows(source, t, origin)]),
    )
    folds = pd.DataFrame({"source": source, "family": ["f1", "f2"], "fold": [0, 1]})
    write_csv(pairs / "folds.csv", folds)
    steps = [
        {"step": "all pairs", "pairs": 90, "images": 24},
        {"step": "coarse filter", "pairs": 60, "images": 24},
        {"step": "JND filter", "pairs": 36, "images": 20},
    ]
    funnel = {
        "source": source,
        "tau": {source: 0.25},
        "threshold": 0.9,
        "steps": steps,
        "groups_of_one": [HOSTILE],
        "without_pairs": {"reason": HOSTILE, "next_step": "Raise its tau"},
        "by_task": {t: {s["step"]: s["pairs"] // 6 for s in steps} for t in TASKS},
        "by_dataset": {source: {s["step"]: s["pairs"] for s in steps}},
        "supplied_pairs": 0,
        "preferences": {"A": 18, "B": 0, "equal": 18},
    }
    write_json(pairs / "funnel.json", [funnel])
    setting = {"sign": "random", "beta": 0.7, "plane": "luminance"}
    grid = [
        {**setting, "beta": b, "median": 0.9, "low_quartile": 0.8, "high_quartile": 0.95}
        for b in (0.7, 1.0)
    ]
    write_json(
        pairs / "threshold.json",
        {"threshold": 0.9, "setting": setting, "images": 8, "grid": grid},
    )
    leak = {"test_images": 10, "also_in_train": 8, "share": 0.8}
    clean = {"test_images": 10, "also_in_train": 0, "share": 0.0}
    write_json(
        pairs / "leak.json",
        {
            "pairs_split": dict.fromkeys((*TASKS, "overall"), leak),
            "family_split": dict.fromkeys((*TASKS, "overall"), clean),
        },
    )
    for method in METHODS:
        value = images["score"] if method in ("psnr", "lpips") else 1 - images["score"]
        scores = {
            "image": images["image"],
            "method": method,
            "split": "all",
            "value": value,
            "reason": "",
        }
        write_scores(scored / f"{method}.csv", pd.DataFrame(scores))
    write_tables(analysis, source, values)
    write_observers(analysis, origin == "simulated")
    write_training(analysis)
    write_json(
        analysis / "provenance.json", {"commit": "abc", "seeds": {"mini": 0}, "note": HOSTILE}
    )
    people = {"sentence": "X stands for people here"} if origin == "simulated" else {}
    summary = {"headline": f"A headline {HOSTILE}", "observers": people}
    write_json(root / f"reports/metrics/{preset}.json", summary)
    write_labels(labels)
    write_reported(root)


def write_observers(folder: Path, simulated: bool) -> None:
    """Write what the step `observers` leaves: people agree with LPIPS, of JOD it is not known."""
    counts = {"pairs": 36, "low": 10, "fitted": 18, "high": 27}
    slopes = {"slope_low": 1.5, "slope_fitted": 2.5, "slope_high": 3.5}
    definite = dict.fromkeys(slopes, 0.674)
    row = {"set": "srij", "measure": "lpips", "acc": 0.72, "acc_low": 0.6, "acc_high": 0.8}
    row |= {"slope": 2.5, "slope_low": 1.5, "slope_high": 3.5, "nll": 0.68}
    row |= {"decided": 477, "pairs": 1173, "families": 9}
    agreed = {"set": "srij", "value": 0.72, "low": 0.6, "high": 0.8, "decided": 477}
    record = {
        "measure": "jod",
        "indifference": 0.58,
        "agreement": {"lpips": agreed, "jod": None},
        "decided": {"lpips": {**counts, **slopes}, "jod": {**counts, **definite}},
        "evidence": [row],
    }
    rows = [
        [measure, method, 0.5 + 0.1 * i * sign, 0.4, 0.7, 18, 4, 6]
        for measure, sign in (("lpips", 1), ("jod", -1))
        for i, method in enumerate(METHODS)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    write_csv(folder / "observers.csv", table if simulated else table[:0])
    write_json(folder / "observers.json", record if simulated else {})


def write_reported(root: Path) -> None:
    """Lay the paper's numbers beside the runs of a workspace."""
    shutil.copytree("reports/paper", root / "reports/paper", dirs_exist_ok=True)


def write_labels(folder: Path, *records: dict, **rows: list[dict]) -> None:
    """Write what `fgresq labels` leaves: records of sources, rows of its tables."""
    for name, columns in TABLES.items():
        table = pd.DataFrame(rows.get(name, []), columns=list(columns))
        write_csv(folder / f"{name}.csv", table)
    write_json(folder / "sources.json", list(records))


def write_empty_run(root: Path, preset: str = "paper") -> None:
    """Write a run whose only source is absent, as a preset's in the workspace `root`."""
    data, pairs, analysis, scored, labels = (
        of(root, phase, preset) for phase in ("data", "pairs", "analysis", "scores", "labels")
    )
    write_labels(labels)
    write_reported(root)
    write_images(data / "images.csv", empty(IMAGE_COLUMNS))
    write_json(data / "sources.json", [record("fgrestore", "FGRestore", "human", False)])
    write_pairs(pairs / "pairs.csv", empty(PAIR_COLUMNS))
    write_csv(pairs / "folds.csv", pd.DataFrame(columns=["source", "family", "fold"]))
    steps = [
        {"step": name, "pairs": 0, "images": 0}
        for name in ("all pairs", "coarse filter", "JND filter")
    ]
    funnel = {"source": "fgrestore", "tau": {}, "threshold": None, "steps": steps}
    funnel |= {"by_task": {}, "by_dataset": {}}
    write_json(pairs / "funnel.json", [funnel])
    write_json(
        pairs / "threshold.json", {"threshold": None, "setting": {}, "images": 0, "grid": []}
    )
    write_json(pairs / "leak.json", {"pairs_split": {}, "family_split": {}})
    write_scores(scored / "psnr.csv", empty(SCORE_COLUMNS))
    for name, columns in (
        ("performance", PERFORMANCE),
        ("intervals", INTERVALS),
        ("preference", PREFERENCE),
    ):
        write_csv(analysis / f"{name}.csv", pd.DataFrame(columns=columns))
    write_observers(analysis, False)
    write_json(analysis / "provenance.json", {"commit": "abc"})
    write_json(root / f"reports/metrics/{preset}.json", {"headline": "Nothing measured"})
    write_untrained(analysis)


def arguments(root: Path, preset: str = "mini", stand_in: str = "") -> list[str]:
    """Give the arguments of the step `report` that name a workspace and its runs."""
    words = ["--preset", preset, "--results", f"{root}/results", "--reports", f"{root}/reports"]
    return [*words, *(["--stand-in", stand_in] if stand_in else [])]


def read(root: Path, preset: str = "mini") -> Run:
    """Read a run as the report does."""
    return read_run(preset, root / "results", root / "reports/metrics")


def write_methods(path: Path) -> Path:
    """Write the methods file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(METHODS, sort_keys=False), encoding="utf-8")
    return path
