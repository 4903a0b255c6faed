"""Figures of the audit: correlations on the lattice of few images, signs of overall SRCC."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fgresq.audit.finding import Finding, Material
from fgresq.audit.lattice import SIZES, interval_rows, lattices
from fgresq.audit.printed import CannotTell, ordered
from fgresq.audit.signs import overall_srcc
from fgresq.report.parts.svg import BLUE, MUTED, ORANGE, RED, RULE, Picture, picture, style

WIDTH = 7.2
ROW = 0.3  # inches


def lattice_figure(material: Material, finding: Finding) -> Picture | None:
    """Draw the SRCC of each interval of few images on all values that so few images can give."""
    known = finding.evidence
    if known.empty:
        return None
    rows = interval_rows(material.printed)
    names = [
        f"{r['data set']} {r['interval']}, n = {r['images']}" for r in known.to_dict("records")
    ]
    with style():
        figure = Figure(figsize=(WIDTH, 0.7 + ROW * len(known)), layout="constrained")
        axes = figure.subplots()
        for line, row in enumerate(known.to_dict("records")):
            ticks = np.flatnonzero(lattices()[SIZES.index(row["images"])]) / 1000 - 1
            axes.vlines(ticks, line - 0.36, line + 0.36, color=RULE, linewidth=0.8, zorder=1)
            own = rows["dataset_or_task"].eq(row["data set"]) & rows["bin"].eq(row["interval"])
            values = rows.loc[own, "number"].to_numpy()
            on = np.isin(np.rint(values * 1000), np.rint(ticks * 1000))
            for kept, colour, shape in ((on, BLUE, "o"), (~on, RED, "x")):
                places = np.full(kept.sum(), float(line))
                axes.scatter(values[kept], places, s=16, color=colour, marker=shape, zorder=3)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.grid(visible=False)
        axes.set_xlabel("printed SRCC; gray: every value that n images can give")
        caption = (
            "Intervals whose number of images n is betrayed by their SRCC. Blue dots lie on the "
            "values that n images can give, red crosses do not."
        )
        off = int((known["methods"] - known["on the lattice"]).sum())
        said = f"{caption} {known['on the lattice'].sum()} values lie on them, {off} do not."
        return picture(figure, "fig-audit-lattice", caption, said)


def signs_figure(material: Material) -> Picture | None:
    """Draw the overall SRCC of every method by data set, full-reference ones apart."""
    try:
        rows = overall_srcc(material.printed)
    except CannotTell:
        return None
    names = ordered(rows["dataset_or_task"])
    with style():
        figure = Figure(figsize=(WIDTH, 0.7 + ROW * len(names)), layout="constrained")
        axes = figure.subplots()
        axes.axvline(0, color=MUTED, linewidth=0.8)
        for kind, label, colour, shape, shift in (
            ("FR", "full-reference", BLUE, "o", -0.13),
            ("NR", "no-reference", ORANGE, "s", 0.13),
        ):
            own = rows[rows["type"].eq(kind)]
            lines = own["dataset_or_task"].map(names.index) + shift
            axes.scatter(own["number"], lines, s=16, color=colour, marker=shape, label=label)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlim(-1.02, 1.02)
        axes.set_xlabel("printed SRCC over all images")
        axes.legend(loc="upper left", fontsize=8)
        caption = "Overall SRCC of every method, as printed in Tables 5 to 17."
        return picture(figure, "fig-audit-signs", caption, f"{caption} {below(rows)}")


def below(rows: pd.DataFrame) -> str:
    """Say on which data sets full-reference methods run against the scores."""
    lowest = rows[rows["type"].eq("FR")].groupby("dataset_or_task", sort=False)["number"].max()
    names = [str(name) for name, value in lowest.items() if value < 0]
    said = f"All full-reference methods lie below zero on {', '.join(names)}."
    return said if names else "On no data set do all full-reference methods lie below zero."
