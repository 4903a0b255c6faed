"""The measure that made labels: its own values are not computed again, and it is not ranked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fgresq.analysis.roles import LABEL_SOURCE, measure_of, roles_in, sharing_network
from fgresq.catalogues import catalogue
from fgresq.cli import main
from fgresq.tables import IMAGE_COLUMNS, empty, read_scores, write_images
from tests.conftest import image_table, write_folder


def scored(method: str, images: pd.DataFrame, folder: Path, made: str = "") -> pd.DataFrame:
    """Score an image table by the step and give its scores by image."""
    write_images(folder / "images.csv", images)
    out = folder / "scores.csv"
    call = ["step", "score", method, "--images", str(folder / "images.csv"), "--out", str(out)]
    assert main([*call, "--made", *made.split(), "--cache", str(folder / "cache")]) == 0
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
    found = scored("psnr", mixed, tmp_path, made="mini")
    assert found["value"]["s/001"] == 0.2 and found["value"]["s/003"] == 0.4
    assert found["reason"].to_dict() == dict.fromkeys(mixed["image"], "") | {
        "s/002": "no reference"
    }
    alike = scored("psnr", mixed, tmp_path)
    assert found["value"]["s/000"] == alike["value"]["s/000"] > alike["value"]["s/001"] > 1


def test_a_made_source_alone_is_not_scored(mixed: pd.DataFrame, tmp_path: Path) -> None:
    """Raw scores are higher better; LPIPS, whose lower values are better, gets them turned."""
    made = mixed.assign(source="mini")
    assert list(scored("psnr", made, tmp_path, "mini")["value"]) == [0.1, 0.2, 0.3, 0.4]
    assert list(scored("gmsd", made, tmp_path, "mini")["value"]) == [-0.1, -0.2, -0.3, -0.4]
    assert not (tmp_path / "cache").exists()


def test_a_table_without_images(tmp_path: Path) -> None:
    assert scored("psnr", empty(IMAGE_COLUMNS), tmp_path, "mini").empty


def record(**over: object) -> dict:
    """Give what the role of a method looks at in the record of a made source."""
    return {"status": "present", "label_origin": "simulated", "measure": "lpips", **over}


@pytest.mark.parametrize(
    ("records", "source"),
    [
        ([record()], "lpips"),
        ([record(measure="jod")], "cvvdp"),
        ([record(label_origin="human"), record(measure="jod")], "cvvdp"),
        ([record(status="absent")], None),
        ([record(label_origin="human")], None),
        ([], None),
    ],
)
def test_the_label_source_is_the_method_of_the_measure_that_observers_saw(
    records: list, source: str | None
) -> None:
    methods = catalogue("methods")
    found = roles_in(methods, records)
    assert [n for n, e in found.items() if e["role"] == LABEL_SOURCE] == ([source] * bool(source))
    assert list(found) == list(methods) and (measure_of(records) is None) == (source is None)


def test_methods_that_read_weights_of_the_label_source_are_named() -> None:
    assert sharing_network(roles_in(catalogue("methods"), [record()])) == []
    methods = {
        "lpips": {"role": "method", "weights": ["alex"]},
        "relative": {"role": "method", "weights": ["alex", "own"]},
        "other": {"role": "method", "weights": ["own"]},
    }
    assert sharing_network(methods) == []
    assert sharing_network(roles_in(methods, [record()])) == ["relative"]
