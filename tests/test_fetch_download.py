"""Downloads by address: what arrives, what is asked for again, and how each fault is told."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fgresq.fetch import disk, download, get, server
from tests.conftest import ROOT
from tests.fetch_site import (
    Site,
    cut,
    data,
    entry_of,
    files_below,
    make_world,
    manifest,
    no_range,
    page,
    part_of,
    redirect,
    serve,
    stalled,
    status,
    whole,
    zipped,
)

NOISE = np.random.default_rng(0).bytes(300_000)
IMAGES = {"images/a.png": NOISE[:200_000], "images/b.png": NOISE[200_000:], "mos.txt": b"1 a.png\n"}
PACKED = zipped({f"tiny/{name}": content for name, content in IMAGES.items()})
PART = Path("data/raw/.fetch/tiny/downloads/tiny.zip.part")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Give a site with one archive, in a folder with one source `tiny` that comes from it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(download, "sleep", lambda seconds: None)
    with serve() as running:
        running.files["/tiny.zip"] = PACKED
        world(running)
        yield running


def world(site: Site, part: dict[str, Any] | None = None, **entry: Any) -> None:
    """Write the entry of `tiny`, changed."""
    part = part_of(f"{site.url}/tiny.zip", **(part or {}))
    make_world(Path(), {"tiny": entry_of("tiny", part, **entry)})


def fails(capsys: pytest.CaptureFixture, *told: str, words: tuple[str, ...] = ()) -> str:
    """Fetch `tiny`, which must fail in one message that names these."""
    assert data("fetch", "tiny", *words) == 1
    message = capsys.readouterr().err.strip().rpartition("fgresq data: ")[2]
    assert all(text in message for text in ("source 'tiny'", *told)), message
    assert "Traceback" not in message
    return message


def test_what_is_fetched_lies_in_its_place_with_a_manifest(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    assert data("fetch", "tiny") == 0
    assert files_below(Path("data/raw")) == {f"tiny/{name}": c for name, c in IMAGES.items()}
    told = capsys.readouterr().err
    assert "1 file, 293" in told and "KiB, from 127.0.0.1" in told and "are free" in told
    written = manifest("tiny")
    assert {row["path"] for row in written["files"]} == set(IMAGES)
    assert written["downloads"][0]["sha256"] == hashlib.sha256(PACKED).hexdigest()
    asked = len(site.asked)
    assert data("fetch", "tiny") == 0 and len(site.asked) == asked
    assert data("check", "tiny") == 0


def test_a_cut_connection_is_resumed_with_the_rest_only(site: Site) -> None:
    site.plans["/tiny.zip"] = [cut(150_000), cut(50_000), whole]
    assert data("fetch", "tiny") == 0
    assert site.ranges("/tiny.zip") == [None, "bytes=150000-", "bytes=200000-"]
    assert site.sent == len(PACKED)
    assert Path("data/raw/tiny/images/a.png").read_bytes() == IMAGES["images/a.png"]


def test_a_later_call_goes_on_where_the_last_ended(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    site.plans["/tiny.zip"] = [cut(100_000), cut(0)]
    fails(
        capsys, "tiny.zip", "97.7 KiB are kept in", PART.name, "to go on", words=("--retries", "1")
    )
    assert PART.read_bytes() == PACKED[:100_000] and not Path("data/raw/tiny").exists()
    site.plans["/tiny.zip"] = [whole]
    assert data("fetch", "tiny") == 0
    assert site.ranges("/tiny.zip")[-1] == "bytes=100000-" and site.sent == len(PACKED)


def test_a_file_that_changed_meanwhile_is_fetched_whole(site: Site) -> None:
    site.plans["/tiny.zip"] = [cut(100_000), status(404), whole]
    assert data("fetch", "tiny") == 1 and PART.stat().st_size == 100_000
    site.files["/tiny.zip"], site.version = zipped({"images/c.png": NOISE}), "2"
    assert data("fetch", "tiny") == 0
    assert files_below(Path("data/raw")) == {"tiny/images/c.png": NOISE}


def test_a_server_that_cannot_resume_is_asked_for_the_whole(site: Site) -> None:
    site.plans["/tiny.zip"] = [cut(100_000), no_range]
    assert data("fetch", "tiny") == 0
    assert site.ranges("/tiny.zip") == [None, "bytes=100000-"]
    assert len(files_below(Path("data/raw"))) == len(IMAGES)


def test_a_wrong_checksum_is_told_and_the_file_set_aside(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    world(site, {"sha256": "0" * 64})
    fails(capsys, "tiny.zip", hashlib.sha256(PACKED).hexdigest(), "0" * 64, "tiny.zip.wrong")
    wrong = PART.with_name("tiny.zip.wrong")
    assert wrong.read_bytes() == PACKED and not PART.exists() and not Path("data/raw/tiny").exists()
    fails(capsys, "tiny.zip.2.wrong")
    world(site, {"sha256": hashlib.sha256(PACKED).hexdigest()})
    for _ in range(2):
        assert data("fetch", "tiny") == 0
        kept = files_below(Path("data/raw/.fetch/tiny"))
        assert kept == dict.fromkeys(
            ("downloads/tiny.zip.wrong", "downloads/tiny.zip.2.wrong"), PACKED
        )


def test_the_hash_of_the_first_fetch_is_held_to(site: Site, capsys: pytest.CaptureFixture) -> None:
    assert data("fetch", "tiny") == 0
    Path("data/raw/tiny/mos.txt").unlink()
    site.files["/tiny.zip"], site.version = zipped({"mos.txt": b"2 a.png\n"}), "2"
    kept = files_below(Path("data/raw/tiny"))
    fails(capsys, "tiny.zip", "that of the first fetch", "tiny.zip.wrong")
    assert files_below(Path("data/raw/tiny")) == kept


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (404, "there is no such file any more (404 Not Found)"),
        (403, "the server refuses it (403 Forbidden)"),
    ],
)
def test_a_refusal_names_the_steps_by_hand(
    site: Site, capsys: pytest.CaptureFixture, code: int, told: str
) -> None:
    site.plans["/tiny.zip"] = [status(code)]
    fails(capsys, f"{site.url}/tiny.zip", told, "write to the authors of tiny")
    assert len(site.ranges("/tiny.zip")) == 1  # it would end alike


def test_a_busy_server_is_waited_for_as_it_asks(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(download, "sleep", waits.append)
    site.plans["/tiny.zip"] = [status(503, Retry_After="7"), status(500), status(502), whole]
    assert data("fetch", "tiny") == 0
    assert waits == [7, 2, 4]


def test_a_slow_server_is_given_up_and_asked_again(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    site.plans["/tiny.zip"] = [stalled, whole]
    assert data("fetch", "tiny", "--timeout", "2") == 0
    assert "the server did not answer in time; trying again" in capsys.readouterr().err
    assert site.ranges("/tiny.zip") == [None, "bytes=100-"]


def test_a_server_that_stays_slow_is_told(site: Site, capsys: pytest.CaptureFixture) -> None:
    site.plans["/tiny.zip"] = [stalled, status(504)]
    fails(
        capsys,
        "504",
        "nothing new came in 2 attempts in a row (100 B are kept in",
        "again later",
        words=("--timeout", "2", "--retries", "1"),
    )


def test_no_server_is_told(site: Site, capsys: pytest.CaptureFixture) -> None:
    make_world(Path(), {"tiny": entry_of("tiny", part_of("http://127.0.0.1:9/tiny.zip"))})
    fails(capsys, "127.0.0.1:9", "the connection was refused", "write to the authors of tiny")


def test_a_redirect_is_followed(site: Site) -> None:
    site.files["/store/1234"] = PACKED
    site.plans["/tiny.zip"] = [redirect("/store/1234")]
    assert data("fetch", "tiny") == 0
    assert len(files_below(Path("data/raw"))) == len(IMAGES)


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/zip"])
def test_a_login_page_is_told(site: Site, capsys: pytest.CaptureFixture, kind: str) -> None:
    site.plans["/tiny.zip"] = [page(kind)]
    fails(capsys, "tiny.zip", "a web page came instead", "write to the authors of tiny")
    assert not Path("data/raw/tiny").exists()


def test_a_file_got_by_hand_is_taken(site: Site) -> None:
    site.plans["/tiny.zip"] = [status(403)]
    PART.parent.mkdir(parents=True)
    PART.with_name("tiny.zip").write_bytes(PACKED)
    assert data("fetch", "tiny") == 0 and site.ranges("/tiny.zip") == []


def test_a_disk_too_small_is_told_before_the_download(
    site: Site, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 1000, 1000))
    fails(capsys, "this download takes 586", "1000 B are free", "Free some space")
    assert site.ranges("/tiny.zip") == []


def test_a_disk_that_fills_up_keeps_what_came(
    site: Site, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.FileIO):
        """A file on a disk with room for 128 KiB."""

        def write(self, content: bytes) -> int:
            if self.tell() + len(content) > 2**17:
                raise OSError(errno.ENOSPC, "No space left on device", self.name)
            return super().write(content)

    with monkeypatch.context() as patch:
        patch.setattr(server, "open", Full, raising=False)
        fails(capsys, PART.name, "the disk is full", "run `fgresq data fetch tiny` again", "kept")
    have = PART.stat().st_size
    assert 0 < have <= 2**17
    assert data("fetch", "tiny") == 0
    assert site.ranges("/tiny.zip")[-1] == f"bytes={have}-"


def test_an_interrupt_keeps_what_came(site: Site) -> None:
    site.plans["/tiny.zip"] = [stalled, whole]
    call = [sys.executable, "-m", "fgresq", "data", "fetch", "tiny"]
    process = subprocess.Popen(
        call,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        # a shell that runs the tests in the background leaves Ctrl-C ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while process.poll() is None and not (PART.exists() and PART.stat().st_size):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "Traceback" not in told and "source 'tiny': stopped; 100 B are kept in" in told
    assert PART.read_bytes() == PACKED[:100]
    assert data("fetch", "tiny") == 0 and site.ranges("/tiny.zip") == [None, "bytes=100-"]


def test_a_killed_fetch_is_taken_up_again(site: Site) -> None:
    """SIGKILL leaves no time to tidy up or to say anything."""
    site.plans["/tiny.zip"] = [stalled, whole]
    call = [sys.executable, "-m", "fgresq", "data", "fetch", "tiny"]
    process = subprocess.Popen(call, env={**os.environ, "PYTHONPATH": str(ROOT)})
    while process.poll() is None and not (PART.exists() and PART.stat().st_size):
        time.sleep(0.01)
    process.kill()
    assert process.wait(60) == -signal.SIGKILL
    assert data("fetch", "tiny") == 0 and site.ranges("/tiny.zip") == [None, "bytes=100-"]
    assert set(files_below(Path("data/raw/tiny"))) == set(IMAGES)
    assert not [*Path("data/raw/.fetch").rglob("*.part"), *Path("data/raw/.fetch").glob("tiny/*")]


def test_what_a_fetch_killed_while_unpacking_left_is_swept(site: Site) -> None:
    downloads = PART.parent
    for path, content in ((downloads / "tiny.zip", PACKED), (downloads / "../tree/half", b"x")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert data("fetch", "tiny") == 0 and site.ranges("/tiny.zip") == []
    assert set(files_below(Path("data/raw/tiny"))) == set(IMAGES)
    assert not downloads.parent.exists()


@pytest.mark.parametrize("at", ["write", "rmtree"])
def test_a_fetch_killed_at_its_end_is_recorded_and_swept(
    site: Site, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    class Killed(BaseException):
        """Stands for the end of the process."""

    def kill(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        if at == "write":
            patch.setattr(get.manifest, "write", kill)
        else:
            real = shutil.rmtree
            own = Path("data/raw/.fetch/tiny").resolve()
            patch.setattr(get.shutil, "rmtree", lambda p, **k: kill() if p == own else real(p, **k))
        data("fetch", "tiny")
    assert PART.with_name("tiny.zip").exists()
    assert data("fetch", "tiny") == 0 and site.ranges("/tiny.zip") == [None]
    assert {row["path"] for row in manifest("tiny")["files"]} == set(IMAGES)
    assert not PART.parent.parent.exists() and data("check", "tiny") == 0


def test_one_that_fails_does_not_keep_the_next_away(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    entries = {"far": entry_of("far"), "tiny": entry_of("tiny", part_of(f"{site.url}/tiny.zip"))}
    make_world(Path(), entries)
    assert data("fetch", "far", "tiny") == 1
    told = capsys.readouterr().err
    assert "1 of 2 were not fetched: far" in told and "write to the authors of far" in told
    assert Path("data/raw/tiny/mos.txt").exists()


def test_single_files_and_archives_go_where_the_entry_says(site: Site) -> None:
    site.files |= {"/scores": b"a,1\n", "/Ref.zip": zipped({"Ref/r.png": b"r", "Ref/s.png": b"s"})}
    site.files["/src_imgs.zip"] = zipped({"src_imgs/1600.png": b"1"})
    parts = [
        part_of(f"{site.url}/scores?version=2", to="labels/scores.csv", unpack=False),
        part_of(f"{site.url}/Ref.zip", to="Ref"),
        part_of(f"{site.url}/tiny.zip", to="Dist"),
        part_of(f"{site.url}/src_imgs.zip", to="src_imgs.zip"),
    ]
    site.files["/scores?version=2"] = site.files["/scores"]
    make_world(Path(), {"tiny": entry_of("tiny", *parts)})
    assert data("fetch", "tiny") == 0
    found = set(files_below(Path("data/raw/tiny")))
    assert {"labels/scores.csv", "Ref/r.png", "Ref/s.png", "Dist/tiny/images/a.png"} <= found
    assert "src_imgs/1600.png" in found and "src_imgs.zip" not in found


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({"to": "../other"}, "leads out of its folder"),
        ({"to": ".", "unpack": False}, "'.' names no file"),
    ],
)
def test_an_entry_that_puts_a_file_elsewhere_is_told_before_the_download(
    site: Site, capsys: pytest.CaptureFixture, part: dict[str, Any], told: str
) -> None:
    world(site, part)
    assert data("fetch", "tiny") == 1
    message = capsys.readouterr().err
    assert "config/sources.yaml, key 'tiny/fetch/to'" in message and told in message
    assert site.asked == []
