"""Every method of the catalogue, and what a run has of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from fgresq.report.parts.cells import Cell, Filter, Methods, Row, Table, count, head, text
from fgresq.report.results import Run
from fgresq.scoring.states import COMPUTED, TRAINED

FACTS = ("convention", "licence")
SHOWN = 3  # reasons a cell or a note gives
MARKS = {COMPUTED: "state reproduced", TRAINED: "state reproduced", "absent": "state absent"}


def reasons(without: dict[str, int]) -> str:
    """Write why images have no value: the most frequent reasons, each with its count."""
    told = [f"{count(number)}: {reason}" for reason, number in list(without.items())[:SHOWN]]
    rest = sum(list(without.values())[SHOWN:])
    return "; ".join([*told, f"{count(rest)}: other reasons"] if rest else told)


def why(state: dict[str, Any], preset: str) -> str:
    """Write why a method has no value, or not for all images, with the next step."""
    absent = state["absent"]
    if absent:
        code = f"{absent['code']}: " if absent["code"] else ""
        return f"{code}{absent['reason']}. Next step: {absent['next_step']}."
    if state["state"] == "not run" and state["full"]:
        return "Next step: `make report-full`, or `--config full=True`, runs it."
    if state["state"] == "not run":
        return f"Next step: name it under `methods` of preset {preset} in config/config.yaml."
    return reasons(state["without"])


def counts(state: dict[str, Any]) -> Cell:
    """Give the cell of n: images with a value, of all where some have none."""
    values, images = state["values"], state["images"]
    of = f"of {count(images)}" if values != images else ""
    return Cell(count(values) if images else "–", values, of, "number")


def methods_table(run: Run, methods: Methods) -> Table | None:
    """Build the table of all methods; None for a run that did not write their states."""
    if not run.states:
        return None
    rows, frame = [], []
    for name, entry in methods.entries.items():
        state = run.states.get(name)
        if state is None:
            continue
        told = why(state, run.preset)
        facts = {key: entry.get(key, "") for key in FACTS}
        own = {key: state[key] for key in ("state", "values", "images")}
        frame.append({"method": name, **own, "why": told, "better": entry["direction"], **facts})
        cells = [
            replace(methods.cell(name), detail=f"{entry['direction']} is better"),
            text(state["state"], MARKS.get(state["state"], "state")),
            counts(state),
            *(text(words or "–", "prose") for words in (told, *facts.values())),
        ]
        rows.append(Row(cells, filters={"state": state["state"]}))
    columns = head("Method", "State", ("n", "images with a value"), "Why not, next step")
    columns += head("Convention", "Licence")
    caption = f"All methods, as preset {run.preset} has them."
    shown = Filter("state", "State", list(dict.fromkeys(row["state"] for row in frame)))
    return Table(f"methods_{run.preset}", caption, columns, rows, pd.DataFrame(frame), [shown])
