"""Tables of others: values of somebody's metric, people's ratings, people's preferences.

They have few columns of their own making; what a column must hold is said where one is missing. The
tables of this project (image, pair and score tables) are of these forms as well.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from fgresq.errors import UserError, unread
from fgresq.tables import PREFERENCES, VOTE_COLUMNS, check_numbers, check_rows, check_separator

RATINGS = ("score", "mos", "rating", "raw_score")  # names of the column of ratings, best first
FAMILIES = ("family", "content", "scene")  # what must not be split: images of one scene
SPLITS = ("all", "family")  # of our score tables: untrained, or out of fold
VOTES = list(VOTE_COLUMNS[:3])


def read_any(path: str | Path) -> pd.DataFrame:
    """Read a CSV whose columns are not known, as text.

    Raises:
        UserError: there is no such file, or it is no table with commas.
    """
    try:
        header = list(pd.read_csv(path, nrows=0).columns)
        check_separator(header, path)
        check_rows(path, len(header))
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except OSError as error:
        raise unread(path, error) from error
    except (ValueError, csv.Error) as error:
        told = " ".join(str(error).split())
        raise UserError(path, f"not a readable table ({told})", "Mend the file") from error


def numbers(table: pd.DataFrame, name: str, path: str | Path, empty: bool = False) -> pd.Series:
    """Give a column as finite numbers; NaN for an empty field, where it may be.

    Raises:
        UserError: names the row of what is none.
    """
    texts = table[name]
    found = pd.to_numeric(texts, errors="coerce").astype(float)
    good = np.isfinite(found) | (texts.eq("") if empty else False)
    check_numbers(texts, good, "finite number", path)
    return found


def need(table: pd.DataFrame, name: str, path: str | Path, holds: str) -> None:
    """Refuse a table without a column.

    Raises:
        UserError: names the columns that there are.
    """
    if name not in table.columns:
        problem = f"column '{name}' is missing (found: {', '.join(table.columns)})"
        raise UserError(path, problem, f"Name the column that holds {holds} '{name}'")


def once(names: pd.Series, path: str | Path) -> None:
    """Refuse an image that is listed twice, or has no name.

    Raises:
        UserError: names it.
    """
    twice = names[names.duplicated() | names.eq("")]
    if len(twice):
        problem = f"image '{twice.iloc[0]}' is listed twice" if twice.iloc[0] else "one has no name"
        raise UserError(f"{path}, row {twice.index[0] + 2}", problem, "Give each image one row")


def read_values(path: str | Path, directions: Mapping[str, str]) -> dict[str, pd.Series]:
    """Read what metrics say of images.

    A table of `image` and `value` is one metric, named as the file; of `image` and other columns,
    each of them is one; a score table of ours holds those in its column `method`.

    Args:
        path: of the table.
        directions: higher or lower, of the methods of the catalogue, whose own values are turned.

    Returns:
        Name to values by image, NaN where there is none.

    Raises:
        UserError: it is no such table, or an image is there twice.
    """
    table = read_any(path)
    need(table, "image", path, "the images' names")
    if {"method", "value"} <= set(table.columns):
        kept = table[table["split"].isin(SPLITS)] if "split" in table.columns else table
        found = {}
        for name, own in kept.groupby("method", sort=False):
            sign = -1.0 if directions.get(str(name)) == "lower" else 1.0
            found[str(name)] = sign * by_image(own, "value", path)
        return found
    columns = ["value"] if "value" in table.columns else [c for c in table if c != "image"]
    if not columns:
        raise UserError(path, "it has no column of values", "Add the column 'value'")
    return {
        Path(path).stem if column == "value" else column: by_image(table, column, path)
        for column in columns
    }


def by_image(table: pd.DataFrame, column: str, path: str | Path) -> pd.Series:
    """Give a column of values by image."""
    once(table["image"], path)
    values = numbers(table, column, path, empty=True)
    return pd.Series(values.to_numpy(), index=table["image"].to_numpy(), dtype=float)


def is_pairs(path: str | Path) -> bool:
    """Tell a table of preferences from one of ratings."""
    return "image_a" in read_any(path).columns


def read_ratings(path: str | Path, lower_better: bool) -> pd.DataFrame:
    """Read people's ratings, and what is said of the images besides.

    Args:
        path: a table of `image`, one of `RATINGS`, and as far as they are known `group` (what may
            be compared), one of `FAMILIES`, `dataset` (of one scale), `path` and `reference`.
        lower_better: of the ratings, as of DMOS.

    Returns:
        image, score in [0, 1] (higher better, by the range of the data set), group, family,
        dataset, source, path, reference; group and family empty where they are not said.

    Raises:
        UserError: there is no rating, an image is there twice, or all ratings of a set are equal.
    """
    table = read_any(path)
    need(table, "image", path, "the images' names")
    once(table["image"], path)
    named = next((name for name in RATINGS if name in table.columns), None)
    if named is None:
        known = "; lower is better for 'dmos': --ratings-lower-better" * ("dmos" in table.columns)
        problem = f"no column of ratings is there (found: {', '.join(table.columns)})"
        raise UserError(path, problem, f"Name it one of {', '.join(RATINGS)}{known}")
    rating = numbers(table, named, path) * (-1.0 if lower_better else 1.0)
    sets = table["dataset"] if "dataset" in table.columns else pd.Series("", index=table.index)
    low, high = (rating.groupby(sets).transform(end) for end in ("min", "max"))
    if not (high > low).all():
        raise UserError(path, "all ratings are equal", "Give ratings that differ")
    family = next((table[name] for name in FAMILIES if name in table.columns), "")
    made = {"image": table["image"], "source": "people", "dataset": sets}
    made |= {"score": (rating - low) / (high - low), "family": family}
    made |= {name: table.get(name, "") for name in ("group", "path", "reference")}
    return pd.DataFrame(made)


def read_preferences(path: str | Path) -> pd.DataFrame:
    """Read people's preferences of pairs.

    Args:
        path: a table of `image_a`, `image_b`, and `preference` (A, B or equal) or the counts
            `votes_a` and `votes_b` (and `votes_equal`); as far as it is known one of `FAMILIES`.

    Returns:
        image_a, image_b, preference, votes_a, votes_b, votes_equal (NaN: unknown), vote_kind,
        family (empty: not said).

    Raises:
        UserError: a column is missing, a preference unknown, or an image compared with itself.
    """
    table = read_any(path)
    for name in ("image_a", "image_b"):
        need(table, name, path, "the images of a pair")
    votes = counts(table, path)
    if "preference" in table.columns:
        preference = table["preference"]
        odd = ~preference.isin(PREFERENCES)
        if odd.any():
            at = int(np.argmax(odd))
            where = f"{path}, row {at + 2}, column 'preference'"
            problem = f"'{preference.iloc[at]}' is none of {', '.join(PREFERENCES)}"
            raise UserError(where, problem, "Write one of them")
    else:
        need(table, "votes_a", path, "the votes for A, or say the `preference`,")
        ahead = np.sign(votes["votes_a"] - votes["votes_b"])
        preference = ahead.map({1.0: "A", -1.0: "B", 0.0: "equal"})
    same = table["image_a"].eq(table["image_b"])
    if same.any():
        where = f"{path}, row {int(np.argmax(same)) + 2}"
        problem = f"'{table['image_a'][same].iloc[0]}' is compared with itself"
        raise UserError(where, problem, "Remove the row")
    family = next((table[name] for name in FAMILIES if name in table.columns), "")
    made = {"image_a": table["image_a"], "image_b": table["image_b"], "preference": preference}
    kind = np.where(votes["votes_a"].notna(), "two", "")
    found = pd.DataFrame({**made, **votes, "vote_kind": kind, "family": family})
    tell_contradictions(found, path)
    return found


def counts(table: pd.DataFrame, path: str | Path) -> dict[str, pd.Series]:
    """Give the votes for A, for B and for neither; NaN where they are not known."""
    nothing = pd.Series(np.nan, index=table.index)
    if not {"votes_a", "votes_b"} <= set(table.columns):
        return dict.fromkeys(VOTES, nothing)
    found = {name: numbers(table, name, path, empty=True) for name in VOTES[:2]}
    given = "votes_equal" in table.columns
    equal = numbers(table, "votes_equal", path, empty=True).fillna(0.0) if given else nothing * 0
    return {**found, "votes_equal": equal if given else found["votes_a"] * 0.0}


def tell_contradictions(pairs: pd.DataFrame, path: str | Path) -> None:
    """Log how many pairs are answered both ways; both answers count."""
    first = pairs["image_a"].lt(pairs["image_b"])
    turned = pairs["preference"].map({"A": "B", "B": "A", "equal": "equal"})
    key = pd.DataFrame(
        {
            "a": pairs["image_a"].where(first, pairs["image_b"]),
            "b": pairs["image_b"].where(first, pairs["image_a"]),
            "answer": pairs["preference"].where(first, turned),
        }
    )
    answers = key[key["answer"].ne("equal")].groupby(["a", "b"])["answer"].nunique()
    if both := int((answers > 1).sum()):
        logging.warning("%s: %d pairs are answered both ways; both answers count", path, both)
