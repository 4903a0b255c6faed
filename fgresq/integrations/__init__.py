"""Models and methods inside other people's training: torchmetrics, BasicSR, neosr, traiNNer-redux.

    from fgresq import integrations
    metric = integrations.torchmetric("embedded")     # a torchmetrics.Metric
    integrations.register("basicsr")                  # a loss and a validation metric

None of these frameworks is imported before it is asked for, and none is needed for anything else.
docs/python.md has the options of each framework.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fgresq.integrations.accumulated import MeanScore


def register(framework: str, losses: Any = None, metrics: Any = None) -> None:
    """Register the loss and the validation metric with a framework; a second time does nothing.

    Args:
        framework: basicsr, neosr or trainner (traiNNer-redux).
        losses, metrics: its registries; None: those of the framework installed here.

    Raises:
        UserError: there is none of that name, or it is not installed.
    """
    from fgresq.integrations.frameworks import register as registered

    registered(framework, losses, metrics)


def torchmetric(name: str = "embedded", **options: Any) -> MeanScore:
    """Give the mean score over all images of all batches and processes, as a torchmetrics.Metric.

    Args:
        name: of a model or a method, as `fgresq.load` and `fgresq.metric` take them.
        options: of the method, such as border=4 of "psnr_y"; others go to torchmetrics.Metric.

    Raises:
        UserError: torchmetrics is not installed, or there is no such model or method here.
    """
    from fgresq.errors import UserError
    from fgresq.networks.torchvision_ops import make_importable

    make_importable()  # torchmetrics imports torchvision
    try:
        from fgresq.integrations.accumulated import MeanScore
    except ModuleNotFoundError as error:
        if error.name != "torchmetrics":
            raise
        mend = "Install it: pip install torchmetrics"
        raise UserError("torchmetrics", "it is not installed", mend) from error
    return MeanScore(name, **options)
