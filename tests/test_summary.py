"""The step summary: headline, metrics file, provenance."""

from __future__ import annotations

import argparse
import json
import subprocess

import numpy as np
import pandas as pd
import pytest
from analysis_tables import make_images, make_pairs, make_scores, run_step

from fgresq.analysis import provenance, summary
from fgresq.analysis.ablation import ABLATION_COLUMNS
from fgresq.analysis.headline import headline
from fgresq.files import write_json
from fgresq.presets import load, merge
from fgresq.tables import write_table

PRESENT = {
    "source": "s", "status": "present", "label_origin": "simulated", "absent": None,
    "images": 60, "manifest": "abc", "measure": "jod",
}  # fmt: skip
ABSENT = {
    "source": "far", "status": "absent", "label_origin": "human", "images": 0, "manifest": None,
    "absent": {"code": "not_placed", "reason": "no folder data/raw/far", "next_step": "Place it"},
}  # fmt: skip
FUNNEL = [
    {
        "source": "s",
        "steps": [{"step": "all pairs", "pairs": 90, "images": 60}],
        "supplied_pairs": 0,
    }
]
LEAK = {
    "pairs_split": {"deblurring": {"test_images": 3, "also_in_train": 2, "share": 2 / 3}},
    "family_split": {},
}


SETTINGS = merge(load().presets["mini"].record(), {"mini": {"seed": 3}})


def run(folder, records, images=None, pairs=None, scores=(), **further) -> dict:
    """Run performance, intervals and summary; give the metrics."""
    for step in ("performance", "intervals"):
        run_step(folder, step, images, pairs, scores)
    tables = {"sources": records, "funnel": FUNNEL, "leak": LEAK, "threshold": {"threshold": 0.9}}
    words = ["--preset", "mini", "--options", json.dumps(SETTINGS)]
    for name, value in tables.items():
        write_json(folder / f"{name}.json", value)
        words += [f"--{name}", str(folder / f"{name}.json")]
    for name in ("performance", "intervals"):
        words += [f"--{name}", str(folder / f"{name}.csv")]
    words += ["--out", str(folder / "metrics.json")]
    for name, path in further.items():
        words += [f"--{name}", str(path)]
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    summary.add_arguments(parser)
    summary.main(parser.parse_args([*words, "--provenance", str(folder / "provenance.json")]))
    return json.loads((folder / "metrics.json").read_text())


@pytest.fixture
def tables():
    images = make_images(60)
    noise = np.random.default_rng(0).normal(0, 0.4, 60)
    scores = (
        make_scores(images, "psnr", images["score"] + noise),
        make_scores(images, "ridge_random", -images["score"], "family"),
        make_scores(images, "cvvdp", images["score"]),
    )
    return images, make_pairs(images, 60), scores


def test_headline_leaves_out_the_label_source_and_names_the_observers(tmp_path, tables):
    metrics = run(tmp_path, [PRESENT], *tables)
    best = metrics["family"]["psnr"]["average"]["acc"]
    assert metrics["family"]["cvvdp"]["average"]["acc"]["value"] == 1
    assert metrics["headline"] == (
        f"Best by mean pair accuracy over 2 tasks: PSNR, {best['value']:.3f} [{best['low']:.3f}, "
        f"{best['high']:.3f}], on {best['n']} decided pairs of 5 families, simulated observers"
    )


def test_headline_ranks_the_label_source_where_it_made_no_label(tmp_path, tables):
    metrics = run(tmp_path, [{**PRESENT, "label_origin": "human"}, ABSENT], *tables)
    assert ": ColorVideoVDP, 1.000" in metrics["headline"]
    assert metrics["headline"].endswith("human observers")
    absent = {**ABSENT, "label_origin": "simulated"}  # nothing of it is in the run
    metrics = run(tmp_path, [{**PRESENT, "label_origin": "human"}, absent], *tables)
    assert ": ColorVideoVDP," in metrics["headline"]
    far = {**PRESENT, "source": "far", "label_origin": "human"}
    assert ": PSNR," in run(tmp_path, [PRESENT, far], *tables)["headline"]


def test_headline_does_not_rank_a_method_on_fewer_tasks(tmp_path, tables):
    images, pairs, scores = tables
    one_task = images["score"].where(images["task"] == "deblurring")
    scores = (*scores, make_scores(images, "ssim", one_task))
    metrics = run(tmp_path, [PRESENT], images, pairs, scores)
    assert metrics["family"]["ssim"]["average"]["acc"]["value"] == 1
    assert ": PSNR," in metrics["headline"]


def say(**accuracies: float) -> str:
    """Give the headline of a run with these macro ACC, each over two tasks."""
    methods = {
        "fgresq": {"title": "FGResQ", "kind": "NR", "trained": True, "role": "method"},
        "niqe": {"title": "NIQE", "kind": "NR", "trained": False, "role": "method"},
        "brisque": {"title": "BRISQUE", "kind": "NR", "trained": False, "role": "method"},
        "ridge": {"title": "Ridge", "kind": "NR", "trained": True, "role": "sanity"},
        "cvvdp": {"title": "CVVDP", "kind": "FR", "trained": False, "role": "method"},
    }
    same = {"split": "family", "task": "average", "stat": "acc", "tasks": 2, "n": 9, "families": 5}
    rows = [
        {**same, "method": m, "value": v, "low": v - 0.1, "high": v + 0.1}
        for m, v in accuracies.items()
    ]
    return headline(pd.DataFrame(rows), methods, [PRESENT], {})


def test_headline_says_where_fgresq_stands():
    """Beside the best untrained method without reference, by value; a better row is named."""
    where = "on 9 decided pairs of 5 families, simulated observers"
    ours = "FGResQ has a mean pair accuracy of 0.700 [0.600, 0.800] over 2 tasks"
    beside = "the best untrained no-reference method, NIQE,"
    assert (
        say(fgresq=0.7, cvvdp=0.9)
        == f"{ours} (no untrained no-reference method beside it), {where}"
    )
    assert say(fgresq=0.7, niqe=0.6, brisque=0.5, ridge=0.65) == (
        f"{ours} and beats {beside} 0.600 [0.500, 0.700], {where}"
    )
    assert say(fgresq=0.7, niqe=0.7, ridge=0.8) == (
        f"{ours} and does not beat {beside} 0.700 [0.600, 0.800], {where}; "
        "best of all: Ridge (sanity row), 0.800 [0.700, 0.900]"
    )
    assert say(niqe=0.7).startswith("Best by mean pair accuracy over 2 tasks: NIQE, 0.700")


def test_training_joins_the_metrics(tmp_path, tables):
    numbers = {"value": 0.7, "difference": -0.1, "low": -0.2, "high": 0.01, "n": 9}
    row = {**numbers, "split": "family", "variant": "no_dfl", "stat": "acc"}
    row |= {"sd_seeds": np.nan, "families": 5, "tasks": 2, "runs": 1, "note": ""}
    write_table(tmp_path / "ablation.csv", pd.DataFrame([row]), ABLATION_COLUMNS)
    accuracy = {"value": 0.91, "low": 0.9, "high": 0.92}
    write_json(tmp_path / "training.json", {"task_accuracy": accuracy, "truncated": True})
    images, pairs, scores = tables
    scores = (*scores, make_scores(images, "fgresq", images["score"], "family"))
    paths = {name: tmp_path / name for name in ("ablation.csv", "training.json")}
    further = {path.stem: path for path in paths.values()}
    metrics = run(tmp_path, [PRESENT], images, pairs, scores, **further)
    assert metrics["ablation"] == {"no_dfl": {"acc": numbers}}
    assert metrics["task_accuracy"] == accuracy
    assert metrics["headline"].startswith("TRUNCATED training: FGResQ has")
    none = run(tmp_path, [PRESENT], *tables)
    assert none["ablation"] == {} and none["task_accuracy"] is None


def test_metrics_hold_rounded_numbers_and_null_for_none(tmp_path, tables):
    metrics = run(tmp_path, [PRESENT, ABSENT], *tables)
    number = metrics["family"]["psnr"]["deblurring"]["srcc"]
    assert set(number) == {"value", "low", "high", "n"} and number["n"] == 30
    assert number["value"] == round(number["value"], 6)
    assert list(metrics["pairs"]["psnr"]) == ["average"]
    assert metrics["pairs"]["ridge_random"]["average"]["acc"]["value"] is None
    assert metrics["intervals"]["s"]["psnr"]["[0.0,1.0]"]["srcc"]["n"] == 60
    assert metrics["funnel"]["s"]["steps"]["all pairs"] == {"pairs": 90, "images": 60}
    assert metrics["leak"]["pairs_split"]["deblurring"]["share"] == 0.666667
    assert metrics["label_origins"] == ["simulated"]


def test_nothing_measured_says_why(tmp_path):
    headline = run(tmp_path, [ABSENT])["headline"]
    assert headline == "nothing measured: far is absent (no folder data/raw/far)"
    assert run(tmp_path, [])["headline"].startswith("nothing measured: no source")
    assert run(tmp_path, [PRESENT])["headline"].startswith("nothing measured: no method")


def test_two_runs_give_the_same_bytes(tmp_path, tables):
    for name in ("a", "b"):
        run(tmp_path / name, [PRESENT], *tables)
    for file in ("metrics.json", "provenance.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_provenance_names_settings_seeds_and_versions(tmp_path, tables):
    run(tmp_path, [PRESENT], *tables)
    found = json.loads((tmp_path / "provenance.json").read_text())
    assert found["seeds"]["mini/seed"] == 3 and found["seeds"]["stage2/seed"] == 0
    assert len(found["seeds"]) == 9
    assert found["manifests"] == {"s": "abc"} and found["threads"] == 1
    assert found["versions"]["numpy"] == np.__version__


def test_provenance_names_the_devices_of_the_trained_runs(tmp_path, tables, monkeypatch):
    """A GPU that nothing ran on is not named, nor what this process alone knows of itself."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda *_: "Idle GPU")
    run(tmp_path, [PRESENT], *tables)
    found = json.loads((tmp_path / "provenance.json").read_text())
    assert found["device"] == {"all else": "cpu"} and found["deterministic"] is None
    absent = {"code": "no_cuda", "reason": "r", "next_step": "n"}
    runs = [("GPU X", None), ("cpu", None), ("GPU X", None), ("GPU Y", absent), (None, None)]
    held = {"deterministic": True}
    record = {"runs": [{"device": device, "absent": why, **held} for device, why in runs]}
    write_json(tmp_path / "training.json", {**record, "task_accuracy": None})
    run(tmp_path, [PRESENT], *tables, training=tmp_path / "training.json")
    found = json.loads((tmp_path / "provenance.json").read_text())
    assert found["device"] == {"training": ["GPU X", "cpu"], "all else": "cpu"}
    assert found["deterministic"] is True
    record["runs"][1]["deterministic"] = False
    write_json(tmp_path / "training.json", {**record, "task_accuracy": None})
    run(tmp_path, [PRESENT], *tables, training=tmp_path / "training.json")
    assert json.loads((tmp_path / "provenance.json").read_text())["deterministic"] is False


def test_the_verb_leaves_what_git_has_where_it_is_reproduced(tmp_path, tables, caplog):
    """Snakemake has removed the file before; git has one that another processor wrote."""
    caplog.set_level("INFO")
    metrics = run(tmp_path, [PRESENT], *tables)
    metrics["family"]["psnr"]["deblurring"]["srcc"]["value"] += 2e-6
    write_json(tmp_path / "metrics.json", metrics)
    there = ("-C", str(tmp_path))
    git(*there, "init", "--quiet")
    git(*there, "add", "metrics.json")
    git(*there, "commit", "--quiet", "-m", "first")
    assert run(tmp_path, [PRESENT], *tables) != metrics
    assert "psnr / deblurring / srcc / value by 0.000002" in caplog.text
    for preset, kept in (("mini", True), ("tiny", False)):
        (tmp_path / "metrics.json").unlink()
        record = {"preset": preset, "metrics": {"untrained srcc": 3e-6}}
        write_json(tmp_path / "machines.json", record)
        found = run(tmp_path, [PRESENT], *tables, machines=tmp_path / "machines.json")
        assert (found == metrics) == kept
    assert "reproduces the numbers in git to within 0.000002" in caplog.text


def git(*words):
    identity = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *words], check=True, capture_output=True)


def test_git_state_ignores_what_a_run_writes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.git_state() == {"commit": None, "dirty": None}
    git("init", "--quiet")
    (tmp_path / "code.py").write_text("1")
    git("add", "code.py")
    git("commit", "--quiet", "-m", "first")
    for path in ("results/a.csv", "reports/metrics/mini.json", "reports/site/index.html"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("1")
    (tmp_path / "dvc.lock").write_text("1")
    assert provenance.git_state()["dirty"] is False
    (tmp_path / "code.py").write_text("2")
    assert provenance.git_state()["dirty"] is True
