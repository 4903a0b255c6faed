"""Photographs degraded at a known order: what nobody has to judge, since each step adds damage.

A ladder is a photograph and three versions of it, best first. People's scores of photographs teach
that crisp is good, and residual noise then passes for detail; ladders teach that it is not. Images
are float32 RGB (height, width, 3) in [0, 1]; everything follows from the generator that is given.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from fgresq.mini.degradations import Degraded, motion_kernel, quantised, shrink
from fgresq.mini.restorers import back_projected, bicubic, bilateral, sharpened

RUNGS = 4  # images of a ladder
GRAY = 0.25  # proportion of ladders that are made of a gray photograph
Ladder = Callable[[np.ndarray, np.random.Generator], list[np.ndarray]]


def smoothed(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur by a Gaussian of `sigma` pixels."""
    return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)


def unit_noise(shape: tuple[int, ...], kind: str, rng: np.random.Generator) -> np.ndarray:
    """Draw noise of standard deviation 1: white or correlated (`soft`), in colour or gray."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    if kind.startswith("gray"):
        noise = np.repeat(noise[..., :1], shape[2], axis=2)
    if kind.endswith("soft"):
        noise = smoothed(noise, rng.uniform(0.6, 1.8))
        noise /= noise.std()
    return noise


def noisy(image: np.ndarray, sigma: float, kind: str, seed: int) -> np.ndarray:
    """Add noise of about `sigma` (of 255); one seed gives the same grain at every strength.

    Args:
        image: float32 RGB.
        sigma: strength.
        kind: white, gray, soft, gray soft, shot (of the light), speckle, pepper, or grid.
        seed: of the grain.
    """
    rng = np.random.default_rng(seed)
    if kind == "grid":  # as networks that enlarge by strides leave behind
        period, phase = rng.integers(2, 9), rng.uniform(0, 2 * np.pi, 2)
        rows, columns = np.indices(image.shape[:2])
        turns = 2 * np.pi / period
        wave = np.sin(turns * rows + phase[0]) * np.sin(turns * columns + phase[1])
        return image + np.float32(sigma / 128) * wave[..., None].astype(np.float32)
    if kind == "pepper":
        hit, share = rng.random(image.shape[:2], dtype=np.float32)[..., None], sigma / 510
        spots = np.where(hit < share / 2, np.float32(0), image)
        return np.where(hit > 1 - share / 2, np.float32(1), spots)
    grain = unit_noise(image.shape, kind, rng)
    if kind == "shot":
        grain *= 1.5 * np.sqrt(np.clip(image, 0.02, 1))
    if kind == "speckle":
        grain *= 1.5 * (image + np.float32(0.1))
    return image + grain * np.float32(sigma / 255)


KINDS = ("white", "gray", "soft", "gray soft", "gray soft", "shot", "speckle", "pepper", "grid")
ADDITIVE = ("white", "gray", "soft", "gray soft", "shot")


def compressed(image: np.ndarray, quality: float) -> np.ndarray:
    """Compress as JPEG of a quality of 1 to 100."""
    pixels = (np.clip(image, 0, 1)[..., ::-1] * 255).round().astype(np.uint8)
    options = [cv2.IMWRITE_JPEG_QUALITY, int(quality)]
    coded = cv2.imencode(".jpg", pixels, options)[1]
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded[..., ::-1].astype(np.float32) / np.float32(255)


def resized(image: np.ndarray, side: int, kind: int) -> np.ndarray:
    """Resample a square image to `side` pixels a side (kind: an OpenCV interpolation)."""
    return cv2.resize(image, (side, side), interpolation=kind)


def noise_ladder(image: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Noise of one kind and grain, of about 5, 14 and 36 (of 255)."""
    kind, factor, seed = str(rng.choice(KINDS)), rng.uniform(0.7, 1.3), int(rng.integers(1 << 30))
    return [image, *(noisy(image, s * factor, kind, seed) for s in (5, 14, 36))]


def denoised_ladder(image: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Denoised, noisy, and with noise that is 1.8 times as strong."""
    kind, sigma = str(rng.choice(ADDITIVE)), float(rng.uniform(10, 40))
    seed = int(rng.integers(1 << 30))
    first = quantised(noisy(image, sigma, kind, seed))
    pixels = (first * 255).round().astype(np.uint8)
    way = str(rng.choice(["means", "bilateral", "blur", "blur, bilateral"]))
    if way == "means":
        strength = 0.8 * sigma
        found = cv2.fastNlMeansDenoisingColored(pixels, None, strength, strength, 5, 13)
        clean = found.astype(np.float32) / np.float32(255)
    elif way == "bilateral":
        clean = bilateral(first, sigma / 255, 3.0)
    elif way == "blur":
        clean = smoothed(first, 0.5 + sigma / 40)
    else:
        clean = bilateral(smoothed(first, 0.6), sigma / 255, 2.0)
    return [image, clean, first, noisy(image, 1.8 * sigma, kind, seed)]


def blur_ladder(image: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Gaussian blur of about .8, 1.5 and 3 pixels, or motion over 3.5, 7 and 14."""
    factor = rng.uniform(0.7, 1.3)
    if rng.random() < 0.5:
        return [image, *(smoothed(image, s * factor) for s in (0.8, 1.5, 3.0))]
    angle = rng.uniform(0, 180)
    kernels = [motion_kernel(length * factor, angle) for length in (3.5, 7, 14)]
    return [image, *(cv2.filter2D(image, -1, k, borderType=cv2.BORDER_REFLECT) for k in kernels)]


def jpeg_ladder(image: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """JPEG of a quality of about 55, 28 and 10."""
    factor = rng.uniform(0.7, 1.3)
    return [image, *(compressed(image, q * factor) for q in (55, 28, 10))]


def shrunk_ladder(image: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Shrunk by about 1.7, 2.5 and 4 and enlarged again by one interpolation."""
    factor, side = rng.uniform(0.7, 1.1), len(image)
    kind = int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4]))
    small = [round(side / max(s * factor, 1.2)) for s in (1.7, 2.5, 4.0)]
    return [image, *(resized(resized(image, s, cv2.INTER_AREA), side, kind) for s in small)]


def enlarged_ladder(image: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Shrunk by 2, 3 or 4, then enlarged with back-projection, without, and blurred."""
    scale, side = int(rng.choice([2, 3, 4])), len(image)
    small = Degraded(shrink(image, scale), side, {"scale": scale})
    plain = bicubic(small)
    return [image, back_projected(plain, small, 4), plain, smoothed(plain, 0.5 * scale)]


def sharp_ladder(image: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Unsharp masks far beyond what anyone would choose: of about 4, 8 and 16 times the detail."""
    radius, factor = rng.uniform(0.7, 2.0), rng.uniform(0.8, 1.25)
    return [image, *(sharpened(image, radius, amount * factor) for amount in (4, 8, 16))]


def halo_ladder(image: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Blurred and then sharpened: slightly, and so far that edges have halos."""
    sigma = rng.uniform(0.7, 2.0)
    soft, factor = smoothed(image, sigma), rng.uniform(0.8, 1.25)
    return [image, *(sharpened(soft, 1.3 * sigma, amount * factor) for amount in (1, 6, 14))]


def deblurred_ladder(image: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Blurred and sharpened with measure, blurred, and blurred more."""
    sigma = rng.uniform(0.6, 2.5)
    soft = smoothed(image, sigma)
    better = sharpened(soft, sigma, rng.uniform(0.6, 1.2))
    return [image, better, soft, smoothed(image, 1.6 * sigma)]


def smooth_ladder(image: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Smoothing that there is no noise for, by one filter at three strengths."""
    pixels = (np.clip(image, 0, 1) * 255).round().astype(np.uint8)
    way = str(rng.choice(["bilateral", "median", "means", "edges", "box"]))
    if way == "bilateral":
        return [image, *(bilateral(image, r, 1.0) for r in (0.1, 0.2, 0.4))]
    if way == "box":
        sides = [(side, side) for side in (3, 5, 9)]
        return [image, *(cv2.blur(image, s, borderType=cv2.BORDER_REFLECT) for s in sides)]
    if way == "median":
        found = [cv2.medianBlur(pixels, side) for side in (3, 5, 9)]
    elif way == "means":
        found = [cv2.fastNlMeansDenoisingColored(pixels, None, h, h, 5, 11) for h in (5, 12, 30)]
    else:
        reach = ((5, 0.1), (15, 0.25), (40, 0.5))
        found = [cv2.edgePreservingFilter(pixels, flags=1, sigma_s=s, sigma_r=r) for s, r in reach]
    return [image, *(f.astype(np.float32) / np.float32(255) for f in found)]


def mixed_ladder(image: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Blur, noise and JPEG together, each once, twice and three times as strong."""
    factor, seed = rng.uniform(0.7, 1.3), int(rng.integers(1 << 30))
    found = [image]
    for times in (1, 2, 3):
        soft = smoothed(image, 0.4 + 0.4 * times * factor)
        found.append(compressed(noisy(soft, 4 * times * factor, "white", seed), 80 - 20 * times))
    return found


LADDERS: dict[str, Ladder] = {
    "noise": noise_ladder,
    "denoised": denoised_ladder,
    "blur": blur_ladder,
    "jpeg": jpeg_ladder,
    "shrunk": shrunk_ladder,
    "enlarged": enlarged_ladder,
    "sharp": sharp_ladder,
    "halo": halo_ladder,
    "deblurred": deblurred_ladder,
    "smooth": smooth_ladder,
    "mixed": mixed_ladder,
}


def ladder(pixels: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Degrade a photograph at a known order.

    Args:
        pixels: uint8 RGB (side, side, 3), a square.
        kind: of `LADDERS`.
        rng: all that is drawn comes of it.

    Returns:
        uint8 RGB (RUNGS, side, side, 3), best first; the first is the photograph, or its gray.
    """
    image = pixels.astype(np.float32) / np.float32(255)
    if rng.random() < GRAY:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    rungs = [np.clip(rung, 0, 1) for rung in LADDERS[kind](image, rng)]
    return (np.stack(rungs) * 255).round().astype(np.uint8)
