"""What is kept from an earlier run is never taken for another input, or another decoder.

Every file that is exchanged keeps its path, its size where that can be had, and its time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import torch

from fgresq import workspace
from fgresq.baselines import feeds
from fgresq.baselines import train as baseline
from fgresq.files import digest, sha256
from fgresq.images import write_png
from fgresq.mini import pristine
from fgresq.pairs import candidates as pairing
from fgresq.pairs.candidates import candidates
from fgresq.scoring import cache as score_cache
from fgresq.scoring import predict
from fgresq.scoring.judging import score_rows
from fgresq.scoring.registry import Method, method_of
from fgresq.sections import Tower
from fgresq.training import token_cache
from fgresq.training.setup import Setup
from tests.changed_code import edited, library_at
from tests.test_pairs import image_table

TOWER = Tower(
    **{"tower": "dinov2_vits14", "pretrained": "", "levels": [3], "trainable_blocks": 2},
    **{"merge": 1, "crop": "random", "grid": 2, "device": "cpu", "seed": 0, "text": None},
    **{"flip": True, "allow_cpu": False, "max_steps": None},
)


class Counted:
    """A method that counts its evaluations: the mean difference to the reference."""

    def __init__(self, kind: str = "FR") -> None:
        self.calls = 0
        self.method = Method("counted", kind, self.score, ("fgresq.metrics.psnr",))

    def score(self, image: np.ndarray, reference: np.ndarray | None = None) -> float:
        """Give the mean difference to the reference, of the image alone where there is none."""
        self.calls += 1
        return float(image.astype(float).mean() - (0 if reference is None else reference.mean()))


def flat(path: Path, level: int) -> str:
    """Write an image of one level over whatever is there; path and time stay as they were."""
    before = path.stat().st_mtime_ns if path.exists() else 10**18
    write_png(path, np.full((20, 20, 3), level, np.uint8))
    os.utime(path, ns=(before, before))
    return str(path)


def half(path: Path, left: bool) -> str:
    """Write a mask of one half over whatever is there."""
    before = path.stat().st_mtime_ns if path.exists() else 10**18
    inside = np.zeros((20, 20, 3), np.uint8)
    inside[:, :10] = 255
    write_png(path, inside if left else inside[:, ::-1])
    os.utime(path, ns=(before, before))
    return str(path)


@pytest.fixture
def rows(tmp_path: Path) -> pd.DataFrame:
    """Give one image, dark on the left and bright on the right, with reference and mask."""
    pixels = np.full((20, 20, 3), 50, np.uint8)
    pixels[:, 10:] = 90
    write_png(tmp_path / "a.png", pixels)
    files = (str(tmp_path / "a.png"), flat(tmp_path / "r.png", 10), half(tmp_path / "m.png", True))
    return pd.DataFrame([files], columns=["path", "reference", "mask"])


Change = Callable[[pd.DataFrame], object]
CHANGES: dict[str, tuple[Change, float]] = {
    "the same again": (lambda rows: None, 40.0),
    "another mask": (lambda rows: half(Path(rows["mask"][0]), False), 80.0),
    "no mask": (lambda rows: rows.__setitem__("mask", ""), 60.0),
    "another reference": (lambda rows: flat(Path(rows["reference"][0]), 20), 30.0),
    "another image": (lambda rows: flat(Path(rows["path"][0]), 200), 190.0),
    "the reference as the image": (lambda rows: rows.__setitem__("path", rows["reference"]), 0.0),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_value_follows_from_is_scored_anew(
    rows: pd.DataFrame, tmp_path: Path, name: str
) -> None:
    change, value = CHANGES[name]
    counted, kept = Counted(), tmp_path / "kept"
    assert score_rows(rows, counted.method, "v", kept) == [(40.0, "")]
    change(rows)
    assert score_rows(rows, counted.method, "v", kept) == [(value, "")]
    assert counted.calls == (1 if name == "the same again" else 2)
    assert score_rows(rows, counted.method, "v", kept) == [(value, "")]
    assert counted.calls == (1 if name == "the same again" else 2), "now it is known"


def test_a_mask_is_not_taken_for_a_reference(rows: pd.DataFrame, tmp_path: Path) -> None:
    """Both are files beside the image; which is which is part of the name."""
    counted, kept = Counted(), tmp_path / "kept"
    rows["mask"] = flat(tmp_path / "white.png", 255)
    first = score_rows(rows, counted.method, "v", kept)
    turned = rows.assign(reference=rows["mask"], mask=rows["reference"])
    assert first == [(60.0, "")] and score_rows(turned, counted.method, "v", kept) == [(-185.0, "")]


def test_pairs_of_image_and_reference_are_told_apart_in_one_call(tmp_path: Path) -> None:
    """Two images beside two references: four values, in whatever order they come."""
    paths = [flat(tmp_path / f"{level}.png", level) for level in (100, 150)]
    others = [flat(tmp_path / f"r{level}.png", level) for level in (10, 30)]
    table = pd.DataFrame(
        [(a, b, "") for b in others for a in paths], columns=["path", "reference", "mask"]
    )
    counted = Counted()
    for order in ([0, 1, 2, 3], [3, 0, 2, 1]):
        found = score_rows(table.iloc[order], counted.method, "v", tmp_path / "kept")
        assert [value for value, _ in found] == [[90.0, 140.0, 70.0, 120.0][k] for k in order]
    assert counted.calls == 4


def test_a_method_without_reference_is_not_asked_again_for_another(
    rows: pd.DataFrame, tmp_path: Path
) -> None:
    counted = Counted("NR")
    for change in (lambda: flat(Path(rows["reference"][0]), 99), lambda: None):
        assert score_rows(rows, counted.method, "v", tmp_path / "kept") == [(70.0, "")]
        change()
    assert counted.calls == 1


def test_versions_and_methods_keep_apart(rows: pd.DataFrame, tmp_path: Path) -> None:
    counted = Counted()
    for version in ("v", "w", "v", "w"):
        score_rows(rows, counted.method, version, tmp_path / "kept")
    assert counted.calls == 2
    score_rows(rows, replace(counted.method, name="other"), "v", tmp_path / "kept")
    assert counted.calls == 3


def test_a_value_without_reference_is_not_kept_for_one_with(
    rows: pd.DataFrame, tmp_path: Path
) -> None:
    counted, kept = Counted(), tmp_path / "kept"
    (none,) = score_rows(rows.assign(reference=""), counted.method, "v", kept)
    assert np.isnan(none[0]) and none[1] == "no reference"
    assert score_rows(rows, counted.method, "v", kept) == [(40.0, "")]


@pytest.mark.parametrize(
    ("name", "kind"), [("psnr", "FR"), ("niqe", "NR"), ("lpips", "FR"), ("vif", "FR")]
)
@pytest.mark.parametrize("module", ["fgresq.images", "fgresq.scoring.evaluate"])
def test_another_decoder_is_another_version(
    tmp_path: Path, name: str, kind: str, module: str
) -> None:
    method = method_of(name, {"kind": kind})
    before = score_cache.version_of(method, {})
    with edited(module, tmp_path):
        assert score_cache.version_of(method, {}) != before
    assert score_cache.version_of(method, {}) == before


@pytest.mark.parametrize("library", ["pillow", "opencv-python-headless", "numpy"])
def test_another_library_that_decodes_is_another_version(library: str) -> None:
    method = method_of("niqe", {"kind": "NR"})
    before = score_cache.version_of(method, {})
    with library_at(library, "0.0.1"):
        assert score_cache.version_of(method, {}) != before


@pytest.fixture
def group(tmp_path: Path) -> pd.DataFrame:
    return image_table(tmp_path, {"park": 3})


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give a list that grows with every group whose SSIM is computed."""
    seen: list[str] = []
    compute = pairing.group_similarity

    def spy(paths: list[str], where: str, *rest: Any) -> np.ndarray:
        seen.append(where)
        return compute(paths, where, *rest)

    monkeypatch.setattr(pairing, "group_similarity", spy)
    return seen


def test_another_image_under_the_same_path_has_another_similarity(
    group: pd.DataFrame, tmp_path: Path, measured: list[str]
) -> None:
    work = tmp_path / "work"
    first = candidates(group, work=work)
    path = Path(group["path"][2])
    times = path.stat()
    write_png(path, np.random.default_rng(9).integers(0, 255, (24, 24, 3)).astype(np.uint8))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    changed = group.assign(sha256=[sha256(name) for name in group["path"]])
    second = candidates(changed, work=work)
    assert len(measured) == 2
    assert second["ssim"].equals(candidates(changed)["ssim"])
    assert (first["ssim"] != second["ssim"]).sum() == 2


def test_a_similarity_belongs_to_its_images_in_their_order(
    group: pd.DataFrame, tmp_path: Path, measured: list[str]
) -> None:
    """The same three pictures under exchanged names: other pairs have the kept values."""
    work = tmp_path / "work"
    candidates(group, work=work)
    files = ["path", "sha256"]
    turned = group.copy()
    turned.loc[[0, 1, 2], files] = group.loc[[2, 0, 1], files].to_numpy()
    found = candidates(turned, work=work)
    assert found["ssim"].equals(candidates(turned)["ssim"])
    assert len(measured) == 3


def test_images_without_a_hash_are_never_kept(
    group: pd.DataFrame, tmp_path: Path, measured: list[str]
) -> None:
    group.loc[1, "sha256"] = ""
    for _ in range(2):
        candidates(group, work=tmp_path / "work")
    assert len(measured) == 2


@pytest.mark.parametrize(
    "module", ["fgresq.images", "fgresq.ops.ssim_plane", "fgresq.pairs.similarity"]
)
def test_another_decoder_measures_similarity_anew(
    group: pd.DataFrame, tmp_path: Path, measured: list[str], module: str
) -> None:
    work = tmp_path / "work"
    candidates(group, work=work)
    with edited(module, tmp_path):
        candidates(group, work=work)
    assert len(measured) == 2
    candidates(group, work=work)
    assert len(measured) == 2


@pytest.mark.parametrize("library", ["pillow", "numba"])
def test_another_library_measures_similarity_anew(
    group: pd.DataFrame, tmp_path: Path, measured: list[str], library: str
) -> None:
    candidates(group, work=tmp_path / "work")
    with library_at(library, "0.0.1"):
        candidates(group, work=tmp_path / "work")
    assert len(measured) == 2


def key_of(images: pd.DataFrame, tower: Tower, folder: Path) -> str:
    return token_cache.cache_key(images, tower, folder)


def test_an_encoding_follows_from_contents_order_and_settings(
    group: pd.DataFrame, tmp_path: Path
) -> None:
    (tmp_path / "card.json").write_text('{"name": "dinov2_vits14", "files": {}}')
    names = {key_of(group, TOWER, tmp_path), key_of(group[::-1], TOWER, tmp_path)}
    names |= {key_of(group[:2], TOWER, tmp_path)}
    names |= {key_of(group.assign(sha256=["x", *group["sha256"][1:]]), TOWER, tmp_path)}
    assert len(names) == 4
    others = {"tower": "b", "levels": (4,), "trainable_blocks": 1, "merge": 2, "grid": 3}
    others |= {"crop": "x", "device": "cuda", "seed": 1, "pretrained": "tag"}
    names |= {
        key_of(group, TOWER.model_copy(update={name: other}), tmp_path)
        for name, other in others.items()
    }
    assert set(others) == set(token_cache.KEYED) and len(names) == 4 + len(others)
    moved = group.assign(path="elsewhere", score=0.1, family="other")
    assert key_of(moved, TOWER, tmp_path) in names


def test_an_encoding_follows_from_the_weights_by_content(
    group: pd.DataFrame, tmp_path: Path
) -> None:
    tower, names = TOWER.model_copy(update={"pretrained": str(tmp_path / "clip.pt")}), []
    for content in (b"one", b"two"):
        (tmp_path / "clip.pt").write_bytes(content)
        os.utime(tmp_path / "clip.pt", ns=(10**18, 10**18))
        names.append(key_of(group, tower, tmp_path))
    native, card = TOWER.model_copy(update={"crop": "native"}), tmp_path / "card.json"
    for content in ("1", "2"):
        card.write_text(f'{{"name": "dinov2_vits14", "files": {{"model": "{content}"}}}}')
        names.append(key_of(group, native, tmp_path))
    assert len(set(names)) == 4


@pytest.mark.parametrize(
    "module",
    [
        "fgresq.networks.vit",
        "fgresq.networks.towers",
        "fgresq.images",
        "fgresq.training.token_cache",
    ],
)
def test_another_decoder_encodes_anew(group: pd.DataFrame, tmp_path: Path, module: str) -> None:
    before = key_of(group, TOWER, tmp_path)
    with edited(module, tmp_path):
        assert key_of(group, TOWER, tmp_path) != before


@pytest.mark.parametrize("library", ["pillow", "torch"])
def test_another_library_encodes_anew(group: pd.DataFrame, tmp_path: Path, library: str) -> None:
    before = key_of(group, TOWER, tmp_path)
    with library_at(library, "0.0.1"):
        assert key_of(group, TOWER, tmp_path) != before


def changed_names(name_of: Callable[[], Any], folder: Path, module: str, library: str) -> list[Any]:
    """Give what a thing is named as it stands, with a module edited and with another library."""
    names = [name_of()]
    with edited(module, folder):
        names.append(name_of())
    with library_at(library, "0.0.1"):
        names.append(name_of())
    assert name_of() == names[0]
    return names


@pytest.mark.parametrize("what", ["tokens", "maps"])
@pytest.mark.parametrize("module", ["fgresq.images", "fgresq.baselines.feeds"])
def test_another_decoder_feeds_a_baseline_anew(
    group: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, module: str
) -> None:
    monkeypatch.setattr(feeds, "kept", lambda key, *rest: key)
    parts = SimpleNamespace(images=group, tower=TOWER, weights=tmp_path, on=torch.device("cpu"))
    setup = cast(Setup, parts)

    def name() -> object:
        maps = what == "maps"
        return feeds.frozen_maps(setup, "random_lite0") if maps else feeds.frozen_tokens(setup)

    assert len(set(changed_names(name, tmp_path, module, "pillow"))) == 3


@pytest.mark.parametrize("module", ["fgresq.images", "fgresq.ops.enriched"])
def test_another_decoder_fits_another_pristine_model(tmp_path: Path, module: str) -> None:
    assert len(set(changed_names(pristine.identity, tmp_path, module, "scipy"))) == 3


@pytest.mark.parametrize("module", ["fgresq.images", "fgresq.networks.vit"])
def test_another_decoder_scores_anew_with_a_checkpoint(tmp_path: Path, module: str) -> None:
    for name in (predict.CARD, predict.WEIGHTS):
        (tmp_path / name).write_text("trained")

    def version() -> str:
        return predict.version_of(tmp_path, torch.device("cpu"))

    assert len(set(changed_names(version, tmp_path, module, "torch"))) == 3


def test_a_baseline_follows_from_the_weights_that_it_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those out of packages by their card, those that are placed by what is there."""
    monkeypatch.setattr(workspace, "weights_of", lambda name: tmp_path / name)
    monkeypatch.setattr(baseline, "packaged_weights", lambda settings: ["own"])
    there = [""]
    monkeypatch.setattr(baseline, "placed", lambda settings: there[0])
    setup = cast(Setup, SimpleNamespace(settings=None, identity=lambda *parts: digest(parts)))

    def name() -> str:
        return baseline.identity_of(setup, "dbcnn", "0")

    names = [name()]
    (tmp_path / "own").mkdir()
    for content in ("one", "two"):
        (tmp_path / "own/card.json").write_text(content)
        names.append(name())
    there[0] = "placed"
    assert len({*names, name()}) == 4
