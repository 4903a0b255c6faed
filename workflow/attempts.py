"""Methods that were absent from a run are tried again when what kept them away has changed.

What an absence follows from (a package, a placed file, memory) is no input of a rule. So the
attempts at a method are numbered, as a rule's parameter: while its last run says that it is absent,
it is asked again whenever the graph is built, and an answer that is new is a new attempt.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from fgresq.catalogues import catalogue
from fgresq.files import read_json, write_json
from fgresq.scoring.registry import own_absence

ATTEMPTS = Path("work/attempts")


def recorded(states: Path, method: str) -> dict[str, Any] | None:
    """Give what the last run says of why a method could not run on this machine, if anything."""
    if not states.exists():
        return None
    absent = json.loads(states.read_text(encoding="utf-8")).get(method, {}).get("absent")
    return absent if absent and absent["code"] else None


@cache
def attempt(method: str, states: str) -> int:
    """Number the attempts at a method.

    Args:
        method: its name.
        states: methods.json of the preset.
    """
    kept = ATTEMPTS / f"{Path(states).parent.name}-{method}.json"
    last: dict[str, Any] = read_json(kept) if kept.exists() else {"number": 0, "answer": None}
    before = recorded(Path(states), method)
    if before is None:
        return last["number"]
    absent = own_absence(method, catalogue("methods").get(method, {}))
    answer = absent.record() if absent else "present"
    number = last["number"] + (answer not in (before, last["answer"]))
    if (number, answer) != (last["number"], last["answer"]):
        write_json(kept, {"number": number, "answer": answer})
    return number
