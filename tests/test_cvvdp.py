"""ColorVideoVDP: values of its package, properties, and beside labels that it made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skimage import data

from fgresq.cli import main
from fgresq.code_digest import closure, library_versions
from fgresq.metrics import cvvdp
from fgresq.ops.least import NoValue
from fgresq.tables import IMAGE_COLUMNS, empty, read_scores, write_images
from tests.conftest import image_table, write_folder
from tests.damages import blurred, compressed, noised

PHOTO = np.ascontiguousarray(data.astronaut()[:128, 100:245])
MADE = '["mini"]'


def test_values_are_those_of_the_package() -> None:
    """The package is called here as its own page does, without what `jod` sets for speed."""
    from fgresq.networks.torchvision_ops import make_importable

    make_importable()
    import pycvvdp

    peer = pycvvdp.cvvdp(display_name="standard_fhd", heatmap=None, quiet=True)
    for image in (noised(PHOTO, 15), blurred(PHOTO, 2), compressed(PHOTO, 20)):
        expected = float(peer.predict(image, PHOTO, dim_order="HWC")[0])
        assert cvvdp.score(image, PHOTO) == pytest.approx(expected, abs=1.5e-4)


def test_identity_is_best_and_all_damage_tells() -> None:
    assert cvvdp.score(PHOTO, PHOTO.copy()) == 10
    for damage, steps in ((noised, (4, 10, 25)), (blurred, (1, 2, 4)), (compressed, (60, 25, 8))):
        values = [cvvdp.score(damage(PHOTO, step), PHOTO) for step in steps]
        assert values == sorted(values, reverse=True) and values[0] < 10


def test_the_smallest_images() -> None:
    image, reference = noised(PHOTO, 25), PHOTO
    for height, width in ((2, 2), (3, 2), (2, 145), (7, 5)):
        assert np.isfinite(cvvdp.score(image[:height, :width], reference[:height, :width]))
    with pytest.raises(NoValue, match="145x1 is too small, it takes 2x2"):
        cvvdp.score(image[:1], reference[:1])


def test_kept_scores_follow_the_display_and_the_package() -> None:
    """Both are behind an import inside a function."""
    assert "fgresq.mini.jod" in closure("fgresq.metrics.cvvdp")
    assert {"cvvdp", "torch"} <= set(library_versions("fgresq.metrics.cvvdp"))


def scored(step: list[str], images: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Call a step on an image table and give its scores by image."""
    write_images(folder / "images.csv", images)
    out = folder / "scores.csv"
    call = [*step, "--images", str(folder / "images.csv"), "--out", str(out)]
    assert main([*call, "--cache", str(folder / "cache")]) == 0
    return read_scores(out).set_index("image")


@pytest.fixture
def mixed(tmp_path: Path) -> pd.DataFrame:
    """Give four images of one reference: two of a made source, one without the reference."""
    folder = write_folder(tmp_path / "own", ("alpha",))
    listed = pd.read_csv(folder / "images.csv")
    images = image_table(4, 1, np.array([0.1, 0.2, 0.3, 0.4]))
    images["path"] = [str(folder / name) for name in listed["image"]]
    images["reference"] = str(folder / "images/alpha-clean.png")
    images["source"] = ["own", "mini", "own", "mini"]
    images.loc[2, "reference"] = ""
    return images


def test_a_made_source_keeps_its_values_and_others_are_scored(
    mixed: pd.DataFrame, tmp_path: Path
) -> None:
    found = scored(["step", "label-source", "cvvdp", "--made", MADE], mixed, tmp_path)
    assert found["value"]["s/001"] == 0.2 and found["value"]["s/003"] == 0.4
    assert found["reason"].to_dict() == dict.fromkeys(mixed["image"], "") | {
        "s/002": "no reference"
    }
    alike = scored(["score", "cvvdp"], mixed, tmp_path)
    assert found["value"]["s/000"] == alike["value"]["s/000"] > alike["value"]["s/001"] > 0.2


def test_a_made_source_alone_is_not_scored(mixed: pd.DataFrame, tmp_path: Path) -> None:
    found = scored(
        ["step", "label-source", "cvvdp", "--made", MADE], mixed.assign(source="mini"), tmp_path
    )
    assert list(found["value"]) == [0.1, 0.2, 0.3, 0.4]
    assert not (tmp_path / "cache").exists()


def test_a_table_without_images(tmp_path: Path) -> None:
    found = scored(
        ["step", "label-source", "cvvdp", "--made", MADE], empty(IMAGE_COLUMNS), tmp_path
    )
    assert found.empty
