"""Archives from elsewhere: what is refused before anything is written, and how it is told."""

from __future__ import annotations

import builtins
import errno
import gzip
import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fgresq.errors import UserError
from fgresq.fetch import archives
from fgresq.fetch.archives import LARGEST_HEADER, Limits, unpack
from fgresq.fetch.items import Item
from tests.fetch_site import data, entry_of, files_below, make_world, part_of, zipped

ITEM = Item("source", "tiny", entry_of("tiny"))
GOOD = {"tiny/images/a.png": b"a" * 1000, "tiny/mos.txt": b"1 a.png\n"}
OUTSIDE = ["../out.txt", "tiny/../../out.txt", "/out.txt", "C:\\out.txt", "..\\out.txt"]


def tarred(members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w:gz") -> bytes:
    """Give a tar of members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def tar_of(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    """Give a tar of plain files."""
    return tarred([(tarfile.TarInfo(name), content) for name, content in files.items()], mode)


def refused(folder: Path, content: bytes, *told: str, limits: Limits | None = None) -> None:
    """Unpack what must be refused: told in one message, the archive kept, nothing written."""
    archive, into = folder / "in/tiny.bin", folder / "in/tree"
    archive.parent.mkdir()
    archive.write_bytes(content)
    with pytest.raises(UserError) as error:
        unpack(ITEM, archive, into, "tiny", *([limits] if limits else []))
    message = str(error.value)
    wanted = ("source 'tiny'", "tiny.bin", "data/raw/tiny", "write to the authors of tiny", *told)
    assert all(text in message for text in wanted), message
    assert files_below(folder) == {"in/tiny.bin": content}


@pytest.mark.parametrize("pack", [zipped, tar_of])
@pytest.mark.parametrize("name", OUTSIDE)
def test_a_path_that_leads_out_is_refused(
    tmp_path: Path, name: str, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    absolute = name[0] == "/" or name[1] == ":"
    told = "is an absolute path" if absolute else "leads out of its folder"
    refused(tmp_path, pack({**GOOD, name: b"out"}), told, name.replace("\\", "/"))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("tiny/odd")
    info.type, info.linkname = kind, "/etc/passwd"
    members = [(tarfile.TarInfo(n), c) for n, c in GOOD.items()] + [(info, b"")]
    refused(tmp_path, tarred(members), "'tiny/odd' in it is a link or a device")


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO(zipped(GOOD))
    with zipfile.ZipFile(buffer, "a") as archive:
        info = zipfile.ZipInfo("tiny/odd")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    refused(tmp_path, buffer.getvalue(), "'tiny/odd' in it is a link or a device")


@pytest.mark.parametrize("pack", [zipped, tar_of])
def test_a_bomb_is_refused_by_what_it_declares(
    tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    bomb = pack({"zeros": bytes(2_000_000)})
    limits = Limits(ratio=200, ratio_from=1_000_000)
    refused(tmp_path, bomb, "unpacks to more than 200 times its size", limits=limits)


def test_a_real_bomb_is_refused_at_the_limits_of_the_house(tmp_path: Path) -> None:
    refused(tmp_path, zipped({"zeros": bytes(101_000_000)}), "more than 200 times its size")


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (Limits(total=1000), "it unpacks to more than 1000 B"),
        (Limits(members=1), "it holds more than 1 files"),
    ],
)
def test_an_archive_beyond_a_limit_is_refused(tmp_path: Path, limits: Limits, told: str) -> None:
    refused(tmp_path, zipped(GOOD), told, limits=limits)


def test_a_tar_that_declares_a_terabyte_is_refused_at_its_header(tmp_path: Path) -> None:
    info = tarfile.TarInfo("huge")
    info.size = 10**12
    refused(tmp_path, info.tobuf(tarfile.GNU_FORMAT), "it unpacks to more than 186.3 GiB")


def test_a_tar_with_a_giant_name_is_not_read_into_memory(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, LARGEST_HEADER * 8
    packed = gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    refused(tmp_path, packed, "a header in it is 128.0 MiB long")


def test_a_zip_that_holds_more_than_it_declares_writes_no_more(tmp_path: Path) -> None:
    content = bytearray(zipped({"mos.txt": bytes(5000)}))
    for place in (content.find(b"PK\x03\x04") + 22, content.find(b"PK\x01\x02") + 24):
        content[place : place + 4] = struct.pack("<I", 10)
    archive, into = tmp_path / "tiny.zip", tmp_path / "tree"
    archive.write_bytes(content)
    with pytest.raises(UserError, match="tiny.zip: it cannot be read"):
        unpack(ITEM, archive, into, "tiny")
    assert sum(path.stat().st_size for path in into.iterdir()) <= 10


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (b"Rar!\x1a\x07\x01\x00", "it is a RAR archive, which cannot be unpacked here (unrar x)"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "it is a 7-Zip archive"),
        (b"GIF89a..", "it cannot be read"),
        (b"\x1f\x8b\x08\x00", "it cannot be read"),
        (b"BZh9\x00\x00\x00\x00", "it cannot be read"),
    ],
)
def test_what_cannot_be_unpacked_is_left_to_a_person(
    tmp_path: Path, start: bytes, told: str
) -> None:
    refused(tmp_path, start + bytes(600), told, "unpack it by hand into data/raw/tiny")


def test_an_encrypted_zip_is_told(tmp_path: Path) -> None:
    content = bytearray(zipped(GOOD))
    place = content.find(b"PK\x01\x02")
    while place >= 0:
        content[place + 8] |= 1
        place = content.find(b"PK\x01\x02", place + 4)
    refused(tmp_path, bytes(content), "it is encrypted", "unpack it by hand")


def test_a_cut_archive_is_told(tmp_path: Path) -> None:
    refused(tmp_path, zipped(GOOD)[:-30], "it cannot be read")


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz", "zip"])
def test_good_archives_are_unpacked_without_their_own_top_folder(tmp_path: Path, mode: str) -> None:
    archive = tmp_path / "download"  # the name says nothing of the form
    archive.write_bytes(zipped(GOOD) if mode == "zip" else tar_of(GOOD, mode))
    unpack(ITEM, archive, tmp_path / "tree", "TINY")
    assert files_below(tmp_path / "tree") == {
        "images/a.png": GOOD["tiny/images/a.png"],
        "mos.txt": GOOD["tiny/mos.txt"],
    }


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["tiny/a", "tiny/a/b.png"], "'tiny/a' in it is both a file and a folder"),
        (["tiny/a/b.png", "tiny/a"], "'tiny/a' in it is both a file and a folder"),
        (["tiny/a.png", "tiny/./a.png"], "'tiny/a.png' is in it twice"),
        (["tiny/" + "\u00e4" * 128 + ".png"], "has more than 255 bytes"),
        (["."], "a file in it has no name"),
    ],
)
def test_names_that_cannot_all_be_written_are_refused(
    tmp_path: Path, names: list[str], told: str
) -> None:
    refused(tmp_path, zipped(dict.fromkeys(names, b"a")), told)


def test_what_macos_adds_to_a_zip_is_left_out(tmp_path: Path) -> None:
    archive = tmp_path / "tiny.zip"
    archive.write_bytes(zipped({**GOOD, "__MACOSX/tiny/._mos.txt": b"x"}))
    unpack(ITEM, archive, tmp_path / "tree", "tiny")
    assert set(files_below(tmp_path / "tree")) == {"images/a.png", "mos.txt"}


@pytest.mark.parametrize("files", [GOOD, {**GOOD, "readme.txt": b"x"}])
def test_other_top_folders_are_kept(tmp_path: Path, files: dict[str, bytes]) -> None:
    archive = tmp_path / "tiny.zip"
    archive.write_bytes(zipped(files))
    unpack(ITEM, archive, tmp_path / "tree", "tiny" if len(files) == 3 else "other")
    assert files_below(tmp_path / "tree") == files


def test_backslashes_of_windows_part_folders(tmp_path: Path) -> None:
    archive = tmp_path / "tiny.zip"
    archive.write_bytes(zipped({"images\\a.png": b"a", "images\\b.png": b"b"}))
    unpack(ITEM, archive, tmp_path / "tree", "tiny")
    assert set(files_below(tmp_path / "tree")) == {"images/a.png", "images/b.png"}


def test_a_disk_that_fills_up_while_unpacking_keeps_archive_and_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    class Full(io.FileIO):
        """A file on a full disk."""

        def write(self, content: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device", self.name)

    monkeypatch.chdir(tmp_path)
    make_world(Path(), {"tiny": entry_of("tiny", part_of("http://127.0.0.1:9/tiny.zip"))})
    archive, placed = Path("data/raw/.fetch/tiny/downloads/tiny.zip"), Path("data/raw/other/x.png")
    for path, content in ((archive, zipped(GOOD)), (placed, b"x")):
        path.parent.mkdir(parents=True)
        path.write_bytes(content)

    def open_(path: Path, mode: str = "r") -> object:
        return Full(path, mode) if mode == "wb" else builtins.open(path, mode)

    with monkeypatch.context() as patch:
        patch.setattr(archives, "open", open_, raising=False)
        assert data("fetch", "tiny") == 1
    told = capsys.readouterr().err
    assert "source 'tiny'" in told and "the disk is full" in told and "Free some space" in told
    assert archive.exists() and placed.exists() and not Path("data/raw/tiny").exists()
    assert data("fetch", "tiny") == 0
    assert Path("data/raw/tiny/mos.txt").exists() and not archive.exists()
