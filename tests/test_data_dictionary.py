"""The machine-readable twin of a report: its schemas hold, and its dictionary is complete."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest
import yaml
from made_run import PRESET, Size, write_made_run

from fgresq.analysis.summary import PLOT_COLUMNS, plotted
from tests.conftest import ROOT
from workflow import render_dictionary
from workflow.render_dictionary import ROWS, SCHEMA, TABLES, TARGET

METRICS = json.loads((ROOT / "reports/metrics/mini.json").read_text(encoding="utf-8"))


def schema(path: Path) -> dict[str, Any]:
    """Read a schema."""
    found = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    return found


def test_the_dictionary_and_the_schema_of_tables_are_rendered() -> None:
    mend = "run `python workflow/render_dictionary.py`"
    assert (ROOT / TARGET).read_text(encoding="utf-8") == render_dictionary.render(), mend
    assert (ROOT / ROWS).read_text(encoding="utf-8") == render_dictionary.render_rows(), mend


def test_every_column_and_key_says_what_it_is() -> None:
    rows = re.findall(r"^\| `(.+?)` \|(.*)\|$", render_dictionary.render(), re.MULTILINE)
    assert len(rows) > 100
    assert not [name for name, told in rows if not told.split("|")[-1].strip()]
    keys = {name for name, _ in rows if name in METRICS}
    assert keys == set(METRICS)


def test_the_metrics_in_git_hold_to_their_schema() -> None:
    assert not list(jsonschema.Draft202012Validator(schema(SCHEMA)).iter_errors(METRICS))


@pytest.mark.parametrize(
    "damage",
    [
        lambda m: m.pop("headline"),
        lambda m: m.update(more=1),
        lambda m: m["family"]["psnr"]["average"]["acc"].pop("n"),
        lambda m: m["family"]["psnr"]["average"]["acc"].update(value="0.6"),
        lambda m: m["sources"]["mini"].update(status="here"),
        lambda m: m["leak"]["pairs_split"]["overall"].update(test_images=-1),
    ],
)
def test_what_is_wrong_breaks_the_schema(damage: Callable[[dict[str, Any]], None]) -> None:
    metrics = copy.deepcopy(METRICS)
    damage(metrics)
    assert list(jsonschema.Draft202012Validator(schema(SCHEMA)).iter_errors(metrics))


def test_the_tables_of_a_run_hold_to_theirs(tmp_path: Path) -> None:
    size = Size(images=144, pairs=60, methods=3, pictures=2, side=(16, 12))
    root, defined = write_made_run(tmp_path, size), schema(ROWS)["$defs"]
    seen = []
    for file in TABLES:
        path = root / file.replace("PRESET", PRESET).replace("METHOD", "psnr")
        if not path.exists():
            continue
        kinds = {k: v["type"] for k, v in defined[file]["properties"].items()}
        text = {name: str for name, kind in kinds.items() if kind == "string"}
        table = pd.read_csv(path, dtype=text, keep_default_na=False, na_values={})
        assert list(table.columns) == list(kinds)
        for row in table.head(5).to_dict("records"):
            told = {k: None if v == "" and kinds[k] != "string" else v for k, v in row.items()}
            jsonschema.validate(told, defined[file])
        seen.append(file)
    assert len(seen) >= 10


def test_accuracies_to_draw_are_those_of_the_metrics() -> None:
    table = plotted(METRICS)
    assert list(table.columns) == list(PLOT_COLUMNS) and len(table) == len(METRICS["family"])
    own = table.set_index("method").loc["fgresq"]
    assert own["value"] == METRICS["family"]["fgresq"]["average"]["acc"]["value"]
    kept = pd.read_csv(ROOT / "reports/plots/mini.csv")
    pd.testing.assert_frame_equal(kept, table)
    assert plotted({"family": {"psnr": {"average": {"srcc": {}}}}}).empty
