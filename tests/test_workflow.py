"""The pipeline itself: what runs, what comes out, and what does not run again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
import yaml

from fgresq.files import read_json
from tests import replicas
from tests.conftest import ROOT, set_probe
from workflow.render_dvc import TARGET, render
from workflow.render_environment import render as render_environment

if TYPE_CHECKING:
    from chromium import Browser

pytestmark = pytest.mark.workflow
RULE = re.compile(r"^(?:local)?rule (\w+):", re.MULTILINE)
AFTER_STAGE1 = {
    *("stage2", "collect", "method_states", "performance", "intervals", "training", "ablation"),
    "trust",
    *("observers", "summary", "report", "site_index"),
}


def snakemake(checkout: Path, preset: str, *more: str, ok: bool = True) -> tuple[set[str], str]:
    """Run the pipeline for a preset; give the names of the rules that ran, and what was printed."""
    call = ["snakemake", "--cores", "2", *more, "--config", f"preset={preset}"]
    done = subprocess.run(call, cwd=checkout, capture_output=True, text=True)
    printed = done.stdout + done.stderr
    assert (done.returncode == 0) == ok, printed
    return set(RULE.findall(printed)) - {"all"}, printed


@contextmanager
def edited(path: Path, pattern: str, new: str) -> Iterator[None]:
    """Replace what a pattern finds in a file, once, for the length of a block."""
    text = path.read_text(encoding="utf-8")
    changed, count = re.subn(pattern, new, text, count=1, flags=re.MULTILINE)
    assert count and changed != text
    path.write_text(changed, encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def probe(checkout: Path) -> Path:
    """Give a checkout with the quick preset `probe` on a small own folder, run once."""
    set_probe(checkout)
    rules, _ = snakemake(checkout, "probe")
    assert {"read_source", "filter_pairs", "score", "performance", "report"} <= rules
    return checkout


def test_tiny_runs_the_whole_graph(checkout: Path) -> None:
    rules, printed = snakemake(checkout, "tiny")
    assert {"photographs", "restore", "mini_table", "features", "ridge", "report"} <= rules
    assert "[tiny] report: " in printed and "simulated" in printed
    assert (checkout / "reports/site/tiny/index.html").exists()
    rules, printed = snakemake(checkout, "tiny")
    assert not rules and "Nothing to be done" in printed


def test_the_report_of_tiny_is_without_fault_in_a_browser(tiny: Path, browser: Browser) -> None:
    pages = sorted((tiny / "reports/site").rglob("*.html"))
    assert len(pages) > 8
    for page in pages:
        for width in (390, 1280):
            browser.look(width)
            browser.open(page)
            assert not browser.logged() and browser.overflow() <= 0, page
            assert browser.find("h1").is_displayed(), page


def test_baselines_are_trained_where_they_are_asked_for(checkout: Path) -> None:
    for full in ("False", "True"):
        call = ["snakemake", "-n", "--cores", "2", "--config", "preset=tiny", f"full={full}"]
        done = subprocess.run(call, cwd=checkout, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        found = set(RULE.findall(done.stdout)) & {"train_baseline", "collect_baseline"}
        assert bool(found) == (full == "True")


def test_imperfect_references_have_a_target_of_their_own(checkout: Path) -> None:
    """`make afine` asks for no report, and a report asks for none of it."""
    target = "results/afine/mini/accuracy.csv"
    call = ["snakemake", "-n", "--cores", "2", "--forceall", target]
    done = subprocess.run(call, cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    asked = set(RULE.findall(done.stdout))
    own = {f"afine_{name}" for name in ("images", "jod", "triplets", "encode", "train")}
    own |= {f"afine_{name}" for name in ("refit", "score", "evaluate")}
    assert own <= asked <= own | {"photographs", "weights"}
    for name in ("fgresq", "cvvdp"):  # slow: for `make afine-full`
        assert f"compared={name}" not in done.stdout
    call = ["snakemake", "-n", "--cores", "2", "--forceall", "--config", "preset=tiny"]
    done = subprocess.run(call, cwd=checkout, capture_output=True, text=True)
    assert "report" in RULE.findall(done.stdout)
    assert not {rule for rule in RULE.findall(done.stdout) if rule.startswith("afine")}


def test_two_runs_give_the_same_bytes(checkout: Path) -> None:
    before = {p: p.read_bytes() for p in (checkout / "results").rglob("tiny/**/*.csv")}
    page = (checkout / "reports/site/tiny/index.html").read_bytes()
    assert before
    for folder in ("results", "reports/site", "work"):
        shutil.rmtree(checkout / folder)
    snakemake(checkout, "tiny")
    assert {p: p.read_bytes() for p in before} == before
    assert (checkout / "reports/site/tiny/index.html").read_bytes() == page


@pytest.fixture(scope="module")
def tiny(checkout: Path) -> Path:
    """Give a checkout in which preset `tiny` is complete."""
    if not (checkout / "reports/site/tiny/index.html").exists():
        snakemake(checkout, "tiny")
    return checkout


def planned(checkout: Path, preset: str = "tiny") -> set[str]:
    """Give the rules that a preset would run, without running any."""
    return snakemake(checkout, preset, "-n")[0]


def test_a_comment_in_the_training_reruns_nothing(tiny: Path) -> None:
    with edited(tiny / "fgresq/training/losses.py", "^import math$", "import math  # a remark"):
        assert planned(tiny) == set()


def test_a_touched_image_of_the_embedded_data_reruns_nothing(tiny: Path) -> None:
    made = [*(tiny / "results/data/tiny/mini").rglob("*.png")]
    assert made
    for path in [*made, tiny / "results/data/tiny/mini/contents.csv"]:
        os.utime(path)
    assert planned(tiny) == set()


def test_a_constant_of_the_losses_reruns_both_stages_and_what_follows(tiny: Path) -> None:
    with edited(tiny / "fgresq/training/losses.py", "^EPSILON = .*$", "EPSILON = 0.125"):
        assert planned(tiny) == {"stage1", *AFTER_STAGE1}


def test_a_setting_of_stage_2_leaves_stage_1_alone(tiny: Path) -> None:
    with edited(tiny / "config/config.yaml", "lambda_rank: 1$", "lambda_rank: 2"):
        assert planned(tiny) == AFTER_STAGE1
    assert planned(tiny) == set()


def test_a_baseline_is_trained_once_its_weights_are_here(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = "results/baselines/tiny/liqe/0/card.json"
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    snakemake(tiny, "tiny", card)
    assert read_json(tiny / card)["absent"]["code"] == "no_weights"
    assert not snakemake(tiny, "tiny", "-n", card)[0]
    place_in_hub(tmp_path, "timm/vit_base_patch32_clip_224.openai", "open_clip_model.safetensors")
    assert snakemake(tiny, "tiny", "-n", card)[0] == {"train_baseline"}


def place_in_hub(cache: Path, repository: str, name: str) -> None:
    """Lay a file into a Hub's cache as the Hub's library would."""
    folder = cache / f"models--{repository.replace('/', '--')}"
    for part in ("refs", "blobs", "snapshots/1"):
        (folder / part).mkdir(parents=True)
    (folder / "refs/main").write_text("1")
    (folder / "blobs/abc").write_bytes(b"weights")
    (folder / "snapshots/1" / name).symlink_to("../../blobs/abc")


def test_a_comment_reruns_nothing(probe: Path) -> None:
    with edited(probe / "fgresq/ops/ssim_plane.py", "^import cv2$", "import cv2  # the fast one"):
        assert planned(probe, "probe") == set()


def test_a_constant_in_an_imported_module_reruns_exactly_its_users(probe: Path) -> None:
    with edited(probe / "fgresq/ops/ssim_plane.py", r"(?<=WINDOW, )1\.5", "1.4"):
        rules, printed = snakemake(probe, "probe", "-n")
    assert {"jnd_threshold", "candidates", "score", "filter_pairs", "report"} <= rules
    assert not rules & {"read_source", "join_sources"}
    scored = re.findall(r"^rule score:\n(?: .*\n)*?    wildcards: .*method=(\w+)", printed, re.M)
    assert scored == ["ssim"]


def test_a_setting_reruns_exactly_its_readers(probe: Path) -> None:
    with edited(probe / "config/config.yaml", "bootstrap: 10$", "bootstrap: 11"):
        rules = planned(probe, "probe")
    assert {"performance", "summary", "report"} <= rules
    assert not rules & {"read_source", "candidates", "filter_pairs", "split_pairs", "score"}


def test_a_touched_image_reruns_nothing(probe: Path) -> None:
    os.utime(probe / "data/raw/own/images/alpha-weak.png")
    rules, printed = snakemake(probe, "probe")
    assert not rules, printed


def test_an_edited_image_reruns_what_reads_it(probe: Path) -> None:
    image = probe / "data/raw/own/images/alpha-weak.png"
    shutil.copy(probe / "data/raw/own/images/alpha-mild.png", image)
    rules, _ = snakemake(probe, "probe")
    assert {"read_source", "candidates", "score", "report"} <= rules


def follow_the_doc(place: Path) -> None:
    """Do what docs/add-a-method.md says, in a copy of the repository."""
    text = (ROOT / "docs/add-a-method.md").read_text()
    path = re.search(r"`(fgresq/metrics/\w+\.py)`", text)[1]
    function, entry = re.findall(r"```(?:python|yaml)\n(.*?)```", text, re.DOTALL)
    (place / path).write_text(function)
    with (place / "config/methods.yaml").open("a") as file:
        file.write(entry)
    config = yaml.safe_load((place / "config/config.yaml").read_text())
    config["presets"]["probe"]["methods"].append(Path(path).stem)
    (place / "config/config.yaml").write_text(yaml.safe_dump(config))


def test_a_method_more_is_scored_and_compared_and_nothing_else_runs(probe: Path) -> None:
    """The guide to adding a method, done."""
    follow_the_doc(probe)
    rules, printed = snakemake(probe, "probe")
    assert printed.count("rule score:") == 1 and "rule score:" in printed
    assert rules == {
        *("score", "method_states", "performance", "intervals", "observers", "trust"),
        *("summary", "report", "site_index"),
    }
    scores = pd.read_csv(probe / "results/scores/probe/colourfulness.csv")
    assert len(scores) == 12 and scores["value"].notna().all()
    shown = pd.read_csv(probe / "reports/site/probe/tables/methods_probe.csv")
    states = shown.set_index("method")["state"]
    assert states["colourfulness"] == states["psnr"] == "computed here"
    assert states["lpips"] == "not run" and states["ilniqe"] == "absent"
    assert not snakemake(probe, "probe")[0]


def test_a_removed_source_is_absent_and_comes_back_when_placed(probe: Path) -> None:
    (probe / "data/raw/own").rename(probe / "data/raw/away")
    rules, printed = snakemake(probe, "probe")
    assert {"read_source", "report"} <= rules
    assert "absent: Your own data" in printed and "Next step" in printed
    page = (probe / "reports/site/probe/index.html").read_text()
    assert "put images.csv and its images there" in page
    (probe / "data/raw/away").rename(probe / "data/raw/own")
    rules, printed = snakemake(probe, "probe")
    assert "read_source" in rules and "absent:" not in printed


def test_a_call_for_one_file_asks_for_no_report(checkout: Path) -> None:
    """Neither preset `paper` nor its stand-in has one here."""
    call = ["snakemake", "results/data/paper/sources/fgrestore.csv", "--cores", "1"]
    call += ["--config", "preset=paper"]
    done = subprocess.run(call, cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fgresq headline" not in done.stderr


def test_a_required_source_that_is_absent_is_an_error(probe: Path) -> None:
    call = ["snakemake", "results/data/paper/sources/fgrestore.csv", "--cores", "1"]
    call += ["--config", "preset=paper", 'require=["fgrestore"]']
    done = subprocess.run(call, cwd=probe, capture_output=True, text=True)
    assert done.returncode != 0 and "source 'fgrestore': there is nothing in" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_cell_stops_the_run_and_keeps_the_rest(probe: Path) -> None:
    table = probe / "data/raw/own/images.csv"
    text = table.read_text()
    rows = pd.read_csv(table, dtype=str)
    rows.loc[1, "mos"] = "nan"
    rows.to_csv(table, index=False)
    _, printed = snakemake(probe, "probe", ok=False)
    assert "images.csv, row 3" in printed and "Traceback" not in printed
    table.write_text(text)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("preset=mnii", "unknown preset 'mnii'. Did you mean 'mini'"),
        ("only=pears", "unknown phase 'pears'. Did you mean 'pairs'"),
        ('require=["fgrestor"]', "source or method 'fgrestor'. Did you mean 'fgrestore'"),
        ('require=["fgrestore"]', "no chosen preset (mini) reads it. Take it out of `require`"),
        ("presett=mini", "unknown key 'presett'. Did you mean 'preset'"),
    ],
)
def test_a_misspelt_setting_stops_before_any_work(checkout: Path, given: str, told: str) -> None:
    call = ["snakemake", "--cores", "1", "--config", given]
    done = subprocess.run(call, cwd=checkout, capture_output=True, text=True)
    assert done.returncode != 0 and told in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("gpu", "pages"), [((), ["mini"]), (("--resources", "gpu=1"), ["mini", "paper"])]
)
def test_the_paper_preset_comes_with_a_gpu(
    checkout: Path, gpu: tuple[str, ...], pages: list[str]
) -> None:
    call = ["snakemake", "-n", "--cores", "1", *gpu]
    done = subprocess.run(call, cwd=checkout, capture_output=True, text=True)
    found = re.findall(r"reports/site/(\w+)/index.html", done.stdout)
    assert sorted(set(found)) == pages, done.stdout + done.stderr


def test_public_data_sets_come_with_a_gpu_once_one_is_placed(checkout: Path) -> None:
    call = ["snakemake", "-n", "--cores", "1", "--resources", "gpu=1"]
    replicas.qads(checkout / "data/raw/qads")
    done = subprocess.run(call, cwd=checkout, capture_output=True, text=True)
    shutil.rmtree(checkout / "data/raw/qads")
    assert "reports/site/public/index.html" in done.stdout, done.stdout + done.stderr


def test_dvc_yaml_is_rendered_from_the_phases() -> None:
    assert (ROOT / TARGET).read_text() == render(), "dvc.yaml has drifted: run `make dvc.yaml`"


def test_environment_yml_holds_the_lock() -> None:
    made = render_environment((ROOT / "requirements.lock").read_text())
    assert (ROOT / "environment.yml").read_text() == made, "run `make environment.yml`"
    pins = yaml.safe_load(made)["dependencies"][-1]["pip"]
    assert all(re.fullmatch(r"[\w.-]+==[\w.!]+", pin) for pin in pins)
