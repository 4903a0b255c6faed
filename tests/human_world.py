"""A small world of human-rated sets: pictures that get worse with blur, and people who see it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from fgresq.files import sha256, write_csv
from fgresq.human.declared import Declared, read_declared
from fgresq.images import read_rgb, write_png
from fgresq.tables import IMAGE_COLUMNS, PHOTOGRAPH, SUPPLIED_COLUMNS

SIZE = 48
BLURS = {"mild": 0.6, "soft": 1.5, "bad": 3.0}  # restorers of the select and test sets
DECLARED = """
seed: 0
refits: 3
bootstrap: 60
penalty: 1
near: 6
depth: 2
views: 1
sets:
  clive: { role: train, settings: 0 }
  biq2021: { role: train, settings: 0, images: 12 }
  srij: { role: select, settings: 5 }
  agiqa3k: { role: select, settings: 0 }
  srcolor: { role: test, settings: 7 }
rows:
  - { name: psnr, kind: method }
  - { name: clive, kind: ridge, train: [{ set: clive }], blocks: [1], finalist: true }
  - { name: both, kind: ridge, train: [{ set: clive }, { set: biq2021 }], blocks: [1, 2] }
  - { name: srij, kind: ridge, train: [{ set: srij }], blocks: [1] }
"""


def picture(seed: int, blur: float) -> np.ndarray:
    """Give a picture of a content, blurred: uint8 (48, 48, 3)."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.uniform(0, 255, (6, 6, 3)), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    sharp = np.clip(coarse + rng.normal(0, 20, (SIZE, SIZE, 3)), 0, 255)
    return np.clip(cv2.GaussianBlur(sharp, (0, 0), blur), 0, 255).round().astype(np.uint8)


def fake_features(paths: Sequence[str]) -> np.ndarray:
    """Give, in place of a tower, two blocks of four numbers of image files: float16 (n, 2, 4)."""
    rows = []
    for path in paths:
        gray = cv2.cvtColor(read_rgb(path), cv2.COLOR_RGB2GRAY).astype(float)
        edges = [
            np.log(np.abs(np.diff(gray, step, axis)).mean() + 1)
            for axis in (0, 1)
            for step in (1, 2)
        ]
        rows.append([edges, [gray.mean(), gray.std(), gray.min(), gray.max()]])
    return np.array(rows, np.float16)


class World:
    """Sets in a folder.

    Args:
        folder: where pictures and tables lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.declared = folder / "human.yaml"
        self.declared.write_text(DECLARED)
        blurs = np.linspace(0.4, 3.0, 14)
        self.photographs("clive", blurs, 100, (3.0, 90.0))
        self.photographs("biq2021", blurs, 200, (0.1, 0.9))
        self.photographs("agiqa3k", blurs, 300, (0.0, 4.0))
        self.restored("srij", 400, ("ratings",))
        self.restored("srcolor", 500, ("two", "best of four"))

    @property
    def bench(self) -> Declared:
        """Give what is declared."""
        return read_declared(self.declared)

    @property
    def tables(self) -> list[Path]:
        """List the image tables."""
        return [self.folder / f"{name}.csv" for name in self.bench.sets]

    def row(self, source: str, name: str, seed: int, blur: float, mos: float) -> dict[str, object]:
        """Write a picture and give its row of the image table."""
        path = self.folder / source / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        write_png(path, picture(seed, blur))
        given = {"image": f"{source}/{name}", "source": source, "dataset": source}
        given |= {"content": str(seed), "group": str(seed), "family": str(seed)}
        given |= {"algorithm": "camera", "task": PHOTOGRAPH, "path": str(path), "role": ""}
        return {**given, "raw_score": mos, "sha256": sha256(path)}

    def photographs(
        self, source: str, blurs: np.ndarray, seed: int, scale: tuple[float, float]
    ) -> None:
        """Write a set of photographs, each of its own content, rated by their blur."""
        low, high = scale
        mos = np.interp(blurs, (blurs.min(), blurs.max()), (high, low))
        rows = [
            self.row(source, f"{k:02d}", seed + k, blur, score)
            for k, (blur, score) in enumerate(zip(blurs, mos, strict=True))
        ]
        self.write(source, pd.DataFrame(rows), pd.DataFrame(columns=list(SUPPLIED_COLUMNS)))

    def restored(self, source: str, seed: int, kinds: tuple[str, ...]) -> None:
        """Write a set of four contents by three restorers, with pairs."""
        rows = []
        for content in range(seed, seed + 4):
            # the second content is restored badly by whom restores well elsewhere
            blurs = list(BLURS.values())[:: -1 if content == seed + 1 else 1]
            for name, blur in zip(BLURS, blurs, strict=True):
                made = self.row(source, f"{content}-{name}", content, blur, 10 - blur)
                rows.append({**made, "algorithm": name, "task": "super-resolution"})
        pairs = [
            self.pair(a, b, kind)
            for kind in kinds
            for k, a in enumerate(rows)
            for b in rows[k + 1 :]
            if a["content"] == b["content"]
        ]
        self.write(source, pd.DataFrame(rows), pd.DataFrame(pairs))

    @staticmethod
    def pair(a: dict[str, object], b: dict[str, object], kind: str) -> dict[str, object]:
        """Give a pair, nine of ten votes for the one that is rated better."""
        better = float(str(a["raw_score"])) > float(str(b["raw_score"]))
        pair = {"image_a": a["image"], "image_b": b["image"], "vote_kind": kind}
        pair |= {"votes_a": 9 if better else 1, "votes_b": 1 if better else 9, "votes_equal": 2}
        return {**pair, "preference": "A" if better else "B", "label_origin": "human"}

    def write(self, source: str, images: pd.DataFrame, pairs: pd.DataFrame) -> None:
        """Write the tables of a set."""
        raw = images["raw_score"]
        images = images.assign(score=(raw - raw.min()) / (raw.max() - raw.min()))
        write_csv(self.folder / f"{source}.csv", images.reindex(columns=list(IMAGE_COLUMNS)))
        table = pairs.reindex(columns=list(SUPPLIED_COLUMNS))
        write_csv(self.folder / f"{source}.pairs.csv", table)
