"""Flat pictures: one answer at every level, size and colour; equal pictures are exactly alike."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import numpy as np
import pytest
from skimage import data

from fgresq import workspace
from fgresq.catalogues import catalogue
from fgresq.ops.flat import is_flat
from fgresq.ops.least import NoValue
from fgresq.ops.saliency import saliency

LEVELS = range(256)
SAMPLE = (0, 1, 21, 31, 84, 127, 128, 200, 254, 255)
COLOURS = ((255, 0, 0), (12, 200, 99), (200, 50, 77), (1, 2, 3))
PHOTO = np.ascontiguousarray(data.astronaut()[:192, 100:292])
# levels to try, value of a flat picture against itself; None: no value, and the reason says "flat"
FULL = {
    "psnr": (LEVELS, 361.201999),
    "ssim": (LEVELS, 1.0),
    "ssim_256": (LEVELS, 1.0),
    "ms_ssim": (LEVELS, 1.0),
    "gmsd": (LEVELS, 0.0),
    "fsim": (LEVELS, None),
    "fsimc": (LEVELS, None),
    "vsi": (LEVELS, None),
    "vifp": (LEVELS, None),
    "vif": (LEVELS, None),
    "lpips": (SAMPLE[:3], 0.0),
    "lpips_vgg": (SAMPLE[:1], 0.0),
    "dists": (SAMPLE[:1], 0.0),
}
ALONE = {
    "brisque": LEVELS,
    "niqe": LEVELS,
    "ilniqe_refit": SAMPLE,
    "embedded": SAMPLE,
}
IDENTICAL = {
    **dict.fromkeys(("ssim", "ssim_256", "ms_ssim", "fsim", "fsimc", "vsi", "vif", "vifp"), 1.0),
    **dict.fromkeys(("gmsd", "lpips", "lpips_vgg", "dists"), 0.0),
}


def method(name: str) -> Callable[..., float]:
    """Give a method's function; skip where its weights are not at hand."""
    for weights in catalogue("methods")[name].get("weights", []):
        if not (workspace.weights_of(weights) / "card.json").exists():
            pytest.skip(f"run 'fgresq weights {weights}'")
    return importlib.import_module(f"fgresq.metrics.{name}").score


def flat(colour: int | tuple[int, ...], size: int = 192) -> np.ndarray:
    """Give a picture of one colour, uint8 RGB."""
    return np.full((size, size, 3), colour, np.uint8)


def answer(score: Callable[..., float], *images: np.ndarray) -> float | str:
    """Give a value, to the digits that a table has, or why there is none."""
    try:
        return float(f"{score(*images):.9g}")
    except NoValue as reason:
        return str(reason)


@pytest.mark.parametrize("name", FULL)
def test_a_flat_picture_against_itself_has_one_answer_at_all_levels(name: str) -> None:
    score, (levels, value) = method(name), FULL[name]
    colours = COLOURS if levels is LEVELS else COLOURS[:1]
    pictures = [flat(colour) for colour in (*levels, *colours)]
    found = {answer(score, picture, picture) for picture in pictures}
    if value is None:
        assert len(found) == 1 and "flat" in str(found)
    else:
        assert max(abs(one - value) for one in found) < 1e-6, found


@pytest.mark.parametrize("name", ["fsim", "vsi", "ssim_256", "vifp"])
@pytest.mark.parametrize("size", [300, 401, 770])
def test_the_answer_is_that_of_every_size(name: str, size: int) -> None:
    """Decimation puts zeros beside a plane, and resizing rounds: neither is structure."""
    score = method(name)
    for level in (21, 200):
        small, large = (answer(score, flat(level, s), flat(level, s)) for s in (192, size))
        assert small == large


@pytest.mark.parametrize("size", [192, 300])
def test_nothing_in_a_flat_picture_is_salient(size: int) -> None:
    """VSI weighs by it, and would stretch the rounding of a resize to the whole range."""
    assert not any(saliency(flat(level, size)).any() for level in (21, 100, 200))


@pytest.mark.parametrize("name", ["psnr", "ssim", "ssim_256", "ms_ssim", "gmsd"])
def test_two_flat_pictures_are_less_alike_the_farther_apart_they_are(name: str) -> None:
    score = method(name)
    sign = -1 if name == "gmsd" else 1
    for level in (10, 100, 180):
        found = [sign * score(flat(level + step), flat(level)) for step in range(1, 60)]
        assert all(a > b for a, b in zip(found, found[1:], strict=False))


def test_the_light_of_two_flat_pictures_is_compared_by_its_formula() -> None:
    """SSIM's first factor (Wang et al. 2004), K1 = .01; MS-SSIM's is that of the coarsest scale."""
    for a in LEVELS:
        b = 255 - a
        light = (2 * a * b + 2.55**2) / (a * a + b * b + 2.55**2)
        assert method("ssim")(flat(a, 16), flat(b, 16)) == pytest.approx(light, rel=1e-12)
    for a in SAMPLE:
        light = (2 * a * 100 + 2.55**2) / (a * a + 100 * 100 + 2.55**2)
        assert method("ms_ssim")(flat(a), flat(100)) == pytest.approx(light**0.1333, rel=1e-12)


@pytest.mark.parametrize("name", ["fsim", "fsimc", "vsi", "vif", "vifp"])
def test_two_flat_pictures_have_no_value_where_structure_is_compared(name: str) -> None:
    score = method(name)
    found = {answer(score, flat(a), flat(255 - a)) for a in SAMPLE}
    assert len(found) == 1 and "flat" in str(found)


@pytest.mark.parametrize("name", ["vif", "vifp"])
def test_information_is_measured_only_against_some(name: str) -> None:
    """All of it is lost in a flat picture; of a flat reference there is none to lose."""
    score = method(name)
    assert {answer(score, flat(level), PHOTO) for level in SAMPLE} == {0.0}
    assert {answer(score, PHOTO, flat(level)) for level in SAMPLE} == {
        "its reference is flat: there is no information in it to lose"
    }


@pytest.mark.parametrize("name", ALONE)
def test_a_flat_picture_alone_has_no_value(name: str) -> None:
    score = method(name)
    found = {answer(score, flat(colour)) for colour in (*ALONE[name], *COLOURS)}
    assert found == {"it is flat: there is nothing in it to judge"}


@pytest.mark.parametrize("name", ["brisque", "niqe"])
def test_what_is_flat_in_the_gray_that_is_looked_at_is_flat(name: str) -> None:
    """Both colours have gray 100, which is all that the method sees."""
    picture = flat((100, 100, 100))
    picture[::2] = (99, 100, 102)
    assert not is_flat(picture) and "flat" in str(answer(method(name), picture))


@pytest.mark.parametrize("name", IDENTICAL)
def test_a_picture_with_flat_parts_is_exactly_like_itself(name: str) -> None:
    score, picture = method(name), PHOTO.copy()
    networks = ("lpips", "lpips_vgg", "dists")
    for level in SAMPLE[: 1 if name in networks else None]:
        picture[:, 90:] = level
        # VIF divides sums that round apart, DISTS subtracts a sum of weights from 1
        assert score(picture, picture.copy()) == pytest.approx(IDENTICAL[name], abs=1e-6)
        if name in ("ssim", "ssim_256", "ms_ssim", "gmsd"):
            assert score(picture, picture.copy()) == IDENTICAL[name]


def test_one_pixel_or_one_row_is_not_flat() -> None:
    for place in ((0, 0), (5, 7), (191, 191), (3,)):
        picture = flat(9)
        assert is_flat(picture) and is_flat(picture[..., 0])
        picture[place] = 10
        assert not is_flat(picture) and not is_flat(picture[..., 2])
