"""Names inside drawings: short, on one line, and never read as mathematics."""

from __future__ import annotations

MOST = 36  # letters; a longer name would leave no room for what is drawn


def axis_words(words: object, most: int = MOST) -> str:
    """Write a name for an axis, a title or a box; what is left out is told by an ellipsis."""
    line = " ".join(str(words).split())
    short = line if len(line) <= most else line[: most - 1].rstrip() + "…"
    return short.replace("$", r"\$")  # between two of them matplotlib reads mathematics
