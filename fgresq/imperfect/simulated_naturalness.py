"""Both recipes of N on the simulated triplets: N of the paper's, and a ridge on people's scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fgresq.analysis.bootstrap import draw
from fgresq.comparisons import read_comparisons, read_triplets
from fgresq.imperfect.declared_presets import AfinePreset
from fgresq.imperfect.heads_at_hand import Looking
from fgresq.imperfect.judged_rows import MODEL_COLUMNS, folds_read
from fgresq.imperfect.people_rows import HUMAN_N, HUMAN_TITLE
from fgresq.imperfect.people_table import lines_with, nothing_of, plain
from fgresq.imperfect.two_choice import agreement, family_names, measures

if TYPE_CHECKING:
    from fgresq.imperfect.human_naturalness import HumanNaturalness
    from fgresq.model.adaptive import Afine

SIMULATED = "diffiqa_mini"
OWN_N, OWN_TITLE = "vgg16/naturalness", "A-FINE (VGG16): N, taught by other photographs"


def simulated_lines(
    phase: Path, look: Looking, taught: HumanNaturalness | str, preset: AfinePreset
) -> tuple[list[dict[str, Any]], str]:
    """Give the lines of both recipes, or why there are none.

    Raises:
        UserError: a table of the phase is at fault.
    """
    paths = [phase / name for name in ("comparisons.csv", "triplets.csv")]
    lost = [f"there is no {path}" for path in paths if not path.exists()]
    absent = [each for each in (taught, look.tower) if isinstance(each, str)]
    if lost or isinstance(taught, str) or isinstance(look.tower, str):
        why = [*lost, *absent][0]
        return [nothing_of(SIMULATED, why)], why
    comparisons = read_comparisons(paths[0])
    triplets = read_triplets(paths[1], comparisons)
    values = {HUMAN_N: of_people(look.tower, taught, comparisons)}
    table, _ = folds_read(phase / "models/vgg16-full", MODEL_COLUMNS, preset.folds)
    if len(table):
        values[OWN_N] = -table.drop_duplicates("image").set_index("image")["naturalness"]
    return measured(values, triplets, preset), ""


def of_people(tower: Afine, taught: HumanNaturalness, comparisons: pd.DataFrame) -> pd.Series:
    """Give N of people by image, on the moments that the phase has kept of its comparisons."""
    from fgresq.imperfect.encoding import of_model
    from fgresq.imperfect.seen_comparisons import encoded

    found = encoded(comparisons, of_model(tower), f"{SIMULATED}, images")
    assert found.moments is not None
    images = comparisons.drop_duplicates("image").sort_values("image")
    rows = [found.images[content] for content in images["sha256"]]
    return pd.Series(taught(np.asarray(found.moments[rows])), images["image"])


def measured(
    values: dict[str, pd.Series], triplets: pd.DataFrame, preset: AfinePreset
) -> list[dict[str, Any]]:
    """Measure rows of values by image, higher better, in every scenario."""
    draws = draw(family_names(triplets), preset.bootstrap, preset.seed)
    label, right = triplets["a_over_b"].to_numpy(float), {}
    for name, own in values.items():
        a, b = (triplets[side].map(own).to_numpy(float) for side in ("image_a", "image_b"))
        right[name] = agreement(a, b, label, higher_better=True)
    titles, lines = {HUMAN_N: HUMAN_TITLE, OWN_N: OWN_TITLE}, []
    for name, each in right.items():
        others = [OWN_N] if name == HUMAN_N and OWN_N in right else []
        gained = {other: measures(each - right[other], triplets, draws) for other in others}
        for scenario, measure in measures(each, triplets, draws).items():
            about = {"set": SIMULATED, "asked": scenario, "row": name, "title": titles[name]}
            about |= {"kind": "NR"} | plain(measure, "")
            lines.append(about)
            for other, gaps in gained.items():
                if np.isfinite(gaps[scenario].value):
                    lines.append(lines_with(about, other, gaps[scenario]))
    return lines
