"""The embedded model warns of images that are unlike the photographs that taught it."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from skimage import data

from fgresq.errors import UserError
from fgresq.images import write_png
from fgresq.model import opinion
from fgresq.model.domain import FILE, around, domain_of, read_domain, write_domain
from fgresq.scoring import compare
from fgresq.scoring.judges import judge_of
from fgresq.scoring.looking import look_at_all


def noise() -> np.ndarray:
    """Draw white noise."""
    return np.random.default_rng(0).integers(0, 256, (384, 384, 3)).astype(np.uint8)


def text() -> np.ndarray:
    """Draw a page of text."""
    page = Image.new("RGB", (512, 512), "white")
    drawn, letters = ImageDraw.Draw(page), list("abcdefg hijkl mnop ")
    rng = np.random.default_rng(0)
    for y in range(10, 500, 14):
        drawn.text((10, y), "".join(rng.choice(letters, 80)), fill="black")
    return np.array(page)


def radiograph() -> np.ndarray:
    """Draw what an X-ray is like: gray, smooth, bright in the middle, with faint ribs."""
    y, x = np.mgrid[:512, :512] / 512
    body = 255 * np.exp(-((x - 0.5) ** 2 * 6 + (y - 0.5) ** 2 * 3))
    gray = np.clip(body + 10 * np.sin(40 * y) * (abs(x - 0.5) < 0.3), 0, 255)
    return np.repeat(gray.astype(np.uint8)[..., None], 3, axis=2)


def phantom() -> np.ndarray:
    """Give the phantom of computed tomography."""
    gray = (data.shepp_logan_phantom() * 255).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)


@pytest.mark.parametrize("make", [noise, text, radiograph, phantom])
def test_what_is_no_photograph_is_outside(make) -> None:
    told = judge_of("embedded").encode(make()).warning
    assert told.startswith("unlike the photographs that taught the model")


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
def test_a_photograph_is_inside(name: str) -> None:
    assert judge_of("embedded").encode(getattr(data, name)()).warning == ""


def test_compare_and_many_looks_tell_it(tmp_path: Path, caplog, capsys) -> None:
    names = [str(tmp_path / f"{n}.png") for n in ("photograph", "noise")]
    for name, pixels in zip(names, (data.chelsea(), noise()), strict=True):
        write_png(name, pixels)
    parser = argparse.ArgumentParser()
    parser.add_argument("--debug", action="store_true")
    compare.add_arguments(parser)
    compare.main(parser.parse_args([*names, "--model", "embedded"]))
    (line,) = [m for m in caplog.messages if "unlike the photographs" in m]
    assert names[1] in line and "trust it less" in line
    caplog.clear()
    look_at_all(judge_of("embedded"), [(name, "") for name in names])
    assert any("1 of 2 images are odd for it" in m and names[1] in m for m in caplog.messages)


def test_the_distance_is_mahalanobis_of_the_shrunk_covariance() -> None:
    """Against the inverse of the covariance that is meant, by numpy."""
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(400, 6)) @ rng.normal(size=(6, 6)) + 3
    found = around(rows, axes=2)
    scaled = (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-3)
    values, vectors = np.linalg.eigh(np.cov(scaled.T, bias=True))
    shrunk = np.where(np.arange(6) < 4, values[:4].mean(), values)
    inverse = np.linalg.inv(vectors @ np.diag(shrunk) @ vectors.T)
    expected = np.sqrt(np.einsum("ij,jk,ik->i", scaled, inverse, scaled) / 6)
    assert found.distances(rows) == pytest.approx(expected, rel=1e-4)
    assert np.square(found.distances(rows)).mean() == pytest.approx(1, rel=1e-3)


def test_the_limit_is_of_photographs_that_were_left_out() -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(120, 40))  # few for so many features: what was fitted lies nearer
    domain = domain_of(rows, 0)
    fresh = domain.distances(rng.normal(size=(2000, 40)))
    within = np.quantile(domain.distances(rows), 0.99)
    assert within < domain.limit[0]
    assert (fresh > within).mean() > 0.02 and (fresh > domain.limit[0]).mean() < 0.05


def test_a_domain_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = np.random.default_rng(3).normal(size=(90, 40))
    domain = domain_of(rows, 0)
    write_domain(tmp_path, domain)
    found = read_domain(tmp_path)
    assert found is not None and found.limit == domain.limit
    assert found.distances(rows) == pytest.approx(domain.distances(rows), rel=1e-3)


def test_a_model_without_a_domain_says_nothing_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(opinion.folder(), folder)
    (folder / FILE).write_bytes(b"no")
    with pytest.raises(UserError, match="it is damaged"):
        read_domain(folder)
    (folder / FILE).unlink()
    assert judge_of(folder).encode(noise()).warning == ""
