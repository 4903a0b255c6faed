"""What a frozen network gives of comparisons, computed once: moments of images, terms of pairs.

    fgresq step afine-encode vgg16 --comparisons comparisons.csv --out encoded

A-FINE's heads look at means and variances of one image and at L and S of two, so that they train
and judge without a pixel. The numbers themselves are kept in the folder of tokens
(fgresq/imperfect/seen_comparisons.py); the file that is written says that they are there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from fgresq.comparisons import read_comparisons
from fgresq.errors import unknown
from fgresq.files import write_json
from fgresq.imperfect.declared_presets import AfinePreset, add_preset, preset_of
from fgresq.imperfect.perceptual_terms import PERCEIVED
from fgresq.imperfect.seen_comparisons import Encoder, encoded
from fgresq.model.adaptive import Afine, afine_on
from fgresq.model.afine_heads import tower_digest
from fgresq.model.moments import Encoded, terms
from fgresq.networks.frozen import as_tensor
from fgresq.networks.token_levels import BACKBONES

# what moments and terms follow from; heads may change without them
LOOKS = ("fgresq.model.moments", "fgresq.networks.token_levels")
PERCEPTION = ("fgresq.imperfect.perceptual_terms",)


def of_model(model: Afine) -> Encoder:
    """Keep what A-FINE's heads look at: means and variances, L and S, (2, C) each."""
    device = model.raw_k.device

    def see(pixels: np.ndarray) -> Encoded:
        return model.encode(as_tensor(pixels).to(device))

    def moments(seen: Encoded) -> np.ndarray:
        return torch.cat(list(seen.moments)).cpu().numpy()

    def compared(image: Encoded, reference: Encoded) -> np.ndarray:
        return torch.cat(list(terms(reference.levels, image.levels))).cpu().numpy()

    return Encoder(tower_digest(model.tower), LOOKS, see, compared, moments, device.type)


def by_backbone(name: str, seed: int, device: str) -> Encoder:
    """Encode by a backbone as it comes; the seed is of the random one."""
    return of_model(afine_on(name, seed).to(device))


def by_perception(name: str, seed: int, device: str) -> Encoder:
    """Keep what the linear weights of LPIPS or DISTS read; on the CPU, as their scores are made."""
    own = PERCEIVED[name]
    return Encoder(own.state(), PERCEPTION, own.see, own.terms)


ENCODERS: dict[str, Callable[[str, int, str], Encoder]] = {
    **dict.fromkeys(BACKBONES, by_backbone),
    **dict.fromkeys(PERCEIVED, by_perception),
}


def device_for(preset: AfinePreset) -> str:
    """Give the device of a preset; the CPU where CUDA is asked for and there is none."""
    return "cuda" if preset.device == "cuda" and torch.cuda.is_available() else "cpu"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("features", help=f"what sees the images: {', '.join(ENCODERS)}")
    parser.add_argument("--comparisons", required=True, help="images and their references")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    add_preset(parser)


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    torch.set_num_threads(args.threads)
    preset = preset_of(args)
    if args.features not in ENCODERS:
        raise unknown("afine-encode", "features", args.features, ENCODERS)
    comparisons = read_comparisons(args.comparisons)
    device = device_for(preset)
    encoder = ENCODERS[args.features](args.features, preset.seed, device)
    found = encoded(comparisons, encoder, f"encoding by {args.features}")
    write_json(
        args.out / f"{args.features}.json",
        {
            "features": args.features,
            "images": len(found.images),
            "comparisons": len(comparisons),
            "kept_of_a_comparison": list(found.terms.shape[1:]),
            "state": encoder.state,
            "device": device,
        },
    )
