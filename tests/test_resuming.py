"""A checkpoint is taken up by the run that left it, and by no other.

Each driver of the loop is killed after four steps; then one thing it follows from is changed and it
is called again: it starts anew. Where nothing has changed it goes on, and ends in the same bytes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import fgresq
from fgresq.baselines import base, hyperiqa
from fgresq.files import write_json
from fgresq.model import heads
from fgresq.networks import towers as model_towers
from fgresq.networks import vit as pixels
from fgresq.training import feed as inputs
from fgresq.training import loop, losses, ridge, sampler, setup, start
from tests.changed_code import library_at
from tests.conftest import ROOT
from tests.training_world import (
    INTERRUPTED,
    Killed,
    World,
    call,
    make_world,
    options,
    options_of_baseline,
    outside,
    shallow_towers,
    watched_resume,
)

DRIVERS = ("stage1", "stage2", "baseline")
TAKEN = 4  # steps that the checkpoint holds
FILES = ("weights.safetensors", "history.csv")


@pytest.fixture(scope="module", autouse=True)
def shallow() -> Iterator[None]:
    """Train on towers of two blocks."""
    with shallow_towers():
        yield


def settings_of(driver: str, **over: object) -> dict:
    """Give settings of six steps or more, over more than one epoch."""
    if driver == "baseline":
        return options_of_baseline("hyperiqa", epochs=4, **over)
    more = {"batch": 8, "epochs": 3} if driver == "stage1" else {"epochs": 4}
    return options(driver, **{**more, **over})


def start_run(
    folder: Path, driver: str, run: str = "0", settings: dict | None = None, out: str = "killed"
) -> int:
    """Call a driver; stage 2 stands on the stage 1 in `first`."""
    step = ["train-baseline", "hyperiqa"] if driver == "baseline" else [driver]
    more = ["--degradation=first"] if driver == "stage2" else []
    return call(folder, [*step, run], settings or settings_of(driver), f"{driver}-{out}", *more)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder where each driver was killed after step 5, its checkpoint at step 4."""
    made = make_world().write(tmp_path_factory.mktemp("resuming"))
    assert call(made, ["stage1", "0"], options("stage1"), "first") == 0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(loop, "CHECKPOINT_EVERY", 2)
        patched.setattr(loop, "check_finite", Killed(5))
        for driver in DRIVERS:
            assert start_run(made, driver) == INTERRUPTED
    return made


def moved(place: Path, folder: Path, world: World) -> Path:
    """Write a world beside the checkpoints and the stage 1 of another folder."""
    for part in ("work", "first"):
        shutil.copytree(place / part, folder / part, ignore=shutil.ignore_patterns("cache"))
    (folder / "work/cache").symlink_to(place / "work/cache")
    return world.write(folder)


def taken_up(folder: Path, driver: str, run: str = "0", settings: dict | None = None) -> int:
    """Call a driver until it has looked for a checkpoint; give the steps that it took up."""
    taken: list[int] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(loop, "resume", watched_resume(taken))
        assert start_run(folder, driver, run, settings) == INTERRUPTED
    return taken[0]


@pytest.mark.parametrize("driver", DRIVERS)
def test_where_nothing_changed_it_goes_on_to_the_same_bytes(
    place: Path, tmp_path: Path, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = moved(place, tmp_path, make_world())
    assert taken_up(folder, driver) == TAKEN
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 2)
    assert start_run(folder, driver) == 0
    assert start_run(folder, driver, out="whole") == 0
    for name in FILES:
        again, whole = (folder / f"{driver}-{out}" / name for out in ("killed", "whole"))
        assert again.read_bytes() == whole.read_bytes()


SETTINGS = [
    *(("stage1", {"lr_heads": 2e-3}), ("stage1", {"targets": "diagonal"})),
    *(("stage2", {"lr_heads": 2e-3}), ("stage2", {"compare_in": "scene"})),
    ("stage2", {"lambda_rank": 0.5}),
    *(("baseline", {"lr_heads": 2e-3}), ("baseline", {"standardise": False})),
]


@pytest.mark.parametrize(("driver", "over"), SETTINGS)
def test_not_under_another_setting(place: Path, driver: str, over: dict) -> None:
    assert taken_up(place, driver, settings=settings_of(driver, **over)) == 0


@pytest.mark.parametrize("driver", DRIVERS)
def test_not_under_another_setting_of_the_tower(place: Path, driver: str) -> None:
    settings = settings_of(driver)
    settings["tower"]["max_steps"] = 20
    assert taken_up(place, driver, settings=settings) == 0


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("run", ["0-seed1", "1", "0-without-weak", "pairs"])
def test_not_by_another_run(place: Path, driver: str, run: str) -> None:
    assert taken_up(place, driver, run) == 0


def test_a_run_of_another_seed_learns_something_else(place: Path) -> None:
    """From the random start of its heads on."""
    settings = settings_of("stage2", head_init="random", lr_encoder=0.0, lr_heads=0.0)
    settings["tower"]["max_steps"] = 1
    for run in ("0", "0-seed1"):
        assert start_run(place, "stage2", run, settings, out=run) == 0
    one, two = (place / f"stage2-{run}/weights.safetensors" for run in ("0", "0-seed1"))
    assert one.read_bytes() != two.read_bytes()


def test_a_stage_1_of_images_in_another_order_is_refused(place: Path, tmp_path: Path) -> None:
    folder = moved(place, tmp_path, make_world())
    with np.load(folder / "first/features.npz") as file:
        names, features = file["image"], file["features"]
    np.savez(folder / "first/features.npz", image=names[::-1], features=features)
    assert start_run(folder, "stage2", out="turned") == 1


def test_not_on_another_stage_1(place: Path, tmp_path: Path) -> None:
    folder = moved(place, tmp_path, make_world())
    shutil.rmtree(folder / "first")
    assert call(folder, ["stage1", "0"], options("stage1", lr_heads=2e-3), "first") == 0
    assert taken_up(folder, "stage2") == 0


@pytest.mark.parametrize("driver", DRIVERS)
def test_not_on_other_weights_of_the_tower(place: Path, tmp_path: Path, driver: str) -> None:
    folder = moved(place, tmp_path, make_world())
    write_json(folder / "nowhere/card.json", {"name": "of other weights"})
    assert taken_up(folder, driver) == 0


def other_score(world: World, image: str) -> None:
    """Change the score of an image."""
    world.images.loc[world.images["image"].eq(image), "score"] += 0.01


def other_pixels(world: World, image: str) -> None:
    """Change a pixel of an image."""
    world.pixels[image] = world.pixels[image].copy()
    world.pixels[image][0, 0, 0] ^= 1


def other_task(world: World, image: str) -> None:
    """Change the task of an image."""
    world.images.loc[world.images["image"].eq(image), "task"] = "deraining"


def other_group(world: World, image: str) -> None:
    """Change the group of an image."""
    world.images.loc[world.images["image"].eq(image), "group"] = "another"


def other_dataset(world: World, image: str) -> None:
    """Change the data set of an image."""
    world.images.loc[world.images["image"].eq(image), "dataset"] = "another"


def other_family(world: World, image: str) -> None:
    """Change the family of an image."""
    world.images.loc[world.images["image"].eq(image), "family"] = "another"


def other_preference(world: World, image: str) -> None:
    """Turn the preference of one pair of an image."""
    row = world.pairs.index[world.pairs["image_a"].eq(image)][0]
    turned = {"A": "B", "B": "A", "equal": "A"}[world.pairs.loc[row, "preference"]]
    world.pairs.loc[row, "preference"] = turned


def one_pair_less(world: World, image: str) -> None:
    """Take away one pair of an image."""
    world.pairs = world.pairs.drop(world.pairs.index[world.pairs["image_a"].eq(image)][0])


OF_IMAGES = (other_pixels, other_task)
OF_TABLES = (other_dataset, other_family, other_group)
OF_LABELS = (*OF_TABLES, other_score, other_preference, one_pair_less)
DATA = [(driver, change) for driver in DRIVERS for change in OF_IMAGES]
DATA += [(driver, change) for driver in DRIVERS[1:] for change in OF_LABELS]


@pytest.mark.parametrize(("driver", "change"), DATA)
def test_not_on_other_data(
    place: Path, tmp_path: Path, driver: str, change: Callable[[World, str], None]
) -> None:
    world = make_world()
    barred, closed = outside(world, "0")
    image = world.pairs.loc[~closed, "image_a"].iloc[0]
    assert image not in set(world.images.loc[barred, "image"])
    change(world, image)
    assert taken_up(moved(place, tmp_path, world), driver) == 0


@pytest.mark.parametrize("driver", DRIVERS)
def test_not_on_another_training_side(place: Path, tmp_path: Path, driver: str) -> None:
    """A family goes over to the test; its pairs are listed as before."""
    world = make_world()
    of = world.folds["source"].eq("s") & world.folds["family"].eq("beta")
    world.folds.loc[of, "fold"] = 0
    assert taken_up(moved(place, tmp_path, world), driver) == 0


@pytest.mark.parametrize("driver", DRIVERS)
def test_not_on_other_weights_out_of_the_hub(
    place: Path, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "state_of_clip", lambda *names: "another revision")
    assert taken_up(place, driver) == 0


SCRIPT = """
import json, os, sys
from pathlib import Path
import torch
from tests.test_resuming import taken_up
from tests.training_world import shallow_towers

with shallow_towers():
    from open_clip.model import CustomTextCLIP  # once, and not in each child

    torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    for name, driver, file in json.loads(sys.argv[2]):
        before = Path(file).read_text() if file else ""
        child = os.fork()
        if not child:
            if file:
                Path(file).write_text(before + "\\nCHANGED = 1\\n")
            print(json.dumps([name, taken_up(Path(sys.argv[1]), driver)]), flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        if file:
            Path(file).write_text(before)
"""
PACKAGE = Path(fgresq.__file__).parent
CODE: list[tuple[str, ModuleType]] = [
    *(("stage1", module) for module in (losses, pixels)),
    *(("stage2", module) for module in (loop, sampler, inputs, start, ridge, heads, model_towers)),
    *(("baseline", module) for module in (base, hyperiqa)),
]


def named(driver: str, module: ModuleType) -> str:
    """Name a change of code."""
    return f"{driver} {module.__name__}"


@pytest.fixture(scope="module")
def under_other_code(place: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Tell what is taken up in a copy of the package with one module changed, by its name.

    One process imports the copy and is forked for each module, which is changed on disk alone: to
    import torch anew for each would take seconds.
    """
    copy = tmp_path_factory.mktemp("copy")
    for source in (PACKAGE, ROOT / "tests"):
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, copy / source.name, ignore=left_out)
    for part in ("config", "workflow", "Snakefile"):  # a workspace
        (copy / part).symlink_to(ROOT / part)
    asked = [(driver, driver, "") for driver in DRIVERS]
    for driver, module in CODE:
        file = copy / Path(module.__file__ or "").relative_to(PACKAGE.parent)
        asked.append((named(driver, module), driver, str(file)))
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(place), json.dumps(asked)],
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        cwd=copy,
    )
    assert run.returncode == 0, run.stderr
    found = dict(json.loads(line) for line in run.stdout.splitlines())
    assert len(found) == len(asked), run.stderr
    return found


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_copy_of_the_same_code_goes_on(under_other_code: dict[str, int], driver: str) -> None:
    assert under_other_code[driver] == TAKEN


@pytest.mark.parametrize(("driver", "module"), CODE, ids=[named(*pair) for pair in CODE])
def test_not_under_other_code(
    under_other_code: dict[str, int], driver: str, module: ModuleType
) -> None:
    assert under_other_code[named(driver, module)] == 0


@pytest.mark.parametrize("driver", DRIVERS)
def test_not_under_another_library(place: Path, driver: str) -> None:
    with library_at("torch", "0.0.1"):
        assert taken_up(place, driver) == 0
