"""Which tables and figures of the paper this page shows, from what data, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from fgresq.absent import COVERAGE
from fgresq.audit.printed import same
from fgresq.records import absence_of_source
from fgresq.report.paper import Paper
from fgresq.report.parts.cells import Row, Table, head, text
from fgresq.report.parts.label_only import LabelOnly
from fgresq.report.parts.source_states import brought_in_by
from fgresq.report.results import Run
from fgresq.report.site import Site
from fgresq.report.whereabouts import Built, where
from fgresq.tables import TASKS

REPRODUCED, LABELS_ONLY, STAND_IN, ABSENT = COVERAGE
PLACE = "place FGRestore and run the preset paper (see its entry in the catalogue of data sets)"
PAIRS = ("misranked", "qualitative", "fine pairs", "verdicts")  # figures of pairs
NOT_DRAWN = "no page of this report has it"
BUILD = "run make report, which builds every page"
LACKING = {  # what to do where FGRestore is in place and the item still cannot be shown
    "comparison": "add methods to the preset",
    "preference": "map `fraction_preferring_a` of its pairs in config/sources.yaml, if there",
    **dict.fromkeys(PAIRS, "add methods to the preset, or see why its pairs were not decided"),
    "training": "add fgresq to the methods of the preset",
    "ablation": "name runs under runs/variants in config/config.yaml",
    "caveat": "train with the preset paper as it stands, on a CUDA device",
}


@dataclass(frozen=True)
class Shown:
    """What the page shows.

    Args:
        run: the run itself or its stand-in.
        asked: the preset asked for.
        tasks: of which there are pairs to show.
        trainer: the run whose training is shown; None where none was trained.
        training_absent: why the preset asked for was not trained.
        labels: what is known of data sets by their scores alone.
        steps: what brings a data set in, by `same` of its title.
    """

    run: Run
    asked: str
    tasks: frozenset[str]
    trainer: Run | None = None
    training_absent: dict[str, str] | None = None
    labels: LabelOnly = field(default_factory=LabelOnly)
    steps: Mapping[str, str] = field(default_factory=dict)

    @property
    def of_paper(self) -> bool:
        """Whether the results shown are the paper's own data set and nothing else."""
        return on_papers_data(self.run)

    @property
    def place(self) -> str:
        """The next step that brings the paper's own data set in."""
        record = self.run.record("fgrestore")
        return record["absent"]["next_step"] if record and record["absent"] else PLACE

    @property
    def titles(self) -> str:
        """The data sets behind what is shown."""
        return ", ".join(record["title"] for record in self.run.present) or "nothing"


State = tuple[str, str, str]


def on_papers_data(run: Run) -> bool:
    """Tell whether a run's results are of the paper's own data set and nothing else."""
    names = {same(record["source"]) for record in run.present}
    return names == {"fgrestore"} and not run.simulated


def own_or_stand_in(item: dict, shown: Shown, there: bool, what: str) -> State:
    """Decide for an item that rests on FGRestore and has a form any data can fill."""
    if not there:
        step = LACKING.get(item["shows"]) if shown.of_paper else None
        return ABSENT, f"no {what} in this run", step or shown.place
    if shown.of_paper:
        return REPRODUCED, f"{what} of FGRestore", ""
    return STAND_IN, f"{what} of {shown.titles} instead of FGRestore", shown.place


def of_intervals(item: dict, shown: Shown) -> State:
    """Decide for the interval table of one data set, which another may stand in for."""
    state, why, step = of_own_intervals(item, shown)
    if state == ABSENT and len(shown.run.intervals):
        return STAND_IN, f"intervals of {shown.titles} instead of {item['data']}", step
    return state, why, step


def of_own_intervals(item: dict, shown: Shown) -> State:
    """Decide for the interval table of one data set, which nothing stands in for."""
    name = item["data"]
    record, known = shown.run.record(name), shown.labels.record(name)
    if known and (record is None or record["status"] == "absent"):
        return LABELS_ONLY, of_labels(known, shown.labels), known["absent"]["next_step"]
    if record is None:
        return ABSENT, f"{name} is no source of this run", shown.steps.get(same(name), "")
    if record["status"] == "present":
        if record["source"] in set(shown.run.intervals["source"]):
            return REPRODUCED, f"computed on {name}", ""
        return (
            ABSENT,
            f"{name} is present but no method has values on it",
            "add methods to the preset",
        )
    absent = absence_of_source(record)
    return ABSENT, absent["reason"], absent["next_step"]


def of_labels(record: dict, labels: LabelOnly) -> str:
    """Say what is shown of a data set whose scores alone are at hand."""
    rows = record["source"] in set(labels.intervals["source"])
    shown = "rows of the metrics that came with its labels" if rows else "null of each printed row"
    return f"{record['absent']['reason']}: counts of the intervals and {shown}"


def of_pairs(item: dict, shown: Shown) -> State:
    """Decide for figures of pairs, of one task or of any."""
    task = item.get("task")
    there = task in shown.tasks if task else bool(shown.tasks)
    what = f"pairs of {task}" if task else "pairs"
    return own_or_stand_in(item, shown, there, what)


def of_training(item: dict, shown: Shown) -> State:
    """Decide for what needs the trained model: its training, or the ablation by the paper."""
    what = "ablation" if item["shows"] == "ablation" else "training"
    absent, run = shown.training_absent, shown.trainer
    own_step = absent["next_step"] if absent and absent["code"] != "not_placed" else None
    step = own_step if own_step is not None else shown.place
    if run is None or (what == "ablation" and "no_dfl" not in run.trained.variants):
        step = LACKING[what] if shown.of_paper and not absent else step
        return ABSENT, absent["reason"] if absent else f"no {what} in this run", step
    titles = ", ".join(record["title"] for record in run.present)
    if on_papers_data(run) and not run.trained.caveat:
        return REPRODUCED, f"{what} on FGRestore", ""
    caveat = f" ({run.trained.caveat})" if run.trained.caveat else ""
    return (
        STAND_IN,
        f"{what} on {titles}{caveat}",
        LACKING["caveat"] if on_papers_data(run) else step,
    )


RULES = {
    "datasets": lambda item, s: own_or_stand_in(item, s, len(s.run.images) > 0, "counts"),
    "counts": lambda item, s: own_or_stand_in(item, s, len(s.run.images) > 0, "counts per task"),
    "comparison": lambda item, s: own_or_stand_in(item, s, s.run.measured, "comparison"),
    "funnel": lambda item, s: own_or_stand_in(item, s, s.run.paired, "funnel"),
    "preference": lambda item, s: own_or_stand_in(
        item, s, len(s.run.preference) > 0, "shares of votes"
    ),
    "intervals": of_intervals,
    "own intervals": of_own_intervals,
    **dict.fromkeys(PAIRS, of_pairs),
    "training": of_training,
    "ablation": of_training,
}


def coverage(paper: Paper, shown: Shown, built: Built | None = None) -> pd.DataFrame:
    """Give item, title, state, why, next step and link of every table and figure of the paper.

    Args:
        paper: with its list of items.
        shown: what the run can fill.
        built: the identifiers on each page that was built. An item that none of them has is
            absent, whatever the run could fill; None: not known, as where a page is built alone.
    """
    rows = []
    for item in paper.items:
        state, why, step = RULES[item["shows"]](item, shown)
        place = where(item, shown.run, shown.labels, built)
        if state != ABSENT and place is None:
            state, why, step = ABSENT, NOT_DRAWN, BUILD
        of = item.get("data") or item.get("task")
        title = f"{item['title']}, {of}" if of and of not in item["title"] else item["title"]
        row = {"item": item["item"], "title": title, "state": state, "why": why}
        link = place.link if place and state != ABSENT else ""
        rows.append({**row, "next_step": step, "link": link})
    return pd.DataFrame(rows)


def coverage_table(rows: pd.DataFrame) -> Table:
    """Build the table of coverage."""
    body = [
        Row(
            [
                text(row.item, "name"),
                text(row.title, "prose"),
                text(row.state, "state " + row.state.replace(" ", "-")),
                text(row.why, "prose"),
                text(row.next_step or "–", "prose"),
            ]
        )
        for row in rows.itertuples()
    ]
    columns = head("Item", "Content", "State", "Why", "Next step")
    return Table("coverage", "Every table and figure of the paper.", columns, body, rows)


def coverage_sentence(rows: pd.DataFrame) -> str:
    """Count the states."""
    found = Counter(rows["state"])
    parts = [f"{found[state]} {state}" for state in COVERAGE if found[state]]
    return f"Of the paper's {len(rows)} tables and figures: {', '.join(parts)}."


def shown_of(site: Site) -> Shown:
    """Say what the pages of a site show.

    The records of the preset asked for say which of its data sets are absent.
    """
    run, asked = site.run, site.asked
    decided = run.pairs.loc[run.pairs["preference"].ne("equal"), "task"]
    tasks = frozenset(TASKS) & frozenset(decided)
    steps = {same(e["title"]): brought_in_by(name, e) for name, e in site.sources.items()}
    known = {record["source"] for record in run.records}
    extra = [record for record in asked.records if record["source"] not in known]
    joined = replace(run, records=[*run.records, *extra])
    absent = asked.trained.absent
    return Shown(joined, asked.preset, tasks, site.trainer, absent, site.labels, steps)
