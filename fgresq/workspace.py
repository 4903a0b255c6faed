"""Where things lie: the only module that knows a place.

There are three kinds of place. *Package data* (`fgresq/data`) comes with the package: the
catalogues of methods, data sets and weights, and the schemas. A *workspace* is the nearest folder,
from the current one upwards, that has a Snakefile and config/config.yaml, such as a checkout: its
catalogues (config/methods.yaml and so on) are laid over the package's, and its data/, work/,
results/ and reports/ are used. Where there is none, what is kept lies in the *user cache*: the
folder that the variable FGRESQ_HOME names, else the system's folder for caches.

Nothing is remembered between calls, since both the current folder and the variable may change.
"""

from __future__ import annotations

import os
import re
from importlib import resources
from pathlib import Path

from fgresq.errors import UserError

HOME = "FGRESQ_HOME"
MARKS = ("Snakefile", "config/config.yaml")
IN_A_CHECKOUT = re.compile(
    r"(?<![\w./-])data/(?=(?:weights|packages|checkpoints|manifests|raw|labels)\b)"
)  # places as catalogues and messages write them; not the end of a longer path
DATA = "data"  # of the package; of a workspace, where what is placed and fetched lies


def root() -> Path | None:
    """Give the workspace's folder; `Path()`, which paths do not show, where it is the current one.

    None where there is no workspace.
    """
    for folder in (Path(), *Path.cwd().parents):
        if all((folder / mark).is_file() for mark in MARKS):
            return folder
    return None


def needed() -> Path:
    """Give the workspace's folder to what cannot do without.

    Raises:
        UserError: there is no workspace.
    """
    found = root()
    if found is None:
        raise UserError(
            Path.cwd(),
            f"this needs a workspace, and no folder from here upwards has {' and '.join(MARKS)}",
            "Run it in a checkout of fgresq, or give it all of its files and --options",
        )
    return found


def home() -> Path:
    """Give the user cache."""
    given = os.environ.get(HOME)
    if given:
        return Path(given).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("fgresq")


def writable(folder: Path) -> Path:
    """Make a folder that things are kept in, and see that it can be written to.

    Raises:
        UserError: it cannot.
    """
    problem = "it is read-only"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
    except OSError as error:
        problem = str(error.strerror or error)
    mend = f"Give the variable {HOME} a folder that you may write to, or mend this one"
    raise UserError(folder, f"nothing can be kept there ({problem})", mend)


def _kept(in_workspace: str, in_cache: str) -> Path:
    found = root()
    return home() / in_cache if found is None else found / in_workspace


def weights() -> Path:
    """Give the folder of weights: one below it a name."""
    return _kept("data/weights", "weights")


def weights_of(name: str) -> Path:
    """Give the folder of these weights: the workspace's, or the cache's if only that has them."""
    own, shared = weights() / name, home() / "weights" / name
    only_shared = not (own / "card.json").exists() and (shared / "card.json").exists()
    return shared if only_shared else own


def packages() -> Path:
    """Give the folder of the registry packages that weights are taken out of."""
    return _kept("data/packages", "packages")


def shared_packages() -> Path:
    """Give the user cache's own folder of packages, which workspaces may read as well."""
    return home() / "packages"


def checkpoints() -> Path:
    """Give the folder of what a person places for a method: one below it a method or backbone."""
    return _kept("data/checkpoints", "checkpoints")


def manifests() -> Path:
    """Give the folder that says what files data sets had when they were fetched."""
    return _kept("data/manifests", "manifests")


def fetching() -> Path:
    """Give the folder beside which things without a folder of their own are fetched."""
    return _kept("data", "")


def placed(path: str | Path) -> Path:
    """Give the place of a data set or label file, as a catalogue writes it: data/raw/NAME."""
    found = root()
    if found is not None or Path(path).is_absolute():
        return (found or Path()) / path
    parts = Path(path).parts
    return home().joinpath(*(parts[1:] if parts[:1] == (DATA,) else parts))


def told(text: str) -> str:
    """Write a text for a person: elsewhere than in a workspace, with the places that are read.

    Catalogues and messages name places as a checkout has them, such as data/weights/NAME.
    """
    if root() is not None:
        return text
    return IN_A_CHECKOUT.sub(lambda _: f"{home()}/", text)


def known_hashes(name: str) -> Path:
    """Give the file that keeps the hashes of what is placed under a name, by time of change."""
    return _kept("work/raw", "hashes") / f"{name}.json"


def scores() -> Path:
    """Give the folder of scores that were computed before."""
    return _kept("work/scores", "scores")


def models() -> Path:
    """Give the folder of models that methods fit once."""
    return _kept("work/models", "models")


def tokens() -> Path:
    """Give the folder of what frozen blocks give, computed once."""
    return _kept("work/cache", "tokens")


def results(*parts: str) -> Path:
    """Give a place below the workspace's results.

    Raises:
        UserError: there is no workspace.
    """
    return needed().joinpath("results", *parts)


def reports(*parts: str) -> Path:
    """Give a place below the workspace's reports.

    Raises:
        UserError: there is no workspace.
    """
    return needed().joinpath("reports", *parts)


def config() -> Path:
    """Give the workspace's file of settings.

    Raises:
        UserError: there is no workspace.
    """
    return needed() / "config/config.yaml"


def packaged(*parts: str) -> Path:
    """Give a file of the package's data, relative to the current folder where it lies below it."""
    path = Path(str(resources.files("fgresq"))).joinpath(DATA, *parts)
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def overlay(name: str) -> Path | None:
    """Give the workspace's file that is laid over a catalogue of the package; None: no file."""
    found = root()
    path = None if found is None else found / "config" / f"{name}.yaml"
    return path if path is not None and path.exists() else None


def catalogue_files(name: str) -> list[Path]:
    """List the files of a catalogue: the package's, then the one that is laid over it, if any."""
    return [path for path in (packaged(f"{name}.yaml"), overlay(name)) if path is not None]


def catalogue(name: str) -> Path:
    """Give the file in which a person looks up or changes a catalogue, for messages."""
    found = root()
    return packaged(f"{name}.yaml") if found is None else found / "config" / f"{name}.yaml"
