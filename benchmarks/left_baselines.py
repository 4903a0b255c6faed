"""Baselines taught what a run of `benchmarks.human_ratings` is taught, by their own step."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fgresq.baselines.shared import baseline_options
from fgresq.cli import main as fgresq_main
from fgresq.code_digest import code_identity
from fgresq.files import digest, read_json, sha256
from fgresq.human.left_out import ELSEWHERE, Run, folds_of
from fgresq.human.rated_sets import RatedSet
from fgresq.human.stages import write_tables
from fgresq.human.taught import Taught, joined
from fgresq.presets import load

PRESET = "own"
TABLES = ("images", "pairs", "folds")


@dataclass
class Beside:
    """What the trainings of baselines share.

    Args:
        own: the set that is left out in parts.
        others: sets that teach in the protocol `elsewhere`.
        weights: folder of the tower's weights.
        work: folder of what is kept.
        threads: of the CPU.
        tables: folders of tables that were written, by protocol.
    """

    own: RatedSet
    others: Sequence[Taught]
    weights: Path
    work: Path
    threads: int
    tables: dict[str, Path] = field(default_factory=dict)

    def tables_of(self, protocol: str) -> Path:
        """Write the tables of a protocol, once; give their folder."""
        if protocol not in self.tables:
            own, folder = (
                Taught(self.own.name, self.own.images, self.own.pairs),
                self.work / protocol,
            )
            role = "select" if protocol == ELSEWHERE else "train"
            others = self.others if protocol == ELSEWHERE else []
            roles = {other.name: "train" for other in others} | {own.name: role}
            images, pairs, folds = joined([*others, own], roles, 2)
            if protocol != ELSEWHERE:
                folds = folds_of(self.own, protocol)
                by = folds.set_index("family")["fold"]
                pairs = pairs.assign(fold=pairs["family"].map(by).astype(int))
            write_tables(folder, images, pairs, folds)
            self.tables[protocol] = folder
        return self.tables[protocol]


def settings_of(protocol: str, method: str) -> dict[str, Any]:
    """Give the settings of a baseline: of the preset; elsewhere, scenes are data sets."""
    tower, own = baseline_options(load().presets[PRESET], method)
    settings = own.record()
    if protocol == ELSEWHERE:
        over = {"scene": "dataset", "meta_by": "dataset"}
        settings |= {name: value for name, value in over.items() if name in settings}
    return {"tower": tower.record(), "baseline": settings}


def folder_of(beside: Beside, protocol: str, method: str) -> Path:
    """Name the folder of a baseline's runs, by all that they follow from."""
    tables = beside.tables_of(protocol)
    files = [sha256(tables / f"{name}.csv") for name in TABLES]
    code = code_identity("fgresq.baselines.train", f"fgresq.baselines.{method}")
    return tables / f"{method}-{digest([files, settings_of(protocol, method), code])[:16]}"


def trained(beside: Beside, protocol: str, method: str, run: Run) -> tuple[Path, float]:
    """Train a baseline for a run, if not done yet; give its folder and the seconds it took now."""
    tables, folder = beside.tables_of(protocol), folder_of(beside, protocol, method)
    out, started = folder / run.name, time.perf_counter()
    if (out / "card.json").exists():
        return out, 0.0
    call = ["step", "train-baseline", method, run.name, "--weights", str(beside.weights)]
    for name in TABLES:
        call += [f"--{name}", str(tables / f"{name}.csv")]
    call += ["--options", json.dumps(settings_of(protocol, method))]
    call += ["--work", str(folder / "work" / run.name), "--out", str(out)]
    if fgresq_main([*call, "--threads", str(beside.threads)]):
        raise SystemExit(f"{method}, {protocol}, run {run.name}: failed; the lines above say why")
    return out, time.perf_counter() - started


def absence_of(out: Path) -> str:
    """Say why a run was not made, and the next step; empty where it was."""
    card = read_json(out / "card.json")
    if card["kind"] != "absent":
        return ""
    return f"{card['absent']['reason']}; next step: {card['absent']['next_step']}"
