"""A small web site that misbehaves on demand, and a working folder whose entries point to it."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from fgresq.cli import main
from fgresq.files import read_json
from tests.conftest import mark_workspace

Answer = Callable[["Handler", bytes], None]


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD as the site's plan for the path says; the last plan stays."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Keep silent."""

    def do_HEAD(self) -> None:  # noqa: N802
        site = self.server.site
        site.asked.append(("HEAD", self.path, None))
        data = site.files.get(self.path.partition("?")[0])
        self.start(200 if data else 404, len(data or b""))

    def do_GET(self) -> None:  # noqa: N802
        site = self.server.site
        site.asked.append(("GET", self.path, self.headers.get("Range")))
        plan = site.plans.get(self.path, [whole])
        answer = plan.pop(0) if len(plan) > 1 else plan[0]
        answer(self, site.files.get(self.path, b""))

    def start(self, status: int, length: int, **headers: str) -> None:
        """Send the head of an answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def body(self, data: bytes) -> None:
        """Send bytes, counted."""
        self.server.site.sent += len(data)
        self.wfile.write(data)
        self.wfile.flush()

    @property
    def version(self) -> str:
        """The mark of the site's version of its files."""
        return f'"{self.server.site.version}"'

    def rest(self, data: bytes) -> tuple[int, bytes, dict[str, str]]:
        """Give status, bytes and headers for what was asked for, as a good server would."""
        asked, known = self.headers.get("Range"), self.headers.get("If-Range")
        headers = {"ETag": self.version, "Content_Type": "application/octet-stream"}
        if asked is None or known not in (None, self.version):
            return 200, data, headers
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(data):
            return 416, b"", {**headers, "Content_Range": f"bytes */{len(data)}"}
        span = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return 206, data[start:], {**headers, "Content_Range": span}


def whole(handler: Handler, data: bytes) -> None:
    """Send what was asked for."""
    status, part, headers = handler.rest(data)
    handler.start(status, len(part), **headers)
    handler.body(part)


def cut(after: int) -> Answer:
    """Promise what was asked for, send so many bytes of it and hang up."""

    def answer(handler: Handler, data: bytes) -> None:
        status, part, headers = handler.rest(data)
        handler.start(status, len(part), **headers)
        handler.body(part[:after])
        handler.close_connection = True

    return answer


def no_range(handler: Handler, data: bytes) -> None:
    """Send the whole, whatever was asked for."""
    handler.start(200, len(data), Content_Type="application/octet-stream")
    handler.body(data)


def status(code: int, **headers: str) -> Answer:
    """Refuse."""
    return lambda handler, data: handler.start(code, 0, **headers)


def stalled(handler: Handler, data: bytes) -> None:
    """Send the head and a little, then nothing as long as the site runs."""
    code, part, headers = handler.rest(data)
    handler.start(code, len(part), **headers)
    handler.body(part[:100])
    handler.server.closing.wait()
    handler.close_connection = True


def redirect(to: str) -> Answer:
    """Send elsewhere."""
    return lambda handler, data: handler.start(302, 0, Location=to)


def page(kind: str) -> Answer:
    """Send a login page, with this content type."""
    text = b"\n<!DOCTYPE html><html><body>Please log in</body></html>"

    def answer(handler: Handler, data: bytes) -> None:
        handler.start(200, len(text), Content_Type=kind)
        handler.body(text)

    return answer


class Server(ThreadingHTTPServer):
    """A server that is silent when a client hangs up."""

    daemon_threads = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.closing = threading.Event()

    def handle_error(self, *_: object) -> None:
        """Keep silent."""


@dataclass
class Site:
    """A running site.

    Args:
        url: its address.
        files: bytes by path.
        plans: answers by path, used up one by one; the last stays.
        asked: method, path and Range of every request.
        sent: bytes of bodies sent.
        version: its files' version, as their ETag shows it.
    """

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    plans: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    sent: int = 0
    version: str = "1"

    def ranges(self, path: str) -> list[str | None]:
        """Give the ranges that were asked for of a path, in order."""
        return [asked for method, name, asked in self.asked if (method, name) == ("GET", path)]


@contextmanager
def serve(handler: type[BaseHTTPRequestHandler] = Handler) -> Iterator[Site]:
    """Run a site."""
    server = Server(("127.0.0.1", 0), handler)
    server.site = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.site
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()


def make_world(folder: Path, entries: dict[str, dict[str, Any]]) -> Path:
    """Make a workspace with these sources over those of the package."""
    mark_workspace(folder)
    (folder / "config/sources.yaml").write_text(yaml.safe_dump(entries))
    return folder


def entry_of(name: str, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Give the entry of a source with these downloads."""
    entry = {
        "title": name.upper(),
        "adapter": "folder",
        "table": "mos.txt",
        "path": f"data/raw/{name}",
        "licence": "research use",
        "get": f"write to the authors of {name}",
        "score_kind": "MOS",
        "label_origin": "human",
        **more,
    }
    return {**entry, "fetch": list(parts)} if parts else entry


def part_of(url: str, to: str = ".", unpack: bool = True, **more: Any) -> dict[str, Any]:
    """Give one download of an entry."""
    return {"url": url, "sha256": None, "bytes": None, "to": to, "unpack": unpack, **more}


def zipped(files: dict[str, bytes]) -> bytes:
    """Give a zip of files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def data(*words: str) -> int:
    """Run `fgresq data`; give its exit code."""
    return main(["data", *words])


def files_below(folder: Path) -> dict[str, bytes]:
    """Give the files below a folder, hidden ones too, without locks."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def manifest(name: str) -> dict[str, Any]:
    """Read the manifest of a name."""
    return read_json(Path(f"data/manifests/{name}.json"))
