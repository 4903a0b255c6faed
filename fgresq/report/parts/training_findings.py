"""What the figures of the training show, in a sentence each, worked out from their numbers."""

from __future__ import annotations

import pandas as pd

from fgresq.analysis.ablation import FULL
from fgresq.report.parts.cells import count, decimal, interval, stat_label
from fgresq.report.trained import Trained, variant_title

EDGE = 10  # a tenth of a curve, at either end, is what it starts and ends with
STAGES = {1: "Stage 1", 2: "Stage 2"}


def curves_finding(rows: pd.DataFrame) -> str:
    """Say by how much the loss of each stage falls, the mean over its runs."""
    told = []
    for stage, own in rows.dropna(subset="loss").groupby("stage", sort=True):
        ends = [edges(run["loss"]) for _, run in own.groupby("run")]
        first, last = (sum(values) / len(ends) for values in zip(*ends, strict=True))
        word = "falls" if last < first else "does not fall: it goes"
        told.append(
            f"the loss of {STAGES[int(stage)].lower()} {word} from {decimal(first)} to "
            f"{decimal(last)} ({runs_words(len(ends))})"
        )
    said = "; ".join(told)
    return said[:1].upper() + said[1:] + "." if said else ""


def edges(loss: pd.Series) -> tuple[float, float]:
    """Give the mean of the first and of the last tenth of a curve."""
    few = max(1, len(loss) // EDGE)
    return float(loss.iloc[:few].mean()), float(loss.iloc[-few:].mean())


def runs_words(number: int) -> str:
    """Write how many runs a mean is of."""
    return "one run" if number == 1 else f"mean of {number} runs"


def confusion_finding(rows: pd.DataFrame) -> str:
    """Say how many images are named rightly, which task best and worst, what it is taken for."""
    total = rows["count"].sum()
    right = rows[rows["task"] == rows["predicted"]].set_index("task")["count"]
    of_task = rows.groupby("task")["count"].sum()
    shares = (right.reindex(of_task.index, fill_value=0) / of_task.clip(lower=1)).sort_index()
    best, worst = shares.idxmax(), shares.idxmin()
    words = f"Stage 1 names the task of {percent(right.sum(), total)} of {count(total)} images"
    if len(shares) < 2:
        return f"{words}."
    wrong = rows[(rows["task"] == worst) & (rows["predicted"] != worst)]
    taken = wrong.loc[wrong["count"].idxmax(), "predicted"] if wrong["count"].sum() else ""
    mistaken = f", most often taken for {taken}" if taken else ""
    return (
        f"{words}; best known is {best} ({100 * shares[best]:.0f} %), least {worst} "
        f"({100 * shares[worst]:.0f} %{mistaken})."
    )


def percent(part: float, whole: float) -> str:
    """Write a share of a whole."""
    return f"{100 * part / whole:.0f} %" if whole else "–"


def ablation_finding(trained: Trained, stat: str) -> str:
    """Say which variants differ from the full model by an interval that leaves out zero."""
    rows = trained.ablation
    rows = rows[rows["variant"].ne(FULL) & rows["difference"].notna() & rows["stat"].eq(stat)]
    label = stat_label(stat)[0]
    if rows.empty:
        return f"No variant has a value of {label}."
    told = rows[(rows["low"] > 0) | (rows["high"] < 0)]
    words = f"In {label}, the interval of {len(told)} of {len(rows)} variants leaves out zero"
    least = rows.loc[rows["difference"].idxmin()]
    words += f"; lowest is {variant_title(least['variant'])}, "
    words += f"{decimal(least['difference'], sign=True)} {interval(least['low'], least['high'])}"
    return words.rstrip() + "."


def reliability_finding(rows: pd.DataFrame) -> str:
    """Say how far the probability is off, and in how many bins the interval holds it."""
    inside = ((rows["low"] <= rows["predicted"]) & (rows["predicted"] <= rows["high"])).sum()
    off = ((rows["observed"] - rows["predicted"]).abs() * rows["n"]).sum() / rows["n"].sum()
    middle = (rows["predicted"] - 0.5).abs() * rows["n"], (rows["observed"] - 0.5).abs() * rows["n"]
    sure = "too sure" if middle[0].sum() > middle[1].sum() else "not sure enough"
    return (
        f"On average the probability is {decimal(off)} off the observed share, rather {sure}; the "
        f"interval holds it in {inside} of {len(rows)} bins."
    )
