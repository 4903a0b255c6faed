"""Join the image tables of a preset's sources, and list what is present and what is absent."""

from __future__ import annotations

import argparse
import logging

import pandas as pd

from fgresq.files import read_json, write_json
from fgresq.tables import read_images, write_images


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("images", nargs="+", help="image tables of the sources")
    parser.add_argument("--records", nargs="+", required=True, help="their records")
    parser.add_argument("--out", required=True, help="joined image table to write")
    parser.add_argument("--sources", required=True, help="list of records to write")


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    records = [read_json(path) for path in args.records]
    write_images(
        args.out, pd.concat([read_images(path) for path in args.images], ignore_index=True)
    )
    write_json(args.sources, records)
    for record in records:
        logging.info(
            "source '%s': %s, %d images", record["source"], record["status"], record["images"]
        )
