"""Learned no-reference methods, retrained as the paper retrains them: our pairs, sampler, loss.

One module a method. Each gives `build(tower, settings, weights)`, the network, and
`absence(settings, weights)`, why it cannot be had here; `fgresq step train-baseline` trains it.
"""

from __future__ import annotations

BASELINES = ("dbcnn", "hyperiqa", "metaiqa", "liqe", "clipiqa_plus")
