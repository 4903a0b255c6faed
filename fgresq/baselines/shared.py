"""Settings of a retrained baseline: its own, and what it shares with FGResQ's stage 2."""

from __future__ import annotations

from fgresq import workspace
from fgresq.baseline_sections import RUNS, Baseline, BaselineRun, Dbcnn, OnClip
from fgresq.parsing import fields_of
from fgresq.presets import Preset
from fgresq.raw import raw_state
from fgresq.sections import PairTraining, Tower
from fgresq.weights.hub_cache import state_of_clip

PUBLISHED = {"resnet18", "resnet50", "scnn"}  # folders there, which a user fills
# a backbone of its own sees crops of 224 out of 256 x 256, and no tower; all of them share a cache
PIXELS = {"crop": "random", "tower": "pixels", "pretrained": None}


def baseline_options(preset: Preset, method: str) -> tuple[Tower, BaselineRun]:
    """Give tower and settings of a method of a preset: all that its numbers follow from.

    Args:
        preset: its settings.
        method: one of `BASELINES`.

    Returns:
        The preset's tower, or where the method has a backbone of its own, only how images are
        seen; the method's settings with the shared ones of stage 2.
    """
    own: Baseline = getattr(preset.baselines, method)
    shared = preset.stage2.model_dump(include=set(fields_of(PairTraining)))
    tower = preset.tower if on_tokens(own) else preset.tower.model_copy(update=PIXELS)
    return tower, RUNS[method].model_validate({**shared, **own.model_dump()})


def placed(settings: BaselineRun) -> str:
    """Name by content what a method reads that no rule makes; what is not there counts as well.

    Its published backbone, S-CNN, and CLIP in the Hub's cache.

    Args:
        settings: of a run of the method.
    """
    networks = {settings.backbone, settings.second if isinstance(settings, Dbcnn) else ""}
    names = sorted(networks & PUBLISHED)
    found = [
        raw_state(workspace.checkpoints() / name, workspace.known_hashes(f"weights-{name}"))
        for name in names
    ]
    if isinstance(settings, OnClip):
        found.append(state_of_clip(settings.clip, settings.pretrained))
    return " ".join(found)


def on_tokens(settings: Baseline) -> bool:
    """Tell whether a method reads cached tokens of the stand-in, and not pixels."""
    return settings.backbone == "stand_in"
