"""What memory a job takes: that of its method, which grows with the largest image that it scores.

Snakemake packs jobs by `mem_mb` where a call gives a limit (`--resources mem_mb=16000`), and a
cluster's executor asks for as much.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from fgresq.errors import UserError
from fgresq.sources.rows import image_size
from fgresq.tables import read_images

MEASURED = 1024 * 768 / 1e6  # megapixels of the image at which `memory` was measured
UNMEASURED = 1.0  # GiB: of a method whose memory nobody measured, none of which runs on the CPU


def largest(table: str | Path) -> float:
    """Give the megapixels of the largest image of an image table; 0 without any.

    Raises:
        FileNotFoundError: the table is not there.
    """
    return _largest(str(table), Path(table).stat().st_mtime_ns)


@lru_cache
def _largest(table: str, changed: int) -> float:
    """Read sizes, not pixels; a file that is no picture has a reason in place of a value.

    A table of another form counts as none: whoever only looks at the graph moves and makes nothing,
    and the rule that makes the table anew, or the job that reads it, tells.
    """
    pixels = [0]
    try:
        paths = read_images(table)["path"]
    except UserError:
        return 0.0
    for path in paths:
        try:
            width, height = image_size(Path(path))
        except (OSError, ValueError):
            continue
        pixels.append(width * height)
    return max(pixels) / 1e6


def memory_needed(entry: Mapping[str, Any], megapixels: float) -> int:
    """Give the MiB that a process of a method takes.

    Args:
        entry: of the method in the catalogue, `memory` and `memory_per_megapixel` of it.
        megapixels: of the largest image.
    """
    more = entry.get("memory_per_megapixel", 0.0) * max(0.0, megapixels - MEASURED)
    return math.ceil(1024 * (entry.get("memory", UNMEASURED) + more))
