"""What the trained model is made of, in the terms that a drawing of it needs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fgresq.pretrained import STAND_INS
from fgresq.report.parts.cells import count

FITTED = ("_centre", "_spread")  # in the file of weights too, and learnt by no gradient
BLOCK = re.compile(r"\.(?:above|resblocks)\.(\d+)\.")
GENERAL, DEGRADATION = "quality.tower.", "degradation."


@dataclass(frozen=True)
class ModelFacts:
    """The part `architecture` of the record of training (`fgresq.analysis.architecture`).

    Args:
        record: settings of both stages and of the tower, and the shapes of what was trained.
    """

    record: Mapping[str, Any]

    @property
    def shapes(self) -> dict[str, list[int]]:
        """Shape of each tensor by name."""
        return self.record["shapes"]

    @property
    def tower(self) -> dict[str, Any]:
        """Settings of both encoders."""
        return self.record["tower"]

    def shape(self, end: str) -> list[int] | None:
        """Give the shape of the one tensor whose name ends so; None where there is none."""
        return next((shape for name, shape in self.shapes.items() if name.endswith(end)), None)

    def layer(self, end: str) -> str:
        """Write the widths of a linear layer, in to out; empty where there is none."""
        shape = self.shape(f"{end}.weight")
        return f"{shape[1]} → {shape[0]}" if shape else ""

    def width(self, end: str) -> int:
        """Give the length of a vector."""
        return (self.shape(end) or [0])[0]

    @property
    def width_general(self) -> int:
        """D of the general encoder."""
        return self.width("heads.general_centre")

    @property
    def width_degradation(self) -> int:
        """D of the degradation encoder."""
        return self.width("heads.degradation_centre")

    def blocks_in(self, prefix: str) -> set[int]:
        """Give the numbers of the blocks that an encoder trains, as its tensors name them."""
        found = (BLOCK.search(name) for name in self.shapes if name.startswith(prefix))
        return {int(match[1]) for match in found if match}

    @property
    def stands_in(self) -> bool:
        """Whether the encoder stands in for CLIP."""
        return self.tower["tower"] in STAND_INS

    @property
    def depth(self) -> int:
        """Blocks of an encoder that are used."""
        if self.stands_in:
            return max(self.tower["levels"])
        return max({*self.blocks_in(GENERAL), *self.blocks_in(DEGRADATION)}, default=-1) + 1

    def parameters(self, prefix: str) -> int:
        """Count the parameters that a stage trained."""
        return sum(
            math.prod(shape)
            for name, shape in self.shapes.items()
            if name.startswith(prefix) and not name.endswith(FITTED)
        )

    @property
    def prompted(self) -> bool:
        """Whether features of the degradation encoder are used."""
        return self.shape("prompt_block.prompt") is not None

    @property
    def fused(self) -> str:
        """Write F_q as the settings say."""
        if not self.prompted:
            return "F_q = F_g"
        return "F_q = [F_g, e, F_g + e]" if self.released("fuse") else "F_q = [F_g, e]"

    @property
    def fused_width(self) -> int:
        """Length of F_q."""
        return (self.shape("score_head.weight") or [0, 0])[1]

    @property
    def compared(self) -> str:
        """Write the input of the comparison head."""
        return "[F_A, F_B]" if self.released("compare") else "[F_A, F_B, F_A − F_B]"

    def released(self, name: str) -> bool:
        """Tell whether a setting of stage 2 follows the released code."""
        return self.record["stage2"].get(name) == "released"

    def finding(self) -> str:
        """Say what is trained and what is frozen."""
        trained = [len(self.blocks_in(prefix)) for prefix in (DEGRADATION, GENERAL)]
        one = f"Stage 1 trains {of_blocks(trained[0], self.depth)} of the degradation encoder"
        two = (
            f"stage 2 freezes it and trains {of_blocks(trained[1], self.depth)} of the general one"
        )
        parts = (
            "the prompt block and both heads" if self.prompted else "both heads, no prompt block"
        )
        sizes = [count(self.parameters(prefix)) for prefix in (DEGRADATION, "quality.")]
        return (
            f"{one} ({sizes[0]} parameters); {two}, {parts} ({sizes[1]} parameters). "
            f"Features of {self.width_general} become one score, and of a pair "
            f"{(self.shape('compare_head.weight') or [0])[0]} classes."
        )


def of_blocks(trained: int, depth: int) -> str:
    """Write how many blocks of all are trained."""
    return f"{trained or 'none'} of {depth} blocks"
