"""What the bench of transfer declares before it runs: roles of sets, rows, counts of settings.

`fgresq/data/human.yaml` says what each key means.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from fgresq import workspace
from fgresq.catalogues import catalogue
from fgresq.errors import UserError, unknown
from fgresq.human.tower_names import DEPTHS
from fgresq.parsing import parse
from fgresq.sections import Block, Count, Distinct, Name, Section, Seed, Some, SomeDistinct
from fgresq.settings import read_yaml

Role = Literal["train", "select", "test"]
Kind = Literal["ridge", "method", "checkpoint", "fgresq"]
FGRESQ = "fgresq"  # trained by the settings that the search chose
SCORE = "score"  # as labels: what the set itself says
SHARPNESS, CONSTANT, RANDOM = "sharpness", "constant_order", "random"
CONTROL_BLOCK = 6  # of the untrained tower
MEND = "Add it, with its value"


class Rated(Section):
    """A human-rated set, or the embedded data, by the name of its source.

    Args:
        role: what it is for.
        settings: how many settings looked at its labels before this bench.
        images: how many of it are taken, by the order of their hashes; None: all.
        views: a side of an image; None: as everywhere.
    """

    role: Role
    settings: Annotated[int, Field(ge=0)]
    images: Count | None = None
    views: Count | None = None


class Part(Section):
    """A set that a row learns from.

    Args:
        set: its name.
        weight: of each of its images.
        labels: `score`, or a method whose values are learnt in its place.
    """

    set: str
    weight: Annotated[float, Field(gt=0)] = 1.0
    labels: str = SCORE


class Line(Section):
    """A row of the bench.

    Args:
        name: of the row; of a method its name in the catalogue.
        kind: what gives its values; `fgresq` is trained by the settings that the search chose.
        train: what it learns from, or a method or checkpoint was trained on.
        tower: of a ridge.
        blocks: of the tower whose features a ridge reads, from 1.
        finalist: whether the test sets are read for it.
        checkpoint: folder of a trained FGResQ.
    """

    name: Name
    kind: Kind
    train: Distinct[Part] = ()
    tower: str = "dinov2"
    blocks: SomeDistinct[Block] = (CONTROL_BLOCK,)
    finalist: bool = False
    checkpoint: str | None = None

    @property
    def compared(self) -> str:
        """Name the row of its comparison head, which answers for pairs alone."""
        return f"{self.name}_compared"

    @property
    def sets(self) -> tuple[str, ...]:
        """Name the sets that it learns from."""
        return tuple(part.set for part in self.train)


class Declared(Section):
    """The bench: fgresq/data/human.yaml."""

    seed: Seed
    refits: Count
    bootstrap: Count
    penalty: Annotated[float, Field(gt=0)]
    near: Annotated[int, Field(ge=0, le=64)]
    depth: Block
    views: Count
    sets: dict[str, Rated]
    rows: Some[Line]

    def of_role(self, *roles: str) -> list[str]:
        """Name the sets of roles, in the order declared."""
        return [name for name, rated in self.sets.items() if rated.role in roles]

    def grid(self, name: str) -> int:
        """Give the views a side of the images of a set."""
        return self.sets[name].views or self.views

    def read_by(self, line: Line) -> list[str]:
        """Name the sets that a row is measured on."""
        roles = ("select", "test") if line.finalist else ("select",)
        return self.of_role(*roles)


def read_declared(path: str | Path | None = None) -> Declared:
    """Read the declaration of the bench: the package's, or another file.

    Raises:
        UserError: names the key, or the contradiction.
    """
    path = path or workspace.packaged("human.yaml")
    declared = parse(Declared, read_yaml(path), path, MEND)
    check_sets(declared, path)
    check_rows(declared, path)
    return declared


def check_sets(declared: Declared, path: str | Path) -> None:
    """Check that every set has a source, whose own role, if it says one, is the same.

    Raises:
        UserError: names the first that has not.
    """
    sources = catalogue("sources")
    for name, rated in declared.sets.items():
        where = f"{path}, key 'sets/{name}'"
        if name not in sources:
            raise unknown(where, "source", name, sources)
        own = sources[name].get("role")
        if own not in (None, rated.role):
            problem = f"its role is {rated.role} here and {own} in the catalogue of data sets"
            raise UserError(where, problem, "Give it one role, for good")
    for role in ("train", "select", "test"):
        if not declared.of_role(role):
            problem = f"no set has the role {role}"
            raise UserError(f"{path}, key 'sets'", problem, "Give one of them that role")


def check_rows(declared: Declared, path: str | Path) -> None:
    """Check that the rows are told apart, know their sets, and learn from no test set.

    Raises:
        UserError: names the first row at fault.
    """
    names: list[str] = [SHARPNESS, CONSTANT]
    for line in declared.rows:
        where = f"{path}, row '{line.name}'"
        own = {line.name, *([line.compared] if line.kind == FGRESQ else [])}
        if own & set(names) or line.name.startswith(RANDOM):
            raise UserError(where, "there is such a row already", "Give it a name of its own")
        names += own
        for part in line.train:
            check_part(declared, part, where)
        check_kind(declared, line, where)


def check_part(declared: Declared, part: Part, where: str) -> None:
    """Check one set that a row learns from.

    Raises:
        UserError: nothing is known of it, or it is a test set.
    """
    if part.set not in declared.sets:
        raise unknown(where, "set", part.set, declared.sets)
    if declared.sets[part.set].role == "test":
        problem = f"it would be trained on {part.set}, whose role is test"
        raise UserError(where, problem, "Take that set out of `train`, or change its role for good")
    methods = catalogue("methods")
    if part.labels not in (SCORE, *methods):
        raise unknown(where, "labels", part.labels, (SCORE, *methods))


def check_kind(declared: Declared, line: Line, where: str) -> None:
    """Check what a row of its kind needs.

    Raises:
        UserError: names what is missing or unknown.
    """
    if line.kind == "checkpoint" and not line.checkpoint:
        raise UserError(where, "no folder is named", "Give `checkpoint: FOLDER`")
    if line.kind == "method" and line.name not in catalogue("methods"):
        raise unknown(where, "method", line.name, catalogue("methods"))
    if line.kind not in ("ridge", FGRESQ):
        return
    if not line.train:
        problem = f"a {line.kind} that learns from nothing"
        raise UserError(where, problem, "Name its sets under `train`")
    if line.kind == FGRESQ:
        check_taught(declared, line, where)
        return
    if line.tower not in DEPTHS:
        raise unknown(where, "tower", line.tower, DEPTHS)
    deepest = min(declared.depth, DEPTHS[line.tower])
    if max(line.blocks) > deepest:
        problem = f"block {max(line.blocks)} is not kept: of {line.tower} the deepest is {deepest}"
        raise UserError(where, problem, "Name a lower block, or raise `depth`")


def check_taught(declared: Declared, line: Line, where: str) -> None:
    """Check that FGResQ learns whole sets, from their own scores, that select nothing.

    Raises:
        UserError: names the part at fault.
    """
    for part in line.train:
        if declared.sets[part.set].role != "train":
            problem = f"{part.set} would teach it, whose role is {declared.sets[part.set].role}"
            mend = "Name sets whose role is train; what learns from SRIJ is `make human-full`"
            raise UserError(where, problem, mend)
        if (part.labels, part.weight) != (SCORE, 1.0):
            problem = f"{part.set} stands there with labels or a weight of its own"
            raise UserError(where, problem, "Leave them out: it learns the scores of the set")


def methods_asked(declared: Declared) -> list[str]:
    """Name the untrained methods that the bench asks: of rows, and of labels."""
    rows = [line.name for line in declared.rows if line.kind == "method"]
    labels = [part.labels for line in declared.rows for part in line.train]
    return sorted({*rows, *labels} - {SCORE})


def told(parts: Iterable[Part]) -> str:
    """Name what a row learns from: sets, with their labels and weights where they are not plain."""
    return " + ".join(
        part.set
        + (f" by {part.labels}" if part.labels != SCORE else "")
        + (f" x {part.weight:g}" if part.weight != 1 else "")
        for part in parts
    )


def controls(declared: Declared) -> list[Line]:
    """Give the ridges on an untrained tower: one for each thing that rows learn from.

    A control is a finalist where a row that it stands beside is.
    """
    found: dict[tuple[Part, ...], Line] = {}
    for line in declared.rows:
        if not line.train:
            continue
        own = found.get(line.train)
        name = own.name if own else f"{RANDOM}_{line.name}"
        finalist = line.finalist or (own is not None and own.finalist)
        block = min(CONTROL_BLOCK, declared.depth)
        found[line.train] = Line(
            name=name,
            kind="ridge",
            train=line.train,
            tower="random",
            blocks=(block,),
            finalist=finalist,
        )
    return list(found.values())


def add_declared(parser: argparse.ArgumentParser) -> None:
    """Give a step `--declared`."""
    parser.add_argument("--declared", metavar="FILE", help="the bench, in place of the package's")
