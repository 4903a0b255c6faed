"""DINOv2 ViT-S/14 out of an ONNX graph, in the naming of timm's `vit_small_patch14_dinov2`.

The exporter kept the names of biases, norms and the patch projection (`backbone.*`, Hugging Face
naming) and folded the rest: the weight of a linear layer is the second input of the MatMul whose
product is added to the named bias, transposed; the position embedding is one unnamed constant for
the class token (concatenated) and one for the 37 x 37 patches (reshaped). The `onnx` package only
parses the file here; nothing is executed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import numpy_helper

if TYPE_CHECKING:
    import torch

WIDTH = 384
DEPTH = 12
GRID = 37  # patches a side at the 518 pixels DINOv2 was trained on
_LAYER = {
    "norm1.weight": "norm1.weight",
    "norm1.bias": "norm1.bias",
    "norm2.weight": "norm2.weight",
    "norm2.bias": "norm2.bias",
    "layer_scale1.lambda1": "ls1.gamma",
    "layer_scale2.lambda1": "ls2.gamma",
}
_LINEAR = {
    "attention.output.dense": "attn.proj",
    "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2",
}


def linear_weights(graph: onnx.GraphProto, known: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Find the weight (outputs, inputs) of every linear layer, by the name of its bias."""
    factor = {node.output[0]: node.input[1] for node in graph.node if node.op_type == "MatMul"}
    weights = {}
    for node in graph.node:
        if node.op_type != "Add":
            continue
        for bias, product in (node.input, node.input[::-1]):
            if bias in known and factor.get(product) in known:
                weights[bias] = known[factor[product]].T
    return weights


def position_embedding(known: dict[str, np.ndarray]) -> np.ndarray:
    """Find the position embedding (1, 1 + 37 * 37, width): the constants without a name."""
    unnamed = [value for name, value in known.items() if name.startswith("onnx::")]
    shapes = ((1, 1, WIDTH), (1, GRID * GRID, WIDTH))
    parts = [[value for value in unnamed if value.shape == shape] for shape in shapes]
    if any(len(found) != 1 for found in parts):
        raise ValueError("the graph has no single position embedding")
    return np.concatenate([parts[0][0], parts[1][0]], axis=1)


def dinov2_tensors(data: bytes) -> dict[str, torch.Tensor]:
    """Read the weights of DINOv2 ViT-S/14 from the bytes of an ONNX file, in timm's names."""
    import torch

    graph = onnx.load_model_from_string(data).graph
    known = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    weights = linear_weights(graph, known)
    patch = "backbone.embeddings.patch_embeddings.projection"
    found = {
        "cls_token": known["backbone.embeddings.cls_token"],
        "pos_embed": position_embedding(known),
        "patch_embed.proj.weight": known[f"{patch}.weight"],
        "patch_embed.proj.bias": known[f"{patch}.bias"],
        "norm.weight": known["backbone.layernorm.weight"],
        "norm.bias": known["backbone.layernorm.bias"],
    }
    for block in range(DEPTH):
        found |= block_tensors(block, known, weights)
    return {name: torch.from_numpy(np.array(v)) for name, v in found.items()}


def block_tensors(
    block: int, known: dict[str, np.ndarray], weights: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Rename one transformer block; query, key and value are stacked, as timm holds them."""
    old, new = f"backbone.encoder.layer.{block}", f"blocks.{block}"
    found = {f"{new}.{to}": known[f"{old}.{name}"] for name, to in _LAYER.items()}
    for name, to in _LINEAR.items():
        found[f"{new}.{to}.weight"] = weights[f"{old}.{name}.bias"]
        found[f"{new}.{to}.bias"] = known[f"{old}.{name}.bias"]
    stack = [f"{old}.attention.attention.{part}.bias" for part in ("query", "key", "value")]
    found[f"{new}.attn.qkv.weight"] = np.concatenate([weights[name] for name in stack])
    found[f"{new}.attn.qkv.bias"] = np.concatenate([known[name] for name in stack])
    return found
