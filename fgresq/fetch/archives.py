"""Unpacking what came from elsewhere: everything is looked through before anything is written.

Refused are absolute paths, `..`, links, devices, and archives whose contents are declared, or turn
out, to be far larger than data of this field can be. Zip and tar (plain, gz, bz2, xz) are read;
rar, 7z and encrypted files are left to a person.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from fgresq.errors import UserError
from fgresq.fetch.disk import check_space, human
from fgresq.fetch.items import Item, shown

CHUNK = 1 << 20  # bytes
LONGEST_NAME = 255  # bytes of a file's name, on any common disk
EXTRAS = "__MACOSX"  # what macOS adds to a zip beside its files; nothing of it is data
LARGEST_HEADER = 1 << 24  # bytes; a longer name or attribute of a tar's member is an attack
BY_HAND = {b"Rar!\x1a\x07": ("RAR", "unrar x"), b"7z\xbc\xaf\x27\x1c": ("7-Zip", "7z x")}
OPENERS: dict[bytes, Callable[[Path], io.BufferedIOBase]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
BROKEN = (  # what the readers raise: bz2 and gzip an OSError, zip of a wrong password RuntimeError
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError),
    *(EOFError, OSError, ValueError, RuntimeError, NotImplementedError),
)


@dataclass(frozen=True)
class Limits:
    """What an archive may hold.

    Args:
        total: bytes of its contents.
        ratio: of its contents to itself, where the contents are more than `ratio_from` bytes; less
            does no harm, and a folder of black masks packs that well.
        members: files and folders.
    """

    total: int = 200 * 10**9
    ratio: float = 200.0
    ratio_from: int = 100 * 10**6
    members: int = 2_000_000


LIMITS = Limits()


class Refused(Exception):
    """Why an archive is not unpacked, as a clause."""


@dataclass(frozen=True)
class Member:
    """A file of an archive: the parts of its path, its declared bytes, and how to open it."""

    parts: tuple[str, ...]
    size: int
    open: Callable[[], IO[bytes]]


def safe_parts(name: str) -> tuple[str, ...]:
    """Split a path of an archive or a listing; archives of Windows may part it by backslashes.

    Raises:
        Refused: it is absolute or leads upwards.
    """
    name = name.replace("\\", "/")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise Refused(f"'{name}' in it is an absolute path")
    if ".." in parts:
        raise Refused(f"'{name}' in it leads out of its folder")
    return parts


def zip_members(archive: zipfile.ZipFile) -> Iterator[Member]:
    """Give the files of a zip, unopened."""
    for info in archive.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise Refused(f"'{info.filename}' in it is a link or a device")
        if info.flag_bits & 1:
            raise Refused("it is encrypted")
        parts = safe_parts(info.filename)
        if not info.is_dir():
            yield Member(parts, info.file_size, partial(archive.open, info))


class Careful:
    """A stream that tarfile cannot be made to read into memory by the gigabyte."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self.stream = stream

    def read(self, count: int) -> bytes:
        if count > LARGEST_HEADER:
            raise Refused(f"a header in it is {human(count)} long")
        return self.stream.read(count)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def of_tar(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    """Open a regular file of a tar."""
    stream = archive.extractfile(info)
    assert stream is not None, "only links and folders have no stream"
    return stream


def tar_members(archive: tarfile.TarFile) -> Iterator[Member]:
    """Give the files of a tar, unopened."""
    for info in archive:
        parts = safe_parts(info.name)
        if info.isreg():
            yield Member(parts, info.size, partial(of_tar, archive, info))
        elif not info.isdir():
            raise Refused(f"'{info.name}' in it is a link or a device")


def plain(path: Path) -> io.BufferedIOBase:
    """Open a file as it is."""
    return path.open("rb")


@contextmanager
def opened(path: Path) -> Iterator[Iterator[Member]]:
    """Open an archive by what it is, not by its name, and give its files.

    Raises:
        Refused: it is none that can be read here.
    """
    with open(path, "rb") as handle:
        magic = handle.read(8)
    opener = next((open_ for start, open_ in OPENERS.items() if magic.startswith(start)), plain)
    for start, (form, command) in BY_HAND.items():
        if magic.startswith(start):
            raise Refused(f"it is a {form} archive, which cannot be unpacked here ({command})")
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield zip_members(archive)
    else:
        with opener(path) as stream, tarfile.open(fileobj=Careful(stream), mode="r:") as tar:
            yield tar_members(tar)


def look_through(path: Path, members: Iterator[Member], limits: Limits) -> list[Member]:
    """List the files of an archive; stops at the first that is refused.

    Raises:
        Refused: see the module; nothing was written.
    """
    found, total, packed = [], 0, max(path.stat().st_size, 1)
    for member in members:
        found.append(member)
        total += member.size
        if total > limits.total:
            raise Refused(f"it unpacks to more than {human(limits.total)}")
        if total > limits.ratio_from and total / packed > limits.ratio:
            raise Refused(f"it unpacks to more than {limits.ratio:g} times its size")
        if len(found) > limits.members:
            raise Refused(f"it holds more than {limits.members} files")
    if not found:
        raise Refused("there is no file in it")
    check_paths(found)
    return found


def check_paths(members: list[Member]) -> None:
    """Raise a Refused where the files of an archive cannot all be written under their names."""
    seen: set[tuple[str, ...]] = set()
    for member in members:
        name = "/".join(member.parts)
        if not member.parts:
            raise Refused("a file in it has no name")
        if any(len(part.encode(errors="replace")) > LONGEST_NAME for part in member.parts):
            raise Refused(f"a name in it, '{name[:40]}...', has more than {LONGEST_NAME} bytes")
        if member.parts in seen:
            raise Refused(f"'{name}' is in it twice")
        seen.add(member.parts)
    for parts in seen:
        folder = next((parts[:n] for n in range(1, len(parts)) if parts[:n] in seen), None)
        if folder:
            raise Refused(f"'{'/'.join(folder)}' in it is both a file and a folder")


def depth_of_root(members: list[Member], name: str) -> int:
    """Give how many leading folders to leave out: 1 where all lies in one named as its place.

    An archive kadid10k.zip often holds a single folder kadid10k; its place is named so already.
    """
    tops = {member.parts[0] for member in members if len(member.parts) > 1} - {EXTRAS}
    if len(tops) != 1 or any(len(member.parts) == 1 for member in members):
        return 0
    top, place = (re.sub(r"[^a-z0-9]", "", text.lower()) for text in (tops.pop(), name))
    return int(top == place)


def write_files(members: list[Member], into: Path, skip: int) -> None:
    """Write the files of an archive below a folder, no byte more than each one declares."""
    for member in members:
        if skip and member.parts[0] == EXTRAS:
            continue
        target = into.joinpath(*member.parts[skip:])
        target.parent.mkdir(parents=True, exist_ok=True)
        left = member.size
        with member.open() as source, open(target, "wb") as handle:
            while data := source.read(CHUNK):
                left -= len(data)
                if left < 0:
                    raise Refused(f"'{'/'.join(member.parts)}' in it is larger than it declares")
                handle.write(data)
        if left:
            raise Refused(f"'{'/'.join(member.parts)}' in it is cut short")


def unpack(item: Item, path: Path, into: Path, name: str, limits: Limits = LIMITS) -> None:
    """Unpack an archive of an item into a scratch folder.

    Args:
        into: the folder that gets its contents.
        name: what the place is called in the end; a single folder of that name is left out.

    Raises:
        UserError: it is refused, broken or too large for the disk; the archive is kept.
    """
    try:
        with opened(path) as members:
            found = look_through(path, members, limits)
            check_space(item, sum(m.size for m in found), path.parent, f"what {path.name} holds")
            write_files(found, into, depth_of_root(found, name))
    except (Refused, *BROKEN) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the disk, not of the archive
        problem = str(error) if isinstance(error, Refused) else f"it cannot be read ({error})"
        raise UserError(
            f"{item.label}, {shown(path)}",
            f"{problem}; nothing of it was put in place",
            f"If you trust it, unpack it by hand into {item.shown_folder} and run "
            f"`fgresq data check {item.name}`; else remove it, and fetch it again or get it "
            f"elsewhere: {item.steps}",
        ) from error
