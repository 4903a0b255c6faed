"""Matplotlib figures as inline SVG: same bytes every time, colours from the page, unique ids."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from markupsafe import Markup, escape
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

# Drawn in these colours, then handed to the style sheet, so that dark mode and print apply.
INK, MUTED, RULE = "#010203", "#040506", "#070809"
BLUE, ORANGE, GREEN, PURPLE, RED, PALE_RED, PALE_BLUE = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#d55e00",
    "#fbe9dd",
    "#e3eff8",
)
NAMES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    BLUE: "var(--blue)",
    ORANGE: "var(--orange)",
    GREEN: "var(--green)",
    PURPLE: "var(--purple)",
    RED: "var(--red)",
    PALE_RED: "var(--pale-red)",
    PALE_BLUE: "var(--pale-blue)",
}
CYCLE = (BLUE, ORANGE, GREEN, PURPLE)
STYLE: dict[RcKeyType, Any] = {
    "svg.hashsalt": "fgresq",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
}


@dataclass(frozen=True)
class Picture:
    """A figure of the page: its SVG (safe markup) and its caption."""

    name: str
    svg: Markup
    caption: str


@contextmanager
def style() -> Iterator[None]:
    """Apply the style of all figures."""
    with matplotlib.rc_context(STYLE):
        yield


def picture(figure: Figure, name: str, caption: str, alternative: str) -> Picture:
    """Turn a figure into a picture.

    Args:
        figure: the figure, drawn inside `style()`.
        name: prefix of all identifiers in it; unique in the page.
        caption: what readers see below.
        alternative: what readers of the text alone get.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return Picture(name, Markup(clean(buffer.getvalue(), name, alternative)), caption)


def clean(svg: str, name: str, alternative: str) -> str:
    """Strip what HTML does not need, prefix identifiers, hand colours to the style sheet."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", svg)
    svg = svg.replace("xlink:href", "href")
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'href="#', f'href="#{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    for colour, variable in NAMES.items():
        svg = svg.replace(colour, variable)
    svg = re.sub(r'font: ([\w ]*?)([\d.]+px) [^;"]*', r"font: \1\2 var(--sans)", svg)
    label = f'<svg role="img" aria-label="{escape(alternative)}"'
    svg = re.sub(
        r'(<svg[^>]*?) width="([\d.]+)pt" height="[\d.]+pt"',
        r'\1 style="width: \2pt; min-width: min(34rem, \2pt)"',
        svg,
        count=1,
    )
    return svg.replace("<svg", label, 1)
