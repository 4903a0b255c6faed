"""Say which of two images people prefer, and how sure that is.

    fgresq compare a.png b.png
    fgresq compare a.png b.png --reference clean.png --model lpips --model embedded
    fgresq compare a.png b.png --html pair.html       # a page with both under a slider
    fgresq compare - < pairs.csv                      # a pair a line: A,B or A,B,REFERENCE

Chances of A better, B better and equal stand by name, with the scores of both, by which model, and
what taught it. Where a model's head compares, both orders of the pair are asked and averaged, and
how far they disagree is told; two images of the same pixels are equal for certain. The embedded
model's chances are derived from its scores, and it gives none to "equal". A method of the catalogue
says no more than which is better; but models on A-FINE's equations, for which a reference need not
be perfect, tell what D is made of and chances as their training has them.

How sure: under .6 a toss-up, from .6 leaning, from .75 likely (one just noticeable difference),
from .9 very likely, from .975 almost sure. It is the model's word: that of simulated observers
where those taught it. Images of unlike size, or that seem to show different things, are compared
with a warning.

--model: embedded (in the package), official (the authors' FGResQ, `fgresq data fetch
fgresq_released`), a folder of weights that was trained here, or a method (`fgresq methods`).
Default: official where it is placed, else embedded. Exit code 1 where a pair has no answer.
"""

from __future__ import annotations

import argparse
import csv
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd
from tqdm import tqdm

from fgresq.errors import UserError
from fgresq.files import json_text, write_csv
from fgresq.scoring.given import STDIN, lines_of
from fgresq.scoring.pictures import of_name, opened, sketch, warnings_of
from fgresq.scoring.preferences import PROBABILITIES, Preference, sureness
from fgresq.scoring.terminal_table import (
    Faults,
    add_answers,
    aligned,
    chance,
    check_outputs,
    named_judges,
    number,
    plain,
    show,
)

if TYPE_CHECKING:
    from fgresq.scoring.judges import Judge
    from fgresq.scoring.looking import Look

HEADS = ("A", "B", "BETTER", "A BETTER", "B BETTER", "EQUAL", "SCORE A", "SCORE B")
COLUMNS = ["image_a", "image_b", "reference", "model", "better", *PROBABILITIES, "chance"]
COLUMNS += ["sureness", "disagreement", "score_a", "score_b", "direction", "reason"]


@dataclass
class Compared:
    """A pair with what judges said of it.

    Args:
        a, b: image files.
        reference: of both; empty: none.
        answers: by the judge's name.
        warnings: what makes it an odd pair.
    """

    a: str
    b: str
    reference: str
    answers: dict[str, Preference] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name the pair."""
        return f"{self.a} and {self.b}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("images", nargs="+", metavar="A B", help="two images; - for pairs on stdin")
    parser.add_argument("--reference", metavar="FILE", help="what both were restored from or to")
    add_answers(parser)


def pairs_of(args: argparse.Namespace) -> list[Compared]:
    """List the pairs of a call.

    Raises:
        UserError: there are not two images, or a line names no pair.
    """
    if args.images == [STDIN]:
        rows = list(csv.reader(lines_of(sys.stdin)))
        for row, line in enumerate(rows, 1):
            if len(line) not in (2, 3):
                problem = f"{len(line)} names stand there"
                raise UserError(f"stdin, line {row}", problem, "Write A,B or A,B,REFERENCE")
        return [Compared(line[0], line[1], [*line, args.reference or ""][2]) for line in rows]
    names = [name for given in args.images for name in of_name(given)]
    if len(names) != 2:
        problem = f"{len(names)} images are given, and two are compared"
        mend = "Give A and B; for more of one content: fgresq rank; for folders: fgresq bench"
        raise UserError("fgresq compare", problem, mend)
    return [Compared(names[0], names[1], args.reference or "")]


def answer(pair: Compared, judges: list[Judge], looks: list[Look], faults: Faults) -> None:
    """Ask every judge of a pair; one that has nothing to say leaves the reason."""
    with faults.of(pair.name):
        pair.warnings = warnings_of(sketch(opened(pair.a)), sketch(opened(pair.b)))
        for judge, look in zip(judges, looks, strict=True):
            with faults.of(f"{pair.name}, {judge.name}"):
                seen = [look(path, pair.reference) for path in (pair.a, pair.b)]
                pair.answers[judge.name] = judge.prefer(*seen)
                for path, own in zip((pair.a, pair.b), seen, strict=True):
                    if own.warning:
                        pair.warnings.append(f"{judge.name}: {path} is {own.warning}")


def record(judge: Judge, found: Preference | None) -> dict[str, Any]:
    """Give the JSON form of what a judge said of a pair; null where it has nothing to say."""
    if found is None:
        return {"model": judge.name, "better": None}
    return {
        "model": judge.name,
        "better": found.better,
        **{name: plain(getattr(found, name)) for name in PROBABILITIES},
        "chance": found.chance,
        "sureness": None if found.chance is None else sureness(found.chance),
        "disagreement": found.disagreement,
        "score_a": plain(found.score_a),
        "score_b": plain(found.score_b),
        "direction": "higher" if judge.higher_better else "lower",
        **parts_of(found),
    }


def parts_of(found: Preference) -> dict[str, float]:
    """Name what the scores of both images are made of, as columns of a table."""
    sides = {"a": found.parts_a, "b": found.parts_b}
    return {f"{name}_{side}": value for side, own in sides.items() for name, value in own.items()}


def told_parts(found: Preference, judge: Judge) -> list[str]:
    """Write what the scores of both images are made of, a line each."""
    sides = {"A": found.parts_a, "B": found.parts_b}
    return [
        f"  of {side}: {', '.join(f'{judge.words[n]} {number(v)}' for n, v in own.items())}"
        for side, own in sides.items()
        if own
    ]


def table_of(pairs: Sequence[Compared], judges: Sequence[Judge], faults: Faults) -> pd.DataFrame:
    """Give a row a pair and judge, of `COLUMNS`; then what scores are made of, as far as told."""
    rows = []
    for pair in pairs:
        names = {"image_a": pair.a, "image_b": pair.b, "reference": pair.reference}
        for judge in judges:
            own = record(judge, pair.answers.get(judge.name))
            reason = faults.found.get(pair.name, faults.found.get(f"{pair.name}, {judge.name}", ""))
            rows.append({**names, **own, "reason": reason})
    more = dict.fromkeys(name for row in rows for name in row if name not in COLUMNS)
    return pd.DataFrame(rows, columns=[*COLUMNS, *more])


def how_sure(found: Preference, simulated: bool) -> str:
    """Say in words what is answered, how sure that is, and whether observers were simulated."""
    if found.equal == 1:
        return "they are equal: the same pixels"
    told = "neither is better" if found.better == "equal" else f"{found.better} is better"
    if found.chance is None:
        return f"{told} by its scores; it gives no chances"
    whose = ", simulated confidence" if simulated else ""
    return f"{told} ({chance(found.chance)}, {sureness(found.chance)}{whose})"


def against(found: Preference, judge: Judge) -> str:
    """Say where the scores have it otherwise than the chances."""
    ahead = (found.score_a > found.score_b) - (found.score_a < found.score_b)
    by_score = {0: "equal", 1: "A", -1: "B"}[ahead if judge.higher_better else -ahead]
    return "" if by_score == found.better else f"by the scores alone: {by_score}"


def told_of_one(pair: Compared, judges: Sequence[Judge]) -> str:
    """Write what all judges say of one pair."""
    parts = [
        f"A  {pair.a}\nB  {pair.b}" + (f"\nreference  {pair.reference}" * bool(pair.reference))
    ]
    for judge in judges:
        found = pair.answers.get(judge.name)
        if found is None:
            continue
        chances = {"A better": found.a_better, "B better": found.b_better, "equal": found.equal}
        rows = [(name, chance(value)) for name, value in chances.items()]
        scores = (number(found.score_a, 5), number(found.score_b, 5))
        lines = [
            judge.facts.line(),
            f"  {how_sure(found, judge.facts.simulated)}",
            against(found, judge),
        ]
        lines += [f"  chances: {judge.facts.chances}"] if found.a_better is not None else []
        lines += aligned(("  chance", ""), [(f"  {n}", v) for n, v in rows]).split("\n")[1:]
        lines += [f"  score of A {scores[0]}, of B {scores[1]} ({judge.scale})"]
        lines += told_parts(found, judge)
        if found.disagreement:
            lines.append(f"  the orders (A, B) and (B, A) disagree by {chance(found.disagreement)}")
        if judge.facts.warning:
            lines.append(f"  note: {judge.facts.warning}")
        parts.append("\n".join(line for line in lines if line.strip()))
    return "\n\n".join(parts)


def row_of(pair: Compared, judge: Judge) -> tuple[str, ...] | None:
    """Write what a judge says of a pair as cells: the judge, then those of `HEADS`."""
    found = pair.answers.get(judge.name)
    if found is None:
        return None
    chances = [chance(getattr(found, name)) for name in PROBABILITIES]
    scores = [number(value, 5) for value in (found.score_a, found.score_b)]
    return (judge.name, pair.a, pair.b, found.better, *chances, *scores)


def told_of_many(pairs: Sequence[Compared], judges: Sequence[Judge]) -> str:
    """Write what judges say of many pairs, a line each."""
    parts = []
    for judge in judges:
        rows = [cells[1:] for pair in pairs if (cells := row_of(pair, judge))]
        parts.append(f"{judge.facts.line()}\n{aligned(HEADS, rows, 3)}")
    return "\n\n".join(parts)


def main(args: argparse.Namespace) -> None:
    """Run the command."""
    from fgresq.scoring.looking import looker

    check_outputs(args)
    pairs = pairs_of(args)
    judges = named_judges(args)
    looks, faults = [looker(judge) for judge in judges], Faults("pairs", args.debug)
    for pair in tqdm(pairs, desc="comparing", disable=None if len(pairs) > 1 else True):
        answer(pair, judges, looks, faults)
        for warning in pair.warnings:
            logging.warning("%s: %s", pair.name, warning)
    if args.json:
        show(json_text(records(pairs, judges, faults)).rstrip())
    elif any(pair.answers for pair in pairs):
        show(told_of_one(pairs[0], judges) if len(pairs) == 1 else told_of_many(pairs, judges))
    if args.csv:
        write_csv(args.csv, table_of(pairs, judges, faults))
    if args.html:
        write_html(args.html, pairs, judges)
    faults.finish(len(pairs) * len(judges))


def write_html(out: str, pairs: Sequence[Compared], judges: Sequence[Judge]) -> None:
    """Write a page of the pairs: what was said, and both images under a slider."""
    from fgresq.scoring.web_page import MOST_SLIDERS, Part, slider_of, write_page

    rows = [cells for judge in judges for pair in pairs if (cells := row_of(pair, judge))]
    heads = ("model", *HEADS)
    notes = [f"{judge.facts.line()}. Chances: {judge.facts.chances}." for judge in judges]
    lines = [f"{pair.name}: {warning}." for pair in pairs for warning in pair.warnings]
    if len(pairs) > MOST_SLIDERS:
        lines.append(f"The first {MOST_SLIDERS} of {len(pairs)} pairs are shown as pictures.")
    sliders = [
        slider_of(pair.name, (pair.a, pair.b), (f"A: {pair.a}", f"B: {pair.b}"), pair.reference)
        for pair in pairs[:MOST_SLIDERS]
    ]
    write_page(
        out, "Which of two images is better", lines, [Part("Answers", heads, rows, notes)], sliders
    )


def records(
    pairs: Sequence[Compared], judges: Sequence[Judge], faults: Faults
) -> Mapping[str, Any]:
    """Give the JSON form of all that was said."""
    return {
        "models": {judge.name: judge.facts.record() for judge in judges},
        "pairs": [
            {
                "image_a": pair.a,
                "image_b": pair.b,
                "reference": pair.reference or None,
                "warnings": pair.warnings,
                "answers": [record(judge, pair.answers.get(judge.name)) for judge in judges],
                "reasons": [
                    told for name, told in faults.found.items() if name.startswith(pair.name)
                ],
            }
            for pair in pairs
        ],
    }
