"""Multimodal methods on a tiny model of the same form: prompts, words, levels, pairs, absences."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.optimize import minimize_scalar

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.external import foreign as placed
from fgresq.external import levels, pairwise, serve
from fgresq.metrics import compare2score, deqa_score, qalign
from fgresq.networks.torchvision_ops import make_importable
from tests import tiny_owl
from tests.conftest import picture

METHODS = {"qalign": qalign, "deqa_score": deqa_score, "compare2score": compare2score}
CONSENT = {"trust_remote_code": "true", "device": "cpu", "precision": "fp32"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The tiny model on disk."""
    return tiny_owl.write(tmp_path_factory.mktemp("owl"))


@pytest.fixture(scope="module")
def owl(folder) -> serve.Owl:
    """The tiny model in this process, by its class and not by the code beside its weights."""
    make_importable()
    from transformers import AutoTokenizer, CLIPImageProcessor

    from tests.tiny_owl.modeling_tiny_owl import TinyOwl

    found = serve.Owl.__new__(serve.Owl)
    found.tokenizer = AutoTokenizer.from_pretrained(folder)
    found.processor = CLIPImageProcessor.from_pretrained(folder)
    found.model, found.device = TinyOwl.from_pretrained(folder).eval(), "cpu"
    return found


@pytest.fixture
def weights(monkeypatch, tmp_path, folder):
    """Give a function that places settings of a method; no process outlives the test."""
    monkeypatch.setattr(workspace, "weights", lambda: tmp_path / "weights")
    monkeypatch.setattr(placed, "memory", {"cpu": 64.0}.get)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))  # where code beside weights is copied to

    def place(name: str, **settings: str) -> Path:
        path = tmp_path / "weights" / name / "settings.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(f"{key}: {value}" for key, value in settings.items()))
        return path

    yield place
    for method in METHODS.values():
        worker = method.METHOD.__dict__.pop("worker", None)
        if hasattr(worker, "close"):
            worker.close()
    compare2score.anchors.cache_clear()


def test_prompts_are_cut_at_their_images(owl):
    words = owl.tokenizer.convert_ids_to_tokens
    tokens = serve.prompt_tokens(owl.tokenizer, levels.PROMPT)
    place = tokens.index(serve.IMAGE_TOKEN)
    before = " ".join(words(tokens[:place]))
    assert before == "<s> USER : How would you rate the quality of this image ?"
    assert " ".join(words(tokens[place + 1 :])) == "ASSISTANT : The quality of the image is"
    two = serve.prompt_tokens(owl.tokenizer, pairwise.PROMPT)
    assert [k for k, token in enumerate(two) if token == serve.IMAGE_TOKEN] == [3, 4]
    assert two.count(owl.tokenizer.bos_token_id) == 1
    assert serve.prompt_tokens(owl.tokenizer, "<|image|>USER")[0] == serve.IMAGE_TOKEN


def test_words_must_begin_with_tokens_of_their_own(owl):
    found = serve.word_tokens(owl.tokenizer, list(levels.WORDS))
    assert owl.tokenizer.convert_ids_to_tokens(found) == list(levels.WORDS)
    for words in (["good", "good"], ["good", "splendid"]):
        with pytest.raises(ValueError, match="does not tell the words"):
            serve.word_tokens(owl.tokenizer, words)


@pytest.mark.parametrize("shape", [(40, 70, 3), (70, 40, 3), (33, 33, 3)])
def test_images_are_squared_with_the_mean_colour(owl, shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    side = max(shape)
    square = np.empty((side, side, 3), np.uint8)
    square[:] = (122, 116, 104)  # CLIP's mean colour, as int(255 * mean) gives it
    top, left = (side - shape[0]) // 2, (side - shape[1]) // 2
    square[top : top + shape[0], left : left + shape[1]] = image
    assert np.array_equal(
        np.asarray(serve.squared(Image.fromarray(image), (122, 116, 104))), square
    )
    want = owl.processor.preprocess([Image.fromarray(square)], return_tensors="pt")["pixel_values"]
    assert torch.equal(owl.pixels([image]), want)


def asked(owl, prompt, words, groups) -> np.ndarray:
    request = {"prompt": prompt, "words": list(words), "size": len(groups[0])}
    return np.array(owl(request, [image for group in groups for image in group]))


@torch.no_grad()
def test_logits_are_those_of_the_words_after_the_prompt(owl):
    image = picture(3, 64)
    found = asked(owl, levels.PROMPT, levels.WORDS, [[image]])[0]
    tokens = serve.prompt_tokens(owl.tokenizer, levels.PROMPT)
    embed = owl.model.words.model.embed_tokens
    seen = owl.model.vision(owl.pixels([image])).last_hidden_state[0]
    parts = [seen if t == serve.IMAGE_TOKEN else embed(torch.tensor([t])) for t in tokens]
    last = owl.model.words(inputs_embeds=torch.cat(parts)[None]).logits[0, -1]
    words = owl.tokenizer.convert_tokens_to_ids(list(levels.WORDS))
    assert found == pytest.approx(last[words].numpy(), abs=1e-5)


def test_a_batch_gives_what_single_images_give(owl):
    images = [picture(seed, 48) for seed in range(3)]
    one = [asked(owl, levels.PROMPT, levels.WORDS, [[image]])[0] for image in images]
    three = asked(owl, levels.PROMPT, levels.WORDS, [[image] for image in images])
    assert three == pytest.approx(np.array(one), abs=1e-5) and np.ptp(three, axis=0).min() > 1e-3
    pairs = [[images[0], images[1]], [images[1], images[2]]]
    alone = [asked(owl, pairwise.PROMPT, pairwise.WORDS, [pair])[0] for pair in pairs]
    both = asked(owl, pairwise.PROMPT, pairwise.WORDS, pairs)
    assert both == pytest.approx(np.array(alone), abs=1e-5)


def test_the_expectation_over_levels():
    sure = np.where(np.eye(5, dtype=bool), 0.0, -1e9)
    assert levels.expectation(sure).tolist() == [5, 4, 3, 2, 1]
    assert levels.expectation(np.zeros((1, 5)))[0] == pytest.approx(3)
    logits = np.random.default_rng(0).normal(0, 3, (20, 5))
    odds = np.exp(logits)
    assert levels.expectation(logits) == pytest.approx(odds @ [5, 4, 3, 2, 1] / odds.sum(axis=1))
    assert levels.expectation(logits + 900) == pytest.approx(levels.expectation(logits))
    assert levels.expectation(-logits + 0) != pytest.approx(levels.expectation(logits))
    raised = logits + [1, 0, 0, 0, 0]
    assert (levels.expectation(raised) > levels.expectation(logits)).all()


def test_turned_pairs_give_the_inverted_preference(owl):
    """Words in the opposite order invert it; averaged over both orders, so do turned images."""
    logits = np.random.default_rng(1).normal(0, 200, (20, 5))
    preference = pairwise.preference(logits)
    assert pairwise.preference(logits[:, ::-1]) == pytest.approx(1 - preference)
    assert np.ptp(preference) > 0.5 and pairwise.preference(np.zeros((1, 5)))[0] == 0.5
    a, b = picture(1, 48), picture(2, 48)
    forth, back = (
        pairwise.preference(asked(owl, pairwise.PROMPT, pairwise.WORDS, [pair]))
        for pair in ([a, b], [b, a])
    )
    assert forth != pytest.approx(1 - back, abs=1e-6)  # a random model minds the order
    mean = pairwise.both_orders(forth, back)
    assert mean == pytest.approx(1 - pairwise.both_orders(back, forth), abs=1e-12)
    assert min(forth, 1 - back) <= mean <= max(forth, 1 - back)


def test_qualities_are_the_maximum_of_the_posterior():
    """PyTorch's gradient of the objective is zero there; and one dimension against a scan."""
    matrix = pairwise.enlarged(np.array([0.9, 0.8, 0.55, 0.5, 0.3]))
    scores = torch.tensor(pairwise.qualities(matrix), requires_grad=True)
    chance = torch.sigmoid(scores[:, None] - scores[None, :])
    loss = (scores**2).sum() / 2 - (torch.from_numpy(matrix) * chance.log()).sum()
    loss.backward()
    assert scores.grad.abs().max() < 1e-4 and np.ptp(pairwise.qualities(matrix)) > 1
    two = np.array([[0.5, 0.2], [0.8, 0.5]])  # qualities are -x and x

    def negative(x):
        return (
            x**2
            - 0.8 * math.log(1 / (1 + math.exp(-2 * x)))
            - 0.2 * math.log(1 / (1 + math.exp(2 * x)))
        )

    best = minimize_scalar(negative).x
    assert pairwise.qualities(two) == pytest.approx([-best, best], abs=1e-5)


def test_scores_grow_with_preferences():
    values = [pairwise.score(np.full(5, p)) for p in (0.0, 0.3, 0.5, 0.7, 1.0)]
    assert values == sorted(values) and len(set(values)) == 5
    assert values[0] < 0 < values[2] < 100 < values[-1]  # beyond the anchors it goes on
    for k, row in enumerate(pairwise.ANCHORS):  # an image that fares like an anchor
        gap = abs(pairwise.score(row) - pairwise.score(pairwise.ANCHORS[min(k + 1, 4)]))
        assert k in (2, 4) or gap > 5  # the paper's third and fourth anchor are alike
    assert pytest.approx(1, abs=2e-4) == pairwise.ANCHORS + pairwise.ANCHORS.T


def test_qalign_by_its_own_process(weights, owl, folder):
    """From settings to values: code beside weights, run by a process."""
    images = [picture(seed, 60)[:, :40] for seed in range(2)]
    logits = asked(owl, levels.PROMPT, levels.WORDS, [[image] for image in images])
    weights("qalign", model=folder, **CONSENT)
    assert qalign.absent() is None
    found = [qalign.score(image) for image in images]
    assert found == pytest.approx(levels.expectation(logits).tolist(), abs=1e-5)
    with pytest.raises(UserError, match="settings.yaml.*does not tell the words"):
        qalign.METHOD.worker.ask({"prompt": "x", "words": ["a", "a"], "size": 1}, images[:1])
    assert qalign.score(images[0]) == found[0]  # a failed request does not end it


def test_deqa_score_asks_what_qalign_asks(weights, owl):
    weights("deqa_score", **CONSENT)
    deqa_score.METHOD.__dict__["worker"] = InProcess(owl)
    logits = asked(owl, levels.PROMPT, levels.WORDS, [[picture(4, 40)]])
    assert deqa_score.score(picture(4, 40)) == pytest.approx(levels.expectation(logits)[0])


def test_precisions(owl):
    """bf16 is near fp32; 8 and 4 bits are bitsandbytes', on the device that is named."""
    import transformers

    image, request = picture(0, 40), {"prompt": levels.PROMPT, "words": levels.WORDS, "size": 1}
    half = serve.Owl.__new__(serve.Owl)
    half.__dict__ = {**owl.__dict__, "model": copy.deepcopy(owl.model).bfloat16()}
    wanted = levels.expectation(owl(request, [image]))
    assert levels.expectation(half(request, [image])) == pytest.approx(wanted, abs=0.1)
    assert half(request, [image]) != owl(request, [image])
    kinds = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
    for name, kind in kinds.items():
        assert serve.load_options(transformers, name, "cpu") == {"dtype": kind}
    old = SimpleNamespace(__version__="4.36.1")
    assert serve.load_options(old, "fp16", "cpu") == {"torch_dtype": torch.float16}
    for bits in (4, 8):
        found = serve.load_options(transformers, f"{bits}bit", "cuda")
        assert found["device_map"] == {"": "cuda"}
        assert getattr(found["quantization_config"], f"load_in_{bits}bit")


class InProcess:
    """A worker without a process."""

    def __init__(self, owl) -> None:
        self.owl, self.sizes = owl, []

    def ask(self, request, images):
        self.sizes.append(len(images))
        return self.owl(request, images)


def test_compare2score_asks_for_every_anchor(weights, owl):
    settings = weights("compare2score", batch=2, **CONSENT)
    assert "anchors/0.png" in compare2score.absent().reason
    (settings.parent / "anchors").mkdir()
    pictures = [picture(seed, 40) for seed in range(5)]
    for k, image in enumerate(pictures):
        Image.fromarray(image).save(settings.parent / f"anchors/{k}.png")
    assert compare2score.absent() is None
    worker = compare2score.METHOD.__dict__["worker"] = InProcess(owl)
    image = picture(9, 40)
    pairs = [[anchor, image] for anchor in pictures]
    forth = pairwise.preference(asked(owl, pairwise.PROMPT, pairwise.WORDS, pairs))
    assert compare2score.preferences(image) == pytest.approx(forth, abs=1e-6)
    assert worker.sizes == [4, 4, 2] and np.ptp(forth) > 0
    assert compare2score.score(image) == pytest.approx(pairwise.score(forth), abs=1e-3)
    weights("compare2score", both_orders="true", **CONSENT)
    turned = pairwise.preference(
        asked(owl, pairwise.PROMPT, pairwise.WORDS, [pair[::-1] for pair in pairs])
    )
    assert compare2score.preferences(image) == pytest.approx((forth + 1 - turned) / 2, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("qalign", "non_commercial"),
        ("deqa_score", "terms_not_accepted"),
        ("compare2score", "terms_not_accepted"),
    ],
)
def test_absences_have_a_code_and_a_step(name, refused, weights, monkeypatch):
    method = METHODS[name]
    absent = method.absent()
    assert absent.code == "no_weights" and f"data/weights/{name}/settings.yaml" in absent.next_step
    assert "hf download" in absent.next_step and "trust_remote_code" in absent.next_step
    path = weights(name, device="cuda")
    absent = method.absent()
    assert absent.code == refused and f"`trust_remote_code: true` into {path}" in absent.next_step
    with pytest.raises(UserError, match="runs code that is not of this project"):
        method.score(picture(0, 32)) if name != "compare2score" else method.METHOD.worker
    weights(name, trust_remote_code="true")
    absent = method.absent()
    assert absent.code == "no_cuda" and "device: cpu" in absent.next_step
    monkeypatch.setattr(placed, "memory", {"cuda": 8.0}.get)
    absent = method.absent()
    assert absent.code == "too_little_memory" and "precision: 4bit" in absent.next_step
    monkeypatch.setattr(placed, "memory", {"cuda": 2.0}.get)
    assert "a machine with 5 GiB" in method.absent().next_step
    monkeypatch.setattr(placed, "memory", {"cuda": 24.0}.get)
    assert method.METHOD.absent() is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"presicion": "fp16"}, "unknown key 'presicion'.*Did you mean 'precision'"),
        ({"precision": "fp8"}, "key 'precision': 'fp8' is not known"),
        ({"device": "tpu"}, "key 'device': 'tpu' is not known"),
    ],
)
def test_settings_are_checked(settings, message, weights):
    weights("qalign", **settings)
    with pytest.raises(UserError, match=message):
        qalign.absent()


@pytest.mark.parametrize("name", ["qalign", "deqa_score"])
def test_a_batch_is_refused_where_it_would_do_nothing(name, weights):
    weights(name, batch="4", **CONSENT)
    with pytest.raises(UserError, match="key 'batch': it does nothing.*one at a time.*Take it out"):
        METHODS[name].absent()
    weights("compare2score", batch="4", **CONSENT)
    assert compare2score.METHOD.read()["batch"] == 4


def test_a_process_that_does_not_come_up_says_why(weights, tmp_path):
    weights("qalign", **CONSENT, python=tmp_path / "no-python")
    with pytest.raises(UserError, match="no-python' cannot be run"):
        qalign.score(picture(0, 32))
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\necho no transformers here >&2\nexit 3\n")
    script.chmod(0o755)
    weights("qalign", **CONSENT, python=script)
    with pytest.raises(UserError, match="its process ended: no transformers here"):
        qalign.score(picture(0, 32))


def test_gpus_are_counted_without_loading_a_library(monkeypatch, tmp_path):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 24576\necho 81559\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert placed.gpu_memory() == pytest.approx(79.6, abs=0.1)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert placed.gpu_memory() is None
    monkeypatch.setenv("PATH", "/nowhere")
    assert placed.gpu_memory() is None
