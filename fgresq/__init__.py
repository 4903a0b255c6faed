"""fgresq: fine-grained image quality assessment for image restoration, end to end.

    import fgresq
    fgresq.load("embedded").compare("a.png", "b.png").better     # "A", "B" or "equal"
    fgresq.metric("lpips").score("restored.png", "original.png")

docs/python.md shows the rest. Nothing heavy is imported before it is used.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
API = ("UserError", "NoValue", "Preference", "load", "loss", "methods", "metric", "read_image")


def __getattr__(name: str) -> Any:
    # by name: every module imports this one, and would else have the digest of all of the package
    if name in API:
        return getattr(import_module("fgresq.api"), name)
    raise AttributeError(f"module 'fgresq' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *API])
