"""Crop the photographs that ship inside installed packages to the contents of FGRestore-mini.

`fgresq step photographs --out-dir DIR --out contents.csv` writes square crops as PNG and a table of
them: content, family (the photograph), path, sha256. Crops of one photograph do not overlap; they
are taken in turn over the photographs, the most textured crop of each first, so that few contents
still come of several photographs. Gray photographs become three equal channels.
Settings (section `mini`): contents (how many), size (pixels a side).

Licences: data/LICENSES.md.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd

from fgresq.errors import UserError
from fgresq.files import sha256
from fgresq.images import read_rgb, write_png
from fgresq.options import add_options, options_of
from fgresq.sections import Mini, Section
from fgresq.tables import write_table

# photograph: (package, file inside it); the order is that in which contents are taken
PHOTOGRAPHS = {
    "astronaut": ("skimage", "data/astronaut.png"),
    "china": ("sklearn", "datasets/images/china.jpg"),
    "coffee": ("skimage", "data/coffee.png"),
    "chelsea": ("skimage", "data/chelsea.png"),
    "camera": ("skimage", "data/camera.png"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
    "hopper": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
    "rocket": ("skimage", "data/rocket.jpg"),
    "grass": ("skimage", "data/grass.png"),
    "brick": ("skimage", "data/brick.png"),
    "coins": ("skimage", "data/coins.png"),
    "gravel": ("skimage", "data/gravel.png"),
}
CONTENT_COLUMNS: dict[str, type] = {
    "content": str,
    "family": str,  # the photograph
    "path": str,
    "sha256": str,
}
MIN_TEXTURE = 12.0  # standard deviation of luminance, 0 to 255; below, a crop is mostly flat


def photograph_path(name: str) -> Path:
    """Find the file of a photograph in the installed package that ships it; nothing is imported."""
    package, file = PHOTOGRAPHS[name]
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise UserError(f"package {package}", "it is not installed", "Run 'make env'")
    return Path(spec.origin).parent / file


def crops(image: np.ndarray, size: int) -> list[np.ndarray]:
    """Cut an image (height, width, 3) into non-overlapping squares, the most textured first.

    The grid is centred; squares whose luminance varies by less than `MIN_TEXTURE` are left out.
    """
    rows, columns = image.shape[0] // size, image.shape[1] // size
    top, left = (image.shape[0] - rows * size) // 2, (image.shape[1] - columns * size) // 2
    squares = [
        image[top + r * size : top + (r + 1) * size, left + c * size : left + (c + 1) * size]
        for r in range(rows)
        for c in range(columns)
    ]
    texture = [float(square.mean(axis=2).std()) for square in squares]
    order = sorted(range(len(squares)), key=lambda k: (-texture[k], k))
    return [squares[k] for k in order if texture[k] >= MIN_TEXTURE]


def contents(count: int, size: int) -> Iterator[tuple[str, str, np.ndarray]]:
    """Give `count` contents as (name, family, image), taken in turn over the photographs.

    Raises:
        UserError: the photographs do not yield that many crops of this size.
    """
    by_photograph = [
        [(f"{name}-{k}", name, crop) for k, crop in enumerate(found, start=1)]
        for name in PHOTOGRAPHS
        for found in [crops(read_rgb(photograph_path(name)), size)]
    ]
    rounds = zip_longest(*by_photograph)
    taken = [item for turn in rounds for item in turn if item is not None]
    if len(taken) < count:
        raise UserError(
            "config/config.yaml, key 'mini/contents'",
            f"the photographs yield {len(taken)} contents of {size} pixels, not {count}",
            "Lower 'contents' or 'size'",
        )
    yield from taken[:count]


class Options(Section):
    """What this step reads of a preset."""

    mini: Mini


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the crops")
    parser.add_argument("--out", type=Path, required=True, help="table of the contents")
    add_options(parser, Options)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    options = options_of(args, Options).mini
    rows = []
    for content, family, image in contents(options.contents, options.size):
        path = args.out_dir / f"{content}.png"
        write_png(path, image)
        rows.append(
            {"content": content, "family": family, "path": str(path), "sha256": sha256(path)}
        )
    write_table(args.out, pd.DataFrame(rows, columns=list(CONTENT_COLUMNS)), CONTENT_COLUMNS)
