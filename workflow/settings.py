"""The settings of a call: read, checked, and at hand for what the rules ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fgresq.catalogues import catalogue
from fgresq.errors import unknown
from fgresq.presets import Config, Preset, check_names, resolve, with_full_methods
from fgresq.scoring.registry import check_modules, code_of_method
from workflow.phases import PHASES

Entries = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Settings:
    """What config/config.yaml and the call say, and the tables that it names entries of.

    Args:
        config: resolved settings; of `--config only=PHASE`, that phase.
        sources: name to entry of the catalogue of data sets.
        methods: the same of the methods.
        weights: the same of the weights.
    """

    config: Config
    sources: Entries
    methods: Entries
    weights: Entries

    def preset(self, name: str) -> Preset:
        """Give the settings of a preset."""
        return self.config.presets[name]

    @property
    def phases(self) -> list[str]:
        """List the phases of this call: all, or one."""
        return [self.config.only] if self.config.only else list(PHASES)

    @property
    def untrained(self) -> list[str]:
        """List the methods that are scored without training."""
        return [name for name, entry in self.methods.items() if not entry["trained"]]

    def code_of_method(self, method: str) -> tuple[str, ...]:
        """List the modules that an untrained method's values follow from."""
        return code_of_method(method, self.methods[method])

    @property
    def made(self) -> list[str]:
        """List the sources that rules make."""
        return [name for name, entry in self.sources.items() if entry["adapter"] == "made"]


def read_settings(config: dict[str, Any]) -> Settings:
    """Read and check every settings file.

    Args:
        config: config/config.yaml with what the call laid over it.

    Raises:
        UserError: names the first fault and its mend.
    """
    resolved = resolve(config)
    files = {name: catalogue(name) for name in ("sources", "methods", "weights")}
    check_names(resolved, files["sources"], files["methods"], files["weights"])
    check_modules(files["methods"])
    if resolved.full:
        resolved = with_full_methods(resolved)
    if resolved.folder:
        files["sources"]["own"]["path"] = resolved.folder
    if resolved.only and resolved.only not in PHASES:
        raise unknown("config/config.yaml, key 'only'", "phase", resolved.only, PHASES)
    return Settings(resolved, **files)
