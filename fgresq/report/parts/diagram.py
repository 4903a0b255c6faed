"""Boxes and arrows: what is trained, what is frozen and what is data, told by line and by word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from fgresq.report.parts.axis_words import axis_words
from fgresq.report.parts.svg import BLUE, INK, MUTED, PALE_BLUE

TRAINED, FROZEN, DATA = "trained", "frozen", "data"
LOOKS = {  # edge, face, line, width
    TRAINED: (BLUE, PALE_BLUE, "-", 1.6),
    FROZEN: (MUTED, "none", "--", 1.1),
    DATA: (MUTED, "none", "-", 0.7),
}
LINE = 1.5  # between lines of a box
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A box about its centre, in tenths of an inch; lines of text, the first is bold."""

    x: float
    y: float
    width: float
    height: float
    look: str
    lines: Sequence[str]

    @property
    def left(self) -> Point:
        """Middle of the left side."""
        return self.x - self.width / 2, self.y

    @property
    def right(self) -> Point:
        """Middle of the right side."""
        return self.x + self.width / 2, self.y


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """Give an empty figure whose axes measure tenths of an inch, the origin at the lower left."""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, 10 * width)
    axes.set_ylim(0, 10 * height)
    axes.axis("off")
    return figure, axes


def draw_box(axes: Axes, box: Box) -> None:
    """Draw a box with its text."""
    edge, face, line, width = LOOKS[box.look]
    frame: dict[str, Any] = {"edgecolor": edge, "facecolor": face, "linestyle": line}
    corner = (box.x - box.width / 2, box.y - box.height / 2)
    shape = "round,pad=0,rounding_size=0.5"
    axes.add_patch(
        FancyBboxPatch(corner, box.width, box.height, boxstyle=shape, linewidth=width, **frame)
    )
    top = box.y + LINE * (len(box.lines) - 1) / 2
    for number, words in enumerate(box.lines):
        look: dict[str, Any] = {"weight": "normal", "fontsize": 7.5}
        if number == 0:
            look = {"weight": "bold", "fontsize": 8}
        at = top - LINE * number
        axes.text(box.x, at, axis_words(words, 120), ha="center", va="center", **look)


def arrow(axes: Axes, *points: Point) -> None:
    """Draw an arrow through points; its head is at the last."""
    xs, ys = zip(*points[:-1], strict=True)
    axes.plot(xs, ys, color=INK, linewidth=0.9, solid_joinstyle="round")
    look = {"arrowstyle": "-|>", "color": INK, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", points[-1], points[-2], arrowprops={**look, "mutation_scale": 8})


def chain(axes: Axes, boxes: Sequence[Box]) -> None:
    """Draw boxes, and an arrow from each to the next."""
    for box in boxes:
        draw_box(axes, box)
    for before, after in zip(boxes, boxes[1:], strict=False):
        arrow(axes, before.right, after.left)


def note(axes: Axes, at: Point, words: str, bold: bool = False) -> None:
    """Write a line from a point to the right."""
    weight, size = ("bold", 9) if bold else ("normal", 8)
    axes.text(*at, axis_words(words, 120), ha="left", va="center", weight=weight, fontsize=size)
