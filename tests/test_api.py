"""Models and methods from Python: the forms of an image, batches, references, errors."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

import fgresq
from fgresq import workspace
from fgresq.images import write_png
from fgresq.metrics import brisque, embedded, psnr_y
from tests.conftest import ROOT, picture
from tests.damages import compressed, noised

PHOTO = picture(1, 64)
WORSE = noised(PHOTO, 20)
HAS_BRISQUE = (workspace.weights_of("brisque") / "card.json").exists()


@pytest.fixture(scope="module")
def model():
    return fgresq.load("embedded")


def tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image.copy()).permute(2, 0, 1).float() / 255


def test_importing_it_imports_nothing_heavy():
    code = "import sys, fgresq; assert not {'torch', 'cv2', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert {"load", "metric", "loss", "methods", "read_image"} <= set(dir(fgresq))
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        fgresq.laod  # noqa: B018


def test_every_form_of_an_image_has_the_value_of_its_file(model, tmp_path):
    write_png(tmp_path / "a.png", PHOTO)
    value = embedded.score(PHOTO)
    forms = [
        tmp_path / "a.png", str(tmp_path / "a.png"), PHOTO, PHOTO.astype(np.float32) / 255,
        PHOTO.astype(np.float64) / 255, PHOTO.astype(np.uint16) * 257, PHOTO[:, ::-1][:, ::-1],
        Image.fromarray(PHOTO), Image.fromarray(PHOTO).convert("RGBA"), tensor(PHOTO),
        torch.from_numpy(PHOTO).permute(2, 0, 1), tensor(PHOTO).double().requires_grad_(),
    ]  # fmt: skip
    for form in forms:
        found = model.score(form)
        assert isinstance(found, float) and found == pytest.approx(value, rel=1e-7), type(form)
    assert np.array_equal(fgresq.read_image(tmp_path / "a.png"), PHOTO)


def test_gray_is_three_equal_channels(model):
    gray = PHOTO[..., 0].copy()
    value = model.score(np.repeat(gray[..., None], 3, axis=2))
    for form in (gray, gray[..., None], tensor(gray[..., None]), Image.fromarray(gray)):
        assert model.score(form) == value


def test_many_images_of_any_size_are_scored_one_by_one(model):
    other = picture(2, 80)[:, :50]
    values = model.score([PHOTO, tensor(other), Image.fromarray(WORSE)])
    assert isinstance(values, np.ndarray)
    singles = [model.score(image) for image in (PHOTO, other, WORSE)]
    assert values == pytest.approx(singles, rel=1e-12)
    batch = torch.stack([tensor(PHOTO), tensor(WORSE)])
    assert model(batch) == pytest.approx([singles[0], singles[2]], rel=1e-12)
    assert model(np.stack([PHOTO, WORSE])) == pytest.approx([singles[0], singles[2]], rel=1e-12)
    assert model.score([]).shape == (0,)


def test_references_go_with_images_one_by_one_or_one_for_all():
    method = fgresq.metric("psnr_y", border=4)
    value = psnr_y.score(WORSE, PHOTO, border=4)
    assert method.score(WORSE, PHOTO) == pytest.approx(value, rel=1e-8)
    assert fgresq.metric("psnr_y").score(WORSE, PHOTO) != method.score(WORSE, PHOTO)
    both = method.score([WORSE, PHOTO], [PHOTO, PHOTO])
    assert both == pytest.approx(method.score([WORSE, PHOTO], PHOTO)) and both[1] > 300
    with pytest.raises(fgresq.UserError, match="compares with a reference"):
        method.score(WORSE)
    with pytest.raises(fgresq.UserError, match="2 images and 3 references"):
        method.score([WORSE, WORSE], [PHOTO] * 3)


def test_an_image_without_a_value_leaves_the_others_alone(model):
    flat = np.full((40, 40, 3), 99, np.uint8)
    with pytest.warns(UserWarning, match="embedded: 2 of 3 images have no value: it is flat"):
        values = model.score([flat, PHOTO, "nowhere.png"])
    assert np.isnan(values).tolist() == [True, False, True]
    flat_one, photo, nowhere = model.judge([flat, PHOTO, "nowhere.png"])
    assert photo.reason == "" and "no such image" in nowhere.reason and "flat" in flat_one.reason
    with pytest.raises(fgresq.NoValue, match="flat"):
        model.score(flat)
    with pytest.raises(fgresq.NoValue, match="it is 64x64, its reference is 40x40"):
        fgresq.metric("psnr").score(PHOTO, flat)


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (PHOTO.astype(np.float32), "floats go from"),
        (tensor(PHOTO) * 2 - 1, "floats go from -"),
        (PHOTO.astype(np.int64), "its numbers are int64"),
        (np.moveaxis(PHOTO, 2, 0), r"its shape is \(3, 64, 64\)"),
        (torch.from_numpy(PHOTO), r"its shape is \(64, 64, 3\)"),
        (np.full((40, 40, 3), np.nan), "not finite"),
        (np.zeros((0, 4, 3), np.uint8), "its shape"),
        (Image.fromarray(PHOTO[..., 0]).convert("F"), "32 bits"),
        (7, "a int is no image"),
        (None, "a NoneType is no image"),
    ],
)
def test_what_is_no_image_is_told_in_one_line(model, image, told):
    with pytest.raises(fgresq.UserError, match=f"^image: .*{told}"):
        model.score(image)


def test_a_little_outside_is_cut_off(model):
    wide = tensor(PHOTO) * 1.1 - 0.05
    assert model.score(wide) == model.score(wide.clamp(0, 1))


def test_a_comparison_is_antisymmetric_and_identity_is_equal(model):
    found = model.compare(PHOTO, WORSE)
    assert found.swapped() == model.compare(WORSE, PHOTO)
    assert found.a_better + found.b_better == pytest.approx(1)
    assert model.compare(PHOTO, tensor(PHOTO)).better == "equal"
    pairs = model.compare([PHOTO, WORSE], torch.stack([tensor(WORSE), tensor(WORSE)]))
    assert [pair.better for pair in pairs] == [found.better, "equal"]
    with pytest.raises(fgresq.UserError, match="1 images are to be compared with 2"):
        model.compare(PHOTO, [PHOTO, WORSE])
    psnr = fgresq.metric("psnr").compare(WORSE, noised(PHOTO, 5), references=PHOTO)
    assert psnr.better == "B" and psnr.a_better is None


@pytest.mark.skipif(not HAS_BRISQUE, reason="run 'fgresq weights brisque'")
def test_methods_say_their_direction_and_give_their_own_values():
    method = fgresq.metric("brisque")
    photo = picture(3, 96)
    assert method.score(photo) == pytest.approx(brisque.score(photo), rel=1e-8)
    assert (method.kind, method.higher_better, method.name) == ("NR", False, "brisque")
    assert "lower better" in repr(method)


def test_names_are_helped_and_states_are_told():
    known = fgresq.methods()
    assert known["psnr_y"]["state"] == "present" and known["fgresq"]["state"] == "trained"
    assert known["psnr_y"]["options"]["border"]
    with pytest.raises(fgresq.UserError, match="Did you mean 'lpips'"):
        fgresq.metric("lpisp")
    with pytest.raises(fgresq.UserError, match="trained here"):
        fgresq.metric("fgresq")
    with pytest.raises(fgresq.UserError, match="has no option 'border'"):
        fgresq.metric("psnr", border=3)
    with pytest.raises(fgresq.UserError, match="embedded"):
        fgresq.load("embeded")


def test_the_page_says_what_its_calls_print(tmp_path, monkeypatch, capsys):
    page = (ROOT / "docs/python.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    photo = np.ascontiguousarray(data.astronaut()[:192, 100:308])
    for name, image in (("ref", photo), ("a", compressed(photo, 60)), ("b", noised(photo, 20))):
        write_png(Path(f"{name}.png"), image)
    first, *others = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    shown = re.search(r"```text\n(.*?)```", page, re.DOTALL)
    space: dict = {}
    exec(first, space)
    assert shown is not None and capsys.readouterr().out == shown[1]
    for block in others:
        exec(block, space)
