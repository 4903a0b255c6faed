"""The code of a step: its module is named once, in the table of steps of fgresq/cli.py."""

from __future__ import annotations

from collections.abc import Iterable

from fgresq.cli import STEPS
from fgresq.code_digest import code_digest, code_files
from fgresq.errors import unknown

# steps that import a module by name (a method, a baseline), and the package that holds it
BY_NAME = {
    "score": "fgresq.metrics",
    "train-baseline": "fgresq.baselines",
}
# the Snakefile calls the first once a run is complete; what the others make is in git
OF_NO_PHASE = ("headline", "afine-people", "afine-sriqa", "afine-heads", "embedded")


def module_of(step: str) -> str:
    """Give the module of a step.

    Raises:
        UserError: there is no such step.
    """
    if step not in STEPS:
        raise unknown("rules", "step", step, STEPS)
    return STEPS[step][0]


def code_of(step: str, *modules: str) -> str:
    """Digest the code that a rule runs: its step's module and all that it imports.

    Args:
        step: its name.
        modules: those that the step imports by name: of the method or baseline.

    Raises:
        UserError: there is no such step.
        ValueError: a step that imports by name comes without one, or another with one.
    """
    if bool(modules) != (step in BY_NAME):
        raise ValueError(f"step '{step}' imports {'a' if step in BY_NAME else 'no'} module by name")
    return code_digest(module_of(step), *modules)


def modules_of(steps: Iterable[str]) -> list[str]:
    """List the modules of steps, and the packages of what they import by name."""
    steps = list(steps)
    return [*map(module_of, steps), *(BY_NAME[step] for step in steps if step in BY_NAME)]


def files_of(steps: Iterable[str]) -> list[str]:
    """List the files of the code of steps; of modules imported by name, the folder of all."""
    return code_files(*modules_of(steps))
