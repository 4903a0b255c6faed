"""The one plot of the first page: pair accuracy of every method over all tasks."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgresq.analysis.roles import LABEL_SOURCE
from fgresq.analysis.trivial import TRIVIAL as OF_A_LINE
from fgresq.analysis.trust_tables import ALL_GAPS
from fgresq.report.parts.answer import overlapping
from fgresq.report.parts.axis_words import axis_words
from fgresq.report.parts.cells import Methods, count, decimal, interval
from fgresq.report.parts.comparison_tables import AVERAGE
from fgresq.report.parts.significance_tables import with_trivial
from fgresq.report.parts.svg import BLUE, INK, MUTED, ORANGE, Picture, picture, style
from fgresq.report.results import Run
from fgresq.report.site import Site

WIDTH, ROW = 5.8, 0.18  # inches
CHANCE = 0.5
METHOD, TRIVIAL = "method", "trivial"
LOOKS = {  # of a kind of row: colour, face, marker, what the legend calls it
    METHOD: (BLUE, BLUE, "o", "methods"),
    TRIVIAL: (ORANGE, "none", "s", "trivial rows"),
    LABEL_SOURCE: (MUTED, "none", "D", "made the labels, not ranked"),
}
KINDS = tuple(LOOKS)


def headline_figure(site: Site) -> Picture | None:
    """Draw ACC of every method with its interval; trivial rows and the label source set apart."""
    methods = with_trivial(site.methods)
    rows = accuracies(site.run, methods)
    if rows.empty:
        return None
    present = [kind for kind in KINDS if kind in set(rows["kind"])]
    places = {
        method: i + present.index(kind) * 0.6
        for i, (method, kind) in enumerate(zip(rows["method"], rows["kind"], strict=True))
    }
    with style():
        height = 0.75 + ROW * (max(places.values()) + 1)
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.subplots()
        for kind in present:
            draw_kind(axes, rows[rows["kind"] == kind], places, kind)
        axes.axvline(CHANCE, color=INK, linewidth=0.9, linestyle="--")
        axes.text(CHANCE, -1.0, "chance", ha="center", va="bottom", fontsize=7.5)
        names = [axis_words(methods.title(m)) for m in rows["method"]]
        axes.set_yticks(list(places.values()), names)
        axes.set_ylim(max(places.values()) + 0.7, -0.8)
        axes.set_xlabel("ACC: proportion of pairs ranked as the observers rank them")
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        if len(present) > 1:
            figure.legend(
                *axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8
            )
        said = finding(rows, methods, whose(site))
        caption = (
            f"{said} Mean over tasks, 95 % interval over families, which were not learnt from."
        )
        values = "; ".join(
            f"{methods.title(r.method)} {decimal(r.value)} {interval(r.low, r.high)}".strip()
            for r in rows.itertuples()
        )
        return picture(figure, "fig-headline", caption, f"{said} {values}")


def accuracies(run: Run, methods: Methods) -> pd.DataFrame:
    """Give the averages of ACC by kind of row, the highest first; methods without value are out.

    Args:
        run: what it measured, and what a line of code gets on its pairs.
        methods: with the trivial rows.
    """
    own, trivial = run.performance, run.trust["gaps"]
    rows = own[own["split"].eq("family") & own["task"].eq(AVERAGE) & own["stat"].eq("acc")]
    if not trivial.empty:
        whole = trivial["task"].eq(AVERAGE) & trivial["gap"].eq(ALL_GAPS)
        trivial = trivial[whole & trivial["method"].isin(set(OF_A_LINE) - set(rows["method"]))]
        rows = pd.concat([rows, trivial[trivial["value"].notna()]], ignore_index=True)
    rows = rows[rows["value"].notna() & rows["method"].isin(list(methods.entries))]
    kinds = rows["method"].map(lambda method: kind_of(methods.role(method))).astype(str)
    rows = rows.assign(kind=kinds, place=kinds.map(KINDS.index).astype(int))
    return rows.sort_values(["place", "value", "method"], ascending=[True, False, True])


def kind_of(role: str) -> str:
    """Tell which kind of row a role is."""
    return role if role in (METHOD, LABEL_SOURCE) else TRIVIAL


def draw_kind(axes: Axes, rows: pd.DataFrame, places: dict[str, float], kind: str) -> None:
    """Draw the rows of a kind: a marker and its interval each, and the value at the right."""
    colour, face, marker, label = LOOKS[kind]
    y = [places[method] for method in rows["method"]]
    axes.hlines(y, rows["low"], rows["high"], color=colour, linewidth=1.4)
    look: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": colour, "markersize": 5}
    axes.plot(rows["value"], y, marker, label=label, **look)


def finding(rows: pd.DataFrame, methods: Methods, of: str) -> str:
    """Say who leads, who cannot be told from it, what trivial rows reach, whose preferences."""
    ranked = rows[rows["kind"] == METHOD]
    if ranked.empty:
        return f"No method was measured, by {of} preferences."
    first = ranked.iloc[0]
    words = (
        f"{methods.title(first['method'])} leads with {decimal(first['value'])} "
        f"{interval(first['low'], first['high'])} of {count(first['n'])} pairs, by {of} preferences"
    )
    others = ranked.iloc[1:]
    near = overlapping(ranked)
    if len(others):
        words += f"; the intervals of {near} of {len(others)} others overlap its own"
    trivial = rows[rows["kind"] == TRIVIAL]
    if len(trivial):
        best = trivial.iloc[0]
        words += f"; {methods.title(best['method'])}, a trivial row, has {decimal(best['value'])}"
    return words + "."


def whose(site: Site) -> str:
    """Say whose preferences the accuracy is of."""
    origins = sorted(set(site.run.pairs["label_origin"]) - {""})
    words = {"human": "people's", "simulated": "simulated"}
    return " and ".join(words.get(origin, str(origin)) for origin in origins) or "unknown"
