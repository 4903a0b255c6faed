"""SSIM: properties, and golden values from scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data
from skimage.metrics import structural_similarity

from fgresq.ssim import luminance, ssim, ssim_of, statistics


def noised(image: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


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


def test_luminance_is_that_of_bt601() -> None:
    image = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    assert luminance(image)[0] == pytest.approx([76.245, 149.685, 29.07, 255.0], abs=1e-3)


def test_refuses_images_it_cannot_compare(photograph: np.ndarray) -> None:
    with pytest.raises(ValueError, match="11x11"):
        statistics(photograph[:10])
    with pytest.raises(ValueError, match="sizes differ"):
        ssim(photograph, photograph[:-1])
