"""A-FINE's equations on DINOv2 ViT-S/14, as trained here: see A-FINE (VGG16); lower better.

RGB in [0, 1] with ImageNet statistics; sides that are no multiples of 14 are brought to the next
ones (bicubic). The value is D, without ends; `values` has what it is made of. Simulated observers
taught it.
"""

from __future__ import annotations

from fgresq.model.shipped_heads import Shipped

SMALLEST = 14  # pixels: one patch

shipped = Shipped("dinov2_vits14", "A-FINE (DINOv2)", SMALLEST)
absent, version, card, model = shipped.absent, shipped.version, shipped.card, shipped.model
values, value_of, score = shipped.values, shipped.value_of, shipped.score
