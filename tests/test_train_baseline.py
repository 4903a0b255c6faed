"""The step train-baseline on a small folder: what it writes, repeats, resumes, and cannot do."""

from __future__ import annotations

import contextlib
import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from fgresq.analysis.inputs import PERFORMANCE_COLUMNS
from fgresq.baselines import BASELINES
from fgresq.baselines.feeds import CropFeed
from fgresq.baselines.shared import baseline_options
from fgresq.cli import main
from fgresq.files import read_json, write_csv, write_json
from fgresq.parsing import fields_of
from fgresq.presets import load
from fgresq.scoring.baseline_judge import Looks
from fgresq.scoring.judges import judge_of
from fgresq.sections import PairTraining
from fgresq.tables import (
    VOTE_COLUMNS,
    read_images,
    read_scores,
    read_table,
    write_images,
    write_pairs,
)
from fgresq.training import loop
from fgresq.training.feed import ImageFeed
from fgresq.training.losses import fidelity_loss
from tests.conftest import image_table, write_folder

FAMILIES = ("alpha", "beta", "gamma", "delta")
ON_TOKENS = ("dbcnn", "hyperiqa", "metaiqa")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with image, pair and fold tables: four families of four images, two tasks."""
    place = tmp_path_factory.mktemp("baselines")
    rows = pd.read_csv(write_folder(place / "own", FAMILIES) / "images.csv")
    images = image_table(len(rows), 1, (rows["mos"] / 100).to_numpy()).assign(
        path=[f"own/{name}" for name in rows["image"]],
        image="s/" + rows["image"],
        task=np.where(rows["family"].isin(["beta", "delta"]), "deblurring", "denoising"),
        sha256=rows["image"],
        **{name: rows["family"] for name in ("content", "group", "family")},
    )
    folds = pd.DataFrame({"source": "s", "family": FAMILIES, "fold": [0, 1, 2, 2]})
    pairs = pd.DataFrame([pair for _, own in images.groupby("family") for pair in pairs_of(own)])
    pairs = pairs.assign(
        pair=[f"s#{k}" for k in range(len(pairs))],
        fold=pairs["family"].map(folds.set_index("family")["fold"]),
        split_pairs=np.where(np.arange(len(pairs)) % 5, "train", "test"),
    )
    with contextlib.chdir(place):
        write_images("images.csv", images)
        write_pairs("pairs.csv", pairs)
        write_csv("folds.csv", folds)
    return place


def pairs_of(images: pd.DataFrame) -> list[dict]:
    """List all pairs of a family's images, the first of each the better one."""
    names = images.sort_values("score", ascending=False)[["image", "score"]].to_numpy().tolist()
    same = images.iloc[0][["task", "source", "group", "family"]].to_dict()
    more = {"ssim": 0.5, "preference": "A", "fraction_a": 1.0, "label_origin": "human"}
    more |= dict.fromkeys(VOTE_COLUMNS, "")
    return [
        {"image_a": a, "image_b": b, "score_difference": x - y, **same, **more}
        for (a, x), (b, y) in combinations(names, 2)
    ]


@pytest.fixture(autouse=True)
def in_place(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where the tables lie; the caches are made there."""
    monkeypatch.chdir(place)


def options(method: str, preset: str = "mini", **over: object) -> dict:
    """Give settings of a preset on random networks of few layers."""
    tower, own = baseline_options(PRESETS[preset], method)
    made = {"tower": tower.record(), "baseline": own.record()}
    made["baseline"] |= {"batch": 4, "epochs": 2, **over}
    if made["baseline"]["backbone"] == "stand_in":
        made["tower"] |= {"tower": "random_vits14", "levels": [1, 2]}
        made["baseline"] |= {"second": "random_lite0"} if method == "dbcnn" else {}
        made["baseline"] |= {"meta_steps": 3} if method == "metaiqa" else {}
    return made


PRESETS = load().presets


def train(method: str, out: str, run: str = "0", settings: dict | None = None) -> int:
    """Train by the step."""
    return call_with(json.dumps(settings or options(method)), method, out, run)


def call_with(text: str, method: str, out: str, run: str = "0", weights: str = "nowhere") -> int:
    """Call the step with `--options` as they stand."""
    call = ["step", "train-baseline", method, run, "--images=images.csv", "--pairs=pairs.csv"]
    call += ["--folds=folds.csv", f"--weights={weights}", f"--work=work/{out}", f"--out={out}"]
    return main([*call, "--options", text])


@pytest.mark.parametrize("method", ON_TOKENS)
def test_a_run_tells_what_it_did(method: str) -> None:
    assert train(method, f"{method}/0") == 0
    card = read_json(f"{method}/0/card.json")
    assert card["parameters"] > 100 and card["settings"]["seed"] == 0 and card["device"] == "cpu"
    assert card["train_images"] == 12 and card["test_images"] == 4
    history = pd.read_csv(f"{method}/0/history.csv")
    assert len(history) == card["steps"] and np.isfinite(history["loss"]).all()
    scores = pd.read_csv(f"{method}/0/scores.csv")
    assert scores["image"].str.contains("alpha").all() and scores["value"].nunique() == 4
    state = load_file(f"{method}/0/weights.safetensors")
    assert any("spread" in name for name in state)  # the fitted scales go with the weights


@pytest.mark.parametrize("method", ON_TOKENS)
def test_two_runs_give_the_same_bytes_and_another_seed_others(method: str) -> None:
    for out in ("a", "b"):
        assert train(method, f"{method}-{out}") == 0
    files = ("weights.safetensors", "card.json", "history.csv", "scores.csv")
    for name in files:
        assert Path(f"{method}-a", name).read_bytes() == Path(f"{method}-b", name).read_bytes()
    assert train(method, f"{method}-seed1", run="0-seed1") == 0
    values = [pd.read_csv(f"{method}-{k}/scores.csv")["value"] for k in ("a", "seed1")]
    assert not np.allclose(*values)


@pytest.mark.parametrize("method", ON_TOKENS)
def test_a_killed_run_resumes_to_the_same_bytes(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 2)
    check, killed = loop.check_finite, []

    def dies(job: loop.Job, losses: dict, step: int) -> dict:
        if step == 5 and not killed:
            killed.append(step)
            raise KeyboardInterrupt
        return check(job, losses, step)

    assert train(method, f"{method}-whole") == 0
    monkeypatch.setattr(loop, "check_finite", dies)
    assert train(method, f"{method}-killed") == 130
    assert Path(f"work/{method}-killed/checkpoint.pt").exists()
    assert train(method, f"{method}-killed") == 0 and killed
    for name in ("weights.safetensors", "history.csv", "scores.csv"):
        whole, resumed = (Path(f"{method}-{k}", name).read_bytes() for k in ("whole", "killed"))
        assert whole == resumed
    assert not Path(f"work/{method}-killed/checkpoint.pt").exists()


def test_no_test_image_is_trained_on(place: Path) -> None:
    """Other scores of the tested family change nothing that the run learns."""
    assert train("hyperiqa", "fair-a") == 0
    images = pd.read_csv("images.csv", keep_default_na=False)
    before = Path("images.csv").read_bytes()
    images.loc[images["family"] == "alpha", "score"] = 0.5
    write_images("images.csv", images)
    assert train("hyperiqa", "fair-b") == 0
    Path("images.csv").write_bytes(before)
    both = (Path(k, "weights.safetensors").read_bytes() for k in ("fair-a", "fair-b"))
    assert len(set(both)) == 1


def test_runs_are_collected_and_measured(place: Path) -> None:
    for run in ("0", "1", "2", "pairs"):
        assert train("metaiqa", f"all/{run}", run=run) == 0
    runs = [f"all/{run}" for run in ("0", "1", "2", "pairs")]
    call = [
        "step",
        "collect",
        *runs,
        "--method=metaiqa",
        "--images=images.csv",
        "--out=metaiqa.csv",
    ]
    assert main(call) == 0
    scores = read_scores("metaiqa.csv")
    assert set(scores["method"]) == {"metaiqa"} and set(scores["split"]) == {"family", "pairs"}
    assert scores[scores["split"] == "family"]["image"].nunique() == 16
    (place / "config").mkdir(exist_ok=True)
    call = ["--images=images.csv", "--pairs=pairs.csv", "--scores=metaiqa.csv"]
    setting = json.dumps({"analysis": {"bootstrap": 10, "metric_ties": "half", "seed": 0}})
    with contextlib.chdir(Path(__file__).parent.parent):
        words = [w.replace("=", f"={place}/", 1) for w in call]
        more = [f"--options={setting}", f"--out={place}/performance.csv"]
        assert main(["step", "performance", *words, *more]) == 0
    rows = read_table("performance.csv", PERFORMANCE_COLUMNS)
    assert rows[(rows["stat"] == "acc") & (rows["task"] == "denoising")]["value"].notna().any()


@pytest.mark.parametrize("method", ["liqe", "clipiqa_plus"])
@pytest.mark.parametrize("preset", ["mini", "paper"])
def test_without_clip_a_method_is_absent_with_the_step_that_brings_it(
    method: str, preset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fgresq.networks.clip.clip_at_hand", lambda *_: False)
    out = f"{preset}-{method}/0"
    assert train(method, out, settings=options(method, preset)) == 0
    absent = read_json(f"{out}/card.json")["absent"]
    entry = {"liqe": "clip_vit_b32", "clipiqa_plus": "clip_rn50"}[method]
    assert absent["code"] == "no_weights" and f"fgresq data fetch {entry}" in absent["next_step"]
    assert (
        main(["step", "collect", out, f"--method={method}", "--images=images.csv", "--out=x.csv"])
        == 0
    )
    scores = read_scores("x.csv")
    assert scores["value"].isna().all() and set(scores["reason"]) == {absent["reason"]}


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("dbcnn", "checkpoints/scnn/scnn.pkl"),
        ("hyperiqa", "fgresq data fetch resnet50"),
        ("metaiqa", "fgresq data fetch resnet18"),
    ],
)
def test_a_published_backbone_that_is_not_at_hand_is_told(method: str, told: str) -> None:
    assert train(method, f"paper-{method}", settings=options(method, "paper")) == 0
    absent = read_json(f"paper-{method}/card.json")["absent"]
    assert absent["code"] == "no_weights" and told in absent["next_step"]


def options_without(key: str, **over: object) -> str:
    """Give the options of HyperIQA as JSON without a key of its own."""
    made = options("hyperiqa", **over)
    if key not in over:
        del made["baseline"][key]
    return json.dumps(made)


SHAPE = """; the form is {"tower": {...}, "baseline": {...}}. Complete it, or take a preset's"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}", f"--options: the section 'tower' is not there{SHAPE}"),
        ('{"foo": 1}', f"--options: the section 'tower' is not there{SHAPE}"),
        ('{"tower": {}, "baseline": 3}', "--options, key 'baseline': 3 is no mapping"),
        ("[]", f"--options: it is no JSON mapping{SHAPE}: --preset NAME"),
        ('{"tower": {}, "baseline": {}}', "--options, key 'tower/tower': it is missing"),
        (
            options_without("seed"),
            "--options, key 'baseline/seed': it is missing. Complete it, or take a preset's",
        ),
        (
            options_without("seed", seeed=1),
            "--options: unknown key 'baseline/seeed'. Did you mean 'baseline/seed'",
        ),
        (
            options_without("side", context=1),
            "--options: unknown key 'baseline/context'. Did you mean ",
        ),
        (options_without("side", side=True), "key 'baseline/side': True is no whole number"),
    ],
)
def test_options_of_another_form_are_told(
    text: str, told: str, capsys: pytest.CaptureFixture
) -> None:
    assert call_with(text, "hyperiqa", "form") == 1
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1 and not Path("form").exists()


def test_options_that_are_no_json_are_told(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        call_with("{bad", "hyperiqa", "form")
    said = capsys.readouterr().err
    assert stop.value.code == 2 and "argument --options: not JSON (Expecting property name" in said
    assert "--preset" in said


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("nowhere", "nowhere/card.json: there is no card of the weights dinov2_vits14. Run "),
        ("niqe", "card.json: this is no card of the weights dinov2_vits14 (its name is 'niqe')"),
    ],
)
def test_a_folder_without_the_weights_is_told(
    folder: str, told: str, capsys: pytest.CaptureFixture
) -> None:
    write_json("niqe/card.json", {"name": "niqe", "files": {}})
    settings = options("hyperiqa")
    settings["tower"]["tower"] = "dinov2_vits14"
    assert call_with(json.dumps(settings), "hyperiqa", "form", weights=folder) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert told in said and "'fgresq weights dinov2_vits14'" in said


def test_one_meta_task_is_told(capsys: pytest.CaptureFixture) -> None:
    assert train("metaiqa", "one", settings=options("metaiqa", meta_by="dataset")) == 1
    assert "all training pairs are of one dataset" in capsys.readouterr().err


@pytest.mark.parametrize("method", BASELINES)
def test_sampler_and_loss_are_those_of_stage_2(method: str) -> None:
    mini = PRESETS["mini"]
    stage2 = mini.stage2.model_copy(update={"batch": 7, "compare_in": "scene"})
    _, made = baseline_options(mini.model_copy(update={"stage2": stage2}), method)
    for name in fields_of(PairTraining):
        assert getattr(made, name) == getattr(stage2, name)


@pytest.mark.parametrize("method", ON_TOKENS)
def test_its_folder_judges_as_the_run_did(method: str) -> None:
    """An image by itself has the score that it had among all, and a swap swaps."""
    assert train(method, f"{method}/judged") == 0
    judge = judge_of(Path(method, "judged"))
    scores = pd.read_csv(f"{method}/judged/scores.csv").set_index("image")["value"]
    paths = pd.read_csv("images.csv").set_index("image")["path"][scores.index]
    found = [judge.encode(path) for path in paths]
    assert [one.score for one in found] == pytest.approx(scores.tolist(), abs=2e-3)
    assert np.ptp(scores) > 0.01
    one = judge.prefer(found[0], found[1])
    assert judge.prefer(found[1], found[0]) == one.swapped()
    gap = torch.tensor([found[0].score, found[1].score], dtype=torch.float64)
    loss = float(fidelity_loss(gap, torch.tensor([1.0, 0.0])))
    assert one.a_better == pytest.approx((1 - loss) ** 2, abs=1e-3)


def test_a_run_on_crops_is_looked_at_through_the_same_crops(place: Path) -> None:
    tower, settings = baseline_options(PRESETS["paper"], "hyperiqa")
    images = read_images("images.csv")
    feed = CropFeed(ImageFeed(images, tower, Path("nowhere"), torch.device("cpu")))
    looks = Looks(tower, settings, Path("nowhere"))
    for row in (0, 5):
        wanted = feed.evaluation(np.array([row]))["crops"]
        assert torch.equal(looks(images["path"][row])["crops"], wanted)
