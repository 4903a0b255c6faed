"""The prompt block and the two heads of FGResQ (paper, equation 5 and the two losses' inputs).

Shapes: N images, D the width of the towers, E that of the prompt (D in the paper). Features of
both towers are pooled, before any projection. Logits grow with quality; a score is their sigmoid,
in (0, 1).
"""

from __future__ import annotations

import torch
from torch import nn

PROMPT_INITS = ("xavier", "official_zero")
COMPARISONS = {"paper": 2, "released": 3}  # classes: B better, A better (, equal)


class PromptBlock(nn.Module):
    """e = MLP2(softmax(MLP1(F_d)) * P), with P a learnable prompt (paper, equation 5).

    Args:
        width: D.
        inner: E.
        init: xavier; or official_zero, as the authors' code has it. With both MLPs at zero the
            gradient of MLP1 stays zero for ever, so that e never depends on F_d.
    """

    def __init__(self, width: int, inner: int, init: str) -> None:
        super().__init__()
        into, within = nn.Linear(width, inner), nn.Linear(inner, inner)
        self.task_mlp = nn.Sequential(into, nn.SiLU(), within)
        self.prompt = nn.Parameter(torch.rand(inner))
        self.prompt_mlp = nn.Linear(inner, inner)
        for layer in (into, within, self.prompt_mlp):
            nn.init.zeros_(layer.bias)
            if init == "xavier":
                nn.init.xavier_uniform_(layer.weight)
            else:
                nn.init.zeros_(layer.weight)

    def forward(self, degradation: torch.Tensor) -> torch.Tensor:
        """Give e, (N, E), of degradation features (N, D)."""
        return self.prompt_mlp(torch.softmax(self.task_mlp(degradation), dim=-1) * self.prompt)


def hidden_beside(head: nn.Linear, units: int) -> nn.Sequential | None:
    """Build a hidden layer of `units` beside a linear head, which adds nothing yet; 0: None."""
    if units == 0:
        return None
    last = nn.Linear(units, head.out_features)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(head.in_features, units), nn.SiLU(), last)


def with_beside(head: nn.Linear, beside: nn.Sequential | None, given: torch.Tensor) -> torch.Tensor:
    """Give what a head says of its input, with what the hidden layer beside it adds."""
    return head(given) if beside is None else head(given) + beside(given)


class QualityHeads(nn.Module):
    """From the features of both towers to a score's logit, and from a pair to its ranking.

    Args:
        width: D of each tower.
        inner: E; D is taken where `fuse` adds e to F_g.
        prompt_init: one of `PROMPT_INITS`.
        fuse: paper, F_q = [F_g, e]; released, F_q = [F_g, e, F_g + e].
        compare: paper, two classes from [F_A, F_B, F_A - F_B]; released, three from [F_A, F_B].
        use_degradation: without it, F_q = F_g (the ablation without degradation features).
        score_hidden, compare_hidden: units of a hidden layer beside each linear head, as the paper
            has none; 0: none. What it adds starts at zero, so that a head still starts where the
            linear one does.
    """

    general_centre: torch.Tensor
    general_spread: torch.Tensor
    degradation_centre: torch.Tensor
    degradation_spread: torch.Tensor

    def __init__(
        self,
        width: int,
        inner: int,
        prompt_init: str,
        fuse: str,
        compare: str,
        use_degradation: bool,
        score_hidden: int = 0,
        compare_hidden: int = 0,
    ) -> None:
        super().__init__()
        self.fuse, self.compare, self.use_degradation = fuse, compare, use_degradation
        for name in ("general", "degradation"):
            self.register_buffer(f"{name}_centre", torch.zeros(width))
            self.register_buffer(f"{name}_spread", torch.ones(width))
        inner = width if fuse == "released" else inner
        further = {"paper": inner, "released": 2 * width}[fuse]
        fused = width + further if use_degradation else width
        self.prompt_block = PromptBlock(width, inner, prompt_init) if use_degradation else None
        self.score_head = nn.Linear(fused, 1)
        pair = fused * (3 if compare == "paper" else 2)
        self.compare_head = nn.Linear(pair, COMPARISONS[compare])
        self.score_beside = hidden_beside(self.score_head, score_hidden)
        self.compare_beside = hidden_beside(self.compare_head, compare_hidden)

    def standardise(self, general: torch.Tensor, degradation: torch.Tensor) -> None:
        """Fit mean and spread of both features, each (N, D), and keep them fixed from then on."""
        for name, features in (("general", general), ("degradation", degradation)):
            getattr(self, f"{name}_centre").copy_(features.mean(dim=0))
            getattr(self, f"{name}_spread").copy_(features.std(dim=0).clamp(min=1e-4))

    def scaled_general(self, general: torch.Tensor) -> torch.Tensor:
        """Give general features (N, D) with the fitted mean and spread taken off."""
        return (general - self.general_centre) / self.general_spread

    def quality(self, general: torch.Tensor, degradation: torch.Tensor) -> torch.Tensor:
        """Give F_q, (N, its width), of the features of both towers, each (N, D)."""
        general = self.scaled_general(general)
        if self.prompt_block is None:
            return general
        prompt = self.prompt_block(
            (degradation - self.degradation_centre) / self.degradation_spread
        )
        parts = [general, prompt] + ([general + prompt] if self.fuse == "released" else [])
        return torch.cat(parts, dim=-1)

    def score_logits(self, quality: torch.Tensor) -> torch.Tensor:
        """Give the logits of the scores, (N,), higher better."""
        return with_beside(self.score_head, self.score_beside, quality).squeeze(-1)

    def compare_logits(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Give class logits of pairs (A, B) from F_q of each: B better, A better (, equal)."""
        parts = [first, second] + ([first - second] if self.compare == "paper" else [])
        return with_beside(self.compare_head, self.compare_beside, torch.cat(parts, dim=-1))


def preference_probability(logits: torch.Tensor) -> torch.Tensor:
    """Give P(A better) in [0, 1] from class logits (N, 2 or 3); half of "equal" counts for A."""
    chances = torch.softmax(logits, dim=-1)
    return chances[:, 1] + (0.5 * chances[:, 2] if logits.shape[1] == 3 else 0.0)
