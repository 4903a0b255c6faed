"""FGResQ on human ratings, beside every method: families left out, and algorithms left out, too.

    make own FOLDER=data/raw/srij
    python -m benchmarks.human_ratings family
    python -m benchmarks.human_ratings algorithm

`family`: one family (scene) is tested by a model of all others. `algorithm`: the families of a fold
are tested by models of the other folds, once without each algorithm, and only the pairs that hold
the algorithm left out are counted, since the same algorithms restore every scene and recognising
them is a shortcut. Trained rows are FGResQ, the two ridges and the baselines that can be had here,
retrained on the same sides; untrained methods are measured on the same images and pairs. Intervals
are 95 % percentile intervals over families.

Reads what the preset `own` made: results/data, results/pairs, results/scores. Trained runs lie in
work/human_ratings and are kept, so that a stopped call goes on. Columns of the table:
srcc, over all images (family only: models of other algorithms have other scales); srcc_groups, mean
inside groups; acc, of decided pairs; acc_gap5, of pairs whose raw scores lie more than 5 apart, by
the order of the scores; fgresq_ahead, what FGResQ's acc has over that of the method.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from tqdm import tqdm

from fgresq.baselines import BASELINES
from fgresq.baselines.shared import baseline_options
from fgresq.catalogues import catalogue
from fgresq.cli import main as fgresq_main
from fgresq.files import digest, read_json, write_csv
from fgresq.presets import load
from fgresq.runs import Stage1Options, Stage2Options, stage_options
from fgresq.tables import FOLD_COLUMNS, read_images, read_pairs, read_table
from fgresq.training.ridge import predicted, read_features
from fgresq.training.sides import sides

PRESET = "own"
WEIGHTS = "data/weights/dinov2_vits14"
GAP = 5.0  # of raw scores
REPLICATES = 1000


def protocol_runs(
    protocol: str, images: pd.DataFrame, pairs: pd.DataFrame, folds: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Give pairs and folds as a protocol wants them, and the names of its runs."""
    if protocol == "algorithm":
        algorithms = sorted(images["algorithm"].unique())
        numbers = sorted(folds["fold"].unique())
        return pairs, folds, [f"{k}-without-{name}" for k in numbers for name in algorithms]
    folds = folds.assign(fold=np.arange(len(folds)))
    fold = pairs[["source", "family"]].merge(folds, how="left")["fold"].to_numpy()
    return pairs.assign(fold=fold), folds, [str(k) for k in range(len(folds))]


def tables_of(place: Path, threads: int) -> list[str]:
    """Give the arguments that every training here shares."""
    files = [f"--{name}={place / name}.csv" for name in ("images", "pairs", "folds")]
    return [*files, f"--weights={WEIGHTS}", f"--preset={PRESET}", "--threads", str(threads)]


def called(calls: list[list[str]]) -> None:
    """Call commands and steps one after the other; stop at the first that fails."""
    for call in calls:
        if fgresq_main(call):
            raise SystemExit(f"fgresq {' '.join(call[:4])} failed")


def fgresq_scores(run: str, place: Path, threads: int) -> pd.Series:
    """Train both stages for a run, if not done yet; give the scores of its test images."""
    out, first, tables = place / "stage2" / run, place / "stage1" / run, tables_of(place, threads)
    if not (out / "card.json").exists():
        stage1 = [
            "step",
            "stage1",
            run,
            *tables,
            "--work",
            str(place / "w1" / run),
            "--out",
            str(first),
        ]
        stage2 = [
            "step",
            "stage2",
            run,
            *tables,
            "--work",
            str(place / "w2" / run),
            "--out",
            str(out),
        ]
        called([stage1, [*stage2, "--degradation", str(first)]])
    return pd.read_csv(out / "scores.csv").set_index("image")["value"]


def baseline_scores(method: str, run: str, place: Path, threads: int) -> pd.Series | None:
    """Train a baseline for a run, if not done yet; give its scores, None where it is absent."""
    key = digest([part.record() for part in baseline_options(load().presets[PRESET], method)])
    out = place / "baselines" / f"{method}-{key}" / run
    if not (out / "card.json").exists():
        work = place / "w3" / method / run
        tables = tables_of(place, threads)
        called([["step", "train-baseline", method, run, *tables, f"--work={work}", f"--out={out}"]])
    if read_json(out / "card.json")["kind"] == "absent":
        return None
    return pd.read_csv(out / "scores.csv").set_index("image")["value"]


def ridge_scores(
    run: str, images: pd.DataFrame, pairs: pd.DataFrame, folds: pd.DataFrame, tower: str
) -> pd.Series:
    """Train a ridge on the run's training images; give the scores of its test images."""
    train, test, _, _ = sides(images, pairs, folds, run)
    masks = [np.isin(np.arange(len(images)), rows) for rows in (train, test)]
    features = read_features(Path(f"results/scores/{PRESET}/features/{tower}.npz"), images)
    return predicted(images, features, *masks, run).set_index("image")["value"]


def untrained(images: pd.DataFrame) -> dict[str, pd.Series]:
    """Read the scores of the untrained methods, each turned so that higher is better."""
    found = {}
    for name, method in catalogue("methods").items():
        path = Path(f"results/scores/{PRESET}/{name}.csv")
        if not method["trained"] and path.exists():
            values = pd.read_csv(path).set_index("image")["value"]
            found[name] = values * (1 if method["direction"] == "higher" else -1)
    return {name: values.reindex(images["image"]) for name, values in found.items()}


def tested_pairs(images: pd.DataFrame, pairs: pd.DataFrame, run: str) -> pd.DataFrame:
    """Give the pairs a run answers for: of its test side and, if one is left out, its algorithm."""
    side, _, without = run.partition("-without-")
    of = images.set_index("image")["algorithm"]
    chosen = pairs[pairs["fold"].eq(int(side))]
    with_it = chosen["image_a"].map(of).eq(without) | chosen["image_b"].map(of).eq(without)
    return chosen[with_it] if without else chosen


def answers(images: pd.DataFrame, pairs: pd.DataFrame, values: pd.Series) -> pd.DataFrame:
    """Give, a pair: its family, whether it is decided or wide, and whether values get it right."""
    raw = images.set_index("image")["raw_score"]
    gap, order = (pairs["image_a"].map(by) - pairs["image_b"].map(by) for by in (raw, values))
    decided = pairs["preference"].ne("equal")
    wanted = np.where(decided, np.where(pairs["preference"].eq("A"), 1, -1), np.sign(gap))
    half = np.where(order == 0, 0.5, np.sign(order) == wanted)
    by_score = np.where(order == 0, 0.5, np.sign(order) == np.sign(gap))
    return pd.DataFrame(
        {
            "family": pairs["family"],
            "decided": decided,
            "acc": np.where(order.isna(), np.nan, half),
            "wide": gap.abs() > GAP,
            "acc_gap5": np.where(order.isna(), np.nan, by_score),
        }
    )


def interval(values: pd.Series, families: pd.Series) -> str:
    """Give a mean with its 95 % interval over families drawn with replacement."""
    sums = values.groupby(families).agg(["sum", "count"]).to_numpy(dtype=float)
    rng = np.random.default_rng(0)
    drawn = sums[rng.integers(0, len(sums), (REPLICATES, len(sums)))].sum(axis=1)
    return shown(values.mean(), drawn[:, 0] / drawn[:, 1])


def shown(value: float, draws: np.ndarray) -> str:
    """Write a value and its interval."""
    low, high = np.nanquantile(draws, (0.025, 0.975))
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def of_pairs(rows: pd.DataFrame) -> dict[str, object]:
    """Measure the answers to pairs."""
    decided, wide = rows[rows["decided"]], rows[rows["wide"]]
    return {
        "acc": interval(decided["acc"], decided["family"]),
        "acc_gap5": interval(wide["acc_gap5"], wide["family"]),
        "pairs": len(decided),
        "wide": len(wide),
    }


def inside_groups(tables: list[pd.DataFrame]) -> str:
    """Give the mean SRCC inside the groups of all tables, each of one model's images."""
    groups = [g for table in tables for _, g in table.groupby("group") if len(g) > 2]
    inside = pd.Series([spearmanr(g["value"], g["score"]).statistic for g in groups])
    return interval(inside, pd.Series([g["family"].iloc[0] for g in groups]))


def overall(table: pd.DataFrame) -> str:
    """Give the SRCC over all images of a table, one value each."""
    rng, by_family = np.random.default_rng(0), [g for _, g in table.groupby("family")]
    draws = []
    for _ in range(REPLICATES):
        chosen = [by_family[k] for k in rng.integers(0, len(by_family), len(by_family))]
        values, scores = (
            np.concatenate([g[name].to_numpy() for g in chosen]) for name in ("value", "score")
        )
        draws.append(spearmanr(values, scores).statistic)
    return shown(spearmanr(table["value"], table["score"]).statistic, np.array(draws))


def with_algorithm(images: pd.DataFrame, run: str) -> pd.DataFrame:
    """Keep the groups in which a run's left-out algorithm occurs; all where none is left out."""
    without = run.partition("-without-")[2]
    of_it = images.loc[images["algorithm"].eq(without), "group"]
    return images[images["group"].isin(of_it)] if without else images


def measured(
    protocol: str, images: pd.DataFrame, pairs: pd.DataFrame, parts: list[tuple[str, pd.Series]]
) -> tuple[dict[str, object], pd.DataFrame]:
    """Measure a method by its values of every run; give its row and its answers."""
    rows = [answers(images, tested_pairs(images, pairs, run), v) for run, v in parts]
    rows = pd.concat(rows, ignore_index=True)
    tables = [
        with_algorithm(images, run)
        .assign(value=lambda t, v=v: t["image"].map(v))
        .dropna(subset=["value"])
        for run, v in parts
    ]
    found = of_pairs(rows.dropna(subset=["acc"])) | {"srcc_groups": inside_groups(tables)}
    if protocol == "family":
        of_all = pd.concat(tables).drop_duplicates("image")
        found |= {"srcc": overall(of_all), "images": len(of_all)}
    return found, rows


def main() -> None:
    """Train what is missing and print the table of a protocol."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("protocol", choices=("family", "algorithm"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="table to write (CSV)")
    parser.add_argument("--baselines", nargs="*", choices=BASELINES, default=BASELINES)
    args = parser.parse_args()
    images = read_images(f"results/data/{PRESET}/images.csv")
    pairs = read_pairs(f"results/pairs/{PRESET}/pairs.csv")
    folds = read_table(f"results/pairs/{PRESET}/folds.csv", FOLD_COLUMNS)
    pairs, folds, runs = protocol_runs(args.protocol, images, pairs, folds)
    preset = load().presets[PRESET]
    options = [stage_options(preset, form).record() for form in (Stage1Options, Stage2Options)]
    key = digest([options, images["sha256"].tolist(), pairs["preference"].tolist()])
    place = Path("work/human_ratings", f"{args.protocol}-{key}")
    for name, table in (("images", images), ("pairs", pairs), ("folds", folds)):
        write_csv(place / f"{name}.csv", table)
    scores: dict[str, list[tuple[str, pd.Series]]] = {}
    for run in tqdm(runs, desc=args.protocol):
        found = {"FGResQ": fgresq_scores(run, place, args.threads)}
        for tower in ("dinov2", "random"):
            found[f"ridge_{tower}"] = ridge_scores(run, images, pairs, folds, tower)
        for name in args.baselines:
            values = baseline_scores(name, run, place, args.threads)
            found |= {name: values} if values is not None else {}
        for name, values in {**found, **untrained(images)}.items():
            scores.setdefault(name, []).append((run, values))
    found = {n: measured(args.protocol, images, pairs, parts) for n, parts in scores.items()}
    ours = found["FGResQ"][1]
    for row, theirs in found.values():
        ahead = (ours["acc"] - theirs["acc"])[ours["decided"]].dropna()
        row["fgresq_ahead"] = interval(ahead, ours.loc[ahead.index, "family"])
    result = pd.DataFrame([{"method": name, **row} for name, (row, _) in found.items()])
    print(json.dumps({"protocol": args.protocol, "runs": len(runs), "settings": key}))
    print(result.to_string(index=False))
    if args.out:
        write_csv(args.out, result)


if __name__ == "__main__":
    main()
