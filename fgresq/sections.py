"""The sections of a preset: their keys, each with its type and range; what they mean stands in
config/config.yaml.

A model takes values as they are: no text becomes a number, and no fraction a whole one.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from fgresq.measures import MeasureName

T = TypeVar("T")


class Section(BaseModel):
    """A mapping of settings that is checked when it is read and never changed after."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    def record(self) -> dict[str, Any]:
        """Give the settings as JSON values, as cards and digests hold them."""
        return self.model_dump(mode="json")


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    for place, value in enumerate(values):
        if value in values[:place]:
            raise PydanticCustomError("twice", "{value} stands twice", {"value": repr(value)})
    return values


def _whole(value: Any) -> Any:
    if isinstance(value, bool | float):  # a `Literal` takes what equals its number
        raise PydanticKnownError("int_type")
    return value


Some = Annotated[tuple[T, ...], Field(min_length=1), BeforeValidator(_frozen)]
Distinct = Annotated[
    tuple[T, ...],
    BeforeValidator(_frozen),
    AfterValidator(_distinct),
    Field(json_schema_extra={"uniqueItems": True}),
]
SomeDistinct = Annotated[
    tuple[T, ...],
    Field(min_length=1),
    BeforeValidator(_frozen),
    AfterValidator(_distinct),
    Field(json_schema_extra={"uniqueItems": True}),
]
Seed = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Block = Annotated[int, Field(ge=1, le=12)]
Grid = Annotated[int, Field(ge=1, le=8)]  # views a side
Rate = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Tau = Annotated[float, Field(gt=0, le=1.1)]
Task = Literal["super-resolution", "deblurring", "denoising", "deraining", "dehazing", "mixture"]
Run = Annotated[str, Field(pattern="^([0-9]+|pairs|all)(-seed[0-9]+)?$")]
Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]


class Mini(Section):
    """The embedded data."""

    contents: Annotated[int, Field(ge=2)]
    size: Annotated[int, Field(ge=64)]
    tasks: SomeDistinct[Task]
    seed: Seed


class Jnd(Section):
    """The threshold of just noticeable difference."""

    sign: Literal["random", "plus"]
    beta: Annotated[float, Field(gt=0)]
    plane: Literal["luminance", "rgb"]
    images: Count
    seed: Seed


class Filter(Section):
    """The coarse filter of pairs."""

    tau: Tau
    tau_by_source: Annotated[
        dict[str, Tau],
        Field(description="SOURCE, or SOURCE/DATASET for one of the data sets that it joins"),
    ]


class Slope(Section):
    """How surely people see a difference of a measure, a unit, with a 95 % interval."""

    low: Positive
    fitted: Positive
    high: Positive

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.fitted <= self.high:
            raise PydanticCustomError("order", "low, fitted and high are not in this order")
        return self


class Slopes(Section):
    """The slope of every measure that may stand for people."""

    lpips: Slope
    jod: Slope


class Labels(Section):
    """How preferences come of ratings and scores, or of simulated observers."""

    alpha: Annotated[float, Field(gt=0, lt=1)]
    measure: MeasureName
    slopes: Slopes
    indifference: Annotated[float, Field(ge=0.5, lt=1)]
    seed: Seed

    def slope(self, measure: MeasureName | None = None) -> Slope:
        """Give the slope of a measure: of the one that the setting names, unless another is."""
        found: Slope = getattr(self.slopes, measure or self.measure)
        return found


class Split(Section):
    """Both splits."""

    folds: Annotated[int, Field(ge=2)]
    test_share: Annotated[float, Field(gt=0, lt=1)]
    seed: Seed


class Ridge(Section):
    """The ridge on the features of a frozen tower."""

    block: Block
    grid: Grid
    seed: Seed


class Tower(Section):
    """Both encoders of FGResQ."""

    tower: str
    pretrained: str | None
    text: str | None
    levels: SomeDistinct[Block]
    trainable_blocks: Block
    merge: Annotated[Literal[1, 2, 4], BeforeValidator(_whole)]
    crop: Literal["native", "random"]
    flip: bool
    grid: Grid
    device: Literal["cpu", "cuda"]
    allow_cpu: bool
    max_steps: Count | None
    seed: Seed


class Training(Section):
    """What every training run has."""

    batch: Annotated[int, Field(ge=2)]
    weight_decay: Weight
    warmup: Annotated[int, Field(ge=0)]
    seed: Seed


class Stage1(Training):
    """Training of the degradation encoder."""

    epochs: Count
    lr_encoder: Rate
    lr_heads: Rate
    objective: Literal["contrastive", "classifier"]
    targets: Literal["same_text", "diagonal"]


class PairTraining(Training):
    """What stage 2 and the baselines share, so that methods differ in nothing but themselves."""

    batch_by: Literal["group", "pair"]
    scene: Literal["task", "dataset"]
    compare_in: Literal["scene", "group"]
    unpaired: bool
    standardise: bool


class Stage2(PairTraining):
    """Training of the quality model."""

    epochs: Count
    epochs_compare: Count | None
    lr_encoder: Rate
    lr_heads: Rate
    lr_score: Rate | None
    lr_compare: Rate | None
    scene_loss: Literal["fidelity", "huber", "plcc"]
    lambda_scene: Weight
    lambda_rank: Weight
    prompt_init: Literal["xavier", "official_zero"]
    fuse: Literal["paper", "released"]
    compare: Literal["paper", "released"]
    score_hidden: Annotated[int, Field(ge=0)]
    compare_hidden: Annotated[int, Field(ge=0)]
    head_init: Literal["random", "ridge", "ridge_dataset"]
    use_degradation: bool
    train_encoder: bool


class Variant(Section):
    """Settings laid over those of a stage; a stage that a variant leaves alone is null."""

    stage1: dict[str, Any] | None = None
    stage2: dict[str, Any] | None = None


class Runs(Section):
    """Which runs are trained: SIDE[-seedN]."""

    full: Distinct[Run]
    variants: Distinct[Run]


class Analysis(Section):
    """Intervals and ties."""

    bootstrap: Annotated[int, Field(ge=10)]
    metric_ties: Literal["half", "wrong"]
    seed: Seed


class Report(Section):
    """The page."""

    pairs: Annotated[int, Field(ge=0, le=200)]  # shown of a task, at most
