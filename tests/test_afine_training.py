"""Training of A-FINE: its loss, its three stages, what each changes, and what no run may see."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from fgresq.cli import main
from fgresq.comparisons import read_comparisons, read_triplets
from fgresq.files import digest, read_json, write_json
from fgresq.imperfect import ship_heads, taught_afine, three_stages, train_afine, tuned_tower
from fgresq.imperfect.declared_presets import STAGES, read_presets
from fgresq.imperfect.encoding import of_model
from fgresq.imperfect.seen_comparisons import Statistics, encoded
from fgresq.imperfect.triplet_lessons import Lessons, lessons_of
from fgresq.model.adaptive import Afine, afine_on
from fgresq.model.afine_heads import read_heads, tower_digest
from fgresq.training import loop
from fgresq.training.loop import restarted
from fgresq.training.losses import thurstone_loss
from tests.training_world import INTERRUPTED, Killed
from tests.triplet_world import (
    FOLDS,
    World,
    kill_when,
    made_of,
    make_world,
    set_apart,
    settings,
    train,
)

BYTES = ("weights.safetensors", "history.csv", "values.csv", "card.json")


@pytest.fixture(autouse=True)
def apart(monkeypatch, tmp_path):
    set_apart(monkeypatch, tmp_path)


@pytest.fixture
def place(tmp_path) -> Path:
    """The world and settings of six steps a stage."""
    settings(tmp_path)
    return make_world().write(tmp_path)


def same(first: Path, second: Path, names: tuple[str, ...] = BYTES) -> bool:
    """Tell whether two runs made the same bytes."""
    return all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def test_the_four_values_of_the_loss():
    """As AFINE.md has them: sure and right, undecided, a tie met; epsilon inside both roots."""
    first, second = torch.tensor([0.0, 0, 0, 40]), torch.tensor([40.0, 0, 0, 0])
    labels = torch.tensor([1.0, 1, 0.5, 1])
    found = thurstone_loss(first, second, labels)
    expected = [-1e-4, 1 - math.sqrt(0.5 + 1e-8) - 1e-4, 0.0, 1 - 2e-4]
    assert found.tolist() == pytest.approx(expected, abs=1e-6)
    assert expected[1] == pytest.approx(0.2928, abs=1e-4)
    one = torch.tensor([1.0])  # Phi(1 / sqrt 2) = 0.7602
    assert float(thurstone_loss(0 * one, one, one)) == pytest.approx(1 - 0.7602**0.5, abs=2e-4)
    for value in (-40.0, 40.0):
        raw = torch.tensor([value], requires_grad=True)
        thurstone_loss(raw, 0 * one, one).sum().backward()
        assert raw.grad is not None and raw.grad.isfinite().all()


def test_rates_start_anew_in_cycles():
    """Four cycles at 1, .5, .5, .5: each begins at its weight and falls by a cosine."""
    factors = [restarted(step, 400, (1.0, 0.5, 0.5, 0.5)) for step in range(400)]
    assert [factors[k] for k in (0, 50, 100, 150, 200, 300)] == pytest.approx(
        [1, 0.5, 0.5, 0.25, 0.5, 0.5]
    )
    assert all(factors[k] < 1e-3 for k in (99, 199, 299, 399))
    assert [restarted(step, 2, (1.0, 0.5, 0.5, 0.5)) for step in range(2)] == [1.0, 0.5]


def test_training_is_repeated_to_the_byte(place):
    assert train(place, out="one") == train(place, "0", "two") == 0
    assert same(place / "one", place / "two")
    assert not list((place / "checkpoints").rglob("*.pt"))
    card = read_json(place / "one/card.json")
    assert card["kind"] == "A-FINE" and card["observers"] == "simulated"
    assert card["steps"] == dict.fromkeys(STAGES, 6) and card["device"] == "cpu"
    history = pd.read_csv(place / "one/history.csv")
    assert history["stage"].tolist() == [stage for stage in STAGES for _ in range(6)]
    values = pd.read_csv(place / "one/values.csv")
    assert tuple(values.columns) == train_afine.VALUES and len(values) == 12
    assert set(values["fold"]) == {0} and values["image"].str.contains("alpha").all()


def test_values_are_those_of_the_model_on_pixels(place):
    """What was kept of the tower says what the whole model says, read again from its folder."""
    assert train(place) == 0
    model, values = read_heads(place / "model"), pd.read_csv(place / "model/values.csv")
    world = make_world()
    for row in values.iloc[[0, 4, 7]].itertuples():
        image, reference = (
            model.encode(torch.from_numpy(world.pixels[name]).permute(2, 0, 1)[None] / 255)
            for name in (row.image, row.reference)
        )
        found = model.values(image, reference)
        told = [row.scaled_fidelity, row.scaled_naturalness, row.reference_naturalness]
        told += [row.weight, row.distance]
        assert told == pytest.approx([float(x) for x in found], rel=1e-4, abs=1e-5)
        assert row.naturalness == pytest.approx(float(model.naturalness(image.moments)), rel=1e-4)
    itself = values[values["image"] == values["reference"]]
    assert len(itself) == 2 and itself[["fidelity", "fidelity_untrained"]].abs().max().max() < 1e-5


def test_it_learns(place):
    """Noise is worse: a few steps more bring N and D of the family held out into order."""
    more = {"steps": 80, "batch": 24}
    settings(place, stages=dict.fromkeys(STAGES, more))
    assert train(place) == 0
    values = pd.read_csv(place / "model/values.csv").set_index(["reference", "image"])
    for reference in ("o", "r"):
        own = values.loc[made_of("alpha", reference)]
        names = [made_of("alpha", kind) for kind in ("a", "b", "c", "d")]
        assert own.loc[names, "naturalness"].is_monotonic_increasing, reference
        assert own.loc[names, "fidelity"].iloc[3] > own.loc[names, "fidelity"].iloc[2]
    history = pd.read_csv(place / "model/history.csv").groupby("stage")["loss"]
    assert (history.apply(lambda loss: loss.tail(9).mean() < loss.head(9).mean())).all()


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("step", [1, 5])
def test_a_killed_run_goes_on_to_the_same_bytes(place, monkeypatch, stage, step):
    settings(place, starts="authors")
    assert train(place, out="whole") == 0
    taken: list[tuple[str, int]] = []

    def stops(name: str, number: int) -> bool:
        taken.append((name, number))
        return (name, number) == (stage, step) and taken.count((name, number)) == 1

    kill_when(monkeypatch, stops)
    assert train(place) == INTERRUPTED
    assert train(place) == 0
    assert same(place / "whole", place / "model")
    again = [taken.count((name, number)) for name in STAGES for number in range(6)]
    at = STAGES.index(stage) * 6 + step
    assert again[:at] == [1] * (at - step % 2) + [2] * (step % 2)
    assert again[at] == 2 and set(again[at + 1 :]) <= {1}


@pytest.mark.parametrize("at", [2, 9, 15])  # of the 18 steps of three starts
def test_a_run_killed_at_any_start_of_the_last_stage_goes_on(place, monkeypatch, at):
    assert train(place, out="whole") == 0
    taken: list[int] = []

    def stops(name: str, number: int) -> bool:
        taken.extend([number] if name == "calibration" else [])
        return name == "calibration" and len(taken) == at + 1

    kill_when(monkeypatch, stops)
    assert train(place) == INTERRUPTED
    assert train(place) == 0
    assert same(place / "whole", place / "model")
    assert 18 < len(taken) <= 20  # no start that was whole was trained again


def test_the_start_that_ends_lowest_on_the_training_triplets_is_taken(place):
    assert train(place) == 0
    card = json.loads((place / "model/card.json").read_text())
    ends = card["calibration_ends"]
    assert len(ends) == 3 and len(set(ends)) == 3
    assert card["calibration_start"] == ends.index(min(ends))
    settings(place, starts="authors")
    assert train(place, out="authors") == 0
    theirs = json.loads((place / "authors/card.json").read_text())
    assert theirs["calibration_ends"] == ends[:1] and theirs["calibration_start"] == 0


def turned(world: World, family: str) -> World:
    """Change the labels and all pixels of a family, and nothing else."""
    own = world.triplets["family"].eq(family)
    for column in ("a_over_b", "a_over_reference", "b_over_reference"):
        world.triplets.loc[own, column] = 1 - world.triplets.loc[own, column]
    for kind in ("o", "r", "a", "b", "c", "d"):
        name = made_of(family, kind)
        world.pixels[name] = 255 - np.roll(world.pixels[name], 7, axis=1)[::-1]
    return world


def test_no_run_learns_of_the_family_it_is_tested_on(place, tmp_path):
    assert train(place) == 0
    other = turned(make_world(), "alpha").write(tmp_path / "other")
    settings(other)
    assert train(other) == 0
    assert same(place / "model", other / "model", ("weights.safetensors", "history.csv"))
    assert not same(place / "model", other / "model", ("values.csv",))
    another = turned(make_world(), "beta").write(tmp_path / "another")
    settings(another)
    assert train(another) == 0
    assert not same(place / "model", another / "model", ("weights.safetensors",))


def test_the_run_of_all_tests_nothing(place):
    assert train(place, "all") == 0
    assert (place / "model/values.csv").read_text() == ",".join(train_afine.VALUES) + "\n"
    card = read_json(place / "model/card.json")
    assert card["trained_on"]["diffiqa_mini"]["families"] == len(FOLDS)


def taught(place: Path) -> tuple[Lessons, Statistics]:
    """All triplets of the world, and what the random tower gives."""
    table = read_comparisons(place / "comparisons.csv")
    seen = encoded(table, of_model(afine_on("random")), "encoding")
    triplets = read_triplets(place / "triplets.csv", table)
    return lessons_of(triplets, table, seen.images, torch.device("cpu")), seen


def losses(model: Afine, lessons: Lessons, seen: Statistics) -> dict[str, three_stages.Loss]:
    """The losses of all stages."""
    fidelity, _ = three_stages.raw_fidelity(model, seen)
    naturalness = three_stages.raw_naturalness(model, seen)
    return {
        "naturalness": three_stages.naturalness_loss(model, lessons, seen),
        "fidelity": three_stages.fidelity_loss_of(model, lessons, seen),
        "calibration": three_stages.calibration_loss(model, lessons, fidelity, naturalness),
    }


OWN = {
    "naturalness": ("naturalness.",),
    "fidelity": ("fidelity.",),
    "calibration": ("fidelity_scale.", "naturalness_scale.", "raw_k"),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_changes_its_own_parameters_alone(place, monkeypatch, stage):
    """Hashes of all others are the same after a step; the tower's at every stage."""
    preset = read_presets(place / "settings.yaml")["mini"]
    model, lessons, seen = afine_on("random"), *taught(place)

    def hashes() -> dict[str, str]:
        return {n: digest(v.flatten()[:5000].tolist()) for n, v in model.state_dict().items()}

    before = hashes()
    course = three_stages.Course(preset, "run", place / "work", "identity")
    job = course.job(stage, model, lessons, losses(model, lessons, seen)[stage])
    job.steps = 1
    loop.train(job)
    changed = {name for name, value in hashes().items() if value != before[name]}
    assert changed and all(name.startswith(OWN[stage]) for name in changed)
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert trained == {name for name in before if name.startswith(OWN[stage])}
    assert changed == trained or stage == "naturalness"


def test_the_losses_of_the_stages_are_those_of_plain_loops(place):
    """Written out by the names of images, apart from the row numbers that the stages go by."""
    model, lessons, seen = afine_on("random"), *taught(place)
    taught_afine.scale_moments(model, seen, np.unique(lessons.images))
    model.naturalness_scale.width.data.fill_(0.05)
    fidelity, equal = three_stages.raw_fidelity(model, seen)
    naturalness = three_stages.raw_naturalness(model, seen)
    table, chosen = read_comparisons(place / "comparisons.csv"), np.arange(1, 30, 3)
    files = {**dict(zip(table["image"], table["sha256"], strict=True))}
    raw_n = {image: naturalness[seen.images[files[image]]].double() for image in files}
    keys = zip(table["image"], table["reference"], strict=True)
    raw_f = dict(zip(keys, fidelity.double(), strict=True))

    def said(first: torch.Tensor, second: torch.Tensor, label: float) -> float:
        chance = 0.5 * (1 + math.erf(float(second - first) / 2))
        sure = math.sqrt(chance * label + 1e-8)
        return 1 - sure - math.sqrt((1 - chance) * (1 - label) + 1e-8)

    def distance(image: str, reference: str) -> torch.Tensor:
        own, other = raw_n[image], raw_n[reference]
        return model.of_raw(raw_f[image, reference], own, other).distance.detach()

    expected: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for row in lessons.table.iloc[chosen].itertuples():
        a, b, x = row.image_a, row.image_b, row.reference
        pairs = ((a, b, row.a_over_b), (a, x, row.a_over_reference), (b, x, row.b_over_reference))
        of_n = sum(said(raw_n[one], raw_n[other], label) for one, other, label in pairs)
        expected["naturalness"].append(of_n)
        expected["fidelity"].append(said(raw_f[a, x], raw_f[b, x], row.a_over_b))
        expected["calibration"].append(said(distance(a, x), distance(b, x), row.a_over_b))
    for stage, loss in losses(model, lessons, seen).items():
        assert float(loss(chosen)) == pytest.approx(np.mean(expected[stage]), abs=1e-5), stage
    assert torch.allclose(equal, 1 - torch.from_numpy(seen.terms[:]).mean((1, 2)), atol=1e-6)


def test_pairs_with_the_reference_weigh_double(place):
    """The third pair is the reference with itself and says nothing; the other two are one."""
    raw = torch.tensor([[0.3, -0.2, -0.2]], requires_grad=True)
    labels = torch.tensor([[0.0, 0.0, 0.5]])
    found = three_stages.of_naturalness(raw, labels)
    alone = thurstone_loss(raw[:, 0], raw[:, 1], labels[:, 0]).sum()
    assert float(found) == pytest.approx(2 * float(alone), abs=1e-6)
    (slope,) = torch.autograd.grad(found, raw)
    assert slope[0, 1] == slope[0, 2] != 0


def test_variants_are_taught_by_their_triplets(place):
    table = read_comparisons(place / "comparisons.csv")
    triplets = read_triplets(place / "triplets.csv", table)
    seen = {content: 0 for content in {*table["sha256"], *table["reference_sha256"]}}
    lessons = lessons_of(triplets, table, seen, torch.device("cpu"))
    standard, imperfect = (lessons.of((kind,)) for kind in ("standard", "imperfect"))
    assert set(standard.table["type"]) == {"standard"}
    assert set(imperfect.table["type"]) == {"PNY", "NYY", "PYY"}
    assert len(standard.table) + len(imperfect.table) == len(lessons.table)
    row = imperfect.table.index[imperfect.table["type"].eq("PYY")][0]
    named = table.iloc[imperfect.pairs[row]]
    assert named["image"].tolist() == imperfect.table.loc[row, ["image_a", "image_b"]].tolist()
    assert (named["reference"] == imperfect.table.loc[row, "reference"]).all()
    assert imperfect.labels[row].tolist() == [1.0, 1.0, 0.5]


def test_what_is_at_fault_is_told(place, capsys):
    for words, told in (
        (("random", "ful", "0"), "unknown variant 'ful'. Did you mean 'full'?"),
        (("vgg61", "full", "0"), "unknown backbone 'vgg61'"),
        (("random", "full", "7"), "folds.csv: there is no fold '7'. Known are: 0, 1, 2, all"),
    ):
        more = [f"--{table}={table}.csv" for table in ("triplets", "comparisons", "folds")]
        more += ["--work=w", "--out=o", "--settings=settings.yaml"]
        assert main(["step", "afine-train", *words, *more]) == 1
        found = capsys.readouterr().err
        assert told in found and "Traceback" not in found


def test_triplets_of_other_comparisons_are_refused(place, capsys):
    table = make_world()
    table.comparisons = table.comparisons[table.comparisons["reference"] != made_of("beta", "r")]
    table.write(place)
    assert train(place) == 1
    found = capsys.readouterr().err
    assert "triplets.csv, row" in found and "is no comparison" in found


def test_a_family_without_a_fold_and_a_stage_without_triplets_are_told(place, capsys):
    world = make_world()
    world.folds = world.folds[world.folds["family"] != "gamma"]
    world.write(place)
    assert train(place) == 1
    assert "the family 'gamma' of diffiqa_mini has no fold" in capsys.readouterr().err
    world = make_world()
    world.triplets = world.triplets[world.triplets["type"] != "standard"]
    world.write(place)
    assert train(place) == 1
    assert "no triplet of the training side teaches the stage fidelity" in capsys.readouterr().err


def test_settings_for_a_gpu_are_refused_without_one(place, capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    settings(place, device="cuda", tower="trained", standardise=False)
    assert train(place) == 1
    assert (
        "key 'device': these settings are for a CUDA device, and there is none"
        in capsys.readouterr().err
    )
    settings(place, device="cuda", allow_cpu=True, tower="trained", standardise=False)
    assert train(place) == 1
    assert "Give `max_steps: N` beside allow_cpu" in capsys.readouterr().err
    assert not (place / "model").exists()
    settings(place, tower="trained")
    assert train(place) == 1
    assert "standardise is for a frozen tower" in capsys.readouterr().err


def test_the_tower_is_tuned_on_pixels(place, monkeypatch):
    """A truncated run of settings for a GPU: the first stage changes the tower, the others not."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    own = {"allow_cpu": True, "max_steps": 2, "tower": "trained", "standardise": False}
    settings(place, device="cuda", starts="authors", **own)
    states = []
    real = loop.optimizer_of

    def watched(job: loop.Job, on_gpu: bool) -> torch.optim.Optimizer:
        states.append({k: v.clone() for k, v in job.model.state_dict().items()})
        return real(job, on_gpu)

    monkeypatch.setattr(loop, "optimizer_of", watched)
    assert train(place) == 0
    before, fidelity, calibration = states
    moved = {name for name, value in before.items() if not torch.equal(value, fidelity[name])}
    assert {"tower.trunk.blocks.0.mlp.fc1.weight", "naturalness.head.2.weight"} <= moved
    assert all(name.startswith(("tower.", "naturalness.")) for name in moved)
    model, card = read_heads(place / "model"), read_json(place / "model/card.json")
    name = "tower.trunk.blocks.0.mlp.fc1.weight"
    assert torch.equal(model.state_dict()[name], calibration[name])
    assert card["tower"]["tuned"] and any("TRUNCATED" in told for told in card["deviations"])


def test_a_tuned_tower_is_resumed_to_the_same_bytes(place, monkeypatch):
    own = {"tower": "trained", "standardise": False, "max_steps": 3}
    settings(place, **own)
    assert train(place, out="whole") == 0
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 1)
    killed = Killed(2)
    with monkeypatch.context() as patch:
        patch.setattr(loop, "check_finite", killed)
        assert train(place) == INTERRUPTED
    assert train(place) == 0
    assert same(place / "whole", place / "model", (*BYTES, "tower.safetensors"))


def test_the_images_of_a_triplet_are_moved_alike():
    images = [np.arange(24 * k, 24 * k + 24, dtype=np.uint8).reshape(2, 4, 3) for k in range(3)]
    found = set()
    for seed in range(40):
        moved = tuned_tower.augmented(images, np.random.default_rng(seed))
        first = moved[0] * 255
        for k, image in enumerate(moved):
            assert torch.allclose(image * 255 - 24 * k, first, atol=1e-3)
        found.add(tuple(first.round().flatten().tolist()))
    assert len(found) == 8


def test_images_of_several_sizes_are_seen_in_batches_of_one(monkeypatch):
    model: Afine = afine_on("random")
    images = [torch.rand(1, 3, *size) for size in ((28, 42), (42, 28), (28, 42))]
    with torch.inference_mode():
        found = tuned_tower.by_size(model, images)
        alone = [model.naturalness(model.encode(image).moments) for image in images]
    assert torch.allclose(found, torch.cat(alone), atol=1e-5)


def shipped(place: Path, *models: str) -> int:
    """Call the step that writes the package's heads."""
    return main(["step", "afine-heads", "--models", *models, "--out", str(place / "shipped")])


def test_heads_are_shipped_the_same_again(place, monkeypatch):
    entry = {"title": "a random ViT", "licence": "none", "origin": "a seed"}
    monkeypatch.setattr(ship_heads, "catalogue", lambda _: {"random": entry})
    names, found = ("card.json", "weights.safetensors"), []
    for out in ("one", "two"):
        assert train(place, "all", out) == 0
        assert shipped(place, out) == 0
        found.append([(place / "shipped/random" / name).read_bytes() for name in names])
    assert found[0] == found[1]
    card = read_json(place / "shipped/random/card.json")
    assert card["observers"] == "simulated" and card["tower_of"]["title"] == "a random ViT"
    assert card["tower"]["sha256"] == tower_digest(afine_on("random").tower)
    assert (
        "device" not in card and "simulated observers" in (place / "shipped/NOTICE.txt").read_text()
    )
    whole, half = read_heads(place / "one"), read_heads(place / "shipped/random")
    assert half.fidelity.alpha.dtype == torch.float32
    assert len(found[0][1]) < 0.55 * (place / "one/weights.safetensors").stat().st_size
    seen = torch.rand(2, 3, 42, 42)
    with torch.inference_mode():
        assert torch.allclose(whole(*seen.split(1)), half(*seen.split(1)), rtol=1e-2)


def test_what_may_not_be_shipped_is_told(place, capsys, monkeypatch):
    assert train(place, "0", "part") == 0
    assert shipped(place, "part") == 1
    assert "it is the run 0 of the variant full. Give the run all" in capsys.readouterr().err
    assert train(place, "all", "whole") == 0
    assert shipped(place, "whole") == 1
    assert "the tower random comes out of no package" in capsys.readouterr().err
    card = read_json(place / "whole/card.json")
    write_json(place / "whole/card.json", {**card, "trained_on": {"diffiqa": {}}})
    assert shipped(place, "whole") == 1
    assert "it was trained on diffiqa. Only what diffiqa_mini" in capsys.readouterr().err
    write_json(place / "whole/card.json", {**card, "tower": {"tuned": True}})
    assert shipped(place, "whole") == 1
    assert "its tower was tuned" in capsys.readouterr().err
    assert not (place / "shipped").exists()
