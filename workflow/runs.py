"""What a call asks for: its presets, their training runs, and the files that complete a phase."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fgresq.baselines import BASELINES
from fgresq.raw import walk
from fgresq.runs import stage1_of
from workflow.phases import PHASES
from workflow.settings import Settings

SITE = Path("reports/site")


class Runs:
    """The presets of a call and their runs.

    Args:
        settings: of the call.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def placed(self, preset: str) -> bool:
        """Say whether any source of a preset is at hand: made here, or placed."""
        sources = self.settings.sources
        entries = [sources[source] for source in self.settings.preset(preset).sources]
        return any(entry["adapter"] == "made" or walk(Path(entry["path"])) for entry in entries)

    def chosen(self, gpus: int) -> list[str]:
        """List the presets of this call: where a GPU is granted, all that can show something."""
        asked = self.settings.config.preset
        if asked != "auto" or not gpus:
            return ["mini" if asked == "auto" else asked]
        here = "public" in self.settings.config.presets and self.placed("public")
        return ["mini", "paper", *(["public"] if here else [])]

    def wanted(self, gpus: int) -> list[str]:
        """List the presets of this call and those whose results stand in for theirs."""
        chosen = self.chosen(gpus)
        stand_ins = [self.settings.preset(name).stand_in for name in chosen]
        return sorted({*chosen, *filter(None, stand_ins)})

    def trainings(self, preset: str) -> list[dict[str, str]]:
        """List the training runs of a preset: the full model's, then those for the ablation.

        Returns:
            {variant, run, stage1} each, where `stage1` is the variant whose stage 1 serves.
        """
        options = self.settings.preset(preset)
        if "fgresq" not in options.methods:
            return []
        variants = [name for name in options.variants if name != "full"]
        runs = [("full", run) for run in options.runs.full]
        runs += [(variant, run) for variant in variants for run in options.runs.variants]
        if not self.placed(preset):
            runs = runs[:1]  # it says why training is absent; the others would say the same
        return [
            {"variant": variant, "run": run, "stage1": stage1_of(options, variant)}
            for variant, run in runs
        ]

    def baseline_runs(self, preset: str) -> list[dict[str, str]]:
        """List the baselines' runs of a preset: the folds and splits that FGResQ is tested on."""
        options = self.settings.preset(preset)
        chosen = [name for name in BASELINES if name in options.methods]
        runs = options.runs.full if self.placed(preset) else options.runs.full[:1]
        return [{"baseline": name, "run": run} for name in chosen for run in runs]

    def targets(self, phase: str, presets: Iterable[str]) -> list[str]:
        """List the files that stand for a phase's completion, for every preset of the call."""
        presets, found = list(presets), []
        for pattern in PHASES[phase].targets:
            for preset in presets:
                own = self.settings.preset(preset).methods
                methods = own if "{method}" in pattern else [""]
                runs = self.trainings(preset) if "{run}" in pattern else [{}]
                runs = self.baseline_runs(preset) if "{baseline}" in pattern else runs
                found += [
                    pattern.format(preset=preset, method=m, **r) for m in methods for r in runs
                ]
        return sorted(set(found))

    def refuse_to_train(self, presets: Iterable[str]) -> None:
        """Stop before any work where data and weights for a GPU are here, and no GPU is.

        Raises:
            UserError: names the ways out.
        """
        for name in presets:
            tower = self.settings.preset(name).tower
            if self.trainings(name) and self.placed(name) and tower.device == "cuda":
                from fgresq.networks.clip import clip_at_hand
                from fgresq.training.ready import check_device

                if clip_at_hand(tower.tower, tower.pretrained):
                    check_device(tower)


def reported(presets: Iterable[str], site: Path = SITE) -> list[str]:
    """List the presets of a call that have a report: a call for one file makes none."""
    # a page of an older version has no list of absences beside it
    needed = ("index.html", "absences.json")
    return [p for p in presets if all((site / p / n).exists() for n in needed)]
