"""Which reference belongs to which picture: by its name, by a suffix behind it, or one for all.

A restored picture often has its reference's name with the method's behind it (`img001_SwinIR.png`
and `img001.png`). What is matched so is told once; what could be matched twice is refused.
"""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from fgresq.errors import UserError

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
BEHIND = re.compile(r"[_\-. ][^/]+|x[0-9][^/]*")  # what may follow a name: _SwinIR, -dat, x4
REFERENCE, METHOD = "{reference}", "{method}"
SHOWN = 3  # names that a message lists


def is_picture(path: Path) -> bool:
    """Tell whether a path has the name of a picture."""
    return path.suffix.lower() in SUFFIXES


def stem_of(name: str) -> str:
    """Give a name below a folder without its suffix."""
    return str(Path(name).with_suffix(""))


def by_stem(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Give the pictures among the names of a folder by their stems.

    Raises:
        UserError: two have one stem.
    """
    found: dict[str, str] = {}
    for name in names:
        if not is_picture(Path(name)):
            continue
        stem = stem_of(name)
        if stem in found:
            problem = f"'{name}' and '{found[stem]}' are references of one name"
            raise UserError(folder, problem, "Keep one of them")
        found[stem] = name
    return found


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that is none.

    Raises:
        UserError: it does not name the reference once, and the method once at most.
    """
    fields = re.findall(r"\{.*?\}", pattern)
    if fields not in ([REFERENCE], [REFERENCE, METHOD], [METHOD, REFERENCE]):
        problem = f"'{pattern}' does not say where the reference's name stands"
        raise UserError(
            "--pattern", problem, "Write it as '{reference}_{method}', without a suffix"
        )


def cuts(stem: str, pattern: str) -> Iterator[str]:
    """Give what a picture's name holds in the place of the reference's, cut in every way."""
    before, field, *rest = re.split(r"(\{.*?\})", pattern)
    behind = rest[-1]
    if not (stem.startswith(before) and stem.endswith(behind)):
        return
    inner = stem[len(before) : len(stem) - len(behind)]
    if len(rest) == 1:
        yield inner
        return
    between = rest[0]
    for at in range(1, len(inner) - len(between)):
        if inner.startswith(between, at):
            yield inner[:at] if field == REFERENCE else inner[at + len(between) :]


def fitting(stem: str, known: Mapping[str, str], pattern: str | None) -> list[str]:
    """List the stems of references that a picture's name holds, with something beside them."""
    if pattern is not None:
        return sorted({cut for cut in cuts(stem, pattern) if cut in known})
    heads = (stem[:at] for at in range(1, len(stem)) if BEHIND.fullmatch(stem[at:]))
    return [head for head in heads if head in known]


def matched(
    folder: Path, pictures: Iterable[str], names: Iterable[str], pattern: str | None = None
) -> dict[str, str]:
    """Find each picture's reference among the files of a folder.

    Args:
        folder: of the references.
        pictures: names, as their stems are compared.
        names: of the files below the folder.
        pattern: how a picture's name is made of the reference's; none: the same name, or one with
            something behind it.

    Returns:
        The reference's name in the folder by picture; empty: none fits.

    Raises:
        UserError: two references have one name, a picture fits several, or none fits any.
    """
    if pattern is not None:
        check_pattern(pattern)
    known = by_stem(folder, names)
    found: dict[str, str] = {}
    by_suffix = []
    for picture in pictures:
        stem = stem_of(picture)
        fits = [stem] if stem in known and pattern is None else fitting(stem, known, pattern)
        if len(fits) > 1:
            listed = " and ".join(f"'{known[fit]}'" for fit in sorted(fits)[:SHOWN])
            mend = "Give --pattern, or a table with the column `reference`"
            raise UserError(folder, f"'{picture}' may belong to {listed}", mend)
        found[picture] = known[fits[0]] if fits else ""
        if fits and fits[0] != stem:
            by_suffix.append(picture)
    tell(folder, found, known, by_suffix)
    return found


def tell(
    folder: Path, found: Mapping[str, str], known: Mapping[str, str], by_suffix: list[str]
) -> None:
    """Log what was matched by a suffix, and what has no reference; refuse where nothing fits.

    Raises:
        UserError: no picture has a reference.
    """
    without = [picture for picture, name in found.items() if not name]
    if without and len(without) == len(found):
        problem = f"no image has a reference of its name there, such as '{stem_of(without[0])}.png'"
        mend = f"{near(without[0], known)} Rename them alike, or give --pattern or a table"
        raise UserError(folder, problem, mend)
    if by_suffix:
        first = by_suffix[0]
        more = f", and {len(by_suffix) - 1} more" if len(by_suffix) > 1 else ""
        logging.info("references by suffix: '%s' to '%s'%s", first, found[first], more)
    if without:
        told = near(without[0], known)
        logging.info("no reference: %d of %d, '%s'. %s", len(without), len(found), without[0], told)


def near(picture: str, known: Mapping[str, str]) -> str:
    """Say which references are there: the near one, in any case, or the first of them."""
    plain = {stem.casefold(): name for stem, name in known.items()}
    close = difflib.get_close_matches(stem_of(picture).casefold(), plain, n=1, cutoff=0.6)
    if close:
        return f"Near is '{plain[close[0]]}'."
    names = ", ".join(f"'{name}'" for name in sorted(known.values())[:SHOWN])
    more = ", ..." if len(known) > SHOWN else ""
    return f"There is {names}{more}." if names else "There is no picture."
