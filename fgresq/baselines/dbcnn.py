"""DB-CNN (Zhang et al., IEEE TCSVT 2020): two streams, multiplied place by place.

One stream knows what things look like (VGG16 of ImageNet), the other how images are spoilt (S-CNN,
trained to name synthetic distortions). Bilinear pooling sums the outer products of both over the
places; its signed root, at unit length, goes to one linear layer. On the embedded data the first
stream is the frozen stand-in and the second a frozen EfficientNet-Lite0, at stride 16.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from fgresq import workspace
from fgresq.absent import Absent
from fgresq.baseline_sections import DbcnnRun
from fgresq.baselines.backbones import (
    Backbone,
    OnBackbone,
    Scale,
    absence_of,
    backbone_of,
)
from fgresq.baselines.base import FIT_BATCH, Feed, Inputs
from fgresq.baselines.second import CHANNELS, second_absence
from fgresq.errors import UserError
from fgresq.networks.vit import normalised
from fgresq.sections import Tower

SCNN_LAYERS = ((48, 1), (48, 2), (64, 1), (64, 2), (64, 1), (64, 2), (128, 1), (128, 1), (128, 2))
EPSILON = 1e-8


def scnn_file() -> Path:
    """Give where S-CNN's weights are placed."""
    return workspace.checkpoints() / "scnn" / "scnn.pkl"


def bilinear(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Give (n, C1 * C2) of unit length: the mean outer product over places, its signed root.

    Args:
        first: (n, C1, h, w).
        second: (n, C2, ...), averaged or repeated to h x w where it is of another size.
    """
    height, width = first.shape[2:]
    if second.shape[2:] != (height, width):
        second = functional.adaptive_avg_pool2d(second, (height, width))
    product = torch.einsum("nchw,ndhw->ncd", first, second).flatten(1) / first[0, 0].numel()
    root = product.sign() * (product.abs() + EPSILON).sqrt()
    return functional.normalize(root, dim=1)


def scnn() -> nn.Sequential:
    """Build the convolutions of S-CNN: nine of 3 x 3 with batch normalisation, stride 16 in all."""
    layers, width = [], 3
    for channels, stride in SCNN_LAYERS:
        conv = nn.Conv2d(width, channels, 3, stride=stride, padding=1)
        layers += [conv, nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
        width = channels
    return nn.Sequential(*layers)


def read_scnn() -> nn.Sequential:
    """Load the authors' S-CNN, strictly; nothing but tensors is unpickled.

    Raises:
        UserError: the file is of another form.
    """
    network = scnn()
    try:
        state = torch.load(scnn_file(), map_location="cpu", weights_only=True)
        names = {k.removeprefix("module."): v for k, v in state.items()}
        own = {k.removeprefix("features."): v for k, v in names.items() if k[:9] == "features."}
        network.load_state_dict(own, strict=True)
    except (RuntimeError, pickle.UnpicklingError, AttributeError) as error:
        mend = "Take pretrained_scnn/scnn.pkl of github.com/zwx8981/DBCNN-PyTorch"
        raise UserError(scnn_file(), f"not the weights of S-CNN ({error})", mend) from error
    return network.eval()


class DBCNN(OnBackbone):
    """Two streams, bilinear pooling, one linear layer.

    Args:
        backbone: the first stream.
        second: the second stream on crops; None where its maps are in the batch.
        channels: of the second stream.
        standardise: fit the scales of both streams first.
    """

    def __init__(
        self, backbone: Backbone, second: nn.Module | None, channels: int, standardise: bool
    ) -> None:
        super().__init__(backbone, standardise)
        self.second, self.second_scale = second, Scale(channels)
        self.score = nn.Linear(backbone.channels * channels, 1)

    def other(self, inputs: Inputs) -> torch.Tensor:
        """Give the second stream's maps (n, C2, h, w) of views, as they are."""
        if self.second is None:
            return inputs["second"].flatten(0, 1)
        return self.second(normalised(inputs["crops"]))

    def start(self, feed: Feed, rows: np.ndarray) -> None:
        """Fit the scales of both streams to the training images."""
        super().start(feed, rows)
        if not self.standardise:
            return
        batches = [rows[at : at + FIT_BATCH] for at in range(0, len(rows), FIT_BATCH)]
        with torch.no_grad():
            means = [self.other(feed.evaluation(part)).mean(dim=(2, 3)) for part in batches]
        self.second_scale.fit(torch.cat(means))

    def pooled(self, inputs: Inputs) -> torch.Tensor:
        """Give the bilinear features (N, C1 * C2) of images, the mean over their views."""
        streams = self.backbone(inputs)
        views = bilinear(streams.grid, self.second_scale(self.other(inputs)))
        return views.unflatten(0, (-1, streams.views)).mean(dim=1)

    def settled(self, inputs: Inputs) -> Inputs | None:
        """Give the bilinear features, which stay where both streams are frozen."""
        return {"pooled": self.pooled(inputs)} if self.second is None else None

    def forward(self, inputs: Inputs) -> torch.Tensor:
        """Give the logits (N,) of images, higher better; of `pooled` features where given."""
        pooled = inputs["pooled"] if "pooled" in inputs else self.pooled(inputs)
        return self.score(pooled).squeeze(1)


def absence(settings: DbcnnRun, weights: Path) -> Absent | None:
    """Say why it cannot be had here, or None where it can."""
    if settings.second == "scnn":
        if not scnn_file().exists():
            return Absent(
                "no_weights",
                "the weights of its second stream, S-CNN, are not at hand",
                f"put pretrained_scnn/scnn.pkl of github.com/zwx8981/DBCNN-PyTorch in "
                f"{scnn_file()}",
            )
    elif absent := second_absence(settings.second, weights):
        return absent
    return absence_of(settings.backbone)


def build(tower: Tower, settings: DbcnnRun, weights: Path) -> DBCNN:
    """Build the network from its settings."""
    on_crops = settings.second == "scnn"
    second, channels = (read_scnn(), SCNN_LAYERS[-1][0]) if on_crops else (None, CHANNELS)
    return DBCNN(backbone_of(tower, settings.backbone), second, channels, settings.standardise)
