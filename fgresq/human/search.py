"""Search the settings that FGResQ is trained on people with: every declared configuration, once.

Each configuration is trained on the training sets less their first fold, on features of the frozen
tower that are computed once, and measured on the select sets and on that fold. The best are trained
again with the last block, for several seeds. What a configuration gave is kept by all that it
follows from, so that a stopped search goes on. No set of another role is read.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from fgresq.code_digest import code_identity
from fgresq.files import atomic, digest, read_json, sha256, write_json
from fgresq.human.agreed import agreement
from fgresq.human.declared_search import Configured, Search
from fgresq.human.stages import run_stage1, stage_arguments, write_tables
from fgresq.human.taught import Taught, at_most, joined
from fgresq.networks.task_clip import build_tower
from fgresq.sections import Stage2
from fgresq.tables import TASKS, read_pairs
from fgresq.training.feed import FrozenFeed, ImageFeed
from fgresq.training.setup import Setup, set_up
from fgresq.training.stage2 import CODE, STAGE2_TABLES, Degradation, Fitted, fit
from fgresq.weights.checkpoints import WEIGHTS

RUN = "0"  # the first fold is kept from training
KEPT = 3  # digits of a measure
PARTS = {  # measures of the criterion: columns by part
    "srij": ("srij_acc", "srij_srcc_groups"),
    "agiqa3k": ("agiqa3k_srcc",),
    "inner": ("clive_srcc", "biq2021_srcc", "mini_acc"),
}
COLUMNS: dict[str, type] = {
    "configuration": str,
    "finalist": str,  # yes: the last block was trained too
    "seed": int,
    "sets": str,  # that taught
    "criterion": float,  # mean of the three parts
    **{name: float for names in PARTS.values() for name in names},
    "srij_acc_compared": float,  # the same pairs by the comparison head
    "steps": int,
    "seconds": float,
}


@dataclass
class Bench:
    """What all configurations share.

    Args:
        search: as declared.
        sets: at hand, by name.
        tables: folder of the joined tables.
        weights: folder of the stand-in's weights.
        work: folder of what is kept.
        threads: of the CPU.
    """

    search: Search
    sets: Mapping[str, Taught]
    tables: Path
    weights: Path
    work: Path
    threads: int

    @property
    def of(self) -> str:
        """Name data and code: what is kept under another name is not taken up."""
        files = [sha256(self.tables / f"{name}.csv") for name in ("images", "pairs", "folds")]
        return digest([files, code_identity(CODE, "fgresq.training.stage1", __name__)])


def bench_of(
    search: Search, sets: Mapping[str, Taught], weights: Path, work: Path, threads: int
) -> Bench:
    """Join the sets of a search, as many images of each as it declares, and write their tables."""
    kept = [at_most(sets[name], search.most.get(name)) for name in search.roles]
    tables = work / "tables"
    write_tables(tables, *joined(kept, search.roles, search.folds))
    return Bench(search, {own.name: own for own in kept}, tables, weights, work, threads)


def setup_of(bench: Bench, made: Configured, folder: Path) -> Setup[Stage2]:
    """Give the run of a configuration: its own sets teach, all else is measured.

    Labels of select sets, and of the fold that is kept, are in none of what trains.
    """
    args = stage_arguments(bench.tables, RUN, bench.weights, folder, folder, bench.threads)
    setup = set_up(args, "stage2", made.tower, made.stage2, STAGE2_TABLES)
    assert setup is not None, "the tower is a stand-in, and there are images"
    sources = setup.images["source"].to_numpy()
    held = np.setdiff1d(np.arange(len(sources)), setup.train_rows)
    rows = setup.train_rows[np.isin(sources[setup.train_rows], made.sets)]
    pairs = setup.train_pairs[setup.train_pairs["source"].isin(made.sets)]
    names = set(setup.images["image"].iloc[held])
    every = pd.concat([setup.train_pairs, setup.test_pairs, barred_pairs(bench, setup)])
    told = every["image_a"].isin(names) & every["image_b"].isin(names)
    tested = every[told].drop_duplicates("pair")
    return replace(setup, train_rows=rows, train_pairs=pairs, test_rows=held, test_pairs=tested)


def barred_pairs(bench: Bench, setup: Setup[Stage2]) -> pd.DataFrame:
    """Give the pairs of select sets, which are in neither side of a fold."""
    pairs = read_pairs(bench.tables / "pairs.csv")
    return pairs[pairs["source"].isin(bench.search.named("select"))]


def frozen_feed(bench: Bench, setup: Setup[Stage2]) -> FrozenFeed:
    """Give the features of the frozen tower, computed once for all configurations."""
    path = bench.work / f"features-{digest([bench.of, setup.tower.record()])[:16]}.npy"
    if not path.exists():
        tower = build_tower(setup.tower, setup.weights, list(TASKS)).to(setup.on)
        values = setup.feed().features(tower, np.arange(len(setup.images)))
        with atomic(path) as scratch, open(scratch, "wb") as file:
            np.save(file, values.cpu().numpy())
    return FrozenFeed(torch.from_numpy(np.load(path)).to(setup.on))


def measures(setup: Setup[Stage2], made: Fitted, roles: Mapping[str, str]) -> dict[str, float]:
    """Measure a trained model on each set: of a training set, on the fold that was kept."""
    values = made.scores.set_index("image")["value"]
    held, found = setup.images.iloc[setup.test_rows], {}
    for name in roles:
        own = held[held["source"].eq(name)]
        pairs = setup.test_pairs[setup.test_pairs["source"].eq(name)]
        for measure, value in agreement(own, pairs, values).items() if len(own) else ():
            found[f"{name}_{measure}"] = value
    chances = made.ranking.set_index("pair")["probability_a"]
    pairs = setup.test_pairs[setup.test_pairs["source"].eq("srij")]
    decided = pairs[pairs["preference"].ne("equal")]
    likes_a = decided["pair"].map(chances).to_numpy() > 0.5
    found["srij_acc_compared"] = float((likes_a == decided["preference"].eq("A")).mean())
    return found


def criterion(found: Mapping[str, float]) -> float:
    """Give what selects: the mean over select sets and the inner fold, as declared."""
    parts = [np.mean([found[name] for name in names]) for names in PARTS.values()]
    return float(np.mean(parts))


def tried(bench: Bench, name: str, finalist: bool, seed: int) -> dict[str, Any]:
    """Give the row of a configuration: what was kept of it, or else what training it gives."""
    made = bench.search.configured(name, finalist, seed)
    key = digest([bench.of, made.record()])[:16]
    path = bench.work / "rows" / f"{name}-{key}.json"
    if path.exists():
        return read_json(path)
    started, folder = time.perf_counter(), bench.work / "runs" / key
    setup = setup_of(bench, made, folder)
    first = degradation_of(bench, made)
    degradation = Degradation(first, setup, False, made.stage1.objective)
    feed: ImageFeed = frozen_feed(bench, setup)
    if made.stage2.train_encoder:
        feed = setup.feed()
    identity = setup.identity((CODE,), key, sha256(first / WEIGHTS))
    trained = fit(name, setup, feed, degradation, identity, folder / "checkpoint.pt")
    found = measures(setup, trained, bench.search.roles)
    row = {
        "configuration": name,
        "finalist": "yes" if finalist else "",
        "seed": seed,
        "sets": " ".join(made.sets),
        "criterion": criterion(found),
        **{column: found[column] for column in COLUMNS if column in found},
        "steps": trained.job.steps,
        "seconds": round(time.perf_counter() - started, 1),
    }
    write_json(path, row)
    trained.job.checkpoint.unlink(missing_ok=True)
    return row


def degradation_of(bench: Bench, made: Configured) -> Path:
    """Give the degradation encoder of a configuration: one an objective, of all training sets."""
    settings = made.stage1.record()
    out = bench.work / f"stage1-{digest([settings, made.tower.record()])[:16]}"
    args = stage_arguments(bench.tables, RUN, bench.weights, out / "unfinished", out, bench.threads)
    return run_stage1(args, made.tower.record(), settings, bench.of)


def searched(bench: Bench) -> pd.DataFrame:
    """Try every configuration, then the best again as finalists; give the table, best first."""
    search, first = bench.search, bench.search.seeds[0]
    rows = [
        tried(bench, name, False, first)
        for name in tqdm(search.configurations, desc="configurations", disable=None)
    ]
    table = ordered(rows)
    best = table["configuration"].head(search.finalists).tolist()
    logging.info("finalists: %s", ", ".join(best))
    again = [(name, seed) for name in best for seed in search.seeds]
    finals = [
        tried(bench, name, True, seed) for name, seed in tqdm(again, desc="finalists", disable=None)
    ]
    return pd.concat([ordered(finals), table], ignore_index=True)


def best_of(table: pd.DataFrame) -> str:
    """Name the finalist with the best criterion, a mean over its seeds."""
    finals = table[table["finalist"].eq("yes")]
    return str(finals.groupby("configuration")["criterion"].mean().idxmax())


def ordered(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Order rows by their criterion, the best first; measures with three digits."""
    table = pd.DataFrame(rows).reindex(columns=list(COLUMNS)).astype(COLUMNS)
    table = table.sort_values(["criterion", "configuration"], ascending=[False, True])
    numbers = [name for name, kind in COLUMNS.items() if kind is float and name != "seconds"]
    return table.assign(**table[numbers].round(KEPT + 1)).reset_index(drop=True)
