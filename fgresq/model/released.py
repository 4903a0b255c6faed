"""FGResQ as its authors released it: their files read strictly into our towers and heads.

The released model differs from the paper in its heads: F_q = [F_g, e, F_g + e], three classes of a
pair from [F_A, F_B], and, since 19 November 2025, a score of sigmoid(0.3 (w F_q + b)). Its files
are state dictionaries whose towers are named as Hugging Face's CLIPVisionModel names them.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from fgresq.errors import UserError
from fgresq.model.heads import QualityHeads
from fgresq.networks.torchvision_ops import make_importable
from fgresq.networks.towers import ClipTower

State = dict[str, torch.Tensor]

SLOPE = 0.3  # of the score's sigmoid
PATCH, CROP, HEAD_WIDTH = 16, 224, 64  # heads of CLIP's towers have 64 channels
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
VISION = "vision_model."  # in names by transformers 4; those by transformers 5 go without
TOWERS = {"general": "clip_model.vision_model.", "degradation": "task_cls_clip.vision_model."}
TOP = {  # ours: theirs; heads first, then what a tower has once, then what each block has
    "score_head": "head",
    "compare_head": "compare_head",
    "prompt_block.task_mlp.0": "task_mlp.0",
    "prompt_block.task_mlp.2": "task_mlp.2",
    "prompt_block.prompt_mlp": "prompt_mlp",
}
ONCE = {
    "class_embedding": "embeddings.class_embedding",
    "conv1.weight": "embeddings.patch_embedding.weight",
    "positional_embedding": "embeddings.position_embedding.weight",
    "ln_pre.weight": "pre_layrnorm.weight",
    "ln_pre.bias": "pre_layrnorm.bias",
    "ln_post.weight": "post_layernorm.weight",
    "ln_post.bias": "post_layernorm.bias",
}
BLOCK = {
    "ln_1": "layer_norm1",
    "attn.out_proj": "self_attn.out_proj",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
POSITIONS = "embeddings.position_ids"  # a count from 0 that older releases of transformers kept
FETCH = "Run 'fgresq data fetch fgresq_released'"
MEND = f"{FETCH} again; another release of the model has to be read by code of its own"


def read_pickle(path: Path) -> State:
    """Read a state dictionary that PyTorch saved; nothing but tensors is unpickled.

    A wrapping `model` or `state_dict` and a prefix `module.` are taken off; towers are named as
    `as_released` says.

    Raises:
        UserError: the file is missing, not whole, or holds anything but named tensors.
    """
    if not path.exists():
        raise UserError(path, "there are no such weights", FETCH)
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        problem = f"not a file of tensors alone ({type(error).__name__})"
        raise UserError(path, problem, MEND) from error
    for wrapper in ("model", "state_dict"):
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    values = found.values() if isinstance(found, Mapping) else [found]
    if not values or not all(isinstance(value, torch.Tensor) for value in values):
        raise UserError(path, "it is no mapping of names to tensors", MEND)
    return as_released({name.removeprefix("module."): v for name, v in found.items()}, path)


def as_released(state: State, where: Path) -> State:
    """Name the towers as the release does, by transformers 4.36; later ones leave a part out.

    Raises:
        UserError: a weight is there under both names.
    """
    named: State = {}
    for name, value in state.items():
        for tower in TOWERS.values():
            model = tower.removesuffix(VISION)
            if name.startswith(model) and not name.startswith(tower):
                name = tower + name.removeprefix(model)
        complain("holds twice, under two names,", [name] if name in named else [], where)
        named[name] = value
    return named


def released_names(layers: int) -> dict[str, tuple[str, ...]]:
    """Map each of our weights to the released ones it is made of, laid one under the other."""
    both = ("weight", "bias")
    names: dict[str, tuple[str, ...]] = {
        f"heads.{o}.{k}": (f"{t}.{k}",) for o, t in TOP.items() for k in both
    }
    names["heads.prompt_block.prompt"] = ("prompt",)
    for tower, prefix in TOWERS.items():
        names |= {f"{tower}.visual.{o}": (prefix + t,) for o, t in ONCE.items()}
        for k in range(layers):
            ours = f"{tower}.visual.transformer.resblocks.{k}."
            block = f"{prefix}encoder.layers.{k}."
            for end in both:
                names |= {f"{ours}{o}.{end}": (f"{block}{t}.{end}",) for o, t in BLOCK.items()}
                parts = (f"{block}self_attn.{letter}_proj.{end}" for letter in "qkv")
                names[f"{ours}attn.in_proj_{end}"] = tuple(parts)
    return names


def visual_tower(width: int, layers: int) -> ClipTower:
    """Build CLIP's image tower ViT-B/16 (or a smaller one of its form), without a projection."""
    make_importable()
    from open_clip.transformer import QuickGELU, VisionTransformer

    visual = VisionTransformer(
        *(CROP, PATCH, width, layers, width // HEAD_WIDTH),
        mlp_ratio=4.0,
        act_layer=QuickGELU,  # OpenAI's CLIP was trained with it
    )
    visual.proj = None
    visual.image_mean, visual.image_std = MEAN, STD
    return ClipTower(visual, trainable=layers)


class Released(nn.Module):
    """Both towers and the heads in the released form, frozen.

    Args:
        width: of a tower's features; 768 in the release.
        layers: blocks of a tower; 12 in the release.
    """

    def __init__(self, width: int = 768, layers: int = 12) -> None:
        super().__init__()
        with torch.device("meta"):  # nothing is drawn for weights that are read
            self.general, self.degradation = (visual_tower(width, layers) for _ in range(2))
            self.heads = QualityHeads(width, width, "official_zero", "released", "released", True)
        self.to_empty(device="cpu")
        for name, buffer in self.heads.named_buffers():  # the release standardises nothing
            buffer.fill_(1.0 if name.endswith("spread") else 0.0)
        self.layers = layers
        self.requires_grad_(False).eval()

    def load(self, state: State, where: Path) -> None:
        """Load released weights; each must be there, of its shape, and used.

        Raises:
            UserError: names the first keys that are missing, unknown or of another shape.
        """
        names = released_names(self.layers)
        state = dropped_positions(state)
        wanted = {theirs for parts in names.values() for theirs in parts}
        complain("misses", [key for key in sorted(wanted) if key not in state], where)
        complain("holds the unknown", [key for key in sorted(state) if key not in wanted], where)
        own = self.state_dict()
        made = {}
        for ours, parts in names.items():
            value = torch.cat([state[part].float() for part in parts])
            made[ours] = value.reshape(-1) if ours.endswith("prompt") else value
        odd = [names[ours][0] for ours, value in made.items() if value.shape != own[ours].shape]
        complain("has another shape for", odd, where)
        self.load_state_dict({**own, **made}, strict=True)

    def quality(self, crops: torch.Tensor) -> torch.Tensor:
        """Give F_q, (N, 3 * width), of uint8 crops (N, 224, 224, 3)."""
        crops = crops.to(self.heads.score_head.weight.device)
        features = [t.upper(t.tokens(crops)[:, None]) for t in (self.general, self.degradation)]
        return self.heads.quality(*features)

    def score(self, quality: torch.Tensor) -> torch.Tensor:
        """Give scores (N,) in (0, 1), higher better, of F_q."""
        return torch.sigmoid(SLOPE * self.heads.score_logits(quality))


def dropped_positions(state: State) -> State:
    """Leave out the numbers of the positions, which are no weights, where they count from 0."""
    return {
        name: value
        for name, value in state.items()
        if not name.endswith(POSITIONS)
        or not torch.equal(value.flatten().long(), torch.arange(value.numel()))
    }


def complain(what: str, keys: list[str], where: Path) -> None:
    """Raise a UserError that names the first of the keys at fault, if there are any."""
    if keys:
        named = ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
        raise UserError(where, f"the file {what} {named}", MEND)


def released_state(main: Path, degradation: Path) -> State:
    """Read the released weights: those of FGResQ.pth, laid over the tower of Degradation.pth.

    As the authors' code does: it loads Degradation.pth, of which it takes the image tower and not
    the classifier, and then FGResQ.pth. Where FGResQ.pth is whole, the other may be missing.

    Raises:
        UserError: FGResQ.pth is missing, or a file is at fault.
    """
    state = read_pickle(main)
    if not degradation.exists():
        return state
    general, tower = TOWERS.values()
    under = {
        tower + name.removeprefix(general): value
        for name, value in read_pickle(degradation).items()
        if name.startswith(general)
    }
    complain("holds no", [] if under else [f"{general}*"], degradation)
    return {**under, **state}


def read_released(main: Path, degradation: Path, width: int = 768, layers: int = 12) -> Released:
    """Build the released model with the weights of its two files.

    Raises:
        UserError: FGResQ.pth is missing, or a file is not as released.
    """
    state = released_state(main, degradation)
    released = Released(width, layers)
    released.load(state, main)
    return released
