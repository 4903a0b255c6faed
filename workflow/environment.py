"""The environment in which rules run their commands."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def prefer_own_python() -> None:
    """Put this Python's folder first on PATH, so that an environment need not be activated."""
    own = str(Path(sys.executable).parent)
    if os.environ["PATH"].split(os.pathsep)[0] != own:
        os.environ["PATH"] = own + os.pathsep + os.environ["PATH"]
