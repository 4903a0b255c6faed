"""What the browser of pairs reads: a record a pair, and the filters that its records answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fgresq.report.parts.cells import Methods, decimal, missing
from fgresq.report.parts.pairs_shown import GAP_STEP, Shown, gap_step
from fgresq.report.parts.site_images import Kept
from fgresq.report.parts.verdicts import RIGHT, WRONG, Verdict, votes_text
from fgresq.tables import TASKS

FGRESQ = "fgresq"
NO_REFERENCE = "the data set has none"
UNKNOWN = "unknown"
SSIM_STEPS = (0.0, 0.7, 0.8, 0.9)  # classes of the filter begin here; the last ends at 1
VOTE_STEPS = (0.0, 0.6, 0.8, 1.0)
SHOWS = {
    "fgresq-right": "every metric wrong, FGResQ right",
    "fgresq-wrong": "every metric right, FGResQ wrong",
    "hardest": "hardest of its task",
    "all-wrong": "every method wrong",
    "all-right": "every method right",
}


@dataclass(frozen=True)
class Choice:
    """A filter: pairs whose record has the chosen value under `key`; options are value, text."""

    key: str
    label: str
    options: list[tuple[str, str]]


def class_of(value: float | None, steps: Sequence[float]) -> str:
    """Give the class of a value by where it begins; unknown where there is no value."""
    if value is None or missing(value):
        return UNKNOWN
    return f"{max(step for step in steps if value >= step - 1e-6):.2f}"


def gap_class(difference: float) -> str:
    """Give the class of a score difference by where it begins."""
    step = gap_step(difference)
    return UNKNOWN if step < 0 else f"{step * GAP_STEP:.2f}"


def share_of_preferred(pair: Mapping[str, Any]) -> float:
    """Give the proportion of votes for the image that is preferred; NaN where it is unknown."""
    share = float(pair["fraction_a"])
    return share if pair["preference"] == "A" else 1 - share


def shows(each: Shown) -> list[str]:
    """List what a pair shows, by the keys of `SHOWS`; sanity rows have no say in it."""
    methods = {v.method: v.verdict for v in each.verdicts if v.role == "method"}
    own = methods.get(FGRESQ)
    metrics = {verdict for method, verdict in methods.items() if method != FGRESQ}
    found = {
        "fgresq-right": own == RIGHT and metrics == {WRONG},
        "fgresq-wrong": own == WRONG and metrics == {RIGHT},
        "hardest": each.hard > 0,
        "all-wrong": set(methods.values()) == {WRONG},
        "all-right": set(methods.values()) == {RIGHT},
    }
    return [key for key, holds in found.items() if holds]


def record(
    each: Shown, kept: Mapping[str, Kept], order: Sequence[str], titles: Mapping[str, str]
) -> dict[str, Any]:
    """Give what the browser shows of a pair and filters it by.

    Args:
        each: the pair.
        kept: images of the site by path.
        order: methods, as their scores are to be listed.
        titles: of the sources.
    """
    pair, said = each.pair, {v.method: v for v in each.verdicts}
    return {
        "id": pair["pair"],
        "task": pair["task"],
        "group": pair["group"],
        "source": titles.get(pair["source"], pair["source"]),
        "images": [
            picture(each.image_a["image"], each.image_a["algorithm"], kept[each.image_a["path"]]),
            picture(each.image_b["image"], each.image_b["algorithm"], kept[each.image_b["path"]]),
            picture(each.reference, "", kept.get(each.reference, Kept(reason=NO_REFERENCE))),
        ],
        "prefers": pair["preference"],
        "votes": votes_text(pair),
        "origin": pair["label_origin"],
        "gap": decimal(pair["score_difference"], sign=True),
        "ssim": "" if missing(pair["ssim"]) else decimal(pair["ssim"]),
        "hard": each.hard,
        "wrong": each.wrong,
        "scores": [scores_of(said.get(method)) for method in order],
        "keys": {
            "task": pair["task"],
            "source": pair["source"],
            "gap": gap_class(pair["score_difference"]),
            "ssim": class_of(pair["ssim"], SSIM_STEPS),
            "votes": class_of(share_of_preferred(pair), VOTE_STEPS),
            "shows": shows(each),
            "wrong": [v.method for v in each.verdicts if v.verdict == WRONG],
        },
    }


def picture(name: str, by: str, kept: Kept) -> dict[str, Any]:
    """Give an image as the browser shows it, or the reason why it does not."""
    found = {"name": name, "by": by, "file": kept.file, "reason": kept.reason}
    return found | ({"width": kept.width, "height": kept.height} if kept.file else {})


def scores_of(verdict: Verdict | None) -> list[str]:
    """Give score of A, what is ranked higher, score of B, and right, wrong or tie."""
    if verdict is None:
        return []
    score_a, _, score_b = verdict.texts
    return [score_a, verdict.ranks, score_b, verdict.verdict]


def choices(
    records: Sequence[Mapping[str, Any]], methods: Methods, titles: Mapping[str, str]
) -> list[Choice]:
    """Give the filters, each with the values that the records have.

    Args:
        records: of `record`.
        methods: for their titles.
        titles: of the sources.
    """
    found: dict[str, set[str]] = {}
    for each in records:
        for key, value in each["keys"].items():
            found.setdefault(key, set()).update([value] if isinstance(value, str) else value)
    gaps = {value: span(value, float(value) + GAP_STEP) for value in known(found, "gap")}
    labels: list[tuple[str, str, Mapping[str, str]]] = [
        ("task", "Task", {task: task for task in TASKS}),
        ("source", "Source", titles),
        ("gap", "Score difference", gaps),
        ("ssim", "SSIM of A, B", spans(SSIM_STEPS, 1.0)),
        ("votes", "Votes for preferred", spans(VOTE_STEPS, 1.0)),
        ("shows", "Who is right", SHOWS),
        ("wrong", "Misranked by", {name: methods.title(name) for name in known(found, "wrong")}),
    ]
    made = []
    for key, label, words in labels:
        options = {**words, UNKNOWN: UNKNOWN}
        here = [(value, text) for value, text in options.items() if value in found.get(key, ())]
        made.append(Choice(key, label, here))
    return made


def known(found: Mapping[str, set[str]], key: str) -> list[str]:
    """List the values that are known under a key."""
    return sorted(found.get(key, set()) - {UNKNOWN})


def spans(steps: Sequence[float], end: float) -> dict[str, str]:
    """Give the classes that begin at `steps` and what they span."""
    ends = [*steps[1:], end]
    return {f"{low:.2f}": span(f"{low:.2f}", high) for low, high in zip(steps, ends, strict=True)}


def span(low: str, high: float) -> str:
    """Write a span of values."""
    return f"{low} to {high:.2f}" if float(low) < high else f"{high:.2f}"


def long_table(shown: Sequence[Shown], kept: Mapping[str, Kept]) -> pd.DataFrame:
    """Give a row for each pair and method: who is right, by which scores, and the files shown."""
    rows = []
    for each in shown:
        pair = each.pair
        about = {name: pair[name] for name in ("pair", "task", "source", "group")}
        about |= {name: pair[name] for name in ("image_a", "image_b")}
        about |= {
            "file_a": kept[each.image_a["path"]].file,
            "file_b": kept[each.image_b["path"]].file,
            "file_reference": kept[each.reference].file if each.reference else "",
        }
        about |= {name: pair[name] for name in ("score_difference", "ssim", "fraction_a")}
        about |= {"preference": pair["preference"], "methods_wrong": each.wrong}
        about["hardest"] = each.hard or None
        for v in each.verdicts:
            said = {"method": v.method, "role": v.role, "score_a": v.score_a, "ranks": v.ranks}
            rows.append({**about, **said, "score_b": v.score_b, "verdict": v.verdict})
    return pd.DataFrame(rows)
