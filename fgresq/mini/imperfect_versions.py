"""The versions of a content in DiffIQA-mini: damaged references, and what is tested against them.

Of a clean photograph come four references, damaged by noise, blur, JPEG, and shrinking, each at a
strength that is drawn. Of each reference come six test images: as an enhancer's outputs some are
better than it, some hardly differ, some are worse. Those of lesser damage are made of the clean
photograph, as a network that has learnt what photographs look like would put it back; all others of
the reference. What is drawn follows from a generator of (seed, content, name) alone, so that no
version depends on another, and none on what pixels are worth to anyone. Images are float32 RGB
(side, side, 3) in [0, 1], squares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from skimage.restoration import richardson_lucy

from fgresq.mini import degradations
from fgresq.mini.degradations import Degraded, quantised, shrink
from fgresq.mini.known_order import compressed, noisy, smoothed
from fgresq.mini.restorers import back_projected, bicubic, deconvolved, nlm, sharpened, wavelet

CLEAN = "clean"
Kind = str  # of damage: a key of MAKERS
TESTED = ("more", "other", "restored", "sharpened", "mild", "milder")  # of each reference
DAT_SCALE = 4  # DAT-light at x2 costs eight times as much
# least and greatest strength of a reference: of noise (of 255), of blur in pixels, JPEG quality;
# of shrinking the factors themselves
NOISE, BLUR, JPEG, SHRUNK = (14.0, 34.0), (1.4, 2.8), (6.0, 18.0), (3, 4)
MORE = (1.8, 3.5)  # how much stronger the damage of `more` is
MILD = (0.5, 0.95)  # of `mild`, which is close to its reference
MILDER = (0.1, 0.4)
LEAST_BLUR = 0.4  # pixels; below it nothing changes
OTHER = {  # what may be added to an image that has one kind of damage
    "noise": ("gray soft",),  # blur and JPEG take noise away
    "blur": ("white", "jpeg"),
    "jpeg": ("white", "blur"),
    "shrunk": ("white", "jpeg"),
}


@dataclass(frozen=True)
class Version:
    """A version of a content.

    Args:
        pixels: uint8 RGB (side, side, 3).
        reference: name of the version that it is tested against; of references `CLEAN`.
        kind: what was done: of a reference its damage, of a test image one of `TESTED`.
        strength: of the damage of its reference: higher is stronger, but of JPEG's quality.
    """

    pixels: np.ndarray
    reference: str
    kind: str
    strength: float


def generator(seed: int, content: str, name: str) -> np.random.Generator:
    """Give the generator of one version; it depends on nothing else."""
    return degradations.generator(seed, f"diffiqa_mini/{name}", content)


Draw = Callable[[str], np.random.Generator]  # by the name of a version
Made = tuple[float, dict[str, np.ndarray]]  # strength; images by kind, the reference as "reference"


def other_damage(image: np.ndarray, kind: Kind, rng: np.random.Generator) -> np.ndarray:
    """Add damage of another kind than the image has, at random."""
    way = str(rng.choice(OTHER[kind]))
    if way == "blur":
        return smoothed(image, rng.uniform(1.2, 2.2))
    if way == "jpeg":
        return compressed(image, rng.uniform(5, 15))
    return noisy(image, rng.uniform(12, 30), way, int(rng.integers(1 << 30)))


def of_noise(clean: np.ndarray, draw: Draw, weights: Path) -> Made:
    """White noise; denoised by non-local means, and by wavelets with sharpening."""
    rng = draw("noise")
    sigma, grain = float(rng.uniform(*NOISE)), int(rng.integers(1 << 30))
    x = quantised(noisy(clean, sigma, "white", grain))

    def weaker(share: tuple[float, float], name: str) -> np.ndarray:
        own = draw(name)
        return noisy(clean, sigma * own.uniform(*share), "white", int(own.integers(1 << 30)))

    found = {
        "more": weaker(MORE, "noise-more"),
        "restored": nlm(x, sigma / 255, draw("noise-restored").uniform(0.5, 1.0)),
        "sharpened": sharpened(
            wavelet(x, sigma / 255, draw("noise-sharpened").uniform(0.6, 1.2)).astype(np.float32),
            *(1.0, 3.0),
        ),
        "mild": weaker(MILD, "noise-mild"),
        "milder": weaker(MILDER, "noise-milder"),
    }
    return sigma, {"reference": x, **found}


def of_blur(clean: np.ndarray, draw: Draw, weights: Path) -> Made:
    """Gaussian blur; deconvolved after Richardson and Lucy, and by an unsharp mask."""
    sigma = float(draw("blur").uniform(*BLUR))
    x = quantised(smoothed(clean, sigma))
    side = 2 * int(np.ceil(3 * sigma)) + 1
    line = cv2.getGaussianKernel(side, sigma)
    restore = deconvolved(richardson_lucy, num_iter=int(draw("blur-restored").integers(3, 9)))
    own = draw("blur-sharpened")
    found = {
        "more": smoothed(clean, sigma * draw("blur-more").uniform(*MORE)),
        "restored": restore(Degraded(x, len(x), {"kernel": line @ line.T})),
        "sharpened": sharpened(x, sigma, own.uniform(0.5, 9.0)),
        "mild": smoothed(clean, sigma * draw("blur-mild").uniform(*MILD)),
        "milder": smoothed(clean, max(sigma * draw("blur-milder").uniform(*MILDER), LEAST_BLUR)),
    }
    return sigma, {"reference": x, **found}


def of_jpeg(clean: np.ndarray, draw: Draw, weights: Path) -> Made:
    """JPEG; its blocks smoothed by non-local means, and edges sharpened."""
    quality = float(draw("jpeg").uniform(*JPEG))
    x = compressed(clean, quality)

    def at(share: tuple[float, float], name: str) -> np.ndarray:
        other = float(np.clip(quality / draw(name).uniform(*share), 1, 95))
        return compressed(clean, quality + 1 if int(other) == int(quality) else other)

    found = {
        "more": at(MORE, "jpeg-more"),
        "restored": nlm(x, 6 / 255, draw("jpeg-restored").uniform(0.5, 1.5)),
        "sharpened": sharpened(x, 1.0, draw("jpeg-sharpened").uniform(1.0, 5.0)),
        "mild": at(MILD, "jpeg-mild"),
        "milder": at(MILDER, "jpeg-milder"),
    }
    return quality, {"reference": x, **found}


def of_shrinking(clean: np.ndarray, draw: Draw, weights: Path) -> Made:
    """Shrunk and enlarged by bicubic; back-projected, at x4 by DAT-light."""
    scale = int(draw("shrunk").choice(SHRUNK))
    small = Degraded(quantised(shrink(clean, scale)), len(clean), {"scale": scale})
    x = quantised(bicubic(small))
    projected = back_projected(x, small, int(draw("shrunk-restored").integers(1, 5)))
    milder = (x + clean) / 2
    if scale == DAT_SCALE:
        from fgresq.mini.dat import enlarge  # with torch, and only here

        milder = enlarge(small, weights)
    share = draw("shrunk-mild").uniform(*MILD)
    found = {
        "more": smoothed(x, 0.3 * scale * draw("shrunk-more").uniform(*MORE)),
        "restored": projected,
        "sharpened": sharpened(projected, 1.0, draw("shrunk-sharpened").uniform(1.0, 6.0)),
        "mild": share * x + (1 - share) * clean,
        "milder": milder,
    }
    return scale, {"reference": x, **found}


MAKERS: dict[Kind, Callable[[np.ndarray, Draw, Path], Made]] = {
    "noise": of_noise,
    "blur": of_blur,
    "jpeg": of_jpeg,
    "shrunk": of_shrinking,
}


def versions_of(
    pixels: np.ndarray,
    content: str,
    seed: int,
    weights: Path,
    references: int = len(MAKERS),
    tested: int = len(TESTED),
) -> dict[str, Version]:
    """Make the versions of a content: 29 with all references and test images.

    Args:
        pixels: the clean photograph, uint8 RGB (side, side, 3).
        content: its name.
        seed: of all that is drawn.
        weights: folder of DAT-light.
        references: how many, the first of `MAKERS`.
        tested: images against each, the first of `TESTED`.

    Returns:
        By name: CLEAN, a reference by its kind, a test image as KIND-TESTED.

    Raises:
        UserError: the weights are not there, where a reference was shrunk by 4.
    """
    clean = pixels.astype(np.float32) / np.float32(255)

    def draw(name: str) -> np.random.Generator:
        return generator(seed, content, name)

    found = {CLEAN: Version(pixels, CLEAN, CLEAN, 0.0)}
    for kind in list(MAKERS)[:references]:
        strength, images = MAKERS[kind](clean, draw, weights)
        x = images.pop("reference")
        images["other"] = other_damage(x, kind, draw(f"{kind}-other"))
        found[kind] = Version(eight_bits(x), CLEAN, kind, strength)
        for name in TESTED[:tested]:
            found[f"{kind}-{name}"] = Version(eight_bits(images[name]), kind, name, strength)
    return found


def eight_bits(image: np.ndarray) -> np.ndarray:
    """Clip to [0, 1] and round to uint8."""
    return (np.clip(image, 0, 1) * 255).round().astype(np.uint8)
