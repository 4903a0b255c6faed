"""Compare restoration methods over a test set: who wins how often, and how sure that is.

    fgresq bench out/swinir out/dat
    fgresq bench out/* --reference originals --model lpips --model embedded
    fgresq bench out/swinir out/dat --json --csv contents.csv --html bench.html

A folder is a method. Images of one name, up to the suffix, are one content; names that a folder
lacks are told, and each pair of methods is compared on what both have. By every model, of every
pair of methods: the contents that each wins, the rate (an equal one counts half), the mean chance,
95 % intervals over contents (bootstrap), and the sign test, corrected after Holm for all pairs of a
model. Contents count as independent; many views of one scene are not. Of every method: its mean
score. --csv has every content and pair, from which all of it follows.

Images are looked at by one process a core where a model is on the CPU; the values are the same.
Exit code 1 where an image is missing or has no value.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fgresq.analysis.bootstrap import LEAST_FAMILIES, Draws, Measure
from fgresq.analysis.wins import REPLICATES, Duel, drawn, duel, holm, mean_of
from fgresq.errors import UserError
from fgresq.files import json_text, write_csv
from fgresq.scoring.matched import Matched, match
from fgresq.scoring.preferences import PROBABILITIES, Preference
from fgresq.scoring.terminal_table import (
    Faults,
    add_answers,
    aligned,
    between,
    chance,
    check_outputs,
    named_judges,
    number,
    plain,
    show,
)

if TYPE_CHECKING:
    from fgresq.scoring.judges import Judge
    from fgresq.scoring.looking import Seen

WON = {"A": 1.0, "B": 0.0, "equal": 0.5}
COLUMNS = ["model", "content", "method_a", "method_b", "path_a", "path_b", "better"]
COLUMNS += [*PROBABILITIES, "disagreement", "score_a", "score_b"]
SCORE_HEADS = ("METHOD", "MEAN SCORE", "95 %", "N")
DUEL_HEADS = ("A", "B", "A WINS", "B WINS", "EQUAL", "RATE OF A", "95 %", "CHANCE", "P", "P (HOLM)")
ONE_CONTENT = "no interval: one content, so that nothing varies"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="a method's images each")
    parser.add_argument("--reference", metavar="FOLDER", help="originals of the same names")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (default 0)")
    add_answers(parser)


@dataclass
class Benched:
    """What a model says of methods over a test set.

    Args:
        judge: the model.
        scores: mean score by method.
        duels: of every pair of methods, in the order that they were given.
        compared: preference by content and both methods.
    """

    judge: Judge
    scores: dict[str, Measure]
    duels: list[Duel]
    compared: dict[tuple[str, str, str], Preference]


def benched(
    judge: Judge, given: Matched, seen: dict[tuple[str, str], Seen], draws: Draws
) -> Benched:
    """Compare every pair of methods on the contents that both have a value of.

    Args:
        judge: that compares.
        given: the test set.
        seen: what the judge knows of each image, by method and content.
        draws: of the contents.
    """
    names = [str(name) for name in draws.families]
    scores = {}
    for method in given.methods:
        own = [seen.get((method, name), "") for name in names]
        values = [np.nan if isinstance(one, str) else one.score for one in own]
        scores[method] = mean_of(np.array(values), draws)
    compared: dict[tuple[str, str, str], Preference] = {}
    duels = []
    for first, second in combinations(given.methods, 2):
        won, share = np.full((2, len(names)), np.nan)
        for place, name in enumerate(names):
            a, b = seen.get((first, name), ""), seen.get((second, name), "")
            if not isinstance(a, str) and not isinstance(b, str):
                found = compared[name, first, second] = judge.prefer(a, b)
                won[place], share[place] = WON[found.better], found.share_a
        duels.append(duel(first, second, won, share, draws))
    for one, p in zip(duels, holm([one.p for one in duels]), strict=True):
        one.p_holm = p
    return Benched(judge, scores, duels, compared)


def tasks_of(given: Matched, judge: Judge) -> dict[tuple[str, str], tuple[str, str]]:
    """Give path and reference of every image that a judge can look at, by method and content."""
    full = judge.kind == "FR"
    return {
        key: (path, given.references.get(key[1], "") if full else "")
        for key, path in given.paths.items()
        if not full or key[1] in given.references
    }


def look(judge: Judge, given: Matched, threads: int, faults: Faults) -> dict[tuple[str, str], Seen]:
    """Look at all images; one without a value, or without an original, leaves the reason."""
    from fgresq.scoring.looking import look_at_all  # torch takes a second: not for --help

    tasks = tasks_of(given, judge)
    found = look_at_all(judge, list(tasks.values()), threads, faults.debug)
    for key, path in given.paths.items():
        if key not in tasks:
            faults.add(path, f"{path}: no value by {judge.name}, there is no original of its name")
    for path, own in ((task[0], found[task]) for task in tasks.values()):
        if isinstance(own, str):
            faults.add(path, own)
    return {key: found[task] for key, task in tasks.items()}


def main(args: argparse.Namespace) -> None:
    """Run the command."""
    from fgresq.scoring.looking import check_reference

    check_outputs(args)
    if len(args.folders) < 2:
        mend = "Give two or more; images of one content: fgresq rank"
        raise UserError("fgresq bench", "one folder is no comparison", mend)
    faults = Faults("images", args.debug)
    given = match(args.folders, args.reference)
    for method, names in given.missing.items():
        for name in names:
            faults.found[f"{method}/{name}"] = "it is missing"
    judges = named_judges(args)
    check_reference(judges, args.reference is not None)
    draws = drawn(given.contents, args.seed)
    found = [benched(j, given, look(j, given, args.threads, faults), draws) for j in judges]
    if args.json:
        show(json_text(records(found, given, faults)).rstrip())
    else:
        show("\n\n".join(told(one) for one in found))
        show(notes(given))
    if args.csv:
        write_csv(args.csv, pd.DataFrame(rows_of(found, given), columns=COLUMNS))
    if args.html:
        write_html(args.html, found, given)
    faults.finish(len(given.methods) * len(given.contents))


def notes(given: Matched) -> str:
    """Say what the intervals are over."""
    if len(given.contents) < LEAST_FAMILIES:
        return f"\n{ONE_CONTENT}"
    told = f"\nintervals: {REPLICATES} bootstraps over {len(given.contents)} contents"
    return f"{told}; of a rate of 0 or 1, where these have no width, exact"


def score_rows(found: Benched) -> list[tuple[str, ...]]:
    """Write the mean score of every method."""
    return [
        (method, number(own.value, 5), between(own.interval(), number), str(own.n))
        for method, own in found.scores.items()
    ]


def duel_rows(found: Benched) -> list[tuple[str, ...]]:
    """Write what every pair of methods wins of each other."""
    return [
        (one.first, one.second, *(str(n) for n in (one.wins, one.losses, one.equal)))
        + (chance(one.rate.value), between(one.rate_interval()), chance(one.chance.value))
        + (number(one.p, 2), number(one.p_holm, 2))
        for one in found.duels
    ]


def told(found: Benched) -> str:
    """Write what a model says."""
    facts = found.judge.facts
    lines = [facts.line(), f"scores: {facts.scale}", aligned(SCORE_HEADS, score_rows(found)), ""]
    lines.append(aligned(DUEL_HEADS, duel_rows(found), 2))
    lines += [f"chances: {facts.chances}"]
    lines += [f"note: {facts.warning}"] if facts.warning else []
    return "\n".join(lines)


def rows_of(found: Sequence[Benched], given: Matched) -> list[dict[str, Any]]:
    """Give a row a model, content and pair of methods, of `COLUMNS`."""
    return [
        {
            "model": one.judge.name,
            "content": name,
            "method_a": first,
            "method_b": second,
            "path_a": given.paths[first, name],
            "path_b": given.paths[second, name],
            "better": {"A": first, "B": second}.get(own.better, own.better),
            **{key: getattr(own, key) for key in COLUMNS[7:]},
        }
        for one in found
        for (name, first, second), own in one.compared.items()
    ]


def measured(own: Measure) -> dict[str, Any]:
    """Give the JSON form of a number with its interval; null for none."""
    return {"value": plain(own.value), "interval": [*map(plain, own.interval())], "n": own.n}


def records(found: Sequence[Benched], given: Matched, faults: Faults) -> dict[str, Any]:
    """Give the JSON form of all that was found, without the single contents."""
    return {
        "contents": len(given.contents),
        "missing": given.missing,
        "reasons": faults.found,
        "intervals": f"95 %, {REPLICATES} bootstraps over contents",
        "models": [
            {
                "model": one.judge.name,
                **one.judge.facts.record(),
                "mean_score": {method: measured(own) for method, own in one.scores.items()},
                "duels": [
                    {
                        **{key: getattr(d, key) for key in ("first", "second", "wins", "losses")},
                        "equal": d.equal,
                        "rate": measured(d.rate) | {"interval": [*map(plain, d.rate_interval())]},
                        "mean_chance": measured(d.chance),
                        "p_sign_test": plain(d.p),
                        "p_holm": plain(d.p_holm),
                    }
                    for d in one.duels
                ],
            }
            for one in found
        ],
    }


def write_html(out: str, found: Sequence[Benched], given: Matched) -> None:
    """Write a page: what every model says, and the first contents under sliders."""
    from fgresq.scoring.web_page import MOST_SLIDERS, Part, slider_of, write_page

    parts = []
    for one in found:
        title, facts = one.judge.name, one.judge.facts
        about = [f"{facts.line()}. Scores: {facts.scale}. Chances: {facts.chances}."]
        parts.append(Part(f"{title}: scores", SCORE_HEADS, score_rows(one), about))
        parts.append(Part(f"{title}: wins", DUEL_HEADS, duel_rows(one)))
    lines = [notes(given).strip() + "."]
    if len(given.contents) > MOST_SLIDERS:
        lines.append(f"The first {MOST_SLIDERS} of {len(given.contents)} contents are shown.")
    sliders = []
    for name in given.contents[:MOST_SLIDERS]:
        there = [method for method in given.methods if (method, name) in given.paths]
        sliders.append(slider_of(name, [given.paths[method, name] for method in there], there))
    write_page(out, "Which restoration method is better", lines, parts, sliders)
