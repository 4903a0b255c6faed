"""What a tower's settings name: a stand-in, a tag of open_clip, or a file of weights."""

from __future__ import annotations

from pathlib import Path

STAND_INS = ("dinov2_vits14", "random_vits14")  # towers that stand in for CLIP
SUFFIXES = {".bin", ".pt", ".pth", ".safetensors"}


def weights_file(pretrained: str | None) -> Path | None:
    """Give the file that holds weights, where `pretrained` names one and not a tag."""
    path = Path(pretrained or "")
    return path if path.suffix in SUFFIXES else None
