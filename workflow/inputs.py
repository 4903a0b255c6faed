"""Input functions of the rules: which files a job reads, from its wildcards and the settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fgresq import workspace
from fgresq.analysis.trust_tables import TABLES as TRUST
from fgresq.baselines.shared import packaged_weights
from fgresq.human.declared import FGRESQ, Declared, controls, methods_asked
from fgresq.human.tower_names import GLANCE, WEIGHTS
from fgresq.measures import MEASURES
from fgresq.pretrained import weights_file
from fgresq.raw import walk
from fgresq.runs import shares_forward, stage1_of
from fgresq.sources.steps import packaged
from workflow.runs import Runs

Wildcards = Any  # with an attribute a wildcard of the rule
Files = Callable[[Wildcards], list[str]]

# what the report reads of a phase's folder, which its step takes whole
REPORT_READS = {
    "data": ("images.csv",),
    "pairs": ("pairs.csv", "folds.csv"),
    "labels": ("sources.json", "counts.csv", "intervals.csv", "nulls.csv"),
    "analysis": (
        *("performance.csv", "intervals.csv", "preference.csv", "provenance.json"),
        *("ablation.csv", "confusion.csv", "reliability.csv", "curves.csv", "training.json"),
        *("baselines.csv", "baseline_curves.csv", "observers.csv", "observers.json"),
        *(f"{name}.csv" for name in TRUST),
    ),
}


class Inputs:
    """Input functions; those that take a pattern give one.

    Args:
        runs: of the call.
        bench: what the bench of transfer declares.
    """

    def __init__(self, runs: Runs, bench: Declared) -> None:
        self.runs, self.settings, self.bench = runs, runs.settings, bench

    def of_sources(self, pattern: str) -> Files:
        """Give the pattern, filled for every source of the preset."""
        return lambda w: [
            pattern.format(preset=w.preset, source=source)
            for source in self.settings.preset(w.preset).sources
        ]

    def of_methods(self, pattern: str) -> Files:
        """Give the pattern, filled for every method of the preset."""
        return lambda w: [
            pattern.format(preset=w.preset, method=method)
            for method in self.settings.preset(w.preset).methods
        ]

    def forward_of_training(self, wildcards: Wildcards) -> list[str]:
        """Name the record of the forward that training makes, where features are of it."""
        preset = self.settings.preset(wildcards.preset)
        shares = wildcards.tower == "dinov2" and shares_forward(preset.tower, preset.ridge)
        return [f"results/stage1/{wildcards.preset}/encoded.json"] if shares else []

    def trained(self, pattern: str, only_full: bool = False) -> Files:
        """Give the pattern, filled for every training run of the preset."""
        return lambda w: [
            pattern.format(preset=w.preset, **run)
            for run in self.runs.trainings(w.preset)
            if not only_full or run["variant"] == "full"
        ]

    def stand_in(self, pattern: str) -> Files:
        """Give the pattern for the preset whose results stand in, if any."""

        def of(wildcards: Wildcards) -> list[str]:
            preset = self.settings.preset(wildcards.preset).stand_in
            methods = self.settings.preset(preset).methods if preset else []
            return list(dict.fromkeys(pattern.format(preset=preset, method=m) for m in methods))

        return of

    @staticmethod
    def catalogue(name: str) -> list[str]:
        """List the files of a catalogue: the package's, and the one here that is laid over it."""
        return [str(file) for file in workspace.catalogue_files(name)]

    def mini_tasks(self, wildcards: Wildcards) -> list[str]:
        """List the tables of the embedded data's tasks."""
        tasks = self.settings.preset(wildcards.preset).mini.tasks
        return [f"results/data/{wildcards.preset}/mini/{task}.csv" for task in tasks]

    def packaged_labels(self, wildcards: Wildcards) -> list[str]:
        """List the card of the package whose labels serve a placed source that has none."""
        entry = self.settings.sources[wildcards.source]
        placed = packaged(entry) and walk(Path(entry["path"]))
        return [f"data/weights/{entry['labels']['package']}/card.json"] if placed else []

    def released_files(self, wildcards: Wildcards) -> list[str]:
        """Name the list of the files that a source was released with, where it has one."""
        name = self.settings.sources[wildcards.source].get("files")
        return [str(workspace.packaged("files", f"{name}.txt.gz"))] if name else []

    def weights_of_method(self, wildcards: Wildcards) -> list[str]:
        """List the cards of the packaged weights that an untrained method reads."""
        return self.packaged_weights_of(wildcards.method)

    def weights_of_measure(self, wildcards: Wildcards) -> list[str]:
        """List the same of the measure that the simulated observers of a preset see."""
        measure = self.settings.preset(wildcards.preset).labels.measure
        return self.packaged_weights_of(MEASURES[measure].method)

    def packaged_weights_of(self, method: str) -> list[str]:
        """List the cards of the packaged weights of a method by its name."""
        names = self.settings.methods[method].get("weights", [])
        packages = [name for name in names if "package" in self.settings.weights[name]]
        return [f"data/weights/{name}/card.json" for name in packages]

    def tower_file(self, wildcards: Wildcards) -> list[str]:
        """List the file of a tower's weights, where the settings name one that is there."""
        file = weights_file(self.settings.preset(wildcards.preset).tower.pretrained)
        return [str(file)] if file and file.is_file() else []

    def stage1_card(self, wildcards: Wildcards) -> str:
        """Name the card of the degradation encoder that a run of stage 2 builds on."""
        variant = stage1_of(self.settings.preset(wildcards.preset), wildcards.variant)
        return f"results/stage1/{wildcards.preset}/{variant}/{wildcards.run}/card.json"

    def backbones(self, wildcards: Wildcards) -> list[str]:
        """List the cards of packaged weights that a baseline reads, but for the stand-in's."""
        own = getattr(self.settings.preset(wildcards.preset).baselines, wildcards.baseline)
        return [f"data/weights/{name}/card.json" for name in packaged_weights(own)]

    def cards_of_baselines(self, wildcards: Wildcards) -> list[str]:
        """List the cards of the runs of every baseline of a preset, or of one."""
        pattern = "results/baselines/{preset}/{baseline}/{run}/card.json"
        own = getattr(wildcards, "baseline", None)
        runs = self.runs.baseline_runs(wildcards.preset)
        runs = [run for run in runs if own in (None, run["baseline"])]
        return [pattern.format(preset=wildcards.preset, **run) for run in runs]

    def report_tables(self, wildcards: Wildcards) -> list[str]:
        """List the tables and records that the report of a preset reads beside its scores."""
        return [
            f"results/{phase}/{wildcards.preset}/{name}"
            for phase, names in REPORT_READS.items()
            for name in names
        ]

    def table_of_bench(self, wildcards: Wildcards) -> str:
        """Name the image table of a set of the bench: of a made source, that of the preset mini."""
        preset = "mini" if wildcards.rated in self.settings.made else "human"
        return f"results/data/{preset}/sources/{wildcards.rated}.csv"

    def tables_of_bench(self, wildcards: Wildcards) -> list[str]:
        """List the image tables of all sets of the bench."""
        return [self.table_of_bench(SimpleNamespace(rated=name)) for name in self.bench.sets]

    def features_of_bench(self, wildcards: Wildcards) -> list[str]:
        """List the records of what frozen towers give of the sets: of those that rows ask."""
        wanted = {GLANCE: list(self.bench.sets)}
        for line in (*controls(self.bench), *self.bench.rows):
            if line.kind == "ridge":
                wanted.setdefault(line.tower, []).extend(line.sets)
                wanted[line.tower] += self.bench.read_by(line)
        return [
            f"results/human/features/{tower}/{name}.json"
            for tower, names in wanted.items()
            for name in dict.fromkeys(names)
        ]

    def models_of_bench(self, wildcards: Wildcards) -> list[str]:
        """List the cards of the rows of the bench that are trained as FGResQ."""
        names = [line.name for line in self.bench.rows if line.kind == FGRESQ]
        return [f"results/human/fgresq/{name}/card.json" for name in names]

    def glances_of_bench(self, wildcards: Wildcards) -> list[str]:
        """List the records of what a glance tells of the sets of the bench."""
        return [f"results/human/features/{GLANCE}/{name}.json" for name in self.bench.sets]

    def simulated(self, wildcards: Wildcards) -> list[str]:
        """Name the pairs of the embedded data, of a row of the bench that learns from it."""
        line = next(line for line in self.bench.rows if line.name == wildcards.row)
        made = [name for name in line.sets if name in self.settings.made]
        return ["results/pairs/mini/pairs.csv"] if made else []

    @staticmethod
    def weights_of_tower(wildcards: Wildcards) -> list[str]:
        """Name the card of a frozen tower's weights, where it has any."""
        name = WEIGHTS.get(wildcards.frozen)
        return [f"data/weights/{name}/card.json"] if name else []

    def weights_of_bench(self, wildcards: Wildcards) -> list[str]:
        """List the cards of the packaged weights that the bench's methods read."""
        names = methods_asked(self.bench)
        cards = [self.weights_of_method(SimpleNamespace(method=name)) for name in names]
        return sorted({card for own in cards for card in own})

    def rankings(self, wildcards: Wildcards) -> list[str]:
        """Name the table of pair rankings, where the preset trains a ranking head."""
        trains = bool(self.runs.trainings(wildcards.preset))
        return [f"results/scores/{wildcards.preset}/fgresq.ranking.csv"] if trains else []


def glob_of(pattern: str) -> list[str]:
    """List files that match a pattern, in a fixed order."""
    return sorted(str(path) for path in Path().glob(pattern))
