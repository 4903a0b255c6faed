"""FGResQ and ridges taught what a run is taught: a set less what is left out, other sets, or both.

All trainings of FGResQ read the features of the frozen tower, computed once; with `last_block` its
last block is trained too, on cached tokens. The degradation encoder of stage 1 is trained once, on
the other sets. What a training gave is kept by all that it follows from, so that a stopped call
goes on. Labels of images that do not teach are taken off before a training sees the table.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from fgresq.code_digest import code_identity
from fgresq.files import digest, read_json, sha256, write_csv, write_json
from fgresq.human.answers import Bench
from fgresq.human.declared import CONTROL_BLOCK
from fgresq.human.declared_search import Configured, Search
from fgresq.human.left_out import Run
from fgresq.human.lent import UNKNOWN
from fgresq.human.lessons import Lesson, fitted
from fgresq.human.rated_sets import RatedSet
from fgresq.human.search import Bench as Shared
from fgresq.human.search import frozen_feed
from fgresq.human.stages import run_stage1, stage_arguments, write_tables
from fgresq.human.taught import Taught, joined
from fgresq.sections import Stage2
from fgresq.tables import read_pairs
from fgresq.training.feed import ImageFeed
from fgresq.training.setup import Setup, set_up
from fgresq.training.stage2 import CODE, STAGE2_TABLES, Degradation, Fitted, fit
from fgresq.weights.checkpoints import WEIGHTS

RUN = "all"
DONE = "row.json"


@dataclass
class Desk:
    """What all trainings share.

    Args:
        own: the set that is left out in parts.
        search: what is `chosen` in it are the settings.
        made: of one training.
        setup: all other sets teach, the set itself is asked.
        pairs: of all sets.
        feed: of the images, in the order of the setup.
        degradation: of stage 1, for all images.
        first: digest of the weights of stage 1.
        work: folder of what is kept.
        seconds: of the trainings made now.
    """

    own: RatedSet
    search: Search
    made: Configured
    setup: Setup[Stage2]
    pairs: pd.DataFrame
    feed: ImageFeed
    degradation: Degradation
    first: str
    work: Path
    seconds: list[float] = field(default_factory=list)


def desk_of(
    search: Search,
    own: RatedSet,
    sets: Mapping[str, Taught],
    weights: Path,
    work: Path,
    threads: int,
    last_block: bool = False,
) -> Desk:
    """Join the sets, train stage 1 on the others, and compute what all trainings read.

    Args:
        search: its `chosen` settings are taken, as of a finalist with `last_block`.
        own: the set that is left out in parts.
        sets: others, which teach, by name; of those that the settings name.
        weights: folder of the tower's weights.
        work: folder of what is kept.
        threads: of the CPU.
        last_block: whether the last block of the tower is trained.
    """
    made = search.configured(search.chosen, finalist=last_block)
    others = [sets[name] for name in made.sets if name in sets]
    tables = work / "tables"
    roles = {other.name: "train" for other in others} | {own.name: "select"}
    whole = Taught(own.name, own.images, own.pairs)
    write_tables(tables, *joined([*others, whole], roles, search.folds))
    shared = Shared(search, sets, tables, weights, work, threads)
    stages = stage_arguments(tables, RUN, weights, work / "unfinished", work / "stage1", threads)
    of = digest([shared.of, code_identity("fgresq.training.stage1")])
    first = run_stage1(stages, made.tower.record(), made.stage1.record(), of)
    setup = set_up(stages, "stage2", made.tower, made.stage2, STAGE2_TABLES)
    assert setup is not None, "the tower is a stand-in, and there are images"
    feed = setup.feed() if made.stage2.train_encoder else frozen_feed(shared, setup)
    degradation = Degradation(first, setup, False, made.stage1.objective)
    pairs = read_pairs(tables / "pairs.csv")
    key = sha256(first / WEIGHTS)
    return Desk(own, search, made, setup, pairs, feed, degradation, key, work)


def setup_for(desk: Desk, run: Run, with_own: bool, with_others: bool) -> Setup[Stage2]:
    """Give the setup of a training: what teaches has its labels, and nothing else has any."""
    images, mine = desk.setup.images, desk.own.images
    own = images["source"].eq(desk.own.name).to_numpy()
    teaching = mine.loc[run.teaches, "image"] if with_own else []
    teaches = (with_others & ~own) | images["image"].isin(teaching).to_numpy()
    names = images.loc[teaches, "image"]
    asked = np.flatnonzero(images["image"].isin(mine.loc[run.asked, "image"]))
    inside = desk.pairs["image_a"].isin(names) & desk.pairs["image_b"].isin(names)
    told = desk.own.pairs[run.pairs]
    sides = pd.MultiIndex.from_frame(desk.pairs[["image_a", "image_b"]])
    tested = sides.isin(pd.MultiIndex.from_frame(told[["image_a", "image_b"]]))
    return replace(
        desk.setup,
        images=images.assign(score=images["score"].where(teaches, UNKNOWN)),
        train_rows=np.flatnonzero(teaches),
        test_rows=asked,
        train_pairs=desk.pairs[inside],
        test_pairs=desk.pairs[tested].assign(preference="equal"),
    )


def taught_model(desk: Desk, setup: Setup[Stage2], name: str, folder: Path, key: str) -> Fitted:
    """Train stage 2 on a setup; what is drawn follows from its seed, whatever came before."""
    torch.manual_seed(setup.settings.seed)
    made = fit(name, setup, desk.feed, desk.degradation, key, folder / "checkpoint.pt")
    made.job.checkpoint.unlink(missing_ok=True)
    return made


def kept_in(desk: Desk, run: Run, setup: Setup[Stage2]) -> Path:
    """Name the folder of what a training gave, by all that it follows from."""
    key = setup.identity((CODE, __name__), run.protocol, run.name, desk.first)
    asked = setup.images["image"].iloc[setup.test_rows].tolist()
    return desk.work / "rows" / digest([key, asked])[:16]


def by_fgresq(
    desk: Desk, run: Run, with_own: bool, with_others: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Give what FGResQ says of the images and pairs that a run is asked about.

    Args:
        desk: what trainings share.
        run: what is left out.
        with_own: whether the rest of the set teaches.
        with_others: whether the other sets teach.

    Returns:
        Values of the images (m,), higher better; and of the pairs, above 0 for A, by the comparison
        head (k,), None where it has learnt nothing.
    """
    setup = setup_for(desk, run, with_own, with_others)
    folder = kept_in(desk, run, setup)
    if not (folder / DONE).exists():
        started = time.perf_counter()
        name = f"{run.protocol}, {run.name}"
        made = taught_model(desk, setup, name, folder, folder.name)
        ranking = made.ranking.merge(desk.pairs[["pair", "image_a", "image_b"]], on="pair")
        write_csv(folder / "scores.csv", made.scores)
        write_csv(folder / "ranking.csv", ranking[["image_a", "image_b", "probability_a"]])
        desk.seconds.append(time.perf_counter() - started)
        write_json(folder / DONE, {"compared": made.compared, "seconds": desk.seconds[-1]})
    scores = pd.read_csv(folder / "scores.csv").set_index("image")["value"]
    values = scores.reindex(desk.own.images.loc[run.asked, "image"]).to_numpy(dtype=float)
    if not read_json(folder / DONE)["compared"]:
        return values, None
    ranking = pd.read_csv(folder / "ranking.csv").drop_duplicates(["image_a", "image_b"])
    chance = ranking.set_index(["image_a", "image_b"])["probability_a"]
    asked = pd.MultiIndex.from_frame(desk.own.pairs.loc[run.pairs, ["image_a", "image_b"]])
    return values, chance.reindex(asked).to_numpy(dtype=float) - 0.5


def is_made(desk: Desk, run: Run, with_own: bool, with_others: bool) -> bool:
    """Tell whether a training was made, and need not be made again."""
    folder = kept_in(desk, run, setup_for(desk, run, with_own, with_others))
    return (folder / DONE).exists()


def by_ridge(
    bench: Bench,
    run: Run,
    own: RatedSet,
    others: Mapping[str, Taught],
    tower: str,
    with_own: bool,
) -> np.ndarray:
    """Give what a ridge says of the images that a run is asked about: (m,), higher better.

    Args:
        bench: with its kept features and its penalty.
        run: what is left out.
        own: the set.
        others: that teach, less images that are left out; none: {}.
        tower: whose features it reads: dinov2, or random, which is the control.
        with_own: whether the rest of the set teaches.
    """
    declared = bench.declared
    blocks = (min(CONTROL_BLOCK, declared.depth),)
    lessons = []
    for name, other in others.items():
        images = bench.sets[name].images
        stay = images["image"].isin(other.images["image"]).to_numpy()
        features = bench.features(name, tower, blocks)[stay]
        labels = images.loc[stay, "score"].to_numpy(dtype=float)
        families = images.loc[stay, "family"].to_numpy(dtype=str)
        lessons.append(Lesson(name, features, labels, families))
    features = bench.features(own.name, tower, blocks)
    if with_own:
        labels = own.images["score"].to_numpy(dtype=float)[run.teaches]
        families = own.images["family"].to_numpy(dtype=str)[run.teaches]
        lessons.append(Lesson(own.name, features[run.teaches], labels, families))
    model = fitted(lessons, declared.penalty, declared.seed, 0)
    return model.predict(features[run.asked])
