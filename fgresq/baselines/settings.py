"""Settings of a retrained baseline: its own, and what it shares with FGResQ's stage 2."""

from __future__ import annotations

from typing import Any

from fgresq.config import merge

# sampler and loss are FGResQ's own, so that methods differ in nothing but themselves
SHARED = (
    *("batch", "batch_by", "scene", "compare_in", "standardise"),
    *("weight_decay", "warmup", "seed"),
)
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


def on_tokens(settings: dict[str, Any]) -> bool:
    """Tell whether a method reads cached tokens of the stand-in, and not pixels."""
    return settings["backbone"] == "stand_in"
