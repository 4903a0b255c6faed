"""What the search declares before it runs: sets, configurations, and the settings that it chose.

`fgresq/data/search.yaml` says what each key means.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from fgresq import workspace
from fgresq.errors import UserError, unknown
from fgresq.parsing import parse
from fgresq.sections import Count, Name, Section, Seed, SomeDistinct, Stage1, Stage2, Tower
from fgresq.settings import merge, read_yaml

FILE = "search.yaml"
MOST = 24  # configurations


class Over(Section):
    """Settings laid over those that all configurations share.

    Args:
        sets: that teach; None: all that the search trains on.
        stage1, stage2: of the sections.
    """

    sets: SomeDistinct[str] | None = None
    stage1: dict[str, Any] | None = None
    stage2: dict[str, Any] | None = None


class Configured(Section):
    """The settings of one training, whole."""

    sets: SomeDistinct[str]
    tower: Tower
    stage1: Stage1
    stage2: Stage2


class Search(Section):
    """The declared search."""

    roles: dict[str, Literal["train", "select"]]
    most: dict[str, Count]
    folds: Annotated[int, Field(ge=2)]
    seeds: SomeDistinct[Seed]
    finalists: Count
    tower: Tower
    stage1: Stage1
    stage2: Stage2
    configurations: Annotated[dict[Name, Over], Field(min_length=1, max_length=MOST)]
    finalist: Over
    chosen: str

    def named(self, role: str) -> tuple[str, ...]:
        """Name the sets of a role."""
        return tuple(name for name, own in self.roles.items() if own == role)

    def configured(self, name: str, finalist: bool = False, seed: int | None = None) -> Configured:
        """Give the settings of a configuration.

        Args:
            name: of it.
            finalist: with what finalists have laid over it.
            seed: of stage 2; None: the first.
        """
        laid: dict[str, Any] = {part: getattr(self, part).record() for part in STAGES}
        sets = self.configurations[name].sets or self.named("train")
        for over in [self.configurations[name], *([self.finalist] if finalist else [])]:
            for part in STAGES:
                laid[part] = merge(laid[part], getattr(over, part) or {})
        laid["stage2"]["seed"] = self.seeds[0] if seed is None else seed
        whole = {"sets": list(sets), "tower": self.tower.record(), **laid}
        return parse(Configured, whole, workspace.packaged(FILE), at=f"configurations/{name}/")


STAGES = ("stage1", "stage2")


def read_search(path: Path | None = None) -> Search:
    """Read the declared search.

    Args:
        path: file; None: the package's.

    Raises:
        UserError: names the key at fault.
    """
    path = path or workspace.packaged(FILE)
    search = parse(Search, read_yaml(path), path)
    check_sets(search.most, search.roles, path, "most")
    for name, over in search.configurations.items():
        check_sets(over.sets or (), search.roles, path, f"configurations/{name}/sets")
        for set_name in over.sets or ():
            if search.roles[set_name] != "train":
                where = f"{path}, key 'configurations/{name}/sets'"
                problem = f"'{set_name}' selects, and so teaches nothing"
                raise UserError(where, problem, "Name sets whose role is train")
        search.configured(name, finalist=True)
    check_sets([search.chosen], search.configurations, path, "chosen", "configuration")
    return search


def check_sets(
    given: Mapping[str, object] | tuple[str, ...] | list[str],
    known: Mapping[str, object],
    path: Path,
    key: str,
    kind: str = "set",
) -> None:
    """Raise a UserError for a name that is not known."""
    for name in given:
        if name not in known:
            raise unknown(f"{path}, key '{key}'", kind, name, known)
