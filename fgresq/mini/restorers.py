"""The restoration algorithms of FGRestore-mini, each at close strengths.

`RESTORERS[task][name](degraded)` takes a `Degraded` and gives float RGB (size, size, 3), clipped
to [0, 1]. scikit-image and OpenCV do the work; DAT-light is in dat.py. bm3d and bm4d are left out
for their licence.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from skimage.restoration import (
    denoise_nl_means,
    denoise_tv_chambolle,
    denoise_wavelet,
    richardson_lucy,
    wiener,
)

from fgresq.mini.degradations import Degraded, shrink

Restorer = Callable[[Degraded], np.ndarray]
PAD = 16  # pixels mirrored at the border before a deconvolution, which is periodic


def nlm(image: np.ndarray, sigma: float, strength: float) -> np.ndarray:
    """Non-local means (Buades et al. 2005), filter parameter `strength` * sigma."""
    return denoise_nl_means(image, 5, 5, strength * sigma, sigma=sigma, channel_axis=-1)


def tv(image: np.ndarray, sigma: float, strength: float) -> np.ndarray:
    """Total variation (Chambolle 2004), weight `strength` * sigma."""
    return denoise_tv_chambolle(image, strength * sigma, channel_axis=-1)


def wavelet(image: np.ndarray, sigma: float, strength: float) -> np.ndarray:
    """Soft BayesShrink thresholds (Chang et al. 2000) for noise of `strength` * sigma."""
    return denoise_wavelet(
        image,
        sigma=strength * sigma,
        method="BayesShrink",
        mode="soft",
        wavelet="db2",
        convert2ycbcr=True,
        channel_axis=-1,
        rescale_sigma=True,
    )


def bilateral(image: np.ndarray, sigma: float, strength: float) -> np.ndarray:
    """Bilateral filter (Tomasi and Manduchi 1998), range `strength` * sigma."""
    return cv2.bilateralFilter(image, 9, strength * sigma, 2.0, borderType=cv2.BORDER_REFLECT)


def denoised(method: Callable[..., np.ndarray], strength: float) -> Restorer:
    """A denoiser that knows the noise level."""
    return lambda d: method(d.image, d.known["sigma"], strength)


def deconvolved(method: Callable[..., np.ndarray], **options: float) -> Restorer:
    """A deconvolution that knows the kernel, channel by channel, on a mirrored border."""

    def restore(d: Degraded) -> np.ndarray:
        padded = np.pad(d.image, ((PAD, PAD), (PAD, PAD), (0, 0)), mode="reflect")
        channels = [method(padded[..., c], d.known["kernel"], **options) for c in range(3)]
        return np.stack(channels, axis=-1)[PAD:-PAD, PAD:-PAD]

    return restore


def sharpened(image: np.ndarray, radius: float, amount: float) -> np.ndarray:
    """Unsharp masking."""
    smooth = cv2.GaussianBlur(image, (0, 0), radius, borderType=cv2.BORDER_REFLECT)
    return image + amount * (image - smooth)


def enlarged(image: np.ndarray, size: int, kind: int) -> np.ndarray:
    """Interpolate to `size` pixels a side (kind: an OpenCV interpolation)."""
    return cv2.resize(image, (size, size), interpolation=kind)


def bicubic(d: Degraded) -> np.ndarray:
    """Bicubic interpolation."""
    return enlarged(d.image, d.size, cv2.INTER_CUBIC)


def lanczos(d: Degraded) -> np.ndarray:
    """Lanczos interpolation over 8 pixels."""
    return enlarged(d.image, d.size, cv2.INTER_LANCZOS4)


def back_projected(image: np.ndarray, d: Degraded, steps: int) -> np.ndarray:
    """Iterative back-projection (Irani and Peleg 1991): make `image` shrink to the input."""
    for _ in range(steps):
        gap = d.image - shrink(image, d.known["scale"])
        image = image + enlarged(gap, d.size, cv2.INTER_CUBIC)
    return image


def upscaled(
    denoise: Callable[..., np.ndarray], strength: float, kind: int, steps: int = 0
) -> Restorer:
    """Denoise, enlarge, then back-project: for noise and downscaling together."""

    def restore(d: Degraded) -> np.ndarray:
        clean = denoise(d.image, d.known["sigma"], strength).astype(np.float32)
        quiet = Degraded(clean, d.size, d.known)
        return back_projected(enlarged(clean, d.size, kind), quiet, steps)

    return restore


def denoised_after(denoise: Callable[..., np.ndarray], strength: float) -> Restorer:
    """Enlarge, then denoise."""
    return lambda d: denoise(bicubic(d), d.known["sigma"], strength)


def guided(image: np.ndarray, guide: np.ndarray, radius: int, eps: float) -> np.ndarray:
    """Guided filter (He et al. 2013) of a plane (height, width) with a gray guide."""

    def mean(plane: np.ndarray) -> np.ndarray:
        side = (2 * radius + 1, 2 * radius + 1)
        return cv2.blur(plane, side, borderType=cv2.BORDER_REFLECT)

    mean_guide, mean_image = mean(guide), mean(image)
    slope = (mean(guide * image) - mean_guide * mean_image) / (
        mean(guide * guide) - mean_guide**2 + eps
    )
    return mean(slope) * guide + mean(mean_image - slope * mean_guide)


def dark_channel(omega: float, patch: int) -> Restorer:
    """Dark channel prior (He et al. 2009), haze share `omega`, refined by a guided filter."""

    def restore(d: Degraded) -> np.ndarray:
        square = np.ones((patch, patch), np.uint8)
        dark = cv2.erode(d.image.min(axis=2), square)
        brightest = dark >= np.quantile(dark, 0.999)
        airlight = d.image[brightest].mean(axis=0)
        raw = 1 - omega * cv2.erode((d.image / airlight).min(axis=2).astype(np.float32), square)
        gray = cv2.cvtColor(d.image, cv2.COLOR_RGB2GRAY)
        transmission = np.maximum(guided(raw, gray, 20, 1e-3), 0.1)[..., None]
        return (d.image - airlight) / transmission + airlight

    return restore


def clahe(limit: float) -> Restorer:
    """Contrast-limited adaptive histogram equalisation (Zuiderveld 1994) of the lightness."""

    def restore(d: Degraded) -> np.ndarray:
        lab = cv2.cvtColor((d.image * 255).round().astype(np.uint8), cv2.COLOR_RGB2LAB)
        lab[..., 0] = cv2.createCLAHE(limit, (4, 4)).apply(lab[..., 0])
        return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) / 255.0

    return restore


def median(side: int) -> Restorer:
    """Median filter."""
    return lambda d: cv2.medianBlur((d.image * 255).round().astype(np.uint8), side) / 255.0


def opened(width: int, share: float = 1.0) -> Restorer:
    """Opening with a horizontal line: bright streaks thinner than `width` go."""

    def restore(d: Degraded) -> np.ndarray:
        flat = cv2.morphologyEx(d.image, cv2.MORPH_OPEN, np.ones((1, width), np.uint8))
        return share * flat + (1 - share) * d.image

    return restore


def guided_derain(radius: int, eps: float) -> Restorer:
    """Guided low-pass with the opened image as the guide, so that streaks are no edges in it."""

    def restore(d: Degraded) -> np.ndarray:
        guide = opened(5)(d)
        planes = [guided(d.image[..., c], guide[..., c], radius, eps) for c in range(3)]
        return np.minimum(d.image, np.stack(planes, axis=-1))

    return restore


RESTORERS: dict[str, dict[str, Restorer]] = {
    "denoising": {
        "nlm-0.6": denoised(nlm, 0.6),
        "nlm-0.9": denoised(nlm, 0.9),
        "tv-0.8": denoised(tv, 0.8),
        "tv-1.2": denoised(tv, 1.2),
        "wavelet-1.0": denoised(wavelet, 1.0),
        "wavelet-1.5": denoised(wavelet, 1.5),
        "bilateral-2": denoised(bilateral, 2.0),
        "bilateral-3": denoised(bilateral, 3.0),
    },
    "deblurring": {
        "wiener-0.01": deconvolved(wiener, balance=0.01),
        "wiener-0.03": deconvolved(wiener, balance=0.03),
        "wiener-0.1": deconvolved(wiener, balance=0.1),
        "rl-5": deconvolved(richardson_lucy, num_iter=5),
        "rl-10": deconvolved(richardson_lucy, num_iter=10),
        "rl-20": deconvolved(richardson_lucy, num_iter=20),
        "unsharp-1": lambda d: sharpened(d.image, 2.0, 1.0),
        "unsharp-2": lambda d: sharpened(d.image, 2.0, 2.0),
    },
    "super-resolution": {
        "bicubic": bicubic,
        "lanczos": lanczos,
        "bicubic-sharp": lambda d: sharpened(bicubic(d), 1.5, 0.8),
        "ibp-3": lambda d: back_projected(bicubic(d), d, 3),
        "ibp-sharp": lambda d: sharpened(back_projected(bicubic(d), d, 3), 1.0, 0.8),
    },
    "dehazing": {
        "dcp-0.80": dark_channel(0.80, 11),
        "dcp-0.88": dark_channel(0.88, 11),
        "dcp-0.95": dark_channel(0.95, 11),
        "dcp-0.88-small": dark_channel(0.88, 3),
        "clahe-2": clahe(2.0),
        "clahe-4": clahe(4.0),
        "clahe-8": clahe(8.0),
    },
    "deraining": {
        "median-3": median(3),
        "median-5": median(5),
        "opening-3": opened(3),
        "opening-5": opened(5),
        "opening-5-half": opened(5, 0.5),
        "guided-4": guided_derain(4, 1e-3),
        "guided-8": guided_derain(8, 1e-2),
    },
    "mixture": {
        "nlm-bicubic": upscaled(nlm, 0.8, cv2.INTER_CUBIC),
        "nlm-lanczos": upscaled(nlm, 0.8, cv2.INTER_LANCZOS4),
        "nlm-ibp": upscaled(nlm, 0.8, cv2.INTER_CUBIC, steps=3),
        "tv-bicubic": upscaled(tv, 1.0, cv2.INTER_CUBIC),
        "tv-ibp": upscaled(tv, 1.0, cv2.INTER_CUBIC, steps=3),
        "wavelet-lanczos": upscaled(wavelet, 1.0, cv2.INTER_LANCZOS4),
        "bilateral-bicubic": upscaled(bilateral, 2.5, cv2.INTER_CUBIC),
        "bicubic-nlm": denoised_after(nlm, 0.8),
    },
}
