"""Keep the fine-grained, noticeable pairs of a source and label them.

Coarse filter: the scores differ by less than the tau of their data set. JND filter: SSIM below the
threshold. Pairs that a source supplies with preferences bypass both; the funnel of the same images
is still recorded. Pairs without preferences get them from simulated observers where the record of
the source says so, else from the scores.
"""

from __future__ import annotations

import argparse
import logging

import pandas as pd

from fgresq.errors import UserError
from fgresq.files import read_json, write_csv, write_json
from fgresq.options import add_options, options_of
from fgresq.pairs.candidates import CANDIDATE_COLUMNS
from fgresq.pairs.labels import Sight, derived, simulated
from fgresq.pairs.order import pair_key
from fgresq.pairs.tau import taus
from fgresq.records import Funnel, SourceRecord
from fgresq.sections import Filter, Labels, Section
from fgresq.tables import (
    PAIR_COLUMNS,
    PREFERENCES,
    SUPPLIED_COLUMNS,
    read_images,
    read_table,
    restored,
)

STEPS = ("all pairs", "coarse filter", "JND filter")
SOURCE_PAIR_COLUMNS = {
    name: kind for name, kind in PAIR_COLUMNS.items() if name != "fold"
}  # split_pairs is empty but where the source released a split


class Options(Section):
    """What this step reads of a preset."""

    filter: Filter
    labels: Labels


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("--images", required=True, help="image table of the source")
    parser.add_argument("--supplied", required=True, help="preferences the source supplies")
    parser.add_argument("--record", required=True, help="record of the source")
    parser.add_argument("--candidates", required=True, help="all pairs of the source")
    parser.add_argument("--threshold", required=True, help="JND threshold (JSON)")
    parser.add_argument("--out", required=True, help="pair table of the source to write")
    parser.add_argument("--funnel", required=True, help="counts after each step to write (JSON)")
    add_options(parser, Options)


def filtered(
    pairs: pd.DataFrame, tau: pd.Series, threshold: float | None
) -> dict[str, pd.DataFrame]:
    """Give the pairs that are left after each step.

    Args:
        pairs: candidates.
        tau: of each pair: keep it when its score difference, in [-1, 1], is smaller in size.
        threshold: keep a pair whose SSIM is smaller; None only where there are no pairs.
    """
    coarse = pairs[pairs["score_difference"].abs() < tau]
    noticeable = coarse[coarse["ssim"] < threshold] if len(coarse) else coarse
    return dict(zip(STEPS, (pairs, coarse, noticeable), strict=True))


def distinct_images(pairs: pd.DataFrame) -> int:
    """Count the images that occur in pairs."""
    return len({*pairs["image_a"], *pairs["image_b"]})


def without_pairs(
    source: str, steps: dict[str, pd.DataFrame], tau: dict[str, float]
) -> dict[str, str] | None:
    """Say at which step the last pair of a source was dropped, and the mend; None: some are left.

    The other sources go on; `split-pairs` stops where no source has any.
    """
    empty_at = next((step for step in STEPS if steps[step].empty), None)
    if empty_at is None:
        return None
    counts = ", ".join(f"{step} {len(steps[step])}" for step in STEPS)
    used = " and ".join(f"{value:g}" for value in sorted({*tau.values()}))
    mends = {
        "all pairs": "Check the column 'group' of its images: each group holds one image only",
        "coarse filter": f"Raise filter/tau_by_source/{source} above {used} or check the groups",
        "JND filter": "Check its groups for copies of one image, raise "
        f"filter/tau_by_source/{source} above {used}, or lower jnd/beta",
    }
    dropped = f"no pair is left at the step '{empty_at}' (pairs after each step: {counts})"
    return {"reason": dropped, "next_step": mends[empty_at]}


def supplied_pairs(supplied: pd.DataFrame, candidates: pd.DataFrame, where: str) -> pd.DataFrame:
    """Give the supplied preferences the columns of candidates, A and B as supplied.

    Raises:
        UserError: a pair is listed twice with votes of one kind, or its images are not two of one
            group and task.
    """

    def keys(pairs: pd.DataFrame) -> list[tuple[str, str]]:
        return list(map(pair_key, pairs["image_a"], pairs["image_b"]))

    known = candidates.assign(key=keys(candidates), swap=candidates["image_a"])
    given = supplied.assign(key=keys(supplied))
    stray = given[~given["key"].isin(set(known["key"]))]
    twice = given[given.duplicated(["key", "vote_kind"])]
    for faulty, problem, mend in (
        (stray, "is not of two images of one group and task", "Correct the group of the images"),
        (twice, "is listed twice", "Remove one of the rows"),
    ):
        if len(faulty):
            pair = faulty.iloc[0]
            name = f"the pair '{pair['image_a']}', '{pair['image_b']}'"
            raise UserError(where, f"{name} {problem}", f"{mend} or remove the pair")
    joined = given.merge(known.drop(columns=["image_a", "image_b"]), on="key", how="left")
    turned = joined["swap"] != joined["image_a"]
    joined["score_difference"] = joined["score_difference"].where(
        ~turned, -joined["score_difference"]
    )
    return joined.drop(columns=["key", "swap"])


def labelled(
    pairs: pd.DataFrame, images: pd.DataFrame, origin: str, options: Labels
) -> pd.DataFrame:
    """Give pairs the preferences that the label origin of their source asks for."""
    by_name = images.set_index("image")
    if origin == "simulated":
        sight = Sight(options.slope().fitted, options.indifference)
        return simulated(pairs, by_name["raw_score"], sight, options.seed)
    return derived(pairs, by_name["score"])


def check_measure(record: SourceRecord, labels: Labels) -> None:
    """Check that a made source was scored by the measure whose slope its labels take.

    Raises:
        UserError: it was scored by another.
    """
    made_by = record.get("measure", labels.measure)
    if made_by != labels.measure:
        raise UserError(
            f"record of the source '{record['source']}'",
            f"its scores are of the measure '{made_by}', and labels/measure is '{labels.measure}'",
            "Make the source again, or set labels/measure to that",
        )


def numbered(pairs: pd.DataFrame) -> pd.DataFrame:
    """Give pairs of one source their identifiers, in the order of task, group and images."""
    order = ["task", "group", "image_a", "image_b", "vote_kind"]
    pairs = pairs.sort_values(order, ignore_index=True)
    names = [f"{source}#{n:07d}" for n, source in enumerate(pairs["source"], start=1)]
    return pairs.assign(pair=pd.Series(names, index=pairs.index, dtype=object))


def groups_of_one(images: pd.DataFrame) -> list[str]:
    """Name the groups that yield no pair, as "group (task)"."""
    sizes = images.groupby(["group", "task"]).size()
    return [f"{group} ({task})" for group, task in sizes[sizes == 1].index]


def counts_by(
    names: pd.Series, steps: dict[str, pd.DataFrame], every: pd.Series
) -> dict[str, dict[str, int]]:
    """Count the pairs left after each step by name.

    Args:
        names: of each candidate, such as its task.
        steps: the candidates that are left after each step.
        every: the names to count, those without a pair among them.
    """
    found = {step: names.loc[left.index].value_counts() for step, left in steps.items()}
    return {
        name: {step: int(counts.get(name, 0)) for step, counts in found.items()}
        for name in sorted(set(every))
    }


def funnel(
    images: pd.DataFrame,
    supplied: pd.DataFrame,
    candidates: pd.DataFrame,
    record: SourceRecord,
    threshold: float | None,
    options: Options,
    where: str = "supplied pairs",
) -> tuple[pd.DataFrame, Funnel]:
    """Filter and label the pairs of one source.

    Args:
        images, supplied, candidates, record: tables and record of the source.
        threshold: SSIM below which a difference is noticed, or None where there are no images.
        options: sections `filter` and `labels` of the settings.
        where: file of the supplied pairs, for errors.

    Returns:
        The pairs (PAIR_COLUMNS without fold) and the form of funnel.json.

    Raises:
        UserError: a supplied pair does not fit.
    """
    source = record["source"]
    check_measure(record, options.labels)
    dataset = images.set_index("image")["dataset"]
    tau = taus(source, set(dataset), options.filter)
    of_pair = candidates["image_a"].map(dataset)
    steps = filtered(candidates, of_pair.map(tau), threshold)
    none_left = None
    if len(supplied):
        pairs = supplied_pairs(supplied, candidates, where)
    else:
        if len(restored(images)):
            none_left = without_pairs(source, steps, tau)
        pairs = labelled(steps[STEPS[-1]], images, record["label_origin"], options.labels)
        pairs = pairs.assign(split_pairs="")
    single = groups_of_one(restored(images))
    if none_left:
        logging.warning("source '%s': %s. %s.", source, *none_left.values())
    if single:
        logging.info(
            "source '%s': groups of one image, without pairs: %s", source, "; ".join(single)
        )
    counts: Funnel = {
        "source": source,
        "tau": tau,  # of each data set in it
        "threshold": threshold,
        "images": len(images),
        "groups": int(images.groupby(["group", "task"]).ngroups),
        "groups_of_one": single,
        "without_pairs": none_left,
        "steps": [
            {"step": step, "pairs": len(left), "images": distinct_images(left)}
            for step, left in steps.items()
        ],
        "by_task": counts_by(candidates["task"], steps, images["task"]),
        "by_dataset": counts_by(of_pair, steps, dataset),
        "supplied_pairs": len(supplied),
        "label_origin": ", ".join(sorted(pairs["label_origin"].unique())) or record["label_origin"],
        "preferences": {name: int((pairs["preference"] == name).sum()) for name in PREFERENCES},
    }
    return numbered(pairs)[list(SOURCE_PAIR_COLUMNS)], counts


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    pairs, counts = funnel(
        read_images(args.images),
        read_table(args.supplied, SUPPLIED_COLUMNS),
        read_table(args.candidates, CANDIDATE_COLUMNS),
        read_json(args.record),
        read_json(args.threshold)["threshold"],
        options_of(args, Options),
        args.supplied,
    )
    write_csv(args.out, pairs)
    write_json(args.funnel, counts)
    steps = ", ".join(f"{step['step']} {step['pairs']}" for step in counts["steps"])
    logging.info("source '%s': %s; %d written", counts["source"], steps, len(pairs))
