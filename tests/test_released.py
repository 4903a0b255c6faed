"""The authors' FGResQ: its files read strictly, its forward pass against transformers' own CLIP."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from fgresq.cli import parser_for
from fgresq.errors import UserError
from fgresq.metrics import fgresq_published as method
from fgresq.model import released
from fgresq.networks.torchvision_ops import make_importable
from fgresq.scoring import score
from fgresq.scoring.judges import judge_of
from fgresq.scoring.registry import own_version
from fgresq.scoring.score_table import read_told
from fgresq.tables import IMAGE_COLUMNS, empty, write_table
from tests.conftest import ROOT, picture

WIDTH, LAYERS = 128, 2
SIZES = {"general": "clip_model", "degradation": "task_cls_clip"}


@pytest.fixture(scope="module")
def clip():
    """transformers' CLIPVisionModel, small, with random weights of a seed."""
    make_importable()
    from transformers import CLIPVisionConfig, CLIPVisionModel

    def build(seed: int):
        torch.manual_seed(seed)
        config = CLIPVisionConfig(
            hidden_size=WIDTH,
            intermediate_size=4 * WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=WIDTH // 64,
            image_size=224,
            patch_size=16,
        )
        model = CLIPVisionModel(config).eval()
        for value in model.parameters():  # zero biases and unit scales would hide a swap
            torch.nn.init.normal_(value, std=0.2)
        return model

    return {name: build(seed) for seed, name in enumerate(SIZES)}


def named(model: torch.nn.Module, prefix: str) -> dict[str, torch.Tensor]:
    """Name the weights of a tower as the release does, whatever this transformers calls them."""
    state = {name.removeprefix("vision_model."): v for name, v in model.state_dict().items()}
    return {f"{prefix}.vision_model.{n}": v for n, v in state.items() if "position_ids" not in n}


@pytest.fixture(scope="module")
def state(clip) -> dict[str, torch.Tensor]:
    """A whole FGResQ.pth with random weights."""
    torch.manual_seed(9)
    heads = {
        "head": torch.nn.Linear(3 * WIDTH, 1),
        "compare_head": torch.nn.Linear(6 * WIDTH, 3),
        "task_mlp.0": torch.nn.Linear(WIDTH, WIDTH),
        "task_mlp.2": torch.nn.Linear(WIDTH, WIDTH),
        "prompt_mlp": torch.nn.Linear(WIDTH, WIDTH),
    }
    found = {f"{n}.{k}": 3 * v for n, layer in heads.items() for k, v in layer.state_dict().items()}
    found["prompt"] = torch.rand(1, WIDTH)
    found["head.weight"] *= 30  # so that scores of images differ
    for name, prefix in SIZES.items():
        found |= named(clip[name], prefix)
    return found


@pytest.fixture
def small(monkeypatch, tmp_path: Path):
    """Let the method build the small model, from an empty folder."""
    monkeypatch.setattr(method, "folder", lambda: tmp_path / "weights")
    read = partial(released.read_released, width=WIDTH, layers=LAYERS)
    monkeypatch.setattr(released, "read_released", read)
    (tmp_path / "weights").mkdir()
    method.model.cache_clear()
    yield tmp_path / "weights"
    method.model.cache_clear()


def expected(image: np.ndarray, clip, state) -> torch.Tensor:
    """F_q of the release, written out: OpenCV's resize, transformers' pooled output, the prompt."""
    pixels = cv2.resize(image, (256, 256), interpolation=cv2.INTER_LINEAR)[16:240, 16:240]
    x = torch.from_numpy(pixels.astype(np.float32) / 255).permute(2, 0, 1)
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073])[:, None, None]
    std = torch.tensor([0.26862954, 0.26130258, 0.27577711])[:, None, None]
    pooled = {name: clip[name](((x - mean) / std)[None]).pooler_output for name in SIZES}

    def linear(name, value):
        return value @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    hidden = linear("task_mlp.0", pooled["degradation"])
    chances = torch.softmax(linear("task_mlp.2", hidden * torch.sigmoid(hidden)), dim=1)
    e = linear("prompt_mlp", chances * state["prompt"])
    general = pooled["general"]
    return torch.cat([general, e, general + e], dim=1)


@torch.no_grad()
def test_the_forward_pass_is_that_of_the_release(small, clip, state):
    torch.save({"model": {f"module.{k}": v for k, v in state.items()}}, small / "FGResQ.pth")
    for seed, shape in enumerate([(256, 256), (97, 301), (500, 333)]):
        image = cv2.resize(picture(seed, 256), shape[::-1])
        want = expected(image, clip, state)
        assert method.model().quality(method.crop(image)) == pytest.approx(want, abs=1e-5)
        logit = float(want @ state["head.weight"].T + state["head.bias"])
        assert method.score(image) == pytest.approx(1 / (1 + np.exp(-0.3 * logit)), abs=1e-4)
    a, b = picture(1, 256), picture(2, 256)
    both = torch.cat([expected(a, clip, state), expected(b, clip, state)], dim=1)
    chances = torch.softmax(both @ state["compare_head.weight"].T + state["compare_head.bias"], 1)
    assert method.compare(a, b) == pytest.approx(tuple(chances[0].tolist()), abs=1e-5)
    assert method.compare(a, b) != pytest.approx(method.compare(b, a), abs=1e-3)


def test_the_official_judge_averages_both_orders(small, state):
    torch.save(state, small / "FGResQ.pth")
    judge = judge_of()
    assert judge.name == "official" and "FGRestore" in judge.facts.line()
    a, b = picture(1, 256), picture(2, 256)
    forward, backward = method.compare(a, b), method.compare(b, a)
    found = judge.compare(a, b)
    assert (found.score_a, found.score_b) == pytest.approx((method.score(a), method.score(b)))
    assert found.a_better == pytest.approx((forward[1] + backward[0]) / 2, abs=1e-6)
    assert found.b_better == pytest.approx((forward[0] + backward[1]) / 2, abs=1e-6)
    assert found.equal == pytest.approx((forward[2] + backward[2]) / 2, abs=1e-6)
    assert judge.compare(b, a) == found.swapped()


@torch.no_grad()
def test_a_batch_gives_what_single_images_give(state):
    model = released.Released(WIDTH, LAYERS)
    model.load(state, Path("x"))
    crops = torch.cat([method.crop(picture(seed, 256)) for seed in range(3)])
    together = model.score(model.quality(crops))
    alone = torch.cat([model.score(model.quality(crop[None])) for crop in crops])
    assert together == pytest.approx(alone, abs=1e-5) and together.std() > 1e-3


def test_the_degradation_file_lies_under_the_main_one(small, state):
    """As the authors' code loads them: FGResQ.pth wins where both have a weight."""
    tower = {k: v for k, v in state.items() if k.startswith("task_cls_clip")}
    own = {k.replace("task_cls_clip", "clip_model"): v + 1 for k, v in tower.items()}
    torch.save({**own, "head.weight": torch.zeros(6, WIDTH)}, small / "Degradation.pth")
    last = {k: v for k, v in state.items() if k not in tower or "layers.1" in k}
    torch.save(last, small / "FGResQ.pth")
    found = released.released_state(small / "FGResQ.pth", small / "Degradation.pth")
    assert found.keys() == state.keys()
    for name in tower:
        assert torch.equal(found[name], tower[name] + (0 if "layers.1" in name else 1)), name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda s: {k: v for k, v in s.items() if not k.startswith("task_cls_clip")},
            r"misses task_cls_clip\.vision_model\.\S+, \S+, \S+ and 36 more",
        ),
        (lambda s: {**s, "head2.weight": s["prompt"]}, "holds the unknown head2.weight"),
        (
            lambda s: {**s, "head.weight": s["head.weight"][:, :-1]},
            "has another shape for head.weight",
        ),
        (
            lambda s: {**s, "clip_model.pre_layrnorm.bias": s["prompt"]},
            r"holds twice, under two names, clip_model\.vision_model\.pre_layrnorm\.bias",
        ),
        (
            lambda s: {**s, "clip_model.vision_model.embeddings.position_ids": torch.ones(1, 197)},
            "holds the unknown clip_model.vision_model.embeddings.position_ids",
        ),
    ],
)
def test_files_of_another_kind_are_refused(small, state, change, message):
    torch.save(change(state), small / "FGResQ.pth")
    with pytest.raises(UserError, match=f"FGResQ.pth.*{message}.*fgresq data fetch"):
        method.model()


def test_names_by_transformers_5_are_read_as_those_by_4(small, state):
    """5.x saves a CLIPVisionModel without `vision_model.`; strictness is the same."""
    newer = {name.replace("vision_model.", ""): value for name, value in state.items()}
    assert newer.keys() & state.keys() == {n for n in state if "vision_model" not in n}
    for kind in (state, newer):
        torch.save(kind, small / "FGResQ.pth")
        found = released.read_pickle(small / "FGResQ.pth")
        assert found.keys() == state.keys()
        assert all(torch.equal(found[name], state[name]) for name in state)
    torch.save({k: v for k, v in newer.items() if "pre_layrnorm" not in k}, small / "FGResQ.pth")
    with pytest.raises(UserError, match="misses clip_model.vision_model.pre_layrnorm"):
        method.model()


def test_the_numbers_of_positions_are_no_weights(small, state):
    name = "clip_model.vision_model.embeddings.position_ids"
    torch.save({**state, name: torch.arange(197)[None]}, small / "FGResQ.pth")
    method.model()


def test_the_released_shape_is_that_of_the_paper():
    """ViT-B/16 twice and heads of 2304 and 4608, as the authors' code builds them."""
    model = released.Released()
    assert model.heads.score_head.weight.shape == (1, 2304)
    assert model.heads.compare_head.weight.shape == (3, 4608)
    names = released.released_names(12)
    assert set(names) == {n for n, _ in model.named_parameters()}
    # a CLIPVisionModel ViT-B/16 has 199 weights; the heads 10, and the prompt
    assert len({part for parts in names.values() for part in parts}) == 2 * 199 + 11


class Evil:
    """A pickle that would run a command."""

    def __reduce__(self):
        import os

        return os.system, ("touch released-was-run",)


def test_pickles_that_call_something_are_refused(small, monkeypatch):
    monkeypatch.chdir(small)
    torch.save({"head.weight": Evil()}, small / "FGResQ.pth")
    with pytest.raises(UserError, match="not a file of tensors alone"):
        method.model()
    assert not (small / "released-was-run").exists()
    for content in (b"", b"no pickle at all"):
        (small / "FGResQ.pth").write_bytes(content)
        with pytest.raises(UserError, match="not a file of tensors alone"):
            method.model()
    torch.save([1, 2], small / "FGResQ.pth")
    with pytest.raises(UserError, match="no mapping of names to tensors"):
        method.model()


def test_absence_names_the_step(small, state):
    absent = method.absent()
    assert absent.code == "no_weights" and "fgresq data fetch fgresq_released" in absent.next_step
    with pytest.raises(UserError, match="there are no such weights"):
        method.model()
    torch.save(state, small / "FGResQ.pth")
    assert method.absent() is None


def test_other_weights_are_another_version(small, state, monkeypatch):
    """Kept scores hold for one content of the files."""
    monkeypatch.chdir(small.parent)
    torch.save(state, small / "FGResQ.pth")
    before = method.version()
    assert own_version("fgresq_published", {}) == before and own_version("psnr", {}) == ""
    torch.save({**state, "prompt": state["prompt"] + 1}, small / "FGResQ.pth")
    assert before != method.version() != "absent"


def test_scoring_a_table(small, state, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("config", "workflow"):
        Path(name).symlink_to(ROOT / name)
    torch.save(state, small / "FGResQ.pth")
    rows = empty(IMAGE_COLUMNS)
    for place, path in enumerate(sorted((folder / "images").glob("*.png"))[:4]):
        fields = dict.fromkeys(IMAGE_COLUMNS, "") | {"raw_score": 0.5, "score": 0.5}
        rows.loc[place] = fields | {"image": path.stem, "path": str(path)}
    write_table(tmp_path / "images.csv", rows, IMAGE_COLUMNS)
    out = tmp_path / "scores.csv"
    given = ["fgresq_published", "--images", str(tmp_path / "images.csv"), "--out", str(out)]
    score.main(parser_for("score").parse_args(given))
    scores = read_told(out)
    assert scores["value"].between(0, 1).all() and scores["value"].nunique() == len(rows) == 4
    assert set(scores["method"]) == {"fgresq_published"}
