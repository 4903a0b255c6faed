"""Pairs to look at, one at a time, with what methods say (Figures 1, 6 and 7 to 18)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fgresq.report.parts.cells import Methods, Table
from fgresq.report.parts.pair_records import choices, long_table, record
from fgresq.report.parts.pairs_shown import GAP_STEP, HARDEST, SEED, Shown
from fgresq.report.parts.site_images import MOST_BYTES, TOO_MANY, Kept, keep_images
from fgresq.report.site import Lacking, Page, Site
from fgresq.tables import TASKS

PAGE = Page("pairs", "Pairs", "Which of these two would you prefer, and what do metrics say?")
SHOTS = ("A", "B", "reference")
# what stands under the slider before a script has put a pair there
EMPTY = "data:image/webp;base64,UklGRh4AAABXRUJQVlA4TBEAAAAvAAAAAAfQ//73v/+BiOh/AAA="


def values(site: Site) -> dict[str, Any]:
    """Give the pairs, their filters and what is said of the choice; write their images."""
    kept = keep_images((p for each in site.shown_pairs for p in each.paths), Path(site.out))
    shown = in_order(each for each in site.shown_pairs if affordable(each, kept))
    if not shown:
        raise Lacking("no pair was decided", "Place a data set whose images can be paired")
    order = methods_in(shown, site.methods)
    records = [record(each, kept, order, site.titles) for each in shown]
    shots = [{"label": label, "uri": EMPTY, "width": 1, "height": 1} for label in SHOTS]
    return {
        "data": {"pairs": records},
        "choices": choices(records, site.methods, site.titles),
        "judges": [(site.methods.title(name), site.methods.role(name)) for name in order],
        "slider": {"name": "The pair", "shots": shots, "left": 0, "right": 1, "reference": 2},
        "rule": rule(shown, site),
        "preset": site.run.preset,
        "all": Table("pairs_shown", "Pairs shown.", [], [], long_table(shown, kept)),
    }


def affordable(each: Shown, kept: Mapping[str, Kept]) -> bool:
    """Tell whether no image of a pair had to be left out for the sake of the site's size."""
    return all(kept[path].reason != TOO_MANY for path in each.paths[:2])


def in_order(shown: Iterable[Shown]) -> list[Shown]:
    """Put pairs in the order of the page: by task, from fine to coarse."""
    tasks = {task: place for place, task in enumerate(TASKS)}
    return sorted(
        shown,
        key=lambda each: (
            tasks[each.pair["task"]],
            round(abs(each.pair["score_difference"]), 6),
            each.pair["pair"],
        ),
    )


def methods_in(shown: Sequence[Shown], methods: Methods) -> list[str]:
    """List the methods that say something of any pair: ranked ones first, each by title."""
    names = {v.method for each in shown for v in each.verdicts}
    return sorted(names, key=lambda n: (not methods.ranked(n), methods.title(n), n))


def rule(shown: Sequence[Shown], site: Site) -> str:
    """Say how the pairs were chosen, and of which tasks there are fewer than asked for."""
    number, pairs = site.options.pairs, site.run.pairs
    decided = Counter(pairs.loc[pairs["preference"] != "equal", "task"])
    counts = Counter(each.pair["task"] for each in shown)
    told = (
        f"{len(shown)} of {sum(decided.values())} decided pairs, at most {number} a task, drawn by "
        f"a hash of their images' names (seed {SEED}), in turn from each step of {GAP_STEP} in "
        f"score difference; no score and no pixel decides what is drawn. Marked as hardest are the "
        f"{HARDEST} pairs of each task that most methods misrank."
    )
    short = [task for task in TASKS if counts[task] < min(number, decided[task])]
    if short:
        told += (
            f" Fewer than asked for, so that all images stay under {MOST_BYTES // 1_000_000} MB: "
            + ", ".join(f"{task} {counts[task]}" for task in short)
            + "."
        )
    return told
