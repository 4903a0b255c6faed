"""What a method has where the test image is better than its reference, and what where it is not."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgresq.report.imperfect_results import Imperfect
from fgresq.report.parts.axis_words import axis_words
from fgresq.report.parts.cells import decimal
from fgresq.report.parts.imperfect_rows import (
    ABOVE,
    BELOW,
    DISTANCE,
    FIDELITY,
    FULL,
    NATURALNESS,
    RANDOM,
    SCENARIOS,
    alone,
    is_trivial,
)
from fgresq.report.parts.svg import BLUE, GREEN, INK, MUTED, ORANGE, Picture, picture, style

CHANCE = 0.5
ROW = 0.19  # inches
MARKERS = {FIDELITY: ("o", "F"), NATURALNESS: ("^", "N"), DISTANCE: ("s", "D")}
COLOURS = (BLUE, ORANGE, GREEN)  # of backbones


def trade(imperfect: Imperfect) -> pd.DataFrame:
    """Give both accuracies and their ends of every row: below, above, low and high of each."""
    table = alone(imperfect)
    table = table[table["scenario"].isin([BELOW, ABOVE]) & table["variant"].isin(["", FULL])]
    keys = ["row", "title", "backbone", "part"]
    wide = table.pivot(index=keys, columns="scenario", values=["accuracy", "low", "high"])
    found = pd.DataFrame(
        {
            f"{name}_{stat}": wide[stat].get(scenario)
            for name, scenario in (("below", BELOW), ("above", ABOVE))
            for stat in ("accuracy", "low", "high")
        }
    ).astype(float)
    return found.dropna(subset=["below_accuracy", "above_accuracy"]).reset_index()


def trade_figure(imperfect: Imperfect) -> Picture | None:
    """Draw Ref < Test against Ref > Test: every method a point, F, N and D of a backbone joined."""
    rows = trade(imperfect)
    if rows.empty:
        return None
    others = rows[rows["backbone"].eq("")]
    with style():
        figure = Figure(figsize=(6.2, 5.0), layout="constrained")
        axes = figure.subplots()
        for draw in (axes.axhline, axes.axvline):
            draw(CHANCE, color=INK, linewidth=0.9, linestyle="--")
        axes.text(
            CHANCE, 1.01, "chance", ha="center", transform=axes.get_xaxis_transform(), fontsize=7.5
        )
        plain = others[~others["row"].map(is_trivial)]
        axes.plot(
            plain["above_accuracy"],
            plain["below_accuracy"],
            "o",
            color=MUTED,
            markersize=4,
            label="other methods",
        )
        trivial = others[others["row"].map(is_trivial)]
        look: dict[str, Any] = {
            "markerfacecolor": "none",
            "markeredgecolor": MUTED,
            "markersize": 5,
            "color": MUTED,
        }
        if len(trivial):
            axes.plot(
                trivial["above_accuracy"],
                trivial["below_accuracy"],
                "D",
                label="trivial rows",
                **look,
            )
        backbones = [b for b in dict.fromkeys(rows["backbone"]) if b and b != RANDOM]
        for backbone, colour in zip(backbones, COLOURS, strict=False):
            draw_model(axes, rows[rows["backbone"].eq(backbone)], colour)
        axes.set_xlabel("accuracy on Ref > Test")
        axes.set_ylabel("accuracy on Ref < Test")
        figure.legend(
            *axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8
        )
        caption = (
            "The trade: accuracy where the test image is better than its reference (up) against "
            "that where it is not (right). F, N and D of a backbone are joined. Dashed: chance."
        )
        values = "; ".join(
            f"{r.title} {decimal(r.below_accuracy)} and {decimal(r.above_accuracy)}"
            for r in rows.itertuples()
        )
        return picture(
            figure, "fig-imperfect-trade", caption, f"Ref < Test and Ref > Test: {values}"
        )


def draw_model(axes: Axes, rows: pd.DataFrame, colour: str) -> None:
    """Draw F, D and N of one backbone, joined, with the intervals of D."""
    at = rows.set_index("part")
    parts = [part for part in (FIDELITY, DISTANCE, NATURALNESS) if part in at.index]
    x, y = (at.loc[parts, f"{name}_accuracy"] for name in ("above", "below"))
    label = axis_words(rows["title"].iloc[0].partition(":")[0])
    axes.plot(x, y, "-", color=colour, linewidth=1.0, label=label)
    for part in parts:
        marker, letter = MARKERS[part]
        axes.plot(x[part], y[part], marker, color=colour, markersize=6)
        axes.annotate(letter, (x[part], y[part]), (5, 4), textcoords="offset points", fontsize=8)
    if DISTANCE in parts:
        d = at.loc[DISTANCE]
        axes.hlines(
            d["below_accuracy"], d["above_low"], d["above_high"], color=colour, linewidth=0.8
        )
        axes.vlines(
            d["above_accuracy"], d["below_low"], d["below_high"], color=colour, linewidth=0.8
        )


def scenario_figure(imperfect: Imperfect) -> Picture | None:
    """Draw both accuracies of every method with their intervals, the best on Ref < Test first."""
    rows = trade(imperfect)
    if rows.empty:
        return None
    rows = rows.sort_values(["below_accuracy", "row"], ascending=[False, True], ignore_index=True)
    places = rows.index.to_numpy()
    with style():
        figure = Figure(figsize=(6.6, 0.9 + ROW * len(rows)), layout="constrained")
        axes = figure.subplots()
        ends = rows[["below_accuracy", "above_accuracy"]]
        axes.hlines(places, ends.min(axis=1), ends.max(axis=1), color=MUTED, linewidth=0.6)
        for name, scenario, colour, marker, shift in (
            ("below", BELOW, BLUE, "o", -0.12),
            ("above", ABOVE, ORANGE, "s", 0.12),
        ):
            y = places + shift
            axes.hlines(y, rows[f"{name}_low"], rows[f"{name}_high"], color=colour, linewidth=1.2)
            axes.plot(
                rows[f"{name}_accuracy"],
                y,
                marker,
                color=colour,
                markersize=4.5,
                label=SCENARIOS[scenario][0],
            )
        axes.axvline(CHANCE, color=INK, linewidth=0.9, linestyle="--")
        axes.text(CHANCE, -1.0, "chance", ha="center", va="bottom", fontsize=7.5)
        axes.set_yticks(places, [axis_words(title) for title in rows["title"]])
        axes.set_ylim(len(rows) - 0.3, -0.9)
        axes.set_xlabel("2AFC accuracy")
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        figure.legend(
            *axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8
        )
        caption = "Both scenarios of every method, 95 % over photographs; sorted by Ref < Test."
        first, last = rows.iloc[0], rows.iloc[-1]
        said = f"From {first['title']}, {decimal(first['below_accuracy'])} on Ref < Test, to "
        said += f"{last['title']}, {decimal(last['below_accuracy'])}"
        return picture(figure, "fig-imperfect-scenarios", caption, f"{caption} {said}")
