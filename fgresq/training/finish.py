"""What a driver ends with: the run's tables and weights, its card, and no checkpoint any more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import torch

from fgresq.files import write_csv
from fgresq.training.loop import Job
from fgresq.training.setup import Setup
from fgresq.training.token_cache import name_of
from fgresq.weights.checkpoints import write_weights


def facts(setup: Setup[Any], job: Job) -> dict[str, Any]:
    """Give what every card says of a run: steps, device, images and pairs of both sides."""
    return {
        "steps": job.steps,
        "device": name_of(setup.on),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "train_pairs": len(setup.train_pairs),
        "train_images": len(setup.train_rows),
        "test_images": len(setup.test_rows),
    }


def finish(
    out: Path,
    setup: Setup[Any],
    job: Job,
    tables: dict[str, pd.DataFrame],
    state: dict[str, torch.Tensor],
    card: dict[str, Any],
) -> None:
    """Write what a run made; the card last, for its being there says that the run is whole.

    Args:
        out: folder of the run.
        setup, job: of the run.
        tables: by the name of their file.
        state: the weights to keep.
        card: what is to be said of the run beside `facts`; its `kind` is what readers ask for.
    """
    for name, table in tables.items():
        write_csv(out / name, table)
    write_weights(out, state, {**card, **facts(setup, job)})
    job.checkpoint.unlink(missing_ok=True)
