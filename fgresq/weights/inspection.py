"""Say what a file of weights holds, without running any code of it: `fgresq weights inspect FILE`.

Hash, form, every tensor with shape and type, how many numbers are not finite, and whether the
prompt block of an FGResQ is dead. FGResQ's e = MLP2(softmax(MLP1(F_d)) * P) depends on the
degradation features F_d only if both layers of MLP1, P and MLP2 have a weight that is not zero. The
authors start all of them at zero but P; then the gradients of MLP1's weights are zero for ever
(docs/published-weights.md), and a file trained so has e the same for all images.
"""

from __future__ import annotations

import json
import pickle
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fgresq.errors import UserError, unread
from fgresq.files import sha256

if TYPE_CHECKING:
    import torch

SAFE, PICKLED = "safetensors", "PyTorch, tensors alone"
WRAPPERS = ("model", "state_dict", "params_ema", "params")
PREFIX = "module."
BLOCK = {  # what e needs of a block, by the ends of names; ours have `prompt_block.` before them
    "the first layer of MLP1": "task_mlp.0.weight",
    "the second layer of MLP1": "task_mlp.2.weight",
    "P": "prompt",
    "MLP2": "prompt_mlp.weight",
}
ASKED = re.compile(r"GLOBAL ([\w.]+)|of type <class '([\w.]+)'>")
MEND = "Do not load it; ask for a file of tensors alone, such as safetensors"


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], list[str]]:
    """Read the tensors of a file, and what was taken off: the form, wrappers, a prefix.

    Raises:
        UserError: the file is not there, is damaged, or is a pickle of anything but tensors.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        with open(path, "rb") as file:
            pickled = file.read(2) in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
    except OSError as error:
        raise unread(path, error) from error
    try:
        if not pickled:
            return load_file(path), [SAFE]
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, json.JSONDecodeError) as error:
        problem = f"it is neither safetensors nor a file of PyTorch ({error})"
        raise UserError(path, problem, "Give a whole file of weights") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, AttributeError) as error:
        raise refused(path, error) from error
    return unwrapped(found, path)


def refused(path: Path, error: Exception) -> UserError:
    """Build the error for a pickle that is damaged, or asks for more than tensors."""
    asked = ASKED.search(str(error))
    if asked:
        name = asked[1] or asked[2]
        problem = f"its pickle asks for '{name}', which is no tensor: it may run code when read"
        return UserError(path, problem, MEND)
    return UserError(path, f"it is not a whole file of tensors ({type(error).__name__})", MEND)


def unwrapped(found: Any, path: Path) -> tuple[dict[str, torch.Tensor], list[str]]:
    """Take the state out of what a pickle holds, and say what was around it.

    Raises:
        UserError: it holds no named tensors.
    """
    import torch

    told = [PICKLED]
    for wrapper in WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            rest = [str(key) for key in found if key != wrapper]
            told.append(f"in '{wrapper}'" + (f" beside {', '.join(rest)}" if rest else ""))
            found = found[wrapper]
    if isinstance(found, Mapping) and found and all(isinstance(v, Mapping) for v in found.values()):
        told.append(f"in the parts {', '.join(map(str, found))}")
        found = {f"{part}.{name}": v for part, own in found.items() for name, v in own.items()}
    values = list(found.values()) if isinstance(found, Mapping) else []
    if not values or not all(isinstance(value, torch.Tensor) for value in values):
        raise UserError(path, "it is no mapping of names to tensors", "Give a state dictionary")
    if all(name.startswith(PREFIX) for name in found):
        told.append(f"prefix '{PREFIX}' taken off")
    return {name.removeprefix(PREFIX): value for name, value in found.items()}, told


def prompt_blocks(state: Mapping[str, torch.Tensor]) -> dict[str, list[str]]:
    """Give the prompt blocks by their prefix, each with the parts that are all zero."""
    found = {}
    for name in state:
        if not name.endswith(BLOCK["the first layer of MLP1"]):
            continue
        before = name.removesuffix(BLOCK["the first layer of MLP1"])
        parts = {part: state.get(before + end) for part, end in BLOCK.items()}
        if all(value is not None for value in parts.values()):
            zero = [p for p, v in parts.items() if v is not None and not bool((v != 0).any())]
            found[before] = zero
    return found


def told_block(prefix: str, zero: list[str]) -> str:
    """Say whether a prompt block is dead."""
    where = f"prompt block '{prefix.rstrip('.')}'" if prefix.rstrip(".") else "prompt block"
    if not zero:
        return f"{where}: alive; e depends on the degradation features"
    parts = " and ".join([", ".join(zero[:-1]), zero[-1]] if len(zero) > 1 else zero)
    are = "are" if len(zero) > 1 else "is"
    return (
        f"{where}: DEAD; {parts} {are} all zero, so that e is the same for all images and the "
        "degradation features play no part"
    )


def inspect(path: Path) -> dict[str, Any]:
    """Describe a file of weights.

    Returns:
        file, bytes, sha256, form, tensors (name: shape and type), parameters, types (counts),
        not_finite (numbers), prompt_blocks (prefix: parts that are all zero).

    Raises:
        UserError: it cannot be read, or asks for more than tensors.
    """
    state, form = read_tensors(path)
    odd = sum(int((~v.isfinite()).sum()) for v in state.values() if v.is_floating_point())
    kinds = {name: str(value.dtype).removeprefix("torch.") for name, value in state.items()}
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        "sha256": sha256(path),
        "form": form,
        "parameters": sum(value.numel() for value in state.values()),
        "types": dict(Counter(kinds.values())),
        "not_finite": odd,
        "prompt_blocks": prompt_blocks(state),
        "tensors": {
            name: {"shape": list(value.shape), "type": kinds[name]} for name, value in state.items()
        },
    }


def page(found: Mapping[str, Any]) -> str:
    """Write what the command prints."""
    types = ", ".join(f"{count} {kind}" for kind, count in found["types"].items())
    lines = [
        f"{found['file']}: {found['bytes']:,} bytes",
        f"SHA-256  {found['sha256']}",
        f"form     {', '.join(found['form'])}",
        f"tensors  {len(found['tensors'])} ({types}), {found['parameters']:,} numbers, "
        f"{found['not_finite']:,} of them not finite",
    ]
    lines += [told_block(prefix, zero) for prefix, zero in found["prompt_blocks"].items()]
    if not found["prompt_blocks"]:
        lines.append("prompt block: none; this is no FGResQ with degradation features")
    width = max(map(len, found["tensors"]), default=0)
    for name, tensor in found["tensors"].items():
        shape = "x".join(map(str, tensor["shape"])) or "scalar"
        lines.append(f"  {name:{width}}  {shape}  {tensor['type']}")
    return "\n".join(lines)
