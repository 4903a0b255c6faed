"""Where a site shows each table and figure of the paper: a page, and an anchor on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fgresq.report.parts.interval_tables import safe
from fgresq.report.parts.label_only import LabelOnly
from fgresq.report.results import Run

Built = Mapping[str, Collection[str]]  # identifiers on each page that was built, by its name
FIGURES = "figures"  # the page that has all of them in order
TABLES = {  # by what an item shows: places in the order of choice
    "datasets": ["data#table-table1"],
    "comparison": ["comparison#table-paper_table3", "comparison#averages"],
    "ablation": ["training#table-ablation"],
}


@dataclass(frozen=True)
class Place:
    """A place of a site: the name of a page, and an identifier on it."""

    page: str
    anchor: str

    @property
    def link(self) -> str:
        """The address from another page of the site."""
        return f"{self.page}.html#{self.anchor}"


def anchor_of(item: str) -> str:
    """Give the identifier of a figure on its page: Figure 7 is `figure-7`."""
    return item.lower().replace(" ", "-")


def places(item: Mapping[str, str], run: Run, labels: LabelOnly) -> list[Place]:
    """List where an item may stand, the best place first.

    Args:
        item: of `about.yaml`: item, shows, and the data set it needs, if any.
        run: that is shown.
        labels: what is known of data sets by their scores alone.
    """
    if item["item"].startswith("Figure"):
        return [Place(FIGURES, anchor_of(item["item"]))]
    if item["shows"] in TABLES:
        return [Place(*told.split("#")) for told in TABLES[item["shows"]]]
    return [Place("intervals", anchor) for anchor in interval_anchors(item, run, labels)]


def interval_anchors(item: Mapping[str, str], run: Run, labels: LabelOnly) -> list[str]:
    """List the anchors of an interval table: of its data set, of labels alone, of a stand-in."""
    known = labels.record(item["data"])
    record = run.record(item["data"])
    sources = [found["source"] for found in (record, known) if found]
    own = [f"table-intervals_{safe(str(source))}_srcc" for source in sources]
    if known:
        own.append("table-label_counts")
    if item["shows"] == "own intervals":  # nothing stands in for it
        return own
    others = dict.fromkeys(run.intervals["source"])
    return [*own, *(f"table-intervals_{safe(str(source))}_srcc" for source in others)]


def where(
    item: Mapping[str, str], run: Run, labels: LabelOnly, built: Built | None = None
) -> Place | None:
    """Say where an item stands; None where no page that was built has it.

    Args:
        item, run, labels: as of `places`.
        built: what the pages have; None: not known, the best place is told.
    """
    found = places(item, run, labels)
    if built is not None:
        found = [place for place in found if place.anchor in built.get(place.page, ())]
    return found[0] if found else None
