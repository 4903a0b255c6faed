"""Two sources of the same names in what is trained and in what training is judged by.

`test_several_sources.py` has pairing, splits, ridges and the other steps of the analysis.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import torch

from fgresq.model.heads import QualityHeads
from fgresq.sections import Stage2
from fgresq.training import start
from fgresq.training.batches import PairBatches
from tests.test_ablation import ablate
from tests.test_several_sources import own_names, two_sources
from tests.test_training_analysis import collect
from tests.training_outputs import write_stage1, write_stage2
from tests.training_world import options

WIDTH = 8


def stage2(**over: object) -> Stage2:
    """Give settings of stage 2."""
    return Stage2.model_validate(options("stage2", **over)["stage2"])


def partition(names: np.ndarray | pd.Series) -> list[int]:
    """Number what is alike by its first place."""
    return pd.factorize(np.asarray(names))[0].tolist()


def keys_of(table: pd.DataFrame, *columns: str) -> pd.Series:
    """Give the key of each row."""
    return table[list(columns)].agg("|".join, axis=1)


def runs_of(folder: Path, images: pd.DataFrame, pairs: pd.DataFrame) -> list[Path]:
    """Write a fold run of the full model and one of a variant, which test all."""
    noise = np.random.default_rng(3).normal(0, 0.3, len(images))
    values = (images["score"] + noise).set_axis(images["image"])
    chances = pd.Series(np.random.default_rng(4).random(len(pairs)), index=pairs["pair"])
    own = ((folder / "full/0", values), (folder / "no_dfl/0", values + noise[::-1]))
    return [write_stage2(path, of_run, chances) for path, of_run in own]


def test_same_names_change_no_number_of_the_ablation(tmp_path: Path) -> None:
    images, pairs, _ = two_sources()
    tables = []
    for name, own in (("shared", lambda table: table), ("own", own_names)):
        data = own(images), own(pairs)
        (tmp_path / name).mkdir()
        tables.append(ablate(tmp_path / name, data, *runs_of(tmp_path / name, *data)))
    pd.testing.assert_frame_equal(*tables)
    assert set(tables[0]["families"]) == {10}


def test_same_names_change_no_number_of_the_training(tmp_path: Path) -> None:
    images, pairs, _ = two_sources()
    found = []
    for name, own in (("shared", lambda table: table), ("own", own_names)):
        data, folder = (own(images), own(pairs)), tmp_path / name
        first = [write_stage1(folder / "1/full/0", data[0], wrong=15)]
        found.append(collect(folder, *data, first, runs_of(folder / "2", *data)))
    accuracies = [made["record"]["task_accuracy"] for made in found]
    assert accuracies[0] == accuracies[1] and accuracies[0]["families"] == 10
    pd.testing.assert_frame_equal(*(made["reliability"] for made in found))


def test_the_heads_start_at_a_ridge_that_keeps_both_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its penalty splits no family, and is chosen inside groups, of one source and one task."""
    images = two_sources()[0]
    images["group"] = images["family"]
    seen: list[list[int]] = []
    fit = start.fitted

    def spy(features, scores, families, groups, where):  # type: ignore[no-untyped-def]
        seen.extend([partition(families), partition(groups)])
        return fit(features, scores, families, groups, where)

    monkeypatch.setattr(start, "fitted", spy)
    torch.manual_seed(0)
    values = torch.randn(len(images), WIDTH)
    feed = cast(Any, SimpleNamespace(features=lambda tower, rows: values[rows]))
    heads = QualityHeads(WIDTH, WIDTH, "xavier", "paper", "paper", True)
    model = cast(Any, SimpleNamespace(tower=None, heads=heads))
    rows, settings = np.arange(len(images)), stage2(head_init="ridge")
    start.start_heads(model, feed, images, rows, values, settings)
    families, groups = ("source", "family"), ("source", "task", "group")
    assert seen == [partition(keys_of(images, *own)) for own in (families, groups)]


def test_pairs_are_drawn_with_those_of_their_group_in_their_source_and_task() -> None:
    images, pairs, _ = two_sources()
    pairs["group"] = pairs["family"]
    batches = PairBatches(images, pairs, stage2(batch_by="group"))
    assert batches.sampler.groups is not None
    expected = partition(keys_of(pairs, "source", "task", "group"))
    assert partition(batches.sampler.groups) == expected
