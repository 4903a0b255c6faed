"""Moments brought to one scale before N's head: a deviation from the paper, off in its own model.

Of a frozen tower the moments differ by thousands between channels, and a head that starts at random
hardly sees the small ones. Mean and spread are those of the training images. A channel that was
near dead in all of them would throw an image in which it is alive far out: its spread has a floor,
and far values count by their logarithm.
"""

from __future__ import annotations

import torch
from torch import nn

from fgresq.model.moments import Moments

LEAST = 0.1  # of the mean spread of a level: the least that a channel's counts as
TINY = 1e-6  # where a whole level is dead


class Standardised(nn.Module):
    """Takes off the mean, divides by the spread, and draws far values in by asinh.

    Args:
        channels: of all levels together.
    """

    centre: torch.Tensor
    spread: torch.Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(2, channels))  # of means, of variances
        self.register_buffer("spread", torch.ones(2, channels))

    def fit(self, moments: Moments, sizes: tuple[int, ...]) -> None:
        """Take mean and spread over images.

        Args:
            moments: (n, C) of the training images.
            sizes: channels of each level, which sum to C.
        """
        both = torch.stack(list(moments)).double()
        spread = both.std(1, correction=0)
        floors = [x.mean(1, keepdim=True).expand_as(x) for x in spread.split(list(sizes), 1)]
        self.centre.copy_(both.mean(1))
        self.spread.copy_(spread.maximum(LEAST * torch.cat(floors, dim=1)).clamp(min=TINY))

    def forward(self, moments: Moments) -> Moments:
        """Give moments of about mean 0 and spread 1, (n, C) each."""
        parts = zip(moments, self.centre, self.spread, strict=True)
        return Moments(*(torch.asinh((part - centre) / spread) for part, centre, spread in parts))
