"""A module of the package edited, or a library of another version, as far as a cache can see."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import pytest

from fgresq.code_digest import closure, direct, module_digest, outside

CACHED = (closure, direct, module_digest, outside)


@contextmanager
def edited(name: str, folder: Path) -> Iterator[None]:
    """Let a module's file be a copy in `folder` that means something else, inside the block."""
    module, digests = importlib.import_module(name), sys.modules["fgresq.code_digest"]
    copy, found = folder / f"{name}.py", digests.path_of
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    copy.write_text(f"{source}\n\nEDITED = True\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "__file__", str(copy))
        patch.setattr(digests, "path_of", lambda other: copy if other == name else found(other))
        forget()
        yield
    forget()


def forget() -> None:
    """Read all syntax anew at the next use."""
    for function in CACHED:
        function.cache_clear()


@contextmanager
def library_at(name: str, version: str) -> Iterator[None]:
    """Let an installed library have another version, inside the block."""
    found = metadata.version
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metadata, "version", lambda other: version if other == name else found(other))
        yield
