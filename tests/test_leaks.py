"""Nothing that a run may not learn from reaches what it learns.

Labels and pixels of the test side, and with -without-X those of X, are changed and the run is
trained again: its weights are the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fgresq.baselines import BASELINES
from fgresq.files import read_json
from fgresq.networks.vit import features, vit
from fgresq.runs import split_run
from fgresq.tables import TASKS
from fgresq.training.ridge import by_family, by_pairs
from tests.training_world import (
    World,
    call,
    changed_outside,
    make_world,
    options,
    options_of_baseline,
    outside,
    shallow_towers,
    train_both,
    weights,
)

RUNS = ("0", "1-without-weak", "pairs", "pairs-without-odd", "all", "all-without-mild")
ON_TOKENS = [method for method in BASELINES if method in ("dbcnn", "hyperiqa", "metaiqa")]
# as the paper trains: crops drawn at each step, whose degradation features are computed anew
PAPER_TOWER = {"crop": "random"}
PAPER = {"compare": "released", "fuse": "released", "batch_by": "pair", "scene": "dataset"}


@pytest.fixture(scope="module", autouse=True)
def shallow() -> Iterator[None]:
    """Train on towers of two blocks."""
    with shallow_towers():
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a world as it is."""
    return make_world().write(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("run", RUNS)
def test_what_a_run_may_not_see_changes_no_weight_of_both_stages(
    place: Path, tmp_path: Path, run: str
) -> None:
    other = changed_outside(make_world(), run).write(tmp_path)
    settings = options("stage1"), options("stage2")
    plain, changed = (train_both(p, run, run, *settings) for p in (place, other))
    assert weights(place / f"{run}-1") == weights(tmp_path / f"{run}-1")
    assert weights(plain) == weights(changed)
    for out in (run, f"{run}-1"):
        history = [(folder / out / "history.csv").read_bytes() for folder in (place, tmp_path)]
        assert history[0] == history[1]


@pytest.mark.parametrize("run", ["0", "pairs-without-odd"])
def test_nor_where_crops_are_drawn_and_scenes_are_data_sets(
    place: Path, tmp_path: Path, run: str
) -> None:
    other = changed_outside(make_world(), run).write(tmp_path)
    first = options("stage1", PAPER_TOWER)
    second = options("stage2", PAPER_TOWER, compare_in="scene", **PAPER)
    plain, changed = (train_both(p, run, f"crops-{run}", first, second) for p in (place, other))
    assert weights(plain) == weights(changed)


@pytest.mark.parametrize("method", ON_TOKENS)
@pytest.mark.parametrize("run", ["0-without-weak", "pairs"])
def test_what_a_run_may_not_see_changes_no_weight_of_a_baseline(
    place: Path, tmp_path: Path, method: str, run: str
) -> None:
    other = changed_outside(make_world(), run).write(tmp_path)
    out, settings = f"{method}-{run}", options_of_baseline(method)
    for world in (place, other):
        assert call(world, ["train-baseline", method, run], settings, out) == 0
    assert weights(place / out) == weights(tmp_path / out)


def changed_inside(world: World, run: str, what: str) -> World:
    """Change one kind of thing of the training side."""
    made = world.copy()
    barred, closed = outside(world, run)
    if what == "pixels":
        for name in made.images.loc[~barred, "image"]:
            made.pixels[name] = 255 - made.pixels[name]
    elif what == "score":
        made.images.loc[~barred, "score"] = 1 - made.images.loc[~barred, "score"]
    else:
        other = made.pairs.loc[~closed, "preference"].map({"A": "B", "B": "A", "equal": "A"})
        made.pairs.loc[~closed, "preference"] = other
    return made


@pytest.mark.parametrize(("what", "stages"), [("pixels", 2), ("score", 1), ("preference", 1)])
def test_what_a_run_learns_from_changes_its_weights(
    place: Path, tmp_path: Path, what: str, stages: int
) -> None:
    """The tests above would see it: all that they hold still moves weights from the other side."""
    other = changed_inside(make_world(), "0", what).write(tmp_path)
    settings = options("stage1"), options("stage2")
    plain, changed = (train_both(p, "0", "inside", *settings) for p in (place, other))
    assert weights(plain) != weights(changed)
    first = (weights(p / "inside-1") for p in (place, other))
    assert (len(set(first)) == 2) == (stages == 2)


def ridge_case() -> tuple[World, np.ndarray]:
    """Give a world and features of its images that its scores hang on."""
    world = make_world()
    rng = np.random.default_rng(3)
    values = rng.normal(size=(len(world.images), 6))
    values[:, 0] += 3 * world.images["score"]
    return world, values


def predicted(world: World, values: np.ndarray, run: str) -> pd.Series:
    """Give the ridge's values of a run's test images, by image."""
    if run == "pairs":
        found = by_pairs(world.images, values, world.pairs)
    else:
        found = by_family(world.images, values, world.folds)
        tested = world.folds.loc[world.folds["fold"] == int(run), ["source", "family"]]
        keys = set(map(tuple, tested.to_numpy()))
        own = [(i.source, i.family) in keys for i in world.images.itertuples()]
        found = found[found["image"].isin(world.images.loc[own, "image"])]
    return found.set_index("image")["value"]


@pytest.mark.parametrize("run", ["0", "2", "pairs"])
def test_a_ridge_predicts_an_image_from_the_training_side_and_itself_alone(run: str) -> None:
    world, values = ridge_case()
    plain = predicted(world, values, run)
    other, barred = changed_outside(world, run), outside(world, run)[0]
    if run != "pairs":  # ridges have every image of the table, degraded ones among them
        tested = world.images["image"].isin(plain.index).to_numpy()
        other.images["task"], barred = world.images["task"], tested
        other.images["score"] = other.images["score"].where(barred, world.images["score"])
    for kept in (set(plain.index[::2]), set(plain.index[1::2])):
        still = world.images["image"].isin(kept).to_numpy()
        moved = np.where((barred & ~still)[:, None], 50 - 9 * values, values)
        again = predicted(other, moved, run)
        alone = [name for name in kept if barred[world.images["image"].eq(name)].all()]
        assert alone and (again[alone] == plain[alone]).all()
        assert not np.allclose(again, plain)


def test_features_of_an_image_follow_from_it_alone(place: Path, tmp_path: Path) -> None:
    world, tower = make_world(), vit(0)
    barred = outside(world, "0")[0]
    other = changed_outside(world, "0").write(tmp_path)
    plain, changed = (
        features(tower, [str(p / path) for path in world.images["path"]], [1])[0]
        for p in (place, other)
    )
    assert np.array_equal(plain[~barred], changed[~barred])
    assert not np.allclose(plain[barred], changed[barred])


def test_stage_1_knows_the_tasks_of_the_training_side_alone(tmp_path: Path) -> None:
    """A task that only the tested fold has is none of those it may read off an image."""
    world = make_world()
    tested = outside(world, "0")[0] & world.images["task"].isin(TASKS).to_numpy()
    world.images.loc[tested, "task"] = "dehazing"
    folder = world.write(tmp_path)
    assert call(folder, ["stage1", "0"], options("stage1"), "first") == 0
    known = {"denoising", "deblurring"}
    assert set(read_json(folder / "first/card.json")["tasks"]) == known
    tasks = pd.read_csv(folder / "first/tasks.csv")
    assert set(tasks["task"]) == {"dehazing"} and set(tasks["predicted"]) <= known


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("3-without-weak-seed2", ("3", "weak", 2)),
        ("pairs-without-swin-ir", ("pairs", "swin-ir", 0)),
        ("all-seed12", ("all", "", 12)),
    ],
)
def test_a_run_s_name_tells_side_algorithm_and_seed(name: str, parts: tuple) -> None:
    assert split_run(name) == parts
