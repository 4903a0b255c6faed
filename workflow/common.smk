"""What the phases share: checked settings, the targets of this call, and input functions."""

import json
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, workflow.basedir)

from fgresq.baselines import BASELINES
from fgresq.baselines.shared import baseline_options
from fgresq.baselines.shared import placed as placed_for
from fgresq import workspace
from fgresq.catalogues import catalogue
from fgresq.settings import check_names, check_required, resolve
from fgresq.errors import UserError, unknown
from fgresq.files import read_json
from fgresq.scoring.registry import check_modules, code_of_method, own_version
from fgresq.raw import raw_state, walk
from fgresq.sources.steps import packaged
from fgresq.code_digest import code_digest
from fgresq.runs import stage1_of, stage_options, weights_file
from fgresq.weights.hub_cache import state_of_tower
from workflow.attempts import attempt
from workflow.environment import prefer_own_python
from workflow.phases import PHASES

prefer_own_python()


def settings():
    """Read and check every settings file; name the first fault and its mend."""
    resolved = resolve(config)
    files = {name: catalogue(name) for name in ("sources", "methods", "weights")}
    check_names(resolved, **files)
    check_modules(files["methods"])
    if resolved["full"]:
        for preset in resolved["presets"].values():
            preset["methods"] = list(dict.fromkeys(preset["methods"] + preset["full_methods"]))
    if resolved["folder"]:
        files["sources"]["own"]["path"] = resolved["folder"]
    if resolved["only"] and resolved["only"] not in PHASES:
        raise unknown("config/config.yaml, key 'only'", "phase", resolved["only"], PHASES)
    return resolved, *files.values()


try:
    CONFIG, SOURCES, METHODS, WEIGHTS = settings()
except UserError as error:
    raise WorkflowError(str(error)) from None


def placed(preset):
    """Say whether any source of a preset is at hand: made here, or placed."""
    entries = [SOURCES[source] for source in CONFIG["presets"][preset]["sources"]]
    return any(entry["adapter"] == "made" or walk(Path(entry["path"])) for entry in entries)


def chosen(asked, gpus):
    """List the presets of this call: where a GPU is granted, all that can show something."""
    if asked != "auto" or not gpus:
        return ["mini" if asked == "auto" else asked]
    public = ["public"] if "public" in CONFIG["presets"] and placed("public") else []
    return ["mini", "paper", *public]


# The call chooses targets only: jobs of cluster executors parse this file again without
# --resources, so what a rule does must follow from its wildcards.
GPUS = int(workflow.global_resources.get("gpu").value or 0)
CHOSEN = chosen(CONFIG["preset"], GPUS)
PHASES_HERE = [CONFIG["only"]] if CONFIG["only"] else list(PHASES)
STAND_INS = [
    CONFIG["presets"][name]["stand_in"] for name in CHOSEN if CONFIG["presets"][name]["stand_in"]
]
WANTED = sorted({*CHOSEN, *STAND_INS})
UNTRAINED = [n for n, m in METHODS.items() if not m["trained"] and m["role"] != "label source"]


def trainings(preset):
    """List the training runs of a preset: the full model's, then the variants' for the ablation."""
    options = CONFIG["presets"][preset]
    if "fgresq" not in options["methods"]:
        return []
    variants = [name for name in options["variants"] if name != "full"]
    runs = [("full", run) for run in options["runs"]["full"]]
    runs += [(variant, run) for variant in variants for run in options["runs"]["variants"]]
    if not placed(preset):
        runs = runs[:1]  # it says why training is absent; the others would say the same
    return [
        {"variant": variant, "run": run, "stage1": stage1_of(options, variant)}
        for variant, run in runs
    ]


def baseline_runs(preset):
    """List the runs of the baselines of a preset: the folds and splits that FGResQ is tested on."""
    options = CONFIG["presets"][preset]
    chosen = [name for name in BASELINES if name in options["methods"]]
    runs = options["runs"]["full"] if placed(preset) else options["runs"]["full"][:1]
    return [{"baseline": name, "run": run} for name in chosen for run in runs]


def targets(phase):
    """List the files that stand for a phase's completion, for every preset of this call."""
    found = []
    for pattern in PHASES[phase].targets:
        for preset in WANTED:
            methods = CONFIG["presets"][preset]["methods"] if "{method}" in pattern else [""]
            runs = trainings(preset) if "{run}" in pattern else [{}]
            runs = baseline_runs(preset) if "{baseline}" in pattern else runs
            found += [pattern.format(preset=preset, method=m, **r) for m in methods for r in runs]
    return sorted(set(found))


def reported():
    """List the presets of this call that have a report: a call for one file makes none."""
    # a page of an older version has no list of absences beside it
    needed = ("index.html", "absences.json")
    return [p for p in WANTED if all(Path("reports/site", p, n).exists() for n in needed)]


def refuse_to_train():
    """Stop before any work where data and weights for a GPU's settings are here and no GPU is."""
    for name in WANTED:
        preset = CONFIG["presets"][name]
        if trainings(name) and placed(name) and preset["tower"]["device"] == "cuda":
            from fgresq.networks.clip import clip_at_hand
            from fgresq.training.ready import check_device

            if clip_at_hand(preset["tower"]):
                check_device(preset["tower"])


TARGETS = targets(CONFIG["only"] or "report")
if "report" in PHASES_HERE:
    TARGETS.append("reports/site/index.html")
try:
    if workflow.is_main_process:  # a job of a cluster may see fewer presets
        check_required(CONFIG, WANTED)
    refuse_to_train()
except UserError as error:
    raise WorkflowError(str(error)) from None
# DVC wants the places of its stages, also where there is nothing to put there
STAGE_FOLDERS = [folder for p in PHASES_HERE for folder in (PHASES[p].out, *PHASES[p].beside)]
for folder in ("data/raw", "data/labels", *STAGE_FOLDERS):
    Path(folder).mkdir(parents=True, exist_ok=True)


wildcard_constraints:
    preset="|".join(CONFIG["presets"]),
    source="|".join(SOURCES),
    task="|".join(
        ["super-resolution", "deblurring", "denoising", "deraining", "dehazing", "mixture"]
    ),
    method="|".join(METHODS),
    baseline="|".join(BASELINES),
    tower="random|dinov2",
    variant="[a-z][a-z0-9_]*",
    run="([0-9]+|pairs|all)(-without-[A-Za-z0-9_.+]+)?(-seed[0-9]+)?",


def catalogue_files(name):
    """List the files of a catalogue: the package's, and the one here that is laid over it."""
    files = [workspace.packaged(f"{name}.yaml"), workspace.overlay(name)]
    return [str(file) for file in files if file]


def options(*sections):
    """Give a params function: the preset's settings, one section or several by name, as JSON."""

    def of(wildcards):
        preset = CONFIG["presets"][wildcards.preset]
        chosen = preset[sections[0]] if len(sections) == 1 else {s: preset[s] for s in sections}
        return json.dumps(chosen, sort_keys=True)

    return of


def weights_of_method(wildcards):
    """List the cards of the packaged weights that an untrained method reads."""
    names = METHODS[wildcards.method].get("weights", [])
    return [f"data/weights/{name}/card.json" for name in names if "package" in WEIGHTS[name]]


def attempt_at(wildcards):
    """Number the attempts at a method: one more when what kept it away has changed."""
    return attempt(wildcards.method, f"results/scores/{wildcards.preset}/methods.json")


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


def required(wildcards):
    """Give the report's argument that names what must not be absent from a preset."""
    preset = CONFIG["presets"][wildcards.preset]
    names = [n for n in CONFIG["require"] if n in preset["sources"] + preset["methods"]]
    return f"--require {' '.join(names)}" if names else ""


def raw(wildcards):
    """Give the state by content of a placed source."""
    return raw_state(SOURCES[wildcards.source]["path"], workspace.known_hashes(wildcards.source))


def packaged_labels(wildcards):
    """List the card of the package whose labels serve a placed source that has none of its own."""
    entry = SOURCES[wildcards.source]
    placed = packaged(entry) and walk(Path(entry["path"]))
    return [f"data/weights/{entry['labels']['package']}/card.json"] if placed else []


def training_options(stage):
    """Give a params function: all that a run of a stage follows from, as JSON."""

    def of(wildcards):
        preset = CONFIG["presets"][wildcards.preset]
        return json.dumps(stage_options(preset, stage, wildcards.variant), sort_keys=True)

    return of


def tower_file(wildcards):
    """List the file of a tower's weights, where the settings name one that is there."""
    file = weights_file(CONFIG["presets"][wildcards.preset]["tower"])
    return [str(file)] if file and file.is_file() else []


def options_of_baseline(wildcards):
    """Give all that a run of a baseline follows from, as JSON."""
    preset = CONFIG["presets"][wildcards.preset]
    return json.dumps(baseline_options(preset, wildcards.baseline), sort_keys=True)


def placed_for_baseline(wildcards):
    """Name by content what a baseline reads and a user places; with another it is run anew."""
    preset = CONFIG["presets"][wildcards.preset]
    return placed_for(baseline_options(preset, wildcards.baseline)["baseline"])


def placed_for_tower(wildcards, output):
    """Name a tower's weights in the Hub's cache by content; what had no network is tried again.

    Weights in a file of their own are an input.
    """
    tower, card = CONFIG["presets"][wildcards.preset]["tower"], Path(output[0])
    absent = read_json(card).get("absent", {}) if card.exists() else {}
    tried = card.stat().st_mtime_ns if absent.get("code") == "no_network" else ""
    return f"{'' if weights_file(tower) else state_of_tower(tower)} {tried}".strip()


def weights_of_baseline(wildcards):
    """List the cards of the weights of packages that a baseline reads, the stand-in's first."""
    own = CONFIG["presets"][wildcards.preset]["baselines"][wildcards.baseline]
    names = {own["backbone"], own.get("second")} & {"efficientnet_lite0", "vgg16"}
    return [f"data/weights/{name}/card.json" for name in ["dinov2_vits14", *sorted(names)]]


def cards_of_baselines(wildcards):
    """List the cards of the runs of every baseline of a preset, or of one."""
    pattern = "results/baselines/{preset}/{baseline}/{run}/card.json"
    own = getattr(wildcards, "baseline", None)
    runs = [r for r in baseline_runs(wildcards.preset) if own in (None, r["baseline"])]
    return [pattern.format(preset=wildcards.preset, **run) for run in runs]


def stage1_card(wildcards):
    """Name the card of the degradation encoder that a run of stage 2 builds on."""
    variant = stage1_of(CONFIG["presets"][wildcards.preset], wildcards.variant)
    return f"results/stage1/{wildcards.preset}/{variant}/{wildcards.run}/card.json"


def trained(pattern, only_full=False):
    """Give an input function: the pattern, filled for every training run of the preset."""
    return lambda w: [
        pattern.format(preset=w.preset, **run)
        for run in trainings(w.preset)
        if not only_full or run["variant"] == "full"
    ]


def rankings(wildcards):
    """Name the table of pair rankings, where the preset trains a ranking head."""
    trains = bool(trainings(wildcards.preset))
    return [f"results/scores/{wildcards.preset}/fgresq.ranking.csv"] if trains else []


def folders_of(files):
    """List the folders of files, each once."""
    return sorted({str(Path(file).parent) for file in files})


def gpus(wildcards):
    """Give the number of GPUs a training job takes: none where its preset trains on the CPU."""
    return int(CONFIG["presets"][wildcards.preset]["tower"]["device"] == "cuda")


def glob_of(pattern):
    """List files that match a pattern, in a fixed order."""
    return sorted(str(path) for path in Path().glob(pattern))


def stand_in(pattern):
    """Give an input function: the pattern for the preset whose results stand in, if any."""

    def of(wildcards):
        preset = CONFIG["presets"][wildcards.preset]["stand_in"]
        methods = CONFIG["presets"][preset]["methods"] if preset else []
        files = expand(pattern, preset=preset, method=methods) if preset else []
        return list(dict.fromkeys(files))

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
        f" --stand-in-states {input.stand_in_states}"
    )
