"""Render docs/data-dictionary.md and a schema of tables: `python workflow/render_dictionary.py`.

What a column is stands once, as the remark beside it where the package lists the columns of a
table; what a key of the metrics file is stands in its schema. Both are read from there.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent.parent))
from fgresq.files import write_text

ROOT = Path(__file__).parent.parent
TARGET = Path("docs/data-dictionary.md")
SCHEMA = Path("fgresq/data/schemas/metrics.schema.yaml")
ROWS = Path("fgresq/data/schemas/tables.schema.yaml")
# file of a run: what its rows are, module and name of its list of columns
TABLES = {
    "results/data/PRESET/images.csv": ("an image", "fgresq/tables.py", "IMAGE_COLUMNS"),
    "results/pairs/PRESET/pairs.csv": ("a pair", "fgresq/tables.py", "PAIR_COLUMNS"),
    "results/pairs/PRESET/folds.csv": ("a family", "fgresq/tables.py", "FOLD_COLUMNS"),
    "results/scores/PRESET/METHOD.csv": ("an image", "fgresq/tables.py", "SCORE_COLUMNS"),
    "results/scores/PRESET/fgresq.ranking.csv": (
        "a pair",
        "fgresq/analysis/inputs.py",
        "RANKING_COLUMNS",
    ),
    "results/analysis/PRESET/performance.csv": (
        "a statistic of a method for a task",
        "fgresq/analysis/inputs.py",
        "PERFORMANCE_COLUMNS",
    ),
    "results/analysis/PRESET/intervals.csv": (
        "a correlation of a method among images of an interval of scores",
        "fgresq/analysis/inputs.py",
        "INTERVAL_COLUMNS",
    ),
    "results/analysis/PRESET/preference.csv": (
        "a bin of pairs",
        "fgresq/analysis/inputs.py",
        "PREFERENCE_COLUMNS",
    ),
    "results/analysis/PRESET/ablation.csv": (
        "a statistic of a variant of FGResQ",
        "fgresq/analysis/ablation.py",
        "ABLATION_COLUMNS",
    ),
    "results/analysis/PRESET/curves.csv": (
        "a step of a training run",
        "fgresq/analysis/learning.py",
        "CURVE_COLUMNS",
    ),
    "results/analysis/PRESET/confusion.csv": (
        "a task and what was taken for it",
        "fgresq/analysis/learning.py",
        "CONFUSION_COLUMNS",
    ),
    "results/analysis/PRESET/reliability.csv": (
        "a bin of chances",
        "fgresq/analysis/learning.py",
        "RELIABILITY_COLUMNS",
    ),
    "results/analysis/PRESET/significance.csv": (
        "two methods on a task",
        "fgresq/analysis/trust_tables.py",
        "SIGNIFICANCE",
    ),
    "results/analysis/PRESET/mean_ranks.csv": (
        "a method on a task",
        "fgresq/analysis/trust_tables.py",
        "MEAN_RANKS",
    ),
    "results/analysis/PRESET/nemenyi.csv": (
        "two methods on a task",
        "fgresq/analysis/trust_tables.py",
        "NEMENYI",
    ),
    "results/analysis/PRESET/gaps.csv": (
        "a method on pairs of a stretch of gaps",
        "fgresq/analysis/trust_tables.py",
        "BY_GAP",
    ),
    "results/analysis/PRESET/margins.csv": (
        "a block of pairs by a method's own difference",
        "fgresq/analysis/trust_tables.py",
        "MARGINS",
    ),
    "results/analysis/PRESET/margin_steps.csv": (
        "a question to the curve of a method",
        "fgresq/analysis/trust_tables.py",
        "MARGIN_STEPS",
    ),
    "results/analysis/PRESET/restorers.csv": (
        "a restorer and a method",
        "fgresq/analysis/trust_tables.py",
        "RESTORERS",
    ),
    "results/analysis/PRESET/choices.csv": (
        "a method under a setting of a choice",
        "fgresq/analysis/trust_tables.py",
        "CHOICES",
    ),
    "results/analysis/PRESET/within.csv": (
        "a method on a task of a data set",
        "fgresq/analysis/trust_tables.py",
        "WITHIN",
    ),
    "reports/plots/PRESET.csv": ("a method", "fgresq/analysis/summary.py", "PLOT_COLUMNS"),
}
# what a column is in every table in which no remark says more
SHARED = {
    "bin": "of scores or chances: a bracket includes its end, a parenthesis does not",
    "content": "what all its restorations show",
    "count": "how many there are",
    "algorithm": "what restored it",
    "against": "what it is compared with",
    "choice": "of how methods are ranked",
    "difference": "how far apart both are",
    "difference_high": "of the 95 % interval of the difference",
    "fitted_high": "of the 95 % interval of the curve",
    "fitted_low": "of the 95 % interval of the curve",
    "chance": "that the preferred image is first",
    "chance_high": "of the 95 % interval of the chance",
    "critical_difference": "of two mean ranks, at .05",
    "friedman_p": "of Friedman's test",
    "groups": "how many groups are behind it",
    "most": "largest in the block",
    "other": "method that it is compared with",
    "p_holm": "the same after Holm's correction",
    "pooled_high": "of the 95 % interval of the pooled one",
    "restorer": "algorithm of the images",
    "setting": "of the choice",
    "tasks": "how many tasks are behind it",
    "verdict": "better, worse, not decided or cannot decide",
    "within_high": "of the 95 % interval of the one within",
    "within_low": "of the 95 % interval of the one within",
    "families": "how many families are behind it",
    "fold": "number of the fold that its families are tested in",
    "family": "photograph or scene family, which no split divides",
    "group": "images that may be paired and compared",
    "high": "of the 95 % bootstrap interval over families",
    "image": "as the image table names it",
    "image_a": "as the image table names it",
    "image_b": "as the image table names it",
    "loss": "of the step, as it was minimised",
    "low": "of the 95 % bootstrap interval over families",
    "method": "as the catalogue of methods names it",
    "n": "how many are behind it",
    "note": "why there is no value, or what it lacks",
    "null_high": "of the 95 % band of `null`",
    "null_low": "of the 95 % band of `null`",
    "pair": "as the table of pairs names it",
    "predicted": "what was taken for it",
    "run": "fold that was left out, or `pairs` for the split by pairs",
    "source": "data set, as the catalogue of data sets names it",
    "stage": "1: degradation encoder, 2: quality model",
    "stat": "acc, acc_gap5, acc_rank, srcc, srcc_groups, krcc, plcc or plcc_fitted",
    "step": "of training, from 0",
    "task": "restoration task",
    "variant": "of FGResQ; full is the model itself",
    "value": "of the statistic, after the metric was turned so that higher is better",
    "votes_b": "how many observers preferred B",
}
HEAD = """# Data dictionary

Made by `python workflow/render_dictionary.py`; not to be edited. Tables are CSV in UTF-8, a column
a name, an empty cell where there is no value; `{rows}` has them as JSON schemas
of a row. Every table that a page shows lies beside it, `reports/site/PRESET/tables/NAME.csv`.

"""
HEAD_OF_ROWS = "# Made by workflow/render_dictionary.py from the lists of columns. Do not edit.\n"
KINDS = {"str": "text", "float": "number", "int": "whole number"}
DRAFT = "https://json-schema.org/draft/2020-12/schema"
TYPES = {"text": "string", "number": ["number", "null"], "whole number": "integer"}


def columns(module: str, name: str) -> list[tuple[str, str, str]]:
    """List the columns of a table as (name, kind, what it is) from the module that lists them."""
    text = (ROOT / module).read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        target = node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and target.id == name:
            assert isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict)
            told = remarks(text)
            return [
                (str(key.value), KINDS[kind.id], said(key, told if alone(node.value) else {}))
                for key, kind in zip(node.value.keys, node.value.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(kind, ast.Name)
            ]
    raise LookupError(f"{module} has no {name}")


def said(key: ast.Constant, told: dict[int, str]) -> str:
    """Say what a column is: the remark beside it, else what it is in every table."""
    return told.get(key.lineno) or SHARED.get(str(key.value), "")


def alone(node: ast.Dict) -> bool:
    """Tell whether each key of a mapping has a line of its own."""
    return node.end_lineno is not None and node.end_lineno > node.lineno


def remarks(text: str) -> dict[int, str]:
    """Give the remark at the end of each line that has one."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}


def keys(
    part: dict[str, Any], schema: dict[str, Any], place: str, known: set[str]
) -> Iterator[tuple[str, str]]:
    """Yield the keys of a schema as (place, what it is); a definition is followed once."""
    reference = part.get("$ref", "").rpartition("/")[2]
    own = {**schema["$defs"].get(reference, {}), **part}
    if place and "description" in own:
        yield place, own["description"]
    if reference in known:
        return
    known |= {reference} - {""}
    for name, inner in own.get("properties", {}).items():
        yield from keys(inner, schema, f"{place}.{name}".lstrip("."), known)
    more = own.get("additionalProperties")
    if isinstance(more, dict):
        yield from keys(more, schema, f"{place}.*", known)


def table(*rows: tuple[str, ...]) -> str:
    """Write rows as a table; the first is its head."""
    rule = "|" + "---|" * len(rows[0])
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], rule, *lines[1:]]) + "\n"


def render() -> str:
    """Give the text of the dictionary."""
    parts = [HEAD.format(rows=ROWS)]
    for file, (row, module, name) in TABLES.items():
        found = [(f"`{key}`", kind, told) for key, kind, told in columns(module, name)]
        parts += [
            f"## {file}\nA row is {row}.\n\n",
            table(("column", "kind", "what"), *found),
            "\n",
        ]
    schema = yaml.safe_load((ROOT / SCHEMA).read_text(encoding="utf-8"))
    told_of = [(f"`{place}`", told) for place, told in keys(schema, schema, "", set())]
    parts += [
        f"## reports/metrics/PRESET.json\n{schema['description'].capitalize()}. "
        f"Its schema: `{SCHEMA}`. A star stands for any name; what a statistic holds is told once."
        "\n\n",
        table(("key", "what"), *told_of),
    ]
    return "".join(parts)


def render_rows() -> str:
    """Give the text of the schema of tables: of each file, what a row is."""
    files = {}
    for file, (row, module, name) in TABLES.items():
        found = columns(module, name)
        files[file] = {
            "type": "object",
            "description": f"a row is {row}",
            "additionalProperties": False,
            "required": [key for key, _, _ in found],
            "properties": {
                key: {"type": TYPES[kind], **({"description": told} if told else {})}
                for key, kind, told in found
            },
        }
    schema = {"$schema": DRAFT, "title": "rows of the tables of a run", "$defs": files}
    return HEAD_OF_ROWS + yaml.safe_dump(schema, sort_keys=False, width=100)


if __name__ == "__main__":
    write_text(ROOT / TARGET, render())
    write_text(ROOT / ROWS, render_rows())
