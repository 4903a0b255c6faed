"""What a user can mend: one message that names the place, the problem and the mend."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable
from pathlib import Path
from typing import Self, TypeVar

Told = TypeVar("Told", bound="UserError")


class UserError(Exception):
    """A fault in what was given (file, row, setting, machine), not in the code.

    Args:
        where: the file, and the row or key in it, as the user would look it up.
        problem: what is wrong, as a clause without a full stop.
        mend: what to do next, as a clause without a full stop; a question keeps its mark.
    """

    def __init__(self, where: str | Path, problem: str, mend: str) -> None:
        super().__init__(f"{where}: {problem}. {mend}{'' if mend.endswith('?') else '.'}")

    def __reduce__(self) -> tuple[object, ...]:
        """Let it reach the process that waits for what another does."""
        return _as_told, (type(self), self.args)

    def within(self, place: str) -> UserError:
        """Head the message by what the place is part of, and give the error itself."""
        self.args = (f"{place}, {self.args[0]}",)
        return self


def _as_told(kind: type[Told], told: tuple[str]) -> Told:
    found = kind.__new__(kind)
    found.args = told
    return found


class OneImage(UserError):
    """A fault of one image: it has no value, for this reason, and the others go on."""

    @classmethod
    def of(cls, error: UserError) -> Self:
        """Take over the message of an error."""
        return _as_told(cls, error.args)


def capital(words: str) -> str:
    """Begin a sentence: its first letter in upper case, the rest as it stands."""
    return words[:1].upper() + words[1:]


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known name, in any case, is meant, or list them: the mend for a misspelt name."""
    known = sorted(known)
    plain = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name.casefold(), plain, n=1, cutoff=0.5)
    return f"Did you mean '{plain[close[0]]}'?" if close else f"Known are: {', '.join(known)}"


def unknown(where: str | Path, kind: str, name: str, known: Iterable[str]) -> UserError:
    """Build the error for a name (column, key, method) that nothing is known of."""
    return UserError(where, f"unknown {kind} '{name}'", nearest(name, known).rstrip("."))


def no_file(where: str | Path) -> UserError:
    """Build the error for a file to read that is not there: of a step, or of the user's own."""
    mend = "Correct the path, or run the step that makes the file"
    return UserError(where, "there is no such file", mend)


def unread(where: str | Path, error: OSError) -> UserError:
    """Build the error for a file that the system does not give: missing, a folder, no right."""
    if isinstance(error, FileNotFoundError):
        return no_file(where)
    problem = f"it cannot be read ({error.strerror or error})"
    return UserError(where, problem, "Give a file that you may read")


def is_full(error: OSError) -> bool:
    """Tell whether a write failed because the disk, or the user's share of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def disk_full(where: str | Path) -> UserError:
    """Build the error for a write that found the disk full."""
    mend = "Free some space and run the same command again; finished files are kept"
    return UserError(where, "the disk is full and nothing was written", mend)
