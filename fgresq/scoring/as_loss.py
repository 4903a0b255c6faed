"""Quality as a loss: differentiable in the image, lower better, whatever the trainer does.

    loss = fgresq.loss("embedded")   # or "fgresq", "lpips", "dists", "afine", a folder of weights
    total = pixel_loss(restored, target) + 0.05 * loss(restored, target)

Images are tensors (n, 3, h, w), RGB, from 0 to 1, not rounded to 8 bits; on a file of 8 bits the
models see what they see when they score it. Values a little outside are cut off, and the gradient
passes as if they were not. The networks are frozen, in evaluation mode and in float32, under
autocast as well: they are no submodules of the loss, so that no trainer finds their weights, saves
them with a checkpoint, casts them or sets them to training. They follow the image's device.

A model without a reference gives a logit z, as the sigmoid of a score saturates: FGResQ that of its
score; the embedded model 1.702 / (root 2 SD) times its points above the middle of the scale, the
logit of how surely raters (whose SD its card names) would prefer the image to one of 50 points. The
loss is the mean of softplus(-z), never below zero, or, in the form "linear", of -z.

D of A-FINE, of its authors or of ours, has no ends, and is not least where image and target are the
same. Of an image whose N_s is above 1 / k, going down D makes it worse: start from images that a
distance has already brought near. The target is held fixed.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from fgresq.absent import refuse
from fgresq.errors import UserError, nearest, unknown
from fgresq.metrics import afine, afine_dinov2, afine_vgg16, dists, fgresq_published
from fgresq.model import opinion
from fgresq.model.adaptive import Afine
from fgresq.model.fgresq import FGResQ
from fgresq.model.released import SLOPE, Released
from fgresq.networks import alex_lpips
from fgresq.networks.perceptual import Perceptual
from fgresq.networks.towers import Tower
from fgresq.networks.vit import CROP, SIZE, starts
from fgresq.scoring.predict import Scorer

ADAPTIVE = {"afine": afine, "afine_vgg16": afine_vgg16, "afine_dinov2": afine_dinov2}
FORMS = ("softplus", "linear")
NAMES = ("embedded", "fgresq", "lpips", "dists", *ADAPTIVE)
PROBIT = 1.702  # the logistic of 1.702 x is within .01 of the normal distribution at x
MIDDLE = (opinion.LEAST + opinion.MOST) / 2


class QualityLoss(nn.Module):
    """What all losses share; `each` is of its kind.

    Args:
        name: as it was asked for.
        networks: that it reads; copied, so that scoring goes on undisturbed.
        least: pixels that a side of an image must have.

    Attributes:
        kind: FR where it compares with a target, else NR.
    """

    kind = "NR"

    def __init__(self, name: str, networks: Sequence[nn.Module], least: int) -> None:
        super().__init__()
        self.name, self.least = name, least
        # in a tuple they are no submodules
        self.networks = tuple(copy.deepcopy(n).float().requires_grad_(False) for n in networks)
        for network in self.networks:
            network.eval()
        self.train(False)

    def train(self, mode: bool = True) -> QualityLoss:
        """Stay in evaluation mode, whatever is asked."""
        return super().train(False)

    def each(self, image: torch.Tensor, target: torch.Tensor | None) -> torch.Tensor:
        """Give the losses (n,) of float32 images (n, 3, h, w) in [0, 1]."""
        raise NotImplementedError

    def forward(
        self, image: torch.Tensor, target: torch.Tensor | None = None, **ignored: Any
    ) -> torch.Tensor:
        """Give the mean loss of a batch, a scalar of float32; lower better.

        Args:
            image: RGB (n, 3, h, w) of floats, 0 to 1.
            target: the same, where `kind` is FR; else not looked at.
            ignored: what a trainer hands over besides.

        Raises:
            UserError: a shape does not fit, an image is too small, or a target is missing.
        """
        check(self, image, target)
        for network in self.networks:
            network.to(image.device)
        with torch.autocast(image.device.type, enabled=False):
            beside = None if target is None else inside(target.float())
            return self.each(inside(image.float()), beside).mean()

    def extra_repr(self) -> str:
        """Name what it is made of."""
        return f"{self.name}, {self.kind}"


def check(loss: QualityLoss, image: torch.Tensor, target: torch.Tensor | None) -> None:
    """Refuse what a loss cannot take.

    Raises:
        UserError: a shape does not fit, an image is too small, or a target is missing.
    """
    where = f"loss '{loss.name}'"
    if image.ndim != 4 or image.shape[1] != 3 or not image.is_floating_point():
        problem = f"a tensor {tuple(image.shape)} of {image.dtype} is no batch of images"
        raise UserError(where, problem, "Give floats (n, 3, h, w) from 0 to 1")
    if min(image.shape[2:]) < loss.least:
        height, width = image.shape[2:]
        mend = f"Give crops of {loss.least} pixels or more"
        raise UserError(where, f"{width}x{height} is too small", mend)
    if loss.kind == "FR" and (target is None or target.shape != image.shape):
        found = "none" if target is None else f"one of {tuple(target.shape)}"
        problem = f"it compares with a target of {tuple(image.shape)}, and there is {found}"
        raise UserError(where, problem, "Give the target as the second argument")


def inside(image: torch.Tensor) -> torch.Tensor:
    """Cut values to [0, 1]; the gradient passes as if nothing were cut."""
    return image + (image.clamp(0, 1) - image).detach()


class Distance(QualityLoss):
    """LPIPS or DISTS, whose value is a distance already."""

    kind = "FR"

    def each(self, image: torch.Tensor, target: torch.Tensor | None) -> torch.Tensor:
        """Give the distances (n,)."""
        assert target is not None
        network = self.networks[0]
        if isinstance(network, Perceptual):
            return network.distance(network(image), network(target))
        assert isinstance(network, dists.Dists)  # takes one image at a time
        pairs = zip(image.split(1), target.split(1), strict=True)
        return torch.stack([network.distance(network(a), network(b)) for a, b in pairs])


class Adaptive(QualityLoss):
    """D of a model on A-FINE's equations."""

    kind = "FR"

    def each(self, image: torch.Tensor, target: torch.Tensor | None) -> torch.Tensor:
        """Give D (n,)."""
        network = self.networks[0]
        assert target is not None and isinstance(network, Afine)
        return network(image, target.detach())


class Logit(QualityLoss):
    """A model without a reference.

    Args:
        name, networks, least: of `QualityLoss`.
        form: of `FORMS`.
    """

    def __init__(self, name: str, networks: Sequence[nn.Module], least: int, form: str) -> None:
        if form not in FORMS:
            raise unknown(f"loss '{name}'", "form", form, FORMS)
        super().__init__(name, networks, least)
        self.form = form

    def logits(self, image: torch.Tensor) -> torch.Tensor:
        """Give the logits (n,), higher better, of float32 images (n, 3, h, w) in [0, 1]."""
        raise NotImplementedError

    def each(self, image: torch.Tensor, target: torch.Tensor | None) -> torch.Tensor:
        """Give the losses (n,)."""
        found = -self.logits(image)
        return functional.softplus(found) if self.form == "softplus" else found


class Embedded(Logit):
    """The embedded model, unbent at the ends of its scale."""

    def __init__(self, form: str) -> None:
        super().__init__("embedded", [opinion.embedded()], 32, form)
        self.slope = PROBIT / (math.sqrt(2) * float(opinion.card()["rater_sd"]))

    def points(self, image: torch.Tensor) -> torch.Tensor:
        """Give the opinions (n,) in points, unbounded: the mean of the tiles by their areas."""
        total = image.new_zeros(len(image))
        for rows, columns in product(*map(opinion.stretches, image.shape[2:])):
            tile = 255 * image[:, :, rows, columns].permute(0, 2, 3, 1)
            total = total + tile.shape[1] * tile.shape[2] * self.networks[0](tile)
        return total / (image.shape[2] * image.shape[3])

    def logits(self, image: torch.Tensor) -> torch.Tensor:
        """Give the logits (n,) of being preferred to an image of the middle of the scale."""
        return self.slope * (self.points(image) - MIDDLE)


def normalised(image: torch.Tensor, tower: Tower) -> torch.Tensor:
    """Give (n, 3, h, w) with the statistics of a tower's pixels."""
    mean, std = (image.new_tensor(v)[:, None, None] for v in (tower.mean, tower.std))
    return (image - mean) / std


def squashed(image: torch.Tensor, antialias: bool) -> torch.Tensor:
    """Give the centre (n, 3, 224, 224) of images brought to 256 x 256."""
    small = functional.interpolate(
        image, (SIZE, SIZE), mode="bilinear", align_corners=False, antialias=antialias
    )
    edge = (SIZE - CROP) // 2
    return small[:, :, edge : edge + CROP, edge : edge + CROP]


def viewed(image: torch.Tensor, grid: int) -> torch.Tensor:
    """Give the views (n * grid * grid, 3, 224, 224) of images at their own resolution.

    Sides under 224 are enlarged, as `fgresq.networks.vit.views` does with files.
    """
    height, width = image.shape[2:]
    if min(height, width) < CROP:
        scale = CROP / min(height, width)
        height, width = round(height * scale), round(width * scale)
        image = functional.interpolate(image, (height, width), mode="bilinear", align_corners=False)
    places = product(starts(height, grid), starts(width, grid))
    crops = [image[:, :, y : y + CROP, x : x + CROP] for y, x in places]
    return torch.stack(crops, dim=1).flatten(0, 1)


class Official(Logit):
    """FGResQ with its authors' weights: 256 x 256 without antialiasing, centre crop."""

    def __init__(self, form: str, model: Released) -> None:
        super().__init__("fgresq", [model], 1, form)

    def logits(self, image: torch.Tensor) -> torch.Tensor:
        """Give the logits (n,) of the scores."""
        model = self.networks[0]
        assert isinstance(model, Released)
        crops = squashed(image, antialias=False)
        features = [
            tower.upper(tower.lower(normalised(crops, tower))[:, None])
            for tower in (model.general, model.degradation)
        ]
        return SLOPE * model.heads.score_logits(model.heads.quality(*features))


class Trained(Logit):
    """An FGResQ that was trained here, seen as at its evaluation."""

    def __init__(self, form: str, folder: Path) -> None:
        scorer = Scorer(folder)
        towers = [scorer.model, scorer.degradation.clip.visual.tower]
        super().__init__(str(folder), towers, 1, form)
        self.native, self.grid = scorer.tower.crop == "native", scorer.tower.grid

    def logits(self, image: torch.Tensor) -> torch.Tensor:
        """Give the logits (n,) of the scores."""
        model, degradation = self.networks
        assert isinstance(model, FGResQ) and isinstance(degradation, Tower)
        crops = viewed(image, self.grid) if self.native else squashed(image, antialias=True)
        tokens = model.tower.lower(normalised(crops, model.tower)).unflatten(0, (len(image), -1))
        quality = model.heads.quality(model.tower.upper(tokens), degradation.upper(tokens))
        return model.heads.score_logits(quality)


def loss_of(name: str | Path, form: str = "softplus") -> QualityLoss:
    """Give a loss.

    Args:
        name: of `NAMES`; "fgresq" has its authors' weights. Or the folder of an FGResQ that was
            trained here.
        form: of `FORMS`, of a model without a reference.

    Raises:
        UserError: there is none of that name, or its weights are not here.
    """
    if name == "lpips":
        return Distance(name, [alex_lpips.model()], alex_lpips.SMALLEST)
    if name == "dists":
        return Distance(name, [dists.model()], dists.SMALLEST)
    if name in ADAPTIVE:
        module = ADAPTIVE[str(name)]
        return Adaptive(str(name), [module.model()], module.SMALLEST)
    if name == "embedded":
        return Embedded(form)
    if name in ("fgresq", "official"):
        refuse("loss 'fgresq'", fgresq_published.absent())
        return Official(form, fgresq_published.model())
    if isinstance(name, Path) or "/" in name or Path(name).is_dir():
        return Trained(form, Path(name))
    raise UserError(f"loss '{name}'", "there is none of that name", nearest(name, NAMES))
