"""Frozen towers: a DINOv2 ViT-S/14, and the same network with random weights.

An image is seen through views: a grid of crops of 224 pixels at its own resolution, since fine
differences do not survive a resize. A feature is what one transformer block gives: its class token
beside the mean of its patch tokens, 768 numbers, averaged over the views. The random network is
the sanity row: it shows how far recognising the algorithm goes without any learnt knowledge.
The paper resizes to 256 x 256 instead (`resized`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch.nn import functional
from tqdm import tqdm

from fgresq.images import read_rgb
from fgresq.networks.torchvision_ops import make_importable
from fgresq.weights.cards import read_weights

if TYPE_CHECKING:
    from timm.models.vision_transformer import VisionTransformer

TOWERS = ("random", "dinov2")
ARCHITECTURE = "vit_small_patch14_dinov2"
DEPTH = 12
WIDTH = 2 * 384  # of a block's pooled features: class token beside mean patch token
SIZE, CROP = 256, 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BATCH = 8  # images; of 16 the tokens no longer fit the processor's cache


def made(on: str = "cpu") -> VisionTransformer:
    """Make the network by timm, on a device; on "meta" without weights."""
    make_importable()
    import timm
    from timm.models.vision_transformer import VisionTransformer

    with torch.device(on):
        model = timm.create_model(ARCHITECTURE, img_size=CROP, num_classes=0, init_values=1.0)
    assert isinstance(model, VisionTransformer)
    return model


def vit(seed: int) -> VisionTransformer:
    """Build the ViT-S/14 for crops of 224 pixels, with random weights of a seed.

    The layer scale starts at 1: at DINOv2's 1e-5 the blocks of an untrained network do nothing.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return made().eval()


def resampled_positions(positions: torch.Tensor, grid: int) -> torch.Tensor:
    """Fit a position embedding (1, 1 + n * n, width) to a `grid` x `grid` of patches.

    Bicubic and without antialiasing, as DINOv2 does it.
    """
    side = round((positions.shape[1] - 1) ** 0.5)
    patches = positions[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    fitted = functional.interpolate(patches, (grid, grid), mode="bicubic", align_corners=False)
    return torch.cat([positions[:, :1], fitted.flatten(2).transpose(1, 2)], dim=1)


def dinov2(folder: Path | None = None) -> VisionTransformer:
    """Load DINOv2 ViT-S/14; every weight must be named and used.

    Raises:
        UserError: its weights are not there, are damaged, or the folder is of other weights.
    """
    state = read_weights("dinov2_vits14", folder=folder)
    state["pos_embed"] = resampled_positions(state["pos_embed"], CROP // 14)
    model = made("meta")  # 22 million random numbers less
    model.load_state_dict(state, strict=True, assign=True)
    return model.eval()


def tower(name: str, weights: Path | None, seed: int) -> VisionTransformer:
    """Give a tower of `TOWERS`; `seed` is that of the random one."""
    if name == "random":
        return vit(seed)
    return dinov2(weights)


def resized(path: str | Path) -> np.ndarray:
    """Decode an image file at 256 x 256, bilinear, aspect ratio ignored: uint8 (256, 256, 3)."""
    image = Image.fromarray(read_rgb(path))
    return np.array(image.resize((SIZE, SIZE), Image.Resampling.BILINEAR))


def starts(length: int, grid: int) -> list[int]:
    """Place `grid` crops of 224 along a side: each in the middle of an equal part, inside."""
    return [
        min(max(round((k + 0.5) / grid * length - CROP / 2), 0), length - CROP) for k in range(grid)
    ]


def views(path: str | Path, grid: int) -> np.ndarray:
    """Cut an image file into grid x grid crops at its own resolution.

    An image with a side under 224 is enlarged (bilinear) until that side has 224.

    Returns:
        uint8 (grid * grid, 224, 224, 3).
    """
    pixels = read_rgb(path)
    height, width = pixels.shape[:2]
    if min(height, width) < CROP:
        scale = CROP / min(height, width)
        height, width = round(height * scale), round(width * scale)
        large = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
        pixels = np.array(large)
    return np.stack(
        [
            pixels[y : y + CROP, x : x + CROP]
            for y in starts(height, grid)
            for x in starts(width, grid)
        ]
    )


def normalised(
    crops: torch.Tensor, mean: tuple[float, ...] = MEAN, std: tuple[float, ...] = STD
) -> torch.Tensor:
    """Give float (N, 3, 224, 224) of uint8 (N, 224, 224, 3); ImageNet's statistics unless told."""
    pixels = crops.permute(0, 3, 1, 2).float() / 255
    centre, spread = (torch.tensor(v, device=crops.device)[:, None, None] for v in (mean, std))
    return (pixels - centre) / spread


def pooled(model: VisionTransformer, batch: torch.Tensor, blocks: list[int]) -> list[torch.Tensor]:
    """Give the class token beside the mean patch token after each of `blocks` (from 1).

    No block after the last one named is run.

    Returns:
        One tensor (n, 768) a block.
    """
    # timm declares no form with prefix tokens: pairs of patches and prefix
    found: Any = model.forward_intermediates(
        batch,
        indices=[block - 1 for block in blocks],
        return_prefix_tokens=True,
        norm=False,
        stop_early=True,
        output_fmt="NLC",
        intermediates_only=True,
    )
    return [torch.cat([prefix[:, 0], patches.mean(dim=1)], dim=1) for patches, prefix in found]


def features(
    model: VisionTransformer, paths: Iterable[str], blocks: list[int], grid: int = 1
) -> np.ndarray:
    """Compute pooled features of image files, averaged over grid x grid views.

    Returns:
        float32 (blocks, n, 768).
    """
    paths = list(paths)
    rows: list[list[torch.Tensor]] = []
    with torch.inference_mode():
        for start in tqdm(range(0, len(paths), BATCH), desc="features", disable=None):
            batch = np.concatenate([views(path, grid) for path in paths[start : start + BATCH]])
            found = pooled(model, normalised(torch.from_numpy(batch)), blocks)
            rows.append([values.unflatten(0, (-1, grid * grid)).mean(dim=1) for values in found])
    if not rows:
        return np.empty((len(blocks), 0, WIDTH), np.float32)
    by_block = zip(*rows, strict=True)
    return np.stack([torch.cat(parts).numpy() for parts in by_block])
