"""How fast models judge, beside the authors' way of running FGResQ, in one run.

    python -m benchmarks.inference                # 12 images of 512x512, one thread
    python -m benchmarks.inference --images 24 --rounds 3

The authors' way: one image at a time, decoded and resized by OpenCV, both ViT-B/16 encoders whole,
and again for every pair that an image is in. Ours, at the same weights (random ones of the released
architecture: speed does not depend on their values) and float32: an image is encoded once, however
many pairs it is in. Blocks that both encoders share run once: of the released form there are none
to share, as both are whole networks; of one that was trained here all frozen blocks are, for which
the middle rows stand (--shared blocks of a ViT-B/16 have one set of weights). The last rows are the
embedded model, and it as ONNX where onnxruntime is installed. Each line is measured in turn
--rounds times, and the least time counts: prints images a second and the ratio to the authors' way.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import torch

from fgresq.images import read_rgb, write_png
from fgresq.metrics.fgresq_published import crop
from fgresq.model.opinion import embedded, look
from fgresq.model.released import Released
from fgresq.networks.vit import normalised

SIDE = 512
AUTHORS = "authors' way, an image at a time"
Work = Callable[[], object]


def photographs(count: int, folder: Path) -> list[str]:
    """Write pictures of noise of several scales, so that decoding costs what it does."""
    rng, paths = np.random.default_rng(0), []
    for k in range(count):
        small = rng.integers(0, 256, (SIDE // 8, SIDE // 8, 3)).astype(np.uint8)
        paths.append(str(folder / f"{k}.png"))
        write_png(paths[-1], cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC))
    return paths


def random_model() -> Released:
    """Give the released architecture with random weights."""
    model = Released()
    for name, value in [*model.named_parameters(), *model.named_buffers()]:
        value.data.normal_(std=0.02) if value.dim() > 1 else value.data.fill_(1.0)
        if "bias" in name:
            value.data.zero_()
    return model


def decoded(path: str) -> torch.Tensor:
    """Decode a crop (1, 224, 224, 3) as the authors do: OpenCV, which gives BGR."""
    return crop(cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB))


def sharing(model: Released, crops: torch.Tensor, shared: int) -> torch.Tensor:
    """Give F_q where the first blocks of both encoders have one set of weights."""
    general, other = model.general.visual, model.degradation.visual
    tokens = general._embeds(normalised(crops, model.general.mean, model.general.std))
    for block in general.transformer.resblocks[:shared]:
        tokens = block(tokens)
    features = []
    for visual in (general, other):
        own = tokens
        for block in visual.transformer.resblocks[shared:]:
            own = block(own)
        features.append(visual.ln_post(own)[:, 0])
    return model.heads.quality(*features)


def scoring(paths: list[str], model: Released, shared: int, at_once: int) -> dict[str, Work]:
    """Give the ways to score images."""

    def batches(quality: Callable[[torch.Tensor], torch.Tensor]) -> None:
        for k in range(0, len(paths), at_once):
            crops = torch.cat([crop(read_rgb(path)) for path in paths[k : k + at_once]])
            model.score(quality(crops))

    network = embedded()
    return {
        AUTHORS: lambda: [float(model.score(model.quality(decoded(p)))) for p in paths],
        f"released form, {at_once} at once": lambda: batches(model.quality),
        f"{shared} of 12 blocks shared": lambda: batches(lambda c: sharing(model, c, shared)),
        "embedded model": lambda: [look(network, read_rgb(path)) for path in paths],
        **by_onnx(paths),
    }


def by_onnx(paths: list[str]) -> dict[str, Work]:
    """Give the embedded model's way as ONNX; empty without onnxruntime."""
    if importlib.util.find_spec("onnxruntime") is None:
        return {}
    import onnxruntime

    from fgresq.scoring.export import write_graph
    from fgresq.scoring.graphs import graphs_of
    from fgresq.scoring.judges import judge_of

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "embedded.onnx"
        write_graph(graphs_of(judge_of("embedded"))[""], out, {})
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        given = options, ["CPUExecutionProvider"]
        session = onnxruntime.InferenceSession(out.read_bytes(), *given)

    def run(at_once: int) -> None:
        for k in range(0, len(paths), at_once):
            batch = np.stack([read_rgb(path) for path in paths[k : k + at_once]])
            session.run(["score"], {"image": batch})

    def ours(at_once: int) -> None:
        for k in range(0, len(paths), at_once):
            batch = np.stack([read_rgb(path) for path in paths[k : k + at_once]])
            embedded()(torch.from_numpy(batch))

    return {
        "embedded model, 8 at once": lambda: ours(8),
        "embedded model as ONNX, 1 at once": lambda: run(1),
        "embedded model as ONNX, 8 at once": lambda: run(8),
    }


def comparing(paths: list[str], model: Released) -> dict[str, Work]:
    """Give the ways to compare all pairs of images."""
    pairs = list(combinations(range(len(paths)), 2))

    def authors() -> None:
        for pair in pairs:
            model.heads.compare_logits(*(model.quality(decoded(paths[k])) for k in pair))

    def once() -> None:
        seen = torch.cat([model.quality(crop(read_rgb(path))) for path in paths])
        a, b = (torch.tensor(side) for side in zip(*pairs, strict=True))
        model.heads.compare_logits(seen[a], seen[b])

    return {AUTHORS: authors, "each image encoded once": once}


def least(ways: dict[str, Work], rounds: int) -> dict[str, float]:
    """Give the least CPU seconds of each way, measured in turn."""
    found = dict.fromkeys(ways, np.inf)
    for _ in range(rounds):
        for name, work in ways.items():
            start = time.process_time()
            work()
            found[name] = min(found[name], time.process_time() - start)
    return found


def tell(title: str, seconds: dict[str, float], count: int) -> None:
    """Print a table."""
    print(f"\n| {title} | a second | ratio |\n|---|---|---|")
    for name, own in seconds.items():
        print(f"| {name} | {count / own:.2f} | {seconds[AUTHORS] / own:.2f} |")


@torch.inference_mode()
def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=12)
    parser.add_argument("--in-pairs", type=int, default=4, help="images that are paired")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--shared", type=int, default=6, help="blocks that both encoders share")
    parser.add_argument("--at-once", type=int, default=4)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = random_model()
    with tempfile.TemporaryDirectory() as folder:
        paths = photographs(args.images, Path(folder))
        ways = scoring(paths, model, args.shared, args.at_once)
        tell("images", least(ways, args.rounds), len(paths))
        few = paths[: args.in_pairs]
        count = len(few) * (len(few) - 1) // 2
        tell(f"pairs of {len(few)} images", least(comparing(few, model), 1), count)


if __name__ == "__main__":
    main()
