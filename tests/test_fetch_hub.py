"""What comes of the Hub, against a small site that speaks its interface."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from huggingface_hub import constants

from fgresq.catalogues import catalogue
from fgresq.fetch import hub
from fgresq.settings import read_yaml
from tests.conftest import ROOT
from tests.fetch_site import Handler, Site, data, entry_of, files_below, make_world, manifest, serve

PATIENCE = 20.0  # seconds
COMMITS = ("a" * 40, "b" * 40)
FILES = {"images/a.png": b"a" * 5000, "weights/w.pth": b"w" * 70_000, "README.md": b"read me\n"}
REPOSITORIES = ("models/some/net", "datasets/some/set")


class HubHandler(Handler):
    """Answers as the Hub does: revision, tree, resolve. `site.version` is the commit of main."""

    def do_HEAD(self) -> None:  # noqa: N802
        self.answer()

    def do_GET(self) -> None:  # noqa: N802
        self.answer()

    def answer(self) -> None:
        """Serve the listing of a commit, or a file of it."""
        site, path = self.server.site, urlsplit(self.path).path
        site.asked.append((self.command, path, self.headers.get("Range")))
        if "gated" in path:
            self.start(403, 0, X_Error_Code="GatedRepo")
        elif not any(name.removeprefix("models/") in path for name in REPOSITORIES):
            self.start(404, 0, X_Error_Code="RepoNotFound")
        elif path.startswith("/api/"):
            self.listing(path)
        else:
            self.file(path)

    def listing(self, path: str) -> None:
        """Send what `revision` or `tree` gives."""
        site = self.server.site
        commit = site.version if path.endswith("/main") else path.rpartition("/")[2]
        rows = []
        for name, content in site.files.items():
            row = {"type": "file", "path": name, "rfilename": name, "size": len(content)}
            row |= {"oid": "0" * 40, "blobId": "0" * 40}
            if name.endswith((".pth", ".png")):
                digest = hashlib.sha256(content).hexdigest()
                row["lfs"] = {"sha256": digest, "oid": digest, "size": len(content)}
                row["lfs"]["pointerSize"] = 130
            rows.append(row)
        found = rows if "/tree/" in path else {"id": "some/it", "sha": commit, "siblings": rows}
        self.send(json.dumps(found).encode(), {"Content_Type": "application/json"})

    def file(self, path: str) -> None:
        """Send a file, whole or its rest."""
        site = self.server.site
        commit, _, name = path.partition("/resolve/")[2].partition("/")
        content = site.plans.get(name, site.files.get(name))
        if content is None:
            self.let_others_begin(name)
            self.start(404, 0, X_Error_Code="EntryNotFound")
            return
        commit = site.version if commit == "main" else commit
        etag = hashlib.sha256(site.files[name]).hexdigest()
        self.send(content, {"ETag": f'"{etag}"', "X_Repo_Commit": commit})

    def let_others_begin(self, name: str) -> None:
        """Wait with a refusal until every other file is asked for: the client, once refused, drops
        what it has not begun, and how much that is would hang on how busy the machine is.
        """
        others, until = set(self.server.site.files) - {name}, time.monotonic() + PATIENCE
        while time.monotonic() < until:
            got = [path for method, path, _ in self.server.site.asked if method == "GET"]
            if others <= {path.partition("/resolve/")[2].partition("/")[2] for path in got}:
                return
            time.sleep(0.01)

    def send(self, content: bytes, headers: dict[str, str]) -> None:
        """Send an answer; of a HEAD its head."""
        self.start(200, len(content), **headers)
        if self.command == "GET":
            self.body(content)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Give a Hub with a model and a data set, in a folder with an entry for each."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with serve(HubHandler) as running:
        running.files, running.version = dict(FILES), COMMITS[0]
        monkeypatch.setattr(hub, "ENDPOINT", running.url)
        whole = {"hub": "some/set", "kind": "dataset", "revision": "main"}
        gated = {"hub": "some/gated", "kind": "dataset", "revision": "main"}
        none = {"hub": "some/none", "kind": "dataset", "revision": "main"}
        make_world(
            Path(),
            {
                "set": entry_of("set", whole),
                "gated": entry_of("gated", gated),
                "none": entry_of("none", none),
            },
        )
        model = {"hub": "some/net", "kind": "model", "revision": "main"}
        model["files"] = {"weights/w.pth": None}
        add_weights("net", {"fetch": [model], "path": "data/checkpoints/net"})
        add_weights("shared", {"fetch": [model]})
        yield running


def add_weights(name: str, entry: dict) -> None:
    """Add weights to the table."""
    path = Path("config/weights.yaml")
    about = {"title": name, "licence": "MIT", "origin": "o", "note": "n", "get": "ask for them"}
    over = read_yaml(path) if path.exists() else {}
    path.write_text(yaml.safe_dump({**over, name: {**about, **entry}}))


def test_a_data_set_comes_whole_with_its_commit(site: Site, capsys: pytest.CaptureFixture) -> None:
    assert data("fetch", "set") == 0
    assert files_below(Path("data/raw")) == {f"set/{name}": c for name, c in FILES.items()}
    assert "3 files, 73.2 KiB, from the Hugging Face Hub" in capsys.readouterr().err
    assert manifest("set")["hub"] == [{"hub": "some/set", "commit": COMMITS[0]}]
    asked = len(site.asked)
    assert data("fetch", "set") == 0 and len(site.asked) == asked


def test_a_second_call_asks_only_for_what_did_not_come(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    site.plans["weights/w.pth"] = None  # not found
    assert data("fetch", "set") == 1
    told = capsys.readouterr().err
    assert "source 'set'" in told and "run `fgresq data fetch set` again" in told
    came = site.sent
    site.plans.clear()
    site.asked.clear()
    assert data("fetch", "set") == 0
    files = [path for method, path, _ in site.asked if method == "GET" and "/resolve/" in path]
    assert [path.rpartition("/")[2] for path in files] == ["w.pth"]
    assert came and files_below(Path("data/raw/set")) == FILES


def test_only_the_files_named_come(site: Site) -> None:
    assert data("fetch", "net") == 0
    assert files_below(Path("data/checkpoints")) == {"net/weights/w.pth": FILES["weights/w.pth"]}


def test_the_commit_of_the_first_fetch_is_held_to(site: Site) -> None:
    assert data("fetch", "net") == 0
    Path("data/checkpoints/net/weights/w.pth").unlink()
    site.version = COMMITS[1]
    assert data("fetch", "net") == 0
    assert manifest("net")["hub"][0]["commit"] == COMMITS[0]


def test_a_file_other_than_the_first_is_set_aside(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    assert data("fetch", "net") == 0
    Path("data/checkpoints/net/weights/w.pth").unlink()
    site.files["weights/w.pth"] = b"v" * 70_000
    assert data("fetch", "net") == 1
    told = capsys.readouterr().err
    assert "weights 'net', weights/w.pth of some/net: its SHA-256 is" in told
    assert "w.pth.wrong" in told and "remove data/manifests/net.json to take the new one" in told
    assert not Path("data/checkpoints/net/weights/w.pth").exists()


def test_a_pinned_hash_is_held_to(site: Site, capsys: pytest.CaptureFixture) -> None:
    part = {"hub": "some/net", "kind": "model", "revision": "main"}
    add_weights("pinned", {"fetch": [{**part, "files": {"weights/w.pth": "0" * 64}}]})
    assert data("fetch", "pinned") == 1
    assert f"not {'0' * 64}; it was set aside as" in capsys.readouterr().err
    assert not list(Path("cache").rglob("w.pth"))  # so that nobody reads it from there
    assert not Path("data/manifests/pinned.json").exists()


def test_weights_without_a_folder_lie_where_open_clip_looks(
    site: Site, capsys: pytest.CaptureFixture
) -> None:
    assert data("fetch", "shared") == 0
    assert manifest("shared")["files"][0]["path"] == "weights/w.pth"
    found = list(Path("cache").rglob("w.pth"))
    assert [path.read_bytes() for path in found] == [FILES["weights/w.pth"]]
    assert data("check", "shared") == 0
    asked = len(site.asked)
    Path("data/manifests/shared.json").unlink()
    assert data("fetch", "shared") == 0 and len(site.asked) == asked
    assert manifest("shared")["origin"] == "found in the cache"
    found[0].resolve().write_bytes(b"x")
    assert data("check", "shared") == 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gated", "its owners ask you to accept terms there. Accept its terms on its page"),
        ("none", "there is none of that name, or it is private"),
    ],
)
def test_a_refusal_of_the_hub_is_told(
    site: Site, capsys: pytest.CaptureFixture, name: str, told: str
) -> None:
    assert data("fetch", name) == 1
    message = capsys.readouterr().err
    assert f"source '{name}', dataset some/{name} of the Hugging Face Hub: {told}" in message
    assert "hf auth login" in message and "Traceback" not in message


def test_no_network_is_told(
    site: Site, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "ENDPOINT", "http://127.0.0.1:9")
    assert data("fetch", "set") == 1
    told = capsys.readouterr().err
    assert "source 'set', dataset some/set" in told and "it cannot be fetched" in told
    assert "Connect to a network" in told and "write to the authors of set" in told


def test_a_name_that_leads_out_is_refused(site: Site, capsys: pytest.CaptureFixture) -> None:
    site.files["../../out.txt"] = b"out"
    assert data("fetch", "set") == 1
    assert "'../../out.txt' in it leads out of its folder" in capsys.readouterr().err
    assert not Path("data/raw/set").exists()


def test_a_file_that_is_not_there_is_named(site: Site, capsys: pytest.CaptureFixture) -> None:
    del site.files["weights/w.pth"]
    assert data("fetch", "net") == 1
    told = capsys.readouterr().err
    assert "there is no file 'weights/w.pth' (there are: README.md, images/a.png)" in told


def test_clip_is_fetched_from_where_open_clip_takes_it() -> None:
    from fgresq.networks.torchvision_ops import make_importable

    make_importable()
    from open_clip.pretrained import _get_safe_alternatives, get_pretrained_cfg

    tower = yaml.safe_load((ROOT / "config/config.yaml").read_text())["presets"]["paper"]["tower"]
    entry = catalogue("weights")["clip_vit_b16"]
    repository = get_pretrained_cfg(tower["tower"], tower["pretrained"])["hf_hub"].rstrip("/")
    first = next(iter(_get_safe_alternatives("open_clip_pytorch_model.bin")))
    assert (entry["fetch"][0]["hub"], list(entry["fetch"][0]["files"])) == (repository, [first])
