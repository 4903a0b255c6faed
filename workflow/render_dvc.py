"""Render dvc.yaml from the one table of phases: `python workflow/render_dvc.py` writes it.

A stage depends on the files its steps import, so an edit reruns the phases that use it, and
Snakemake, called for that phase alone, decides which of its rules really have to run.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent.parent))
from workflow.phases import PHASES, Phase
from workflow.steps import files_of

TARGET = Path("dvc.yaml")
HEAD = "# Made by workflow/render_dvc.py from workflow/phases.py: `make dvc.yaml`. Do not edit.\n"
EVERY_PHASE = ["Snakefile", "fgresq/data/schemas", "workflow"]
PLOT = {
    "template": "bar_horizontal",
    "x": "value",
    "y": "method",
    "x_label": "mean pair accuracy",
    "title": "Accuracy of every method, by revision",
}
EVERY_SETTING = ["folder", "preset", "presets", "require"]


def stage(name: str, phase: Phase) -> dict[str, Any]:
    """Give one phase as a stage of dvc.yaml; outputs persist, since Snakemake owns their files."""
    deps = [
        *EVERY_PHASE,
        f"rules/{name}.smk",
        *phase.files,
        *files_of(phase.steps),
        *(PHASES[other].out for other in phase.after),
        *(path for other in phase.after for path in PHASES[other].metrics),
    ]
    settings = [*EVERY_SETTING, *phase.settings]
    made = {
        "cmd": f"snakemake --cores all --config only={name}",
        "deps": sorted(set(deps)),
        "params": [{"config/config.yaml": sorted(settings)}],
        "outs": [{path: {"persist": True}} for path in (phase.out, *phase.beside)],
    }
    if phase.metrics:
        made["metrics"] = [{path: {"cache": False, "persist": True}} for path in phase.metrics]
    if phase.plots:
        made["plots"] = [{path: {"cache": False, "persist": True, **PLOT}} for path in phase.plots]
    return made


def render() -> str:
    """Give the text of dvc.yaml."""
    stages = {
        "stages": {name: stage(name, phase) for name, phase in PHASES.items() if not phase.apart}
    }
    return HEAD + yaml.safe_dump(stages, sort_keys=False, width=100)


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
