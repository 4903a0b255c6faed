"""What the analysis says of the training of a run; empty where training was not run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq.analysis.ablation import ABLATION_COLUMNS, FULL
from fgresq.analysis.baseline_runs import CURVE_COLUMNS as BASELINE_CURVE_COLUMNS
from fgresq.analysis.baseline_runs import RUN_COLUMNS
from fgresq.analysis.learning import CONFUSION_COLUMNS, CURVE_COLUMNS, RELIABILITY_COLUMNS
from fgresq.files import read_json
from fgresq.tables import empty, read_table

VARIANTS = {  # title and what it is, in the order shown
    FULL: ("Full model", ""),
    "no_dfl": ("w/o DFL", "no degradation features"),
    "no_rank": ("w/o ranking loss", "λ of the ranking loss at zero"),
    "no_fidelity": ("w/o fidelity loss", "λ of the fidelity loss at zero"),
    "official_zero": ("Prompt block at zero", "as released: never learns from the degradation"),
    "frozen_encoder": ("Frozen encoder", "only prompt block and heads are trained"),
    "diagonal": ("Diagonal targets", "stage 1: same-text images count as wrong"),
}
TABLES = {
    "ablation": ABLATION_COLUMNS,
    "confusion": CONFUSION_COLUMNS,
    "reliability": RELIABILITY_COLUMNS,
    "curves": CURVE_COLUMNS,
    "baselines": RUN_COLUMNS,
    "baseline_curves": BASELINE_CURVE_COLUMNS,
}


@dataclass(frozen=True)
class Trained:
    """The tables of `ablation`, `training` and `baseline-runs`, and the record of the second."""

    ablation: pd.DataFrame = field(default_factory=lambda: empty(ABLATION_COLUMNS))
    confusion: pd.DataFrame = field(default_factory=lambda: empty(CONFUSION_COLUMNS))
    reliability: pd.DataFrame = field(default_factory=lambda: empty(RELIABILITY_COLUMNS))
    curves: pd.DataFrame = field(default_factory=lambda: empty(CURVE_COLUMNS))
    baselines: pd.DataFrame = field(default_factory=lambda: empty(RUN_COLUMNS))
    baseline_curves: pd.DataFrame = field(default_factory=lambda: empty(BASELINE_CURVE_COLUMNS))
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def there(self) -> bool:
        """Whether any run was trained."""
        return any(run["absent"] is None for run in self.record.get("runs", []))

    @property
    def absent(self) -> dict[str, str] | None:
        """Code, reason and next step where training could not be had."""
        return self.record.get("absent")

    @property
    def truncated(self) -> bool:
        """Whether training was stopped early."""
        return bool(self.record.get("truncated"))

    @property
    def caveat(self) -> str:
        """Say why numbers of the trained model do not compare to the paper's; empty if they do."""
        tower = self.record.get("tower") or {}
        return "; ".join(
            words
            for holds, words in (
                (tower.get("stand_in"), "a stand-in tower, not CLIP"),
                (self.truncated, "truncated training"),
            )
            if holds
        )

    @property
    def variants(self) -> list[str]:
        """The variants of the ablation in the order shown."""
        found = list(dict.fromkeys(self.ablation["variant"]))
        return sorted(found, key=lambda v: (list(VARIANTS).index(v) if v in VARIANTS else 99, v))


def variant_title(variant: str) -> str:
    """Give the name that readers see."""
    return VARIANTS.get(variant, (variant, ""))[0]


def read_trained(analysis: Path) -> Trained:
    """Read the files of a run's analysis that are about training; those there are.

    Raises:
        UserError: a file is unreadable.
    """
    tables = {
        name: read_table(analysis / f"{name}.csv", columns)
        for name, columns in TABLES.items()
        if (analysis / f"{name}.csv").exists()
    }
    path = analysis / "training.json"
    return Trained(**tables, record=read_json(path) if path.exists() else {})
