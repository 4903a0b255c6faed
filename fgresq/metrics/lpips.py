"""LPIPS, version 0.1, on AlexNet (Zhang et al. 2018): lower better, identical images give 0.

RGB scaled to [-1, 1], no resize, no crop. Weights: `fgresq weights lpips_alex`.
"""

from __future__ import annotations

from fgresq.networks.alex_lpips import SMALLEST, model
from fgresq.networks.frozen import by_network

score = by_network(model, SMALLEST)
