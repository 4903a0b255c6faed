"""ColorVideoVDP: values of its package, and properties."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data

from fgresq.code_digest import closure, library_versions
from fgresq.metrics import cvvdp
from fgresq.ops.least import NoValue
from tests.damages import blurred, compressed, noised

PHOTO = np.ascontiguousarray(data.astronaut()[:128, 100:245])


def test_values_are_those_of_the_package() -> None:
    """The package is called here as its own page does, without what `jod` sets for speed."""
    from fgresq.networks.torchvision_ops import make_importable

    make_importable()
    import pycvvdp

    peer = pycvvdp.cvvdp(display_name="standard_fhd", heatmap=None, quiet=True)
    for image in (noised(PHOTO, 15), blurred(PHOTO, 2), compressed(PHOTO, 20)):
        expected = float(peer.predict(image, PHOTO, dim_order="HWC")[0])
        assert cvvdp.score(image, PHOTO) == pytest.approx(expected, abs=1.5e-4)


def test_identity_is_best_and_all_damage_tells() -> None:
    assert cvvdp.score(PHOTO, PHOTO.copy()) == 10
    for damage, steps in ((noised, (4, 10, 25)), (blurred, (1, 2, 4)), (compressed, (60, 25, 8))):
        values = [cvvdp.score(damage(PHOTO, step), PHOTO) for step in steps]
        assert values == sorted(values, reverse=True) and values[0] < 10


def test_the_smallest_images() -> None:
    image, reference = noised(PHOTO, 25), PHOTO
    for height, width in ((2, 2), (3, 2), (2, 145), (7, 5)):
        assert np.isfinite(cvvdp.score(image[:height, :width], reference[:height, :width]))
    with pytest.raises(NoValue, match="145x1 is too small, it takes 2x2"):
        cvvdp.score(image[:1], reference[:1])


def test_kept_scores_follow_the_display_and_the_package() -> None:
    """Both are behind an import inside a function."""
    assert "fgresq.networks.jod" in closure("fgresq.metrics.cvvdp")
    assert {"cvvdp", "torch"} <= set(library_versions("fgresq.metrics.cvvdp"))
