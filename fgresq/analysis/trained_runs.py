"""What training left on disk: its runs, read for the analysis.

A run is a folder `.../VARIANT/RUN` with a card and tables. RUN names what is tested (the number of
a fold, `pairs`, or `all` for nothing) and, after `-seed`, another seed. Where training could not be
had the card is of kind `absent` and the tables have no rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.errors import UserError
from fgresq.files import read_json
from fgresq.runs import split_run
from fgresq.tables import read_table

TASK_COLUMNS: dict[str, type] = {"image": str, "task": str, "predicted": str}
STAGE1_HISTORY: dict[str, type] = {"step": int, "lr_factor": float, "loss": float}
STAGE2_HISTORY: dict[str, type] = {**STAGE1_HISTORY, "scene": float, "rank": float}
VALUE_COLUMNS: dict[str, type] = {"image": str, "value": float}
CHANCE_COLUMNS: dict[str, type] = {"pair": str, "probability_a": float}


@dataclass(frozen=True)
class TrainedRun:
    """One trained run.

    Args:
        folder: where it lies.
        variant: name of the variant.
        name: of the run, such as `0`, `pairs` or `pairs-seed1`.
        side: what is tested: the number of a fold, `pairs` or `all`.
        seed: added to the seed of the settings.
        card: what the run says of itself.
    """

    folder: Path
    variant: str
    name: str
    side: str
    seed: int
    card: dict[str, Any]

    @property
    def absent(self) -> dict[str, str] | None:
        """Code, reason and next step where the run could not be trained."""
        return self.card["absent"] if self.card["kind"] == "absent" else None

    @property
    def of_fold(self) -> bool:
        """Whether a fold of families is tested."""
        return self.side.isdigit()

    def table(self, name: str, columns: dict[str, type]) -> pd.DataFrame:
        """Read one of the run's tables."""
        return read_table(self.folder / name, columns)


def read_runs(folders: Iterable[str | Path]) -> list[TrainedRun]:
    """Read the cards of runs, in order of variant and run.

    Raises:
        UserError: a folder is no run, or is given twice.
    """
    runs = [read_run(Path(folder)) for folder in folders]
    keys = [(run.variant, run.name) for run in runs]
    for run, key in zip(runs, keys, strict=True):
        if keys.count(key) > 1:
            problem = f"run '{run.name}' of variant '{run.variant}' is given twice"
            raise UserError(run.folder, problem, "Give its folder once")
    return sorted(runs, key=lambda run: (run.variant, run.side, run.seed))


def read_run(folder: Path) -> TrainedRun:
    """Read one card; a UserError names a folder that is no run."""
    path, mend = folder / "card.json", "Give the folder of a training run, .../VARIANT/RUN"
    card = read_json(path)
    if not isinstance(card, dict) or "kind" not in card:
        raise UserError(path, "this is no card of a training run", mend)
    try:
        side, without, seed = split_run(folder.name)
    except UserError:
        raise UserError(folder, f"'{folder.name}' names no run", mend) from None
    side += f"-without-{without}" if without else ""
    return TrainedRun(folder, folder.parent.name, folder.name, side, seed, card)
