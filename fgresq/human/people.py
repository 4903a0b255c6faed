"""FGResQ trained on people: which sets teach, which tell how far it agrees, and its card."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tqdm import tqdm

from fgresq import workspace
from fgresq.absent import Absent
from fgresq.catalogues import catalogue
from fgresq.code_digest import code_identity
from fgresq.errors import UserError, unknown
from fgresq.files import check_writable, digest, read_json, write_json
from fgresq.human.agreed import agreement
from fgresq.human.declared_search import Search, read_search
from fgresq.human.stages import run_stage1, run_stage2, stage_arguments, write_tables
from fgresq.human.taught import MINI, Taught, at_most, joined, set_at_hand
from fgresq.images import read_rgb
from fgresq.ops.sharpness import sharpness
from fgresq.training import stage1, stage2

RUN = "all"
TEST = "test"
CARD = "card.json"


def check_named(names: Iterable[str]) -> None:
    """Refuse sets that are none, that are named twice, or that test models.

    Raises:
        UserError: names the set.
    """
    sources, seen = catalogue("sources"), set()
    for name in names:
        if name not in sources:
            raise unknown("--sets", "set", name, sources)
        if name in seen:
            raise UserError("--sets", f"'{name}' stands twice", "Name it once")
        if sources[name].get("role") == TEST:
            problem = f"'{name}' tests models: one that has learnt from it can be tested no more"
            raise UserError("--sets", problem, "Leave it out")
        seen.add(name)


def teaching(names: list[str] | None, search: Search) -> list[Taught]:
    """Read the sets that teach: those named, else the training sets that are placed.

    Raises:
        UserError: a named set, or every set, is not placed; says what brings it in.
    """
    wanted = names or [name for name in search.named("train") if name != MINI]
    found = {name: set_at_hand(name) for name in wanted}
    absent = {name: own for name, own in found.items() if isinstance(own, Absent)}
    placed = [own for own in found.values() if isinstance(own, Taught)]
    if absent and (names or not placed):
        name, first = next(iter(absent.items()))
        others = [other for other in absent if other != name]
        more = f"; nor is {', '.join(others)}" if others else ""
        raise UserError(f"set '{name}'", first.reason + more, capital(first.next_step))
    return placed


def capital(text: str) -> str:
    """Give a text with its first letter as a capital."""
    return text[:1].upper() + text[1:]


def selecting(taught: Iterable[str], search: Search) -> list[Taught]:
    """Read the select sets that are placed and teach nothing here."""
    names = [name for name in search.named("select") if name not in set(taught)]
    found = [set_at_hand(name) for name in names]
    return [own for own in found if isinstance(own, Taught)]


def check_apart(taught: Iterable[Taught], others: Iterable[Taught]) -> None:
    """Refuse a picture that teaches and is measured on.

    Raises:
        UserError: names both.
    """
    where = {
        sha: image
        for own in others
        for sha, image in zip(own.images["sha256"], own.images["image"], strict=True)
    }
    for own in taught:
        for sha, image in zip(own.images["sha256"], own.images["image"], strict=True):
            if sha in where:
                problem = f"it is '{where[sha]}' as well, which the model is measured on"
                mend = f"Take one of them away, or name {where[sha].split('/')[0]} in --sets"
                raise UserError(f"image '{image}'", problem, mend)


def licences(taught: Iterable[Taught]) -> tuple[list[dict[str, Any]], str]:
    """Say what taught the model, and what may be done with it."""
    rows, research = [], []
    for own in taught:
        entry = catalogue("sources")[own.name]
        free = bool(entry.get("ships", own.name == MINI))
        research += [] if free else [own.name]
        rows.append(
            {
                "set": own.name,
                "title": entry["title"],
                "licence": entry["licence"],
                "images": len(own.images),
                "pairs": int(own.pairs["preference"].ne("equal").sum()),
                "labels": sorted(set(own.pairs["label_origin"])),
                "may_be_shipped": free,
            }
        )
    told = "research only: " + ", ".join(research) if research else "as the sets that taught it"
    return rows, told


def agreements(
    out: Path, sets: Iterable[Taught], rows: pd.DataFrame
) -> dict[str, dict[str, dict[str, float]]]:
    """Measure the model on the select sets, beside sharpness, which is one line of code.

    Args:
        out: folder of the model, with the scores of these sets.
        sets: that select.
        rows: image table of the training.
    """
    values = pd.read_csv(out / "scores.csv").set_index("image")["value"]
    found = {}
    for own in sets:
        images = rows[rows["source"].eq(own.name)]
        bar = tqdm(images["path"], desc=f"sharpness, {own.name}", disable=None)
        sharp = pd.Series([sharpness(read_rgb(path)) for path in bar], index=images["image"])
        found[own.name] = {
            "model": rounded(agreement(images, own.pairs, values)),
            "sharpness": rounded(agreement(images, own.pairs, sharp)),
        }
    return found


def rounded(measures: Mapping[str, float]) -> dict[str, float]:
    """Give measures with three digits."""
    return {name: round(value, 3) for name, value in measures.items()}


def train_on_people(args: argparse.Namespace) -> None:
    """Train a model on sets that people rated, and say on its card how far it agrees with others.

    Args:
        args: of `fgresq train-human`.

    Raises:
        UserError: a set is not placed, unknown, or both taught by and measured on; or the folder
            cannot be written.
    """
    search = read_search()
    check_named(args.sets or [])
    check_writable(args.out / CARD)
    torch.set_num_threads(args.threads)
    made = search.configured(search.chosen, finalist=True, seed=args.seed)
    weights = args.weights or workspace.weights_of(made.tower.tower)
    taught = [at_most(own, args.most) for own in teaching(args.sets, search)]
    others = [at_most(own, args.most) for own in selecting([own.name for own in taught], search)]
    check_apart(taught, others)
    roles = {own.name: "train" for own in taught} | {own.name: "select" for own in others}
    for own in [*taught, *others]:
        told = "teaches" if roles[own.name] == "train" else "is measured on"
        logging.info("%s: %d images, which the model %s", own.name, len(own.images), told)
    work = args.out / "unfinished"
    images, pairs, folds = joined([*taught, *others], roles, search.folds)
    write_tables(work, images, pairs, folds)
    of = digest(
        [images["sha256"].tolist(), pairs.to_numpy(dtype=str).tolist(), made.record()]
        + [code_identity(stage1.CODE, stage2.CODE)]
    )
    tower = made.tower.record()
    first = run_stage1(
        stage_arguments(work, RUN, weights, work / "1", work / "stage1", args.threads),
        tower,
        made.stage1.record(),
        of,
    )
    second = stage_arguments(work, RUN, weights, work / "2", args.out, args.threads)
    run_stage2(second, tower, made.stage2.record(), first, search.chosen)
    data, licence = licences(taught)
    card = read_json(args.out / CARD)
    card |= {"data": data, "licence": licence, "agrees": agreements(args.out, others, images)}
    write_json(args.out / CARD, card)
    tell(args.out, card)


def tell(out: Path, card: Mapping[str, Any]) -> None:
    """Say what came of it."""
    for name, both in card["agrees"].items():
        for measure, value in both["model"].items():
            beside = both["sharpness"][measure]
            logging.info("%s, %s: %.3f; sharpness alone %.3f", name, measure, value, beside)
    logging.info("%s: %s; use: fgresq score --checkpoint %s", out, card["licence"], out)
