"""Replicas of DiffIQA and SRIQA-Bench as released: folders, names and labels, empty images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from fgresq.sources import sriqa_bench

CROPS = ("000006x0y770", "000006x384y0", "mine x3x0y0")
# votes of A, B and C on the six test images of each crop
VOTES = (
    *(("P", "P", "P"), ("P", "P", "N"), ("S", "N", "S")),
    *(("N", "N", "S"), ("P", "S", "N"), ("N", "N", "N")),
)
WORDS = {"P": "Positive", "S": "Similar", "N": "Negative"}
CONTENTS = tuple(f"srtest{n}" for n in range(100))


def put(path: Path, text: str = "") -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def put_diffiqa(folder: Path, crops: Sequence[str] = CROPS) -> Path:
    """Three crops of two photographs, or others, judged."""
    for crop in crops:
        put(folder / f"images/Original/{crop}.png", crop)
        for number, votes in enumerate(VOTES, start=1):
            name = f"{crop}_{number:02d}"
            put(folder / f"images/{number:02d}/{name}.png")
            for annotator, vote in zip("ABC", votes, strict=True):
                told = {"Name": f"{name}.png", "File": "", "ImageSize": [512, 512]}
                record = {
                    "Picture_AI": {**told, "Label": WORDS[vote]},
                    "picture_Original": {**told, "Name": f"{crop}.png", "Label": None},
                    "Time_cost": {"Start": 0, "End": 1, "Total": 1},
                }
                put(folder / f"labels/{annotator}/{number:02d}/{name}.json", json.dumps(record))
    return folder


def files_of(content: str, name: str) -> dict[str, str]:
    """The files of a set, Real-ESRGAN without its hyphen."""
    made = {m.replace("-", ""): "" for m in sriqa_bench.MADE_BY[name]}
    return {"Original": f"{content}_Original.png"} | {m: f"{content}_{m}x4.png" for m in made}


def put_sriqa(folder: Path) -> Path:
    """All 100 contents, with MOS that rise in the order of the methods and the original on top."""
    for place, content in enumerate(CONTENTS):
        for name, target in sriqa_bench.FOLDERS.items():
            files = files_of(content, name)
            step = 100 / (len(files) - 1)
            order = [*list(files.values())[1:], files["Original"]]
            comma = "," if place % 2 else " "
            lines = [f"{file}{comma}{step * rank:.3f}" for rank, file in enumerate(order)]
            put(folder / target / f"{content}.txt", "\n".join(lines) + "\n")
        for method, file in files_of(content, "All").items():
            put(folder / f"images/{method}/{file}")
    return folder
