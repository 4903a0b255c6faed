"""What a step is called with: `--options`, JSON of sections by their names, or `--preset NAME`."""

from __future__ import annotations

import argparse
from typing import Any, TypeVar, get_origin

from fgresq.arguments import settings_json
from fgresq.errors import UserError
from fgresq.parsing import fields_of, kind_at, parse
from fgresq.presets import preset_named
from fgresq.sections import Section

S = TypeVar("S", bound=Section)
COMPLETE = "Complete it, or take a preset's: --preset NAME"


def shape(form: type[Section]) -> str:
    """Write the shape of options that hold sections by their names."""
    sections = [
        f'"{name}": {"[...]" if get_origin(kind_at(form, [name])) is tuple else "{...}"}'
        for name in fields_of(form)
    ]
    return f"{{{', '.join(sections)}}}"


def parse_options(value: Any, form: type[S]) -> S:
    """Read what `--options` gave.

    Raises:
        UserError: it is no mapping, lacks a section or a key, or has one that is not known.
    """
    lost = [name for name in fields_of(form) if not isinstance(value, dict) or name not in value]
    if lost:
        problem = (
            f"the section '{lost[0]}' is not there"
            if isinstance(value, dict)
            else "it is no JSON mapping"
        )
        raise UserError("--options", f"{problem}; the form is {shape(form)}", COMPLETE)
    return parse(form, value, "--options", COMPLETE)


def add_options(parser: argparse.ArgumentParser, form: type[Section]) -> None:
    """Give a step `--options`, or `--preset` to take its sections from.

    Args:
        parser: of the step.
        form: a model whose fields are the sections.
    """
    named = " and ".join(f"'{section}'" for section in fields_of(form))
    parser.add_argument(
        "--options",
        type=settings_json,
        metavar="JSON",
        help=f"settings as JSON, {shape(form)} (default: {named} of the preset)",
    )
    parser.add_argument(
        "--preset", default="mini", help="preset to take settings from (default mini)"
    )


def options_of(args: argparse.Namespace, form: type[S]) -> S:
    """Give the settings that a step was called with.

    Raises:
        UserError: `--options` are of another form, or there is no such preset.
    """
    if args.options is not None:
        return parse_options(args.options, form)
    preset = preset_named(args.preset)
    return form.model_validate({name: getattr(preset, name) for name in fields_of(form)})
