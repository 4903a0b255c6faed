"""Handcrafted full-reference methods: values of peers and of literal definitions, properties."""

from __future__ import annotations

import importlib
import math

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import correlate
from scipy.signal import convolve2d
from skimage import data
from skimage.color import rgb2xyz, xyz2lab
from skimage.metrics import structural_similarity

from fgresq import workspace
from fgresq.images import read_rgb
from fgresq.metrics import fsim, fsimc, gmsd, ms_ssim, psnr, ssim, ssim_256, vif, vifp, vsi
from fgresq.ops import saliency
from fgresq.ops.least import NoValue
from fgresq.ops.planes import decimated, gray
from fgresq.ops.reference import OncePerReference
from tests.damages import blurred, compressed, noised

METHODS = {
    "psnr": psnr, "ssim": ssim, "ssim_256": ssim_256, "ms_ssim": ms_ssim, "fsim": fsim,
    "fsimc": fsimc, "vsi": vsi, "vif": vif, "vifp": vifp, "gmsd": gmsd,
}  # fmt: skip
FILTERS = (workspace.weights_of("steerable_sp5") / "card.json").exists()
NEEDS_FILTERS = pytest.mark.skipif(not FILTERS, reason="run 'fgresq weights steerable_sp5'")
NAMES = [pytest.param(n, marks=NEEDS_FILTERS if n == "vif" else ()) for n in METHODS]
SIMILARITIES = ("ssim", "ssim_256", "ms_ssim", "fsim", "fsimc", "vsi")


PHOTO = np.ascontiguousarray(data.astronaut()[:192, 100:308])
ODD = np.ascontiguousarray(data.astronaut()[:179, 100:301])
LARGE = np.ascontiguousarray(data.astronaut()[:384, :])  # decimated by 2, as 384 x 512 are


def colour(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float()


def plane(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(gray(image))[None, None]


@pytest.fixture(scope="module")
def piq():
    from fgresq.networks.torchvision_ops import make_importable

    make_importable()
    return pytest.importorskip("piq")


def test_gray_is_rgb2gray_rounded():
    weights = np.linalg.inv([[1, 0.956, 0.621], [1, -0.272, -0.647], [1, -1.106, 1.703]])[0]
    assert np.array_equal(gray(PHOTO), np.floor(PHOTO @ weights + 0.5))
    equal = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, 2)
    assert np.array_equal(gray(equal)[:, 0], np.arange(256))


@pytest.mark.parametrize("factor", [2, 3, 4, 5])
@pytest.mark.parametrize("size", [(20, 23), (21, 25), (24, 24)])
def test_decimation_is_that_of_conv2(factor, size):
    """MATLAB's conv2 'same' keeps the middle from ceil((n + 1) / 2) of the full result."""
    image = np.random.default_rng(0).uniform(0, 255, size).astype(np.float32)
    first = factor // 2
    full = convolve2d(image, np.full((factor, factor), 1 / factor**2))
    same = full[first : first + size[0], first : first + size[1]][::factor, ::factor]
    assert decimated(image, factor) == pytest.approx(same, abs=1e-3)


@pytest.mark.parametrize("deviation", [2, 30])
def test_psnr_equals_its_formula(deviation):
    other = noised(PHOTO, deviation)
    error = np.square(other.astype(float) - PHOTO).mean()
    assert psnr.score(other, PHOTO) == pytest.approx(10 * np.log10(255**2 / error), abs=1e-9)


def mean_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Wang's SSIM of gray float64 planes by scikit-image."""
    return structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )


def test_ssim_is_that_of_the_rounded_gray():
    other = noised(PHOTO, 15)
    expected = mean_ssim(gray(other).astype(float), gray(PHOTO).astype(float))
    assert ssim.score(other, PHOTO) == pytest.approx(expected, abs=1e-6)


def test_ssim_256_decimates_as_the_authors():
    """imfilter with 'symmetric'; its even windows reach down and right. piq pools alike here."""
    other = noised(LARGE, 15)
    planes = [
        correlate(gray(image).astype(float), np.full((2, 2), 0.25), mode="reflect", origin=-1)
        for image in (other, LARGE)
    ]
    expected = mean_ssim(*(p[::2, ::2] for p in planes))
    assert ssim_256.score(other, LARGE) == pytest.approx(expected, abs=1e-6)
    assert ssim_256.score(other[:383, :383], LARGE[:383, :383]) == ssim.score(
        other[:383, :383], LARGE[:383, :383]
    )


def literal_ms_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """msssim.m in float64, by another library's filters."""
    steps = np.exp(-((np.arange(11) - 5) ** 2) / 4.5)
    window = np.outer(steps, steps) / steps.sum() ** 2
    value, (x, y) = 1.0, (gray(image).astype(float) for image in (a, b))
    for scale, power in enumerate(ms_ssim.POWERS):
        m, n, xx, yy, xy = (convolve2d(z, window, "valid") for z in (x, y, x * x, y * y, x * y))
        same = (2 * (xy - m * n) + 58.5225) / (xx + yy - m * m - n * n + 58.5225)
        if scale == 4:
            same = same * (2 * m * n + 6.5025) / (m * m + n * n + 6.5025)
        value *= same.mean() ** power
        halves = (correlate(z, np.full((2, 2), 0.25), mode="reflect", origin=-1) for z in (x, y))
        x, y = (half[::2, ::2] for half in halves)
    return value


@pytest.mark.parametrize("image", [PHOTO, ODD])
@pytest.mark.parametrize("deviation", [5, 30])
def test_ms_ssim_equals_its_definition(image, deviation):
    other = noised(image, deviation)
    expected = literal_ms_ssim(other, image)
    assert ms_ssim.score(other, image) == pytest.approx(expected, abs=1e-6)


def test_ms_ssim_equals_piq_where_every_scale_is_even(piq):
    """piq pads odd scales otherwise; torchmetrics drops their last line."""
    other = noised(PHOTO, 15)
    expected = float(piq.multi_scale_ssim(plane(other), plane(PHOTO), data_range=255.0))
    assert ms_ssim.score(other, PHOTO) == pytest.approx(expected, abs=1e-5)


def test_negative_structure_counts_as_zero():
    assert ms_ssim.score(255 - PHOTO, PHOTO) == 0


def literal_gmsd(a: np.ndarray, b: np.ndarray) -> float:
    """GMSD.m in float64, by scipy's convolution."""
    prewitt = np.array([[1, 0, -1]] * 3) / 3
    found = []
    for image in (a, b):
        whole = np.pad(gray(image).astype(float), ((0, 1), (0, 1)))
        half = sum(
            whole[i:, j:][: image.shape[0], : image.shape[1]] for i in (0, 1) for j in (0, 1)
        )
        half = half[::2, ::2] / 4
        found.append(np.hypot(*(convolve2d(half, k, "same") for k in (prewitt, prewitt.T))))
    x, y = found
    return ((2 * x * y + 170) / (x * x + y * y + 170)).std(ddof=1)


@pytest.mark.parametrize("image", [PHOTO, ODD])
def test_gmsd_equals_its_definition(image):
    other = noised(image, 15)
    assert gmsd.score(other, image) == pytest.approx(literal_gmsd(other, image), abs=1e-6)


def test_gmsd_is_near_piq(piq):
    """piq's deviation is over n, not n - 1: hence 1e-4."""
    other = noised(PHOTO, 15)
    expected = float(piq.gmsd(plane(other), plane(PHOTO), data_range=255.0))
    assert gmsd.score(other, PHOTO) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("image", [PHOTO, ODD])
@pytest.mark.parametrize("damage", [lambda x: noised(x, 15), lambda x: blurred(x, 2)])
def test_vifp_equals_sewar(image, damage):
    sewar = pytest.importorskip("sewar.full_ref")
    other = damage(image)
    expected = sewar.vifp(gray(image).astype(float), gray(other).astype(float))
    assert vifp.score(other, image) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("image", [PHOTO, ODD, LARGE])
@pytest.mark.parametrize("damage", [lambda x: noised(x, 15), lambda x: blurred(x, 2)])
def test_fsim_equals_piq(piq, image, damage):
    """piq averages without zeros outside, which is the same for factors of 1 and 2."""
    other = damage(image)
    given = colour(other), colour(image)
    expected = float(piq.fsim(*given, data_range=255.0, chromatic=False))
    assert fsim.score(other, image) == pytest.approx(expected, abs=1e-5)
    # its YIQ has other digits than FeatureSIM.m: hence 3e-4
    expected = float(piq.fsim(*given, data_range=255.0))
    assert fsimc.score(other, image) == pytest.approx(expected, abs=3e-4)


@pytest.mark.parametrize("damage", [lambda x: noised(x, 15), lambda x: blurred(x, 2)])
def test_vsi_equals_piq_given_one_saliency(piq, damage, monkeypatch):
    """piq's saliency is off by up to 0.04, and its windows for large images by a pixel."""
    other = damage(PHOTO)
    given = colour(other), colour(PHOTO)
    near = float(piq.vsi(*given, data_range=255.0))
    assert vsi.score(other, PHOTO) == pytest.approx(near, abs=1e-3)
    maps = iter([saliency.saliency(other), saliency.saliency(PHOTO)])
    module = importlib.import_module("piq.vsi")
    monkeypatch.setattr(module, "sdsp", lambda *_, **__: torch.from_numpy(next(maps))[None, None])
    expected = float(piq.vsi(*given, data_range=255.0))
    assert vsi.score(other, PHOTO) == pytest.approx(expected, abs=2e-6)


def literal_saliency(image: np.ndarray) -> np.ndarray:
    """SDSP.m in float64 on the whole plane, on our resized planes and colours."""
    planes = np.stack([saliency.resized(p, 256, 256) for p in cv2.split(image.astype(np.float32))])
    light, a, b = saliency.lab(planes.reshape(3, -1)).reshape(3, 256, 256).astype(float)
    steps = (np.arange(1, 257) - 129) / 256
    across, down = np.meshgrid(steps, steps)
    inside = across**2 + down**2 <= 0.25
    radius = np.fft.ifftshift(np.hypot(across * inside, down * inside))
    radius[0, 0] = 1
    with np.errstate(divide="ignore"):
        passed = np.exp(-(np.log(radius / 0.021) ** 2) / (2 * 1.34**2))
    passed[0, 0] = 0
    found = [np.fft.ifft2(np.fft.fft2(plane) * passed).real for plane in (light, a, b)]
    rows, columns = np.mgrid[1:257, 1:257]
    middle = np.exp(-((rows - 128) ** 2 + (columns - 128) ** 2) / 145**2)
    warm = sum(((c - c.min()) / (c.max() - c.min())) ** 2 for c in (a, b))
    whole = np.sqrt(np.square(found).sum(0)) * middle * (1 - np.exp(-warm / 0.001**2))
    whole = saliency.resized(whole.astype(np.float32), *image.shape[:2])
    return (whole - whole.min()) / (whole.max() - whole.min())


@pytest.mark.parametrize("image", [ODD, LARGE])
def test_saliency_equals_its_definition(image):
    assert saliency.saliency(image) == pytest.approx(literal_saliency(image), abs=2e-6)


def test_shrinking_is_an_antialiased_triangle():
    """Pillow's, but for the borders, which it cuts and imresize mirrors."""
    image = np.random.default_rng(0).uniform(0, 255, (300, 417)).astype(np.float32)
    expected = np.asarray(Image.fromarray(image).resize((256, 256), Image.Resampling.BILINEAR))
    found = saliency.resized(image, 256, 256)
    assert found[2:-2, 2:-2] == pytest.approx(expected[2:-2, 2:-2], abs=1e-2)
    assert saliency.resized(np.full((300, 417), 7, np.float32), 256, 256) == pytest.approx(7)
    assert saliency.resized(image, 600, 500).shape == (600, 500)


def test_colours_are_cielab_of_white_d50():
    expected = xyz2lab(rgb2xyz(PHOTO), illuminant="D50").reshape(-1, 3).T
    found = saliency.lab(PHOTO.reshape(-1, 3).T.astype(np.float32))
    assert found == pytest.approx(expected, abs=0.05)


# vifvec.m repeated in float64 with the pyramid and corrDn of pyrtools 1.1.1 (PyPI)
VIF = {
    "noisy": (lambda: (noised(PHOTO, 15), PHOTO), 0.5270505500272167),
    "blurred": (lambda: (blurred(PHOTO, 2), PHOTO), 0.3514243027022475),
    "odd": (lambda: (noised(ODD, 15), ODD), 0.523840007916511),
    "small": (lambda: (noised(PHOTO[:72, :75], 15), PHOTO[:72, :75]), 0.3962460740221085),
}


@NEEDS_FILTERS
@pytest.mark.parametrize("name", VIF)
def test_vif_equals_its_definition_on_pyrtools(name):
    images, expected = VIF[name]
    assert vif.score(*images()) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_identity_is_best_and_all_damage_tells(name):
    method, better = METHODS[name], -1 if name == "gmsd" else 1
    best = method.score(PHOTO, PHOTO.copy())
    if name != "psnr":
        assert best == pytest.approx(0 if name == "gmsd" else 1, abs=1e-6)
    for damage, steps in ((noised, (4, 12, 40)), (blurred, (1, 2, 4)), (compressed, (60, 25, 8))):
        values = [best, *(method.score(damage(PHOTO, step), PHOTO) for step in steps)]
        assert [better * value for value in values] == sorted(
            (better * value for value in values), reverse=True
        )


@pytest.mark.parametrize("name", ["psnr", "gmsd", *SIMILARITIES])
def test_symmetry(name):
    """Not of VIF and VIFp: information of the one in the other is no distance."""
    score, other = METHODS[name].score, blurred(PHOTO, 2)
    assert score(PHOTO, other) == pytest.approx(score(other, PHOTO), abs=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_kept_reference_is_given_up_for_another(name):
    """Also for one that was changed in place."""
    score, reference = METHODS[name].score, PHOTO.copy()
    first = score(noised(PHOTO, 10), reference)
    reference[:] = PHOTO[::-1]
    assert abs(score(noised(PHOTO[::-1], 10), reference) - first) > 1e-6
    assert score(noised(PHOTO, 10), PHOTO) == pytest.approx(first, abs=1e-9)


def test_a_reference_is_computed_once():
    seen = []
    part = OncePerReference(lambda reference: seen.append(reference.shape))
    for image in (PHOTO, PHOTO.copy(), ODD, ODD, PHOTO):
        part(image)
    assert seen == [PHOTO.shape, ODD.shape, PHOTO.shape]


@pytest.mark.parametrize("name", NAMES)
def test_files_of_every_kind(name, tmp_path):
    """Gray, 16-bit gray and transparency arrive as 8-bit RGB; sizes are odd."""
    level = np.asarray(Image.fromarray(ODD).convert("L"))
    Image.fromarray(level).save(tmp_path / "gray.png")
    Image.fromarray(level.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    clear = np.dstack([np.repeat(level[..., None], 3, 2), np.full_like(level, 255)])
    Image.fromarray(clear).save(tmp_path / "clear.png")
    values = [METHODS[name].score(read_rgb(tmp_path / file), ODD)
              for file in ("gray.png", "deep.png", "clear.png")]  # fmt: skip
    assert math.isfinite(values[0]) and values == pytest.approx([values[0]] * 3, abs=1e-9)


LEAST = {"ssim": 11, "ssim_256": 11, "ms_ssim": 176, "fsim": 2, "fsimc": 2, "vsi": 2,
         "vif": 72, "vifp": 41, "gmsd": 3}  # fmt: skip


@pytest.mark.parametrize("name", NAMES[1:])
def test_the_smallest_images(name):
    least, score = LEAST[name], METHODS[name].score
    enough = max(least, 8) if name.startswith("fsim") else least  # less may have no feature at all
    image, other = (i[: enough + 1, :enough] for i in (PHOTO, noised(PHOTO, 10)))
    assert math.isfinite(score(np.ascontiguousarray(other), np.ascontiguousarray(image)))
    with pytest.raises(NoValue, match=f"x{least - 1} is too small.*{least}x{least}"):
        score(other[: least - 1], image[: least - 1])


FLAT = np.full_like(PHOTO, 128)


@pytest.mark.parametrize("name", NAMES)
def test_flat_images_have_a_value_or_a_reason(name):
    for image, reference in ((FLAT, FLAT), (PHOTO, FLAT), (FLAT, PHOTO)):
        try:
            assert math.isfinite(METHODS[name].score(image, reference))
        except NoValue as reason:
            assert image is FLAT and reference is FLAT or name in ("vif", "vifp")
            assert "flat" in str(reason)
