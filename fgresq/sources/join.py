"""Join the image tables of a preset's sources, and list what is present and what is absent."""

from __future__ import annotations

import argparse
import logging

import pandas as pd

from fgresq.errors import UserError
from fgresq.files import read_json, write_json
from fgresq.tables import read_images, write_images


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("images", nargs="+", help="image tables of the sources")
    parser.add_argument("--records", nargs="+", required=True, help="their records")
    parser.add_argument("--out", required=True, help="joined image table to write")
    parser.add_argument("--sources", required=True, help="list of records to write")


def check_roles(images: pd.DataFrame, where: str) -> None:
    """See that no file is trained on in one source and tested on, or selected by, in another.

    A source without a role is trained on, by folds. References count as their images do.

    Args:
        images: image table of all sources.
        where: what joins them, for errors.

    Raises:
        UserError: a file of two roles, or a source of two; it names both images and the mend.
    """
    role = images["role"].replace("", "train")
    by_source = role.groupby(images["source"]).unique()
    for source, roles in by_source[by_source.str.len() > 1].items():
        told = f"its images have the roles {' and '.join(sorted(roles))}"
        raise UserError(f"source '{source}'", told, "Give all of its images one role")
    files = pd.concat(
        pd.DataFrame({"image": images["image"], "role": role, "sha256": images[name]})
        for name in ("sha256", "reference_sha256")
    )
    files = files[files["sha256"].ne("")]
    roles_of = files.groupby("sha256")["role"].nunique()
    shared = files[files["sha256"].isin(roles_of.index[roles_of > 1])]
    if len(shared):
        first = shared[shared["sha256"].eq(shared["sha256"].iloc[0])].drop_duplicates("role")
        (one, role_of_one), (other, role_of_other) = first[["image", "role"]].to_numpy()[:2]
        raise UserError(
            where,
            f"'{one}', to {role_of_one} with, and '{other}', to {role_of_other} with, are the same "
            f"file or rest on it; {roles_of.gt(1).sum()} files are shared so",
            "Take one of the two sources out of `sources` of the preset, or give both one role",
        )


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    records = [read_json(path) for path in args.records]
    images = pd.concat([read_images(path) for path in args.images], ignore_index=True)
    check_roles(images, args.out)
    write_images(args.out, images)
    write_json(args.sources, records)
    for record in records:
        logging.info(
            "source '%s': %s, %d images", record["source"], record["status"], record["images"]
        )
