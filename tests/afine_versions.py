"""What tests of DiffIQA-mini share: settings, and a table of versions without images."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from fgresq.imperfect import declared_presets
from fgresq.imperfect.versions_table import SOURCE, VERSION_COLUMNS
from fgresq.mini.imperfect_versions import CLEAN, MAKERS, TESTED


def write_settings(folder: Path, **changes: object) -> str:
    """Write settings in which preset `mini` has these changes."""
    found = yaml.safe_load(declared_presets.settings_file().read_text(encoding="utf-8"))
    found["presets"] = {"mini": changes}
    path = folder / "afine.yaml"
    path.write_text(yaml.safe_dump(found))
    return str(path)


def names_of_versions() -> list[str]:
    """All 29: the clean photograph, and each reference before what is tested against it."""
    kinds = ([kind, *(f"{kind}-{t}" for t in TESTED)] for kind in MAKERS)
    return [CLEAN, *itertools.chain(*kinds)]


def made(families: int = 4) -> pd.DataFrame:
    """A table of versions without images, with qualities at random."""
    rows = []
    for family in range(families):
        content = f"f{family}-1"
        for name in names_of_versions():
            reference = name.split("-")[0] if "-" in name else CLEAN
            rows.append((f"{SOURCE}/{content}.{name}.png", content, f"f{family}", reference))
    table = pd.DataFrame(rows, columns=["image", "content", "family", "name"])
    rng = np.random.default_rng(0)
    return table.assign(
        path=table["image"],
        sha256="0" * 64,
        reference=[f"{SOURCE}/{c}.{n}.png" for c, n in table[["content", "name"]].to_numpy()],
        kind="k",
        strength=1.0,
        quality=np.where(table["image"].str.contains(CLEAN), 0, -rng.random(len(table))),
    )[list(VERSION_COLUMNS)].sort_values("image", ignore_index=True)
