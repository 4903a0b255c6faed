"""A-FINE (Chen, Wu, Ma and Zhang, CVPR 2025): quality when the reference is not perfect.

Of a reference x and a test image y, lower better in every term:

    D(x, y) = F_s(x, y) + lambda N_s(y),    lambda = exp(k (N_s(x) - N_s(y))),    k > 0

F compares both images as DISTS does, N looks at one alone; F_s and N_s are F and N after a logistic
function each, from -2 to 2. Where the reference is far better, lambda is near 0 and D is F_s; where
it is worse, naturalness rules. D(x, x) is F_s of no difference + N_s(x), and not 0.

A trap of the form: the derivative of D by N_s(y) is lambda (1 - k N_s(y)). Above N_s(y) = 1 / k, D
falls as an image gets worse; `turned` says of which images that is so.

Only the authors' model, with their weights, is called A-FINE; on another backbone the backbone's
name stands behind it in brackets.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from fgresq.model.moments import (
    EPSILON,
    Encoded,
    Moments,
    Terms,
    statistics,
    terms,
    to_multiples,
)
from fgresq.model.standardised import Standardised
from fgresq.networks.token_levels import BACKBONES, TokenLevels, levels_of

HIGH, LOW = 2.0, -2.0  # ends of F_s and N_s
START_F, START_N = (0.5, 0.15), (4.9592, 21.5968)  # centre and width before training
LIMITS_F = ((0.05, 0.95), (0.01, 0.70))  # of F's centre and width
START_K = 5.0  # before softplus
MAP = (-1.9710, 2.3734)  # centre and width of the scale from 0 to 100: the authors' fit, fixed
PROJECTED, HIDDEN = 128, 768  # widths of N's head


class Values(NamedTuple):
    """What A-FINE says of pairs, (n,) each; lower is better in all but the weight."""

    fidelity: torch.Tensor  # F_s(x, y), in (-2, 2)
    naturalness: torch.Tensor  # N_s(y), in (-2, 2)
    reference_naturalness: torch.Tensor  # N_s(x)
    weight: torch.Tensor  # lambda, above 0
    distance: torch.Tensor  # D, without ends


def logistic(
    value: torch.Tensor,
    high: float,
    low: float,
    centre: torch.Tensor | float,
    width: torch.Tensor | float,
) -> torch.Tensor:
    """Give the curve from `low` to `high` that passes their middle at `centre`; width above 0."""
    return (high - low) * torch.sigmoid((value - centre) / (width + EPSILON)) + low


def scaled(distance: torch.Tensor) -> torch.Tensor:
    """Map D to the authors' scale from 0 to 100, lower better; the order stays as it is."""
    return logistic(distance, 100.0, 0.0, *MAP)


class Fidelity(nn.Module):
    """F: 0 for the same image, else above 0, lower better; symmetric.

    Args:
        channels: of all levels together. A channel has two weights, whose softplus counts, shared
            out to sum to 1.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.empty(channels).normal_(0.1, 0.01))
        self.beta = nn.Parameter(torch.empty(channels).normal_(0.1, 0.01))

    def weights(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Give the weights of L and of S, (C,) each, all positive."""
        alpha, beta = (functional.softplus(raw.float()) for raw in (self.alpha, self.beta))
        total = alpha.sum() + beta.sum() + EPSILON
        return alpha / total, beta / total

    def forward(self, compared: Terms) -> torch.Tensor:
        """Give F (n,), from 0 to less than 2."""
        alpha, beta = self.weights()
        return 1 - (alpha * compared.luminance + beta * compared.structure).sum(1)


class Naturalness(nn.Module):
    """N, lower better, without ends: a small head on the moments of one image.

    Args:
        widths: channels of the levels after the image; where all are equal, one projection serves
            all of them.
    """

    standardised: Standardised | None  # not in the authors' model

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.widths, self.standardised = widths, None
        apart = widths[:1] if len(set(widths)) == 1 else widths
        self.projections = nn.ModuleList([nn.Linear(2 * width, PROJECTED) for width in apart])
        self.head = nn.Sequential(
            nn.Linear(6 + PROJECTED * len(widths), HIDDEN),
            nn.GELU(),  # by erf: QuickGELU is the tower's alone
            nn.Linear(HIDDEN, 1),
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Give the channels of every level, the image's first."""
        return (3, *self.widths)

    def forward(self, moments: Moments) -> torch.Tensor:
        """Give N (n,)."""
        return self.of_scaled(self.scaled(moments))

    def scaled(self, moments: Moments) -> Moments:
        """Give moments as the head takes them: what no training changes, once for all its steps."""
        moments = Moments(moments.means.float(), moments.variances.float())
        return moments if self.standardised is None else self.standardised(moments)

    def of_scaled(self, moments: Moments) -> torch.Tensor:
        """Give N (n,) of moments that are `scaled`."""
        with torch.autocast(moments.means.device.type, enabled=False):
            parts = [part.split(list(self.sizes), 1) for part in moments]
            image, *upper = [torch.cat(both, dim=1) for both in zip(*parts, strict=True)]
            projections = list(self.projections) * (len(upper) // len(self.projections))
            seen = [project(level) for project, level in zip(projections, upper, strict=True)]
            return self.head(torch.cat([image, *seen], dim=1))[:, 0]


class Calibrator(nn.Module):
    """The logistic function that brings F or N to (-2, 2), rising.

    Args:
        centre, width: before training.
        limits: lowest and highest centre and width that count; what is kept may lie outside.
    """

    def __init__(
        self,
        centre: float,
        width: float,
        limits: tuple[tuple[float, float], tuple[float, float]] | None = None,
    ) -> None:
        super().__init__()
        self.centre = nn.Parameter(torch.tensor(centre))
        self.width = nn.Parameter(torch.tensor(width))
        self.limits = limits

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        """Map raw values (n,)."""
        if self.limits is None:
            return logistic(value, HIGH, LOW, self.centre, self.width.abs())
        centre, width = (
            kept.clamp(*ends)
            for kept, ends in zip((self.centre, self.width), self.limits, strict=True)
        )
        return logistic(value, HIGH, LOW, centre, width)


class Afine(nn.Module):
    """The whole model; its heads are untrained until weights are loaded.

    Args:
        tower: the backbone.
        seed: of what the heads start from.
    """

    def __init__(self, tower: TokenLevels, seed: int = 0) -> None:
        super().__init__()
        self.tower = tower
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.fidelity = Fidelity(3 + sum(tower.widths))
            self.naturalness = Naturalness(tower.widths)
        self.fidelity_scale = Calibrator(*START_F, LIMITS_F)
        self.naturalness_scale = Calibrator(*START_N)
        self.raw_k = nn.Parameter(torch.tensor(START_K))

    @property
    def k(self) -> torch.Tensor:
        """Give k, above 0."""
        return functional.softplus(self.raw_k)

    def encode(self, image: torch.Tensor) -> Encoded:
        """See images (n, 3, h, w), RGB in [0, 1], of any size; once for any number of pairs."""
        found = self.tower(to_multiples(image, self.tower.patch))
        return Encoded((image.shape[2], image.shape[3]), [statistics(x) for x in found])

    def values(self, image: Encoded, reference: Encoded) -> Values:
        """Judge test images by their references.

        Raises:
            ValueError: they are not of one size.
        """
        if image.size != reference.size:
            (h, w), (rows, columns) = image.size, reference.size
            raise ValueError(f"the image has {w}x{h} pixels, its reference {columns}x{rows}")
        compared = terms(reference.levels, image.levels)
        return self.of_statistics(compared, image.moments, reference.moments)

    def of_statistics(self, compared: Terms, image: Moments, reference: Moments) -> Values:
        """Judge by what a frozen tower gives once for all: no pixel is needed."""
        own, others = (self.naturalness(moments) for moments in (image, reference))
        return self.of_raw(self.fidelity(compared), own, others)

    def of_raw(self, fidelity: torch.Tensor, own: torch.Tensor, others: torch.Tensor) -> Values:
        """Judge by F of pairs and N of both images, (n,) each, before their calibrators."""
        fidelity = self.fidelity_scale(fidelity)
        own, others = (self.naturalness_scale(raw) for raw in (own, others))
        weight = torch.exp(self.k * (others - own))
        return Values(fidelity, own, others, weight, fidelity + weight * own)

    def turned(self, naturalness: torch.Tensor) -> torch.Tensor:
        """Say of which images (N_s) D falls as they get worse: those above 1 / k."""
        return naturalness > 1 / self.k

    def forward(self, image: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """Give D (n,) of images (n, 3, h, w) and their references, RGB in [0, 1]; lower better.

        Raises:
            ValueError: they are not of one size.
        """
        return self.values(self.encode(image), self.encode(reference)).distance


def title(backbone: str) -> str:
    """Name a model trained here by its backbone; A-FINE alone is its authors'."""
    return f"A-FINE ({BACKBONES[backbone]})"


def afine_on(backbone: str, seed: int = 0) -> Afine:
    """Build A-FINE with untrained heads on a backbone of `BACKBONES`.

    Raises:
        UserError: there is no such backbone, or its weights are not at hand.
    """
    return Afine(levels_of(backbone, seed), seed).eval()
