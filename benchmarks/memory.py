"""Measure what memory a method takes, at two sizes of an image: the keys of the methods file.

    python benchmarks/memory.py psnr ssim niqe

Each size is decoded and scored in a process of its own, whose greatest resident memory is read.
`memory` is that of 1024 x 768 pixels, `memory_per_megapixel` what each further million of pixels
adds, in GiB.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from fgresq.catalogues import read_methods
from fgresq.images import write_png
from fgresq.scoring.registry import absence

SIZES = ((768, 1024), (1536, 2048))  # height, width
CHILD = """
import resource, sys
from fgresq.catalogues import read_methods
from fgresq.images import read_rgb
from fgresq.scoring.registry import method_of
name, one, other = sys.argv[1:]
method = method_of(name, read_methods()[name])
method.score(read_rgb(one), read_rgb(other) if method.kind == "FR" else None)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def peak(name: str, height: int, width: int) -> float:
    """Give the greatest resident memory (GiB) of a process that scores one image or pair."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number}.png") for number in range(2)]
        for path in paths:
            write_png(path, rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
        call = [sys.executable, "-c", CHILD, name, *map(str, paths)]
        done = subprocess.run(call, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    """Print a line a method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="methods (default: all that can run here)")
    entries = read_methods()
    names = parser.parse_args().names
    for name in names or [n for n, e in entries.items() if not e["trained"]]:
        if absence(name, entries[name]):
            continue
        small, large = (peak(name, *size) for size in SIZES)
        pixels = [height * width / 1e6 for height, width in SIZES]
        slope = (large - small) / (pixels[1] - pixels[0])
        print(f"{name}: memory {small:.2g}, memory_per_megapixel {slope:.2g}", flush=True)


if __name__ == "__main__":
    main()
