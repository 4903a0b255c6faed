"""How far models on A-FINE's equations agree with people, where references are perfect.

    fgresq step afine-people --sources results/data/human/sources --out-dir results/afine/mini

On SRIJ every reference is perfect: the limit in which D should come down to F. Its pairs were
decided by people. srcolor has no references, so that N stands there alone; it is a test set, which
nothing here was chosen by. N has two recipes: the paper's, on simulated labels, and a ridge on
people's scores of the photographs of CLIVE; both stand on the simulated triplets as well.

people.csv has a line a row and set without `against`, and one more for each row that it is compared
with: the share of decided pairs in which it prefers what people prefer, a tie in value being wrong,
with 95 % intervals over photographs. people.json says what is missing, how D differs from F on
SRIJ, and how N of people does on photographs left out. Nothing offline has people's judgements of
images whose reference is not perfect.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from fgresq import workspace
from fgresq.analysis.inputs import write_rounded
from fgresq.arguments import at_least_one
from fgresq.files import write_json
from fgresq.imperfect.carried_claims import by_chance, verdict
from fgresq.imperfect.declared_presets import preset_of
from fgresq.imperfect.heads_at_hand import BASE, Looking, shipped
from fgresq.imperfect.people_rows import (
    Judged,
    by_heads,
    by_methods,
    by_one_line,
    by_people,
    sums,
)
from fgresq.imperfect.people_sets import CLIVE, SRCOLOR, SRIJ, PeopleSet, read_people
from fgresq.imperfect.people_table import PEOPLE_COLUMNS, nothing_of, people_lines
from fgresq.imperfect.phase_files import add_phase, phase_folder
from fgresq.imperfect.simulated_naturalness import simulated_lines
from fgresq.scoring.judging import add_judging

if TYPE_CHECKING:
    from fgresq.imperfect.seen_images import Seen
    from fgresq.model.adaptive import Afine

PHOTOGRAPHS = 400  # a tower takes seconds of a core for each


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    add_phase(parser)
    tables = "image tables of srij, srcolor and clive (default results/data/human/sources)"
    parser.add_argument("--sources", type=Path, metavar="FOLDER", help=tables)
    heads = "a folder a backbone (default: those of the package)"
    parser.add_argument("--heads", type=Path, metavar="FOLDER", help=heads)
    parser.add_argument(
        "--out-dir", type=Path, metavar="FOLDER", help="default: the phase's folder"
    )
    count = f"of CLIVE that teach N, by the order of their hashes (default {PHOTOGRAPHS})"
    parser.add_argument("--photographs", type=at_least_one, default=PHOTOGRAPHS, help=count)
    add_judging(parser)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    import torch

    cv2.setNumThreads(args.threads)
    torch.set_num_threads(args.threads)
    preset, phase = preset_of(args), phase_folder(args)
    out = args.out_dir or phase
    tables = args.sources or workspace.placed("results/data/human/sources")
    sets = {name: read_people(name, tables) for name in (SRIJ, SRCOLOR, CLIVE)}
    heads = shipped(args.heads or workspace.packaged("afine"))
    look = Looking(heads, args.photographs)
    taught = look.taught(sets[CLIVE])
    lines: list[dict[str, Any]] = []
    record: dict[str, Any] = {"missing": {n: s for n, s in sets.items() if isinstance(s, str)}}
    for name in (SRIJ, SRCOLOR):
        own = sets[name]
        if isinstance(own, str):
            logging.warning("%s", own)
            lines.append(nothing_of(name, own))
            continue
        seen = look.seen(own)
        rows = {**by_heads(own, heads, seen), **by_methods(own, args), **by_one_line(own)}
        rows |= by_people(own, taught, seen.get(BASE))
        rows |= sums(rows)
        lines += people_lines(own, rows, preset.bootstrap, preset.seed)
        if name == SRIJ:
            record["limit"] = limit(own, rows, seen, heads)
    simulated, reason = simulated_lines(phase, look, taught, preset)
    lines += simulated
    if reason:
        record["missing"]["diffiqa_mini"] = reason
    record["naturalness_clive"] = (
        {"reason": taught}
        if isinstance(taught, str)
        else {
            "recipe": "ridge",
            "photographs": taught.photographs,
            "srcc_photographs_left_out": round(taught.held_out, 6),
        }
    )
    record["heads"] = {n: m if isinstance(m, str) else "at hand" for n, m in heads.items()}
    record["claims"] = claims(lines)
    record["claims_in_all"] = by_chance(record["claims"])
    write_rounded(out / "people.csv", lines, PEOPLE_COLUMNS)
    write_json(out / "people.json", record)


def claims(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Judge every difference by its interval."""
    names = {(line["set"], line["row"]): line["title"] for line in lines if "row" in line}
    found = []
    for line in (line for line in lines if line.get("against")):
        own = {row: title for (name, row), title in names.items() if name == line["set"]}
        about = {"set": line["set"], "asked": line["asked"]}
        found.append(about | verdict(line, own, f"{line['set']}, {line['asked']}"))
    return found


def limit(
    own: PeopleSet,
    rows: Mapping[str, Judged],
    seen: Mapping[str, Seen],
    heads: Mapping[str, Afine | str],
) -> dict[str, Any]:
    """Say how near D comes to F where references are perfect, by backbone."""
    from scipy.stats import spearmanr

    found: dict[str, Any] = {}
    for backbone, model in heads.items():
        if isinstance(model, str):
            continue
        d, f = (rows[f"{backbone}/{part}"].values for part in ("distance", "fidelity"))
        told, pairs = seen[backbone].values, own.pairs
        a, b = pairs["a"].to_numpy(int), pairs["b"].to_numpy(int)
        weight = told["weight"].to_numpy(float)
        k = float(model.k)
        found[backbone] = {
            "srcc_of_d_and_f": round(float(spearmanr(d, f).statistic), 6),
            "pairs_ordered_alike": round(
                float(np.mean(np.sign(d[a] - d[b]) == np.sign(f[a] - f[b]))), 6
            ),
            "weight_median": float(f"{np.median(weight):.6g}"),
            "weight_below_a_tenth": round(float(np.mean(weight < 0.1)), 6),
            "above_1_over_k": round(float(np.mean(told["naturalness"] > 1 / k)), 6),
        }
    return found
