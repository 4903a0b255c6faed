"""The numbers that A-FINE's authors print beside ours, with what ours are of and a verdict."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fgresq.audit.printed import Printed, ordered, same
from fgresq.report.imperfect_results import Imperfect
from fgresq.report.paper import judge
from fgresq.report.parts.beside import paper_table
from fgresq.report.parts.cells import Made, Row, Table, head, text
from fgresq.report.parts.imperfect_rows import (
    ABOVE,
    ALL,
    BELOW,
    DISTANCE,
    FULL,
    IMPERFECT,
    STANDARD,
    accuracy_cell,
    alone,
)

SIMULATED = "simulated observers, other images"
BACKBONES = f"how their N was built on it is not known, and our tower stays frozen; {SIMULATED}"
TRAINING = f"their tower is CLIP's, fine-tuned, ours another and frozen; {SIMULATED}"
# columns of their tables, and the scenario of ours
ACCURACY = {
    "Average(standard)": STANDARD,
    "DiffIQA Ref<Test": BELOW,
    "DiffIQA Ref>Test": ABOVE,
    "DiffIQA Average": IMPERFECT,
    "All Average": ALL,
}
ABLATED = {"Standard": STANDARD, "DiffIQA": IMPERFECT}
BACKBONE_NAMES = {"A-FINE, VGG16": "vgg16", "A-FINE, ViT-B/32 (CLIP)": "clip_vit_b32"}
VARIANTS = {"Standard": STANDARD, "DiffIQA": IMPERFECT, "Combined": FULL}
SRIQA_SETS = {"Reg": "Regression-based", "Gen": "Generation-based", "All": "All"}
PERCENT = 100.0
FULL_RUN = "then make afine-full"
STEPS = {  # what brings in a method of theirs that `make afine` does not measure
    **dict.fromkeys(("FSIM", "VIF"), "it is slow: make afine-full"),
    **dict.fromkeys(("TOPIQ", "AHIQ", "CKDN"), f"install pyiqa, under its own terms, {FULL_RUN}"),
    **dict.fromkeys(("TOPIQ-FT", "AHIQ-FT", "CKDN-FT"), "no code here retrains its network"),
    **dict.fromkeys(("PCQI", "SFSN"), "no code of it is here: docs/add-a-method.md adds it"),
    "A-FINE": f"place afine.pth, {FULL_RUN}",
}
PLACED = ("TID2013", "KADID", "PIPAL")  # their columns of single data sets


def beside_tables(printed: Printed, imperfect: Imperfect) -> list[Table]:
    """Build the four tables of theirs, each number beside ours where there is one.

    What simulated observers judged never gets a verdict; a placed SRIQA-Bench does.

    Args:
        printed: their numbers.
        imperfect: ours.
    """
    table, main = alone(imperfect), theirs(printed, "afine_table2_accuracy")
    backbones = theirs(printed, "afine_table4_backbone")
    training = theirs(printed, "afine_table5_training_set", "bin")
    found = {
        "accuracy": with_ours(main, of_methods(table, main), SIMULATED),
        "sriqa": with_ours(theirs(printed, "afine_sriqa_bench"), of_sriqa(imperfect), ""),
        "backbones": with_ours(backbones, of_backbones(table), BACKBONES),
        "training": with_ours(training, of_variants(table), TRAINING),
    }
    captions = {
        "accuracy": "Their Table 2 beside ours: 2AFC accuracy.",
        "sriqa": "Their table of SRIQA-Bench beside ours, the Original among the compared.",
        "backbones": "Their Table 4, backbones, beside ours.",
        "training": "Their Table 5, training sets, beside ours (VGG16).",
    }
    return [
        paper_table(f"imperfect_their_{name}", captions[name], rows, "Tested on", chosen_of(rows))
        for name, rows in found.items()
        if len(rows)
    ]


def chosen_of(rows: pd.DataFrame) -> str:
    """Name the column that is shown at first: the first in which there is a number of ours."""
    measured = rows[rows["ours"].notna()]
    return ordered((measured if len(measured) else rows)["at"])[0]


def theirs(printed: Printed, table: str, method: str = "method") -> pd.DataFrame:
    """Give a table of theirs as item, method, kind, at, stat, paper (a share).

    Args:
        printed: their numbers.
        table: its name.
        method: the column that tells rows apart; the other is their kind.
    """
    rows = printed.numbers
    rows = rows[rows["table"].eq(table) & rows["number"].notna()].reset_index(drop=True)
    kind = rows["bin" if method == "method" else "method"]
    return pd.DataFrame(
        {
            "item": table,
            "method": rows[method].astype(str),
            "kind": kind.where(kind.ne("N.A."), "").astype(str),
            "at": rows["dataset_or_task"].astype(str),
            "stat": "2AFC",
            "paper": rows["number"].astype(float) / PERCENT,
        }
    )


def with_ours(rows: pd.DataFrame, ours: pd.DataFrame, why: str) -> pd.DataFrame:
    """Join our rows (method, at, ours, low, high, n), and judge them where there is no `why`."""
    kept = ["method", "at", "ours", "low", "high", "n"]
    joined = rows.merge(ours.reindex(columns=kept).astype(object), on=kept[:2], how="left")
    joined = joined.astype(dict.fromkeys(kept[2:], float))
    reasons = [
        why if np.isfinite(row.ours) else not_measured(row.method, row.at)
        for row in joined.itertuples()
    ]
    return judge(joined.assign(reason=reasons))


def not_measured(method: str, at: str) -> str:
    """Say that a number of theirs has none of ours beside it, and what would bring one in."""
    step = STEPS.get(method, "")
    if at.startswith("SRIQA"):  # of their backbones and training sets
        step = "ours are not tried on SRIQA-Bench"
    elif at in PLACED and "no code" not in step:
        step = "ours are not told apart by data set"
    elif at in SRIQA_SETS.values() and "no code" not in step:
        step = "place SRIQA-Bench, then fgresq step afine-sriqa with its name"
        step = "retrained ones are not tried there" if method.endswith("-FT") else step
    return f"not measured; {step}" if step else "not measured"


def placed(lines: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    """Give lines of ours under their columns: method, at, ours, low, high, n."""
    names = {scenario: at for at, scenario in columns.items()}
    lines = lines.assign(at=lines["scenario"].map(names)).dropna(subset=["at", "accuracy"])
    lines = lines.rename(columns={"accuracy": "ours", "triplets": "n"})
    return lines[["method", "at", "ours", "low", "high", "n"]]


def of_methods(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Give our lines of methods that they have too, by title."""
    names = {same(name): name for name in rows["method"]}
    names[same("TOPIQ-FR")] = "TOPIQ"  # theirs is the one with a reference
    lines = table[table["backbone"].eq("")]
    lines = lines.assign(method=lines["title"].map(same).map(names)).dropna(subset=["method"])
    return placed(lines, ACCURACY)


def of_backbones(table: pd.DataFrame) -> pd.DataFrame:
    """Give D of our models under the names of their backbones."""
    names = {backbone: name for name, backbone in BACKBONE_NAMES.items()}
    lines = table[table["part"].eq(DISTANCE) & table["variant"].eq(FULL)]
    lines = lines.assign(method=lines["backbone"].map(names)).dropna(subset=["method"])
    return placed(lines, ABLATED)


def of_variants(table: pd.DataFrame) -> pd.DataFrame:
    """Give D of VGG16's variants under the names of their training sets."""
    names = {variant: name for name, variant in VARIANTS.items()}
    lines = table[table["part"].eq(DISTANCE) & table["backbone"].eq("vgg16")]
    lines = lines.assign(method=lines["variant"].map(names)).dropna(subset=["method"])
    return placed(lines, ABLATED)


def of_sriqa(imperfect: Imperfect) -> pd.DataFrame:
    """Give our lines on a placed SRIQA-Bench, the original among the compared, as theirs."""
    lines = imperfect.table("sriqa")
    lines = lines[lines["with_original"].eq("true") & lines["accuracy"].notna()]
    lines = lines.assign(method=lines["title"], at=lines["set"].map(SRIQA_SETS))
    return lines.rename(columns={"accuracy": "ours", "pairs": "n"})


def sriqa_table(imperfect: Imperfect) -> Table | None:
    """Build accuracy on a placed SRIQA-Bench, with the original and without; None without it."""
    table = imperfect.table("sriqa")
    table = table.assign(line=range(2, len(table) + 2))
    table = table[table["accuracy"].notna()]
    if table.empty:
        return None
    at = {(r["title"], r["set"], r["with_original"]): r for r in table.to_dict("records")}
    places = [(name, original) for name in SRIQA_SETS for original in ("true", "false")]
    rows = [
        Row([text(title, "name"), *(accuracy_cell(at.get((title, *place))) for place in places)])
        for title in ordered(table["title"])
    ]
    words = {"true": "with the Original", "false": "without"}
    columns = head("Method", *((SRIQA_SETS[name], words[original]) for name, original in places))
    caption = "SRIQA-Bench, people’s votes: accuracy with the Original and without."
    made = Made("reports/afine/sriqa.csv", "make afine-sriqa")
    return Table("imperfect_sriqa", caption, columns, rows, table, made=made)
