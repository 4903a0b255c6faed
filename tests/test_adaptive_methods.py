"""Methods on A-FINE's equations by name: scored, compared with what D is made of, and as a loss."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import ndtr

import fgresq
from fgresq import workspace
from fgresq.catalogues import catalogue
from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.images import write_png
from fgresq.metrics import afine, afine_dinov2, afine_vgg16
from fgresq.model import afine_file, shipped_heads
from fgresq.model.adaptive import Afine, afine_on
from fgresq.model.afine_heads import write_heads
from fgresq.model.moments import terms
from fgresq.ops.least import NoValue
from fgresq.scoring.adaptive_judge import METHODS, VALUES
from fgresq.scoring.registry import absence, own_version
from tests.afine_numpy import small
from tests.conftest import picture
from tests.damages import noised

MISSING = [
    name
    for name in ("vgg16", "dinov2_vits14")
    if not (workspace.weights_of(name) / "card.json").exists()
]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"run 'fgresq weights' for {MISSING}")
MODULES = {"afine_vgg16": afine_vgg16, "afine_dinov2": afine_dinov2}
TRAINED = {"diffiqa_mini": {"families": 12, "triplets": {"PYY": 3, "standard": 4}}}
PHOTO = picture(1, 64)[:, :48].copy()
A, B = noised(PHOTO, 10), noised(PHOTO, 40)


@pytest.fixture(scope="module")
def heads(tmp_path_factory) -> Path:
    """Heads of random weights, of which N tells images apart, in the package's form."""
    folder = tmp_path_factory.mktemp("afine")
    for backbone in ("vgg16", "dinov2_vits14"):
        model = afine_on(backbone, 3)
        with torch.no_grad():
            seen = [model.encode(tensor(image)).moments for image in (PHOTO, A, B)]
            raw = torch.cat([model.naturalness(own) for own in seen])
            model.naturalness_scale.centre.fill_(float(raw.mean()))
            model.naturalness_scale.width.fill_(2 * float(raw.std()))
        card = {"backbone": backbone, "observers": "simulated", "trained_on": TRAINED}
        write_heads(folder / backbone, model, card, half=1024)
    return folder


@pytest.fixture(autouse=True)
def shipped(heads, monkeypatch):
    """The package as if it held them."""
    monkeypatch.setattr(shipped_heads, "heads_folder", lambda backbone: heads / backbone)


def tensor(*images: np.ndarray) -> torch.Tensor:
    return torch.stack([torch.from_numpy(i.copy()).permute(2, 0, 1).float() / 255 for i in images])


def stub(natural: float) -> Afine:
    """A-FINE (VGG16) whose N_s is what it is told for every image."""
    model = afine_on("vgg16", 3)
    with torch.no_grad():
        model.naturalness.head[2].weight.zero_()
        model.naturalness.head[2].bias.fill_(math.log((2 + natural) / (2 - natural)))
        model.naturalness_scale.centre.zero_()
        model.naturalness_scale.width.fill_(1.0)
    return model.requires_grad_(False)


@pytest.mark.parametrize("name", MODULES)
def test_the_value_is_d_of_the_equations(name):
    module, model = MODULES[name], MODULES[name].model()
    found = module.values(A, PHOTO)
    with torch.no_grad():
        image, reference = (model.encode(tensor(own)) for own in (A, PHOTO))
        raw = model.fidelity(terms(reference.levels, image.levels))
        own, others = (
            model.naturalness_scale(model.naturalness(s.moments)) for s in (image, reference)
        )
    weight = torch.exp(model.k * (others - own))
    want = [
        model.fidelity_scale(raw),
        own,
        others,
        weight,
        model.fidelity_scale(raw) + weight * own,
    ]
    assert [float(v) for v in found] == pytest.approx([float(v) for v in want], rel=1e-5)
    assert module.score(A, PHOTO) == float(found.distance) != module.score(PHOTO, A)
    same = module.values(PHOTO, PHOTO)
    none = float(model.fidelity_scale(torch.zeros(1)))
    assert float(same.distance) == pytest.approx(none + float(same.naturalness), abs=1e-4)


def test_the_reference_is_seen_once(monkeypatch):
    model, seen = afine_vgg16.model(), []
    real = model.encode
    monkeypatch.setattr(model, "encode", lambda image: seen.append(1) or real(image))
    afine_vgg16.shipped.of_reference(noised(PHOTO, 3))
    seen.clear()
    for image in (A, B, A):
        afine_vgg16.score(image, PHOTO)
    assert len(seen) == 4


def test_the_catalogue_says_what_they_are():
    for name, module in MODULES.items():
        entry = catalogue("methods")[name]
        assert (entry["kind"], entry["direction"], entry["trained"]) == ("FR", "lower", False)
        assert entry["range"] == [None, None] and "simulated observers" in entry["convention"]
        assert absence(name, entry) is None
        assert own_version(name, entry) == module.card()["sha256"]


def test_without_heads_in_the_package_they_are_absent(monkeypatch, tmp_path):
    monkeypatch.setattr(shipped_heads, "heads_folder", lambda backbone: tmp_path / backbone)
    for name, module in MODULES.items():
        absent = absence(name, catalogue("methods")[name])
        assert absent.code == "no_weights" and "make afine" in absent.next_step
        assert "no heads of A-FINE (" in absent.reason and module.version() == "absent"
        with pytest.raises(UserError, match=r"A-FINE \(.*\): the package holds no heads"):
            module.shipped.load()
        with pytest.raises(UserError, match="holds no heads"):
            fgresq.metric(name)


def test_images_they_cannot_take():
    with pytest.raises(NoValue, match="13x20 is too small"):
        afine_dinov2.score(PHOTO[:20, :13], PHOTO[:20, :13])
    with pytest.raises(ValueError, match="the image has 48x40 pixels, its reference 48x64"):
        afine_vgg16.score(PHOTO[:40], PHOTO)


@pytest.fixture
def files(tmp_path) -> Path:
    for name, image in (("a", A), ("b", B), ("r", PHOTO), ("small", PHOTO[:40])):
        write_png(tmp_path / f"{name}.png", image)
    return tmp_path


def called(capsys, *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_a_comparison_tells_what_d_is_made_of(files, capsys):
    a, b, r = (files / f"{name}.png" for name in "abr")
    call = ["compare", a, b, "--reference", r, "--model", "afine_vgg16"]
    code, out, _ = called(capsys, *call)
    found = [afine_vgg16.values(image, PHOTO) for image in (A, B)]
    assert code == 0
    for side, own in zip("AB", found, strict=True):
        line = next(line for line in out.splitlines() if line.startswith(f"  of {side}: "))
        told = [f"{word} {float(getattr(own, key)):.4g}" for key, word in VALUES.items()]
        assert line == f"  of {side}: {', '.join(told)}"
    assert "simulated observers" in out and "simulated confidence" in out and "case V" in out
    code, out, _ = called(capsys, *call, "--json", "--csv", files / "out.csv")
    answer = json.loads(out)["pairs"][0]["answers"][0]
    row = pd.read_csv(files / "out.csv").iloc[0]
    ahead = float(found[1].distance) - float(found[0].distance)
    assert answer["a_better"] == pytest.approx(ndtr(ahead / math.sqrt(2)), rel=1e-5)
    assert answer["a_better"] + answer["b_better"] == pytest.approx(1)
    for side, own in zip("ab", found, strict=True):
        for key in VALUES:
            want = float(getattr(own, key))
            assert answer[f"{key}_{side}"] == pytest.approx(want, rel=1e-6)
            assert row[f"{key}_{side}"] == pytest.approx(want, rel=1e-6)
        assert answer[f"score_{side}"] == pytest.approx(float(own.distance), rel=1e-5)


def test_other_models_answer_as_before_beside_it(files, capsys):
    a, b, r = (files / f"{name}.png" for name in "abr")
    models = ["--model", "psnr", "--model", "afine_dinov2"]
    call = ["compare", a, b, "--reference", r, "--csv", files / "out.csv"]
    assert called(capsys, *call, *models)[0] == 0
    table = pd.read_csv(files / "out.csv").set_index("model")
    assert math.isnan(table.loc["psnr", "distance_a"]) and table.loc["psnr", "better"] == "A"
    assert math.isfinite(table.loc["afine_dinov2", "distance_a"])
    called(capsys, *call, "--model", "psnr")
    assert "distance_a" not in pd.read_csv(files / "out.csv")


def test_swapped_images_have_the_swapped_answer():
    model = fgresq.metric("afine_vgg16")
    found, turned = model.compare(A, B, PHOTO), model.compare(B, A, PHOTO)
    assert found.swapped() == turned and found.parts_a == turned.parts_b != found.parts_b
    assert model.compare(A, A, PHOTO).equal == 1
    assert set(found.parts_a) == set(VALUES)


@pytest.mark.parametrize(("natural", "warned"), [(0.3, True), (0.1, False)])
def test_images_of_which_d_falls_as_they_get_worse_are_told(natural, warned):
    judge = fgresq.metric("afine_vgg16").judge_of_one
    model = stub(natural)
    values = model.values(model.encode(tensor(A)), model.encode(tensor(PHOTO)))
    assert float(values.naturalness) == pytest.approx(natural, abs=1e-5)
    features = np.array([*(float(v) for v in values), 1 / float(model.k)])
    told = judge.odd(features)
    assert bool(told) == warned and bool(model.turned(values.naturalness)) == warned
    if warned:
        assert "N_s 0.3, above 1 / k = 0.2" in told and "falls as the image gets worse" in told


def test_the_warning_reaches_who_compares(files, capsys, monkeypatch):
    model = stub(0.3)
    monkeypatch.setattr(afine_vgg16.shipped, "model", lambda: model)
    monkeypatch.setattr(afine_vgg16, "model", lambda: model)
    a, b, r = (files / f"{name}.png" for name in "abr")
    _, out, err = called(
        capsys, "compare", a, b, "--reference", r, "--model", "afine_vgg16", "--json"
    )
    warnings = json.loads(out)["pairs"][0]["warnings"]
    assert sum("D falls as the image gets worse" in told for told in warnings) == 2
    assert f"{a} is so unnatural (N_s 0.3" in err


@pytest.fixture
def placed(monkeypatch, tmp_path):
    """A small file in the form of the authors', as if it were placed."""
    torch.save(small(128, 2), tmp_path / "afine.pth")
    monkeypatch.setattr(afine, "folder", lambda: tmp_path)
    read = partial(afine_file.read_afine, width=128, layers=2)
    monkeypatch.setattr(afine_file, "read_afine", read)
    afine.pictures.forget()
    yield
    afine.pictures.forget()


def test_the_authors_model_answers_alike_on_its_own_scale(placed, files, capsys):
    a, b, r = (files / f"{name}.png" for name in "abr")
    call = ["compare", a, b, "--reference", r, "--model", "afine", "--json"]
    code, out, _ = called(capsys, *call)
    answer, told = json.loads(out)["pairs"][0]["answers"][0], json.loads(out)["models"]["afine"]
    assert code == 0 and answer["score_a"] == pytest.approx(afine.score(A, PHOTO), rel=1e-5)
    distances = [float(afine.values(image, PHOTO).distance) for image in (A, B)]
    assert [answer["distance_a"], answer["distance_b"]] == pytest.approx(distances)
    assert answer["a_better"] == pytest.approx(ndtr((distances[1] - distances[0]) / math.sqrt(2)))
    assert "DiffIQA" in told["trained_on"] and told["judged_by"] == "people"


def test_a_folder_is_scored_and_what_has_no_value_is_told(files, tmp_path, capsys):
    for folder, names in (
        ("restored", ("a", "b", "small", "alone")),
        ("clean", ("a", "b", "small")),
    ):
        for name in names:
            image = {"a": A, "b": B, "alone": B}.get(name, PHOTO[:40])
            write_png(tmp_path / folder / f"{name}.png", image if folder == "restored" else PHOTO)
    call = ["score", "afine_vgg16", "--images", tmp_path / "restored", "--references"]
    code, _, err = called(capsys, *call, tmp_path / "clean", "--out", tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv").set_index("image")
    assert code == 1 and "Traceback" not in err
    assert table.loc["a.png", "value"] == pytest.approx(afine_vgg16.score(A, PHOTO), rel=1e-5)
    assert table["value"].isna().sum() == 2
    assert (
        "48x40" in table.loc["small.png", "reason"] and "48x64" in table.loc["small.png", "reason"]
    )
    assert "reference" in table.loc["alone.png", "reason"]
    assert not table["reason"].dropna().str.contains("\n").any()


@pytest.mark.parametrize("name", MODULES)
def test_as_a_loss_it_is_the_value_and_has_its_slope(name):
    loss, module = fgresq.loss(name), MODULES[name]
    image, target = tensor(A, B).requires_grad_(), tensor(PHOTO, PHOTO).requires_grad_()
    found = loss(image, target)
    want = np.mean([module.score(own, PHOTO) for own in (A, B)])
    assert float(found) == pytest.approx(want, rel=1e-4, abs=1e-4)
    found.backward()
    assert image.grad.isfinite().all() and (image.grad.flatten(1).norm(dim=1) > 0).all()
    assert target.grad is None  # the reference stays as it is
    way = image.grad / image.grad.norm()
    with torch.no_grad():
        ahead, behind = (float(loss(image + s * 0.001 * way, target)) for s in (1, -1))
    assert (ahead - behind) / 0.002 / float(image.grad.norm()) == pytest.approx(1, abs=0.05)


def test_the_loss_of_a_copy_follows_naturalness_alone():
    """Its gradient is (1 - k N_s) times that of N_s: F's is 0 there."""
    loss, model = fgresq.loss("afine_vgg16"), afine_vgg16.model()
    image = (0.1 + 0.8 * tensor(PHOTO)).requires_grad_()
    loss(image, image.detach().clone()).backward()
    own = image.detach().clone().requires_grad_()
    natural = model.naturalness_scale(model.naturalness(model.encode(own).moments))
    natural.sum().backward()
    want = (1 - float(model.k) * float(natural)) * own.grad
    assert torch.allclose(image.grad, want, rtol=1e-2, atol=1e-3 * float(want.abs().max()))


def test_the_names_of_all_three_are_known():
    assert set(METHODS) == {"afine", *MODULES} <= set(fgresq.methods())
