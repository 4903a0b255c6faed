"""Images a CPU second: the methods against torchmetrics and piq, on the same images in one run.

    python -m benchmarks.metrics [METHOD ...] [--images 5] [--repeats 5]

Each way scores noisy, blurred and compressed copies of one photograph at 256x256 and at 1080x800.
Ours starts from uint8 RGB files in memory and takes each reference apart once; the peers get
tensors made beforehand: the gray plane that our method works on, where they can use it, so that
they do no more work than the method needs. The ways take turns, the order is reversed from repeat
to repeat, every repeat has another reference, and the median counts. Time is the CPU time of the
process, so that other work on the machine does not count; it is that of one thread. The last
column is the greatest difference of values; docs/methods.md says where a peer follows another
convention. A method without a peer, or not at hand, has the reason in the peer's place. A run ahead
of the repeats is not timed: in it IL-NIQE-refit fits its model, where none is kept yet.
LPIPS, DISTS and BRISQUE of the peers are given our weights, for they would download the same ones;
a peer whose values are then further from ours than TOLERANCES allows is left out. piq has LPIPS on
VGG16 alone; its DISTS would bring a shorter side above 256 to 256, here it takes images as they
are. A-FINE on our backbones is in neither: DISTS, ours, is what a user would take instead, so that
its ratio is of two methods, whose values are not compared.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from unittest.mock import patch

import cv2
import numpy as np
import pandas as pd
import torch
from PIL import Image
from skimage import data
from threadpoolctl import threadpool_limits

from fgresq.catalogues import catalogue
from fgresq.metrics import dists
from fgresq.networks import frozen
from fgresq.networks.torchvision_ops import make_importable
from fgresq.ops import planes
from fgresq.scoring.registry import absence
from fgresq.weights.cards import read_weights

SIZES = ((256, 256), (800, 1080))  # rows, columns
# How far the values of a peer with our weights may lie from ours. BRISQUE, about 0 to 100, has the
# widest: it counts pixels below their mean, and in flat parts of an image rounding says which are.
TOLERANCES = {"lpips": 1e-5, "lpips_vgg": 1e-5, "dists": 1e-5, "brisque": 0.5}
NO_PEER = dict.fromkeys(
    ("niqe", "ilniqe", "ilniqe_refit"), "neither has it, and pyiqa's is non-commercial"
)
NO_PEER |= {"vif": "neither has the wavelet form"}
INSTEAD = "dists (ours)"  # another method in a peer's place: speeds alone are compared
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


def convolutions(build: Callable[..., torch.nn.Module], weights: str) -> torch.nn.Module:
    """Build a network of torchvision and put our convolutions into it; give its features only."""
    with torch.device("meta"):  # nothing is drawn for the layers that are thrown away
        features = build(weights=None).features
    features.to_empty(device="cpu")
    state = read_weights(weights)
    layers = [m for m in features if isinstance(m, torch.nn.Conv2d)]
    for place, layer in enumerate(layers):
        layer.load_state_dict({k: state[f"features.{place}.{k}"] for k in ("weight", "bias")})
    return features


def of_torchmetrics(name: str) -> Way:
    """Build LPIPS or DISTS of torchmetrics with our weights, for images from 0 to 1."""
    models = import_module("torchvision.models")
    if name == "dists":
        module = import_module("torchmetrics.functional.image.dists")
        features = convolutions(models.vgg16, "vgg16")
        with patch.object(module, "vgg16", lambda **_: SimpleNamespace(features=features)):
            return module.DISTSNetwork().eval()
    net, weights = {"lpips": ("alex", "lpips_alex"), "lpips_vgg": ("vgg", "vgg16")}[name]
    module = import_module("torchmetrics.functional.image.lpips")
    build = {"alex": models.alexnet, "vgg": models.vgg16}[net]
    features = convolutions(build, weights)
    with patch.object(module, "_get_tv_model_features", lambda *_: features):
        return partial(module._LPIPS(pretrained=True, net=net).eval(), normalize=True)


def of_piq(name: str) -> Way:
    """Build LPIPS on VGG16 or DISTS of piq with our weights, for images from 0 to 1."""
    module = import_module("piq.perceptual")
    features = convolutions(import_module("torchvision.models").vgg16, "vgg16")
    if name == "dists":
        build, weights = module.DISTS, read_weights("dists")
    else:
        state = read_weights("vgg16")
        weights = [state[f"linear.{place}"].view(1, -1, 1, 1) for place in range(5)]
        build = module.LPIPS
    with (
        patch.object(module, "vgg16", lambda **_: SimpleNamespace(features=features)),
        patch.object(torch.hub, "load_state_dict_from_url", lambda *_, **__: weights),
    ):
        network = build().eval()
    if name == "dists":  # the forward of its own class is this one, after the resizing
        return lambda image, reference: 1 - module.ContentLoss.forward(network, image, reference)
    return network


def brisque_of_piq() -> Way:
    """Build BRISQUE of piq with our SVM, for images from 0 to 255."""
    module = import_module("piq.brisque")
    svm = read_weights("brisque")
    parts = [svm[name].float() for name in ("coefficients", "vectors")]
    module.load_url = lambda *_, **__: [x.clone() for x in parts]  # it transposes them in place
    return lambda image, _: module.brisque(image, data_range=255.0)


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
        "ilniqe": (gray, {}),
        "ilniqe_refit": (gray, {}),
        "brisque": (gray, {"piq": brisque_of_piq}),
    }  # fmt: skip
    for name in ("lpips", "lpips_vgg", "dists"):
        listed[name] = (frozen.as_tensor, {"torchmetrics": partial(of_torchmetrics, name)})
    for name in ("lpips_vgg", "dists"):
        listed[name][1]["piq"] = partial(of_piq, name)
    for name in ("afine_vgg16", "afine_dinov2"):
        listed[name] = (np.asarray, {INSTEAD: lambda: dists.score})
    return listed


def seconds(score: Callable, images: list, reference: object) -> tuple[float, list[float]]:
    """Time the scoring of all images of one reference; give CPU seconds and values."""
    started = time.process_time()
    values = [float(score(image, reference)) for image in images]
    return time.process_time() - started, values


def difference(ours: list[float], others: list[float]) -> float:
    """Give the greatest difference of values."""
    return float(np.abs(np.subtract(ours, others)).max())


def compared(peer: str, ours: list[float], others: list[float]) -> dict[str, float]:
    """Give the column of differences, but of another method in a peer's place."""
    return {} if peer == INSTEAD else {"max difference": difference(ours, others)}


def measure(name: str, shape: tuple[int, int], count: int, repeats: int) -> list[dict]:
    """Measure one method and its peers at one size; a row for each peer, or one without."""
    row = {"method": name, "size": f"{shape[1]}x{shape[0]}"}
    absent = absence(name, catalogue("methods")[name])
    if absent:
        return [row | {"peer": f"none (not measured: {absent.reason})"}]
    prepare, builders = peers()[name]
    ways = {"ours": import_module(f"fgresq.metrics.{name}").score}
    ways |= {peer: build() for peer, build in builders.items()}
    photo = cv2.resize(data.astronaut(), shape[::-1], interpolation=cv2.INTER_CUBIC)
    sets = []
    for reference in (photo, np.ascontiguousarray(photo[:, ::-1])):
        images = [*damaged(reference, count)]
        tensors = [prepare(image) for image in images], prepare(reference)
        sets.append({way: tensors for way in builders} | {"ours": (images, reference)})
    values = {way: seconds(ways[way], *sets[0][way])[1] for way in ways}  # warms up, too
    gaps = {peer: difference(values["ours"], values[peer]) for peer in builders}
    tolerance = TOLERANCES.get(name, np.inf)
    left_out = [peer for peer, gap in gaps.items() if not gap <= tolerance]  # NaN is left out
    ways = {way: score for way, score in ways.items() if way not in left_out}
    times: dict[str, list[float]] = {way: [] for way in ways}
    for repeat in range(1, repeats + 1):
        for way in list(ways) if repeat % 2 else list(reversed(ways)):
            taken, values[way] = seconds(ways[way], *sets[repeat % 2][way])
            times[way].append(taken / count)
    rates = {way: 1 / float(np.median(taken)) for way, taken in times.items()}
    row |= {"ours/s": rates["ours"]}
    if not builders:
        return [row | {"peer": f"none ({NO_PEER[name]})"}]
    rows = [
        row | {"peer": peer, "peer/s": rates[peer], "ratio": rates["ours"] / rates[peer],
               **compared(peer, values["ours"], values[peer])}
        for peer in ways if peer != "ours"
    ]  # fmt: skip
    return rows + [
        row | {"peer": f"{peer} (left out: values differ by {gaps[peer]:.2g}, over {tolerance:g})"}
        for peer in left_out
    ]


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
