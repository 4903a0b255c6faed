"""IL-NIQE: its parts against independent ones, its properties, and models that are none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from scipy.stats import weibull_min
from skimage import data

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.metrics import ilniqe, ilniqe_refit
from fgresq.mini import pristine as ilniqe_fit
from fgresq.ops import enriched
from fgresq.ops.imresize import contributions, imresize
from fgresq.ops.least import NoValue
from fgresq.ops.natural import half
from tests.damages import noised

PICTURE = np.ascontiguousarray(data.coffee()[100:356, 150:470])  # 256x320


def test_imresize_agrees_with_independent_ones() -> None:
    """Pillow's bicubic (a = -0.5, antialiased) but for its fixed point and its borders: 1 of 255.

    The weights of a half are those of imresize(x, 0.5), which tests/test_methods.py holds.
    """
    for height, width in ((524, 524), (100, 77)):
        resized = imresize(PICTURE, height, width)
        peer = Image.fromarray(PICTURE).resize((width, height), Image.Resampling.BICUBIC)
        inner = np.s_[12:-12, 12:-12]
        gap = np.abs(resized[inner].astype(int) - np.asarray(peer)[inner])
        assert resized.shape == (height, width, 3) and gap.max() <= 2 and gap.mean() < 0.05
    plane = PICTURE[..., 1].astype(float)
    halved = contributions(256, 128) @ plane @ contributions(320, 160).T
    assert halved == pytest.approx(half(plane), abs=1e-9)


def test_weibull_shapes_equal_those_of_scipy() -> None:
    random = np.random.default_rng(0)
    plane = 40 * random.weibull(np.repeat([0.7, 1.4, 2.6], 168)[None], (504, 504)) + 1e-9
    scale, shape = enriched.weibull(plane)
    for place in (0, 3, 35):
        block = enriched.blocks(plane)[place].ravel()
        expected = weibull_min.fit(block, floc=0)
        assert shape[place] == pytest.approx(expected[0], rel=1e-3)
        assert scale[place] == pytest.approx(expected[2], rel=1e-3)


def test_log_gabors_are_even_and_odd_filters_of_four_directions() -> None:
    """Real parts answer to lines, imaginary to edges; a grating has its own direction."""
    columns = np.arange(504) / enriched.WAVELENGTH
    grating = np.tile(np.cos(2 * np.pi * columns), (504, 1))
    parts = enriched.responses(grating, enriched.WAVELENGTH)
    size = [np.hypot(*parts[2 * k : 2 * k + 2]).mean() for k in range(4)]
    assert size[0] == max(size) and size[2] < 0.15 * size[0]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Fit the model of IL-NIQE-refit to three photographs, for the properties."""
    with pytest.MonkeyPatch.context() as patch:
        kept = tmp_path_factory.mktemp("models")
        patch.setattr(workspace, "models", lambda: kept)
        patch.setattr(ilniqe_fit, "SHARP", 0.0)
        patch.setattr(ilniqe_fit, "PHOTOGRAPHS", ("astronaut", "china", "chelsea"))
        ilniqe_refit.pristine.cache_clear()
        ilniqe_refit.pristine()
        yield
        ilniqe_refit.pristine.cache_clear()


def test_it_rises_with_noise_blur_and_compression(model: None) -> None:
    def compressed(quality: int) -> np.ndarray:
        return cv2.imdecode(cv2.imencode(".jpg", PICTURE, [1, quality])[1], 1)

    clean = ilniqe_refit.score(PICTURE)
    for worse in (
        [noised(PICTURE, 12), noised(PICTURE, 30)],
        [cv2.GaussianBlur(PICTURE, (0, 0), sigma) for sigma in (1, 2.5)],
        [compressed(25), compressed(7)],
    ):
        values = [clean, *map(ilniqe_refit.score, worse)]
        assert values == sorted(values)
    assert ilniqe_refit.score(PICTURE) == clean


def test_gray_small_and_flat_images(model: None) -> None:
    gray = np.repeat(PICTURE[..., :1], 3, axis=2)
    assert np.isfinite(ilniqe_refit.score(gray))
    assert np.isfinite(ilniqe_refit.score(PICTURE[:16, :17]))
    with pytest.raises(NoValue, match="15x15 is too small"):
        ilniqe_refit.score(PICTURE[:15, :15])
    with pytest.raises(NoValue, match="it is flat"):
        ilniqe_refit.score(np.full((64, 64, 3), 90, np.uint8))


def test_the_authors_model_is_read_and_checked(tmp_path, monkeypatch) -> None:
    path = tmp_path / "templateModel.mat"
    monkeypatch.setattr(ilniqe, "file", lambda: path)
    assert ilniqe.absent().code == "no_weights" and str(tmp_path) not in ilniqe.STEP
    random = np.random.default_rng(0)
    parts = np.empty((1, 4), dtype=object)
    parts[0] = [np.zeros((1, 9)), np.eye(9), np.zeros((468, 1)), random.normal(size=(468, 9))]
    savemat(path, {"templateModel": parts})
    ilniqe.model.cache_clear()
    assert ilniqe.absent() is None and len(ilniqe.version()) == 64
    assert np.isfinite(ilniqe.score(PICTURE))
    savemat(path, {"templateModel": np.zeros(3)})
    ilniqe.model.cache_clear()
    with pytest.raises(UserError, match="not the model of IL-NIQE"):
        ilniqe.score(PICTURE)
    ilniqe.model.cache_clear()
