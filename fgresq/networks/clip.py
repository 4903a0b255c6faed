"""CLIP with both of its sides, for the methods that live on what it knows of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from fgresq.absent import Absent
from fgresq.networks.torchvision_ops import make_importable
from fgresq.networks.vit import normalised
from fgresq.pretrained import STAND_INS, weights_file
from fgresq.weights.hub_cache import CLIP

if TYPE_CHECKING:
    from fgresq.networks.open_clip_types import Clip, ImageSide


def clip_at_hand(name: str, pretrained: str | None) -> bool:
    """Tell whether the weights of a tower lie on this machine; nothing is downloaded.

    Args:
        name: of a stand-in, or open_clip's of a model.
        pretrained: its weights; None: random ones.
    """
    if name in STAND_INS or pretrained is None:
        return True
    if file := weights_file(pretrained):
        return file.is_file()
    make_importable()
    from huggingface_hub import try_to_load_from_cache
    from open_clip.pretrained import HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME, get_pretrained_cfg

    hub = get_pretrained_cfg(name, pretrained).get("hf_hub", "")
    repository, _, file_name = hub.rpartition("/")
    names = [file_name] if file_name else [HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME]
    return any(isinstance(try_to_load_from_cache(repository, each), str) for each in names)


def clip_absence(name: str, pretrained: str | None) -> Absent | None:
    """Say why a CLIP model of open_clip cannot be had here; nothing is downloaded.

    Without weights (None) it is a random network, and always at hand.
    """
    if clip_at_hand(name, pretrained):
        return None
    entry = CLIP.get(name)
    step = f"run `fgresq data fetch {entry}`" if entry else "connect once and load it by open_clip"
    return Absent(
        "no_weights",
        f"it judges by CLIP's knowledge of texts, and the weights of {name} are not at hand",
        f"{step}, then run again",
    )


def load_clip(name: str, pretrained: str | None) -> Clip:
    """Build a CLIP model of open_clip, frozen."""
    make_importable()
    import open_clip

    return open_clip.create_model(name, pretrained=pretrained).eval().requires_grad_(False)


def word_ids(texts: list[str]) -> torch.Tensor:
    """Give token numbers (n, 77) of texts, by CLIP's own byte-pair encoding."""
    make_importable()
    import open_clip

    return open_clip.tokenizer.tokenize(texts)


def of_any_size(clip: Clip) -> Clip:
    """Let a CLIP ResNet see images of any size: drop the positions of its last pooling.

    CLIP-IQA does so; a ViT keeps them, and sees its own size only.
    """
    pool = getattr(clip.visual, "attnpool", None)
    if pool is not None:
        nothing = torch.zeros(1, pool.positional_embedding.shape[1])
        pool.positional_embedding = nn.Parameter(nothing, requires_grad=False)
    return clip


def encode_words(clip: Clip, words: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """Give unit text embeddings (n, D) of word embeddings that stand in for token numbers.

    Args:
        clip: of open_clip.
        words: (n, 77, width), before positions are added.
        ids: (n, 77), the greatest of which marks the end of a text.
    """
    found = words + clip.positional_embedding
    found = clip.ln_final(clip.transformer(found, attn_mask=clip.attn_mask))
    ends = found[torch.arange(len(ids), device=ids.device), ids.argmax(dim=-1)]
    return functional.normalize(ends @ clip.text_projection, dim=-1)


def pixels_of(clip: ImageSide, crops: torch.Tensor) -> torch.Tensor:
    """Give normalised pixels (n, 3, h, w) of uint8 images (n, h, w, 3)."""
    return normalised(crops, tuple(clip.visual.image_mean), tuple(clip.visual.image_std))
