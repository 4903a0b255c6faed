"""Take the pictures of README from a finished report: `python workflow/render_screenshots.py`.

The first screen of the overview and of the pairs of the preset mini, in Debian's chromium, without
a window, as small PNG files in docs/images. They change whenever the pages do, and no test compares
them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))
from workflow.browser import unmet

ROOT = Path(__file__).parents[1]
PAGES = ("index", "pairs")
SIZE = (1280, 800)
COLOURS = 128  # of the palette, which keeps a picture near 100 kB


def take(page: Path, out: Path) -> None:
    """Take the first screen of a page."""
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        words = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        words += [f"--window-size={SIZE[0]},{SIZE[1]}", f"--screenshot={shot}", page.as_uri()]
        subprocess.run(["chromium", *words], check=True, capture_output=True, timeout=120)
        picture = Image.open(shot).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        out.parent.mkdir(parents=True, exist_ok=True)
        picture.save(out, optimize=True)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", type=Path, default=ROOT / "reports/site/mini")
    args = parser.parse_args()
    if lacking := unmet():
        sys.exit(lacking)
    for name in PAGES:
        page = (args.site / f"{name}.html").resolve()
        if not page.is_file():
            sys.exit(f"{page} is not there: run make report, then this again")
        take(page, ROOT / f"docs/images/{name}.png")
        print(f"docs/images/{name}.png")


if __name__ == "__main__":
    main()
