"""The house: a room imports from floors below it, and what is called by name stands in a list."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

from fgresq.code_digest import direct, path_of

ROOT = Path(__file__).parents[1]
GROUND = ""  # modules that lie in the package itself, but for the roof
ROOF = ("fgresq", "fgresq.__main__", "fgresq.api", "fgresq.cli")
# room: the rooms that it may import from, beside itself and the ground
MAY_IMPORT = {
    GROUND: (),
    "weights": (),
    "ops": (),
    "networks": ("ops", "weights"),
    "external": ("networks",),
    "pairs": ("ops",),
    "sources": ("ops", "pairs"),
    "mini": ("networks", "ops", "weights"),
    "model": ("networks", "ops", "weights"),
    "metrics": ("external", "mini", "model", "networks", "ops", "weights"),
    "training": ("mini", "model", "networks", "weights"),
    "baselines": ("networks", "training", "weights"),
    "analysis": ("ops", "pairs", "sources"),
    "scoring": (
        *("analysis", "baselines", "external", "metrics", "model"),
        *("networks", "ops", "training", "weights"),
    ),
    "integrations": ("networks", "ops", "scoring"),
    "fetch": ("sources", "weights"),
    "human": ("analysis", "networks", "ops", "scoring", "sources", "training", "weights"),
    "imperfect": (
        *("analysis", "metrics", "mini", "model", "networks", "scoring", "sources", "training"),
        "weights",
    ),
    "audit": ("analysis",),
    "report": ("analysis", "audit", "human", "scoring", "sources"),
}
# who imports a module by name, and why: these are the tables of dispatch
BY_NAME = {
    "fgresq/__init__.py": "what Python code calls",
    "fgresq/cli.py": "commands and steps",
    "fgresq/fetch/actions.py": "actions of `fgresq data`",
    "fgresq/scoring/registry.py": "methods",
    "fgresq/baselines/train.py": "baselines",
    "fgresq/scoring/baseline_judge.py": "baselines",
    "fgresq/integrations/frameworks.py": "frameworks that a user installed",
}
LOADERS = ("import_module", "run_module", "__import__", "exec", "eval")


def modules() -> list[str]:
    """List the modules of the package."""
    files = sorted((ROOT / "fgresq").rglob("*.py"))
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    return [name.removesuffix(".__init__") for name in names]


def room_of(module: str) -> str:
    """Give the room of a module: its folder in the package; the ground has none."""
    parts = module.split(".")
    return parts[1] if len(parts) > 2 or (len(parts) == 2 and parts[1] in MAY_IMPORT) else GROUND


def test_a_room_imports_only_from_floors_below() -> None:
    wrong = []
    for module in modules():
        if module in ROOF:
            continue
        room = room_of(module)
        for other in direct(module) - {"fgresq"}:
            if room_of(other) not in (room, GROUND, *MAY_IMPORT[room]):
                wrong.append(f"{module} imports {other}")
    assert not wrong


def test_the_list_of_rooms_is_the_house_and_has_no_circle() -> None:
    folders = {p.name for p in (ROOT / "fgresq").iterdir() if (p / "__init__.py").exists()}
    assert folders == set(MAY_IMPORT) - {GROUND}
    floor: dict[str, int] = {}
    while len(floor) < len(MAY_IMPORT):
        rest = [room for room in MAY_IMPORT if room not in floor]
        ready = [room for room in rest if set(MAY_IMPORT[room]) <= set(floor)]
        assert ready, f"a circle among {rest}"
        floor |= dict.fromkeys(ready, len(floor))


def floors() -> dict[str, int]:
    """Read which room is on which floor, as docs/house.md tells."""
    told = {}
    for line in (ROOT / "docs/house.md").read_text(encoding="utf-8").splitlines():
        if row := re.fullmatch(r"\| (.+?) \|.*\| (\d+) \|", line):
            rooms = re.findall(r"`(\w+)/`", row[1]) or [GROUND]
            told |= dict.fromkeys(rooms, int(row[2]))
    return told


def test_a_room_lies_above_all_that_it_may_import() -> None:
    told = floors()
    assert set(told) == set(MAY_IMPORT)
    above = {
        room: 1 + max((told[below] for below in (GROUND, *rooms)), default=0)
        for room, rooms in MAY_IMPORT.items()
        if room != GROUND
    }
    assert told == {GROUND: 1, **above}


def test_every_leave_to_import_is_used() -> None:
    used = {(room_of(m), room_of(o)) for m in modules() for o in direct(m)}
    used.add(("scoring", "metrics"))  # by the registry's table of dispatch
    for room, below in MAY_IMPORT.items():
        assert {other for other in below if (room, other) in used} == set(below), room


def test_a_method_stands_alone() -> None:
    """What two methods share is an operation or a network, so that each is a module to itself."""
    methods = [m for m in modules() if room_of(m) == "metrics" and m != "fgresq.metrics"]
    shared = {m: [o for o in direct(m) if room_of(o) == "metrics"] for m in methods}
    assert not {m: others for m, others in shared.items() if others}


def test_no_name_stands_twice() -> None:
    """But for pages of the report: a page's module bears the page's name."""
    files = [p for p in (ROOT / "fgresq").rglob("*.py") if p.name != "__init__.py"]
    files = [p for p in files if p.parent.name != "pages"]
    twice = [name for name, count in Counter(p.stem for p in files).items() if count > 1]
    assert not twice


def test_only_tables_of_dispatch_import_by_name() -> None:
    found = set()
    for module in modules():
        path = path_of(module)
        assert path is not None
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            name, attribute = getattr(called, "id", ""), getattr(called, "attr", "")
            if attribute in ("import_module", "run_module") or name in LOADERS:
                found.add(path.relative_to(ROOT).as_posix())
    assert found == set(BY_NAME)
