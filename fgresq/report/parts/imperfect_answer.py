"""What was measured where the reference is not perfect, in sentences that claim no more."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from fgresq.audit.printed import Printed
from fgresq.comparisons import BETTER, LABELS, SIMILAR, WORSE
from fgresq.report.imperfect_results import Imperfect
from fgresq.report.parts.cells import (
    Made,
    Row,
    Table,
    count,
    decimal,
    head,
    interval,
    number,
    text,
    whole,
)
from fgresq.report.parts.imperfect_rows import (
    ABOVE,
    ALL,
    BELOW,
    DISTANCE,
    FIDELITY,
    FULL,
    IMPERFECT,
    LPIPS,
    RANDOM,
    SCENARIOS,
    STANDARD,
    alone,
    compared,
    verdict_of,
)

WORDS = {
    "above": "gains",
    "below": "loses",
    "not told apart": "is not told apart from F",
    "unknown": "cannot be compared with F",
}
PLACES = {BELOW: "on Ref < Test", ABOVE: "on Ref > Test", STANDARD: "on perfect references"}
PLACES |= {IMPERFECT: "on both by triplets", ALL: "on the average of all"}
SHOWN = {BETTER: "better", SIMILAR: "similar", WORSE: "worse"}


def headline(imperfect: Imperfect) -> list[str]:
    """Say of D of every backbone what it has over F, scenario by scenario; then how sure it is."""
    table = compared(imperfect)
    table = table[table["labels"].eq(LPIPS) & table["part"].eq(DISTANCE)]
    table = table[table["variant"].eq(FULL) & table["backbone"].ne(RANDOM)]
    table = table[table["against"].str.endswith(f"-{FULL}/{FIDELITY}")]
    said = [sentence(lines) for _, lines in table.groupby("row", sort=False)]
    return [*filter(None, said), *chance_sentence(imperfect)]


def sentence(lines: pd.DataFrame) -> str:
    """Say what D of one model has over F."""
    at = {line["scenario"]: line for line in lines.to_dict("records")}
    there = [scenario for scenario in PLACES if scenario in at]
    if not there:
        return ""
    told = [f"{gap_told(at[scenario])} {PLACES[scenario]}" for scenario in there]
    name = str(lines["title"].iloc[0]).partition(":")[0]
    return f"{name}: beside F, D {'; '.join(told)}."


def gap_told(line: dict) -> str:
    """Say what the interval of a difference carries, with the difference in points."""
    said = verdict_of(line["difference_low"], line["difference_high"])
    ends = interval(100 * line["difference_low"], 100 * line["difference_high"], 1)
    shown = f" ({decimal(100 * line['difference'], 1, sign=True)} points {ends})"
    return WORDS[said] + ("" if said == "unknown" else shown)


def chance_sentence(imperfect: Imperfect) -> Iterator[str]:
    """Say how many differences the intervals carry, and how many they would by chance."""
    found = imperfect.record("record").get("claims_in_all")
    if isinstance(found, dict) and {"claims", "carried", "expected_by_chance"} <= set(found):
        yield (
            f"Of {count(found['claims'])} differences that were looked at, the intervals carry "
            f"{count(found['carried'])}; chance alone would carry about "
            f"{decimal(found['expected_by_chance'], 0)}."
        )


def extent(imperfect: Imperfect) -> str:
    """Say how many images, references, photographs and triplets are behind the numbers."""
    table = alone(imperfect).groupby("scenario")["triplets"].max()
    shown = [
        f"{SCENARIOS[name][0]} {count(table[name])}"
        for name in (STANDARD, BELOW, ABOVE)
        if name in table.index
    ]
    record = imperfect.record("record")
    counted = [
        f"{count(record[key])} {word}"
        for key, word in (
            ("images", "images"),
            ("references", "references"),
            ("families", "photographs"),
        )
        if isinstance(record.get(key), int)
    ]
    told = f"{', '.join(counted)}; " if counted else ""
    return f"Behind it: {told}triplets: {', '.join(shown)}."


def shares_table(imperfect: Imperfect, printed: Printed) -> Table | None:
    """Build the shares of better, similar and worse that were reached, beside DiffIQA's votes."""
    record = imperfect.record("record")
    ours = record.get("labels")
    if not isinstance(ours, dict):
        return None
    rows = printed.numbers
    votes = rows[rows["table"].eq("afine_votes")].set_index("bin")["number"].astype(float)
    frame = pd.DataFrame(
        [
            {
                "label": SHOWN[name],
                "ours": ours.get(name, float("nan")),
                "DiffIQA's votes": votes.get(SHOWN[name], float("nan")) / votes.sum(),
            }
            for name in LABELS
        ]
    )
    body = [
        Row([text(r[0], "name"), number(r[1]), number(r[2])])
        for r in frame.itertuples(index=False, name=None)
    ]
    columns = head(
        "Against its reference",
        ("Here", "share of test images, by majority"),
        ("DiffIQA", "share of votes"),
    )
    without = record.get("without_majority")
    note = "Brought near by the strengths of damage; no image was dropped after it was labelled"
    note += f", but {count(without)} without a majority." if isinstance(without, int) else "."
    caption = "What the simulated observers say of test images, beside people’s votes on DiffIQA."
    made = Made("reports/afine/record.json", "make afine")
    return Table("imperfect_shares", caption, columns, body, frame, note=note, made=made)


def turned_table(imperfect: Imperfect) -> Table | None:
    """Build, a model, the share of tested images above 1 / k, where D falls as they get worse."""
    table = imperfect.table("turned")
    if table.empty:
        return None
    names = alone(imperfect).drop_duplicates("backbone").set_index("backbone")["title"]
    rows = [
        Row(
            [
                text(str(names.get(r.backbone, r.backbone)).partition(":")[0], "name"),
                text(f"{r.fold:.0f}"),
                number(r.k, 2, row=line),
                number(1 / r.k, 3) if r.k else number(None),
                whole(r.images),
                whole(r.turned),
                number(r.share, 3, row=line),
            ]
        )
        for line, r in enumerate(table.itertuples(), start=2)
    ]
    columns = head(
        "Model",
        ("Fold", "tested"),
        "k",
        ("1 / k", "of N_s"),
        "Images",
        "Above 1 / k",
        "Share",
    )
    caption = "Images above 1 / k: there D falls as an image gets less natural."
    made = Made("reports/afine/turned.csv", "make afine")
    return Table("imperfect_turned", caption, columns, rows, table, made=made)
