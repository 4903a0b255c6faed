"""The training of FGResQ and of the retrained baselines (Figure 5, Table 4 of the paper)."""

from __future__ import annotations

from typing import Any

from fgresq.report import paper
from fgresq.report.parts import retrained, training_figures, training_tables
from fgresq.report.parts.beside import paper_table
from fgresq.report.parts.framework import framework_figure
from fgresq.report.site import Lacking, Page, Site

PAGE = Page("training", "Training", "What was trained, how did it go, and what is each part worth?")


def values(site: Site) -> dict[str, Any]:
    """Give sentences, tables and figures of a run's training.

    Raises:
        Lacking: nothing was trained.
    """
    absent, run = site.asked.trained.absent, site.trainer
    if run is None:
        if absent:
            raise Lacking(absent["reason"], absent["next_step"])
        raise Lacking("FGResQ was not trained in this run", "Name fgresq among the methods")
    trained, methods = run.trained, site.methods
    table4 = paper.compare_table4(site.numbers, run)
    beside4 = paper_table("paper_table4", "Table 4: paper beside ours.", table4, "Task", "average")
    return {
        "absent": absent,
        "trained_in": run,
        "tower": (trained.record.get("tower") or {}).get("words", ""),
        "task_sentence": training_tables.task_sentence(trained),
        "reliability_sentence": training_tables.reliability_sentence(trained),
        "confusion": training_tables.confusion_table(trained),
        "ablation": training_tables.ablation_table(trained),
        "paper4": beside4 if table4["ours"].notna().any() else None,
        "reliability": training_tables.reliability_table(trained),
        "runs": training_tables.runs_table(trained),
        "baselines": retrained.baselines_table(trained, methods),
        "figures": {
            "framework": framework_figure(trained),
            "curves": training_figures.curves_figure(trained),
            "confusion": training_figures.confusion_figure(trained),
            "ablation": training_figures.forest_figure(trained),
            "reliability": training_figures.reliability_figure(trained),
            "baselines": retrained.baselines_figure(trained, methods),
        },
    }
