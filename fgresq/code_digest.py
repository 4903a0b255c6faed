"""What package code amounts to: a digest that changes with its meaning, not its comments.

Snakemake cannot see into `python -m fgresq step NAME`; the digest, as a rule's parameter, shows it.
Whatever is kept from one run to the next is named by `code_identity`: code and libraries.
"""

from __future__ import annotations

import ast
import hashlib
import json
from functools import cache
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = "fgresq"


def path_of(module: str) -> Path | None:
    """Give the file of an in-package module, or None for a name that is none."""
    base = ROOT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def source_of(module: str) -> Path:
    """Give the file of an in-package module.

    Raises:
        ValueError: the package has no such module.
    """
    path = path_of(module)
    if path is None:
        raise ValueError(f"no module of the package: {module}")
    return path


def members(module: str) -> list[str]:
    """List the modules of a package; a module that is none is itself."""
    path = path_of(module)
    if path is None or path.name != "__init__.py":
        return [module]
    own = sorted(file.stem for file in path.parent.glob("*.py") if file != path)
    return [module, *(f"{module}.{name}" for name in own)]


def is_docstring(node: ast.stmt) -> bool:
    """Say whether a statement is a bare string."""
    value = getattr(node, "value", None)
    return (
        isinstance(node, ast.Expr)
        and isinstance(value, ast.Constant)
        and isinstance(value.value, str)
    )


def strip_docstrings(tree: ast.Module) -> ast.Module:
    """Remove the docstrings of a module, its classes and functions."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and is_docstring(body[0]):
            del body[0]
    return tree


def imports(tree: ast.Module) -> set[str]:
    """List the in-package modules that a tree imports, at any depth of its code."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == PACKAGE and path_of(name)}


@cache
def outside(module: str) -> frozenset[str]:
    """List the top-level names that one module imports from outside the package."""
    tree = ast.parse(source_of(module).read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    found |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return frozenset({name.split(".")[0] for name in found} - {PACKAGE})


def libraries(module: str) -> set[str]:
    """List the top-level names that a module and its in-package imports use from outside."""
    return set().union(*(outside(name) for name in closure(module)))


def library_versions(*modules: str) -> dict[str, str]:
    """Give the installed versions of the libraries that modules and their imports use."""
    used = {name for module in modules for name in libraries(module)}
    return {name: metadata.version(name) for name in owners(frozenset(used))}


@cache
def owners(used: frozenset[str]) -> list[str]:
    """List the distributions that install any of some top-level names."""
    found = [dist for dist in metadata.distributions() if used & top_levels(dist)]
    return sorted(dist.metadata["Name"] for dist in found)


def top_levels(dist: metadata.Distribution) -> set[str]:
    """List the top-level names that a distribution installs.

    As `metadata.packages_distributions` finds them, in a sixth of its time: it parses all there is.
    """
    if named := dist.read_text("top_level.txt"):
        return set(named.split())
    rows = (dist.read_text("RECORD") or "").splitlines()
    return {row.partition(",")[0].partition("/")[0].removesuffix(".py") for row in rows}


@cache
def direct(module: str) -> frozenset[str]:
    """List the in-package modules that a module imports itself."""
    return frozenset(imports(ast.parse(source_of(module).read_text(encoding="utf-8"))))


@cache
def closure(module: str) -> frozenset[str]:
    """List a module and all in-package modules it reaches by imports."""
    seen: set[str] = set()
    todo = [module]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += direct(name)
    return frozenset(seen)


@cache
def module_digest(module: str) -> str:
    """Digest the syntax tree of one module, without comments, docstrings and layout."""
    tree = strip_docstrings(ast.parse(source_of(module).read_text(encoding="utf-8")))
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def code_digest(*modules: str) -> str:
    """Digest modules and everything in the package that they import."""
    names = sorted(set().union(*(closure(module) for module in modules)))
    text = "".join(f"{name}={module_digest(name)}\n" for name in names)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def code_identity(*modules: str) -> str:
    """Digest what modules compute with: their code, all they import, and versions of libraries.

    Each thing that is kept has this in its name, or is not taken up under another: another decoder,
    or another version of a library, gives another result.
    """
    made_by = [code_digest(*modules), library_versions(*modules)]
    return hashlib.sha256(json.dumps(made_by).encode()).hexdigest()[:16]


def code_files(*modules: str) -> list[str]:
    """List the files, from the repository's root, of modules and of all in-package imports.

    A package is listed as its folder, with what its modules import from elsewhere: a module more in
    it changes nothing here.
    """
    names = set().union(*(closure(own) for module in modules for own in members(module)))
    own_files = [source_of(module) for module in modules]
    folders = [path.parent for path in own_files if path.name == "__init__.py"]
    files = {source_of(name) for name in names}
    kept = [file for file in files if not any(folder in file.parents for folder in folders)]
    return sorted(path.relative_to(ROOT).as_posix() for path in [*folders, *kept])
