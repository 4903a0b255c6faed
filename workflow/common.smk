"""What the phases share: checked settings, the targets of this call, and input functions."""

import json
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, workflow.basedir)

from fgresq.config import check, read_yaml, resolve
from fgresq.errors import UserError, unknown
from fgresq.raw import raw_state
from workflow.code_digest import code_digest
from workflow.environment import prefer_own_python
from workflow.phases import PHASES

prefer_own_python()


def settings():
    """Read and check every settings file; name the first fault and its mend."""
    resolved = resolve(config)
    sources = read_yaml("config/sources.yaml")
    check(sources, "sources", "config/sources.yaml")
    methods = read_yaml("config/methods.yaml")
    if resolved["folder"]:
        sources["own"]["path"] = resolved["folder"]
    for name, preset in resolved["presets"].items():
        where = f"config/config.yaml, preset '{name}'"
        for kind, key, known in (("source", "sources", sources), ("method", "methods", methods)):
            for given in preset[key]:
                if given not in known:
                    raise unknown(where, kind, given, known)
    for given in resolved["require"]:
        if given not in sources:
            raise unknown("config/config.yaml, key 'require'", "source", given, sources)
    if resolved["only"] and resolved["only"] not in PHASES:
        raise unknown("config/config.yaml, key 'only'", "phase", resolved["only"], PHASES)
    if resolved["preset"] not in ("auto", *resolved["presets"]):
        raise unknown(
            "config/config.yaml, key 'preset'", "preset", resolved["preset"], resolved["presets"]
        )
    return resolved, sources, methods


try:
    CONFIG, SOURCES, METHODS = settings()
except UserError as error:
    raise WorkflowError(str(error)) from None

# The call chooses targets only: jobs of cluster executors parse this file again without
# --resources, so what a rule does must follow from its wildcards.
GPUS = int(workflow.global_resources.get("gpu").value or 0)
ASKED = CONFIG["preset"]
CHOSEN = ["mini", "paper"] if ASKED == "auto" and GPUS else ["mini" if ASKED == "auto" else ASKED]
PHASES_HERE = [CONFIG["only"]] if CONFIG["only"] else list(PHASES)
STAND_INS = [
    CONFIG["presets"][name]["stand_in"] for name in CHOSEN if CONFIG["presets"][name]["stand_in"]
]
WANTED = sorted({*CHOSEN, *STAND_INS})


def targets(phase):
    """List the files that stand for a phase's completion, for every preset of this call."""
    return [
        target
        for pattern in PHASES[phase].targets
        for preset in WANTED
        for target in expand(pattern, preset=preset, method=CONFIG["presets"][preset]["methods"])
    ]


TARGETS = targets(CONFIG["only"] or "report")
if "report" in PHASES_HERE:
    TARGETS.append("reports/site/index.html")
Path("data/raw").mkdir(parents=True, exist_ok=True)


wildcard_constraints:
    preset="|".join(CONFIG["presets"]),
    source="|".join(SOURCES),
    task="|".join(
        ["super-resolution", "deblurring", "denoising", "deraining", "dehazing", "mixture"]
    ),
    method="|".join(METHODS),
    tower="random|dinov2",


def options(*sections):
    """Give a params function: the preset's settings, one section or several by name, as JSON."""

    def of(wildcards):
        preset = CONFIG["presets"][wildcards.preset]
        chosen = preset[sections[0]] if len(sections) == 1 else {s: preset[s] for s in sections}
        return json.dumps(chosen, sort_keys=True)

    return of


def of_sources(pattern):
    """Give an input function: the pattern, filled for every source of the preset."""
    return lambda w: expand(pattern, preset=w.preset, source=CONFIG["presets"][w.preset]["sources"])


def of_methods(pattern):
    """Give an input function: the pattern, filled for every method of the preset."""
    return lambda w: expand(pattern, preset=w.preset, method=CONFIG["presets"][w.preset]["methods"])


def mini_tasks(wildcards):
    """List the tables of the embedded data's tasks."""
    tasks = CONFIG["presets"][wildcards.preset]["mini"]["tasks"]
    return expand("results/data/{preset}/mini/{task}.csv", preset=wildcards.preset, task=tasks)


def raw(wildcards):
    """Give the state by content of a placed source."""
    return raw_state(SOURCES[wildcards.source]["path"], f"work/raw/{wildcards.source}.json")


def glob_of(pattern):
    """List files that match a pattern, in a fixed order."""
    return sorted(str(path) for path in Path().glob(pattern))


def stand_in(pattern):
    """Give an input function: the pattern for the preset whose results stand in, if any."""

    def of(wildcards):
        preset = CONFIG["presets"][wildcards.preset]["stand_in"]
        methods = CONFIG["presets"][preset]["methods"] if preset else []
        return expand(pattern, preset=preset, method=methods) if preset else []

    return of


def stand_in_arguments(wildcards, input):
    """Give the report's arguments for the preset whose results stand in, if any."""
    preset = CONFIG["presets"][wildcards.preset]["stand_in"]
    if not preset:
        return ""
    return (
        f"--stand-in-preset {preset} --stand-in-data results/data/{preset}"
        f" --stand-in-pairs results/pairs/{preset} --stand-in-analysis results/analysis/{preset}"
        f" --stand-in-metrics reports/metrics/{preset}.json --stand-in-scores {input.stand_in_scores}"
    )
