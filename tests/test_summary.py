"""The verb summary: headline, metrics file, provenance."""

from __future__ import annotations

import argparse
import json
import subprocess

import numpy as np
import pytest
from analysis_tables import make_images, make_pairs, make_scores, run_verb

from fgresq.analysis import provenance, summary
from fgresq.files import write_json

PRESENT = {
    "source": "s", "status": "present", "label_origin": "simulated", "absent": None,
    "images": 60, "manifest": "abc",
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


def run(folder, records, images=None, pairs=None, scores=()) -> dict:
    """Run performance, intervals and summary; give the metrics."""
    for verb in ("performance", "intervals"):
        run_verb(folder, verb, images, pairs, scores)
    tables = {"sources": records, "funnel": FUNNEL, "leak": LEAK, "threshold": {"threshold": 0.9}}
    words = ["--preset", "mini", "--options", '{"mini": {"seed": 3}, "seed": 1}']
    for name, value in tables.items():
        write_json(folder / f"{name}.json", value)
        words += [f"--{name}", str(folder / f"{name}.json")]
    for name in ("performance", "intervals"):
        words += [f"--{name}", str(folder / f"{name}.csv")]
    words += ["--methods", "config/methods.yaml", "--out", str(folder / "metrics.json")]
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


def test_headline_does_not_rank_a_method_on_fewer_tasks(tmp_path, tables):
    images, pairs, scores = tables
    one_task = images["score"].where(images["task"] == "deblurring")
    scores = (*scores, make_scores(images, "ssim", one_task))
    metrics = run(tmp_path, [PRESENT], images, pairs, scores)
    assert metrics["family"]["ssim"]["average"]["acc"]["value"] == 1
    assert ": PSNR," in metrics["headline"]


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
    assert found["seeds"] == {"mini/seed": 3, "seed": 1}
    assert found["manifests"] == {"s": "abc"} and found["threads"] == 1
    assert found["versions"]["numpy"] == np.__version__


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
