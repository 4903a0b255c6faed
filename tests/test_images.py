"""Decoding: every kind of file arrives as 8-bit RGB, or one message names it."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from fgresq.images import Unreadable, read_mask, read_rgb
from tests.conftest import picture

DEEP = np.random.default_rng(0).integers(0, 65536, (13, 17, 4)).astype(np.uint16)  # RGBA
EIGHT = (DEEP / 257).round()


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_16_bits_are_rounded_alike_in_gray_and_in_colour(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"deep.{suffix}"
    cv2.imwrite(str(path), np.ascontiguousarray(DEEP[..., 2::-1]))
    np.testing.assert_array_equal(read_rgb(path), EIGHT[..., :3])
    cv2.imwrite(str(path), np.ascontiguousarray(DEEP[..., 0]))
    np.testing.assert_array_equal(read_rgb(path), np.repeat(EIGHT[..., :1], 3, 2))


def test_16_bit_gray_of_pgm(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "deep.pgm"), np.ascontiguousarray(DEEP[..., 0]))
    np.testing.assert_array_equal(read_rgb(tmp_path / "deep.pgm")[..., 1], EIGHT[..., 0])


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "deep.png"), np.ascontiguousarray(DEEP[..., [2, 1, 0, 3]]))
    share = DEEP[..., 3:] / 65535
    wanted = DEEP[..., :3] / 257 * share + 255 * (1 - share)
    assert np.abs(read_rgb(tmp_path / "deep.png") - wanted).max() <= 0.5 + 1e-9
    eight = EIGHT.astype(np.uint8)
    Image.fromarray(eight).save(tmp_path / "eight.png")
    share = eight[..., 3:] / 255
    wanted = eight[..., :3] * share + 255 * (1 - share)
    assert np.abs(read_rgb(tmp_path / "eight.png") - wanted).max() <= 1


@pytest.mark.parametrize(
    "values", [np.float32([[0.5, 1]]), np.int32([[-5, 70000]]), np.int32([[0, 255]])]
)
def test_32_bits_are_refused(tmp_path: Path, values: np.ndarray) -> None:
    Image.fromarray(values).save(tmp_path / "wide.tiff")
    with pytest.raises(Unreadable, match="wide.tiff.*32 bits and no known range. Save it with"):
        read_rgb(tmp_path / "wide.tiff")


def test_a_deep_file_cut_short_is_told(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    cv2.imwrite(str(path), np.ascontiguousarray(DEEP[..., 2::-1]))
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(Unreadable, match="deep.png: not a readable image"):
        read_rgb(path)


def test_eight_bits_arrive_as_they_are(tmp_path: Path) -> None:
    Image.fromarray(picture(1)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.png"), picture(1))


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(Unreadable, match="pipe.png: it is no regular file"):
        read_rgb(tmp_path / "pipe.png")
    with pytest.raises(Unreadable, match="none.png: there is no such image"):
        read_rgb(tmp_path / "none.png")


def test_outside_of_a_mask_is_black_or_transparent(tmp_path: Path) -> None:
    inside = np.zeros((12, 10), bool)
    inside[2:6, 3:] = True
    Image.fromarray(np.uint8(255 * inside)).save(tmp_path / "gray.png")
    clear = np.full((12, 10, 4), 255, np.uint8)
    clear[..., 3] = 255 * inside
    Image.fromarray(clear).save(tmp_path / "clear.png")
    for name in ("gray", "clear"):
        np.testing.assert_array_equal(read_mask(tmp_path / f"{name}.png"), inside)
    (tmp_path / "mask.mat").write_bytes(b"none")
    with pytest.raises(Unreadable, match="mask.mat: not a readable MATLAB file"):
        read_mask(tmp_path / "mask.mat")
