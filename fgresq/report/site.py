"""What a site is made of: everything that its pages read of a run, and what a page is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fgresq.report.imperfect_results import Imperfect
from fgresq.report.paper import Paper
from fgresq.report.parts.cells import Made, Methods, Table
from fgresq.report.parts.costs import Costs
from fgresq.report.parts.label_only import LabelOnly
from fgresq.report.parts.pairs_shown import Shown, shown_pairs
from fgresq.report.parts.transfer_tables import Transfer
from fgresq.report.results import Run
from fgresq.report.whereabouts import Built
from fgresq.sections import Report


class Lacking(Exception):
    """A page cannot be built from this run.

    Args:
        reason: what is not there, as the middle of a sentence.
        next_step: what a reader does to bring it in.
    """

    def __init__(self, reason: str, next_step: str) -> None:
        super().__init__(reason)
        self.reason, self.next_step = reason, next_step


@dataclass(frozen=True)
class Page:
    """What is said of a page wherever it is named.

    Args:
        name: of its file, NAME.html, of its template, pages/NAME.html.j2, and in links.
        title: as the navigation has it.
        question: that it answers; its first words.
    """

    name: str
    title: str
    question: str

    @property
    def file(self) -> str:
        """Name the file of the page."""
        return f"{self.name}.html"


@dataclass(frozen=True)
class Site:
    """A finished run, and all that stands beside it.

    Args:
        asked: the run of the preset asked for.
        stand_in: the run whose results stand in where `asked` measured nothing.
        labels: what is known of data sets by their scores alone.
        numbers: what the paper reports.
        catalogue: every method that is known.
        sources: entries of the catalogue of data sets.
        built: the identifiers on every other page, once they are built; None: not known.
        machines: what moves between processors, as measured; empty where it was not.
        transfer: the committed bench of agreement with people.
        ratings: the committed table of SRIJ left out in parts.
        costs: what methods cost, as measured.
        imperfect: the committed tables of methods where the reference is not perfect.
        options: settings of the report.
        out: where its files go, for parts that write images.
    """

    asked: Run
    labels: LabelOnly
    numbers: Paper
    catalogue: Methods
    sources: Mapping[str, dict[str, Any]]
    options: Report
    out: str
    stand_in: Run | None = None
    built: Built | None = None
    machines: dict[str, Any] = field(default_factory=dict)
    transfer: Transfer | None = None
    ratings: Table | None = None
    costs: Costs = field(default_factory=Costs)
    imperfect: Imperfect = field(default_factory=Imperfect)

    @property
    def run(self) -> Run:
        """The run that is shown: the one asked for, or its stand-in where it measured nothing."""
        if self.stand_in is not None and not self.asked.measured:
            return self.stand_in
        return self.asked

    @property
    def is_stand_in(self) -> bool:
        """Whether what is shown is not the run that was asked for."""
        return self.run is not self.asked

    @property
    def trainer(self) -> Run | None:
        """The run whose training is shown; None where none was trained."""
        runs = [self.asked] if self.stand_in is None else [self.asked, self.stand_in]
        return next((run for run in runs if run.trained.there), None)

    @cached_property
    def methods(self) -> Methods:
        """Every method, with the roles that it has in the run that is shown."""
        return self.catalogue.in_run(self.run.records)

    @cached_property
    def shown_pairs(self) -> list[Shown]:
        """The pairs to look at, in the order of the draw."""
        return shown_pairs(self.run, self.methods, self.options.pairs)

    def made(self, file: str, where: str = "") -> Made:
        """Say what a table of the run that is shown was made of.

        Args:
            file: below results/, with {preset}.
            where: a page that shows the pairs or images behind it.
        """
        path = f"results/{file.format(preset=self.run.preset)}"
        return Made(path, f"snakemake --cores all {path}", where=where)

    @property
    def titles(self) -> dict[str, str]:
        """Titles of the sources of the run that is shown."""
        return {record["source"]: record["title"] for record in self.run.records}
