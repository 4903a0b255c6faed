"""Make the images of DiffIQA-mini: references that are not perfect, and what is tested by them.

`fgresq step afine-images --contents contents.csv --out-dir results/afine/mini` makes the versions
of each clean photograph, as PNG in `images/`, and `versions.csv`, a table of them. Their
quality is minus LPIPS against the hidden clean photograph, never against the reference. All of it
is simulated: no human looked at these images. Settings (section `data`): references, tested; seed.

    fgresq step afine-images --contents results/data/mini/mini/contents.csv --workers 2
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from fgresq.at_once import add_workers, each
from fgresq.files import sha256
from fgresq.images import read_rgb, write_png
from fgresq.imperfect.declared_presets import AfinePreset, add_preset, preset_of
from fgresq.imperfect.versions_table import SOURCE, VERSION_COLUMNS
from fgresq.mini.imperfect_versions import CLEAN, versions_of
from fgresq.mini.photographs import CONTENT_COLUMNS
from fgresq.mini.restored import add_network
from fgresq.tables import read_table, write_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("--contents", type=Path, required=True, help="table of the contents")
    add_network(parser)
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of images and table")
    add_workers(parser)
    add_preset(parser)


def rows_of(
    content: Mapping[str, str], preset: AfinePreset, weights: Path, folder: Path, threads: int
) -> list[dict[str, object]]:
    """Make, measure and write the versions of one content; their rows of the table."""
    import cv2
    import torch

    from fgresq.mini.quality import less_lpips

    cv2.setNumThreads(threads)
    torch.set_num_threads(threads)
    clean, name = read_rgb(content["path"]), content["content"]
    data = preset.data
    made = versions_of(clean, name, preset.seed, weights, data.references, data.tested)
    quality = less_lpips(np.stack([version.pixels for version in made.values()]), clean)
    rows: list[dict[str, object]] = []
    for (key, version), value in zip(made.items(), quality, strict=True):
        path = folder / f"{name}.{key}.png"
        write_png(path, version.pixels)
        rows.append(
            {
                "image": f"{SOURCE}/{path.name}",
                "path": str(path),
                "sha256": sha256(path),
                "content": name,
                "family": content["family"],
                "reference": f"{SOURCE}/{name}.{version.reference}.png",
                "kind": version.kind,
                "strength": version.strength,
                "quality": float(value),
            }
        )
    assert rows[0]["reference"] == f"{SOURCE}/{name}.{CLEAN}.png"
    return rows


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    contents = read_table(args.contents, CONTENT_COLUMNS).to_dict("records")
    told = {"weights": args.weights, "folder": args.out_dir / "images", "threads": args.threads}
    made = each(
        partial(rows_of, preset=preset_of(args), **told), contents, args.workers, "versions"
    )
    rows = [row for own in made for row in own]
    table = pd.DataFrame(rows, columns=list(VERSION_COLUMNS)).sort_values("image")
    write_table(args.out_dir / "versions.csv", table, VERSION_COLUMNS)
