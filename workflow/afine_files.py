"""Input functions and parameters of the rules of A-FINE, from the presets of its own settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fgresq import workspace
from fgresq.analysis.trivial import CONSTANT, SHARPNESS
from fgresq.code_digest import code_digest
from fgresq.files import digest
from fgresq.imperfect.declared_presets import AfinePreset
from fgresq.raw import raw_state
from fgresq.scoring.registry import own_version
from workflow.settings import Settings

Wildcards = Any  # with an attribute a wildcard of the rule
MADE = "diffiqa_mini"  # the source that rules make
TRAINED = "fgresq"
TERMS = ("lpips", "dists")  # metrics whose weights are retrained on triplets
WEIGHTS = {  # packaged weights of what sees images
    "vgg16": ("vgg16",),
    "dinov2_vits14": ("dinov2_vits14",),
    "random": (),
    "clip_vit_b32": (),
    "lpips": ("lpips_alex",),
    "dists": ("vgg16", "dists"),
}
FEATURES = tuple(WEIGHTS)
# what training follows from in the settings of a preset
TRAINING = (
    *("seed", "variants", "tower", "device", "allow_cpu", "max_steps", "standardise", "starts"),
    *("weight_decay", "betas", "cycles", "floor", "stages"),
)
FOLDER = "results/afine/{afine}"


class AfineFiles:
    """What the rules of A-FINE ask.

    Args:
        settings: of the call.
        presets: of A-FINE's settings, by name.
    """

    def __init__(self, settings: Settings, presets: Mapping[str, AfinePreset]) -> None:
        self.settings, self.presets = settings, presets

    def preset(self, wildcards: Wildcards) -> AfinePreset:
        """Give the preset of a job."""
        return self.presets[wildcards.afine]

    def settings_of(self, *keys: str) -> Callable[[Wildcards], str]:
        """Digest what a job follows from in the settings of its preset."""
        return lambda w: digest([self.preset(w).record()[key] for key in keys])

    def made(self, wildcards: Wildcards) -> list[str]:
        """List the tables of the images that are made, where the preset takes them."""
        if MADE not in self.preset(wildcards).sources:
            return []
        folder = FOLDER.format(afine=wildcards.afine)
        return [f"{folder}/{name}.csv" for name in ("versions", "jod")]

    def placed(self, wildcards: Wildcards) -> str:
        """Name by content the data sets that a user has placed for the preset."""
        entries = self.settings.sources
        names = [name for name in self.preset(wildcards).sources if name in entries]
        return digest(
            {
                name: raw_state(entries[name]["path"], workspace.known_hashes(name))
                for name in names
                if entries[name]["adapter"] != "made"
            }
        )

    def weights_of_features(self, wildcards: Wildcards) -> list[str]:
        """List the cards of the packaged weights of what sees images."""
        return [f"data/weights/{name}/card.json" for name in WEIGHTS[wildcards.features]]

    def encoded(self, wildcards: Wildcards) -> list[str]:
        """Name what a frozen tower made of the images; a tower that is trained sees them itself."""
        if self.preset(wildcards).tower == "trained":
            return []
        return [f"{FOLDER}/encoded/{wildcards.backbone}.json".format(afine=wildcards.afine)]

    def gpus(self, wildcards: Wildcards) -> int:
        """Give the number of GPUs of a training job."""
        return int(self.preset(wildcards).device == "cuda")

    def models(self, wildcards: Wildcards) -> list[str]:
        """List the cards of all models of a preset that a fold tests."""
        preset = self.preset(wildcards)
        folds = [str(fold) for fold in range(preset.folds)]
        names = [(f"{b}-{v}", f) for b in preset.backbones for v in preset.runs(b) for f in folds]
        names += [(f"{terms}_ft", fold) for terms in TERMS for fold in folds]
        pattern = FOLDER + "/models/{name}/{run}/card.json"
        return [pattern.format(afine=wildcards.afine, name=n, run=run) for n, run in names]

    def scores(self, wildcards: Wildcards) -> list[str]:
        """List the scores of what is not trained here; with `full`, of slow methods too."""
        preset = self.preset(wildcards)
        slow = preset.slow_methods if self.settings.config.full else ()
        names = dict.fromkeys((SHARPNESS, CONSTANT, *preset.methods, *slow))
        if slow:
            names[TRAINED] = None
        pattern = FOLDER + "/scores/{method}.csv"
        return [pattern.format(afine=wildcards.afine, method=name) for name in names]

    def trained_folds(self, wildcards: Wildcards) -> list[str]:
        """List the cards of FGResQ's folds, which a job of it scores by."""
        if wildcards.compared != TRAINED:
            return []
        folds = range(self.settings.preset("mini").split.folds)
        return [f"results/stage2/mini/full/{fold}/card.json" for fold in folds]

    def checkpoints(self, wildcards: Wildcards) -> str:
        """Give the option that names FGResQ's folds, to the job that scores by them."""
        if wildcards.compared != TRAINED:
            return ""
        folds = "results/pairs/mini/folds.csv"
        return f"--checkpoints results/stage2/mini/full --trained-folds {folds}"

    def versions(self, wildcards: Wildcards) -> list[str]:
        """Name the table that says how images were made, to the job that looks at nothing else."""
        wanted = wildcards.compared == CONSTANT and MADE in self.preset(wildcards).sources
        return [f"{FOLDER}/versions.csv".format(afine=wildcards.afine)] if wanted else []

    def weights_of_method(self, wildcards: Wildcards) -> list[str]:
        """List the cards of the packaged weights that an untrained method reads."""
        entry = self.settings.methods.get(wildcards.compared, {})
        known = self.settings.weights
        names = [name for name in entry.get("weights", []) if "package" in known[name]]
        return [f"data/weights/{name}/card.json" for name in names]

    def code_of_method(self, wildcards: Wildcards) -> str:
        """Digest the code of an untrained method, and what is placed for it."""
        name = wildcards.compared
        if name not in self.settings.methods or name == TRAINED:
            return ""
        modules = self.settings.code_of_method(name)
        return digest([code_digest(*modules), own_version(name, self.settings.methods[name])])
