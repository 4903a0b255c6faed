"""The layouts that are read here, by the name of their adapter, and whether labels are in place.

A layout is a module with `labelled(files, entry)`, which yields its rated images, `LABELS`, the
names of files that may hold its labels (patterns, whatever their case), and `LAYOUT`, all it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from fgresq.sources import (
    agiqa3k,
    biq2021,
    clive,
    csiq,
    exbedde,
    gid,
    kadid10k,
    live,
    pipal,
    qads,
    realsrq,
    srcolor,
    tid2013,
    vclfer,
)
from fgresq.sources.label_files import label_paths
from fgresq.sources.placed import fits
from fgresq.sources.steps import packaged

LAYOUTS: Mapping[str, ModuleType] = {
    "pipal": pipal,
    "kadid10k": kadid10k,
    "tid2013": tid2013,
    "csiq": csiq,
    "live": live,
    "vclfer": vclfer,
    "qads": qads,
    "exbedde": exbedde,
    "realsrq": realsrq,
    "clive": clive,
    "biq2021": biq2021,
    "agiqa3k": agiqa3k,
    "srcolor": srcolor,
    "gid": gid,
}
VOTED = {
    "srcolor": srcolor.supplied,
    "gid": gid.supplied,
}  # layouts with votes on pairs of their images


def unlabelled(entry: Mapping[str, Any], names: Iterable[str]) -> str:
    """Say which label file a placed data set has not, judged by names alone; empty: it has one.

    Args:
        entry: of the source.
        names: of its files, as paths below its folder.
    """
    adapter = entry.get("adapter", "")
    if adapter == "folder":
        table = entry.get("table", "images.csv")
        return "" if table in names else f"there is no table {table}"
    if adapter not in LAYOUTS:
        return ""
    wanted = LAYOUTS[adapter].LABELS
    if any(fits(Path(name).name, pattern) for name in names for pattern in wanted):
        return ""
    if packaged(entry) and label_paths(entry["labels"]):
        return ""
    one = f" {wanted[0]}" if "*" not in wanted[0] and "[" not in wanted[0] else ""
    return f"there is no label file{one}"


def labels_step(entry: Mapping[str, Any]) -> str:
    """Say what to do where the label file is missing, as a clause without a full stop."""
    folder, adapter = entry["path"], entry["adapter"]
    if adapter == "folder":
        write = f"write {entry.get('table', 'images.csv')} of the columns in docs/your-own-data.md"
        return entry.get("then") or f"{write} into {folder}"
    return f"complete {folder}; it needs {LAYOUTS[adapter].LAYOUT}"
