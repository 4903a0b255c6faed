"""Reading a mapping into a typed section: a fault is told by file, key and mend."""

from __future__ import annotations

import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fgresq.errors import UserError, nearest, unknown
from fgresq.sections import Section

S = TypeVar("S", bound=Section)
COMPLETE = "Complete it"
CORRECT = "Correct the value"
SAID = {  # by pydantic's name of the fault; what stands in {} is its context
    "int_type": "is no whole number",
    "int_from_float": "is no whole number",
    "float_type": "is no number",
    "finite_number": "is no finite number",
    "bool_type": "is neither true nor false",
    "string_type": "is no text",
    "model_type": "is no mapping",
    "dict_type": "is no mapping",
    "tuple_type": "is no list",
    "greater_than_equal": "is less than the minimum of {ge}",
    "greater_than": "is not above {gt}",
    "less_than_equal": "is greater than the maximum of {le}",
    "less_than": "is not below {lt}",
    "string_pattern_mismatch": "does not match '{pattern}'",
    "too_short": "is too short: the least is {min_length}",
}
SHOWN = 80  # characters of a wrong value


def parse(
    form: type[S], value: Any, where: str | Path, complete: str = COMPLETE, at: str = ""
) -> S:
    """Read a mapping into a section.

    Args:
        form: the section, or a model that holds several by their names.
        value: the mapping as it was read.
        where: what holds it, for messages.
        complete: what to do about a key that is missing.
        at: keys that lead to the mapping, with a slash behind each.

    Raises:
        UserError: names the key; of several faults a misspelt key is told first, a missing one
            last, and those of the defaults before those of the presets that they lie under.
    """
    try:
        return form.model_validate(value)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        raise told(form, min(faults, key=_order), where, complete, at) from None


def _order(fault: ErrorDetails) -> tuple[bool, bool, bool]:
    kind = fault["type"]
    inherited = fault["loc"][:1] == ("presets",)
    return inherited, kind != "extra_forbidden", kind == "missing"


def told(
    form: type[Section], fault: ErrorDetails, where: str | Path, complete: str, at: str
) -> UserError:
    """Put pydantic's account of a fault as place, problem and mend."""
    loc = [step for step in fault["loc"] if step != "[key]"]
    path = at + "/".join(map(str, loc))
    if fault["type"] == "extra_forbidden":
        beside = path.removesuffix(str(loc[-1]))
        known = fields_of(kind_at(form, loc[:-1]))
        return unknown(where, "key", path, [f"{beside}{name}" for name in known])
    place = f"{where}, key '{path or 'top level'}'"
    if fault["type"] == "missing":
        return UserError(place, "it is missing", complete)
    if fault["type"] == "twice":
        return UserError(place, fault["msg"], "Remove one of the two")
    value = fault["input"]
    shown = repr(list(value) if isinstance(value, tuple) else value)
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
    if fault["type"] == "literal_error":
        known = [str(one) for one in get_args(kind_at(form, loc))]
        mend = nearest(str(fault["input"]), known).rstrip(".")
        return UserError(place, f"{shown} is not one of {', '.join(known)}", mend)
    said = SAID.get(fault["type"])
    problem = said.format(**fault.get("ctx", {})) if said else f"is at fault ({fault['msg']})"
    return UserError(place, f"{shown} {problem}", CORRECT)


def kind_at(form: Any, loc: list[int | str]) -> Any:
    """Give the type that a model expects at a path of keys and places."""
    kind = plain(form)
    for step in loc:
        args = get_args(kind)
        if get_origin(kind) is tuple:
            kind = args[0]
        elif get_origin(kind) is dict:
            kind = args[1]
        else:
            kind = kind.model_fields[step].annotation
        kind = plain(kind)
    return kind


def plain(kind: Any) -> Any:
    """Take a type out of `Annotated`, and out of a union with None."""
    while hasattr(kind, "__metadata__"):
        kind = kind.__origin__
    if get_origin(kind) in (Union, types.UnionType):
        return plain(next(part for part in get_args(kind) if part is not types.NoneType))
    return kind


def fields_of(kind: Any) -> list[str]:
    """List the keys of a section."""
    fields: Mapping[str, Any] = kind.model_fields
    return list(fields)
