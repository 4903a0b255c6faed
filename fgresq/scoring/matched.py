"""Folders of restored images matched by content: the same name up to the suffix, from the folder.

Where no name stands in two folders, what all names of a folder end in, such as _SwinIR, is taken
off, which is told.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fgresq.errors import UserError
from fgresq.scoring.pictures import images_in, natural

SHOWN = 5  # names that a message tells
ENDS = (r"[_.-][^_.-]*$", r"[_.-].*$")  # of names, from the last separator on, or from the first


@dataclass(frozen=True)
class Matched:
    """Restored images of a test set.

    Args:
        methods: names of the folders, in the order that they were given.
        contents: names, in natural order.
        paths: image file by method and content; a content may lack in a method.
        references: original by content.
        missing: by method, the contents that others have and it does not.
    """

    methods: list[str]
    contents: list[str]
    paths: dict[tuple[str, str], str]
    references: dict[str, str]
    missing: dict[str, list[str]]


def names_of(folders: Sequence[str]) -> list[str]:
    """Name folders by their last parts, as many as tell them apart.

    Raises:
        UserError: one is no folder, or stands twice.
    """
    parts = []
    for folder in folders:
        if not os.path.isdir(folder):
            what = "it is a file" if os.path.exists(folder) else "there is no such folder"
            mend = "Give folders of restored images, one a method; two images: fgresq compare"
            raise UserError(folder, what, mend)
        parts.append(Path(folder).resolve().parts)
    if len(set(parts)) < len(parts):
        twice = next(f for f, own in zip(folders, parts, strict=True) if parts.count(own) > 1)
        raise UserError(twice, "the folder is given twice", "Give each method once")
    for depth in range(1, max(map(len, parts)) + 1):
        names = ["/".join(own[-depth:]) for own in parts]
        if len(set(names)) == len(names):
            return names
    return list(folders)


def by_stem(folder: str) -> dict[str, str]:
    """List the images of a folder by their names without the suffix.

    Raises:
        UserError: there is none, or two have one name.
    """
    found: dict[str, str] = {}
    for name in images_in(Path(folder)):
        stem = Path(name).with_suffix("").as_posix()
        if stem in found:
            problem = f"'{name}' and '{Path(found[stem]).name}' have one name up to the suffix"
            raise UserError(folder, problem, "Keep one of them")
        found[stem] = str(Path(folder) / name)
    return found


def common_end(stems: Sequence[str], form: str) -> str:
    """Give what all of several names end in, as far as it is of a form; empty: nothing."""
    if len(stems) < 2:
        return ""
    end = os.path.commonprefix([stem[::-1] for stem in stems])[::-1]
    found = re.search(form, end)
    return found[0] if found and all(len(stem) > len(found[0]) for stem in stems) else ""


def aligned_names(images: Mapping[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Take off what names of a method end in, where else no two methods have a content in common.

    Raises:
        UserError: they have none in common then either.
    """
    if shared(images):
        return dict(images)
    for form in ENDS:
        ends = {method: common_end(list(own), form) for method, own in images.items()}
        given = {
            method: {stem.removesuffix(ends[method]): path for stem, path in own.items()}
            for method, own in images.items()
        }
        if shared(given):
            told = ", ".join(f"'{end}' ({method})" for method, end in ends.items() if end)
            logging.warning("names are matched without their ends: %s", told)
            return given
    first, second = [next(iter(own)) for own in list(images.values())[:2]]
    problem = f"no image of one has the name of another's, such as {first} and {second}"
    raise UserError(" and ".join(images), problem, "Name the files alike")


def shared(images: Mapping[str, Mapping[str, str]]) -> bool:
    """Tell whether a name stands in two methods."""
    names = [name for own in images.values() for name in own]
    return len(set(names)) < len(names)


def match(folders: Sequence[str], references: str | None) -> Matched:
    """Match the images of folders, one a method, by content.

    Args:
        folders: of restored images.
        references: folder of the originals; None: none.

    Raises:
        UserError: a folder cannot be read or holds no image, or no content is in two of them.
    """
    methods = names_of(folders)
    images = aligned_names(dict(zip(methods, map(by_stem, folders), strict=True)))
    contents = sorted({name for own in images.values() for name in own}, key=natural)
    missing = {m: [name for name in contents if name not in own] for m, own in images.items()}
    for method, names in missing.items():
        if names:
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            logging.warning("%s lacks %s%s", method, ", ".join(names[:SHOWN]), more)
    originals = by_stem(references) if references else {}
    if references and not set(originals) & set(contents):
        problem = f"no original has the name of an image, such as {contents[0]}"
        raise UserError(references, problem, "Name the files alike")
    paths = {(m, name): path for m, own in images.items() for name, path in own.items()}
    return Matched(methods, contents, paths, originals, missing)
