"""A-FINE and its kin on people's scores, where the reference is perfect or there is none."""

from __future__ import annotations

import pandas as pd

from fgresq.audit.printed import ordered
from fgresq.report.imperfect_results import Imperfect
from fgresq.report.parts.cells import (
    Filter,
    Made,
    Row,
    Table,
    count,
    decimal,
    head,
    text,
)
from fgresq.report.parts.imperfect_rows import (
    SCENARIOS,
    accuracy_cell,
    is_trivial,
    mark_of,
    name_cell,
)
from fgresq.report.parts.imperfect_tables import difference_cells

MADE = Made("reports/afine/people.csv", "make afine-people")
NAMES = {"srij": "SRIJ", "srcolor": "srcolor", "diffiqa_mini": "DiffIQA-mini"}
ABOUT = {
    "srij": "SRIJ, people’s choices, perfect references",
    "srcolor": "srcolor, people’s choices, no reference; a test set",
    "diffiqa_mini": "N by two recipes on DiffIQA-mini, simulated observers",
}


def lines_of(imperfect: Imperfect) -> pd.DataFrame:
    """Give the lines of rows; `line` is that of the file."""
    table = imperfect.table("people")
    table = table.assign(line=range(2, len(table) + 2))
    return table[table["row"].ne("")]


def people_tables(imperfect: Imperfect) -> list[Table]:
    """Build a table a set, a row each and a column each way of asking; then all differences."""
    table = lines_of(imperfect)
    alone = table[table["against"].eq("")]
    found = [set_table(str(name), own) for name, own in alone.groupby("set", sort=False)]
    compared = table[table["against"].ne("") & table["difference"].notna()]
    return [*found, differences(compared, alone)] if len(compared) else found


def set_table(name: str, table: pd.DataFrame) -> Table:
    """Build the accuracies on one set."""
    asked = [a for a in ordered(table["asked"]) if not a.endswith("_plain")]
    lines = {(line["row"], line["asked"]): line for line in table.to_dict("records")}
    rows = [
        Row(
            [
                name_cell(r.title, r.kind, "", is_trivial(r.row)),
                *(accuracy_cell(lines.get((r.row, how))) for how in asked),
            ],
            mark_of(r.row),
        )
        for r in table.drop_duplicates("row").itertuples()
    ]
    columns = head("Row", *(heading(how, table) for how in asked))
    caption = f"{ABOUT.get(name, name)}: 2AFC accuracy."
    note = "Small: 95 % over photographs."
    return Table(f"imperfect_people_{name}", caption, columns, rows, table, note=note, made=MADE)


def heading(asked: str, table: pd.DataFrame) -> tuple[str, str]:
    """Give the head of a way of asking, with how many pairs there are."""
    own = table[table["asked"].eq(asked)]
    told = f"{count(own['pairs'].max())} pairs of {count(own['families'].max())} photographs"
    return SCENARIOS[asked][0] if asked in SCENARIOS else asked or "all", told


def differences(table: pd.DataFrame, alone: pd.DataFrame) -> Table:
    """Build the paired differences on all sets."""
    titles = dict(zip(alone["row"], alone["title"], strict=True))
    table = table[~table["asked"].str.endswith("_plain")]
    rows = []
    for line in table.to_dict("records"):
        name = NAMES.get(line["set"], line["set"])
        asked = SCENARIOS.get(line["asked"], (line["asked"],))[0]
        cells = [text(line["title"], "name"), text(name), text(asked)]
        cells += [text(titles.get(line["against"], line["against"])), *difference_cells(line)]
        rows.append(Row(cells, mark_of(line["row"]), filters={"set": name}))
    columns = head("Row", "Set", "Asked", "Against")
    columns += head(("Difference", "in points; 95 %, paired"), "Says")
    sets = [Filter("set", "Set", list(dict.fromkeys(row.filters["set"] for row in rows)))]
    caption = "What the intervals carry on these sets."
    return Table("imperfect_people_gaps", caption, columns, rows, table, sets, made=MADE)


def notes(imperfect: Imperfect) -> list[str]:
    """Say how near D comes to F on perfect references, what N of people is, what is missing."""
    record, table = imperfect.record("people"), imperfect.table("people")
    said = [limit_told(str(name), own) for name, own in record.get("limit", {}).items()]
    taught = record.get("naturalness_clive", {})
    if "srcc_photographs_left_out" in taught:
        said.append(
            "N taught by people is a ridge on their scores of photographs (CLIVE): SRCC "
            f"{decimal(taught['srcc_photographs_left_out'])} on photographs left out."
        )
    missing = dict(record.get("missing", {}))
    lacking = table[table["row"].eq("") & table["reason"].ne("")]
    missing |= dict(zip(lacking["set"], lacking["reason"], strict=True))
    return said + [f"{NAMES.get(name, name)}: {why}." for name, why in missing.items()]


def limit_told(backbone: str, own: dict[str, float]) -> str:
    """Say of a model how D stands to F where references are perfect."""
    return (
        f"{backbone} on SRIJ: D orders {decimal(100 * own['pairs_ordered_alike'], 1)} % of the "
        f"pairs as F does (SRCC of both {decimal(own['srcc_of_d_and_f'])}); the median of λ is "
        f"{own['weight_median']:.2g}, {decimal(100 * own['weight_below_a_tenth'], 0)} % of the "
        f"images have less than .1; {decimal(100 * own['above_1_over_k'], 0)} % lie above 1 / k."
    )
