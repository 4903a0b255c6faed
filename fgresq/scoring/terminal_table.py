"""What the commands for people print: aligned tables, numbers, faults, and the exit code."""

from __future__ import annotations

import argparse
import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from fgresq.errors import UserError
from fgresq.files import check_writable
from fgresq.ops.least import NoValue
from fgresq.scoring import judges
from fgresq.scoring.judges import DEVICES, PRECISIONS, PROTOCOLS, Judge

NOTHING = "–"


def add_answers(parser: argparse.ArgumentParser) -> None:
    """Give a command the options of models and of outputs."""
    model = "embedded, official, a folder of weights, or a method's name; again for another"
    parser.add_argument("--model", action="append", metavar="MODEL", help=model)
    device = "what FGResQ computes on (default auto)"
    parser.add_argument("--device", choices=DEVICES, default=DEVICES[0], help=device)
    precision = "what FGResQ's towers compute in (default float32)"
    parser.add_argument("--precision", choices=PRECISIONS, default=PRECISIONS[0], help=precision)
    protocol = (
        "how FGResQ looks at an image: paper (256 x 256, its centre) or native (views of its "
    )
    protocol += "own size); default: as it was trained, which its card says"
    parser.add_argument("--protocol", choices=PROTOCOLS, help=protocol)
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    parser.add_argument("--csv", metavar="FILE", help="write the table to this file as well")
    page = "write a page that shows the images under a slider"
    parser.add_argument("--html", metavar="FILE", help=page)


def named_judges(args: argparse.Namespace) -> list[Judge]:
    """Give the judges that a call names, or the default one.

    Raises:
        UserError: there is none of a name, or it cannot do what is asked.
    """
    return [
        judges.judge_of(name, args.device, args.precision, protocol=args.protocol)
        for name in args.model or [None]
    ]


def check_outputs(args: argparse.Namespace) -> None:
    """Refuse files that cannot be written, before long work.

    Raises:
        UserError: names the file.
    """
    for path in (args.csv, args.html):
        if path is not None:
            check_writable(path)


def show(text: str) -> None:
    """Print text; a byte of a file's name that is no UTF-8 is shown as \\udcXX."""
    print(text.encode(errors="backslashreplace").decode())


def number(value: float | None, digits: int = 4) -> str:
    """Write a number with so many significant digits; a dash for none."""
    if value is None or math.isnan(value):
        return NOTHING
    return f"{value:.{digits}g}"


def chance(value: float | None) -> str:
    """Write a chance with three decimals; a dash for none."""
    return NOTHING if value is None or math.isnan(value) else f"{value:.3f}"


def between(ends: Sequence[float], write: Callable[[float], str] = chance) -> str:
    """Write an interval; a dash for none."""
    return NOTHING if any(math.isnan(end) for end in ends) else f"[{', '.join(map(write, ends))}]"


def plain(value: float | None) -> float | None:
    """Give a number for JSON: none where there is no finite one."""
    return None if value is None or not math.isfinite(value) else float(value)


def aligned(heads: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """Lay out a table: the first columns, of words, to the left, and numbers to the right."""
    table = [tuple(heads), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]

    def line(row: Sequence[str]) -> str:
        cells = zip(row, widths, range(len(row)), strict=True)
        return "  ".join(f"{c:<{w}}" if k < words else f"{c:>{w}}" for c, w, k in cells).rstrip()

    return "\n".join(map(line, table))


class Faults:
    """What has no value, and why; each is told once, in one line, and the rest goes on.

    Args:
        what: they are, in the plural.
        debug: raise the first in place of going on.
    """

    def __init__(self, what: str, debug: bool = False) -> None:
        self.what, self.debug = what, debug
        self.found: dict[str, str] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Take over what is wrong with one of them."""
        try:
            yield
        except (UserError, NoValue) as error:
            if self.debug:
                raise
            self.add(name, str(error))

    def add(self, name: str, reason: str) -> None:
        """Note why one of them has no value; a reason names its file."""
        if reason not in self.found.values():
            logging.warning("%s", reason)
        self.found[name] = reason

    def finish(self, count: int) -> None:
        """End the command; what has a value was answered.

        Args:
            count: of all that was asked for.

        Raises:
            UserError: some have none.
        """
        if self.found:
            problem = f"{len(self.found)} have no answer, the rest is answered"
            raise UserError(f"{count} {self.what}", problem, "The reasons stand above")
