"""Images a CPU second: the methods against torchmetrics and piq, on the same images in one run.

    python -m benchmarks.metrics [METHOD ...] [--images 5] [--repeats 5]

Each way scores noisy, blurred and compressed copies of one photograph at 256x256 and at 1080x800.
Ours starts from uint8 RGB files in memory and takes each reference apart once; the peers get
tensors made beforehand: the gray plane that our method works on, where they can use it, so that
they do no more work than the method needs. The ways take turns, the order is reversed from repeat
to repeat, every repeat has another reference, and the median counts. Time is the CPU time of the
process, so that other work on the machine does not count; it is that of one thread. The last
column is the greatest difference of values; docs/methods.md says where a peer follows another
convention.
LPIPS and DISTS of torchmetrics are given our weights, for it would download the same ones.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import torch
from PIL import Image
from skimage import data
from threadpoolctl import threadpool_limits

from fgresq.metrics import frozen, planes
from fgresq.torchvision_ops import make_importable

SIZES = ((256, 256), (800, 1080))  # rows, columns
Way = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def damaged(image: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """Give `count` copies of uint8 RGB, noisy, blurred and compressed in turn."""
    for place in range(count):
        step = 1 + place // 3
        if place % 3 == 0:
            noise = np.random.default_rng(place).normal(0, 8 * step, image.shape)
            yield np.clip(image + noise, 0, 255).astype(np.uint8)
        elif place % 3 == 1:
            yield cv2.GaussianBlur(image, (0, 0), step)
        else:
            buffer = io.BytesIO()
            Image.fromarray(image).save(buffer, format="JPEG", quality=60 // step)
            yield np.asarray(Image.open(buffer).convert("RGB"))


def gray(image: np.ndarray) -> torch.Tensor:
    """Give rgb2gray of uint8 RGB as float32 (1, 1, h, w), 0 to 255."""
    return torch.from_numpy(planes.gray(image))[None, None]


def colour(image: np.ndarray) -> torch.Tensor:
    """Give uint8 RGB as float32 (1, 3, h, w), 0 to 255."""
    return frozen.as_tensor(image) * 255


def convolutions(network: torch.nn.Module, weights: str) -> torch.nn.Module:
    """Put our convolutions into the features of a torchvision network."""
    state = frozen.read_weights(weights)
    layers = [m for m in network.features if isinstance(m, torch.nn.Conv2d)]
    for place, layer in enumerate(layers):
        layer.load_state_dict({k: state[f"features.{place}.{k}"] for k in ("weight", "bias")})
    return network.features


def learned(name: str) -> Way:
    """Build LPIPS or DISTS of torchmetrics with our weights, for images from 0 to 1."""
    models = import_module("torchvision.models")
    if name == "dists":
        module = import_module("torchmetrics.functional.image.dists")
        features = convolutions(models.vgg16(weights=None), "vgg16")
        module.vgg16 = lambda weights: SimpleNamespace(features=features)
        return module.DISTSNetwork().eval()
    net, weights = {"lpips": ("alex", "lpips_alex"), "lpips_vgg": ("vgg", "vgg16")}[name]
    module = import_module("torchmetrics.functional.image.lpips")
    build = {"alex": models.alexnet, "vgg": models.vgg16}[net]
    features = convolutions(build(weights=None), weights)
    module._get_tv_model_features = lambda *_: features
    return partial(module._LPIPS(pretrained=True, net=net).eval(), normalize=True)


def peers() -> dict[str, tuple[Callable[[np.ndarray], torch.Tensor], dict[str, Callable[[], Way]]]]:
    """List, by method, what the peers are given, and how each is built."""
    make_importable()
    piq, tm = import_module("piq"), import_module("torchmetrics.functional.image")
    peak = {"data_range": 255.0}

    def of(**ways: Way) -> dict[str, Callable[[], Way]]:
        return {name: partial(partial, way, **peak) for name, way in ways.items()}

    listed = {
        "psnr": (colour, of(piq=piq.psnr, torchmetrics=tm.peak_signal_noise_ratio)),
        "ssim": (gray, of(piq=partial(piq.ssim, downsample=False),
                          torchmetrics=tm.structural_similarity_index_measure)),
        "ssim_256": (gray, of(piq=piq.ssim)),
        "ms_ssim": (gray, of(piq=piq.multi_scale_ssim,
                             torchmetrics=tm.multiscale_structural_similarity_index_measure)),
        "fsim": (colour, of(piq=partial(piq.fsim, chromatic=False))),
        "fsimc": (colour, of(piq=piq.fsim)),
        "vsi": (colour, of(piq=piq.vsi)),
        "vif": (gray, {}),
        "vifp": (gray, {"piq": lambda: partial(piq.vif_p, **peak),
                        "torchmetrics": lambda: partial(tm.visual_information_fidelity,
                                                        sigma_n_sq=2.0)}),
        "gmsd": (gray, of(piq=piq.gmsd)),
        "niqe": (gray, {}),
        "brisque": (gray, {"piq": lambda: lambda image, _: piq.brisque(image, **peak)}),
    }  # fmt: skip
    for name in ("lpips", "lpips_vgg", "dists"):
        listed[name] = (frozen.as_tensor, {"torchmetrics": partial(learned, name)})
    return listed


def seconds(score: Callable, images: list, reference: object) -> tuple[float, list[float]]:
    """Time the scoring of all images of one reference; give CPU seconds and values."""
    started = time.process_time()
    values = [float(score(image, reference)) for image in images]
    return time.process_time() - started, values


def measure(name: str, shape: tuple[int, int], count: int, repeats: int) -> list[dict]:
    """Measure one method and its peers at one size; a row for each peer, or one without."""
    prepare, builders = peers()[name]
    ways, absent = {"ours": import_module(f"fgresq.metrics.{name}").score}, {}
    photo = cv2.resize(data.astronaut(), shape[::-1], interpolation=cv2.INTER_CUBIC)
    sets = []
    for reference in (photo, np.ascontiguousarray(photo[:, ::-1])):
        images = [*damaged(reference, count)]
        tensors = [prepare(image) for image in images], prepare(reference)
        sets.append({"ours": (images, reference), "peer": tensors})
    for peer, build in builders.items():
        try:
            ways[peer] = build()
            seconds(ways[peer], *sets[0]["peer"])
        except OSError as error:  # it wants to download
            ways.pop(peer, None)
            absent[peer] = str(error)
    times: dict[str, list[float]] = {way: [] for way in ways}
    values: dict[str, list[float]] = {}
    for repeat in range(repeats + 1):
        for way in list(ways) if repeat % 2 else list(reversed(ways)):
            given = sets[repeat % 2]["ours" if way == "ours" else "peer"]
            taken, values[way] = seconds(ways[way], *given)
            if repeat:  # the first warms up
                times[way].append(taken / count)
    rates = {way: 1 / float(np.median(taken)) for way, taken in times.items()}
    row = {"method": name, "size": f"{shape[1]}x{shape[0]}", "ours/s": rates["ours"]}
    rows = [
        row | {"peer": peer, "peer/s": rates[peer], "ratio": rates["ours"] / rates[peer],
               "max difference": float(np.abs(np.subtract(values["ours"], values[peer])).max())}
        for peer in ways if peer != "ours"
    ]  # fmt: skip
    rows += [row | {"peer": f"{peer} (cannot run: {why})"} for peer, why in absent.items()]
    return rows or [row | {"peer": "none"}]


@torch.inference_mode()
def main() -> None:
    """Print the table, method by method."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("methods", nargs="*", default=list(peers()))
    parser.add_argument("--images", type=int, default=5, help="images of each reference")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", help="table (CSV)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    threadpool_limits(1)
    rows: list[dict] = []
    for name in args.methods:
        for shape in SIZES:
            found = measure(name, shape, args.images, args.repeats)
            rows += found
            print(pd.DataFrame(found).to_string(index=False, float_format="%.4g"), flush=True)
    if args.out:
        pd.DataFrame(rows).to_csv(args.out, index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
