"""Whether a run reproduces the numbers in git, to within what moves between processors.

The last digits of sums depend on the processor. How far that moves each kind of number of the
metrics file is measured (`make check-machines`, with --whole) and kept in reports/machines.json.
Where a run's numbers differ from git's by no more, git's file stands as it is, so that a run that
reproduces it leaves the tree clean; where one differs by more, or any count, text or name does,
the new file is written.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fgresq.analysis.provenance import run_git
from fgresq.files import read_json


@dataclass(frozen=True)
class Difference:
    """What differs between two metrics files.

    Args:
        numbers: by place (keys joined by " / "), how far a fraction moved.
        others: places of counts, texts, names and missing values that differ.
    """

    numbers: dict[str, float] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


def compare(old: Any, new: Any, place: str = "") -> Difference:
    """Compare two JSON values; whole numbers and texts have to be equal."""
    if isinstance(old, dict) and isinstance(new, dict):
        parts = [
            compare(old[key], new[key], f"{place} / {key}".removeprefix(" / "))
            for key in sorted(old.keys() & new.keys())
        ]
        only = sorted(old.keys() ^ new.keys())
        return Difference(
            {where: by for part in parts for where, by in part.numbers.items()},
            [
                *(f"{place} / {key}".removeprefix(" / ") for key in only),
                *(where for part in parts for where in part.others),
            ],
        )
    if isinstance(old, float) and isinstance(new, float):
        return Difference({place: abs(new - old)} if new != old else {})
    return Difference(others=[] if type(old) is type(new) and old == new else [place])


def trained_in(methods: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Name the methods that are trained here."""
    return {name for name, entry in methods.items() if entry["trained"]}


def kind_of(place: str, trained: Collection[str]) -> str:
    """Give the kind of a number: of a trained method or not, and its statistic.

    Args:
        place: as in `Difference`.
        trained: names of the trained methods.
    """
    keys = place.split(" / ")
    if keys[0] in ("ablation", "task_accuracy"):
        return f"trained {keys[-2] if keys[0] == 'ablation' else keys[0]}"
    if keys[0] in ("family", "pairs", "intervals"):
        method = keys[2 if keys[0] == "intervals" else 1]
        where = "in intervals" if keys[0] == "intervals" else ""
        side = "trained" if method in trained else "untrained"
        return f"{side} {keys[-2]} {where}".strip()
    return keys[0]


def greatest_by_kind(numbers: Mapping[str, float], trained: Collection[str]) -> dict[str, float]:
    """Give the greatest movement of each kind of number."""
    found: dict[str, float] = {}
    for place, by in numbers.items():
        kind = kind_of(place, trained)
        found[kind] = round(max(found.get(kind, 0.0), by), 9)
    return found


def beyond(
    found: Difference, tolerance: Mapping[str, float], trained: Collection[str]
) -> dict[str, float]:
    """Give the numbers that moved further than the tolerance of their kind, the furthest first.

    Args:
        found: of two metrics files.
        tolerance: by kind; a kind that is not in it has none.
        trained: names of the trained methods.
    """
    slack = 1e-9  # of the subtraction of two numbers of six decimals
    far = {
        place: by
        for place, by in found.numbers.items()
        if by > tolerance.get(kind_of(place, trained), 0.0) + slack
    }
    return dict(sorted(far.items(), key=lambda item: -item[1]))


def tolerance_of(path: str | None, preset: str) -> dict[str, float]:
    """Read how far each kind of number moves between processors; empty where it is not measured."""
    record = read_json(path) if path and Path(path).exists() else {}
    return record.get("metrics", {}) if record.get("preset") == preset else {}


def in_git(path: str | Path) -> str | None:
    """Give the text of a file as the last commit has it; None where there is none."""
    folder, name = Path(path).parent, Path(path).name
    return run_git("-C", str(folder), "show", f"HEAD:./{name}")


def told(found: Difference, far: Mapping[str, float]) -> str:
    """Say what moved beyond what moves between processors."""
    parts = [f"{place} by {by:.6f}" for place, by in list(far.items())[:5]]
    parts += [f"{place} is another" for place in found.others[:5]]
    count = len(far) + len(found.others)
    more = f"; and {count - len(parts)} more" if count > len(parts) else ""
    return "; ".join(parts) + more


def settle(
    path: str | Path, new: str, tolerance: Mapping[str, float], trained: Collection[str]
) -> tuple[str, str]:
    """Choose between git's metrics file and a run's.

    Args:
        path: of the file.
        new: its text, as the run has it.
        tolerance, trained: as `beyond`.

    Returns:
        The text to write, and what is to be said of it; nothing where the bytes are git's, or git
        has no such file.
    """
    old = in_git(path)
    if old is None or old == new:
        return new, ""
    try:
        found = compare(json.loads(old), json.loads(new))
    except ValueError:
        return new, f"{path}: the file in git is no JSON"
    far = beyond(found, tolerance, trained)
    if far or found.others:
        return new, f"{path} differs from the numbers in git: {told(found, far)}"
    most = max(found.numbers.values(), default=0.0)
    return old, f"{path} reproduces the numbers in git to within {most:.6f}, and stays as it is"
