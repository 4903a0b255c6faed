"""Render the schema of config/config.yaml from its models: `python workflow/render_schema.py`.

Editors read it. In the file a preset, or a section of one, may leave out any key; that all are
there once `defaults` are laid under is checked where the settings are read.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent.parent))
from fgresq.presets import STAGES, Config

TARGET = Path("fgresq/data/schemas/config.schema.yaml")
HEAD = "# Made by workflow/render_schema.py from the models in fgresq/presets.py. Do not edit.\n"


def partial(part: Any) -> Any:
    """Leave out what names keys as required, has a default, or repeats a key as a title."""
    if isinstance(part, list):
        return [partial(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {key: value for key, value in part.items() if key not in ("required", "default")}
    if isinstance(kept.get("title"), str):
        del kept["title"]
    if "patternProperties" in kept:
        kept["additionalProperties"] = False
    return {key: partial(value) for key, value in kept.items()}


def render() -> str:
    """Give the text of the schema."""
    made = Config.model_json_schema()
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "config/config.yaml",
        "required": made["required"],
        **partial(made),
    }
    for stage, form in STAGES.items():
        schema["$defs"]["Variant"]["properties"][stage] = {"$ref": f"#/$defs/{form.__name__}"}
    return HEAD + yaml.safe_dump(schema, sort_keys=False, width=100)


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
