"""Features of an image at several levels: the image itself, then what a network makes of it.

Level 0 is RGB in [0, 1], whose positions are the pixels. The others are features that are never
negative: the residual stream after each block of a ViT without its class token, through a ReLU, or
the last ReLU of each stage of VGG16. A level is (n, channels, positions).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from fgresq.absent import refuse
from fgresq.errors import unknown
from fgresq.networks.clip import clip_absence, load_clip
from fgresq.networks.frozen import VGG16, ready
from fgresq.networks.torchvision_ops import make_importable
from fgresq.networks.vit import ARCHITECTURE, MEAN, STD
from fgresq.weights.cards import read_weights

BACKBONES = {
    "clip_vit_b32": "CLIP ViT-B/32",
    "vgg16": "VGG16",
    "dinov2_vits14": "DINOv2",
    "random": "random weights",
}
CLIP_MODEL, CLIP_WEIGHTS = "ViT-B-32-quickgelu", "openai"  # by open_clip's names
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
CLIP_SIZE, CLIP_PATCH, HEAD_WIDTH = 224, 32, 64
RANDOM_BLOCKS = 4  # of the untrained one: more would tell no more of what is not learnt
DINO_SIZE, DINO_PATCH = 518, 14  # the size that DINOv2's positions are of


class TokenLevels(nn.Module):
    """A network that gives levels; it defines `upper`.

    Args:
        widths: channels of the levels after the image.
        patch: what both sides of an image have to be multiples of, pixels.
        mean, std: statistics of the pixels that the network was trained on.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(
        self,
        widths: tuple[int, ...],
        patch: int,
        mean: tuple[float, ...] = MEAN,
        std: tuple[float, ...] = STD,
    ) -> None:
        super().__init__()
        self.widths, self.patch = widths, patch
        # Buffers move with the network; they are no weights, so no file of weights holds them.
        for name, values in (("mean", mean), ("std", std)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)

    def upper(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """Give the levels after the image of normalised pixels (n, 3, h, w)."""
        raise NotImplementedError

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Give all levels of RGB (n, 3, h, w), 0 to 1, whose sides are multiples of `patch`."""
        return [image.flatten(2), *self.upper((image - self.mean) / self.std)]


def along_the_sequence(table: torch.Tensor, tokens: int) -> torch.Tensor:
    """Resample positions (rows, width), class token among them, to (tokens, width).

    Bicubic along the rows, as if they were one line. A-FINE's tower was tuned with it: the usual
    resampling of the 7 x 7 grid gives other scores at every size but 224.
    """
    size = (tokens, table.shape[1])
    picture = functional.interpolate(table[None, None], size, mode="bicubic", align_corners=False)
    return picture[0, 0]


def over_the_grid(table: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """Resample positions (1, 1 + n * n, width) to (1, 1 + rows * columns, width), as DINOv2 does.

    Bicubic over both sides, without antialiasing; the class token keeps its own.
    """
    side = round((table.shape[1] - 1) ** 0.5)
    patches = table[:, 1:].unflatten(1, (side, side)).permute(0, 3, 1, 2)
    size = (rows, columns)
    fitted = functional.interpolate(patches, size, mode="bicubic", align_corners=False)
    return torch.cat([table[:, :1], fitted.flatten(2).transpose(1, 2)], dim=1)


def after_each(blocks: nn.ModuleList | nn.Sequential, tokens: torch.Tensor) -> list[torch.Tensor]:
    """Run tokens (n, 1 + t, width) through blocks; give each one's ReLU without class token."""
    found = []
    for block in blocks:
        tokens = block(tokens)
        found.append(functional.relu(tokens[:, 1:]).transpose(1, 2))
    return found


class ClipLevels(TokenLevels):
    """The image side of a CLIP ViT; neither its last layer norm nor its projection is used.

    Args:
        visual: open_clip's VisionTransformer with QuickGELU.
    """

    visual: Any  # open_clip has no types

    def __init__(self, visual: nn.Module) -> None:
        transformer: Any = visual.transformer
        widths = (transformer.width,) * len(transformer.resblocks)
        patch: Any = visual.patch_size
        super().__init__(widths, patch[0], CLIP_MEAN, CLIP_STD)
        self.visual = visual

    def upper(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """Give the residual stream after each block."""
        visual = self.visual
        patches = visual.conv1(pixels).flatten(2).transpose(1, 2)
        first = visual.class_embedding.to(patches.dtype).expand(len(pixels), 1, -1)
        tokens = torch.cat([first, patches], dim=1)
        tokens = tokens + along_the_sequence(visual.positional_embedding, tokens.shape[1])
        return after_each(visual.transformer.resblocks, visual.ln_pre(tokens))


class DinoLevels(TokenLevels):
    """A ViT-S/14 in DINOv2's form.

    Args:
        trunk: timm's, with a class token.
    """

    trunk: Any

    def __init__(self, trunk: nn.Module) -> None:
        blocks: Any = trunk.blocks
        super().__init__((blocks[0].norm1.normalized_shape[0],) * len(blocks), DINO_PATCH)
        self.trunk = trunk

    def upper(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """Give the residual stream after each block."""
        grid = self.trunk.patch_embed.proj(pixels)
        patches = grid.flatten(2).transpose(1, 2)
        tokens = torch.cat([self.trunk.cls_token.expand(len(pixels), -1, -1), patches], dim=1)
        tokens = tokens + over_the_grid(self.trunk.pos_embed, *grid.shape[2:])
        return after_each(self.trunk.blocks, self.trunk.norm_pre(tokens))


class VggLevels(TokenLevels):
    """VGG16's convolutions with its own max pooling: relu1_2, 2_2, 3_3, 4_3 and 5_3."""

    def __init__(self) -> None:
        super().__init__(tuple(stage[-1] for stage in VGG16), 1)
        widths = [3, *(width for stage in VGG16 for width in stage)]
        pairs = zip(widths[:-1], widths[1:], strict=True)
        self.features = nn.ModuleList([nn.Conv2d(a, b, 3, padding=1) for a, b in pairs])

    def upper(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """Give the last features of each stage."""
        found, layers, x = [], iter(self.features), pixels
        for place, stage in enumerate(VGG16):
            if place:
                x = functional.max_pool2d(x, 2)
            for _ in stage:
                x = functional.relu_(next(layers)(x))
            found.append(x.flatten(2))
        return found


def clip_visual(width: int = 768, layers: int = 12) -> nn.Module:
    """Build CLIP's image tower ViT-B/32 (or a smaller one of its form) with random weights."""
    make_importable()
    from open_clip.transformer import QuickGELU, VisionTransformer

    return VisionTransformer(
        *(CLIP_SIZE, CLIP_PATCH, width, layers, width // HEAD_WIDTH),
        mlp_ratio=4.0,
        act_layer=QuickGELU,  # OpenAI's CLIP was trained with it
    )


def dino_trunk(on: str = "cpu", depth: int = 12) -> nn.Module:
    """Make the ViT-S/14 by timm; the layer scale is 1, at DINOv2's 1e-5 a random one does nothing.

    Args:
        on: a device; on "meta" without weights.
        depth: blocks.
    """
    make_importable()
    import timm

    with torch.device(on):
        return timm.create_model(
            ARCHITECTURE, img_size=DINO_SIZE, depth=depth, num_classes=0, init_values=1.0
        )


def levels_of(name: str, seed: int = 0) -> TokenLevels:
    """Build a backbone of `BACKBONES`, with its weights, set up for scoring.

    Args:
        name: of it.
        seed: of the random one, a ViT-S/14 of four blocks.

    Raises:
        UserError: there is no such backbone, or its weights are not at hand.
    """
    if name not in BACKBONES:
        raise unknown("A-FINE", "backbone", name, BACKBONES)
    made: TokenLevels
    if name == "clip_vit_b32":
        refuse(f"A-FINE ({BACKBONES[name]})", clip_absence(CLIP_MODEL, CLIP_WEIGHTS))
        made = ClipLevels(load_clip(CLIP_MODEL, CLIP_WEIGHTS).visual)
    elif name == "vgg16":
        state = read_weights("vgg16")
        made = VggLevels()
        made.load_state_dict({k: v for k, v in state.items() if not k.startswith("linear.")})
        return ready(made)
    elif name == "dinov2_vits14":
        made = DinoLevels(dino_trunk("meta"))
        made.trunk.load_state_dict(read_weights("dinov2_vits14"), strict=True, assign=True)
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = DinoLevels(dino_trunk(depth=RANDOM_BLOCKS))
    return made.eval()
