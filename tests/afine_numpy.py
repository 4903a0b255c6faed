"""A-FINE written out in NumPy (float64) from the equations, and files of its authors' form.

Nothing of the package is used: values computed here are what its model has to give.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import erf, expit

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
State = dict[str, dict[str, np.ndarray]]


def cubic(out: int, rows: int) -> np.ndarray:
    """The matrix (out, rows) of a 1-D cubic resampling, a = -0.75, half-pixel centres."""
    matrix, a = np.zeros((out, rows)), -0.75
    for place in range(out):
        at = (place + 0.5) * rows / out - 0.5
        for tap in range(int(np.floor(at)) - 1, int(np.floor(at)) + 3):
            t = abs(at - tap)
            near = (a + 2) * t**3 - (a + 3) * t**2 + 1
            far = a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a
            matrix[place, min(max(tap, 0), rows - 1)] += near if t <= 1 else far if t < 2 else 0.0
    return matrix


def norm(x: np.ndarray, tower: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Layer norm over the last axis."""
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return x * tower[f"{name}.weight"] + tower[f"{name}.bias"]


def linear(x: np.ndarray, tower: dict[str, np.ndarray], name: str) -> np.ndarray:
    """x W^T + b."""
    return x @ tower[f"{name}.weight"].T + tower[f"{name}.bias"]


def attention(x: np.ndarray, tower: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Self-attention with heads of 64 channels."""
    q, k, v = np.split(x @ tower[f"{name}.in_proj_weight"].T + tower[f"{name}.in_proj_bias"], 3, 1)
    parts = []
    for at in range(0, x.shape[1], 64):
        scores = q[:, at : at + 64] @ k[:, at : at + 64].T / 8
        weights = np.exp(scores - scores.max(1, keepdims=True))
        parts.append(weights / weights.sum(1, keepdims=True) @ v[:, at : at + 64])
    return linear(np.concatenate(parts, 1), tower, f"{name}.out_proj")


def levels(image: np.ndarray, tower: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Levels (positions, channels) of uint8 RGB (h, w, 3)."""
    pixels = (image / 255 - MEAN) / STD
    h, w = (-(-side // 32) * 32 for side in image.shape[:2])
    pixels = np.einsum("ab,bcd->acd", cubic(h, image.shape[0]), pixels)
    pixels = np.einsum("ab,cbd->cad", cubic(w, image.shape[1]), pixels)
    patches = pixels.reshape(h // 32, 32, w // 32, 32, 3).transpose(0, 2, 4, 1, 3)
    kernel = tower["visual.conv1.weight"].reshape(-1, 3 * 32 * 32)
    tokens = patches.reshape(-1, 3 * 32 * 32) @ kernel.T
    x = np.concatenate([tower["visual.class_embedding"][None], tokens])
    x = x + cubic(len(x), 50) @ tower["visual.positional_embedding"]
    x = norm(x, tower, "visual.ln_pre")
    found = [(pixels * STD + MEAN).reshape(-1, 3)]
    for block in range(sum(name.endswith("c_fc.bias") for name in tower if "visual" in name)):
        at = f"visual.transformer.resblocks.{block}"
        x = x + attention(norm(x, tower, f"{at}.ln_1"), tower, f"{at}.attn")
        hidden = linear(norm(x, tower, f"{at}.ln_2"), tower, f"{at}.mlp.c_fc")
        x = x + linear(hidden * expit(1.702 * hidden), tower, f"{at}.mlp.c_proj")
        found.append(np.maximum(x[1:], 0))
    return found


def fidelity(x: list[np.ndarray], y: list[np.ndarray], heads: dict[str, np.ndarray]) -> float:
    """F of the levels of two images."""
    alpha, beta = (np.log1p(np.exp(heads[name].ravel())) for name in ("alpha", "beta"))
    luminance, structure, c = [], [], 1e-10
    for a, b in zip(x, y, strict=True):
        ma, mb, cov = a.mean(0), b.mean(0), (a * b).mean(0) - a.mean(0) * b.mean(0)
        luminance.append((2 * ma * mb + c) / (ma**2 + mb**2 + c))
        structure.append((2 * cov + c) / (a.var(0) + b.var(0) + c))
    total = alpha.sum() + beta.sum() + c
    return 1 - (alpha @ np.concatenate(luminance) + beta @ np.concatenate(structure)) / total


def naturalness(x: list[np.ndarray], heads: dict[str, np.ndarray]) -> float:
    """N of the levels of one image."""
    moments = [np.concatenate([level.mean(0), level.var(0)]) for level in x]
    seen = [moments[0], *(linear(m, heads, "proj_feat") for m in moments[1:])]
    hidden = linear(np.concatenate(seen), heads, "proj_head.0")
    hidden = hidden / 2 * (1 + erf(hidden / np.sqrt(2)))
    return float(linear(hidden, heads, "proj_head.2")[0])


def values(image: np.ndarray, reference: np.ndarray, state: State) -> list[float]:
    """F_s, N_s of the image and of the reference, lambda, D and the scaled D."""

    def scale(value: float, centre: float, width: float) -> float:
        return 4 * expit((value - centre) / (abs(width) + 1e-10)) - 2

    x, y = (levels(each, state["finetuned_clip"]) for each in (reference, image))
    part = state["fidelity_scale"]
    centre, width = np.clip(part["yita3"], 0.05, 0.95), np.clip(part["yita4"], 0.01, 0.7)
    f = scale(fidelity(x, y, state["fidelity"]), centre, width)
    part = state["natural_scale"]
    of_x, of_y = (
        scale(naturalness(each, state["natural"]), part["yita3"], part["yita4"]) for each in (x, y)
    )
    weight = np.exp(np.log1p(np.exp(state["adapter"]["k"])) * (of_x - of_y))
    d = f + weight * of_y
    return [float(v) for v in (f, of_y, of_x, weight, d, 100 * expit((d + 1.971) / 2.3734))]


def shapes(width: int = 768, layers: int = 12, text: int = 12) -> dict[str, dict[str, tuple]]:
    """Names and shapes of afine.pth, as told of the release; smaller ones have its form."""

    def blocks(prefix: str, width: int, count: int) -> dict[str, tuple]:
        found: dict[str, tuple] = {}
        for i in range(count):
            at = f"{prefix}transformer.resblocks.{i}."
            both = {"ln_1": (width,), "ln_2": (width,), "attn.out_proj": (width, width)}
            both |= {"mlp.c_fc": (4 * width, width), "mlp.c_proj": (width, 4 * width)}
            found[f"{at}attn.in_proj_weight"] = (3 * width, width)
            found[f"{at}attn.in_proj_bias"] = (3 * width,)
            for name, shape in both.items():
                found[f"{at}{name}.weight"], found[f"{at}{name}.bias"] = shape, shape[:1]
        return found

    channels = 3 + layers * width
    clip = {
        "visual.class_embedding": (width,),
        "visual.positional_embedding": (50, width),
        "visual.proj": (width, 512),
        "visual.conv1.weight": (width, 3, 32, 32),
        **{f"visual.{n}.{k}": (width,) for n in ("ln_pre", "ln_post") for k in ("weight", "bias")},
        **blocks("visual.", width, layers),
        "positional_embedding": (77, 512),
        "text_projection": (512, 512),
        "logit_scale": (),
        "token_embedding.weight": (49408, 512),
        "ln_final.weight": (512,),
        "ln_final.bias": (512,),
        **blocks("", 512, text),
    }
    statistics = {"mean": (1, 3, 1, 1), "std": (1, 3, 1, 1)}
    return {
        "finetuned_clip": clip,
        "natural": statistics
        | {"proj_feat.weight": (128, 2 * width), "proj_feat.bias": (128,)}
        | {"proj_head.0.weight": (768, 6 + 128 * layers), "proj_head.0.bias": (768,)}
        | {"proj_head.2.weight": (1, 768), "proj_head.2.bias": (1,)},
        "fidelity": statistics | {"alpha": (1, 1, channels), "beta": (1, 1, channels)},
        "fidelity_scale": {"yita3": (), "yita4": ()},
        "natural_scale": {"yita3": (), "yita4": ()},
        "adapter": {"k": ()},
    }


def small(width: int = 128, layers: int = 2) -> dict[str, dict[str, torch.Tensor]]:
    """A file of the form with random weights of a small tower and hardly any text side."""
    torch.manual_seed(3)
    made = shapes(width, layers, text=1)
    del made["finetuned_clip"]["token_embedding.weight"]
    found = {
        part: {name: torch.randn(shape) * 0.1 for name, shape in own.items()}
        for part, own in made.items()
    }
    found["finetuned_clip"]["visual.conv1.weight"] *= 0.3
    for part in ("natural", "fidelity"):
        for name, given in (("mean", MEAN), ("std", STD)):
            found[part][name] = torch.tensor(given).reshape(1, 3, 1, 1)
    scalars = {"fidelity_scale": (0.4, 0.9), "natural_scale": (0.7, -0.08)}
    for part, (centre, slope) in scalars.items():
        found[part] = {"yita3": torch.tensor(centre), "yita4": torch.tensor(slope)}
    found["adapter"]["k"] = torch.tensor(1.5)
    return found


def arrays(state: dict[str, dict[str, torch.Tensor]]) -> State:
    """The same in float64 NumPy."""
    return {p: {n: v.double().numpy() for n, v in own.items()} for p, own in state.items()}
