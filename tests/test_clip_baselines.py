"""CLIP-IQA, CLIP-IQA+ and LIQE on tiny random CLIP models of open_clip."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fgresq.baselines.base import Baseline, Labels
from fgresq.baselines.clipiqa_plus import LearntPrompts
from fgresq.baselines.liqe import LEVELS, LIQE, SCENES
from fgresq.catalogues import catalogue
from fgresq.metrics import clipiqa
from fgresq.networks.antonyms import PROMPTS, antonym_logits, image_vectors
from fgresq.networks.clip import clip_absence, encode_words, of_any_size, word_ids
from fgresq.networks.torchvision_ops import make_importable
from fgresq.ops.least import NoValue
from fgresq.scoring import registry as modules
from fgresq.scoring.registry import own_absence
from fgresq.tables import TASKS

SIZE = 64  # of the tiny models' images


def tiny(kind: str = "resnet") -> nn.Module:
    """Build a frozen random CLIP of the same parts, a few channels wide."""
    make_importable()
    from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg

    layers, width = ((1, 1, 1, 1), 8) if kind == "resnet" else (2, 16)
    vision = CLIPVisionCfg(layers=layers, width=width, head_width=8, patch_size=16, image_size=SIZE)
    text = CLIPTextCfg(context_length=77, vocab_size=49408, width=16, heads=2, layers=1)
    torch.manual_seed(0)
    clip = CLIP(embed_dim=16, vision_cfg=vision, text_cfg=text)
    clip.visual.image_mean, clip.visual.image_std = (0.48, 0.46, 0.41), (0.27, 0.26, 0.28)
    return clip.eval().requires_grad_(False)


def crops(count: int, height: int = SIZE, width: int = SIZE) -> torch.Tensor:
    """Give random uint8 images."""
    generator = torch.Generator().manual_seed(0)
    size = (count, height, width, 3)
    return torch.randint(0, 256, size, generator=generator, dtype=torch.uint8)


def labels(count: int) -> Labels:
    """Give rising scores of one group, tasks in turn."""
    tasks = torch.arange(count) % len(TASKS)
    return Labels(torch.linspace(0, 1, count), tasks, None, 1.0)


BUILDERS: dict[str, Callable[[], Baseline]] = {
    "liqe": lambda: LIQE(tiny("vit"), 1.0),
    "clipiqa_plus": lambda: LearntPrompts(tiny(), 4),
}


@pytest.fixture(params=BUILDERS)
def model(request: pytest.FixtureRequest) -> Baseline:
    """Give both trained methods."""
    return BUILDERS[request.param]().eval()


def test_the_antonym_logit_is_the_softmax_over_both_cosines() -> None:
    clip, images = of_any_size(tiny()), crops(3)
    texts = clip.encode_text(word_ids(list(PROMPTS)), normalize=True)
    vectors = image_vectors(clip, images)
    softmax = torch.softmax(clip.logit_scale.exp() * vectors @ texts.T, dim=1)[:, 0]
    logits = antonym_logits(vectors, texts, clip.logit_scale.exp())
    assert torch.allclose(torch.sigmoid(logits), softmax, atol=1e-6)


def test_words_are_encoded_as_open_clip_encodes_their_numbers() -> None:
    clip, ids = tiny(), word_ids(["Good photo.", "a photo restored by denoising"])
    found = encode_words(clip, clip.token_embedding(ids), ids)
    assert torch.allclose(found, clip.encode_text(ids, normalize=True), atol=1e-6)


def test_learnt_prompts_start_at_the_words_they_replace() -> None:
    """With the embeddings of the placeholder words in place, they give open_clip's own vectors."""
    clip = tiny()
    model = LearntPrompts(clip, 4)
    model.context.data = clip.token_embedding(model.ids)[:, 1:5].clone()
    assert torch.allclose(model.texts(), clip.encode_text(model.ids, normalize=True), atol=1e-6)


def test_only_the_prompts_of_clip_iqa_plus_are_trained() -> None:
    model = BUILDERS["clipiqa_plus"]()
    assert [n for n, p in model.named_parameters() if p.requires_grad] == ["context"]


def test_the_gradient_reaches_every_trained_parameter(model: Baseline) -> None:
    model.losses({"crops": crops(4)}, labels(4))["loss"].backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


def test_a_tiny_labelled_set_is_learnt(model: Baseline) -> None:
    """With a high factor on cosines: a random tower's vectors lie close together."""
    dark = crops(6).float() * torch.linspace(1, 0, 6)[:, None, None, None]
    inputs, wanted = {"crops": dark.to(torch.uint8)}, labels(6)
    if isinstance(model, LearntPrompts):
        model.clip.logit_scale.data.fill_(7.0)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=2e-2)
    first = float(model.losses(inputs, wanted)["loss"])
    for _ in range(40):
        optimizer.zero_grad()
        loss = model.losses(inputs, wanted)["loss"]
        loss.backward()
        optimizer.step()
    assert float(loss) < 0.8 * first


def test_liqe_s_probabilities_are_one_distribution() -> None:
    model = BUILDERS["liqe"]()
    joint = model.joint({"crops": crops(3)})
    assert joint.shape == (3, len(SCENES), len(TASKS), len(LEVELS))
    assert torch.allclose(joint.sum(dim=(1, 2, 3)), torch.ones(3), atol=1e-5)
    scores = model({"crops": crops(3)})
    assert ((scores >= 1) & (scores <= 5)).all()


def test_liqe_s_score_is_the_level_that_its_texts_name() -> None:
    """An image vector equal to one text's, at a high factor, has that text's level."""
    model = BUILDERS["liqe"]()
    model.scale = torch.tensor(1e4)
    texts = torch.nn.functional.normalize(torch.randn(model.texts.shape), dim=1)
    model.texts = texts
    wanted = torch.tensor([0, 7, 33, len(texts) - 1])
    model.visual = nn.Identity()
    model.encode_image = lambda pixels: texts[wanted]
    model.visual.image_mean, model.visual.image_std = (0.5,) * 3, (0.5,) * 3
    assert torch.allclose(model({"crops": crops(4)}), wanted % len(LEVELS) + 1.0, atol=1e-4)


def test_clip_iqa_scores_images_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fgresq.networks.clip.load_clip", lambda *_: tiny())
    clipiqa.model.cache_clear()
    images = [crops(1, *size)[0].numpy() for size in ((64, 64), (96, 160), (33, 70))]
    values = [clipiqa.score(image, None) for image in images]
    assert all(0 < value < 1 for value in values) and len(set(values)) == 3
    assert values == [clipiqa.score(image, None) for image in images]
    with pytest.raises(NoValue, match="too small"):
        clipiqa.score(np.zeros((31, 64, 3), np.uint8), None)
    clipiqa.model.cache_clear()


@pytest.mark.parametrize("name", ["clipiqa", "clipiqa_plus", "liqe"])
def test_without_weights_a_method_on_clip_is_absent(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = catalogue("methods")[name]
    monkeypatch.setattr(modules, "cached_files", lambda parts: {})
    absent = own_absence(name, entry)
    assert absent.code == "no_weights" and f"fgresq data fetch {entry['hub']}" in absent.next_step
    monkeypatch.setattr(modules, "cached_files", lambda parts: {"some": Path("here")})
    assert own_absence(name, entry) is None


def test_a_random_clip_is_always_at_hand() -> None:
    assert clip_absence("RN50-quickgelu", None) is None
