"""A loss and a validation metric for frameworks that train restorers, by their own conventions.

What each calls, as their code has it: BasicSR 1.4.2 and neosr hand validation metrics BGR arrays,
traiNNer-redux RGB ones; BasicSR's slot `perceptual_opt` takes a pair of losses; traiNNer-redux
multiplies by the weight itself and compares its names in lower case. Losses get RGB tensors, about
0 to 1, in all of them.
"""

from __future__ import annotations

import importlib
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import nn

from fgresq.errors import UserError, unknown
from fgresq.ops.least import NoValue
from fgresq.scoring.as_loss import loss_of
from fgresq.scoring.python_use import Scores, scores_of


@dataclass(frozen=True)
class Framework:
    """What tells frameworks apart.

    Args:
        title: that readers see.
        module: that holds its registries, LOSS_REGISTRY and METRIC_REGISTRY.
        bgr: whether validation metrics get BGR.
        weighs: whether the framework multiplies by the weight, and the loss must not.
        pairs: whether a slot takes a pair, of a loss and another or None.
    """

    title: str
    module: str
    bgr: bool = True
    weighs: bool = False
    pairs: bool = False


FRAMEWORKS = {
    "basicsr": Framework("BasicSR", "basicsr.utils.registry", pairs=True),
    "neosr": Framework("neosr", "neosr.utils.registry"),
    "trainner": Framework("traiNNer-redux", "traiNNer.utils.registry", bgr=False, weighs=True),
}


class FgresqLoss(nn.Module):
    """A quality model as a loss, times its weight; lower better.

    Args:
        loss_weight: factor.
        model: embedded, fgresq, lpips, dists, or a folder of weights.
        form: softplus or linear, of a model without a reference.
    """

    def __init__(
        self, loss_weight: float = 1.0, model: str = "embedded", form: str = "softplus"
    ) -> None:
        super().__init__()
        self.loss_weight, self.loss = loss_weight, loss_of(model, form)

    def forward(
        self, pred: torch.Tensor, target: torch.Tensor | None = None, **ignored: Any
    ) -> Any:
        """Give the loss of RGB (n, 3, h, w), about 0 to 1, a scalar."""
        return self.loss_weight * self.loss(pred, target)


class WeighedOutside(FgresqLoss):
    """The same where the framework multiplies by `loss_weight`."""

    def forward(
        self, pred: torch.Tensor, target: torch.Tensor | None = None, **ignored: Any
    ) -> torch.Tensor:
        """Give the loss without its weight, a scalar."""
        return self.loss(pred, target)


class FgresqPerceptualLoss(FgresqLoss):
    """The same for a slot that takes a pair, the second of which is a loss of style."""

    def forward(
        self, pred: torch.Tensor, target: torch.Tensor | None = None, **ignored: Any
    ) -> tuple[torch.Tensor, None]:
        """Give the loss and None."""
        return super().forward(pred, target), None


@lru_cache(maxsize=8)
def judge_named(model: str) -> Scores:
    """Give a model or method, loaded once in a run of training."""
    return scores_of(model)


def ordered(image: np.ndarray, input_order: str, border: int, bgr: bool) -> np.ndarray:
    """Give uint8 RGB (h, w, 3) of an array of 0 to 255 in a framework's order, its border cut."""
    if input_order not in ("HWC", "CHW"):
        raise unknown("metric calculate_fgresq", "input_order", input_order, ("HWC", "CHW"))
    image = np.asarray(image)
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=2)
    elif input_order == "CHW":
        image = np.moveaxis(image, 0, 2)
    if border:
        image = image[border:-border, border:-border]
    if bgr:
        image = image[..., ::-1]
    return np.ascontiguousarray(np.clip(np.round(image), 0, 255).astype(np.uint8))


def metric_for(bgr: bool) -> Callable[..., float]:
    """Make the validation metric of a framework.

    Args:
        bgr: whether it hands BGR.
    """

    def calculate_fgresq(
        img: np.ndarray,
        img2: np.ndarray | None = None,
        crop_border: int = 0,
        input_order: str = "HWC",
        model: str = "embedded",
        **ignored: Any,
    ) -> float:
        """Give the score of an image by a model or method; NaN, and why, where there is none.

        Args:
            img, img2: arrays of 0 to 255, the restored image and its target; the target is looked
                at where the method compares.
            crop_border: pixels cut on every side.
            input_order: HWC or CHW.
            model: as `fgresq.load` and `fgresq.metric` take it.
            ignored: what frameworks hand over besides.
        """
        if ignored.get("test_y_channel"):
            mend = "Leave it out; model: psnr_y and model: ssim_y look at luma"
            raise UserError("metric calculate_fgresq", "test_y_channel is no option of it", mend)
        scores, order = judge_named(model), (input_order, crop_border, bgr)
        target = None if scores.kind != "FR" or img2 is None else ordered(img2, *order)
        try:
            value = scores.score(ordered(img, *order), target)
        except NoValue as reason:
            logging.warning("%s has no value: %s", model, reason)
            return math.nan
        return float(value)

    return calculate_fgresq


def registries(framework: Framework) -> tuple[Any, Any]:
    """Give the registries of the losses and the metrics of a framework.

    Raises:
        UserError: it is not installed here.
    """
    try:
        module = importlib.import_module(framework.module)
    except ImportError as error:
        problem = f"it cannot be imported ({error})"
        raise UserError(framework.title, problem, "Install it into this environment") from error
    return module.LOSS_REGISTRY, module.METRIC_REGISTRY


def register(framework: str, losses: Any = None, metrics: Any = None) -> None:
    """Register the losses and the metric; what is registered already stays.

    Args:
        framework: of `FRAMEWORKS`.
        losses, metrics: its registries; None: those of the framework installed here.

    Raises:
        UserError: there is none of that name, or it is not installed.
    """
    if framework not in FRAMEWORKS:
        raise unknown("integrations.register", "framework", framework, FRAMEWORKS)
    kind = FRAMEWORKS[framework]
    if losses is None or metrics is None:
        losses, metrics = registries(kind)
    own: list[type[nn.Module]] = [named(WeighedOutside) if kind.weighs else FgresqLoss]
    if kind.pairs:
        own.append(FgresqPerceptualLoss)
    for each in own:
        if each.__name__ not in losses:
            losses.register()(each)
    metric = metric_for(kind.bgr)
    if metric.__name__ not in metrics:
        metrics.register()(metric)


def named(kind: type[FgresqLoss]) -> type[FgresqLoss]:
    """Give a class of the name that all frameworks know: a registry reads it off the class."""
    return type(FgresqLoss.__name__, (kind,), {"__doc__": kind.__doc__})
