"""The three tables everything rests on: images, pairs, scores. Read, checked and written here only.

Image: one restored image of a source; `score` is in [0, 1], higher better.
Pair: two images of one group; `preference` says which is liked better.
Score: what a method says of an image, or why it says nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from fgresq.errors import UserError, nearest, unread
from fgresq.files import write_csv

TASKS = ("super-resolution", "deblurring", "denoising", "deraining", "dehazing", "mixture")
DEGRADED = "distortion"  # no task: an image that was degraded and not restored
PHOTOGRAPH = "photograph"  # no task: as a camera, or a generator, gave it; rated, never paired
ROLES = ("train", "select", "test")  # what a source is for, where its entry says so
PREFERENCES = ("A", "B", "equal")
LABEL_ORIGINS = ("human", "simulated", "derived from scores")
SPLITS = ("all", "family", "pairs")
SPLIT_SIDES = ("train", "test")
VOTE_KINDS = ("two", "best of four", "ratings", "simulated")  # how observers were asked

IMAGE_COLUMNS: dict[str, type] = {
    "image": str,  # identifier: SOURCE/relative path
    "source": str,
    "dataset": str,  # inside a source: whose scores share one scale; the source itself by default
    "task": str,  # one of TASKS; or DEGRADED, neither paired nor trained on; or PHOTOGRAPH
    "content": str,
    "group": str,  # images of one group (and task) may be paired and compared
    "family": str,  # what must not be split: photograph or scene family
    "algorithm": str,
    "path": str,  # from the repository root, or absolute
    "reference": str,  # path, or empty where there is none
    "mask": str,  # path, or empty
    "raw_score": float,  # as the source gives it
    "raw_sd": float,  # of the raters' opinions, on the scale of raw_score; empty where unknown
    "score": float,  # [0, 1], higher better, min-max over the data set
    "sha256": str,  # of the image file
    "reference_sha256": str,  # of the reference file, or empty
    "role": str,  # one of ROLES, or empty where the source's entry says none
}
PAIR_COLUMNS: dict[str, type] = {
    "pair": str,  # identifier: SOURCE#number
    "image_a": str,
    "image_b": str,
    "task": str,
    "source": str,
    "group": str,
    "family": str,
    "score_difference": float,  # score of A minus score of B, in [-1, 1]
    "ssim": float,  # between A and B, 1 = identical; empty where not computed
    "preference": str,  # one of PREFERENCES
    "fraction_a": float,  # share of votes for A, equal votes count half; empty where unknown
    "votes_a": float,  # how many observers preferred A; empty where unknown, as the next two
    "votes_b": float,
    "votes_equal": float,  # saw no difference, or said so
    "vote_kind": str,  # one of VOTE_KINDS, or empty; two images are one pair a kind
    "label_origin": str,  # one of LABEL_ORIGINS
    "fold": int,  # the fold of the family: the content-disjoint split
    "split_pairs": str,  # train or test: as the source released it, or a random 8:2 split by pairs
}
VOTE_COLUMNS = ("votes_a", "votes_b", "votes_equal", "vote_kind")
SUPPLIED_COLUMNS: dict[str, type] = {  # what a source brings along; split_pairs may be empty
    name: PAIR_COLUMNS[name]
    for name in (
        *("image_a", "image_b", "preference", "fraction_a"),
        *VOTE_COLUMNS,
        *("label_origin", "split_pairs"),
    )
}
FOLD_COLUMNS: dict[str, type] = {"source": str, "family": str, "fold": int}
SCORE_COLUMNS: dict[str, type] = {
    "image": str,
    "method": str,
    "split": str,  # all: untrained; family or pairs: trained on the other side of that split
    "value": float,  # empty where there is none
    "reason": str,  # why there is no value, else empty
}


def check_columns(found: list[str], known: Mapping[str, object], where: str | Path) -> None:
    """Raise a UserError for a column that is missing or that nothing is known of."""
    for name in found:
        if name not in known:
            raise UserError(where, f"unknown column '{name}'", nearest(name, known).rstrip("."))
    missing = [name for name in known if name not in found]
    if missing:
        raise UserError(
            where,
            f"column '{missing[0]}' is missing (found: {', '.join(found)})",
            f"Add the column '{missing[0]}'",
        )


def read_table(path: str | Path, columns: Mapping[str, type]) -> pd.DataFrame:
    """Read a CSV of known columns with their types; an empty table is one with no rows.

    Raises:
        UserError: no such file, no CSV, a wrong column, a row with fewer or more fields than there
            are columns, or what is no number in a column of numbers.
    """
    kinds = {name: "string" if kind is str else "float64" for name, kind in columns.items()}
    try:
        header = list(pd.read_csv(path, nrows=0).columns)
        check_separator(header, path)
        check_columns(header, columns, path)
        table = pd.read_csv(
            path,
            dtype={n: kinds[n] for n in header},
            keep_default_na=False,
            na_values={n: [""] for n, k in kinds.items() if k == "float64"},
        )
        check_rows(path, len(header), table)
    except OSError as error:
        raise unread(path, error) from error
    except (ValueError, csv.Error) as error:
        raise unreadable(path, columns, error) from error
    for name, kind in columns.items():
        if kind is int:
            check_numbers(table[name], table[name] % 1 == 0, "whole number", path)
        table[name] = table[name].astype(object if kind is str else kind)
    return table[list(columns)]


def check_separator(header: list[str], path: str | Path) -> None:
    """Raise a UserError for a header whose names no comma separates, but what else may."""
    for mark, name in ((";", "';'"), ("\t", "tabs")):
        if len(header) == 1 and mark in header[0]:
            problem = f"it is separated by {name}, not by commas"
            raise UserError(path, problem, "Save it as CSV with commas")


def check_rows(path: str | Path, width: int, table: pd.DataFrame | None = None) -> None:
    """Raise a UserError for a row with fewer or more fields than `width`: pandas fills silently.

    Args:
        path: of the table.
        width: number of its columns.
        table: as pandas read it, where it did. Where no field is quoted and no row was so long
            that it gave the table an index, the commas tell at once that all rows are whole.
    """
    data = Path(path).read_bytes()
    if (
        table is not None
        and isinstance(table.index, pd.RangeIndex)
        and b'"' not in data
        and data.count(b",") == (len(table) + 1) * (width - 1)
    ):
        return
    lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    # blank lines are no rows; the header is row 1, as editors count
    rows = (fields for fields in lines if len(fields) > 1 or "".join(fields).strip())
    for number, fields in enumerate(rows, start=1):
        if len(fields) != width:
            raise UserError(
                f"{path}, row {number}",
                f"it has {len(fields)} fields, and the table {width} columns",
                "Complete the row; a field that holds a comma stands in double quotes",
            )


def check_numbers(texts: pd.Series, good: pd.Series, kind: str, path: str | Path) -> None:
    """Raise a UserError for the first value of a column that is not of a kind of number."""
    if not good.all():
        at = int(np.argmin(good))
        value = texts.iloc[at]
        shown = "it is empty" if pd.isna(value) or value == "" else f"'{value}' is no {kind}"
        raise UserError(
            f"{path}, row {at + 2}, column '{texts.name}'", shown, f"Give a {kind} there"
        )


def unreadable(path: str | Path, columns: Mapping[str, type], error: Exception) -> UserError:
    """Give the error for a table that pandas does not read: with the row, where one is at fault."""
    try:
        check_rows(path, len(pd.read_csv(path, nrows=0).columns))
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        for name in [n for n, kind in columns.items() if kind is not str]:
            good = table[name].eq("") | pd.to_numeric(table[name], errors="coerce").notna()
            check_numbers(table[name], good, "number", path)
    except UserError as found:
        return found
    except (ValueError, csv.Error):
        pass  # what was met first says as much
    told = " ".join(str(error).split())
    return UserError(path, f"not a readable table ({told})", "Mend the file")


def write_table(path: str | Path, table: pd.DataFrame, columns: Mapping[str, type]) -> None:
    """Write a table in the order of its columns; refuses what is not in the schema."""
    check_columns(list(table.columns), columns, path)
    write_csv(path, table[list(columns)])


def read_images(path: str | Path) -> pd.DataFrame:
    """Read an image table.

    Raises:
        UserError: as `read_table` says, or an identifier is empty or there twice.
    """
    images = read_table(path, IMAGE_COLUMNS)
    check_identifiers(images, path)
    return images


def check_identifiers(images: pd.DataFrame, path: str | Path) -> None:
    """Raise a UserError for an image whose identifier is empty, or there twice."""
    names = images["image"]
    empty_at, twice = np.flatnonzero(names.eq("")), names[names.duplicated()]
    if len(empty_at):
        where = f"{path}, row {empty_at[0] + 2}, column 'image'"
        raise UserError(where, "it is empty", "Give the image a name of its own")
    if len(twice):
        raise UserError(path, f"image '{twice.iloc[0]}' is listed twice", "Remove one of the rows")


def write_images(path: str | Path, images: pd.DataFrame) -> None:
    """Write an image table, in order of its identifiers.

    Raises:
        UserError: an identifier is empty or there twice, an unknown task or role, or a score
            outside [0, 1].
    """
    check_identifiers(images, path)
    for column, known, more in (("task", TASKS, (DEGRADED, PHOTOGRAPH)), ("role", ROLES, ("",))):
        for name in images[column].unique():
            if name not in (*known, *more):
                raise UserError(
                    path, f"unknown {column} '{name}'", nearest(name, known).rstrip(".")
                )
    outside = images[~images["score"].between(0.0, 1.0)]
    if len(outside):
        raise UserError(
            path,
            f"image '{outside['image'].iloc[0]}' has a score outside [0, 1]",
            "Scores are scaled over the whole source; check raw_score",
        )
    write_table(path, images.sort_values("image"), IMAGE_COLUMNS)


def restored(images: pd.DataFrame) -> pd.DataFrame:
    """Keep the images that a restoration made: what is paired."""
    return images[images["task"].isin(TASKS)].reset_index(drop=True)


def rated(images: pd.DataFrame) -> pd.DataFrame:
    """Keep the images whose scores are trained on: restored ones and photographs."""
    return images[images["task"].isin((*TASKS, PHOTOGRAPH))].reset_index(drop=True)


def without_votes(pairs: pd.DataFrame) -> pd.DataFrame:
    """Say of pairs that no votes are known: the columns VOTE_COLUMNS, empty."""
    nothing = {
        name: pd.Series("" if PAIR_COLUMNS[name] is str else np.nan, index=pairs.index)
        for name in VOTE_COLUMNS
    }
    return pairs.assign(**nothing).astype({"vote_kind": object})


def read_pairs(path: str | Path) -> pd.DataFrame:
    """Read a pair table."""
    return read_table(path, PAIR_COLUMNS)


def write_pairs(path: str | Path, pairs: pd.DataFrame) -> None:
    """Write a pair table, in order of its identifiers."""
    write_table(path, pairs.sort_values("pair"), PAIR_COLUMNS)


def read_scores(path: str | Path, columns: Mapping[str, type] = SCORE_COLUMNS) -> pd.DataFrame:
    """Read a score table, or one of other columns that has values and reasons.

    Raises:
        UserError: as `read_table` says, or a value is infinite.
    """
    scores = read_table(path, columns)
    check_numbers(scores["value"], ~np.isinf(scores["value"]), "finite number", path)
    return scores


def write_scores(
    path: str | Path, scores: pd.DataFrame, columns: Mapping[str, type] = SCORE_COLUMNS
) -> None:
    """Write a score table; each row has a finite value or a reason for none.

    Raises:
        UserError: one has neither, or both.
    """
    has_value = np.isfinite(scores["value"].astype(float))
    bad = scores[has_value == (scores["reason"] != "")]
    if len(bad):
        row = bad.iloc[0]
        raise UserError(
            path,
            f"{row['method']} of '{row['image']}' needs a value or a reason",
            "This is a fault of the method: report it",
        )
    write_table(path, scores, columns)


def empty(columns: Mapping[str, type]) -> pd.DataFrame:
    """Give a table of these columns without rows: what an absent source yields."""
    return pd.DataFrame({n: pd.Series(dtype=object if k is str else k) for n, k in columns.items()})
