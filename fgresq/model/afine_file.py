"""A-FINE's weights as its authors released them: afine.pth read strictly into our model.

The file is one dictionary of six state dictionaries: a whole CLIP, of which the image side is the
tower, the heads of F and N, their two logistic functions, and k before softplus. It is a pickle,
and nothing but tensors is unpickled.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from fgresq.errors import UserError, unread
from fgresq.model.adaptive import Afine
from fgresq.networks.token_levels import CLIP_MEAN, CLIP_STD, ClipLevels, clip_visual
from fgresq.weights.inspection import ASKED

State = dict[str, torch.Tensor]

TOWER = "finetuned_clip"
PARTS = (TOWER, "natural", "fidelity", "fidelity_scale", "natural_scale", "adapter")
HEADS = {  # theirs: ours
    "natural.proj_feat.weight": "naturalness.projections.0.weight",
    "natural.proj_feat.bias": "naturalness.projections.0.bias",
    "natural.proj_head.0.weight": "naturalness.head.0.weight",
    "natural.proj_head.0.bias": "naturalness.head.0.bias",
    "natural.proj_head.2.weight": "naturalness.head.2.weight",
    "natural.proj_head.2.bias": "naturalness.head.2.bias",
    "fidelity.alpha": "fidelity.alpha",
    "fidelity.beta": "fidelity.beta",
    "fidelity_scale.yita3": "fidelity_scale.centre",
    "fidelity_scale.yita4": "fidelity_scale.width",
    "natural_scale.yita3": "naturalness_scale.centre",
    "natural_scale.yita4": "naturalness_scale.width",
    "adapter.k": "raw_k",
}
PIXELS = {  # statistics of the pixels, which the heads keep to undo CLIP's normalisation
    f"{part}.{name}": values
    for part in ("natural", "fidelity")
    for name, values in (("mean", CLIP_MEAN), ("std", CLIP_STD))
}
TEXT = (  # CLIP's text side, which plays no part
    *("positional_embedding", "text_projection", "logit_scale"),
    *("token_embedding.", "ln_final.", "transformer.resblocks."),
)
MEND = "Put afine.pth there as its authors released it; docs/published-weights.md says where it is"
FAULTS = (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, LookupError, TypeError)


def read_parts(path: Path) -> State:
    """Read the six parts, each name headed by its part's.

    Raises:
        UserError: the file is missing, not whole, asks for code, or is of another form.
    """
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise unread(path, error) from error
    except (*FAULTS, AttributeError) as error:
        problem = f"it is no whole file of tensors ({type(error).__name__})"
        if asked := ASKED.search(str(error)):
            name = asked[1] or asked[2]
            problem = f"its pickle asks for '{name}', which is no tensor: it may run code when read"
        raise UserError(path, problem, MEND) from error
    names = [str(name) for name in found] if isinstance(found, Mapping) else []
    if set(names) != set(PARTS) or len(names) != len(PARTS):
        held = f"it holds {', '.join(names[:6])}" if names else "it is no dictionary"
        raise UserError(path, f"{held}, where {', '.join(PARTS)} should be", MEND)
    return {f"{part}.{name}": value for part in PARTS for name, value in named(found[part])}


def named(part: Any) -> list[tuple[str, Any]]:
    """List what a part holds; a part that is no dictionary holds nothing."""
    return list(part.items()) if isinstance(part, Mapping) else []


def is_text(name: str) -> bool:
    """Tell whether a name is of CLIP's text side."""
    return name.removeprefix(f"{TOWER}.").startswith(TEXT) and name.startswith(f"{TOWER}.")


def wanted(model: Afine) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Map each released name to ours, "" for those that are only compared, and to its shape."""
    own = model.state_dict()
    visual = {
        f"{TOWER}.{name.removeprefix('tower.')}": name for name in own if name.startswith("tower.")
    }
    shapes = {theirs: (ours, tuple(own[ours].shape)) for theirs, ours in (visual | HEADS).items()}
    for name in ("fidelity.alpha", "fidelity.beta"):
        shapes[name] = (name, (1, 1, *shapes[name][1]))
    return shapes | {name: ("", (1, 3, 1, 1)) for name in PIXELS}


def complain(problems: list[str], where: Path) -> None:
    """Raise a UserError that names the first faults, if there are any."""
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise UserError(where, ", ".join(problems[:3]) + more, MEND)


def check(state: State, table: Mapping[str, tuple[str, tuple[int, ...]]], where: Path) -> None:
    """Check that a file holds what is wanted, in shape and kind, and nothing else.

    Raises:
        UserError: names the first keys at fault.
    """
    missing = [f"it misses {name}" for name in table if name not in state]
    complain(missing, where)
    odd = [name for name in table if not isinstance(state[name], torch.Tensor)]
    complain([f"{name} is no tensor" for name in odd], where)
    shapes = {name: tuple(state[name].shape) for name in table}
    unlike = [name for name, (_, shape) in table.items() if shapes[name] != shape]
    told = [f"{name} has the shape {shapes[name]}, not {table[name][1]}" for name in unlike]
    complain(told, where)
    unknown = [name for name in state if name not in table and not is_text(name)]
    complain([f"it holds the unknown {name}" for name in unknown], where)
    integers = [name for name in table if not state[name].is_floating_point()]
    complain([f"{name} is of {state[name].dtype}, no floats" for name in integers], where)
    broken = [name for name in table if not bool(state[name].isfinite().all())]
    complain([f"{name} holds numbers that are not finite" for name in broken], where)
    for name, values in PIXELS.items():
        found = state[name].flatten().float()
        if not torch.allclose(found, torch.tensor(values), atol=1e-4):
            complain([f"{name} is {found.tolist()}, not CLIP's {list(values)}"], where)


def read_afine(path: Path, width: int = 768, layers: int = 12) -> Afine:
    """Build A-FINE with the weights of its authors' file, frozen.

    Args:
        path: of afine.pth.
        width: of the tower; 768 in the release.
        layers: its blocks; 12 in the release.

    Raises:
        UserError: the file is missing or not as released.
    """
    state = read_parts(path)
    with torch.device("meta"):  # nothing is drawn for weights that are read
        visual = clip_visual(width, layers)
    model = Afine(ClipLevels(visual))
    table, own = wanted(model), model.state_dict()
    check(state, table, path)
    made = {
        ours: state[theirs].float().reshape(own[ours].shape).contiguous()
        for theirs, (ours, _) in table.items()
        if ours
    }
    model.load_state_dict(made, strict=True, assign=True)
    return model.eval().requires_grad_(False)
