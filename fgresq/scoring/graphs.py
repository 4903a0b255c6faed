"""Models as graphs from pixels to scores, in the form that ONNX can hold.

A graph is one module whose inputs and outputs are tensors, with what a reader has to do before it:
cut an image into tiles (the embedded model), or into views of 224 pixels (FGResQ). Comparisons read
what the score's graph gave, so that an image is encoded once however many pairs it is in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import nn

from fgresq.errors import UserError
from fgresq.model.heads import QualityHeads
from fgresq.model.opinion import EDGE, LEAST, MOST, TILE, OpinionNet
from fgresq.networks.towers import ClipTower, StandInTower
from fgresq.networks.vit import CROP
from fgresq.scoring.head_judges import Checkpoint, HeadJudge, Official
from fgresq.scoring.judge_kinds import Opinion
from fgresq.scoring.judges import Judge


@dataclass(frozen=True)
class Graph:
    """What is exported to one file.

    Args:
        module: in `eval()`; its inputs are `given`.
        given: an example of every input.
        inputs, outputs: names.
        moving: of every input and output the axes that may have any length, by name.
        told: what a reader has to know, kept in the file.
    """

    module: nn.Module
    given: tuple[torch.Tensor, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    moving: dict[str, dict[int, str]]
    told: dict[str, str] = field(default_factory=dict)


class OpinionGraph(nn.Module):
    """The embedded model: uint8 RGB (n, h, w, 3) to scores in 0 to 100 and unbounded points."""

    def __init__(self, network: OpinionNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Give scores (n,) as `opinion` bends them, and the points (n,), which tiles average."""
        points = self.network(image)
        above = MOST - EDGE * torch.exp((MOST - EDGE - points).clamp(max=0) / EDGE)
        below = LEAST + EDGE * torch.exp((points - LEAST - EDGE).clamp(max=0) / EDGE)
        inside = torch.where(points > MOST - EDGE, above, points)
        return torch.where(points < LEAST + EDGE, below, inside), points


class CheckpointGraph(nn.Module):
    """FGResQ that was trained here: uint8 views (n, v, 224, 224, 3) to scores and F_q (n, D)."""

    def __init__(self, judge: Checkpoint) -> None:
        super().__init__()
        scorer = judge.scorer
        self.general, self.heads = scorer.model.tower, scorer.model.heads
        self.beside = scorer.degradation.clip.visual.tower
        self.halved = scorer.tower.crop == "native"  # between the parts, as it was trained
        self.views = scorer.tower.grid**2 if self.halved else 1

    def mean(self, tower: StandInTower | ClipTower, tokens: torch.Tensor) -> torch.Tensor:
        """Give the features (n, D) of a tower, of the tokens (n * v, ...) of all views."""
        return tower.pooled(tokens).reshape(-1, self.views, tower.width).mean(dim=1)

    def forward(self, views: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Give scores (n,) in (0, 1) and F_q (n, D); what both towers share runs once."""
        tokens = self.general.tokens(views.flatten(0, 1))
        if self.halved:
            tokens = tokens.half().float()
        quality = self.heads.quality(*(self.mean(t, tokens) for t in (self.general, self.beside)))
        return torch.sigmoid(self.heads.score_logits(quality)), quality


class OfficialGraph(nn.Module):
    """FGResQ with its authors' weights: uint8 views (n, 1, 224, 224, 3) to scores and F_q."""

    def __init__(self, judge: Official) -> None:
        super().__init__()
        self.model = judge.model

    def forward(self, views: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Give scores (n,) in (0, 1) and F_q (n, D)."""
        quality = self.model.quality(views[:, 0])
        return self.model.score(quality), quality


class PairGraph(nn.Module):
    """FGResQ's comparison: F_q of A and of B, each (n, D), to chances, both orders averaged.

    Args:
        heads: of the model.
        learnt: whether its comparison head was trained; else chances follow from the scores.
    """

    def __init__(self, heads: QualityHeads, learnt: bool) -> None:
        super().__init__()
        self.heads, self.learnt = heads, learnt

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Give chances (n, 2 or 3): A better, B better and, of three, equal."""
        if not self.learnt:
            ahead = self.heads.score_logits(first) - self.heads.score_logits(second)
            return torch.sigmoid(torch.stack([ahead, -ahead], dim=1))
        forward = self.heads.compare_logits(first, second).softmax(dim=1)
        backward = self.heads.compare_logits(second, first).softmax(dim=1)
        better = [forward[:, 1] + backward[:, 0], forward[:, 0] + backward[:, 1]]
        better += [forward[:, 2] + backward[:, 2]] if forward.shape[1] == 3 else []
        return torch.stack(better, dim=1) / 2


def of_opinion(judge: Opinion) -> dict[str, Graph]:
    """Give the one graph of a model of the embedded kind."""
    moving = {"image": {0: "n", 1: "height", 2: "width"}}
    moving |= {name: {0: "n"} for name in ("score", "points")}
    told = {"protocol": "tiles", "tile": str(TILE), "ends": f"{LEAST:g} {MOST:g} {EDGE:g}"}
    told["rater_sd"] = f"{judge.spread:.10g}"
    example = (torch.zeros(2, 96, 128, 3, dtype=torch.uint8),)
    module = OpinionGraph(judge.network).eval()
    return {"": Graph(module, example, ("image",), ("score", "points"), moving, told)}


def of_heads(judge: HeadJudge, module: nn.Module, told: dict[str, str]) -> dict[str, Graph]:
    """Give the graph of FGResQ's scores and, under `.pair`, that of its comparisons."""
    moving = {"views": {0: "n"}, "score": {0: "n"}, "features": {0: "n"}}
    example = torch.zeros(2, int(told["grid"]) ** 2, CROP, CROP, 3, dtype=torch.uint8)
    names = ("score", "features")
    pair = PairGraph(judge.heads, judge.learnt).eval()
    both = tuple(torch.zeros(2, judge.heads.score_head.in_features) for _ in range(2))
    open_ends = {name: {0: "n"} for name in ("first", "second", "chances")}
    return {
        "": Graph(module.eval(), (example,), ("views",), names, moving, told),
        ".pair": Graph(pair, both, ("first", "second"), ("chances",), open_ends),
    }


def graphs_of(judge: Judge) -> dict[str, Graph]:
    """Give the graphs of a judge by what is put behind the file's name.

    Raises:
        UserError: a judge of its kind has none.
    """
    if isinstance(judge, Opinion):
        return of_opinion(judge)
    if isinstance(judge, Checkpoint):
        tower = judge.scorer.tower
        native = tower.crop == "native"
        told = {"protocol": "views", "grid": str(tower.grid)} if native else {"protocol": "centre"}
        return of_heads(judge, CheckpointGraph(judge), {"grid": "1", **told})
    if isinstance(judge, Official):
        return of_heads(judge, OfficialGraph(judge), {"protocol": "official", "grid": "1"})
    mend = "Give embedded, official, or a folder of FGResQ or of the embedded kind"
    raise UserError("fgresq export", f"'{judge.name}' has no graph", mend)
