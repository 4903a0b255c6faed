"""One attempt at a download by HTTP: what is asked for, what is refused, what is written.

What has arrived lies in NAME.part beside NAME, with the server's mark of that version of the file
in NAME.part.json; the next attempt, or the next call, asks for the rest only. A server that cannot
give a part is asked for the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import requests
from requests.exceptions import (
    ChunkedEncodingError,
    ConnectionError,
    InvalidSchema,
    InvalidURL,
    MissingSchema,
    SSLError,
    Timeout,
)
from tqdm import tqdm
from urllib3.exceptions import HTTPError

from fgresq.errors import UserError
from fgresq.fetch.disk import check_space
from fgresq.fetch.items import Item, shown
from fgresq.files import read_json, write_json

CHUNK = 1 << 16  # bytes; no more is lost at a cut
PLAIN = {"Accept-Encoding": "identity", "User-Agent": "fgresq"}  # bytes as they are stored
BUSY = (408, 425, 429, 500, 502, 503, 504)  # worth another attempt
WEB_PAGE = (b"<!doctype html", b"<html")


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for.

    Args:
        timeout: seconds to connect, and between two pieces of data.
        retries: attempts after the first that bring nothing new, in a row.
        pause: seconds before the first of them; doubled each time, 60 at most.
    """

    timeout: float = 30.0
    retries: int = 4
    pause: float = 1.0


class Cut(Exception):
    """An attempt that ended early and is worth repeating.

    Args:
        reason: what happened, as a clause.
        wait: seconds the server asks to wait for, or None.
    """

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True)
class Wanted:
    """One file to download.

    Args:
        item: whose it is.
        url: its address.
        path: where it is put.
        sha256: what its bytes must hash to, or None where nobody said.
        pinned: whether the entry says so, rather than the first fetch.
    """

    item: Item
    url: str
    path: Path
    sha256: str | None
    pinned: bool = True

    @property
    def part(self) -> Path:
        """Where it grows."""
        return self.path.with_name(f"{self.path.name}.part")

    @property
    def mark(self) -> Path:
        """Where the server's mark of its version is kept."""
        return self.path.with_name(f"{self.path.name}.part.json")

    @property
    def have(self) -> int:
        """How many bytes of it are there."""
        return self.part.stat().st_size if self.part.exists() else 0

    @property
    def by_hand(self) -> str:
        """The mend where the address cannot give it."""
        return (
            f"Get it by hand: {self.item.steps}; or put the file at {shown(self.path)} and run "
            f"`{self.item.command}` again"
        )

    def fail(self, problem: str, mend: str) -> NoReturn:
        """Raise the error that names the item, the address and the mend."""
        raise UserError(f"{self.item.label}, {self.url}", problem, mend)


def size_of(url: str, patience: Patience) -> int | None:
    """Ask a server for the size of a file in bytes; None where it does not say."""
    try:
        reply = requests.head(url, headers=PLAIN, allow_redirects=True, timeout=patience.timeout)
        return int(reply.headers["Content-Length"]) if reply.ok else None
    except (requests.RequestException, KeyError, ValueError):
        return None


def rest_headers(wanted: Wanted) -> dict[str, str]:
    """Give the headers that ask for the bytes that are not there yet; {}: ask for all.

    If-Range makes the server send the whole of a file that has changed since. Without a mark a rest
    is asked for only where a hash will tell whether it fits.
    """
    if not wanted.have or not wanted.mark.exists():
        return {}
    mark = read_json(wanted.mark)
    if mark["url"] != wanted.url or not (mark["version"] or wanted.sha256):
        return {}
    version = {"If-Range": mark["version"]} if mark["version"] else {}
    return {"Range": f"bytes={wanted.have}-", **version}


def version_of(headers: Mapping[str, str]) -> str | None:
    """Give a server's mark of a file's version: a strong ETag, else the date of its change."""
    tag = headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")


def refuse(reply: requests.Response, wanted: Wanted) -> None:
    """Raise for a reply that is not the file: Cut where it is worth another attempt."""
    said = f"{reply.status_code} {reply.reason or ''}".strip()
    if reply.status_code in BUSY:
        wait = reply.headers.get("Retry-After", "")
        raise Cut(f"the server answered {said}", float(wait) if wait.isdigit() else None)
    if reply.status_code in (401, 403):
        wanted.fail(f"the server refuses it ({said})", wanted.by_hand)
    if reply.status_code in (404, 410):
        wanted.fail(f"there is no such file any more ({said})", wanted.by_hand)
    if reply.status_code not in (200, 206):
        wanted.fail(f"the server answered {said}", wanted.by_hand)
    kind = reply.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml"):
        refuse_web_page(wanted)


def refuse_web_page(wanted: Wanted) -> NoReturn:
    """Raise the error for a page that came instead of a file."""
    wanted.fail(
        "a web page came instead of the file, such as a login or a form to fill in", wanted.by_hand
    )


def offset_of(reply: requests.Response, wanted: Wanted) -> int:
    """Give the byte at which a reply begins; 0 for a server that sends the whole."""
    if reply.status_code != 206:
        return 0
    start = reply.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    if start != str(wanted.have):
        wanted.part.unlink()
        raise Cut(f"the server sent bytes from {start or 'nowhere'}, not from {wanted.have}")
    return wanted.have


def write_body(reply: requests.Response, wanted: Wanted) -> None:
    """Append a reply's bytes to the part, as they come."""
    offset = offset_of(reply, wanted)
    length = reply.headers.get("Content-Length")
    total = offset + int(length) if length and length.isdigit() else None
    if total:
        check_space(wanted.item, total - offset, wanted.path.parent, wanted.path.name)
    with (
        open(wanted.part, "ab" if offset else "wb") as handle,
        tqdm(
            desc=wanted.path.name,
            total=total,
            initial=offset,
            unit="B",
            unit_scale=True,
            disable=None,
        ) as bar,
    ):
        if not offset:  # once the old part is gone, lest it be taken for this version
            write_json(wanted.mark, {"url": wanted.url, "version": version_of(reply.headers)})
        while data := reply.raw.read1(CHUNK, decode_content=False):
            if handle.tell() == 0 and data.lstrip()[:16].lower().startswith(WEB_PAGE):
                refuse_web_page(wanted)
            handle.write(data)
            handle.flush()  # a killed process keeps it
            bar.update(len(data))
    if total is not None and wanted.have != total:
        raise Cut(f"{wanted.have} of {total} bytes came")


def attempt(wanted: Wanted, patience: Patience) -> None:
    """Ask for what is missing of a file and write it.

    Raises:
        Cut: it ended early.
        UserError: another attempt would end alike.
    """
    headers = {**PLAIN, **rest_headers(wanted)}
    try:
        with requests.get(
            wanted.url, headers=headers, stream=True, timeout=patience.timeout
        ) as reply:
            if reply.status_code == 416:  # nothing after what is there
                if reply.headers.get("Content-Range", "").endswith(f"/{wanted.have}"):
                    return
                wanted.part.unlink()
                raise Cut("the server has a shorter file now")
            refuse(reply, wanted)
            write_body(reply, wanted)
    except (MissingSchema, InvalidSchema, InvalidURL) as error:
        wanted.fail(f"no address that can be fetched ({error})", "Correct it in the entry")
    except SSLError as error:
        wanted.fail(f"the server's certificate is not valid ({error})", wanted.by_hand)
    except (Timeout, ConnectionError, ChunkedEncodingError, HTTPError, TimeoutError) as error:
        raise Cut(plain(error)) from error
    except requests.RequestException as error:
        wanted.fail(f"it cannot be fetched ({error})", wanted.by_hand)


def plain(error: Exception) -> str:
    """Say what went wrong with a connection, without the library's own wrapping."""
    text = str(error)
    if isinstance(error, Timeout | TimeoutError) or "timed out" in text.lower():
        return "the server did not answer in time"
    if "resolve" in text or "getaddrinfo" in text:
        return "its server cannot be found (is there a network?)"
    if "refused" in text:
        return "the connection was refused"
    return f"the connection was cut ({type(error).__name__})"
