"""FGRestore as its authors would release it: mapped in YAML, its pairs and split trained on."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
import yaml

from fgresq.files import read_json
from fgresq.networks.torchvision_ops import make_importable
from fgresq.presets import merge
from fgresq.tables import TASKS, read_images, read_pairs
from tests import replicas
from tests.conftest import ROOT, copy_repository

pytestmark = pytest.mark.workflow
WEIGHTS = "data/checkpoints/clip.pt"
SHORT = {  # what keeps the paper's preset short here; the rest is the paper's
    "stand_in": None,
    "label_sources": [],
    "methods": ["psnr", "ssim", "fgresq"],
    "jnd": {"images": 8},
    "filter": {"tau": 0.4, "tau_by_source": {"fgrestore/PIPAL": 0.2}},
    "analysis": {"bootstrap": 10},
    "stage1": {"batch": 16},
    "stage2": {"batch": 16},
    "runs": {"full": ["0", "pairs"], "variants": []},
    "tower": {"tower": "ViT-S-32-alt", "pretrained": WEIGHTS},
}


def change(path: Path, key: str, *, inside: str | None = None, by: dict[str, Any]) -> None:
    """Lay settings over a key of a YAML file."""
    whole = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    at = whole[inside] if inside else whole
    at[key] = merge(at.get(key, {}), by)
    path.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")


def snakemake(checkout: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the preset of the paper where no GPU is to be seen."""
    call = ["snakemake", "--cores", "2", *more, "--config", "preset=paper"]
    env = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
    return subprocess.run(call, cwd=checkout, env=env, capture_output=True, text=True)


def write_weights(path: Path) -> None:
    """Write a small CLIP of random weights, as open_clip reads them."""
    make_importable()
    import open_clip

    path.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    torch.save(open_clip.create_model(SHORT["tower"]["tower"]).state_dict(), path)


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a checkout with FGRestore placed and mapped, and weights; its preset made short."""
    place = copy_repository(tmp_path_factory.mktemp("paper") / "fgresq", "data/weights")
    (place / "data/weights").symlink_to(ROOT / "data/weights")
    replicas.fgrestore(place / "data/raw/fgrestore")
    change(place / "config/sources.yaml", "fgrestore", by=replicas.FGRESTORE_ENTRY)
    change(place / "config/config.yaml", "paper", inside="presets", by=SHORT)
    write_weights(place / WEIGHTS)
    return place


def test_without_a_gpu_it_stops_before_any_work_and_names_the_ways_out(placed: Path) -> None:
    done = snakemake(placed)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "for a CUDA device, and there is none. Set `preset: mini`, or" in done.stderr
    assert "allow_cpu: true, max_steps: N" in done.stderr
    assert not [path for path in (placed / "results").rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def truncated(placed: Path) -> Path:
    """Give the checkout after a run with the two settings."""
    two = {"tower": {"allow_cpu": True, "max_steps": 2}}
    change(placed / "config/config.yaml", "paper", inside="presets", by=two)
    done = snakemake(placed)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "TRUNCATED" in done.stdout
    return placed


def released(checkout: Path) -> pd.DataFrame:
    """Give the released pairs by their images, in our words."""
    table = pd.read_csv(checkout / "data/raw/fgrestore/pairs.csv", dtype=str)
    given = replicas.FGRESTORE_ENTRY["pairs"]
    table["label"] = table["label"].map(given["preferences"])
    table["phase"] = table["phase"].map(given["splits"])
    names = "fgrestore/" + table[["imgA", "imgB"]]
    return table.set_index([names["imgA"], names["imgB"]]).sort_index()


def test_every_data_set_is_read_on_its_own_scale(truncated: Path) -> None:
    images = read_images(truncated / "results/data/paper/images.csv")
    assert set(images["task"]) == set(TASKS)
    assert set(images["dataset"]) == set(replicas.FGRESTORE)
    ends = images.groupby("dataset")["score"].agg(["min", "max"])
    assert (ends == [0, 1]).all(axis=None)


def test_released_pairs_and_split_are_what_is_trained_and_tested_on(truncated: Path) -> None:
    pairs = read_pairs(truncated / "results/pairs/paper/pairs.csv")
    own = pairs.set_index(["image_a", "image_b"]).sort_index()
    given = released(truncated)
    assert own.index.equals(given.index)
    assert own["preference"].tolist() == given["label"].tolist()
    assert own["split_pairs"].tolist() == given["phase"].tolist()
    assert set(own["label_origin"]) == {"human"}
    tested = pd.read_csv(truncated / "results/stage2/paper/full/pairs/ranking.csv")["pair"]
    assert set(tested) == set(own.loc[own["split_pairs"].eq("test"), "pair"])
    card = read_json(truncated / "results/stage2/paper/full/pairs/card.json")
    assert card["steps"] == 2
    scored = pd.read_csv(truncated / "results/stage2/paper/full/pairs/scores.csv")["image"]
    test = own[own["split_pairs"].eq("test")].reset_index()
    assert set(scored) == {*test["image_a"], *test["image_b"]}


def test_our_own_funnel_stands_beside_with_the_tau_of_each_data_set(truncated: Path) -> None:
    (funnel,) = read_json(truncated / "results/pairs/paper/funnel.json")
    given = released(truncated)
    assert funnel["supplied_pairs"] == len(given)
    assert funnel["tau"] == {**dict.fromkeys(replicas.FGRESTORE, 0.4), "PIPAL": 0.2}
    groups = replicas.FGRESTORE_SCENES * sum(len(tasks) for tasks, _ in replicas.FGRESTORE.values())
    every, coarse, _ = (step["pairs"] for step in funnel["steps"])
    assert every == 6 * groups and 0 < coarse < every
    assert funnel["by_dataset"]["PIPAL"]["coarse filter"] == 0  # neighbours are .3 apart
    assert funnel["by_dataset"]["QADS"]["coarse filter"] == 3 * replicas.FGRESTORE_SCENES


def test_the_report_is_headed_truncated_and_its_coverage_is_true(truncated: Path) -> None:
    site = truncated / "reports/site/paper"
    page = (site / "index.html").read_text(encoding="utf-8")
    assert "TRUNCATED" in page[: page.index("<section")]
    funnel = (site / "data.html").read_text(encoding="utf-8")
    assert "supplies 63 labelled pairs; they bypass the filters" in funnel
    assert "0.20 (PIPAL)" in funnel
    rows = pd.read_csv(site / "tables/coverage.csv", keep_default_na=False).set_index("item")
    for item in ("Table 1", "Table 3", "Figure 1", "Figure 2", "Figure 3"):
        assert rows.loc[item, "state"] == "reproduced", item
    assert rows.loc["Figure 5", "state"] == "stand-in"
    assert "truncated training" in rows.loc["Figure 5", "why"]
    for item, step in (
        ("Figure 4", "map `fraction_preferring_a`"),
        ("Figure 5", "on a CUDA device"),
        ("Table 4", "runs/variants"),
        ("Table 15", "run the preset public"),  # QADS itself is not placed
    ):
        assert rows.loc[item, "state"] != "reproduced" and step in rows.loc[item, "next_step"], item
    assert not rows["next_step"].str.contains("place FGRestore").any()
    trained = pd.read_csv(site / "tables/training_runs.csv").set_index(["stage", "run"])
    assert trained.loc[(2, "pairs"), "train_pairs"] == 51 and trained["truncated"].all()
