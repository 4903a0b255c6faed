"""The cure for a torchvision whose compiled operators do not fit the installed torch.

timm, spandrel and ColorVideoVDP import torchvision, and use none of its compiled operators.
A torchvision built for CUDA beside a CPU build of torch fails at import with "operator
torchvision::nms does not exist"; with the two missing schemas declared, the import passes.
"""

from __future__ import annotations

import sys

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_libraries: list[object] = []  # a schema lives as long as the library that declared it


def make_importable() -> None:
    """Import torchvision; where that fails for want of its operators, declare them and retry."""
    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if "does not exist" not in str(error) or _libraries:
            raise
        _declare()
        import torchvision  # noqa: F401


def _declare() -> None:
    from torch.library import Library

    library = Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}{_SCHEMA}")
    _libraries.append(library)
    for name in [n for n in sys.modules if n.split(".")[0] == "torchvision"]:
        del sys.modules[name]
