"""FGResQ trained on sets that people rated, by the settings that the search chose.

What `train-human` and the rows of the bench of transfer have in common: one piece of code trains.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch

from fgresq.code_digest import code_identity
from fgresq.files import digest
from fgresq.human.declared_search import Search
from fgresq.human.stages import run_stage1, run_stage2, stage_arguments, write_tables
from fgresq.human.taught import Taught, joined
from fgresq.training import stage1, stage2

RUN = "all"  # every image of a set that teaches


def learnt(
    search: Search,
    taught: Sequence[Taught],
    others: Sequence[Taught],
    weights: Path,
    work: Path,
    out: Path,
    seed: int = 0,
    threads: int = 1,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train both stages; a call that was stopped goes on from what lies in `work`.

    Args:
        search: what is `chosen` in it, as of a finalist, are the settings.
        taught: sets that teach.
        others: sets that the model is asked of; their labels reach no training.
        weights: folder of the tower's weights.
        work: folder of tables and checkpoints, of no use once a caller has written all.
        out: folder of the model; it has the scores of `others` (scores.csv) and the chances of
            their pairs (ranking.csv).
        seed: of heads and batches.
        threads: of the CPU.

    Returns:
        Image and pair table of all sets.
    """
    torch.set_num_threads(threads)
    made = search.configured(search.chosen, finalist=True, seed=seed)
    roles = {own.name: "train" for own in taught} | {own.name: "select" for own in others}
    images, pairs, folds = joined([*taught, *others], roles, search.folds)
    write_tables(work, images, pairs, folds)
    of = digest(
        [images["sha256"].tolist(), pairs.to_numpy(dtype=str).tolist(), made.record()]
        + [code_identity(stage1.CODE, stage2.CODE)]
    )
    tower = made.tower.record()
    first = run_stage1(
        stage_arguments(work, RUN, weights, work / "1", work / "stage1", threads),
        tower,
        made.stage1.record(),
        of,
    )
    second = stage_arguments(work, RUN, weights, work / "2", out, threads)
    run_stage2(second, tower, made.stage2.record(), first, search.chosen)
    return images, pairs
