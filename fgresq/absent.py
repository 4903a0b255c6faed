"""Absent is a value: a source or method that cannot be had here, why, and the next step."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from fgresq import workspace
from fgresq.errors import UserError, capital

CODES = {
    "not_placed": "its files are not in place",
    "no_network": "it has to be downloaded and there is no network",
    "terms_not_accepted": "its terms were not accepted",
    "no_weights": "its weights are not in place",
    "no_cuda": "it needs a CUDA device",
    "too_little_memory": "it needs more memory",
    "non_commercial": "its licence forbids shipping it here",
    "label_only": "only its scores are at hand, not its images",
}
COVERAGE = ("reproduced", "labels only", "stand-in", "absent")


@dataclass(frozen=True)
class Absent:
    """Why something cannot be had here.

    Args:
        code: one of `CODES`.
        reason: the case at hand, in words.
        next_step: what the user does to bring it in. Both name places as a checkout has them; where
            there is none, they are turned into the places that are read.
    """

    code: str
    reason: str
    next_step: str

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"no such absence code: {self.code}")
        for key in ("reason", "next_step"):
            object.__setattr__(self, key, workspace.told(getattr(self, key)))

    def record(self) -> dict[str, str]:
        """Give the JSON form, as source and method records hold it."""
        return asdict(self)


def refuse(name: str, absent: Absent | None) -> None:
    """Raise a UserError with reason and next step where something that is to be used is absent."""
    if absent:
        raise UserError(name, absent.reason, capital(absent.next_step))
