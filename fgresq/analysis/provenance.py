"""Where the numbers of a run come from: code, settings, data, machine. No wall-clock time."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any

from fgresq.files import digest
from fgresq.records import SourceRecord

GENERATED = ("results", "reports/metrics", "reports/plots", "reports/site", "dvc.lock")
PACKAGES = (
    *("numpy", "scipy", "pandas", "scikit-image", "scikit-learn", "opencv-python-headless"),
    *("PyWavelets", "pillow", "torch", "torchvision", "timm", "spandrel", "cvvdp", "snakemake"),
    *("matplotlib", "Jinja2"),
)


def provenance(
    preset: str,
    options: Mapping[str, Any],
    records: list[SourceRecord],
    training: Mapping[str, Any],
    threads: int,
) -> dict[str, Any]:
    """Collect the provenance of a run.

    Args:
        preset: its name.
        options: its settings, all sections.
        records: the source records.
        training: record of the step `training`; empty where training was not run.
        threads: CPU threads of every step: the rules give none of them another number.
    """
    return {
        "preset": preset,
        **git_state(),
        "config_digest": digest(options),
        "manifests": {record["source"]: record.get("manifest") for record in records},
        "seeds": dict(seeds(options)),
        "device": devices(training),
        "deterministic": deterministic(training),
        "versions": {"python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
        "threads": threads,
    }


def git_state() -> dict[str, Any]:
    """Give commit and dirty flag of the checkout; null where there is none.

    What a run itself writes does not make it dirty.
    """
    commit = run_git("rev-parse", "--verify", "HEAD")
    if commit is None:
        return {"commit": None, "dirty": None}
    others = [f":(top,exclude){path}" for path in GENERATED]
    changes = run_git("status", "--porcelain", "--", ":(top)", *others)
    return {"commit": commit.strip(), "dirty": None if changes is None else bool(changes)}


def run_git(*words: str) -> str | None:
    """Run git here; give what it printed, or None where there is no git or it failed."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}  # another git may be at work
    try:
        done = subprocess.run(["git", *words], capture_output=True, check=False, env=environment)
    except FileNotFoundError:
        return None
    return done.stdout.decode("utf-8", "backslashreplace") if done.returncode == 0 else None


def seeds(options: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, int]]:
    """Give every seed in the settings with the path of its key, like `mini/seed`."""
    for key, value in options.items():
        if isinstance(value, Mapping):
            yield from seeds(value, f"{under}{key}/")
        elif key == "seed":
            yield f"{under}{key}", value


def devices(training: Mapping[str, Any]) -> dict[str, Any]:
    """Give the devices that the cards of the trained runs name; nothing else leaves the CPU."""
    trained = [run for run in training.get("runs", []) if run["absent"] is None]
    named = sorted({run["device"] for run in trained if run["device"]})
    return {**({"training": named} if named else {}), "all else": "cpu"}


def deterministic(training: Mapping[str, Any]) -> bool | None:
    """Tell whether torch was held to deterministic algorithms in every trained run."""
    trained = [run for run in training.get("runs", []) if run["absent"] is None]
    return all(run.get("deterministic") for run in trained) if trained else None


def version(package: str) -> str | None:
    """Give the installed version of a package; None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
