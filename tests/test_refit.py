"""LPIPS-FT and DISTS-FT: weights alone learn, from the training side alone, and the same bytes."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import load_file

from fgresq import workspace
from fgresq.cli import parser_for
from fgresq.comparisons import STANDARD, write_comparisons, write_triplets
from fgresq.errors import UserError
from fgresq.files import read_json, sha256, write_csv
from fgresq.images import write_png
from fgresq.imperfect import refit
from fgresq.imperfect.declared_presets import settings_file
from fgresq.imperfect.perceptual_terms import PERCEIVED
from fgresq.metrics import dists, lpips
from fgresq.training import loop
from tests.conftest import picture
from tests.damages import blurred, noised

MISSING = [
    name
    for name in ("lpips_alex", "vgg16", "dists")
    if not (workspace.weights_of(name) / "card.json").exists()
]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"run 'fgresq weights' for {MISSING}")
SOURCE = "diffiqa_mini"
FAMILIES = ("a", "b", "c", "d")
MADE = {"blur5": blurred, "blur8": blurred, "noise10": noised, "noise25": noised}
ORDER = tuple(MADE)  # people here prefer any blur to noise, against both metrics


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """Four photographs, each the reference of four damaged copies and of itself."""
    folder = tmp_path_factory.mktemp("refit")
    comparisons, triplets = [], []
    for number, family in enumerate(FAMILIES):
        clean, shas = picture(number + 1, 64), {}
        for name in ("clean", *ORDER):
            strength = "".join(c for c in name if c.isdigit())
            made = MADE[name](clean, int(strength)) if strength else clean
            write_png(folder / f"{family}-{name}.png", made)
            shas[name] = sha256(folder / f"{family}-{name}.png")
        for name, sha in shas.items():
            own = {
                "image": f"{SOURCE}/{family}-{name}.png",
                "path": str(folder / f"{family}-{name}.png"),
            }
            beside = {
                "reference": f"{SOURCE}/{family}-clean.png",
                "reference_sha256": shas["clean"],
            }
            beside["reference_path"] = str(folder / f"{family}-clean.png")
            rest = {"source": SOURCE, "content": family, "family": family, "label": ""}
            comparisons.append({**own, **beside, "sha256": sha, **rest})
        of = {"source": SOURCE, "content": family, "family": family, "a_over_reference": 0.0}
        of |= {"reference": f"{SOURCE}/{family}-clean.png", "b_over_reference": 0.0}
        for better, worse in itertools.combinations(ORDER, 2):
            pair = {"image_a": f"{SOURCE}/{family}-{better}.png", "a_over_b": 1.0}
            triplets.append(
                {**of, **pair, "image_b": f"{SOURCE}/{family}-{worse}.png", "type": STANDARD}
            )
    write_comparisons(folder / "comparisons.csv", pd.DataFrame(comparisons))
    write_triplets(folder / "triplets.csv", pd.DataFrame(triplets))
    folds = pd.DataFrame({"source": SOURCE, "family": FAMILIES, "fold": [0, 0, 1, 1]})
    write_csv(folder / "folds.csv", folds)
    settings = yaml.safe_load(settings_file().read_text())
    settings["defaults"]["refit"] = {"steps": 160, "batch": 8, "lr": 0.1}
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    return folder


def run(world: Path, out: Path, method: str = "lpips_ft", fold: str = "0", **given: Path) -> Path:
    files = {"triplets": world / "triplets.csv", "folds": world / "folds.csv", **given}
    words = [method, fold, "--comparisons", str(world / "comparisons.csv"), "--out", str(out)]
    words += ["--work", str(out / "work"), "--settings", str(world / "settings.yaml")]
    words += [word for name, path in files.items() for word in (f"--{name}", str(path))]
    args = parser_for("step afine-refit").parse_args(words)
    args.main(args)
    return out


def agreeing(values: pd.DataFrame, column: str) -> float:
    """The share of pairs of a family that a column orders as people here do."""
    found = dict(zip(values["image"], values[column], strict=True))
    pairs = [
        found[f"{SOURCE}/{f}-{a}.png"] < found[f"{SOURCE}/{f}-{b}.png"]
        for f in FAMILIES[:2]
        for a, b in itertools.combinations(ORDER, 2)
    ]
    return float(np.mean(pairs))


@pytest.mark.parametrize(
    ("method", "scores"), [("lpips_ft", lpips.score), ("dists_ft", dists.score)]
)
def test_weights_learn_what_people_prefer(world, tmp_path, method, scores):
    out = run(world, tmp_path, method)
    values = pd.read_csv(out / "values.csv")
    assert list(values) == ["image", "reference", "fold", "untrained", "distance"]
    assert len(values) == 10 and set(values["fold"]) == {0}
    assert {image.split("/")[1][0] for image in values["image"]} == {"a", "b"}
    assert agreeing(values, "distance") > agreeing(values, "untrained")
    row = values[values["image"].eq(f"{SOURCE}/b-blur5.png")].iloc[0]
    want = scores(blurred(picture(2, 64), 5), picture(2, 64))
    assert row["untrained"] == pytest.approx(want, abs=2e-6)
    state, own = load_file(out / "weights.safetensors"), PERCEIVED[refit.METHODS[method]]
    weights = torch.cat([state[name].flatten() for name in own.named(own.weights())])
    assert (weights >= 0).all() and not torch.allclose(weights, own.weights(), rtol=0.1)
    if own.similar:
        assert float(weights.sum()) == pytest.approx(1, abs=1e-5)
    card = read_json(out / "card.json")
    assert (card["kind"], card["observers"]) == (f"{own.title}-FT", "simulated")
    assert card["trained_on"] == {SOURCE: {"families": 2, "triplets": {STANDARD: 12}}}


def test_it_starts_at_the_published_weights():
    for own in PERCEIVED.values():
        start, published = refit.Weighed(own).weights(), own.weights()
        assert torch.allclose(start, published / (published.sum() if own.similar else 1),
                              atol=1.01 * refit.LEAST, rtol=1e-4)  # fmt: skip


def permuted(world: Path, folder: Path) -> dict[str, Path]:
    """The labels of the tested families turned round, and their rows behind the others."""
    triplets = pd.read_csv(world / "triplets.csv")
    held = triplets["family"].isin(["a", "b"])
    turned = triplets[held].assign(a_over_b=0.0)[::-1]
    write_triplets(folder / "triplets.csv", pd.concat([triplets[~held], turned]))
    return {"triplets": folder / "triplets.csv"}


def test_labels_of_tested_families_leave_every_byte(world, tmp_path):
    first, again = run(world, tmp_path / "1"), run(world, tmp_path / "2")
    other = run(world, tmp_path / "3", **permuted(world, tmp_path))
    unlike = run(world, tmp_path / "4", fold="1")
    for name in ("weights.safetensors", "values.csv", "history.csv", "card.json"):
        data = (first / name).read_bytes()
        assert (again / name).read_bytes() == (other / name).read_bytes() == data
        assert (unlike / name).read_bytes() != data


def test_a_killed_run_ends_in_the_same_bytes(world, tmp_path, monkeypatch):
    whole = run(world, tmp_path / "whole")
    real, left = loop.check_finite, iter(range(70))

    def killed(*args):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(loop, "check_finite", killed)
    with pytest.raises(KeyboardInterrupt):
        run(world, tmp_path / "killed")
    monkeypatch.setattr(loop, "check_finite", real)
    assert list((tmp_path / "killed/work").rglob("*.pt"))
    out = run(world, tmp_path / "killed")
    for name in ("weights.safetensors", "values.csv", "history.csv"):
        assert (out / name).read_bytes() == (whole / name).read_bytes()
    assert not list((tmp_path / "killed/work").rglob("*.pt"))


def test_all_trains_on_everything_and_tests_nothing(world, tmp_path):
    out = run(world, tmp_path, fold="all")
    assert read_json(out / "card.json")["trained_on"][SOURCE]["families"] == 4
    assert len(pd.read_csv(out / "values.csv")) == 0


def test_what_is_at_fault_is_told(world, tmp_path):
    with pytest.raises(UserError, match="unknown method 'lpips'.*'lpips_ft'"):
        run(world, tmp_path, "lpips")
    with pytest.raises(UserError, match="there is no fold '7'"):
        run(world, tmp_path, fold="7")
    empty = pd.read_csv(world / "triplets.csv").query("family in ['a', 'b']")
    write_triplets(tmp_path / "few.csv", empty)
    with pytest.raises(UserError, match="no triplet is of the training side"):
        run(world, tmp_path, triplets=tmp_path / "few.csv")
