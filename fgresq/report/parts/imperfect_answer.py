"""What was measured where the reference is not perfect, in sentences that claim no more."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from fgresq.errors import capital
from fgresq.report.imperfect_results import Imperfect
from fgresq.report.parts.cells import count, decimal, interval
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

WORDS = {  # of what D does beside F, by what the interval of the difference carries
    "above": "gains",
    "below": "loses",
    "not told apart": "is not told apart from F",
    "unknown": "cannot be compared with F",
}
NO_IMAGE = {
    "above": "is ahead of it",
    "below": "is behind it",
    "not told apart": "is not told apart from it",
    "unknown": "cannot be compared with it",
}
CONSTANT, TAUGHT_BY_PEOPLE = "constant_order", "embedded"  # rows
PLACES = {
    BELOW: "on Ref < Test",
    ABOVE: "on Ref > Test",
    STANDARD: "on perfect references",
    IMPERFECT: "on both by triplets",
    ALL: "on the average of all",
}


def headline(imperfect: Imperfect) -> list[str]:
    """Say of D of every backbone what it has over F, scenario by scenario; then how sure it is."""
    table = compared(imperfect)
    table = table[table["labels"].eq(LPIPS) & table["part"].eq(DISTANCE)]
    table = table[table["variant"].eq(FULL) & table["backbone"].ne(RANDOM)]
    table = table[table["against"].str.endswith(f"-{FULL}/{FIDELITY}")]
    said = [sentence(lines) for _, lines in table.groupby("row", sort=False)]
    return [*filter(None, said), *beside_trivial(imperfect), *chance_sentence(imperfect)]


def beside_trivial(imperfect: Imperfect) -> Iterator[str]:
    """Say what D has over a row that sees no image, and what the model taught by people has."""
    table = compared(imperfect)
    table = table[table["labels"].eq(LPIPS) & table["scenario"].eq(ALL)]
    table = table[table["part"].eq(DISTANCE) & table["variant"].eq(FULL)]
    table = table[table["backbone"].ne(RANDOM) & table["against"].eq(CONSTANT)]
    parts = [
        f"{line['title']} {NO_IMAGE[verdict_of(line['difference_low'], line['difference_high'])]}"
        f"{gap_told(line)}"
        for line in table.to_dict("records")
    ]
    if parts:
        yield (
            "A constant order of kinds sees no image: it knows how other photographs' images of "
            f"the same damage or restoration did. On the average of all, {'; '.join(parts)}."
        )
    rows = alone(imperfect)
    own = rows[rows["row"].eq(TAUGHT_BY_PEOPLE) & rows["labels"].eq(LPIPS)]
    own = own[own["scenario"].eq(ALL) & own["accuracy"].notna()]
    if len(own):
        line = own.iloc[0]
        value = f"{decimal(line['accuracy'])} {interval(line['low'], line['high'])}"
        yield (
            f"{capital(line['title'])}, which people's scores of photographs taught and which "
            f"takes no reference, has {value} there."
        )


def sentence(lines: pd.DataFrame) -> str:
    """Say what D of one model has over F."""
    at = {line["scenario"]: line for line in lines.to_dict("records")}
    told: dict[str, list[str]] = {}
    for scenario in PLACES:
        if scenario in at:
            line = at[scenario]
            said = verdict_of(line["difference_low"], line["difference_high"])
            told.setdefault(said, []).append(f"{PLACES[scenario]}{gap_told(line)}")
    name = str(lines["title"].iloc[0]).partition(":")[0]
    parts = [f"{WORDS[said]} {', '.join(told[said])}" for said in WORDS if said in told]
    return f"{name}: beside F, D {'; it '.join(parts)}." if parts else ""


def gap_told(line: dict) -> str:
    """Write a difference in points with its interval; nothing where there is none."""
    ends = interval(100 * line["difference_low"], 100 * line["difference_high"], 1)
    gap = decimal(100 * line["difference"], 1, sign=True)
    return f" ({gap} points {ends})" if ends else ""


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
