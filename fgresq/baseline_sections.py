"""The settings of each retrained baseline: its own, and with what it shares with stage 2 of FGResQ.

They lie below the baselines' own modules, which load torch: settings are read without it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fgresq.sections import Count, PairTraining, Rate, Section, Some, Weight

Network = Literal["stand_in", "vgg16", "resnet18", "resnet50"]
Second = Literal["efficientnet_lite0", "random_lite0", "scnn"]


class Baseline(Section):
    """What every baseline states for itself."""

    backbone: str
    epochs: Count
    lr_encoder: Rate
    lr_heads: Rate


class BaselineRun(Baseline, PairTraining):
    """All that a run of a baseline follows from, beside the tower."""


class OnNetwork(Baseline):
    """A baseline that judges by the streams of a network, or of the frozen stand-in."""

    backbone: Network


class OnClip(Baseline):
    """A baseline that judges by CLIP's knowledge of texts."""

    backbone: Literal["clip"]
    clip: Annotated[str, Field(description="model of open_clip")]
    pretrained: Annotated[str | None, Field(description="open_clip's name of its weights")]


class Dbcnn(OnNetwork):
    """DB-CNN."""

    second: Second


class HyperIqa(OnNetwork):
    """HyperIQA."""

    side: Annotated[int, Field(ge=1, le=16)]
    channels: Count
    local: Count
    deepest: Count
    units: Some[Count]


class MetaIqa(OnNetwork):
    """MetaIQA."""

    hidden: Count
    meta_steps: Annotated[int, Field(ge=0)]
    meta_tasks: Count
    meta_by: Literal["task", "dataset", "family"]
    inner_lr: Rate


class Liqe(OnClip):
    """LIQE."""

    lambda_task: Weight


class ClipIqaPlus(OnClip):
    """CLIP-IQA+."""

    context: Annotated[int, Field(ge=1, le=64)]


class Baselines(Section):
    """Each baseline's own settings."""

    dbcnn: Dbcnn
    hyperiqa: HyperIqa
    metaiqa: MetaIqa
    liqe: Liqe
    clipiqa_plus: ClipIqaPlus


class DbcnnRun(Dbcnn, BaselineRun):
    """A run of DB-CNN."""


class HyperIqaRun(HyperIqa, BaselineRun):
    """A run of HyperIQA."""


class MetaIqaRun(MetaIqa, BaselineRun):
    """A run of MetaIQA."""


class LiqeRun(Liqe, BaselineRun):
    """A run of LIQE."""


class ClipIqaPlusRun(ClipIqaPlus, BaselineRun):
    """A run of CLIP-IQA+."""


RUNS: dict[str, type[BaselineRun]] = {
    "dbcnn": DbcnnRun,
    "hyperiqa": HyperIqaRun,
    "metaiqa": MetaIqaRun,
    "liqe": LiqeRun,
    "clipiqa_plus": ClipIqaPlusRun,
}
