"""What most limits a result: said on the first page, the gravest first."""

from __future__ import annotations

from collections.abc import Iterator

from fgresq.analysis.headline import averages
from fgresq.analysis.significance import over_trivial
from fgresq.analysis.trust_tables import AVERAGE
from fgresq.report.coverage import on_papers_data
from fgresq.report.parts.answer import overlapping, ranked_rows
from fgresq.report.parts.cells import count, decimal, interval
from fgresq.report.parts.significance_tables import with_trivial
from fgresq.report.site import Site

MOST = 3


def limits(site: Site) -> list[str]:
    """List the gravest limits of a result, in words, at most three."""
    return [words for words, _ in zip(all_limits(site), range(MOST), strict=False)]


def all_limits(site: Site) -> Iterator[str]:
    """List every limit that holds, the gravest first."""
    run = site.run
    if site.asked.trained.truncated:
        yield (
            "Training was stopped after the few steps that the settings allow (max_steps): the "
            "numbers of FGResQ show that the pipeline runs and nothing else."
        )
    if site.is_stand_in:
        yield (
            f"Preset {site.asked.preset} has no result of its own here: everything is that of "
            f"preset {run.preset}, measured on other data."
        )
    if run.simulated:
        yield (
            "No person has seen these pairs: the numbers check the pipeline and are no findings on "
            "what people prefer."
        )
    yield from no_better(site)
    if run.present and not on_papers_data(run):
        titles = ", ".join(record["title"] for record in run.present)
        yield (
            f"The images are those of {titles}, not the paper's: nothing here confirms or "
            "contradicts its numbers."
        )
    yield from few_families(site)
    if run.trained.there and run.trained.caveat:
        yield f"FGResQ was trained with {run.trained.caveat}."


def no_better(site: Site) -> Iterator[str]:
    """Say which line of code the leader is not shown to be better than."""
    rows = ranked_rows(averages(site.run.performance), site.methods)
    leads = over_trivial(site.run.trust["significance"])
    if rows.empty or leads.empty:
        return
    first = rows["method"].iloc[0]
    own = leads[
        leads["method"].eq(first) & leads["task"].eq(AVERAGE) & ~leads["beats"].astype(bool)
    ]
    if len(own):
        line, titles = own.iloc[0], with_trivial(site.methods)
        yield (
            f"{titles.title(first)} is not shown to be better than a trivial row, "
            f"{titles.title(line['against'])}: the difference is "
            f"{decimal(line['difference'], sign=True)} {interval(line['low'], line['high'])}."
        )


def few_families(site: Site) -> Iterator[str]:
    """Say from how many methods the leader cannot be told, and how few families there are."""
    rows = ranked_rows(averages(site.run.performance), site.methods)
    if len(rows) < 2:
        return
    first = rows.iloc[0]
    near = overlapping(rows)
    if near:
        yield (
            f"{count(first['families'])} families: the intervals of {near} of "
            f"{len(rows) - 1} other methods overlap that of the leader, "
            f"{site.methods.title(first['method'])}."
        )
