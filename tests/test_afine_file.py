"""The authors' A-FINE: its file read strictly, its values against the equations in NumPy."""

from __future__ import annotations

import os
import pickle
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from fgresq import workspace
from fgresq.catalogues import catalogue
from fgresq.cli import parser_for
from fgresq.errors import UserError
from fgresq.metrics import afine as method
from fgresq.model import afine_file
from fgresq.model.adaptive import scaled
from fgresq.ops.least import NoValue
from fgresq.scoring import score
from fgresq.scoring.registry import own_absence, own_version
from tests.afine_numpy import arrays, shapes, small, values
from tests.conftest import ROOT, picture

WIDTH, LAYERS = 128, 2
ENTRY = catalogue("methods")["afine"]
REAL = ROOT / "data/checkpoints/afine/afine.pth"


@pytest.fixture(scope="module")
def state() -> dict[str, dict[str, torch.Tensor]]:
    return small(WIDTH, LAYERS)


@pytest.fixture
def placed(monkeypatch, tmp_path: Path, state) -> Path:
    """Place a small file of the form, and let the method build as small a model."""
    monkeypatch.setattr(method, "folder", lambda: tmp_path)
    read = partial(afine_file.read_afine, width=WIDTH, layers=LAYERS)
    monkeypatch.setattr(afine_file, "read_afine", read)
    torch.save(state, tmp_path / "afine.pth")
    forget()
    yield tmp_path / "afine.pth"
    forget()


def forget() -> None:
    """Let nothing of one test's model reach the next."""
    method.pictures.forget()


def pair(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """A test image and its reference."""
    reference = np.ascontiguousarray(picture(1, 128)[:height, :width])
    noise = np.random.default_rng(0).normal(0, 25, reference.shape)
    return np.clip(reference * 0.5 + noise, 0, 255).astype(np.uint8), reference


@pytest.mark.parametrize(("height", "width"), [(64, 96), (33, 70), (32, 32)])
def test_values_are_those_of_the_equations(placed, state, height, width):
    image, reference = pair(height, width)
    want = values(image, reference, arrays(state))
    found = [float(value) for value in method.values(image, reference)]
    assert found == pytest.approx(want[:5], rel=2e-4, abs=2e-5)
    # the scale is an exponential there, and D's last digits follow from the number of threads
    assert method.score(image, reference) == pytest.approx(want[5], rel=1e-3)
    assert method.score(reference, image) != pytest.approx(want[5], rel=1e-2)
    assert np.ptp(want[:3]) > 0.1 and all(abs(v) < 1.99 for v in want[:3])  # no end of a curve


def test_the_released_names_and_shapes_load(tmp_path):
    """All of the 152,678,297 numbers, each tensor one number told again and again on disk."""
    made, numbers = {}, 0
    for part, own in shapes().items():
        made[part] = {name: torch.full((1,), 0.01).expand(shape) if shape else torch.tensor(0.5)
                      for name, shape in own.items()}  # fmt: skip
        numbers += sum(value.numel() for value in made[part].values())
    for part, name in ((p, n) for p in ("natural", "fidelity") for n in ("mean", "std")):
        made[part][name] = small()[part][name]
    clip = made["finetuned_clip"]
    assert numbers == 152_678_297 and len(clip) == 302
    assert sum(name.startswith("visual.") for name in clip) == 152
    torch.save(made, tmp_path / "afine.pth")
    assert (tmp_path / "afine.pth").stat().st_size < 1e6
    model = afine_file.read_afine(tmp_path / "afine.pth")
    assert sum(p.numel() for p in model.naturalness.parameters()) == 1_382_529
    assert sum(p.numel() for p in model.fidelity.parameters()) == 18_438
    assert float(model.raw_k) == float(model.fidelity_scale.centre) == 0.5
    assert not any(p.requires_grad for p in model.parameters())
    with torch.inference_mode():
        assert model(torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)).isfinite().all()


def test_the_text_side_may_be_left_out(placed, state):
    clip = {k: v for k, v in state["finetuned_clip"].items() if k.startswith("visual.")}
    image, reference = pair(32, 32)
    before = method.score(image, reference)
    torch.save(state | {"finetuned_clip": clip}, placed)
    forget()
    assert method.score(image, reference) == before


def edited(state, key: str, value: object = None) -> dict:
    """The file with one entry taken out, or another in its place."""
    part, _, name = key.partition(".")
    own = {k: v for k, v in state[part].items() if k != name}
    return {**state, part: own if value is None else own | {name: value}}


VISUAL = "finetuned_clip.visual.positional_embedding"


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("adapter.k", None, r"it misses adapter\.k"),
        ("fidelity_scale.yita4", None, r"it misses fidelity_scale\.yita4"),
        (VISUAL, None, rf"it misses {VISUAL}"),
        (VISUAL, torch.zeros(77, 512), r"has the shape \(77, 512\), not \(50, 128\)"),
        ("natural_scale.yita3", torch.zeros(1), r"yita3 has the shape \(1,\), not \(\)"),
        ("fidelity.alpha", torch.zeros(259), r"alpha has the shape \(259,\), not \(1, 1, 259\)"),
        ("natural.proj_feat.weight", torch.zeros(128, 6), r"\(128, 6\), not \(128, 256\)"),
        ("natural.more", torch.zeros(1), r"holds the unknown natural\.more"),
        ("finetuned_clip.visual.more", torch.zeros(1), r"the unknown finetuned_clip\.visual\.more"),
        ("adapter.k", torch.tensor(1), r"adapter\.k is of torch\.int64, no floats"),
        ("adapter.k", 5.0, r"adapter\.k is no tensor"),
        ("adapter.k", torch.tensor(torch.nan), r"adapter\.k holds numbers that are not finite"),
        ("natural.std", torch.ones(1, 3, 1, 1), r"natural\.std is \[1\.0, 1\.0, 1\.0\], not CLIP"),
    ],
)
def test_a_key_at_fault_is_named(placed, state, key, value, told):
    torch.save(edited(state, key, value), placed)
    with pytest.raises(UserError, match=told) as error:
        method.model()
    message = str(error.value)
    assert message.startswith(str(placed)) and "\n" not in message and len(message) < 500


def test_a_tower_of_another_width_is_told(placed, state):
    torch.save(state | {"finetuned_clip": small(64)["finetuned_clip"]}, placed)
    with pytest.raises(UserError, match=r"class_embedding has the shape \(64,\), not \(128,\)"):
        method.model()


class Hostile:
    """A pickle that would make a file when it is read."""

    def __reduce__(self):
        return os.mkdir, ("made-by-a-pickle",)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"finetuned_clip": Hostile()}, "asks for '(posix|nt)\\.mkdir', which is no tensor"),
        ([torch.zeros(1)], "it is no dictionary, where finetuned_clip, natural"),
        ({"params": {"k": torch.tensor(5.0)}}, "it holds params, where finetuned_clip, natural"),
        ({"natural.mean": torch.zeros(3)}, "it holds natural.mean, where finetuned_clip"),
    ],
)
def test_another_form_is_told(placed, content, told, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    torch.save(content, placed)
    with pytest.raises(UserError, match=told):
        method.model()
    assert not Path("made-by-a-pickle").exists()


def test_a_part_missing_or_of_another_form_is_told(placed, state):
    torch.save({part: own for part, own in state.items() if part != "natural"}, placed)
    with pytest.raises(UserError, match="it holds finetuned_clip, fidelity, .* where"):
        method.model()
    torch.save(state | {"adapter": torch.tensor(5.0)}, placed)
    with pytest.raises(UserError, match=r"it misses adapter\.k"):
        method.model()


@pytest.mark.parametrize("keep", [0, 1, 60, 0.3, 0.9, 0.999])
def test_a_file_cut_short_is_told(placed, keep):
    data = placed.read_bytes()
    placed.write_bytes(data[: keep if isinstance(keep, int) else int(keep * len(data))])
    with pytest.raises(UserError, match=r"it is no whole file of tensors .* Put afine\.pth there"):
        method.model()


@pytest.mark.parametrize("content", [b"<html>quota exceeded</html>", pickle.dumps([1]) * 2, b"PK"])
def test_a_file_that_is_none_is_told(placed, content):
    placed.write_bytes(content)
    with pytest.raises(UserError, match="no whole file of tensors|no dictionary"):
        method.model()


def test_without_the_file_it_is_absent_with_a_step(monkeypatch, tmp_path):
    monkeypatch.setattr(method, "folder", lambda: tmp_path / "afine")
    absent = own_absence("afine", ENTRY)
    assert absent.code == "no_weights" and "afine.pth" in absent.next_step
    assert "github.com/ChrisDud0257/AFINE" in absent.next_step
    assert own_version("afine", ENTRY) == "absent" and "pyiqa" not in ENTRY
    forget()
    with pytest.raises(UserError, match=r"A-FINE: the authors' weights are not in place"):
        method.score(*pair(32, 32))
    monkeypatch.undo()
    assert method.folder() == workspace.checkpoints() / "afine"


def test_images_it_cannot_take(placed):
    image, reference = pair(40, 40)
    with pytest.raises(NoValue, match="40x31 is too small"):
        method.score(image[:31], reference[:31])
    with pytest.raises(ValueError, match="the image has 36x40 pixels, its reference 40x36"):
        method.score(image[:, :36], reference[:36])


def test_it_scores_a_folder(placed, tmp_path, monkeypatch):
    from PIL import Image

    monkeypatch.chdir(ROOT)
    image, reference = pair(40, 64)
    for name, pixels in (("a", image), ("r", reference)):
        (tmp_path / name).mkdir()
        Image.fromarray(pixels).save(tmp_path / name / "one.png")
    out = tmp_path / "scores.csv"
    given = ["afine", "--images", str(tmp_path / "a"), "--references", str(tmp_path / "r")]
    score.main(parser_for("score").parse_args([*given, "--out", str(out)]))
    assert str(method.score(image, reference))[:6] in out.read_text()


@pytest.mark.skipif(not REAL.exists(), reason=f"the authors' file is not placed at {REAL}")
def test_the_released_weights_give_the_public_number():
    """burn-train 0.22's test, captured from pyiqa 0.1.15.post2: 43.15711594."""
    n = 3 * 224 * 224
    count = torch.arange(n, dtype=torch.float32).reshape(1, 3, 224, 224)
    with torch.inference_mode():
        model = afine_file.read_afine(REAL)
        found = float(scaled(model(count / (n - 1), count / n)))
    assert found == pytest.approx(43.15711594, rel=5e-3)
