"""Luma, MDSI, HaarPSI, CW-SSIM, NLPD, PIQE, Q-ReAlign: golden values, conventions, flat images."""

from __future__ import annotations

import json
import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d
from skimage import data
from skimage.color import rgb2ycbcr
from skimage.metrics import structural_similarity

from fgresq import workspace
from fgresq.catalogues import catalogue
from fgresq.errors import UserError
from fgresq.external import realign, serve
from fgresq.external.levels import WORDS
from fgresq.metrics import cw_ssim, haarpsi, mdsi, nlpd, piqe, psnr, psnr_y, qrealign, ssim_y
from fgresq.ops.least import NoValue
from fgresq.ops.planes import gray
from fgresq.scoring.cache import version_of
from fgresq.scoring.registry import method_of
from tests.damages import blurred, compressed, noised

PHOTO = np.ascontiguousarray(data.astronaut()[:192, 100:308])
ODD = np.ascontiguousarray(data.astronaut()[:179, 100:301])
LARGE = np.ascontiguousarray(data.astronaut()[:384])  # decimated by 2 in MDSI
DAMAGES = {"noise": (noised, 20), "blur": (blurred, 2), "jpeg": (compressed, 20)}
PAIRED = {"psnr_y": psnr_y, "ssim_y": ssim_y, "mdsi": mdsi, "haarpsi": haarpsi, "nlpd": nlpd,
          "cw_ssim": cw_ssim}  # fmt: skip


def damaged(image: np.ndarray, name: str) -> np.ndarray:
    damage, strength = DAMAGES[name]
    return damage(image, strength)


def tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float()


@pytest.fixture(scope="module")
def piq():
    from fgresq.networks.torchvision_ops import make_importable

    make_importable()
    return pytest.importorskip("piq")


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("image", [PHOTO, ODD, LARGE], ids=["photo", "odd", "large"])
def test_mdsi_and_haarpsi_are_those_of_piq(piq, image, damage):
    """piq 0.8.0. Its YIQ has four digits where the authors' has three, so HaarPSI differs more."""
    worse = damaged(image, damage)
    peer = float(piq.mdsi(tensor(worse), tensor(image), data_range=255.0))
    assert mdsi.score(worse, image) == pytest.approx(peer, abs=1e-6)
    peer = float(piq.haarpsi(tensor(worse), tensor(image), data_range=255.0))
    assert haarpsi.score(worse, image) == pytest.approx(peer, abs=1e-4)


def test_luma_is_that_of_rgb2ycbcr(piq):
    worse = damaged(PHOTO, "jpeg")
    a, b = (rgb2ycbcr(image)[..., 0] for image in (worse, PHOTO))
    error = np.square(a - b).mean()
    assert psnr_y.score(worse, PHOTO) == pytest.approx(10 * math.log10(255**2 / error), abs=1e-9)
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    full = structural_similarity(a, b, data_range=255, full=True, truncate=10 / 3, **window)[1]
    assert ssim_y.score(worse, PHOTO) == pytest.approx(full[5:-5, 5:-5].mean(), abs=1e-6)
    black, white = (np.full((16, 16, 3), value, np.uint8) for value in (0, 255))
    assert psnr_y.score(black, white) == pytest.approx(20 * math.log10(255 / 219), abs=1e-9)


@pytest.mark.parametrize("name", ["psnr_y", "ssim_y"])
def test_a_border_is_cut_on_all_four_sides(name):
    worse = noised(PHOTO, 20)
    score = method_of(name, catalogue("methods")[name], border=4).score
    inner = PAIRED[name].score(*(image[4:-4, 4:-4].copy() for image in (worse, PHOTO)))
    assert score(worse, PHOTO) == inner != PAIRED[name].score(worse, PHOTO)
    with pytest.raises(NoValue, match="inside a border of 96"):
        PAIRED[name].score(worse, PHOTO, border=96)


def test_options_are_those_of_the_entry_and_part_of_the_identity():
    entries = catalogue("methods")
    plain, cut = (method_of("psnr_y", entries["psnr_y"], **o) for o in ({}, {"border": 4}))
    found = {version_of(method, entries["psnr_y"]) for method in (plain, cut)}
    assert len(found) == 2
    with pytest.raises(UserError, match="Did you mean 'border'"):
        method_of("psnr_y", entries["psnr_y"], boarder=4)
    with pytest.raises(UserError, match="has no option 'border'"):
        method_of("psnr", entries["psnr"], border=4)
    for wrong in (-1, 1.5, True):
        with pytest.raises(UserError, match="no whole number"):
            method_of("psnr_y", entries["psnr_y"], border=wrong)


# CW-SSIM by the pyramid of pyrtools 1.1.1 (SteerablePyramidFreq of 4 levels, order 7, complex) and
# the formulas of cwssim_index.m; images of even sides, for which pyrtools keeps to MATLAB's grid.
CW_SSIM = {
    "photo": (0.998711218455371, 0.9988986689970306, 0.9993796731648565),
    "large": (0.9958534348006688, 0.9989985369703489, 0.9975502865451651),
}


@pytest.mark.parametrize("name", CW_SSIM)
def test_cw_ssim_is_that_of_pyrtools(name):
    image = {"photo": PHOTO, "large": LARGE}[name]
    for damage, value in zip(DAMAGES, CW_SSIM[name], strict=True):
        found = cw_ssim.score(damaged(image, damage), image)
        assert found == pytest.approx(value, abs=1e-7), damage
    shifted = np.roll(PHOTO, 1, axis=1)
    assert cw_ssim.score(shifted, PHOTO) > 0.998  # what it is for
    assert ssim_y.score(shifted, PHOTO) < 0.9


def literal_pyramid(image: np.ndarray) -> list[np.ndarray]:
    """The normalised pyramid of NLP_dist.m, line by line."""
    row = np.array([0.05, 0.25, 0.4, 0.25, 0.05])
    kernel, plane, levels = np.outer(row, row), gray(image).astype(float) / 255, []
    for _ in range(5):
        low = convolve2d(np.pad(plane, 2, mode="symmetric"), kernel, "valid")[::2, ::2]
        wide = np.pad(low, 1, mode="edge")
        sparse = np.zeros((2 * wide.shape[0], 2 * wide.shape[1]))
        sparse[::2, ::2] = 4 * wide
        full, (height, width) = convolve2d(sparse, kernel, "same"), plane.shape
        levels.append(plane - full[2 : 2 + height, 2 : 2 + width])
        plane = low
    found = []
    weights = [  # above, left, right, below: as printed in the authors' file
        (0.1011, 0.1493, 0.1460, 0.1015), (0.0757, 0.1986, 0.1846, 0.0837),
        (0.0477, 0.2138, 0.2243, 0.0467), (0, 0.2503, 0.2616, 0), (0, 0.2598, 0.2552, 0),
        (0, 0.2215, 0.0717, 0),
    ]  # fmt: skip
    sigmas = (0.0248, 0.0185, 0.0179, 0.0191, 0.0220, 0.2782)
    for k, level in enumerate([*levels, plane]):
        around = np.zeros((5, 5))
        around[1, 2], around[2, 1], around[2, 3], around[3, 2] = weights[k]
        around[2, 4] = 0.0072 if k == 0 else 0
        found.append(level / (sigmas[k] + convolve2d(np.abs(level), around, "same")))
    return found


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("image", [PHOTO, ODD], ids=["photo", "odd"])
def test_nlpd_is_that_of_its_authors_file(image, damage):
    worse = damaged(image, damage)
    pairs = zip(literal_pyramid(worse), literal_pyramid(image), strict=True)
    value = np.mean([np.sqrt(np.square(a - b).mean()) for a, b in pairs])
    assert nlpd.score(worse, image) == pytest.approx(value, abs=1e-12)


# pypiqe 1.2 (MIT) of the gray plane, with two lines changed: it deletes columns 8 and 10 for the
# centre's 8 and 9, and stretches the image to its maximum.
PIQE = {
    "photo": (20.481895790544183, 51.90614802607807, 82.77933271343142, 56.98472285491304),
    "odd": (20.621910675506314, 53.44669319424932, 80.97740805234605, 56.04206596746649),
}


@pytest.mark.parametrize("name", PIQE)
def test_piqe_is_that_of_pypiqe(name):
    image = {"photo": PHOTO, "odd": ODD}[name]
    cases = [image, *(damaged(image, damage) for damage in DAMAGES)]
    found = [piqe.score(case) for case in cases]
    assert found == pytest.approx(PIQE[name], abs=1e-9)


@pytest.mark.parametrize("name", PAIRED)
def test_identity_is_the_best_value_and_damage_is_worse(name):
    entry, score = catalogue("methods")[name], PAIRED[name].score
    best = {"psnr_y": 361.2, "mdsi": 0, "nlpd": 0}.get(name, 1)
    assert score(PHOTO, PHOTO.copy()) == pytest.approx(best, abs=0.1 if best > 1 else 1e-6)
    sign = 1 if entry["direction"] == "higher" else -1
    values = [sign * score(noised(PHOTO, deviation), PHOTO) for deviation in (5, 20, 60)]
    assert values == sorted(values, reverse=True)
    low, high = entry["range"]
    assert all(low <= sign * v and (high is None or sign * v <= high) for v in values)


def judged(score, *images) -> str | float:
    try:
        return round(score(*images), 3)
    except NoValue as reason:
        return str(reason)


@pytest.mark.parametrize("name", [*PAIRED, "piqe"])
def test_flat_images_of_all_levels_have_one_rule(name):
    score, found = piqe.score if name == "piqe" else PAIRED[name].score, set()
    for value in range(256):
        flat = np.full((64, 64, 3), value, np.uint8)
        found.add(judged(score, flat) if name == "piqe" else judged(score, flat, flat.copy()))
    assert len(found) == 1
    answer = found.pop()
    assert "flat" in answer if isinstance(answer, str) else answer in (0, 1, 361.202)


@pytest.mark.parametrize(
    ("name", "least"),
    [("mdsi", 3), ("haarpsi", 16), ("nlpd", 32), ("cw_ssim", 56), ("piqe", 16), ("ssim_y", 11)],
)
def test_the_least_size(name, least):
    score = piqe.score if name == "piqe" else PAIRED[name].score
    for side in (least, least + 1):
        image = PHOTO[:side, : side + 3].copy()
        assert math.isfinite(score(image, noised(image, 9)) if name != "piqe" else score(image))
    small = PHOTO[: least - 1, :80].copy()
    with pytest.raises(NoValue, match="too small"):
        score(small, small)


def test_psnr_of_luma_is_not_that_of_rgb():
    worse = noised(PHOTO, 20)
    assert psnr_y.score(worse, PHOTO) > psnr.score(worse, PHOTO) + 1


class Words:
    """A processor and a model that prefer one word; they note what they were asked."""

    def __init__(self) -> None:
        self.asked: list = []
        self.tokenizer = lambda text, add_special_tokens: SimpleNamespace(
            input_ids=[WORDS.index(text.removeprefix(" "))]
        )

    def apply_chat_template(self, told, add_generation_prompt):
        return f"<{told[0]['content'][1]['text']}>"

    def __call__(self, text=None, images=None, return_tensors=None, **given):
        if text is None:
            return SimpleNamespace(logits=torch.tensor([[[0.0] * 5, [2.0, 1.0, 0.0, -1.0, -2.0]]]))
        self.asked.append((text, [image.size for image in images]))

        class Given(dict):
            def to(self, device):
                return self

        return Given()

    @classmethod
    def from_pretrained(cls, name, **kinds):
        return cls()

    def to(self, device):
        return self

    def eval(self):
        return self


def test_q_realign_asks_as_its_model_card_shows(monkeypatch):
    peer = SimpleNamespace(AutoProcessor=Words, AutoModelForImageTextToText=Words)
    monkeypatch.setitem(sys.modules, "transformers", peer)
    backend = serve.BACKENDS["realign"]({"model": "x", "device": "cpu"})
    request = json.dumps({"question": realign.QUESTION, "answer": realign.ANSWER, "words": WORDS})
    worker = SimpleNamespace(ask=lambda asked, images: backend({**json.loads(request)}, images))
    monkeypatch.setitem(realign.REALIGN.__dict__, "worker", worker)
    try:
        value = qrealign.score(PHOTO)
    finally:
        realign.REALIGN.__dict__.pop("worker", None)
    chances = np.exp([2.0, 1, 0, -1, -2]) / np.exp([2.0, 1, 0, -1, -2]).sum()
    assert value == pytest.approx(chances @ [1, 0.75, 0.5, 0.25, 0], abs=1e-6)
    text, sizes = backend.processor.asked[0]
    assert text == ["<How would you rate the quality of this image?>The quality of the image is"]
    assert sizes == [(208, 192)]


def test_q_realign_is_absent_until_a_user_places_it(monkeypatch, tmp_path):
    monkeypatch.setattr(workspace, "weights", lambda: tmp_path)
    found = qrealign.absent()
    assert found is not None and found.code == "no_weights" and "hf download" in found.next_step
    (tmp_path / "qrealign").mkdir()
    (tmp_path / "qrealign/settings.yaml").write_text("model: x\n")
    refused = qrealign.absent()
    assert refused is not None and "accept_licence: true" in refused.next_step
