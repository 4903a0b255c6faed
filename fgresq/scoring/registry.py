"""The methods by name: what computes each, and whether it can run here.

A method is a module of `fgresq.metrics` of its name, or a metric of the user's pyiqa that the key
`pyiqa` of its entry names.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from fgresq import workspace
from fgresq.absent import Absent
from fgresq.catalogues import catalogue
from fgresq.errors import UserError, unknown
from fgresq.external.by_pyiqa import PyiqaMetric
from fgresq.settings import check_weight_names
from fgresq.weights.hub_cache import cached_files, state_of

FOLDER = Path(__file__).parents[1] / "metrics"
BY_PYIQA = "fgresq.external.by_pyiqa"


@dataclass(frozen=True)
class Method:
    """An untrained method, ready to score.

    Args:
        name: of its entry.
        kind: NR where it takes no reference, else FR.
        score: gives a value of uint8 RGB, and of a reference of the same shape where it takes one.
        code: modules that its values follow from, with all that they import.
        upright: whether its authors' reader turns a picture by its EXIF orientation.
        options: what it was asked for beside the images, such as the border it cuts.
    """

    name: str
    kind: str
    score: Callable[..., float]
    code: tuple[str, ...]
    upright: bool = False
    options: Mapping[str, int] = field(default_factory=dict)


def by_toolkit(entry: Mapping[str, Any]) -> PyiqaMetric | None:
    """Give the metric of the user's pyiqa that an entry names, if it names one."""
    if "pyiqa" not in entry:
        return None
    return PyiqaMetric(lower_better=entry["direction"] == "lower", **entry["pyiqa"])


def code_of_method(name: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    """List the modules that an untrained method's values follow from."""
    return (BY_PYIQA,) if "pyiqa" in entry else (f"fgresq.metrics.{name}",)


def method_of(name: str, entry: Mapping[str, Any], **options: int) -> Method:
    """Give an untrained method.

    Args:
        name: of the method.
        entry: of the method in the methods file.
        options: of those that the entry names; whole numbers from 0 on.

    Raises:
        UserError: there is none of that name, it has no such option, or its module and its entry
            differ in kind.
    """
    check_options(name, entry, options)
    code, toolkit = code_of_method(name, entry), by_toolkit(entry)
    if toolkit:
        return Method(name, entry["kind"], toolkit.score, code)
    module = method_module(name)
    kind = getattr(module, "KIND", "FR")
    if kind != entry["kind"]:
        problem = f"its KIND is {kind!r}, and the methods file says {entry['kind']}"
        raise UserError(module.__file__ or code[0], problem, "Correct the wrong one")
    given = partial(module.score, **options) if options else module.score
    return Method(name, kind, given, code, getattr(module, "UPRIGHT", False), options)


def check_options(name: str, entry: Mapping[str, Any], options: Mapping[str, int]) -> None:
    """Check what a method is asked for beside the images.

    Raises:
        UserError: its entry names no such option, or a value is no whole number from 0 on.
    """
    known = entry.get("options", {})
    for option, value in options.items():
        if option not in known:
            if known:
                raise unknown(f"method '{name}'", "option", option, known)
            raise UserError(f"method '{name}'", f"it has no option '{option}'", "Leave it out")
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            where = f"method '{name}', option '{option}'"
            raise UserError(where, f"{value!r} is no whole number from 0 on", known[option])


def method_module(name: str) -> ModuleType:
    """Import an untrained method.

    Raises:
        UserError: there is none of that name.
    """
    try:
        module = importlib.import_module(f"fgresq.metrics.{name}")
        if not callable(getattr(module, "score", None)):
            raise ModuleNotFoundError(name=f"fgresq.metrics.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"fgresq.metrics.{name}":
            raise  # the module is there, and a library that it uses is not
        raise no_module(name) from error
    return module


def no_module(name: str) -> UserError:
    """Build the error for an untrained method of which nothing is there but its entry."""
    problem = f"there is no fgresq/metrics/{name}.py with a function `score`"
    return UserError(f"method '{name}'", problem, "Write it: docs/add-a-method.md shows how")


def check_modules(entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that every untrained method of the methods file has its module, or names a toolkit's.

    Raises:
        UserError: names the first that has none.
    """
    for name, entry in entries.items():
        own = entry["trained"] or "pyiqa" in entry
        if not own and not (FOLDER / f"{name}.py").exists():
            raise no_module(name)


def defined(source: str) -> set[str]:
    """List the names that the text of a module defines, assigns or imports at its top."""
    found: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            found |= {n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return found


def ask(name: str, question: str) -> Any:
    """Call a function without arguments of a method's module; None where it has none of that name.

    A module that does not define it is not imported: some import heavy libraries.
    """
    path = FOLDER / f"{name}.py"
    if not path.exists() or question not in defined(path.read_text(encoding="utf-8")):
        return None
    function = getattr(importlib.import_module(f"fgresq.metrics.{name}"), question, None)
    return function() if callable(function) else None


def own_absence(name: str, entry: Mapping[str, Any]) -> Absent | None:
    """Say why a method cannot run here whatever the rules make; None where it can.

    Its module says so, where it has a function `absent()`, or the weights that it takes from the
    Hub's cache are not there. Nothing is downloaded.

    Args:
        name: of the method.
        entry: of the method in the catalogue.

    Raises:
        UserError: its entry names weights that there are none of.
    """
    if toolkit := by_toolkit(entry):
        return toolkit.absent()
    if "hub" not in entry:
        return ask(name, "absent")
    table = catalogue("weights")
    check_weight_names({name: entry}, table, workspace.catalogue("methods"))
    weights = table[entry["hub"]]
    if cached_files(weights["fetch"]):
        return None
    reason = f"its weights ({weights['title']}) are not at hand"
    return Absent("no_weights", reason, f"run `fgresq data fetch {entry['hub']}`, then run again")


def own_version(name: str, entry: Mapping[str, Any]) -> str:
    """Name by content what is placed for a method and no rule makes; empty: nothing.

    Its module says so, where it has a function `version()`; the Hub's cache is asked where the
    method's entry in the catalogue says `hub`.
    """
    if toolkit := by_toolkit(entry):
        return toolkit.version()
    return (ask(name, "version") or "") + (state_of(entry["hub"]) if "hub" in entry else "")


def absence(name: str, entry: Mapping[str, Any]) -> Absent | None:
    """Say why a method cannot run here as things lie: its own reason, or weights not fetched yet.

    Args:
        name: of the method.
        entry: of the method in the catalogue.
    """
    found = own_absence(name, entry)
    weights = entry.get("weights", [])
    missing = [w for w in weights if not (workspace.weights_of(w) / "card.json").exists()]
    if found or not missing:
        return found
    calls = " and ".join(f"`fgresq weights {w}`" for w in missing)
    reason = f"its weights {' and '.join(missing)} are not in {workspace.weights()}"
    other = ", or any report" if workspace.root() is not None else ""
    needs = entry.get("needs", calls)
    more = f"; needed as well: {needs}" if needs != calls else ""
    return Absent("no_weights", reason, f"run {calls}{other}{more}")
