"""What the rows of the bench say of images: ridges on pooled features, methods, trained FGResQ.

`Bench` holds the sets that are at hand. Labels of select and test sets enter in two places, and a
test holds them there: a ridge of a row that names a select set under `train`, and the measures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from fgresq import workspace
from fgresq.absent import Absent
from fgresq.catalogues import read_methods
from fgresq.files import read_json
from fgresq.human.declared import FGRESQ, SCORE, Declared, Line, Part
from fgresq.human.lessons import Lesson, predicted
from fgresq.human.pool import kept_of
from fgresq.human.rated_sets import RatedSet
from fgresq.scoring.cache import ScoreCache, version_of
from fgresq.scoring.judging import score_rows
from fgresq.scoring.predict import Scorer, frozen_of, judge
from fgresq.scoring.predict import version_of as version_of_checkpoint
from fgresq.scoring.registry import absence, method_of

Values = dict[str, np.ndarray]  # set: (1 + refits, n), higher better, NaN for no value


@dataclass
class Bench:
    """The sets at hand, and what was read of them.

    Args:
        declared: the bench.
        sets: by name.
        absent: reason and next step of the sets that are not at hand.
        cache: folder of scores.
        models: folder of the rows of kind fgresq, by name; None: that of the workspace.
    """

    declared: Declared
    sets: dict[str, RatedSet]
    absent: dict[str, str]
    cache: Path = field(default_factory=workspace.scores)
    models: Path | None = None
    known: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)

    def measured_on(self, line: Line) -> list[str]:
        """Name the sets at hand that a row is measured on."""
        return [name for name in self.declared.read_by(line) if name in self.sets]

    def lacking(self, line: Line) -> str:
        """Say why a row cannot be had here; empty where it can."""
        reasons = [self.absent[name] for name in line.sets if name in self.absent]
        if line.kind == "method":
            found = absence(line.name, read_methods()[line.name])
            reasons += [_told(found)] if found else []
        if line.checkpoint and not (Path(line.checkpoint) / "card.json").exists():
            reasons.append(f"{line.checkpoint} holds no checkpoint")
        if line.kind == FGRESQ and not reasons:
            reasons += self.untrained(line)
        return "; ".join(dict.fromkeys(reasons))

    def lacking_on(self, line: Line, name: str) -> str:
        """Say why a row cannot be asked of a set that is at hand; empty where it can."""
        if line.kind == "method" and read_methods()[line.name]["kind"] == "FR":
            without = self.sets[name].images["reference"].eq("").all()
            return "its images have no reference" if without else ""
        return ""

    def features(self, name: str, tower: str, blocks: tuple[int, ...]) -> np.ndarray:
        """Give the features of a set, float64 (n, d): of blocks of a tower, one beside another."""
        if (name, tower) not in self.known:
            kept, images = kept_of(tower, name, self.declared), self.sets[name].images
            kept.fill(images)
            self.known[name, tower] = kept.all(images["sha256"].tolist())
        chosen = self.known[name, tower][:, [block - 1 for block in blocks]]
        return chosen.reshape(len(chosen), -1).astype(np.float64)

    def lesson(self, part: Part, line: Line) -> Lesson:
        """Give what a set teaches a row, less images that show what a set that tells has."""
        own = self.sets[part.set]
        labels = own.images["score"].to_numpy(dtype=float)
        if part.labels != SCORE:
            labels = self.by_method(part.labels, part.set)
        taken = own.taken & np.isfinite(labels)
        features = self.features(part.set, line.tower, line.blocks)[taken]
        families = own.images["family"].to_numpy(dtype=str)[taken]
        return Lesson(part.set, features, labels[taken], families, part.weight)

    def by_method(self, name: str, of: str) -> np.ndarray:
        """Give what a method says of a set's images: (n,), turned so that higher is better."""
        entry = read_methods()[name]
        rows, method = self.sets[of].images, method_of(name, entry)
        order = rows.sort_values(["reference", "image"])
        found = score_rows(order, method, version_of(method, entry), self.cache)
        values = np.empty(len(rows))
        values[order.index] = [value for value, _ in found]
        return values if entry["direction"] == "higher" else -values

    def by_checkpoint(self, folder: Path, of: str) -> np.ndarray:
        """Give what a trained FGResQ says of a set's images: (n,)."""
        scorer = Scorer(folder)
        version = version_of_checkpoint(folder, scorer.on, frozen_of(scorer.tower))
        cache = ScoreCache("fgresq", version, self.cache)
        return np.array([judge(scorer, cache, path)[0] for path in self.sets[of].images["path"]])

    def model(self, line: Line) -> Path:
        """Give the folder of a row of kind fgresq."""
        return (self.models or workspace.results("human", "fgresq")) / line.name

    def untrained(self, line: Line) -> list[str]:
        """Say why there is no model of a row of kind fgresq, if there is none."""
        card = self.model(line) / "card.json"
        if not (card.exists() and card.with_name("compared.csv").exists()):  # the last it writes
            return [f"{card.parent} holds no model; next step: run `make human`"]
        found = read_json(card)
        if found["kind"] != "absent":
            return []
        return [f"{found['absent']['reason']}; next step: {found['absent']['next_step']}"]

    def by_model(self, line: Line, of: str) -> np.ndarray:
        """Give what the score head of a row of kind fgresq says of a set's images: (n,)."""
        values = pd.read_csv(self.model(line) / "scores.csv").set_index("image")["value"]
        return values.reindex(self.sets[of].images["image"]).to_numpy(dtype=float)

    def compared(self, of: str) -> Values:
        """Give what comparison heads say of a set's pairs, by row: (1, pairs), above 0 for A.

        Where the comparison has learnt nothing, the scores rank the pairs, and it has no row.
        """
        found, pairs = {}, self.sets[of].pairs
        for line in self.declared.rows:
            if line.kind != FGRESQ or of not in self.measured_on(line) or self.lacking(line):
                continue
            told = pd.read_csv(self.model(line) / "compared.csv")
            if len(told) and len(pairs):
                by = told.set_index(["image_a", "image_b"])["probability_a"]
                asked = pd.MultiIndex.from_frame(pairs[["image_a", "image_b"]])
                found[line.compared] = by.reindex(asked).to_numpy(dtype=float)[None] - 0.5
        return found

    def answers(self, line: Line) -> Values:
        """Say what a row says of the images of every set that it is measured on."""
        asked = [name for name in self.measured_on(line) if not self.lacking_on(line, name)]
        if line.kind == "method":
            return {name: self.by_method(line.name, name)[None] for name in asked}
        if line.checkpoint:
            return {name: self.by_checkpoint(Path(line.checkpoint), name)[None] for name in asked}
        if line.kind == FGRESQ:
            return {name: self.by_model(line, name)[None] for name in asked}
        features = {name: self.features(name, line.tower, line.blocks) for name in asked}
        families = {n: self.sets[n].images["family"].to_numpy(dtype=str) for n in asked}
        declared = self.declared
        return predicted(
            [self.lesson(part, line) for part in line.train],
            {name: (features[name], families[name]) for name in asked},
            declared.penalty,
            declared.seed,
            declared.refits,
        )


def _told(found: Absent) -> str:
    return f"{found.reason}; next step: {found.next_step}"
