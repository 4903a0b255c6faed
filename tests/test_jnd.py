"""The JND model of Wu et al. 2017 against a slow one by loops, and the threshold taken from it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skimage import data, feature, morphology

from fgresq.cli import main
from fgresq.files import sha256
from fgresq.images import write_png
from fgresq.ops.ssim_plane import luminance, ssim
from fgresq.pairs import jnd as model
from fgresq.pairs import threshold
from fgresq.pairs.threshold import measure, sample
from fgresq.sections import Jnd
from fgresq.tables import IMAGE_COLUMNS, empty, write_images

OPTIONS = Jnd(sign="random", beta=0.7, plane="luminance", images=4, seed=0)


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[60:124, 200:264])


def mirrored(plane: np.ndarray, y: int, x: int) -> float:
    """Read a pixel, mirrored about the border pixels where it lies outside."""
    height, width = plane.shape
    y, x = abs(y), abs(x)
    return plane[min(y, 2 * height - 2 - y), min(x, 2 * width - 2 - x)]


def window(plane: np.ndarray, y: int, x: int, radius: int) -> list[list[float]]:
    reach = range(-radius, radius + 1)
    return [[float(mirrored(plane, y + dy, x + dx)) for dx in reach] for dy in reach]


def slow_adaptation(plane: np.ndarray, y: int, x: int) -> float:
    around = window(plane, y, x, 2)
    total = 0.0
    for i in range(5):
        for j in range(5):
            ring = max(abs(i - 2), abs(j - 2))
            total += {0: 0, 1: 2, 2: 1}[ring] * around[i][j]
    surround = total / 32
    if surround <= 127:
        surround = 32 + surround * (127 - 32) / 127
    if surround < 127:
        return 0.7 * (17 * (1 - math.sqrt(surround / 127)) + 3)
    return 0.7 * (3 / 128 * (surround - 127) + 3)


def slow_orientation(plane: np.ndarray, y: int, x: int) -> int | None:
    """Give the 12-degree bin of the gradient's orientation, None where it is plain."""
    w = window(plane, y, x, 1)
    across = sum(w[i][2] - w[i][0] for i in range(3)) / 3
    down = sum(w[2][j] - w[0][j] for j in range(3)) / 3
    if math.hypot(across, down) < 5:
        return None
    return round(math.degrees(math.atan2(down, across)) % 180 / 12) % 15


def slow_complexity(plane: np.ndarray) -> np.ndarray:
    height, width = plane.shape
    bins = [[slow_orientation(plane, y, x) for x in range(width)] for y in range(height)]
    counts = np.ones((height, width))
    for y in range(height):
        for x in range(width):
            if bins[y][x] is not None:
                rows = range(max(y - 1, 0), min(y + 2, height))
                columns = range(max(x - 1, 0), min(x + 2, width))
                counts[y, x] = len({bins[i][j] for i in rows for j in columns})
    return counts


def slow_gaussian(plane: np.ndarray, radius: int, sigma: float) -> np.ndarray:
    reach = range(-radius, radius + 1)
    weights = [[math.exp(-(i * i + j * j) / (2 * sigma**2)) for j in reach] for i in reach]
    result = np.zeros(plane.shape)
    for y in range(plane.shape[0]):
        for x in range(plane.shape[1]):
            result[y, x] = np.sum(np.multiply(weights, window(plane, y, x, radius)))
    return result / np.sum(weights)


def slow_protection(plane: np.ndarray) -> np.ndarray:
    edges = feature.canny(
        plane.astype(float), sigma=math.sqrt(2), low_threshold=25.5, high_threshold=51
    )
    protected = 1.0 - morphology.dilation(edges, morphology.disk(3))
    return slow_gaussian(protected, 2, 0.8)


def slow_jnd(plane: np.ndarray, protection: np.ndarray) -> np.ndarray:
    kinds = slow_gaussian(slow_complexity(plane), 1, 1.0)
    result = np.zeros(plane.shape)
    for y in range(plane.shape[0]):
        for x in range(plane.shape[1]):
            deviation = float(np.std(window(plane, y, x, 2)))
            masking = 0.115 * 16 * deviation**2.4 / (deviation**2 + 26**2)
            pattern = deviation * 0.3 * kinds[y, x] ** 2.7 / (kinds[y, x] ** 2 + 1)
            visual = max(masking, pattern * protection[y, x])
            adapted = slow_adaptation(plane, y, x)
            result[y, x] = adapted + visual - 0.3 * min(adapted, visual)
    return result


def test_map_equals_the_slow_model(photograph: np.ndarray) -> None:
    plane = luminance(photograph)[:40, :44]
    expected = slow_jnd(plane, model.edge_protection(plane))
    assert model.jnd(plane) == pytest.approx(expected, abs=2e-3)


def test_complexity_equals_the_slow_count(photograph: np.ndarray) -> None:
    plane = luminance(photograph)
    assert np.array_equal(model.complexity(plane), slow_complexity(plane))


def test_edge_protection_agrees_with_canny_of_scikit_image() -> None:
    """The two differ in how they thin ridges: nearly all pixels agree, not all."""
    plane = luminance(np.ascontiguousarray(data.astronaut()[0:96, 150:246]))
    ours, theirs = model.edge_protection(plane), slow_protection(plane)
    inside = np.s_[8:-8, 8:-8]
    assert np.mean(np.abs(ours - theirs)[inside] < 0.05) > 0.9


def test_edges_are_protected_and_flat_ground_is_not() -> None:
    plane = np.full((48, 48), 60, np.float32)
    assert np.all(model.edge_protection(plane) == 1)
    plane[:, 24:] = 160
    weights = model.edge_protection(plane)
    assert weights[24, 24] < 0.05
    assert weights[24, 6] == pytest.approx(1)


def test_flat_images_follow_the_luminance_formula() -> None:
    """Dark, middle and bright gray; the values are the formula by hand."""
    for gray, expected in (
        (0, 0.7 * (17 * (1 - math.sqrt(32 / 127)) + 3)),
        (127, 2.1),
        (255, 0.7 * 6),
    ):
        plane = np.full((20, 20), gray, np.float32)
        assert model.jnd(plane) == pytest.approx(np.full((20, 20), expected), abs=1e-5)


def test_map_is_positive_and_larger_in_texture() -> None:
    rng = np.random.default_rng(0)
    flat = np.full((40, 40), 120, np.float32)
    texture = flat + rng.normal(0, 8, flat.shape).astype(np.float32)
    assert model.jnd(flat).min() > 0
    assert model.jnd(texture).mean() > 2 * model.jnd(flat).mean()


def test_map_is_mirrored_with_the_image(photograph: np.ndarray) -> None:
    """A quarter turn is not tested: 15 bins of 12 degrees do not map onto themselves by it."""
    plane = luminance(photograph)
    inside = np.s_[6:-6, 6:-6]
    for turn in (np.fliplr, np.flipud):
        turned = model.jnd(np.ascontiguousarray(turn(plane)))[inside]
        assert np.mean(np.abs(turned - turn(model.jnd(plane))[inside]) < 1e-2) > 0.97


def test_noise_has_the_size_and_sign_asked_for() -> None:
    image = np.full((40, 40, 3), 128, np.uint8)
    maps = np.full((40, 40, 1), 10, np.float32)
    plus = model.inject(image, maps, "plus", 0.7, np.random.default_rng(0))
    assert np.all(plus == 135)
    random = model.inject(image, maps, "random", 0.7, np.random.default_rng(0)).astype(int)
    assert set(np.unique(random - 128)) == {-7, 7}
    assert abs(np.mean(random > 128) - 0.5) < 0.05
    assert np.array_equal(random[..., 0], random[..., 2])


def test_each_channel_of_rgb_has_noise_of_its_own(photograph: np.ndarray) -> None:
    maps = model.jnd_maps(photograph, "rgb")
    assert maps.shape == photograph.shape
    gray = np.full((30, 30, 3), 128, np.uint8)
    noised = model.inject(
        gray, model.jnd_maps(gray, "rgb"), "random", 1.0, np.random.default_rng(0)
    )
    assert not np.array_equal(noised[..., 0], noised[..., 1])


def test_medians_lie_in_the_published_order(photograph: np.ndarray) -> None:
    """Signed noise shows more than unsigned, more of it more than less (paper audit)."""
    maps = model.jnd_maps(photograph, "luminance")
    values = [
        ssim(photograph, model.inject(photograph, maps, sign, beta, np.random.default_rng(0)))
        for sign, beta in (("random", 1.0), ("random", 0.7), ("plus", 1.0), ("plus", 0.7))
    ]
    assert values == sorted(values)


@pytest.fixture
def images(tmp_path: Path) -> pd.DataFrame:
    rows = []
    for n, picture in enumerate((data.astronaut, data.chelsea, data.coffee, data.rocket)):
        path = tmp_path / f"{n}.png"
        write_png(path, np.ascontiguousarray(picture()[100:164, 100:164]))
        rows.append(
            {name: "" for name in IMAGE_COLUMNS}
            | {
                "image": f"s/{n}.png",
                "task": "denoising",
                "path": str(path),
                "raw_score": 0.0,
                "score": 0.5,
                "sha256": sha256(path),
            }
        )
    return pd.DataFrame(rows)


def test_threshold_is_the_median_of_its_setting(images: pd.DataFrame) -> None:
    found = measure(images, OPTIONS)
    assert found["images"] == 4
    assert len(found["grid"]) == 8
    asked = {name: getattr(OPTIONS, name) for name in found["setting"]}
    row = next(r for r in found["grid"] if asked.items() <= r.items())
    assert found["threshold"] == round(row["median"], 3)
    assert row["low_quartile"] <= row["median"] <= row["high_quartile"] < 1


def test_threshold_does_not_depend_on_the_order_of_rows_or_threads(images: pd.DataFrame) -> None:
    turned = images[::-1].reset_index(drop=True)
    assert measure(images, OPTIONS) == measure(turned, OPTIONS, threads=3)


def test_sample_is_of_distinct_files_and_changes_with_the_seed(images: pd.DataFrame) -> None:
    doubled = pd.concat([images, images.assign(image="t/" + images["image"])], ignore_index=True)
    assert sorted(sample(doubled, 10, 0)["path"]) == sorted(images["path"])
    turned = doubled.sample(frac=1, random_state=3)
    assert sample(turned, 3, 0)["image"].tolist() == sample(doubled, 3, 0)["image"].tolist()
    chosen = {tuple(sample(images, 2, seed)["image"]) for seed in range(12)}
    assert len(chosen) > 1


def test_sample_and_noise_follow_from_names_alone(images: pd.DataFrame) -> None:
    """Bytes of an image may differ between processors; here two even become alike."""
    moved = images.assign(sha256=["same", "same", *images["sha256"][2:]])
    assert list(sample(moved, 3, 0)["image"]) == list(sample(images, 3, 0)["image"])
    assert measure(moved, OPTIONS) == measure(images, OPTIONS)
    renamed = images.assign(source="t")
    chosen = [[list(sample(t, 2, s)["image"]) for s in range(4)] for t in (images, renamed)]
    assert chosen[0] != chosen[1]
    assert measure(renamed, OPTIONS)["grid"] != measure(images, OPTIONS)["grid"]


def test_a_beta_of_its_own_joins_the_grid(images: pd.DataFrame) -> None:
    found = measure(images[:1], OPTIONS.model_copy(update={"beta": 0.5}))
    assert sorted({row["beta"] for row in found["grid"]}) == [0.5, 0.7, 1.0]
    assert found["threshold"] is not None


def test_settings_not_in_use_are_measured_on_the_first_images(
    images: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {round(row["median"], 3): row for row in measure(images, OPTIONS)["grid"]}
    first = measure(sample(images, 2, OPTIONS.seed), OPTIONS)["grid"]
    monkeypatch.setattr(threshold, "GRID_IMAGES", 2)
    found = measure(images, OPTIONS)
    assert found["images"] == 4 and found["threshold"] in whole
    for row, of_two in zip(found["grid"], first, strict=True):
        used = all(row[name] == value for name, value in found["setting"].items())
        assert row == (whole[found["threshold"]] if used else of_two)


def test_no_images_give_no_threshold(tmp_path: Path) -> None:
    write_images(tmp_path / "images.csv", empty(IMAGE_COLUMNS))
    call = [
        "step",
        "jnd-threshold",
        "--images",
        str(tmp_path / "images.csv"),
        "--out",
        str(tmp_path / "threshold.json"),
        "--options",
        json.dumps({"jnd": OPTIONS.record()}),
    ]
    assert main(call) == 0
    found = json.loads((tmp_path / "threshold.json").read_text())
    assert (found["threshold"], found["images"], found["grid"]) == (None, 0, [])


def test_an_unreadable_image_is_named(images: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    path = Path(images["path"][1])
    path.write_bytes(path.read_bytes()[:200])
    table = path.parent / "images.csv"
    write_images(table, images)
    call = [
        "step",
        "jnd-threshold",
        "--images",
        str(table),
        "--out",
        str(path.parent / "t.json"),
        "--options",
        json.dumps({"jnd": OPTIONS.record()}),
    ]
    assert main(call) == 1
    assert str(path) in (message := capsys.readouterr().err) and "Replace the file" in message
    assert not (path.parent / "t.json").exists()
