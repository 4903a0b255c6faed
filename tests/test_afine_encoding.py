"""What is kept of comparisons: images are seen once, statistics stay, a killed call goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fgresq import workspace
from fgresq.cli import main
from fgresq.comparisons import read_comparisons
from fgresq.files import read_json
from fgresq.imperfect import seen_comparisons
from fgresq.imperfect.encoding import of_model
from fgresq.imperfect.seen_comparisons import Encoder, encoded
from fgresq.model.adaptive import afine_on
from fgresq.model.moments import terms
from tests.changed_code import edited
from tests.training_world import INTERRUPTED
from tests.triplet_world import SOURCE, made_of, make_world, path_of, set_apart, settings


@pytest.fixture(autouse=True)
def apart(monkeypatch, tmp_path):
    set_apart(monkeypatch, tmp_path)


@pytest.fixture
def place(tmp_path) -> Path:
    settings(tmp_path)
    return make_world().write(tmp_path)


def plain(seen: list[int] | None = None, state: str = "") -> Encoder:
    """Keep the mean of an image, and the difference of two means; note what is seen."""

    def see(pixels: np.ndarray) -> float:
        if seen is not None:
            seen.append(int(pixels.sum()))
        return float(pixels.mean())

    return Encoder(
        state,
        ("fgresq.model.moments",),
        see,
        lambda image, reference: np.float32([image - reference]),
        lambda value: np.float32([value]),
    )


def test_every_image_is_seen_once(place, monkeypatch):
    table, seen, world = read_comparisons(place / "comparisons.csv"), [], make_world()
    found = encoded(table, plain(seen), "encoding")
    assert len(seen) == len(found.images) == 18 == len(set(seen)) and len(found.terms) == 36
    for row, (image, reference, content) in enumerate(
        table[["image", "reference", "sha256"]].to_numpy()
    ):
        own, others = (world.pixels[name].mean() for name in (image, reference))
        assert float(found.terms[row, 0]) == pytest.approx(own - others, abs=1e-3)
        assert float(found.moments[found.images[content], 0]) == pytest.approx(own, abs=1e-3)
    encoded(table, plain(seen), "encoding")
    assert len(seen) == 18  # it was kept
    encoded(table, plain(seen, "other weights"), "encoding")
    assert len(seen) == 36
    for number, code in enumerate(("fgresq.imperfect.seen_comparisons", "fgresq.model.moments"), 3):
        with edited(code, place):
            encoded(table, plain(seen), "encoding")
        assert len(seen) == 18 * number
    with edited("fgresq.model.adaptive", place):  # heads look at what is kept
        encoded(table, plain(seen), "encoding")
    assert len(seen) == 72


def test_few_references_stand_in_memory(place, monkeypatch):
    monkeypatch.setattr(seen_comparisons, "HELD", 1)
    table, seen = read_comparisons(place / "comparisons.csv"), []
    blocks = seen_comparisons.blocks_of(table)
    assert sorted(np.concatenate(blocks)) == list(range(36))
    assert all(table.loc[rows, "reference"].nunique() == 1 for rows in blocks)
    one = encoded(table, plain(seen), "encoding")
    monkeypatch.setattr(seen_comparisons, "HELD", 6)
    other = encoded(table, plain(seen, "anew"), "encoding")
    assert np.array_equal(one.terms, other.terms) and np.array_equal(one.moments, other.moments)


def test_no_feature_is_kept(place):
    """Two numbers a channel of an image and of a comparison, float32."""
    table, model = read_comparisons(place / "comparisons.csv"), afine_on("random")
    found = encoded(table, of_model(model), "encoding")
    channels = len(model.fidelity.alpha)
    assert found.moments.shape == (18, 2, channels) and found.terms.shape == (36, 2, channels)
    assert found.moments.dtype == found.terms.dtype == np.float32
    kept = sum(path.stat().st_size for path in workspace.tokens().glob("*"))
    assert kept < 4 * 2 * channels * (18 + 36) + 1000
    world, row = make_world(), table.iloc[2]
    with torch.inference_mode():
        image, reference = (
            model.encode(torch.from_numpy(world.pixels[name]).permute(2, 0, 1)[None] / 255)
            for name in (row["image"], row["reference"])
        )
        own = torch.cat(list(image.moments))
        compared = torch.cat(list(terms(reference.levels, image.levels)))
    assert np.allclose(found.moments[found.images[row["sha256"]]], own, atol=1e-6)
    assert np.allclose(found.terms[2], compared, atol=1e-5)


@pytest.mark.parametrize("at", [0, 3, 6, 11, 17])
def test_a_killed_call_goes_on_where_it_was(place, at):
    table, seen = read_comparisons(place / "comparisons.csv"), []
    whole = encoded(table, plain(state="apart"), "encoding")
    own = plain(seen)

    def killed(pixels: np.ndarray) -> float:
        if len(seen) == at:
            raise KeyboardInterrupt
        return own.see(pixels)

    with pytest.raises(KeyboardInterrupt):
        encoded(table, replace(own, see=killed), "encoding")
    found = encoded(table, own, "encoding")
    assert len(seen) == 18 + at % 6  # six images a block
    for kind in ("terms", "moments"):
        assert np.array_equal(getattr(found, kind), getattr(whole, kind))


def test_the_step_tells_what_it_kept(place, monkeypatch, capsys):
    def step(features: str) -> int:
        words = ["--comparisons=comparisons.csv", "--out=encoded", "--settings=settings.yaml"]
        return main(["step", "afine-encode", features, *words])

    assert step("random") == 0
    told = read_json(place / "encoded/random.json")
    assert (told["images"], told["comparisons"], told["device"]) == (18, 36, "cpu")
    before = (place / "encoded/random.json").read_bytes()
    assert step("random") == 0
    assert (place / "encoded/random.json").read_bytes() == before
    assert step("randon") == 1
    assert "unknown features 'randon'. Did you mean 'random'?" in capsys.readouterr().err
    real = seen_comparisons.Filling.block
    monkeypatch.setattr(seen_comparisons.Filling, "block", killed_after(real, 1))
    settings(place, seed=1)
    assert step("random") == INTERRUPTED
    monkeypatch.setattr(seen_comparisons.Filling, "block", real)
    assert step("random") == 0


def killed_after(real: object, blocks: int) -> object:
    """Give a block that is stopped after some."""
    done = []

    def block(self: seen_comparisons.Filling, rows: np.ndarray) -> None:
        if len(done) == blocks:
            raise KeyboardInterrupt
        done.append(rows)
        real(self, rows)  # type: ignore[operator]

    return block


def test_images_at_fault_are_told(place, capsys):
    words = ["--comparisons=comparisons.csv", "--out=encoded", "--settings=settings.yaml"]
    name = path_of(made_of("beta", "c"))
    Image.new("RGB", (42, 42)).save(place / name)
    assert main(["step", "afine-encode", "random", *words]) == 1
    assert f"{name}: its content is not that of the table" in capsys.readouterr().err
    (place / name).unlink()
    assert main(["step", "afine-encode", "random", *words]) == 1
    assert name in capsys.readouterr().err
    world = make_world()
    world.pixels[made_of("beta", "c")] = world.pixels[made_of("beta", "c")][:, :28]
    world.write(place)
    assert main(["step", "afine-encode", "random", *words]) == 1
    found = capsys.readouterr().err
    assert f"{name}: it has 28x42 pixels, its reference 42x42" in found
    world.comparisons = world.comparisons[:0]
    world.write(place)
    assert main(["step", "afine-encode", "random", *words]) == 1
    assert "the table has no rows" in capsys.readouterr().err
    assert not (place / "encoded").exists() and SOURCE in name
