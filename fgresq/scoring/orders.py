"""Orders of many images of one content: which are compared, and what place each gets."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fgresq.analysis.strengths import Shares, circles, strengths
from fgresq.errors import UserError
from fgresq.scoring.judges import Judge
from fgresq.scoring.pictures import images_in, natural, warnings_of
from fgresq.scoring.preferences import Encoded
from fgresq.scoring.terminal_table import Faults

TIE = 9  # decimals of a strength: what lies closer is one place


@dataclass
class Content:
    """Images of one content.

    Args:
        name: of it; empty where no pattern tells contents apart.
        paths: image files, in natural order.
        labels: of each.
        reference: of all of them; empty: none.
    """

    name: str
    paths: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    reference: str = ""


@dataclass
class Order:
    """An order of a content's images by one judge.

    Args:
        paths, labels: of the images that have a place, best first.
        place: of each, from 1; equal strengths share one.
        strength, wins, scores, compared: of each; wins are a mean share in [0, 1].
        pairs: comparisons made.
        circles: how many threes go in a circle.
        circle: labels of one; None: there is none.
    """

    paths: list[str]
    labels: list[str]
    place: list[int]
    strength: list[float]
    wins: list[float]
    scores: list[float]
    compared: list[int]
    pairs: int
    circles: int
    circle: list[str] | None


def form_of(pattern: str) -> re.Pattern[str]:
    """Read a pattern of names.

    Raises:
        UserError: it holds neither {content} nor {method}, or one twice.
    """
    parts = re.split(r"(\{content\}|\{method\})", pattern)
    if len(parts) == 1 or parts.count("{content}") > 1 or parts.count("{method}") > 1:
        problem = f"'{pattern}' holds neither {{content}} nor {{method}}, or one of them twice"
        raise UserError("--pattern", problem, "Write it such as '{content}_{method}'")
    groups = {"{content}": "(?P<content>.+)", "{method}": "(?P<method>.+?)"}
    return re.compile("".join(groups.get(part, re.escape(part)) for part in parts))


def contents_of(paths: Sequence[str], pattern: str | None, faults: Faults) -> list[Content]:
    """Part images into contents by a pattern of their names; without one all are of one content."""
    if pattern is None:
        short = len({Path(p).name for p in paths}) == len(paths)
        return [Content("", list(paths), [Path(p).name if short else p for p in paths])]
    form, found = form_of(pattern), dict[str, Content]()
    for path in paths:
        told = form.fullmatch(Path(path).stem)
        if told is None:
            faults.add(path, f"{path}: its name is not of the form '{pattern}'")
            continue
        parts = told.groupdict()
        content = found.setdefault(parts.get("content", ""), Content(parts.get("content", "")))
        content.paths.append(path)
        content.labels.append(parts.get("method", Path(path).name))
    return sorted(found.values(), key=lambda content: natural(content.name))


def give_references(contents: Sequence[Content], reference: str | None) -> None:
    """Name the original of every content.

    Raises:
        UserError: one original is given for several contents, or a folder lacks one.
    """
    if reference is None:
        return
    if not os.path.isdir(reference):
        if len(contents) > 1:
            problem = f"it is one image, and there are {len(contents)} contents"
            raise UserError("--reference", problem, "Give a folder with an original of each")
        contents[0].reference = reference
        return
    by_stem = {Path(name).stem: str(Path(reference) / name) for name in images_in(Path(reference))}
    for content in contents:
        if content.name not in by_stem:
            problem = f"there is no original of the content '{content.name}' in {reference}"
            raise UserError("--reference", problem, "Give one image, or a folder and --pattern")
        content.reference = by_stem[content.name]


def chosen_pairs(scores: np.ndarray, budget: int, seed: int) -> np.ndarray:
    """Choose which pairs are compared: all, or within a budget as the command's help says.

    Args:
        scores: (n,) of images.
        budget: pairs at most, but n - 1 at least, so that all hang together.
        seed: of the drawn half.

    Returns:
        (m, 2) numbers, the lower first, in ascending order.
    """
    count = len(scores)
    first, second = np.triu_indices(count, 1)
    if len(first) <= budget:
        return np.stack([first, second], axis=1)
    place = np.empty(count, int)
    place[np.argsort(scores, kind="stable")] = np.arange(count)
    apart = np.abs(place[first] - place[second])
    budget = max(budget, count - 1)
    near = np.argsort(apart, kind="stable")[: max(budget // 2, count - 1)]
    rest = np.setdiff1d(np.arange(len(first)), near)
    drawn = np.random.default_rng(seed).choice(rest, budget - len(near), replace=False)
    kept = np.sort(np.concatenate([near, drawn]))
    return np.stack([first[kept], second[kept]], axis=1)


def order_of(
    content: Content, seen: Sequence[Encoded | None], judge: Judge, budget: int, seed: int
) -> Order:
    """Compare a content's images and put them into an order.

    Args:
        content: its images in natural order, from which all follows.
        seen: what is known of each; None: nothing, and it has no place.
        judge: that compares.
        budget, seed: of `chosen_pairs`.
    """
    there = [k for k, own in enumerate(seen) if own is not None]
    known = [own for own in seen if own is not None]
    if not known:
        return Order([], [], [], [], [], [], [], 0, 0, None)
    scores = np.array([own.score for own in known])
    pairs = chosen_pairs(scores, budget, seed)
    share = np.array([judge.prefer(known[i], known[j]).share_a for i, j in pairs])
    shares = Shares(pairs[:, 0], pairs[:, 1], share, len(known))
    strength = strengths(shares)
    compared = np.bincount(pairs.ravel(), minlength=len(known))
    won = np.bincount(pairs[:, 0], share, len(known))
    won += np.bincount(pairs[:, 1], 1 - share, len(known))
    wins = np.divide(won, compared, out=np.full(len(known), np.nan), where=compared > 0)
    number_of_circles, circle = circles(shares.beats())
    rounded = -np.round(strength, TIE)
    best = np.argsort(rounded, kind="stable")  # ties stay in natural order
    place = 1 + np.searchsorted(np.sort(rounded), rounded, side="left")
    return Order(
        [content.paths[there[k]] for k in best],
        [content.labels[there[k]] for k in best],
        [int(place[k]) for k in best],
        [round(float(strength[k]), TIE) + 0.0 for k in best],
        [float(wins[k]) for k in best],
        [float(scores[k]) for k in best],
        [int(compared[k]) for k in best],
        len(pairs),
        number_of_circles,
        None if circle is None else [content.labels[there[k]] for k in circle],
    )


def odd_ones(content: Content, seen: Sequence[Encoded | None]) -> list[str]:
    """Say which images differ in size from the first, or seem to show something else."""
    known = [(p, own) for p, own in zip(content.paths, seen, strict=True) if own is not None]
    told = []
    for path, own in known[1:]:
        told += [
            f"{known[0][0]} and {path}: {w}" for w in warnings_of(known[0][1].sketch, own.sketch)
        ]
    return told


def over_models(orders: Mapping[str, Order]) -> dict[str, tuple[float, int, int]]:
    """Join the orders of several judges: mean strength, and the best and worst place, by path."""
    found: dict[str, tuple[float, int, int]] = {}
    places: dict[str, list[int]] = {}
    sums: dict[str, list[float]] = {}
    for order in orders.values():
        for path, place, strength in zip(order.paths, order.place, order.strength, strict=True):
            places.setdefault(path, []).append(place)
            sums.setdefault(path, []).append(strength)
    whole = [path for path in places if len(places[path]) == len(orders)]
    for path in sorted(whole, key=lambda p: (-round(float(np.mean(sums[p])), TIE), natural(p))):
        found[path] = float(np.mean(sums[path])), min(places[path]), max(places[path])
    return found
