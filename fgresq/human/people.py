"""FGResQ trained on people: which sets teach, which tell how far it agrees, and its card."""

from __future__ import annotations

import argparse
import logging
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from fgresq import workspace
from fgresq.absent import Absent
from fgresq.catalogues import catalogue
from fgresq.errors import UserError, capital, unknown
from fgresq.files import check_writable, read_json, write_json
from fgresq.human.agreed import agreement
from fgresq.human.alike import glance_of, less_alike
from fgresq.human.declared import Declared, read_declared
from fgresq.human.declared_search import Search, read_search
from fgresq.human.learnt import learnt
from fgresq.human.taught import MINI, Taught, at_most, set_at_hand

TEST = "test"
CARD, UNFINISHED = "card.json", "unfinished"


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


def selecting(taught: Iterable[str], search: Search) -> list[Taught]:
    """Read the select sets that are placed and teach nothing here."""
    names = [name for name in search.named("select") if name not in set(taught)]
    found = [set_at_hand(name) for name in names]
    return [own for own in found if isinstance(own, Taught)]


def check_apart(taught: Iterable[Taught], others: Iterable[Taught]) -> None:
    """Refuse a picture that teaches and is measured on; `apart` leaves out what shows the same.

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


def apart(taught: Iterable[Taught], others: list[Taught], declared: Declared) -> list[Taught]:
    """Leave out of what teaches the images that show what is measured on, as the bench does.

    Raises:
        UserError: nothing is left of a set.
    """
    found = []
    for own in taught:
        left = less_alike(own, others, declared.near, declared.seed)
        if left.images.empty:
            problem = "each of its images shows what the model is measured on"
            raise UserError(f"set '{own.name}'", problem, "Leave it out of --sets")
        if gone := len(own.images) - len(left.images):
            logging.info("%s: %d images left out: they show what is measured on", own.name, gone)
        found.append(left)
    return found


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
    out: Path, sets: Iterable[Taught], rows: pd.DataFrame, seed: int
) -> dict[str, dict[str, dict[str, float]]]:
    """Measure the model on the select sets, beside sharpness, which is one line of code.

    Args:
        out: folder of the model, with the scores of these sets.
        sets: that select.
        rows: image table of the training.
        seed: of the bench, by which glances are kept.
    """
    values = pd.read_csv(out / "scores.csv").set_index("image")["value"]
    found = {}
    for own in sets:
        images = rows[rows["source"].eq(own.name)]
        sharp = pd.Series(glance_of(images, seed)[:, 0], index=images["image"])
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
    search, declared = read_search(), read_declared()
    check_named(args.sets or [])
    check_writable(args.out / CARD)
    tower = search.configured(search.chosen).tower
    weights = args.weights or workspace.weights_of(tower.tower)
    taught = [at_most(own, args.most) for own in teaching(args.sets, search)]
    others = [at_most(own, args.most) for own in selecting([own.name for own in taught], search)]
    check_apart(taught, others)
    taught = apart(taught, others, declared)
    for told, sets in (("teach the model", taught), ("it is measured on", others)):
        for own in sets:
            logging.info("%s: %d images, which %s", own.name, len(own.images), told)
    work = args.out / UNFINISHED
    images, _ = learnt(search, taught, others, weights, work, args.out, args.seed, args.threads)
    data, licence = licences(taught)
    card = read_json(args.out / CARD)
    agrees = agreements(args.out, others, images, declared.seed)
    card |= {"data": data, "licence": licence, "agrees": agrees}
    write_json(args.out / CARD, card)
    shutil.rmtree(work)
    tell(args.out, card)


def tell(out: Path, card: Mapping[str, Any]) -> None:
    """Say what came of it."""
    for name, both in card["agrees"].items():
        for measure, value in both["model"].items():
            beside = both["sharpness"][measure]
            logging.info("%s, %s: %.3f; sharpness alone %.3f", name, measure, value, beside)
    logging.info("%s: %s; use: fgresq score --checkpoint %s", out, card["licence"], out)
