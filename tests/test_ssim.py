"""SSIM: properties, and golden values from scikit-image."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from skimage import data
from skimage.metrics import structural_similarity

from fgresq.ops.ssim_plane import (
    luminance,
    plane_statistics,
    similarities,
    ssim,
    ssim_of,
    statistics,
)
from tests.damages import noised


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[:140, 150:320])


def golden(a: np.ndarray, b: np.ndarray) -> float:
    """Give SSIM from scikit-image in float64; its mean leaves out the same margin of 5."""
    weights = np.array([0.299, 0.587, 0.114])
    return structural_similarity(
        a @ weights,
        b @ weights,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
    )


@pytest.mark.parametrize("sigma", [1, 5, 20, 80])
def test_equals_scikit_image(photograph: np.ndarray, sigma: float) -> None:
    other = noised(photograph, sigma)
    assert ssim(photograph, other) == pytest.approx(golden(photograph, other), abs=1e-6)


def test_equals_scikit_image_on_flat_bright_images() -> None:
    """Where variances are small beside squared means, float32 loses most."""
    a = np.full((40, 40, 3), 250, np.uint8)
    b = noised(a, 1)
    assert ssim(a, b) == pytest.approx(golden(a, b), abs=5e-5)


def test_is_one_of_itself_symmetric_and_bounded(photograph: np.ndarray) -> None:
    other = noised(photograph, 30)
    assert ssim(photograph, photograph) == pytest.approx(1.0, abs=1e-7)
    assert ssim(photograph, photograph) <= 1.0
    assert ssim(photograph, other) == pytest.approx(ssim(other, photograph), abs=1e-7)
    assert -1 <= ssim(photograph, 255 - photograph) < ssim(photograph, other) < 1


def test_falls_with_noise(photograph: np.ndarray) -> None:
    values = [ssim(photograph, noised(photograph, sigma)) for sigma in (2, 8, 32)]
    assert values == sorted(values, reverse=True)


def test_statistics_of_an_image_serve_all_its_pairs(photograph: np.ndarray) -> None:
    images = [photograph, noised(photograph, 10), noised(photograph, 20)]
    found = [statistics(image) for image in images]
    for i in range(3):
        for j in range(3):
            assert ssim_of(found[i], found[j]) == ssim(images[i], images[j])


@pytest.mark.parametrize("size", [(11, 11), (11, 60), (60, 11), (12, 11), (33, 47)])
def test_equals_scikit_image_at_every_size(photograph: np.ndarray, size: tuple[int, int]) -> None:
    a = photograph[: size[0], : size[1]]
    b = noised(a, 20)
    assert ssim(a, b) == pytest.approx(golden(a, b), abs=1e-6)


def test_equals_scikit_image_near_black(photograph: np.ndarray) -> None:
    """There float32 around mid-gray loses most."""
    a = np.zeros((60, 60, 3), np.uint8)
    b = np.random.default_rng(0).integers(0, 3, a.shape).astype(np.uint8)
    assert ssim(a, b) == pytest.approx(golden(a, b), abs=1e-4)


def test_a_plane_of_any_layout_gives_the_same(photograph: np.ndarray) -> None:
    plane, other = luminance(photograph), statistics(noised(photograph, 10))
    given = [plane, np.asfortranarray(plane), np.repeat(plane, 2, axis=1)[:, ::2], plane.copy()]
    given[-1].setflags(write=False)
    assert len({ssim_of(plane_statistics(form), other) for form in given}) == 1


def test_threads_give_the_same_values(photograph: np.ndarray) -> None:
    found = [statistics(noised(photograph, sigma)) for sigma in range(1, 9)]
    pairs = [(a, b) for a in found for b in found]
    with ThreadPoolExecutor(4) as pool:
        assert [v for (v,) in pool.map(similarities, ([p] for p in pairs))] == similarities(pairs)


def test_it_compiles_where_nothing_can_be_kept() -> None:
    """As in a container whose package and home are read-only."""
    code = (
        "from numba.core import caching\n"
        "caching.CacheImpl._locator_classes.clear()\n"
        "import numpy\n"
        "from fgresq.ops.ssim_plane import ssim\n"
        "image = numpy.arange(867).reshape(17, 17, 3).astype(numpy.uint8)\n"
        "print(ssim(image, image))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "1.0\n", done.stderr


def test_luminance_is_that_of_bt601() -> None:
    image = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    assert luminance(image)[0] == pytest.approx([76.245, 149.685, 29.07, 255.0], abs=1e-3)


def test_refuses_images_it_cannot_compare(photograph: np.ndarray) -> None:
    with pytest.raises(ValueError, match="11x11"):
        statistics(photograph[:10])
    with pytest.raises(ValueError, match="sizes differ"):
        ssim(photograph, photograph[:-1])
