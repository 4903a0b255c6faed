"""What a user placed for a method that runs in a process of its own: settings, and why none.

A method NAME has a folder data/weights/NAME with `settings.yaml`. Nothing is run from it until the
user has said there that the foreign code may run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil

from fgresq import workspace
from fgresq.absent import Absent, refuse
from fgresq.errors import UserError, nearest, unknown
from fgresq.external.process import Worker
from fgresq.raw import raw_state
from fgresq.settings import read_yaml

SETTINGS = "settings.yaml"
GIB = 2**30
DEVICES = ("cuda", "cpu")


@dataclass(frozen=True)
class Foreign:
    """A method by foreign code, with what its user has to state.

    Args:
        name: of its folder in data/weights.
        backend: of `fgresq.external.serve`.
        consent: key of the settings that lets the foreign code run.
        refused: code of its absence without consent.
        licence: of the foreign code, as a clause.
        steps: what brings it in.
        settings: keys it knows, with defaults.
        needs: GiB it takes, by the setting `precision`; empty: not checked.
        nothing: code of its absence where nothing is placed.
        without: keys that others of its kind have and it does not, each with the reason.
    """

    name: str
    backend: str
    consent: str
    refused: str
    licence: str
    steps: str
    settings: Mapping[str, Any]
    needs: Mapping[str, float]
    nothing: str = "no_weights"
    without: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where its user places it."""
        return workspace.weights() / self.name

    @property
    def file(self) -> Path:
        """Its settings."""
        return self.folder / SETTINGS

    def read(self) -> dict[str, Any]:
        """Read its settings, defaults laid under.

        Raises:
            UserError: no YAML, a key that is unknown or would do nothing, or a value that is none
                of those known.
        """
        given = (read_yaml(self.file) or {}) if self.file.exists() else {}
        if not isinstance(given, dict):
            raise UserError(self.file, "it holds no keys", "Write lines such as `device: cpu`")
        common = {self.consent: False, "python": sys.executable, "device": "cuda", "offline": True}
        known = {**common, **self.settings}
        for key in given:
            if key in self.without:
                raise UserError(f"{self.file}, key '{key}'", self.without[key], "Take it out")
            if key not in known:
                raise unknown(self.file, "key", key, known)
        found = {**known, **given}
        for key, values in (("device", DEVICES), ("precision", self.needs)):
            if key in found and found[key] not in values:
                raise UserError(
                    f"{self.file}, key '{key}'",
                    f"{found[key]!r} is not known",
                    nearest(str(found[key]), map(str, values)).rstrip("."),
                )
        return found

    def absent(self) -> Absent | None:
        """Say why it cannot run here: nothing placed, no consent, no device, too little memory."""
        if not self.file.exists() and not (self.folder / "config.json").exists():
            reason = f"nothing is in place for it ({self.folder}); {self.licence}"
            return Absent(self.nothing, reason, self.steps)
        settings = self.read()
        if settings[self.consent] is not True:
            reason = f"{self.licence}, and it runs code that is not of this project"
            step = f"if you accept that, put `{self.consent}: true` into {self.file}"
            return Absent(self.refused, reason, step)
        return self._too_small(settings)

    def _too_small(self, settings: Mapping[str, Any]) -> Absent | None:
        on_gpu = settings["device"] == "cuda"
        found = memory(settings["device"])
        if found is None:
            step = f"run it on a machine with a CUDA device, or put `device: cpu` into {self.file}"
            return Absent("no_cuda", "its settings ask for a CUDA device, and there is none", step)
        needed = self.needs[settings["precision"]] if self.needs else 0.0
        if found >= needed:
            return None
        smaller = [k for k, gib in self.needs.items() if gib <= found and (on_gpu or k[-1] != "t")]
        ways = f"put `precision: {smaller[0]}` into {self.file}" if smaller else ""
        return Absent(
            "too_little_memory",
            f"it takes {needed:g} GiB at precision {settings['precision']}, and the "
            f"{settings['device']} has {found:.1f}",
            ways or f"run it on a machine with {min(self.needs.values()):g} GiB or more",
        )

    def version(self) -> str:
        """Name what is placed by its content."""
        return raw_state(self.folder, workspace.known_hashes(f"weights-{self.name}"))

    @cached_property
    def worker(self) -> Worker:
        """Its process, started at the first use.

        Raises:
            UserError: it is absent, or does not come up.
        """
        refuse(str(self.file), self.absent())
        settings = self.read()
        environment = {"HF_HUB_OFFLINE": "1"} if settings["offline"] else {}
        given = {"backend": self.backend, **settings}
        if "model" in given:
            given["model"] = given["model"] or str(self.folder)
        return Worker(given.pop("python"), given, self.file, environment)


def memory(device: str) -> float | None:
    """Give the GiB of a device of `DEVICES`; None where there is no such device."""
    return gpu_memory() if device == "cuda" else psutil.virtual_memory().total / GIB


def gpu_memory() -> float | None:
    """Give the GiB of the largest visible CUDA device, without loading a library; None: no one."""
    command = shutil.which("nvidia-smi")
    if command is None or os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return None
    query = [command, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    done = subprocess.run(query, capture_output=True, text=True, check=False)
    sizes = [float(line) for line in done.stdout.split() if line.replace(".", "").isdigit()]
    return max(sizes) / 1024 if sizes else None
