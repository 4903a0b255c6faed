"""What the full model is made of, as its cards and the header of its weights say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from analysis_tables import make_images
from safetensors.numpy import save_file
from training_outputs import write_absent, write_stage1, write_stage2

from fgresq.analysis.architecture import architecture
from fgresq.analysis.trained_runs import TrainedRun, read_runs
from fgresq.errors import UserError

VALUES = pd.Series({"a": 0.5})
SHAPES = {"quality.heads.score_head.weight": [1, 30], "degradation.clip.logit_scale": []}


def stage2(root: Path, variant: str, run: str) -> Path:
    """Write a run of stage 2 with two tensors."""
    folder = write_stage2(root / variant / run, VALUES, VALUES, tower={"trainable_blocks": 3})
    tensors = {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}
    save_file(tensors, folder / "weights.safetensors")
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> tuple[list[TrainedRun], list[TrainedRun]]:
    """Both stages: the full model's fold 0 was not trained, its fold 1 was."""
    images = make_images(12, families=3)
    first = [write_stage1(tmp_path / "1/full" / run, images, steps=9) for run in ("1", "2")]
    second = [write_absent(tmp_path / "2/full/0", 2), stage2(tmp_path / "2", "full", "1")]
    return read_runs(first), read_runs([*second, stage2(tmp_path / "2", "diagonal", "1")])


def test_it_is_of_the_first_full_run_that_was_trained(
    runs: tuple[list[TrainedRun], list[TrainedRun]],
) -> None:
    found = architecture(*runs)
    assert found is not None
    assert found["run"] == "1" and found["shapes"] == SHAPES
    assert found["tower"]["trainable_blocks"] == 3 and found["stage2"]["lambda_scene"] == 5
    assert found["stage1"]["tasks"] == sorted(found["stage1"]["tasks"])
    without = architecture([], runs[1])
    assert without is not None and without["stage1"] is None


def test_without_weights_there_is_none_and_a_damaged_file_is_told(
    runs: tuple[list[TrainedRun], list[TrainedRun]],
) -> None:
    stages = runs
    path = next(r.folder for r in stages[1] if r.variant == "full" and r.name == "1")
    path /= "weights.safetensors"
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(UserError, match=r"weights.safetensors: not whole safetensors"):
        architecture(*stages)
    path.unlink()
    assert architecture(*stages) is None
