"""Reading MATLAB files of version 7 and older."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scipy.io import loadmat

from fgresq.errors import UserError


def read_mat(path: str | Path, *names: str) -> dict[str, Any]:
    """Read variables of a MATLAB file, cells and structures as arrays and mappings.

    Raises:
        UserError: not a MATLAB file of version 7 or older, or a variable is missing.
    """
    try:
        found = loadmat(path, simplify_cells=True)
    except Exception as error:  # a damaged file fails in many ways inside the parser
        raise UserError(
            path, f"not a readable MATLAB file ({error})", "Replace it, or save it as version 7"
        ) from error
    known = sorted(name for name in found if not name.startswith("__"))
    for name in names:
        if name not in found:
            problem = f"variable '{name}' is missing (found: {', '.join(known)})"
            raise UserError(path, problem, "Replace the file")
    return {name: found[name] for name in names}
