"""Keep what `make afine` and its kin made in reports/afine: `python workflow/keep_afine.py`.

The copies are small and in git, so that report and docs have them where the phase was not run.
They are of the preset mini, which every checkout can make; results of another preset stay where
they are, below results/afine.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from fgresq.report.imperfect_results import RECORDS, TABLES

ROOT = Path(__file__).parents[1]
KEPT = "mini"  # preset
NAMES = (*(f"{name}.csv" for name in TABLES), *(f"{name}.json" for name in RECORDS))


def keep(root: Path) -> list[str]:
    """Copy every table and record that is there; give the names of those that changed."""
    made = [root / "results/afine" / KEPT, root / "results/afine/sriqa"]
    folder = root / "reports/afine"
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for file in (place / name for place in made for name in NAMES):
        kept = folder / file.name
        if file.exists() and (not kept.exists() or kept.read_bytes() != file.read_bytes()):
            shutil.copyfile(file, kept)
            changed.append(file.name)
    return changed


def main() -> None:
    """Keep the results, and say what changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default=KEPT, help=f"that was made (default {KEPT})")
    preset = parser.parse_args().preset
    if preset != KEPT:
        print(f"results/afine/{preset}: of preset {preset}; reports/afine keeps that of {KEPT}")
        return
    changed = keep(ROOT)
    told = f"{', '.join(changed)} changed" if changed else "nothing changed"
    print(f"reports/afine: {told}")


if __name__ == "__main__":
    main()
