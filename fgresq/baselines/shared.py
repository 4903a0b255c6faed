"""Settings of a retrained baseline: its own, and what it shares with FGResQ's stage 2."""

from __future__ import annotations

from typing import Any

from fgresq import workspace
from fgresq.raw import raw_state
from fgresq.settings import merge
from fgresq.weights.hub_cache import state_of_tower

# sampler and loss are FGResQ's own, so that methods differ in nothing but themselves
SHARED = (
    *("batch", "batch_by", "scene", "compare_in", "standardise"),
    *("weight_decay", "warmup", "seed"),
)
PUBLISHED = {"resnet18", "resnet50", "scnn"}  # folders there, which a user fills
# a backbone of its own sees crops of 224 out of 256 x 256, and no tower; all of them share a cache
PIXELS = {"crop": "random", "tower": "pixels", "pretrained": None}


def baseline_options(preset: dict[str, Any], method: str) -> dict[str, Any]:
    """Give {tower, baseline} of a preset: all that a method's numbers follow from.

    Args:
        preset: its settings.
        method: one of `BASELINES`.

    Returns:
        `tower` is the preset's, or where the method has a backbone of its own, only how images
        are seen; `baseline` holds the method's settings and the shared ones of stage 2.
    """
    own = preset["baselines"][method]
    shared = {name: preset["stage2"][name] for name in SHARED}
    return {
        "tower": merge(preset["tower"], {} if on_tokens(own) else PIXELS),
        "baseline": {**shared, **own},
    }


def placed(settings: dict[str, Any]) -> str:
    """Name by content what a method reads that no rule makes; what is not there counts as well.

    Its published backbone, S-CNN, and CLIP in the Hub's cache.

    Args:
        settings: of the method, as `baseline_options` gives them under `baseline`.
    """
    names = sorted({settings["backbone"], settings.get("second")} & PUBLISHED)
    found = [
        raw_state(workspace.checkpoints() / name, workspace.known_hashes(f"weights-{name}"))
        for name in names
    ]
    clip = [state_of_tower({**settings, "tower": settings["clip"]})] if "clip" in settings else []
    return " ".join(found + clip)


def on_tokens(settings: dict[str, Any]) -> bool:
    """Tell whether a method reads cached tokens of the stand-in, and not pixels."""
    return settings["backbone"] == "stand_in"
