"""Measure the images of DiffIQA-mini by ColorVideoVDP: the other measure that labels may rest on.

`fgresq step afine-jod --versions versions.csv --out jod.csv` gives the JOD of every version against
its hidden clean photograph, up to 10. It shows what hangs on LPIPS as the latent quality.

    fgresq step afine-jod --versions results/afine/mini/versions.csv --out jod.csv --threads 2
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from fgresq.images import read_rgb
from fgresq.imperfect.versions_table import JOD_COLUMNS, clean_of, read_versions
from fgresq.tables import write_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("--versions", type=Path, required=True, help="of the step afine-images")
    parser.add_argument("--out", type=Path, required=True, help="table to write")


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    import torch

    from fgresq.networks.jod import jod

    torch.set_num_threads(args.threads)
    versions = read_versions(args.versions)
    clean = clean_of(versions)
    parts = []
    for content, own in tqdm(versions.groupby("content", sort=True), desc="JOD", disable=None):
        reference = read_rgb(own.loc[own["image"] == clean[str(content)], "path"].iloc[0])
        images = np.stack([read_rgb(path) for path in own["path"]])
        parts.append(pd.DataFrame({"image": own["image"], "jod": jod(images, reference)}))
    table = pd.concat(parts).sort_values("image")
    write_table(args.out, table, JOD_COLUMNS)
