"""What is to be said of a judge beside its numbers: what taught it, and by whose judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PEOPLE, SIMULATED = "people", "simulated observers"
BOTH, UNSAID = f"{PEOPLE} and {SIMULATED}", "not said on its card"
LEARNT = "learnt by its comparison head; both orders are averaged"
BY_SCORES = "derived from its scores: no pair was learnt"
BY_LOSS = "derived from the scores as its fidelity loss has them (unit spread)"
THURSTONE = "derived from the scores by how raters differ (Thurstone); fitted to no pair"
NONE = "none: it says only which score is better"
MADE_HERE = ("mini", "tiny")  # presets whose observers are simulated


@dataclass(frozen=True)
class Facts:
    """What a reader of a judge's numbers has to know.

    Args:
        title: that readers see.
        kind: NR, or FR where it compares with a reference.
        scale: of its scores in words, with range and direction.
        higher_better: direction of its scores.
        trained_on: the data that taught it.
        judged_by: whose judgement that was.
        chances: where its chances come from.
        warning: what it must not be used for; empty: nothing known.
        calibrated_by: whose judgement its chances were fitted to; empty: they were not.
    """

    title: str
    kind: str
    scale: str
    higher_better: bool
    trained_on: str
    judged_by: str
    chances: str
    warning: str = ""
    calibrated_by: str = ""

    @property
    def simulated(self) -> bool:
        """Say whether its confidence is that of simulated observers."""
        return (self.calibrated_by or self.judged_by) in (SIMULATED, BOTH)

    def record(self) -> dict[str, Any]:
        """Give the JSON form."""
        return asdict(self)

    def line(self) -> str:
        """Say in one line which model it is and what taught it."""
        return f"{self.title}: trained on {self.trained_on}; judgement: {self.judged_by}"


def taught_by(card: Mapping[str, Any], folder: Path) -> tuple[str, str]:
    """Say of a checkpoint what data taught it, and by whose judgement.

    Args:
        card: of it; those of `fgresq train-human` name their sets.
        folder: of it; a run of the pipeline lies in PHASE/PRESET/NAME/RUN.
    """
    rows = card.get("data")
    if rows:
        sets = ", ".join(f"{row['title']} ({row['images']} images)" for row in rows)
        origins = {origin for row in rows for origin in row["labels"]}
        simulated = {"mini"} & {row["set"] for row in rows} or "simulated" in origins
        people = [row for row in rows if row["set"] != "mini"]
        return sets, PEOPLE if not simulated else BOTH if people else SIMULATED
    counts = f"{card.get('train_images', '?')} images, {card.get('train_pairs', '?')} pairs"
    parts = folder.absolute().parts
    preset = parts[-3] if len(parts) > 3 and parts[-4] in ("stage2", "baselines") else ""
    told = f"{counts} of the preset {preset}" if preset else counts
    return told, SIMULATED if preset in MADE_HERE else UNSAID


def of_method(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Say of a method of the catalogue what taught it, and by whose judgement."""
    if "formula" in entry["licence"]:
        return "nothing (a formula)", "nobody's"
    return "what its authors chose", f"see {entry['reference']}"
