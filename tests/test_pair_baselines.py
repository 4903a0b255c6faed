"""What LIQE and MetaIQA compare: groups, scenes, tasks, and two batches of a meta-task."""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import torch

from fgresq.baseline_sections import RUNS
from fgresq.baselines import metaiqa
from fgresq.baselines.base import Feed, Inputs, Labelled, Labels
from fgresq.baselines.liqe import LIQE
from fgresq.baselines.metaiqa import MetaBatches
from fgresq.baselines.train import rates
from fgresq.tables import TASKS, restored
from fgresq.training.batches import PairBatches
from fgresq.training.losses import fidelity_loss
from tests.test_clip_baselines import crops, tiny
from tests.training_world import make_world, options_of_baseline

CPU = torch.device("cpu")


def test_liqe_compares_inside_groups_weighs_its_scene_and_names_the_task() -> None:
    model, inputs = LIQE(tiny("vit"), 0.5), {"crops": crops(6)}
    groups, tasks = torch.arange(6) % 2, torch.tensor([5, 0, 3, 1, 4, 2])
    labels = Labels(torch.tensor([0.1, 0.1, 0.5, 0.5, 0.9, 0.9]), tasks, groups, 3.0)
    with torch.no_grad():
        found = model.losses(inputs, labels)
        scores, joint = model(inputs), model.joint(inputs)
    scene = 3.0 * float(fidelity_loss(scores, labels.scores, groups))
    assert abs(scene - 3.0 * float(fidelity_loss(scores, labels.scores))) > 0.1
    right = [float(joint[k, :, task].sum()) for k, task in enumerate(tasks.tolist())]
    task = np.mean([1 - np.sqrt(chance) for chance in right])
    assert float(found["scene"]) == pytest.approx(scene, abs=1e-4)
    assert float(found["task"]) == pytest.approx(task, abs=1e-4)
    assert float(found["loss"]) == pytest.approx(scene + 0.5 * task, abs=1e-4)


def test_an_image_side_is_trained_at_the_encoder_s_rate() -> None:
    model = LIQE(tiny("vit"), 1.0)
    settings = cast(Any, SimpleNamespace(lr_encoder=1e-6, lr_heads=1e-3))
    (group,) = rates(model, settings)
    assert group["lr"] == 1e-6 and len(group["params"]) == len(list(model.visual.parameters()))


class Rows(Feed):
    """Gives the numbers of the rows in place of what they show."""

    def training(self, rows: np.ndarray, step: int) -> Inputs:
        """Give the rows."""
        return {"rows": torch.from_numpy(rows)}


def setup_of(**over: object) -> Any:
    """Give a run of MetaIQA on all pairs of the small world."""
    world = make_world()
    settings = RUNS["metaiqa"].model_validate(options_of_baseline("metaiqa", **over)["baseline"])
    images = restored(world.images).reset_index(drop=True)
    rows = np.arange(len(images))
    return SimpleNamespace(
        settings=settings, images=images, train_pairs=world.pairs, train_rows=rows, on=CPU
    )


def test_tasks_are_numbered_as_all_tasks_are() -> None:
    setup, batches = setup_of(), cast(Any, SimpleNamespace(groups=None, weights={"a": 1.0}))
    found = Labelled(setup, batches).of(np.arange(len(setup.images)), "a").tasks
    assert [TASKS[k] for k in found.tolist()] == setup.images["task"].tolist()


def test_a_meta_task_is_of_one_kind_and_is_judged_by_other_pairs() -> None:
    setup = setup_of(meta_by="dataset", batch=18, meta_tasks=2)
    batches = PairBatches(setup.images, setup.train_pairs, setup.settings)
    meta = MetaBatches(setup, batches)
    sources = setup.images["source"].to_numpy()[batches.first]
    for step in range(5):
        seen = []
        for adapting, judging in meta.step(step):
            assert len(adapting) == len(judging) == 9 and not {*adapting} & {*judging}
            (source,) = {*sources[adapting], *sources[judging]}
            seen.append(source)
        assert sorted(seen) == ["s", "t"]


def test_families_of_one_name_in_two_sources_are_two_meta_tasks() -> None:
    setup = setup_of(meta_by="family")
    batches = PairBatches(setup.images, setup.train_pairs, setup.settings)
    meta = MetaBatches(setup, batches)
    keys = setup.images[["source", "family"]].agg("/".join, axis=1).to_numpy()[batches.first]
    assert len(meta.names) == 6
    for own in meta.pairs.values():
        assert len(own) == 6 and len(set(keys[own])) == 1


def test_a_meta_task_compares_inside_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple] = []

    def noted(model: object, tasks: list[tuple], rate: float) -> torch.Tensor:
        seen.extend(batch for both in tasks for batch in both)
        return torch.zeros(())

    monkeypatch.setattr(metaiqa, "meta_loss", noted)
    setup = setup_of(meta_by="dataset", batch=18)
    metaiqa.plan(setup, Rows(), cast(Any, None)).step(0)
    keys = setup.images[["source", "task", "group"]].apply(tuple, axis=1)
    assert len(seen) == 4
    for inputs, scores, groups in seen:
        rows = inputs["rows"].numpy()
        assert scores.tolist() == pytest.approx(setup.images["score"].to_numpy()[rows])
        of_rows = keys[rows].tolist()
        assert pd.Series(of_rows).nunique() > 1
        for i, j in combinations(range(len(rows)), 2):
            assert bool(groups[i] == groups[j]) == (of_rows[i] == of_rows[j])
