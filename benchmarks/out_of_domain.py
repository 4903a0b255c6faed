"""What share of each human-rated set the embedded model tells to be unlike what taught it.

    python -m benchmarks.out_of_domain results/data/human/sources/*.csv
    python -m benchmarks.out_of_domain TABLE.csv --most 60 --root FOLDER

Of each table at most --most images are looked at, in the order of a hash of their names. Prints,
as Markdown, their number, the share outside, and the median distance over the limit. CLIVE taught
the model: by how the limit was set, one in a hundred of its photographs would be outside if it were
left out. A table's relative paths start at --root.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
from tqdm import tqdm

from fgresq.errors import OneImage
from fgresq.images import read_rgb
from fgresq.model.domain import read_domain
from fgresq.model.opinion import embedded, folder, look
from fgresq.tables import read_images


def chosen(names: list[str], most: int) -> list[str]:
    """Take at most so many names, by their hash, so that no order of a table chooses."""
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:most]


def ratios(table: Path, most: int, root: Path) -> np.ndarray:
    """Give the distances over the limit of images of a table, (n,)."""
    domain, found = read_domain(folder()), []
    assert domain is not None
    paths = read_images(table).set_index("image")["path"]
    for name in tqdm(chosen(list(paths.index), most), desc=table.stem, disable=None):
        try:
            pixels = read_rgb(root / paths[name])
        except OneImage:
            continue
        found.append(domain.ratio(look(embedded(), pixels)[1]))
    return np.array(found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+", type=Path, help="image tables")
    parser.add_argument("--most", type=int, default=60, help="images of a table (default 60)")
    parser.add_argument("--root", type=Path, default=Path(), help="where relative paths start")
    args = parser.parse_args()
    print("| set | images | outside | median distance / limit |\n|---|---|---|---|")
    for table in args.tables:
        own = ratios(table, args.most, args.root)
        print(f"| {table.stem} | {len(own)} | {(own > 1).mean():.1%} | {np.median(own):.2f} |")


if __name__ == "__main__":
    main()
