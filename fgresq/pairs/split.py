"""Join the pairs of all sources and freeze two splits, with the leak of each.

`split_pairs`: as the source released it, else a random 8:2 split by pairs within each task, as in
the paper. `fold`: families (photographs, scenes) are dealt to folds, so that no content is on both
sides. Both come from hashes of names and the seed. The leak is the share of test images that
training pairs hold too.
"""

from __future__ import annotations

import argparse

import pandas as pd

from fgresq.errors import UserError, capital
from fgresq.files import read_json, write_csv, write_json
from fgresq.options import add_options, options_of
from fgresq.pairs.candidates import check_families
from fgresq.pairs.funnel import SOURCE_PAIR_COLUMNS
from fgresq.pairs.order import pair_key, stable_hash
from fgresq.records import Funnel, Leak
from fgresq.sections import Section, Split
from fgresq.tables import SPLIT_SIDES, read_images, read_table, write_pairs

OVERALL = "overall"


class Options(Section):
    """What this step reads of a preset."""

    split: Split


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("--pairs", nargs="+", required=True, help="pair tables of the sources")
    parser.add_argument("--funnels", nargs="+", required=True, help="their funnels, in that order")
    parser.add_argument("--images", required=True, help="image table of all sources")
    parser.add_argument("--out", required=True, help="pair table of all sources to write")
    parser.add_argument("--folds", required=True, help="fold of each family to write (CSV)")
    parser.add_argument("--funnel", required=True, help="list of funnels to write (JSON)")
    parser.add_argument("--leak", required=True, help="leak of both splits to write (JSON)")
    add_options(parser, Options)


def deal_families(images: pd.DataFrame, folds: int, seed: int, where: str) -> pd.DataFrame:
    """Deal families to folds of about equal numbers of images: source, family, fold.

    Largest family first, each to the fold that holds fewest images of its source, then fewest
    images at all; families of one size come in the order of their hashes. A name that two sources
    use stands for two families.

    Raises:
        UserError: there are fewer families than folds.
    """
    sizes = images.groupby(["source", "family"], as_index=False).size()
    if 0 < len(sizes) < folds:
        raise UserError(
            where,
            f"{len(sizes)} families cannot be dealt to {folds} folds",
            f"Set split/folds to {len(sizes)} or less, or give images of more families"
            if len(sizes) > 1
            else "Give images of at least two families (column 'family')",
        )
    rank = [stable_hash("fold", seed, *row) for row in sizes[["source", "family"]].values]
    sizes = sizes.assign(rank=rank).sort_values(["source", "size", "rank"], ascending=[1, 0, 1])
    held = [0] * folds
    held_of_source: dict[str, list[int]] = {}
    chosen = []
    for source, size in zip(sizes["source"], sizes["size"], strict=True):
        own = held_of_source.setdefault(source, [0] * folds)
        fold = min(range(folds), key=lambda f: (own[f], held[f], f))
        own[fold] += size
        held[fold] += size
        chosen.append(fold)
    table = sizes.assign(fold=pd.Series(chosen, index=sizes.index, dtype=int))
    return table.sort_values(["source", "family"])[["source", "family", "fold"]]


def split_by_pairs(pairs: pd.DataFrame, test_share: float, seed: int) -> pd.Series:
    """Split pairs at random within each task: "train" or "test".

    The pairs of least hash are for testing: added pairs move few others to the other side. A task
    of two pairs or more has at least one on each side.
    """
    keys = [pair_key(a, b) for a, b in zip(pairs["image_a"], pairs["image_b"], strict=True)]
    hashes = pd.Series(
        [stable_hash("split", seed, *key) for key in keys], pairs.index, dtype=object
    )
    split = pd.Series("train", index=pairs.index, dtype=object)
    for _, rows in pairs.groupby("task"):
        count = min(max(round(test_share * len(rows)), 1), len(rows) - 1)
        split[hashes[rows.index].sort_values().index[:count]] = "test"
    return split


def images_of(pairs: pd.DataFrame) -> set[str]:
    """Give the images that occur in pairs."""
    return {*pairs["image_a"], *pairs["image_b"]}


def leak(pairs: pd.DataFrame, in_test: list[pd.Series]) -> dict[str, Leak]:
    """Count the test images that also occur in training pairs, by task and overall.

    Args:
        pairs: pair table.
        in_test: one boolean column a round of testing; the rest of the pairs trains.

    Returns:
        By task and "overall": test_images, also_in_train (images), share in [0, 1] or null where
        there is no test image. With several rounds, sums over them.
    """

    def count(rows: pd.Series) -> Leak:
        tested = shared = 0
        for test in in_test:
            images = images_of(pairs[rows & test])
            tested += len(images)
            shared += len(images & images_of(pairs[~test]))
        share = shared / tested if tested else None
        return {"test_images": tested, "also_in_train": shared, "share": share}

    tasks = {task: count(pairs["task"] == task) for task in sorted(pairs["task"].unique())}
    return {**tasks, OVERALL: count(pd.Series(True, index=pairs.index, dtype=bool))}


def split(
    pairs: pd.DataFrame, images: pd.DataFrame, options: Split, where: str = "images"
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, dict[str, Leak]]]:
    """Freeze both splits.

    Args:
        pairs: of all sources, PAIR_COLUMNS without fold; a released split is kept.
        images: of all sources; families without pairs get a fold too: images are scored as well.
        options: section `split` of the preset.
        where: file of the image table, for errors.

    Returns:
        The pair table; source, family, fold; and the leak of both splits.

    Raises:
        UserError: fewer families than folds, or a group of two families.
    """
    check_families(images, where)
    folds = deal_families(images, options.folds, options.seed, where)
    pairs = pairs.merge(folds, on=["source", "family"], how="left", validate="many_to_one")
    released = pairs["split_pairs"].isin(SPLIT_SIDES)
    drawn = split_by_pairs(pairs[~released], options.test_share, options.seed)
    pairs["split_pairs"] = pairs["split_pairs"].where(released, drawn)
    leaks = {
        "pairs_split": leak(pairs, [pairs["split_pairs"] == "test"]),
        "family_split": leak(pairs, [pairs["fold"] == fold for fold in range(options.folds)]),
    }
    return pairs, folds, leaks


def check_some(tables: list[pd.DataFrame], funnels: list[Funnel]) -> None:
    """Raise a UserError where sources have restored images and none of them has a pair."""
    faulty = [(f["source"], f["without_pairs"]) for f in funnels if f["without_pairs"]]
    if faulty and not any(map(len, tables)):
        source, found = faulty[0]
        raise UserError(f"source '{source}'", found["reason"], capital(found["next_step"]))


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    tables = [read_table(path, SOURCE_PAIR_COLUMNS) for path in args.pairs]
    funnels = [read_json(path) for path in args.funnels]
    check_some(tables, funnels)
    filled = [table for table in tables if len(table)] or tables[:1]
    pairs, folds, leaks = split(
        pd.concat(filled, ignore_index=True),
        read_images(args.images),
        options_of(args, Options).split,
        args.images,
    )
    write_pairs(args.out, pairs)
    write_csv(args.folds, folds)
    write_json(args.funnel, funnels)
    write_json(args.leak, leaks)
