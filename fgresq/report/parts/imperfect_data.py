"""What the data of imperfect references are: shares of labels reached, and where D turns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from fgresq.audit.printed import Printed
from fgresq.comparisons import BETTER, LABELS, SIMILAR, WORSE
from fgresq.report.imperfect_results import Imperfect
from fgresq.report.parts.cells import Made, Row, Table, decimal, head, number, text, whole
from fgresq.report.parts.imperfect_rows import LABELS as MEASURES
from fgresq.report.parts.imperfect_rows import LPIPS, alone

SHOWN = {BETTER: "better", SIMILAR: "similar", WORSE: "worse"}
NONE = "no majority"
SIMULATED = "simulated"


def made_source(imperfect: Imperfect) -> Mapping[str, Any]:
    """Give what data.json says of the simulated source; empty where it says nothing."""
    sources = imperfect.record("data").get("sources", {})
    return next((own for own in sources.values() if own.get("observers") == SIMULATED), {})


def shares_table(imperfect: Imperfect, printed: Printed) -> Table | None:
    """Build the shares of better, similar and worse that were reached, beside DiffIQA's votes."""
    source = made_source(imperfect)
    measures = [name for name in MEASURES if isinstance(source.get(name), dict)]
    if not measures:
        return None
    numbers = printed.numbers
    votes = numbers[numbers["table"].eq("afine_votes")].set_index("bin")["number"].astype(float)
    frame = pd.DataFrame({"against its reference": [*SHOWN.values(), NONE]})
    columns = head("Against its reference")
    for name in measures:
        own = source[name]
        lost = own["without_majority"] / own["judged"] if own["judged"] else float("nan")
        frame[f"votes, {name}"] = [*(own["votes"].get(label) for label in LABELS), None]
        frame[f"images, {name}"] = [*(own["labels"].get(label) for label in LABELS), lost]
        columns += head(("Votes here", f"seen: {MEASURES[name]}"), ("Images here", "by majority"))
    frame["votes, DiffIQA"] = [*(votes.get(SHOWN[n]) for n in LABELS), None]
    frame["votes, DiffIQA"] /= votes.sum()
    columns += head(("Votes on DiffIQA", "of people, printed"))
    frame = frame.astype(dict.fromkeys(frame.columns[1:], float))
    rows = [
        Row([text(name, "name"), *map(number, shares)])
        for name, *shares in frame.itertuples(index=False, name=None)
    ]
    caption = "What the simulated observers say of test images, beside people’s votes on DiffIQA."
    note = "Brought near by the strengths of damage; no image was dropped to reach it."
    made = Made("reports/afine/data.json", "make afine")
    return Table("imperfect_shares", caption, columns, rows, frame, note=note, made=made)


def facts(imperfect: Imperfect) -> list[str]:
    """Say how the simulated voters see, and how often both labels agree."""
    source = made_source(imperfect)
    said = []
    if {"slope", "similar"} <= set(source):
        said.append(
            f"A voter sees the difference of LPIPS times {decimal(source['slope'], 1)}, with noise "
            f"of one standard deviation, and calls similar what is under "
            f"{decimal(source['similar'], 2)} of it."
        )
    if "same_label" in source:
        share = decimal(100 * source["same_label"], 0)
        said.append(f"LPIPS and JOD give the same label to {share} % of the images.")
    return said


def turned_table(imperfect: Imperfect) -> Table | None:
    """Build, a model, the share of tested images above 1 / k, where D falls as they get worse."""
    table = imperfect.table("turned")
    if table.empty:
        return None
    names = alone(imperfect, LPIPS).drop_duplicates("backbone").set_index("backbone")["title"]
    rows = [
        Row(
            [
                text(str(names.get(r.backbone, r.backbone)).partition(":")[0], "name"),
                text(f"{r.fold:.0f}"),
                number(r.k, 2, row=line),
                number(1 / r.k if r.k else None),
                whole(r.images),
                whole(r.turned),
                number(r.share, row=line),
            ]
        )
        for line, r in enumerate(table.itertuples(), start=2)
    ]
    columns = head(
        "Model", ("Fold", "tested"), "k", ("1 / k", "of N"), "Images", "Above 1 / k", "Share"
    )
    caption = "Images above 1 / k: there D falls as an image gets less natural."
    made = Made("reports/afine/turned.csv", "make afine")
    return Table("imperfect_turned", caption, columns, rows, table, made=made)
