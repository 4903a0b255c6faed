"""A-FINE's equations on VGG16, as trained here: a reference that need not be perfect, lower better.

RGB in [0, 1] with ImageNet statistics, at its own size. The value is D, without ends; `values` has
what it is made of. Simulated observers taught it. Identical images do not give 0, image and
reference are not to be swapped, and above N_s = 1 / k D falls as an image gets worse.
"""

from __future__ import annotations

from fgresq.model.shipped_heads import Shipped

SMALLEST = 16  # pixels: below it the last stage has nothing left

shipped = Shipped("vgg16", "A-FINE (VGG16)", SMALLEST)
absent, version, card, model = shipped.absent, shipped.version, shipped.card, shipped.model
values, value_of, score = shipped.values, shipped.value_of, shipped.score
