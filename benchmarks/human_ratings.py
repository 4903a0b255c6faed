"""SRIJ with parts left out: what FGResQ, baselines and ridges say of images they were not taught.

    make human-full                                   # the tables that it reads, this, and the page
    python -m benchmarks.human_ratings --estimate     # how many trainings are left, how long

Three protocols (fgresq/human/left_out.py): a family left out, a restorer left out as well, and one
model that was trained elsewhere only. FGResQ has the settings that the search chose, on features of
the frozen tower, or with --finalist with the last block trained; the baselines have those of the
preset `own`. Beside them stand ridges, an untrained tower, sharpness, a constant order of restorers
and methods without training. What was trained lies in work/ratings by all that it follows from, so
that a stopped call goes on. Writes reports/human/ratings.csv, and beside it command, commit, counts
and seconds (.json).
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from benchmarks.left_baselines import PRESET, Beside, absence_of, folder_of, trained
from fgresq import workspace
from fgresq.analysis.provenance import git_state
from fgresq.analysis.trivial import constant_order
from fgresq.baselines import BASELINES
from fgresq.catalogues import read_methods
from fgresq.errors import UserError
from fgresq.files import read_json, write_json
from fgresq.human.agreement import draws_of
from fgresq.human.answers import Bench
from fgresq.human.at_hand import read_sets
from fgresq.human.declared import CONSTANT, RANDOM, SHARPNESS, Line, read_declared
from fgresq.human.declared_search import read_search
from fgresq.human.left_models import Desk, by_fgresq, by_ridge, desk_of, is_made
from fgresq.human.left_out import ALGORITHM, ELSEWHERE, PROTOCOLS, Run, asked_of, runs_of
from fgresq.human.lent import lent
from fgresq.human.ratings_columns import COLUMNS, RECORD
from fgresq.human.ratings_table import Answer, lines_of, table_of
from fgresq.human.taught import Taught
from fgresq.presets import load
from fgresq.tables import write_table

OF = "srij"


@dataclass
class World:
    """What every row of every protocol is made of.

    Args:
        bench: sets at hand.
        others: sets that teach beside the set itself, as the search takes them.
        desk: of FGResQ.
        baselines: what their trainings share.
        seconds: that trainings of baselines took now.
    """

    bench: Bench
    others: dict[str, Taught]
    desk: Desk
    baselines: Beside
    seconds: list[float] = field(default_factory=list)

    @property
    def own(self) -> Any:
        """Give the set that is left out in parts."""
        return self.bench.sets[OF]

    def trained_on(self, with_own: bool, with_others: bool) -> str:
        """Name what teaches a row."""
        return " + ".join([f"{OF}, the rest"] * with_own + list(self.others) * with_others)


def teachings(protocol: str) -> dict[str, tuple[bool, bool]]:
    """Name the rows of a protocol by whether the set itself, and others, teach them."""
    if protocol == ELSEWHERE:
        return {"": (False, True)}
    return {"": (True, False), "_and_elsewhere": (True, True)}


def fgresq_rows(world: World, protocol: str, runs: Sequence[Run], bar: tqdm) -> dict[str, Answer]:
    """Train FGResQ for all runs of a protocol; a row a head that has an answer of its own."""
    found = {}
    for end, taught in teachings(protocol).items():
        parts = []
        for run in runs:
            parts.append(by_fgresq(world.desk, run, *taught))
            bar.update()
        told = world.trained_on(*taught)
        found[f"fgresq{end}"] = Answer("fgresq", told, np.concatenate([part[0] for part in parts]))
        gaps = [part[1] for part in parts if part[1] is not None]
        if len(gaps) == len(parts):
            found[f"fgresq{end}_compared"] = Answer("fgresq", told, gaps=np.concatenate(gaps))
    return found


def ridge_rows(world: World, protocol: str, runs: Sequence[Run]) -> dict[str, Answer]:
    """Fit ridges for all runs of a protocol: on the tower, and on an untrained one."""
    found = {}
    for end, taught in teachings(protocol).items():
        others = world.others if taught[1] else {}
        for tower, row, kind in (("dinov2", "ridge", "ridge"), ("random", RANDOM, "control")):
            values = [
                by_ridge(world.bench, run, world.own, others, tower, taught[0]) for run in runs
            ]
            told = world.trained_on(*taught)
            found[f"{row}{end}"] = Answer(kind, told, np.concatenate(values))
    return found


def baseline_row(
    world: World, protocol: str, method: str, runs: Sequence[Run], bar: tqdm
) -> Answer:
    """Train a baseline for all runs of a protocol."""
    told = world.trained_on(protocol != ELSEWHERE, protocol == ELSEWHERE)
    parts = []
    for run in runs:
        out, seconds = trained(world.baselines, protocol, method, run)
        world.seconds += [seconds] if seconds else []
        bar.update()
        if absent := absence_of(out):
            bar.update(len(runs) - 1)
            return Answer("baseline", told, reason=absent)
        scores = pd.read_csv(out / "scores.csv").set_index("image")["value"]
        parts.append(scores.reindex(world.own.images.loc[run.asked, "image"]).to_numpy(dtype=float))
    return Answer("baseline", told, np.concatenate(parts))


def untaught_rows(world: World, protocol: str, runs: Sequence[Run], methods: Iterable[str]) -> Any:
    """Give sharpness, a constant order of restorers, and methods without training."""
    own, found = world.own, {}

    def laid(values: np.ndarray) -> np.ndarray:
        return np.concatenate([values[run.asked] for run in runs])

    found[SHARPNESS] = Answer("control", "", laid(own.sharpness))
    if protocol == ALGORITHM:
        reason = "a restorer that is left out has no place in an order of the others"
        found[CONSTANT] = Answer("control", "", reason=reason)
    else:
        found[CONSTANT] = Answer("control", "", laid(constant_order(own.images)))
    for name in methods:
        line = Line(name=name, kind="method")
        reason = world.bench.lacking(line) or world.bench.lacking_on(line, OF)
        values = None if reason else laid(world.bench.by_method(name, OF))
        found[name] = Answer("method", "", values, reason=reason)
    return found


def trainings(world: World, baselines: Sequence[str]) -> dict[str, int]:
    """Count the trainings that are left to make, by what is trained."""
    found = {"fgresq": 0, "baseline": 0}
    for protocol in PROTOCOLS:
        runs = runs_of(world.own, protocol)
        for taught in teachings(protocol).values():
            found["fgresq"] += sum(not is_made(world.desk, run, *taught) for run in runs)
        for method in baselines:
            folder = folder_of(world.baselines, protocol, method)
            found["baseline"] += sum(not (folder / r.name / "card.json").exists() for r in runs)
    return found


def estimate(left: dict[str, int], record: Path) -> str:
    """Say how long the trainings that are left take, by what they took when last measured."""
    took = read_json(record).get("seconds_a_training", {}) if record.exists() else {}
    parts = []
    for kind, count in left.items():
        each = took.get(kind)
        minutes = f"about {count * each / 60:.0f} min" if each else "time not known yet"
        parts.append(f"{count} trainings of {kind}s ({minutes})")
    return "left to make: " + "; ".join(parts) + ". A bar shows the time left."


def world_of(args: argparse.Namespace) -> World:
    """Read the sets and prepare what all trainings share.

    Raises:
        UserError: the set itself is not at hand.
    """
    declared, search = read_declared(), read_search()
    presets = {name: "mini" if name == "mini" else "human" for name in declared.sets}
    tables = [args.data / p / "sources" / f"{name}.csv" for name, p in presets.items()]
    sets, absent = read_sets([table for table in tables if table.exists()], declared)
    if OF not in sets:
        raise UserError("make human-full", absent[OF], "Place it (docs/data-sets.md)")
    bench = Bench(declared, sets, absent)
    made = search.configured(search.chosen)
    everything = lent(sets, declared, search, args.simulated if args.simulated.exists() else None)
    others = {name: everything[name] for name in made.sets if name in everything}
    if not others:
        raise UserError("make human-full", absent[made.sets[0]], "Place it (docs/data-sets.md)")
    weights = workspace.weights_of(search.tower.tower)
    desk = desk_of(
        search, sets[OF], others, weights, args.work, args.threads, last_block=args.finalist
    )
    work = args.work / "baselines"
    beside = Beside(sets[OF], list(others.values()), weights, work, args.threads)
    return World(bench, others, desk, beside)


def rows_of(world: World, protocol: str, args: argparse.Namespace, bar: tqdm) -> list[dict]:
    """Make all rows of a protocol; give its lines."""
    runs = runs_of(world.own, protocol)
    answers = fgresq_rows(world, protocol, runs, bar)
    for method in args.baselines:
        answers[method] = baseline_row(world, protocol, method, runs, bar)
    answers |= ridge_rows(world, protocol, runs)
    answers |= untaught_rows(world, protocol, runs, args.methods)
    declared = world.bench.declared
    draws = draws_of(world.own, declared.bootstrap, declared.seed)
    return lines_of(protocol, asked_of(world.own, runs), answers, draws)


def mean_of(values: Sequence[float], before: float | None) -> float | None:
    """Give the mean of what was measured now, else what was known."""
    return round(float(np.mean(values)), 1) if values else before


def untrained() -> list[str]:
    """List the methods without training that the preset has, slow ones too, and the embedded."""
    preset, known = load().presets[PRESET], read_methods()
    names = [*preset.methods, *preset.full_methods]
    return [
        name for name in dict.fromkeys(names) if not known[name]["trained"] or name == "embedded"
    ]


def main(words: list[str] | None = None) -> None:
    """Train what is missing, and write the table with its record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("results/data"), help="image tables")
    simulated = Path("results/pairs/mini/pairs.csv")
    parser.add_argument("--simulated", type=Path, default=simulated, help="pairs of mini")
    parser.add_argument("--work", type=Path, default=Path("work/ratings"))
    parser.add_argument("--out", type=Path, default=Path("reports/human/ratings.csv"))
    parser.add_argument("--finalist", action="store_true", help="train the last block as well")
    parser.add_argument("--baselines", nargs="*", choices=BASELINES, default=BASELINES)
    parser.add_argument("--methods", nargs="*", default=untrained(), help="without training")
    parser.add_argument("--estimate", action="store_true", help="say what is left, and end")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(args.threads)
    world = world_of(args)
    left, record = trainings(world, args.baselines), args.out.with_name(RECORD)
    print(estimate(left, record))
    if args.estimate:
        return
    before = read_json(record).get("seconds_a_training", {}) if record.exists() else {}
    runs = {protocol: len(runs_of(world.own, protocol)) for protocol in PROTOCOLS}
    steps = sum(n * (len(teachings(p)) + len(args.baselines)) for p, n in runs.items())
    with tqdm(total=steps, desc="trainings", disable=None) as bar:
        lines = [line for p in PROTOCOLS for line in rows_of(world, p, args, bar)]
    write_table(args.out, table_of(lines), COLUMNS)
    took = {"fgresq": mean_of(world.desk.seconds, before.get("fgresq"))}
    took["baseline"] = mean_of(world.seconds, before.get("baseline"))
    declared = world.bench.declared
    about = {
        "command": "make human-full",
        **git_state(),
        "settings": world.desk.search.chosen,
        "last_block": args.finalist,
        "runs": runs,
        "bootstrap": declared.bootstrap,
        "seed": declared.seed,
        "images": {OF: len(world.own.images)} | {n: len(s.images) for n, s in world.others.items()},
        "seconds_a_training": took,
    }
    write_json(record, about)


if __name__ == "__main__":
    main()
