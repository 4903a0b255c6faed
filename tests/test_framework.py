"""Figure 5 follows from the configuration and the tensors of the run, and says what it shows."""

from __future__ import annotations

import re
from typing import Any

import pytest
from training_tables import architecture

from fgresq.report.parts.framework import framework_figure
from fgresq.report.parts.model_facts import ModelFacts
from fgresq.report.parts.svg import Picture
from fgresq.report.trained import Trained


def draw(record: dict[str, Any]) -> Picture:
    """Draw the figure of a record."""
    made = framework_figure(Trained(record={"architecture": record}))
    assert made is not None
    return made


def words(picture: Picture) -> str:
    """Give all text that the drawing shows."""
    return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", picture.svg))


def alternative(picture: Picture) -> str:
    """Give what readers of the text alone get."""
    found = re.search(r'aria-label="([^"]*)"', picture.svg)
    assert found
    return found[1]


def test_it_is_the_same_twice_and_absent_without_a_record() -> None:
    assert draw(architecture()).svg == draw(architecture()).svg
    assert framework_figure(Trained()) is None
    assert framework_figure(Trained(record={"architecture": None})) is None


@pytest.mark.parametrize(
    ("record", "shown", "said"),
    [
        (architecture(), ["blocks 1–7", "block 8"], "trains 1 of 8 blocks of the general one"),
        (architecture(trained=3), ["blocks 1–5", "blocks 6–8"], "trains 3 of 8 blocks"),
        (architecture("random_vits14"), ["random_vits14"], "1 of 8 blocks"),
        (architecture("ViT-B-16", 2), ["blocks 1–10", "blocks 11–12", "texts"], "2 of 12 blocks"),
        (architecture("ViT-B-16", 12), ["blocks 1–12", "ViT-B-16"], "12 of 12 blocks"),
        (architecture(fuse="released"), ["F_q = [F_g, e, F_g + e]"], ""),
        (architecture(compare="released"), ["[F_A, F_B]: 48 → 2"], ""),
        (architecture(lambda_scene=0.25), ["weight 0.25"], ""),
    ],
)
def test_it_follows_the_configuration(record: dict, shown: list[str], said: str) -> None:
    made = draw(record)
    assert all(each in words(made) for each in shown)
    assert said in alternative(made) and said in made.caption


def test_what_no_stage_trains_is_frozen() -> None:
    record = architecture()
    shapes = {n: s for n, s in record["shapes"].items() if not n.startswith("quality.tower")}
    made = draw({**record, "shapes": shapes})
    assert "trains none of 8 blocks of the general one" in alternative(made)
    assert "blocks 1–8" in words(made)


def test_without_degradation_features_there_is_no_prompt_block() -> None:
    record = architecture()
    shapes = {n: s for n, s in record["shapes"].items() if "prompt" not in n}
    made = draw({**record, "shapes": shapes})
    assert "F_q = F_g" in words(made) and "prompt block" not in words(made)
    assert "both heads, no prompt block" in alternative(made)


def test_a_classifier_and_a_stage_that_is_not_recorded_are_drawn_as_such() -> None:
    record = architecture() | {"objective": "classifier"}
    shapes = record["shapes"] | {"degradation.classifier.weight": [6, 12]}
    shown = words(draw({**record, "shapes": shapes}))
    assert "12 → 6" in shown and "cross-entropy" in shown and "contrastive" not in shown
    assert "Stage 1: not recorded" in words(draw(architecture() | {"stage1": None}))


def test_parameters_are_counted_without_what_is_fitted() -> None:
    facts = ModelFacts(architecture())
    # two layers of a block (36), the projection (60)
    assert facts.parameters("degradation.") == 36 + 60
    # heads 16 and 96, prompt 4, its layers 48 and 16
    assert facts.parameters("quality.") == 36 + 16 + 96 + 4 + 48 + 16
    assert "(96 parameters)" in facts.finding()


def test_a_hostile_name_is_text() -> None:
    record = architecture()
    record["tower"] = {**record["tower"], "tower": "<b>$x$ & $y$"}
    made = draw(record)
    assert "&lt;b&gt;$x$ &amp; $y$" in made.svg and "<b>" not in made.svg
