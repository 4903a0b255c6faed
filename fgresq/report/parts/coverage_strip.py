"""The paper's tables and figures as a strip of cells: a state by colour, symbol and letter."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from fgresq.absent import COVERAGE

REPRODUCED, LABELS_ONLY, STAND_IN, ABSENT = COVERAGE
MARKS = {  # of a state: symbol, letter
    REPRODUCED: ("●", "R"),
    LABELS_ONLY: ("◐", "L"),
    STAND_IN: ("◇", "S"),
    ABSENT: ("○", "A"),
}


@dataclass(frozen=True)
class StripCell:
    """One table or figure of the paper.

    Args:
        item: such as Table 3.
        short: the same in two or three letters.
        words: what it is and its state, for the tip and for readers of the text alone.
        state, symbol, letter: where it stands.
        link: where it is shown; of an absent one, where its next step stands.
    """

    item: str
    short: str
    words: str
    state: str
    symbol: str
    letter: str
    link: str


@dataclass(frozen=True)
class Strip:
    """The strip: its cells in two lines, and what its marks mean."""

    lines: list[list[StripCell]]
    legend: list[tuple[str, str, str, int]]


def coverage_strip(rows: pd.DataFrame, otherwise: str = "#table-coverage") -> Strip:
    """Build the strip of a table of coverage.

    Args:
        rows: item, title, state, and link, which is empty where nothing is shown.
        otherwise: where an absent item leads.
    """
    cells = [
        StripCell(
            *(row["item"], row["item"].replace("Table ", "T").replace("Figure ", "F")),
            f"{row['item']}, {row['title']}: {row['state']}",
            *(row["state"], *MARKS[row["state"]], row["link"] or otherwise),
        )
        for row in rows.to_dict("records")
    ]
    tables = [cell for cell in cells if cell.item.startswith("Table")]
    figures = [cell for cell in cells if not cell.item.startswith("Table")]
    counts = rows["state"].value_counts()
    legend = [(state, *MARKS[state], int(counts.get(state, 0))) for state in COVERAGE]
    return Strip([line for line in (tables, figures) if line], legend)
