"""Params functions of the rules: the values that a job follows from beside its files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fgresq import workspace
from fgresq.baselines.shared import baseline_options, placed
from fgresq.code_digest import code_digest
from fgresq.files import digest, read_json
from fgresq.human.declared import Declared, methods_asked
from fgresq.human.declared_search import read_search
from fgresq.measures import MEASURES, MeasureName
from fgresq.pretrained import weights_file
from fgresq.raw import raw_state
from fgresq.runs import STAGE_FORMS, stage_options
from fgresq.scoring.registry import own_version
from fgresq.weights.hub_cache import state_of_clip
from workflow.attempts import attempt
from workflow.inputs import Wildcards
from workflow.memory import largest, memory_needed
from workflow.settings import Settings


def as_json(value: Any) -> str:
    """Write a value as JSON, keys in order."""
    return json.dumps(value, sort_keys=True)


class Values:
    """Params functions; those that take other arguments give one.

    Args:
        settings: of the call.
        bench: what the bench of transfer declares.
    """

    def __init__(self, settings: Settings, bench: Declared) -> None:
        self.settings, self.bench = settings, bench

    def options(self, *sections: str) -> Callable[[Wildcards], str]:
        """Give sections of the preset by their names, as JSON."""

        def of(wildcards: Wildcards) -> str:
            preset = self.settings.preset(wildcards.preset).record()
            return as_json({name: preset[name] for name in sections})

        return of

    def training_options(self, stage: str) -> Callable[[Wildcards], str]:
        """Give all that a run of a stage follows from, as JSON."""

        def of(wildcards: Wildcards) -> str:
            preset = self.settings.preset(wildcards.preset)
            made = stage_options(preset, STAGE_FORMS[stage], wildcards.variant)
            return as_json(made.record())

        return of

    def options_of_baseline(self, wildcards: Wildcards) -> str:
        """Give all that a run of a baseline follows from, as JSON."""
        preset = self.settings.preset(wildcards.preset)
        tower, own = baseline_options(preset, wildcards.baseline)
        return as_json({"tower": tower.record(), "baseline": own.record()})

    def preset(self, wildcards: Wildcards) -> str:
        """Give all settings of a preset, as JSON."""
        return as_json(self.settings.preset(wildcards.preset).record())

    def alpha(self, wildcards: Wildcards) -> float:
        """Give the level at which observers' votes say more than that images are equal."""
        return self.settings.preset(wildcards.preset).labels.alpha

    def measure(self, wildcards: Wildcards) -> MeasureName:
        """Name the measure that the simulated observers of the preset see."""
        return self.settings.preset(wildcards.preset).labels.measure

    def made_by_method(self, wildcards: Wildcards) -> list[str]:
        """List the preset's sources whose labels a method made; none of most methods."""
        preset = self.settings.preset(wildcards.preset)
        is_source = wildcards.method == MEASURES[preset.labels.measure].method
        return [name for name in preset.sources if is_source and name in self.settings.made]

    def source(self, wildcards: Wildcards) -> str:
        """Give the entry of a source, as JSON."""
        return as_json(self.settings.sources[wildcards.source])

    def weights(self, wildcards: Wildcards) -> str:
        """Give the entry of weights, as JSON."""
        return as_json(self.settings.weights[wildcards.name])

    def required_source(self, wildcards: Wildcards) -> str:
        """Give the argument that makes the absence of a source an error, where it is one."""
        return "--required" if wildcards.source in self.settings.config.require else ""

    def required(self, wildcards: Wildcards) -> str:
        """Give the report's argument that names what must not be absent from a preset."""
        preset = self.settings.preset(wildcards.preset)
        every = preset.sources + preset.methods
        names = [name for name in self.settings.config.require if name in every]
        return f"--require {' '.join(names)}" if names else ""

    def raw(self, wildcards: Wildcards) -> str:
        """Give the state by content of a placed source."""
        path = self.settings.sources[wildcards.source]["path"]
        return raw_state(path, workspace.known_hashes(wildcards.source))

    def placed_labels(self, wildcards: Wildcards) -> str:
        """Give the state by content of the tables of labels that a person placed."""
        return raw_state("data/labels", workspace.known_hashes("labels"))

    def placed_for_method(self, wildcards: Wildcards) -> str:
        """Name by content what a user placed for a method."""
        return own_version(wildcards.method, self.settings.methods[wildcards.method])

    def placed_for_baseline(self, wildcards: Wildcards) -> str:
        """Name by content what a baseline reads and a user places; with another it runs anew."""
        preset = self.settings.preset(wildcards.preset)
        return placed(baseline_options(preset, wildcards.baseline)[1])

    def placed_for_tower(self, wildcards: Wildcards, output: Any) -> str:
        """Name a tower's weights in the Hub's cache by content; without network, ask again.

        Weights in a file of their own are an input.
        """
        tower = self.settings.preset(wildcards.preset).tower
        card = Path(output[0])
        absent = read_json(card).get("absent", {}) if card.exists() else {}
        tried = card.stat().st_mtime_ns if absent.get("code") == "no_network" else ""
        state = state_of_clip(tower.tower, tower.pretrained)
        return f"{'' if weights_file(tower.pretrained) else state} {tried}".strip()

    def memory_of_method(self, wildcards: Wildcards, input: Any, threads: int) -> int:
        """Give the memory (MiB) that a method takes of the largest image, in all its processes.

        Raises:
            FileNotFoundError: the image table is not made yet; Snakemake asks again.
        """
        entry = self.settings.methods[wildcards.method]
        return threads * memory_needed(entry, largest(input.images))

    def attempt(self, wildcards: Wildcards) -> int:
        """Number the attempts at a method: one more when what kept it away has changed."""
        return attempt(wildcards.method, f"results/scores/{wildcards.preset}/methods.json")

    def methods_of_bench(self, wildcards: Wildcards) -> str:
        """Digest the code of the methods that the bench asks, and what is placed for them."""
        names = methods_asked(self.bench)
        modules = [module for name in names for module in self.settings.code_of_method(name)]
        state = [own_version(name, self.settings.methods[name]) for name in names]
        return digest([code_digest(*modules), state])

    def learnt_by_row(self, wildcards: Wildcards) -> str:
        """Digest what a row of the bench that is trained as FGResQ follows from in declarations."""
        line = next(line for line in self.bench.rows if line.name == wildcards.row)
        return digest([line.record(), *self._lent()])

    def lent_to_rows(self, wildcards: Wildcards) -> str:
        """Digest what the images of all these rows follow from in declarations."""
        return digest(self._lent())

    def _lent(self) -> list[Any]:
        search = read_search()
        made = search.configured(search.chosen, finalist=True).record()
        taken = {name: [own.role, own.images] for name, own in self.bench.sets.items()}
        return [made, search.most, search.folds, taken, self.bench.near, self.bench.seed]

    @staticmethod
    def given(option: str, name: str) -> Callable[[Wildcards, Any], str]:
        """Give an option with the file of an input, where the job has that input."""
        return lambda wildcards, input: " ".join(
            [option, *getattr(input, name)] if getattr(input, name) else []
        )

    def workers(self, wildcards: Wildcards) -> int:
        """Give the number of processes that score by a method."""
        workers: int = self.settings.methods[wildcards.method].get("workers", 1)
        return workers

    def gpus(self, wildcards: Wildcards) -> int:
        """Give the number of GPUs of a training job: none where its preset trains on the CPU."""
        return int(self.settings.preset(wildcards.preset).tower.device == "cuda")

    def named(self, key: str) -> Callable[[Wildcards], list[str]]:
        """Give the methods under a key of the preset: `methods` or `full_methods`."""
        return lambda w: list(getattr(self.settings.preset(w.preset), key))

    def stand_in(self, wildcards: Wildcards) -> str:
        """Give the report's argument for the preset whose results stand in, if any."""
        preset = self.settings.preset(wildcards.preset).stand_in
        return f"--stand-in {preset}" if preset else ""


def folders_of(name: str) -> Callable[[Wildcards, Any], list[str]]:
    """Give a params function: the folders of the files of an input, each once."""
    return lambda wildcards, input: sorted({str(Path(f).parent) for f in getattr(input, name)})
