"""Declared memory: it grows with the largest image, and the scheduler is told of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from fgresq.catalogues import catalogue
from fgresq.scoring.listing import memory_of
from fgresq.tables import write_images
from tests.conftest import image_table
from workflow.memory import MEASURED, largest, memory_needed
from workflow.values import Values

METHODS = catalogue("methods")


def table(folder: Path, *sizes: tuple[int, int]) -> Path:
    """Write an image table of pictures of these sizes (width, height), one of them no picture."""
    images = image_table(len(sizes) + 1, 1, np.linspace(0, 1, len(sizes) + 1))
    paths = []
    for number, size in enumerate(sizes):
        paths.append(str(folder / f"{number}.png"))
        Image.new("L", size).save(paths[-1])
    (folder / "broken.png").write_bytes(b"none")
    write_images(folder / "images.csv", images.assign(path=[*paths, str(folder / "broken.png")]))
    return folder / "images.csv"


def test_the_largest_image_of_a_table_counts(tmp_path: Path) -> None:
    path = table(tmp_path, (1024, 768), (30_000, 20), (800, 600))
    assert largest(path) == MEASURED
    Image.new("L", (4000, 3000)).save(tmp_path / "2.png")
    path.touch()
    assert largest(path) == 12.0
    with pytest.raises(FileNotFoundError):
        largest(tmp_path / "none.csv")


def test_memory_grows_with_the_pixels_beyond_those_it_was_measured_at() -> None:
    entry = {"memory": 0.5, "memory_per_megapixel": 0.25}
    assert memory_needed(entry, 0.1) == memory_needed(entry, MEASURED) == 512
    assert memory_needed(entry, MEASURED + 4) == 512 + 1024
    assert memory_needed({"memory": 0.5}, 48) == 512
    assert memory_of(entry) == "0.5 + 0.25/MP GiB RAM"


@pytest.mark.parametrize(("name", "least"), [("ssim", 2.2), ("vsi", 1.5), ("niqe", 3.0)])
def test_48_megapixels_take_what_was_seen_of_them(name: str, least: float) -> None:
    """Processes that scored 8000x6000 pixels took 2.3 GB (SSIM, VSI) and 3.6 GB (NIQE)."""
    assert least < memory_needed(METHODS[name], 48) / 1024 < 3 * least


def test_every_method_that_runs_here_says_how_its_memory_grows() -> None:
    measured = [n for n, e in METHODS.items() if "memory" in e and not e["trained"]]
    without = [name for name in measured if "memory_per_megapixel" not in METHODS[name]]
    assert without == ["fgresq_published"]  # its weights were nowhere at hand


def test_a_job_takes_the_memory_of_all_its_processes(tmp_path: Path) -> None:
    path = table(tmp_path, (4000, 3000))
    values = Values(SimpleNamespace(methods=METHODS), SimpleNamespace())
    wildcards, given = SimpleNamespace(method="niqe"), SimpleNamespace(images=str(path))
    one = values.memory_of_method(wildcards, given, 1)
    assert values.memory_of_method(wildcards, given, 3) == 3 * one
    assert one == memory_needed(METHODS["niqe"], 12.0)


def test_a_table_of_another_form_stops_no_look_at_the_graph(tmp_path: Path) -> None:
    table = tmp_path / "images.csv"
    table.write_text("of another form\n")
    assert largest(table) == 0
