"""The mean score over batches and processes, as a torchmetrics.Metric."""

from __future__ import annotations

from typing import Any

import torch
from torchmetrics import Metric

from fgresq.catalogues import read_methods
from fgresq.scoring.python_use import scores_of


class MeanScore(Metric):
    """The mean score of all images that `update` was given, on whatever process.

    Images without a value are left out of the mean and counted in `without`.

    Args:
        name: of a model or a method, as `fgresq.load` and `fgresq.metric` take them.
        options: of the method, as far as its entry names them; others go to torchmetrics.Metric.
    """

    is_differentiable = False
    full_state_update = False
    total: torch.Tensor
    count: torch.Tensor
    without: torch.Tensor

    def __init__(self, name: str = "embedded", **options: Any) -> None:
        known = read_methods().get(name, {}).get("options", {})
        own = {key: options.pop(key) for key in list(options) if key in known}
        super().__init__(**options)
        self.scores = scores_of(name, **own)
        self.add_state("total", torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")
        for state in ("count", "without"):
            self.add_state(state, torch.tensor(0), dist_reduce_fx="sum")

    @property
    def higher_is_better(self) -> bool:  # type: ignore[override]
        """Give the direction of the scores."""
        return self.scores.higher_better

    def update(self, preds: Any, target: Any = None) -> None:
        """Score a batch.

        Args:
            preds: images in any form that `fgresq.metric` takes, such as RGB (n, 3, h, w), 0 to 1.
            target: references of the same form, for methods that take them; else not looked at.
        """
        for value, reason in self.scores.judge(preds, target):
            if reason:
                self.without += 1
            else:
                self.total += value
                self.count += 1

    def compute(self) -> torch.Tensor:
        """Give the mean, a scalar; NaN where no image had a value."""
        return self.total / self.count if self.count else torch.full_like(self.total, torch.nan)
