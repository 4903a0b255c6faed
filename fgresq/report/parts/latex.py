"""A table as LaTeX (booktabs): best bold and second underlined, as the paper prints."""

from __future__ import annotations

import re
from functools import lru_cache

import pandas as pd

from fgresq.report.parts.cells import Table

TYPED = {"−": "-", "\u202f": ",", "–": "--"}  # what the page writes, and what is typed for it
SET = {  # what LaTeX sets in no text; other letters than Latin ones want xelatex or lualatex
    **{"▲": r"\triangle", "▼": r"\bigtriangledown", "○": r"\circ", "●": r"\bullet"},
    **{"◇": r"\diamond", "◆": r"\diamond", "✓": r"\surd", "✗": r"\times", "→": r"\rightarrow"},
    **{"≤": r"\leq", "≥": r"\geq", "≈": r"\approx", "Φ": r"\Phi", "λ": r"\lambda"},
    **{"ρ": r"\rho", "τ": r"\tau", "β": r"\beta", "α": r"\alpha", "σ": r"\sigma", "Δ": r"\Delta"},
}
STYLES = {"best": "textbf:--rwrap;", "second": "underline:--rwrap;"}


def typed(words: str) -> str:
    """Write the signs of the page as they are typed in LaTeX."""
    for sign, own in TYPED.items():
        words = words.replace(sign, own)
    return words


@lru_cache(maxsize=512)  # a page has it as a link, and it is a file beside the page
def latex(table: Table) -> str:
    r"""Give a table as a `tabular` with rules of booktabs, every name escaped.

    Intervals and other second lines are left out; NAME.csv beside it has them. Columns of numbers
    stand to the right. A preamble needs `\usepackage{booktabs}`.
    """
    texts = [[typed(cell.text) for cell in row.cells] for row in table.rows]
    frame = pd.DataFrame(texts, columns=heads(table), dtype=object)
    marks = pd.DataFrame(
        [[style_of(cell.mark) for cell in row.cells] for row in table.rows],
        columns=frame.columns,
        dtype=object,
    )
    first = table.rows[0].cells if table.rows else []
    sides = ["r" if "number" in cell.mark.split() else "l" for cell in first]
    style = frame.style.hide(axis="index").format(escape="latex").apply(lambda _: marks, axis=None)
    style = style.format_index(axis="columns", escape="latex")
    made = str(style.to_latex(hrules=True, column_format="".join(sides) or "l"))
    for sign, command in SET.items():
        made = made.replace(sign, f"${command}$")
    # what a row begins with would be taken for an argument of the line end above it
    return re.sub(r"^(?=[\[*])", "{}", made, flags=re.MULTILINE)


def heads(table: Table) -> list[str]:
    """Name the columns; those of one name are told apart by their second line, then by spaces."""
    names = [cell.text for cell in table.columns]
    full = [f"{cell.text} ({cell.detail})" if cell.detail else cell.text for cell in table.columns]
    told = [typed(f if names.count(n) > 1 else n) for n, f in zip(names, full, strict=True)]
    return [name + " " * told[:at].count(name) for at, name in enumerate(told)]


def style_of(mark: str) -> str:
    """Give the style of a cell by its classes."""
    return "".join(style for name, style in STYLES.items() if name in mark.split())
