"""Readers of weights: pickles that ask for code are refused, layouts are turned the right way."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest
import torch
from torch.nn import functional

from fgresq.weights.readers import flax_tensors, npz_tensors, read_pickle, svm_tensors


class Hostile:
    """Runs a command where it is unpickled."""

    def __init__(self, call: object, *given: object) -> None:
        self.parts = call, given

    def __reduce__(self) -> tuple:
        return self.parts


@pytest.mark.parametrize("protocol", [3, 4])
def test_arrays_and_containers_are_read(protocol):
    value = {"a": [np.arange(6, dtype=np.float32).reshape(2, 3), 1.5, "text"]}
    found = read_pickle(pickle.dumps(value, protocol))["a"]
    assert np.array_equal(found[0], value["a"][0]) and found[1:] == [1.5, "text"]


@pytest.mark.parametrize(
    ("hostile", "name"),
    [
        (Hostile(os.system, "touch ran"), "system"),
        (Hostile(eval, "1"), "builtins.eval"),
        (Hostile(getattr, "text", "join"), "builtins.getattr"),
        (Hostile(np.load, "x"), "numpy.load"),
        (Hostile(torch.nn.Linear, 1, 1), "torch.nn"),
    ],
)
def test_a_hostile_pickle_is_refused(hostile, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for value in (hostile, {"x": hostile}, np.array([hostile], dtype=object)):
        with pytest.raises(pickle.UnpicklingError, match=f"asks for .*{name}.*only arrays"):
            read_pickle(pickle.dumps(value, 4))
    assert not (tmp_path / "ran").exists()


def test_flax_kernels_become_those_of_torch():
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(3, 3, 2, 4)).astype(np.float32)
    image = rng.normal(size=(5, 5, 2)).astype(np.float32)
    layer = {"kernel": kernel, "bias": np.zeros(4, np.float32)}
    linear = {"Conv_0": {"kernel": np.arange(4.0).reshape(1, 1, 4, 1)}}
    data = pickle.dumps({"VGG16_0": {"Conv_7": layer}, "NetLinLayer_2": linear}, 4)
    found = flax_tensors(data)
    assert sorted(found) == ["features.7.bias", "features.7.weight", "linear.2"]
    assert found["linear.2"].tolist() == [0, 1, 2, 3]
    got = functional.conv2d(torch.from_numpy(image).permute(2, 0, 1)[None],
                            found["features.7.weight"])[0, :, 1, 2]  # fmt: skip
    expected = np.einsum("hwi,hwio->o", image[1:4, 2:5], kernel)
    assert np.allclose(got, expected, atol=1e-5)


def test_npz_with_a_pickle_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        npz_tensors((tmp_path / "a.npz").read_bytes())


def test_svm_text_is_read():
    text = (b"svm_type epsilon_svr\nkernel_type rbf\ngamma 0.05\nnr_class 2\ntotal_sv 2\n"
            b"rho -1.5\nSV\n-2 1:0.5 3:1 \n4 2:-1 \n")  # fmt: skip
    found = svm_tensors(text)
    assert found["vectors"].tolist() == [[0.5, 0, 1], [0, -1, 0]]
    assert found["coefficients"].tolist() == [-2, 4] and float(found["rho"]) == -1.5
    with pytest.raises(ValueError, match="linear"):
        svm_tensors(text.replace(b"rbf", b"linear"))
