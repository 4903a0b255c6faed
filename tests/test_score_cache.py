"""The score cache: what is evaluated again, and what is not."""

from __future__ import annotations

import multiprocessing
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
import yaml
from PIL import Image

import fgresq.metrics
from fgresq import workspace
from fgresq.catalogues import catalogue
from fgresq.cli import main
from fgresq.code_digest import (
    closure,
    code_digest,
    direct,
    libraries,
    library_versions,
    module_digest,
    outside,
)
from fgresq.errors import UserError
from fgresq.scoring import cache
from fgresq.scoring import registry as modules
from fgresq.scoring.cache import ScoreCache, version_of
from fgresq.scoring.score_table import read_told
from tests.changed_code import library_at
from tests.conftest import write_folder

METHOD = """
from fgresq.ops.least import NoValue

KIND = "NR"
SCALE = 1


def score(image, reference=None):
    CALLS.append(image.shape)
    if image.mean() > 200:
        raise NoValue("too bright")
    if len(CALLS) == STOP:
        raise KeyboardInterrupt
    return SCALE * image.mean()


CALLS = []
STOP = 0
"""


@pytest.fixture
def probe(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Give a method module that counts its evaluations, as if it lay in the package."""
    folder, digests = tmp_path_factory.mktemp("methods"), sys.modules["fgresq.code_digest"]
    found = digests.path_of
    path = folder / "counted_probe.py"
    path.write_text(METHOD)
    monkeypatch.setattr(fgresq.metrics, "__path__", [*fgresq.metrics.__path__, str(folder)])
    own = f"fgresq.metrics.{path.stem}"
    monkeypatch.setattr(digests, "path_of", lambda name: path if name == own else found(name))
    yield load(path)
    forget()


def forget() -> None:
    """Read the module and its syntax anew at the next use."""
    sys.modules.pop("fgresq.metrics.counted_probe", None)
    for function in (closure, direct, module_digest, outside):
        function.cache_clear()


def load(path: Path) -> ModuleType:
    forget()
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    try:
        return modules.method_module(path.stem)
    finally:
        sys.dont_write_bytecode = before


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Give a folder of 4 + 1 pictures."""
    write_folder(tmp_path / "own", ("alpha",))
    return tmp_path / "own/images"


def score(images: Path, more: tuple[str, ...] = ()) -> pd.DataFrame:
    """Score a folder by the command line and give the table; none where none was written."""
    out, methods = images.parent / "scores.csv", images.parent / "methods.yaml"
    niqe = catalogue("methods")["niqe"] | {"weights": [], "workers": 4}
    methods.write_text(yaml.safe_dump({"counted_probe": niqe}))
    call = ["score", "counted_probe", "--images", str(images), "--out", str(out)]
    given = ["--methods", str(methods), "--cache", str(images.parent / "cache")]
    out.unlink(missing_ok=True)
    code = main([*call, *more, *given])
    found = read_told(out) if out.exists() else pd.DataFrame()
    assert bool(code) == (found.empty or found["value"].isna().any())
    return found


def test_an_image_more_costs_one_evaluation(probe: ModuleType, images: Path) -> None:
    first = score(images)
    assert len(probe.CALLS) == 5 and first["value"].notna().all()
    shutil.copy(images / "alpha-odd.png", images / "copy.png")  # the same content again
    second = score(images).set_index("image")
    assert len(probe.CALLS) == 5
    assert second["value"]["copy.png"] == second["value"]["alpha-odd.png"]
    Image.new("RGB", (20, 20), (9, 9, 9)).save(images / "new.png")
    assert score(images).set_index("image")["value"]["new.png"] == 9.0
    assert len(probe.CALLS) == 6


@pytest.mark.parametrize("more", [(), ("--workers", "2")])
def test_an_unreadable_image_has_a_reason_and_the_others_a_value(
    probe: ModuleType, images: Path, more: tuple[str, ...]
) -> None:
    whole = (images / "alpha-odd.png").read_bytes()
    (images / "alpha-odd.png").write_bytes(whole[: len(whole) // 2])
    first = score(images, more).set_index("image")
    assert first["value"].notna().sum() == 4 and pd.isna(first["value"]["alpha-odd.png"])
    reason = first["reason"]["alpha-odd.png"]
    assert "alpha-odd.png: not a readable image" in reason and "Replace the file" in reason
    (images / "alpha-odd.png").write_bytes(whole)
    assert score(images, more)["value"].notna().all(), "the fault is not kept"


def test_cached_values_equal_computed_ones(probe: ModuleType, images: Path) -> None:
    """To the last digit."""
    first, again = score(images), score(images)
    shutil.rmtree(images.parent / "cache")
    assert first.equals(again) and first.equals(score(images)) and len(probe.CALLS) == 10


def test_an_edit_of_the_module_invalidates(probe: ModuleType, images: Path) -> None:
    before = score(images)
    path = Path(probe.__file__)
    path.write_text(METHOD.replace("SCALE = 1", "SCALE = 1  # a remark"))
    probe = load(path)
    score(images)
    assert len(probe.CALLS) == 0
    path.write_text(METHOD.replace("SCALE = 1", "SCALE = 2"))
    probe = load(path)
    after = score(images)
    assert len(probe.CALLS) == 5
    assert after["value"].to_numpy() == pytest.approx(2 * before["value"].to_numpy(), rel=1e-8)


def test_a_reason_is_kept_as_well(probe: ModuleType, images: Path) -> None:
    Image.new("RGB", (20, 20), "white").save(images / "white.png")
    for _ in range(2):
        row = score(images).set_index("image").loc["white.png"]
        assert row["reason"] == "too bright" and pd.isna(row["value"])
    assert len(probe.CALLS) == 6


def test_a_killed_call_goes_on_where_it_was(probe: ModuleType, images: Path) -> None:
    probe.STOP = 3
    assert score(images).empty
    probe.STOP = 0
    assert score(images)["value"].notna().all() and len(probe.CALLS) == 3 + 3


def test_several_processes_give_the_same_table(probe: ModuleType, images: Path) -> None:
    """All but the first image are scored by others, and this process reads what they found."""
    alone = score(images)
    shutil.rmtree(images.parent / "cache")
    probe.CALLS.clear()
    assert score(images, more=("--workers", "3")).equals(alone) and len(probe.CALLS) == 1


def test_an_image_that_the_method_fails_on_has_a_reason(probe: ModuleType, images: Path) -> None:
    path = Path(probe.__file__)
    path.write_text(METHOD.replace("    if len", "    image[17, 0]\n    if len"))
    load(path)
    Image.new("RGB", (12, 12)).save(images / "small.png")
    found = score(images).set_index("image")
    assert found["value"].notna().sum() == 5
    assert "small.png: the method fails on it (IndexError" in found["reason"]["small.png"]
    with pytest.raises(UserError):
        score(images, ("--debug",))


def test_nothing_is_written_where_all_images_fail(
    probe: ModuleType, images: Path, capsys: pytest.CaptureFixture
) -> None:
    before = score(images)
    path = Path(probe.__file__)
    path.write_text(METHOD.replace("SCALE * image.mean()", "[1, 2]"))
    load(path)
    assert score(images).empty
    assert "no image can be scored: " in capsys.readouterr().err
    path.write_text(METHOD)
    load(path)
    assert before.equals(score(images))


def test_a_reason_is_found_where_a_method_gives_none(probe: ModuleType, images: Path) -> None:
    path = Path(probe.__file__)
    path.write_text(METHOD.replace('"too bright"', ""))
    load(path)
    Image.new("RGB", (20, 20), "white").save(images / "white.png")
    assert score(images).set_index("image")["reason"]["white.png"] == "the method gives no reason"


def test_a_kind_that_is_not_the_tables_is_refused(
    probe: ModuleType, images: Path, capsys: pytest.CaptureFixture
) -> None:
    path = Path(probe.__file__)
    path.write_text(METHOD.replace('KIND = "NR"', ""))
    load(path)
    assert score(images).empty
    assert "counted_probe.py: its KIND is 'FR', and " in capsys.readouterr().err


def test_what_cannot_be_kept_is_told(
    probe: ModuleType, images: Path, capsys: pytest.CaptureFixture
) -> None:
    (images.parent / "cache").write_text("a file")
    assert score(images).empty
    told = capsys.readouterr().err
    assert "cache/counted_probe" in told and "scores cannot be kept there" in told


def test_a_torn_line_is_computed_again(probe: ModuleType, images: Path) -> None:
    score(images)
    (file,) = (images.parent / "cache/counted_probe").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    assert score(images)["value"].notna().all() and len(probe.CALLS) == 6
    assert len(file.read_bytes().split(b"\n")) == 5 + 1 + 1  # the torn line stays, alone
    score(images)
    assert len(probe.CALLS) == 6


def fill(folder: Path, start: int) -> None:
    """Put 200 judgements, as one of several processes."""
    kept = ScoreCache("m", "v", folder)
    for number in range(start, start + 200):
        kept.put(f"{number:064}", "", (float(number), ""))


def test_two_processes_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=fill, args=(tmp_path, start)) for start in (0, 100)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    found = ScoreCache("m", "v", tmp_path).known
    assert {key: value for key, (value, _) in found.items()} == {
        (f"{number:064}", ""): float(number) for number in range(300)
    }


def test_the_version_follows_from_weights_and_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = modules.method_of("psnr", {"kind": "FR"})
    monkeypatch.setattr(workspace, "weights", lambda: tmp_path)
    (tmp_path / "w").mkdir()
    seen = [version_of(method, {})]
    for text in ("one", "two"):
        (tmp_path / "w/card.json").write_text(text)
        seen.append(version_of(method, {"weights": ["w"]}))
    with library_at("numpy", "0"):
        seen.append(version_of(method, {}))
    monkeypatch.setattr(cache, "own_version", lambda name, entry: "checkpoint 2")
    seen.append(version_of(method, {}))
    assert len(set(seen)) == len(seen)


def test_libraries_and_code_of_a_method_are_seen() -> None:
    assert {"cv2", "numpy"} <= libraries("fgresq.metrics.psnr")
    assert "torch" in libraries("fgresq.metrics.niqe") and "torch" not in libraries(
        "fgresq.ops.ssim_plane"
    )
    names = set(library_versions("fgresq.metrics.psnr", cache.SHARED))
    assert {"opencv-python-headless", "pillow"} <= names, "what decodes is one of them"
    assert code_digest("fgresq.metrics.psnr") != code_digest("fgresq.metrics.ssim")
