"""What LPIPS's and DISTS's linear weights read: with the published weights, the methods' scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fgresq import workspace
from fgresq.imperfect.perceptual_terms import PERCEIVED
from fgresq.metrics import dists, lpips
from tests.conftest import picture
from tests.damages import noised

METHODS = {"lpips": lpips, "dists": dists}
CHANNELS = {"lpips": 1152, "dists": 2950}
MISSING = [
    name
    for name in ("lpips_alex", "vgg16", "dists")
    if not (workspace.weights_of(name) / "card.json").exists()
]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"run 'fgresq weights' for {MISSING}")
PHOTO = picture(1, 64)[:, :48]


def terms_of(name: str, image: np.ndarray, reference: np.ndarray) -> torch.Tensor:
    own = PERCEIVED[name]
    return torch.from_numpy(own.terms(own.see(image), own.see(reference)))


@pytest.mark.parametrize("name", sorted(PERCEIVED))
def test_published_weights_on_the_terms_give_the_methods_score(name):
    own, weights = PERCEIVED[name], PERCEIVED[name].weights()
    images = [noised(PHOTO, 25), noised(PHOTO, 5), PHOTO[::-1].copy()]
    found = torch.stack([terms_of(name, image, PHOTO) for image in images])
    assert found.shape == (3, CHANNELS[name]) and found.dtype == torch.float32
    assert weights.shape == (CHANNELS[name],) and weights.min() >= 0
    want = [METHODS[name].score(image, PHOTO) for image in images]
    assert own.distance(found, weights).tolist() == pytest.approx(want, abs=1e-6)
    assert len({round(value, 3) for value in want}) == 3


@pytest.mark.parametrize("name", sorted(PERCEIVED))
def test_terms_of_the_same_image_are_all_alike(name):
    found = terms_of(name, PHOTO, PHOTO)
    assert torch.allclose(found, torch.full_like(found, float(PERCEIVED[name].similar)), atol=1e-5)


@pytest.mark.parametrize("name", sorted(PERCEIVED))
def test_weights_go_back_to_their_names(name):
    own = PERCEIVED[name]
    state, named = own.network().state_dict(), own.named(own.weights())
    assert set(state) - set(named) == {k for k in state if k.startswith("features.")}
    assert all(torch.equal(value, state[key]) for key, value in named.items())
    assert (
        own.state() == own.state() != PERCEIVED[{"lpips": "dists", "dists": "lpips"}[name]].state()
    )
