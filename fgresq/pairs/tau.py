"""The coarse filter's tau of each source data set (Equation 1 of the paper: one a data set)."""

from __future__ import annotations

from collections.abc import Collection

from fgresq.errors import unknown
from fgresq.sections import Filter


def taus(source: str, datasets: Collection[str], options: Filter) -> dict[str, float]:
    """Give the tau of each data set that a source holds, by name.

    Args:
        source: name of the source.
        datasets: names in the column `dataset` of its images.
        options: section `filter` of the settings; in `tau_by_source` SOURCE/DATASET goes before
            SOURCE, and that before `tau`.

    Raises:
        UserError: the settings name a data set that is not in the source.
    """
    given = options.tau_by_source
    inside = {key.partition("/")[2]: key for key in given if key.startswith(f"{source}/")}
    for name in inside if datasets else ():  # an absent source holds none
        if name not in datasets:
            where = f"config/config.yaml, key 'filter/tau_by_source/{source}/{name}'"
            raise unknown(where, f"data set of source '{source}'", name, datasets)
    common = given.get(source, options.tau)
    return {name: given.get(inside.get(name, ""), common) for name in sorted(datasets)}
