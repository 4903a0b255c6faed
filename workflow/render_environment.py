"""Render environment.yml from requirements.lock: `python workflow/render_environment.py`."""

from __future__ import annotations

from pathlib import Path

import yaml

LOCK, TARGET = Path("requirements.lock"), Path("environment.yml")
HEAD = "# Made by workflow/render_environment.py from requirements.lock: `make environment.yml`.\n"


def render(lock: str) -> str:
    """Give the text of environment.yml: Python from conda-forge, the lock by pip."""
    pins = [line for line in lock.splitlines() if line and not line.startswith("#")]
    made = {
        "name": "fgresq",
        "channels": ["conda-forge", "nodefaults"],
        "dependencies": ["python=3.11", "pip", "make", {"pip": pins}],
    }
    return HEAD + yaml.safe_dump(made, sort_keys=False)


if __name__ == "__main__":
    TARGET.write_text(render(LOCK.read_text(encoding="utf-8")), encoding="utf-8")
