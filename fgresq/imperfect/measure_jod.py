"""Measure the images of DiffIQA-mini by ColorVideoVDP: the other measure that labels may rest on.

`fgresq step afine-jod --versions versions.csv --out jod.csv` gives the JOD of every version against
its hidden clean photograph, up to 10. It shows what hangs on LPIPS as the latent quality.

    fgresq step afine-jod --versions results/afine/mini/versions.csv --out jod.csv --workers 2
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from fgresq.at_once import add_workers, each
from fgresq.images import read_rgb
from fgresq.imperfect.versions_table import JOD_COLUMNS, clean_of, read_versions
from fgresq.tables import write_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("--versions", type=Path, required=True, help="of the step afine-images")
    parser.add_argument("--out", type=Path, required=True, help="table to write")
    add_workers(parser)


def measured(versions: tuple[pd.DataFrame, str], threads: int) -> pd.DataFrame:
    """Measure the versions of one content against the clean one, whose file is named."""
    import torch

    from fgresq.networks.jod import jod

    torch.set_num_threads(threads)
    own, clean = versions
    images = np.stack([read_rgb(path) for path in own["path"]])
    return pd.DataFrame({"image": own["image"], "jod": jod(images, read_rgb(clean))})


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    versions = read_versions(args.versions)
    clean, path = clean_of(versions), versions.set_index("image")["path"]
    own = [(rows, path[clean[str(name)]]) for name, rows in versions.groupby("content", sort=True)]
    parts = list(each(partial(measured, threads=args.threads), own, args.workers, "JOD"))
    write_table(args.out, pd.concat(parts).sort_values("image"), JOD_COLUMNS)
