"""Runs tests again and again, each time in a fork of a process that has the libraries loaded.

Started in a copy of the repository. A line of JSON, a list of pytest's arguments, comes in, and
[exit status, end of the output] goes out. Nothing of the copy is loaded before the fork, so that a
fault planted since the last line is seen.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import tempfile
import time

import pytest

from fgresq.code_digest import PACKAGE
from fgresq.networks.torchvision_ops import make_importable

# what takes long to import; what is not listed is imported after the fork
LIBRARIES = ("pandas", "PIL.Image", "scipy.stats", "sklearn.linear_model", "torch._dynamo", "tqdm")
ON_TORCHVISION = ("timm", "open_clip.model")
LIMIT = 900  # seconds a fault's tests may take: what hangs is not caught
TAIL = 2000  # characters of the output that are shown
HUNG = -1


def waited(child: int) -> int:
    """Give the exit status of a child; it is killed where it takes too long."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return HUNG


def run(words: list[str]) -> tuple[int, str]:
    """Run pytest in a fork; give its exit status and the end of what it said."""
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if not child:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            status = int(pytest.main(words))
            sys.stdout.flush()
            os._exit(status)
        status = waited(child)
        said.seek(0)
        return status, said.read()[-TAIL:]


def preload() -> None:
    """Import what takes long, and forget what was needed of the package for it."""
    for library in LIBRARIES:
        importlib.import_module(library)
    make_importable()
    for library in ON_TORCHVISION:
        importlib.import_module(library)
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


if __name__ == "__main__":
    preload()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
