"""Both stages on a small folder: what is trained, what resumes, and how each fault is told."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.files import read_json, sha256, write_json
from fgresq.model.fgresq import FGResQ
from fgresq.networks.clip import clip_at_hand
from fgresq.networks.task_clip import build_clip
from fgresq.presets import load, merge
from fgresq.runs import Stage1Options, Stage2Options, stage_options
from fgresq.scoring.judges import judge_of
from fgresq.tables import TASKS, read_images, read_pairs, write_images
from fgresq.training import loop
from fgresq.training.batches import PairBatches
from fgresq.training.feed import ImageFeed
from fgresq.training.ready import absence, check_device
from fgresq.training.sides import sides
from fgresq.training.start import start_heads
from tests.conftest import LABELS, ROOT, mark_workspace, write_folder

INTERRUPTED = 130  # exit status after Ctrl-C


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with image, pair and fold tables: four families of four images, two tasks."""
    place = tmp_path_factory.mktemp("training")
    folder = write_folder(place / "own", ("alpha", "beta", "gamma", "delta"))
    rows = pd.read_csv(folder / "images.csv")
    rows.loc[rows["family"].isin(["beta", "delta"]), "task"] = "deblurring"
    rows.to_csv(folder / "images.csv", index=False)
    entry = {
        "title": "Own",
        "adapter": "folder",
        "licence": "",
        "get": "",
        "score_kind": "MOS",
        "label_origin": "human",
        "path": str(place / "own"),
    }
    out = [
        f"--{n}={place / f}"
        for n, f in (("out", "own.csv"), ("pairs", "own.pairs.csv"), ("record", "own.json"))
    ]
    assert main(["step", "read-source", "own", "--entry", json.dumps(entry), *out]) == 0
    with contextlib.chdir(place):
        mark_workspace(place)
        write_json(
            place / "threshold.json", {"threshold": 1.0, "setting": {}, "images": 0, "grid": []}
        )
        assert main(["step", "candidates", "--images", "own.csv", "--out", "candidates.csv"]) == 0
        options = json.dumps(
            {
                "filter": {"tau": 1.1, "tau_by_source": {}},
                "labels": LABELS,
            }
        )
        assert (
            main(
                [
                    "step",
                    "filter-pairs",
                    "--images",
                    "own.csv",
                    "--supplied",
                    "own.pairs.csv",
                    "--record",
                    "own.json",
                    "--candidates",
                    "candidates.csv",
                    "--threshold",
                    "threshold.json",
                    "--options",
                    options,
                    "--out",
                    "kept.csv",
                    "--funnel",
                    "funnel.json",
                ]
            )
            == 0
        )
        split = json.dumps({"split": {"folds": 3, "test_share": 0.2, "seed": 0}})
        assert (
            main(
                [
                    "step",
                    "split-pairs",
                    "--pairs",
                    "kept.csv",
                    "--funnels",
                    "funnel.json",
                    "--images",
                    "own.csv",
                    "--options",
                    split,
                    "--out",
                    "pairs.csv",
                    "--folds",
                    "folds.csv",
                    "--funnel",
                    "all.json",
                    "--leak",
                    "leak.json",
                ]
            )
            == 0
        )
    return place


@pytest.fixture(autouse=True)
def in_place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where the tables lie; the cache of tokens is made there."""
    if "tables" in request.fixturenames:
        monkeypatch.chdir(request.getfixturevalue("tables"))


FORMS = {"stage1": Stage1Options, "stage2": Stage2Options}


def options(stage: str, **over: object) -> dict:
    """Give settings of the mini preset on a random tower of two blocks."""
    made = stage_options(load().presets["mini"], FORMS[stage]).record()
    made["tower"] |= {"tower": "random_vits14", "levels": [1, 2], "grid": 1}
    made[stage] |= {"batch": 6, "epochs": 2, "lr_encoder": 1e-3, **over}
    return made


def typed(stage: str, **over: object) -> Any:
    """Give the same settings as models."""
    return FORMS[stage].model_validate(options(stage, **over))


def run(
    stage: str,
    out: str,
    *more: str,
    run: str = "0",
    pairs: str = "pairs.csv",
    images: str = "own.csv",
    settings: dict | None = None,
) -> int:
    """Run the step of a stage."""
    call = ["step", stage, run, "--images", images, "--pairs", pairs, "--folds", "folds.csv"]
    call += ["--weights", "nowhere", "--work", f"work/{out}", "--out", out, *more]
    return main([*call, "--options", json.dumps(settings or options(stage))])


@pytest.fixture(scope="module")
def trained(tables: Path) -> Path:
    """Give the folder of a trained model, stage 1 beside it."""
    with contextlib.chdir(tables):
        assert run("stage1", "s1") == 0
        assert run("stage2", "s2", "--degradation", "s1") == 0
    return tables


def test_training_changes_what_it_should_and_leaves_the_rest(trained: Path) -> None:
    fresh = build_clip(typed("stage1").tower, Path("nowhere"), list(TASKS)).state_dict()
    for stage, whole in (("s1", "clip.visual.tower."), ("s2", "quality.tower.")):
        state = load_file(trained / stage / "weights.safetensors")
        block = {
            n: not torch.equal(v, fresh["visual.tower." + n.removeprefix(whole)])
            for n, v in state.items()
            if n.startswith(whole)
        }
        assert len(block) > 8 and sum(block.values()) >= len(block) - 1
        assert all("above" in name for name in block)
    first = options("stage2")
    first["tower"]["max_steps"] = 1
    assert run("stage2", "one", "--degradation", "s1", settings=first) == 0
    one, many = (load_file(trained / d / "weights.safetensors") for d in ("one", "s2"))
    changed = {n for n in one if not torch.equal(one[n], many[n])}
    assert any("tower.above" in n for n in changed) and any("score_head" in n for n in changed)
    assert not any(n.startswith("degradation.") for n in changed)


@pytest.mark.parametrize("stage", ["stage1", "stage2"])
def test_in_mini_the_last_block_is_trained_and_the_frozen_ones_are_not(
    trained: Path, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed: dict[str, bool] = {}

    def watched(job: loop.Job) -> pd.DataFrame:
        before = {name: value.clone() for name, value in job.model.state_dict().items()}
        history = loop.train(job)
        after = job.model.state_dict()
        changed.update({name: not torch.equal(before[name], after[name]) for name in before})
        return history

    monkeypatch.setattr(f"fgresq.training.{stage}.train", watched)
    weights = ["--weights", str(ROOT / "data/weights/dinov2_vits14")]
    for name in list(FORMS)[: list(FORMS).index(stage) + 1]:
        given = stage_options(load().presets["mini"], FORMS[name]).record()
        given = merge(given, {"tower": {"max_steps": 2}})
        more = ["--degradation", "dino1"] if name == "stage2" else []
        assert run(name, f"dino{name[-1]}", *more, *weights, settings=given) == 0
    blocks = {name: moved for name, moved in changed.items() if ".above." in name}
    below = {name: moved for name, moved in changed.items() if ".below." in name or "embed" in name}
    assert blocks and all(moved for name, moved in blocks.items() if name.endswith("weight"))
    assert below and not any(below.values())


def test_the_paper_s_path_runs_on_an_open_clip_tower(trained: Path) -> None:
    def settings(stage: str) -> dict:
        given = stage_options(load().presets["paper"], FORMS[stage]).record()
        tower = {"tower": "ViT-S-32-alt", "pretrained": None, "device": "cpu", "max_steps": 2}
        return merge(given, {"tower": tower, stage: {"batch": 6}})

    assert run("stage1", "clip1", settings=settings("stage1")) == 0
    assert run("stage2", "clip2", "--degradation", "clip1", settings=settings("stage2")) == 0
    scores = pd.read_csv("clip2/scores.csv")["value"]
    assert scores.between(0, 1).all() and scores.nunique() == len(scores)
    assert main(["score", "--checkpoint", "clip2", "--images", "own.csv", "--out", "clip.csv"]) == 0
    scored = pd.read_csv("clip.csv").set_index("image")["value"]
    table = pd.read_csv("clip2/scores.csv").set_index("image")["value"]
    assert np.allclose(scored[table.index], table, atol=1e-5)


def test_pixels_are_normalised_as_the_tower_was_trained(tables: Path) -> None:
    stand_in = typed("stage1").tower
    clip = stand_in.model_copy(update={"tower": "ViT-S-32-alt", "text": "{task}"})
    towers = [build_clip(t, Path("nowhere"), list(TASKS)).visual.tower for t in (stand_in, clip)]
    assert towers[0].mean == pytest.approx((0.485, 0.456, 0.406))
    assert towers[1].mean == pytest.approx((0.48145466, 0.4578275, 0.40821073))
    gray = torch.full((1, 224, 224, 3), 128, dtype=torch.uint8)
    towers[1].cut = 0
    expected = (128 / 255 - torch.tensor(towers[1].mean)) / torch.tensor(towers[1].std)
    assert torch.allclose(towers[1].tokens(gray)[0, :, 0, 0], expected, atol=1e-5)


def test_the_test_side_is_scored_and_no_more(trained: Path) -> None:
    scores, pairs = pd.read_csv("s2/scores.csv"), pd.read_csv("pairs.csv")
    ranking = pd.read_csv("s2/ranking.csv").merge(pairs, on="pair")
    of_fold = pd.read_csv("folds.csv").query("fold == 0")["family"]
    images = read_images("own.csv")
    tested = images.loc[images["family"].isin(of_fold), "image"]
    assert set(scores["image"]) == set(tested) and scores["value"].between(0, 1).all()
    assert set(ranking["fold"]) == {0} and ranking["probability_a"].between(0, 1).all()


def test_a_single_task_leaves_the_degradation_encoder_as_it_is(
    tables: Path, capsys: pytest.CaptureFixture
) -> None:
    read_images("own.csv").assign(task="denoising").to_csv("one.csv", index=False)
    assert run("stage1", "single", images="one.csv") == 0
    assert "one task only (denoising)" in capsys.readouterr().err
    assert pd.read_csv("single/tasks.csv").empty and pd.read_csv("single/history.csv").empty
    card = read_json("single/card.json")
    assert card["steps"] == 0 and card["tasks"] == ["denoising"] and card["deterministic"]
    pd.read_csv("pairs.csv").assign(task="denoising").to_csv("one.pairs.csv", index=False)
    given = {"images": "one.csv", "pairs": "one.pairs.csv"}
    assert run("stage2", "single2", "--degradation", "single", **given) == 0


def test_degraded_images_change_no_training(trained: Path) -> None:
    images = read_images("own.csv")
    more = images.assign(image="own/x" + images["image"], task="distortion")
    write_images("more.csv", pd.concat([images, more]))
    assert run("stage1", "more", images="more.csv") == 0
    assert read_json("more/card.json")["tasks"] == read_json("s1/card.json")["tasks"]
    assert Path("more/weights.safetensors").read_bytes() == (
        Path("s1/weights.safetensors").read_bytes()
    )


def test_an_algorithm_can_be_kept_out_of_training(tables: Path) -> None:
    images, pairs = read_images("own.csv"), read_pairs("pairs.csv")
    folds, one = pd.read_csv("folds.csv"), images["algorithm"].iloc[0]
    of = images.set_index("image")["algorithm"]
    train, test, train_pairs, test_pairs = sides(images, pairs, folds, f"0-without-{one}")
    plain = sides(images, pairs, folds, "0")
    assert set(images["algorithm"].iloc[train]) == set(images["algorithm"]) - {one}
    assert test.tolist() == plain[1].tolist() and test_pairs.equals(plain[3])
    assert 0 < len(train_pairs) < len(plain[2])
    assert not train_pairs[["image_a", "image_b"]].map(of.get).eq(one).any(axis=None)
    with pytest.raises(UserError, match="algorithm"):
        sides(images, pairs, folds, "0-without-nobody")
    with pytest.raises(UserError, match="there is no such run"):
        sides(images, pairs, folds, "first")


def test_a_batch_holds_one_data_set_and_their_weights_fall_with_their_size(tables: Path) -> None:
    images, pairs = read_images("own.csv"), read_pairs("pairs.csv")
    images["dataset"] = np.where(images["family"].eq("alpha"), "small", "large")
    batches = PairBatches(images, pairs, typed("stage2", scene="dataset").stage2)
    for step in range(batches.sampler.per_epoch):
        rows, _ = batches.images_of(batches.sampler.step(step))
        assert images["dataset"].iloc[rows].nunique() == 1
    share = images["dataset"].value_counts()
    weights = batches.weights
    assert weights["small"] * share["small"] == pytest.approx(weights["large"] * share["large"])
    assert np.mean(list(weights.values())) == pytest.approx(1)


def test_the_comparison_starts_at_the_difference_of_the_scores(trained: Path) -> None:
    images = read_images("own.csv")
    for compare in ("paper", "released"):
        settings = typed("stage2", compare=compare, head_init="ridge", standardise=True)
        tower = settings.tower
        clip = build_clip(tower, Path("nowhere"), list(TASKS))
        model = FGResQ.build(settings.stage2, clip.visual.tower)
        feed = ImageFeed(images, tower, Path("nowhere"), torch.device("cpu"))
        rows, degradation = np.arange(len(images)), torch.randn(len(images), model.tower.width)
        start_heads(model, feed, images, rows, degradation, settings.stage2)
        heads = model.heads
        with torch.no_grad():
            quality = heads.quality(feed.features(model.tower, rows), degradation)
            scores = heads.score_logits(quality)
            classes = heads.compare_logits(quality[:3], quality[3:6])
        ahead = classes[:, 1] - classes[:, 0]
        assert torch.allclose(ahead, scores[:3] - scores[3:6], atol=1e-4), compare
        assert ahead.abs().max() > 1e-3


def test_a_killed_run_ends_in_the_same_bytes(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 1)
    real, seen = loop.save, []

    def killed(*args: object) -> None:
        real(*args)
        seen.append(1)
        if len(seen) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "save", killed)
    for stage, out in (("stage1", "s1"), ("stage2", "s2")):
        seen.clear()
        more = ["--degradation", "s1"] if stage == "stage2" else []
        assert run(stage, f"again-{out}", *more) == INTERRUPTED
        assert Path(f"work/again-{out}/checkpoint.pt").exists()
        assert run(stage, f"again-{out}", *more) == 0
        for name in ("weights.safetensors", "history.csv"):
            assert Path(f"again-{out}", name).read_bytes() == Path(out, name).read_bytes()
        assert not Path(f"work/again-{out}/checkpoint.pt").exists()


def test_killed_between_checkpoints_ends_in_the_same_bytes(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 2)
    real = loop.check_finite

    def killed(job: loop.Job, losses: dict, step: int) -> dict:
        if step == 3:
            raise KeyboardInterrupt
        return real(job, losses, step)

    settings = options("stage2", epochs=3)
    assert run("stage2", "whole", "--degradation", "s1", settings=settings) == 0
    with monkeypatch.context() as patched:
        patched.setattr(loop, "check_finite", killed)
        call = ("stage2", "between", "--degradation", "s1")
        assert run(*call, settings=settings) == INTERRUPTED
    assert run("stage2", "between", "--degradation", "s1", settings=settings) == 0
    for name in ("weights.safetensors", "history.csv", "scores.csv"):
        assert Path("between", name).read_bytes() == Path("whole", name).read_bytes()


@pytest.mark.parametrize("content", [b"half", b"", pickle.dumps({"no": "identity"})])
def test_a_broken_checkpoint_is_told_and_not_used(
    trained: Path, content: bytes, capsys: pytest.CaptureFixture
) -> None:
    Path("work/broken").mkdir(parents=True, exist_ok=True)
    Path("work/broken/checkpoint.pt").write_bytes(content)
    assert run("stage1", "broken") == 0
    told = capsys.readouterr().err
    assert "work/broken/checkpoint.pt: no whole checkpoint" in told and "Traceback" not in told
    assert (
        Path("broken/weights.safetensors").read_bytes()
        == Path("s1/weights.safetensors").read_bytes()
    )


def test_a_checkpoint_of_other_scores_is_not_resumed(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = read_images("own.csv")
    identities = []
    monkeypatch.setattr("fgresq.training.stage2.train", lambda job: identities.append(job.identity))
    for scores in (images["score"], 1 - images["score"]):
        images.assign(score=scores).to_csv("rescored.csv", index=False)
        with pytest.raises(AttributeError):  # nothing was trained, so there is no history
            run("stage2", "x", "--degradation", "s1", "--debug", images="rescored.csv")
    assert len(set(identities)) == 2


def test_killed_while_writing_a_checkpoint_keeps_the_one_before(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 1)
    real, seen = Path.write_bytes, []

    def cut(path: Path, data: bytes) -> int:
        seen.append(path.name)
        if len(seen) == 2:
            real(path, bytes(data)[:100])
            raise KeyboardInterrupt
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", cut)
    assert run("stage1", "cut") == INTERRUPTED
    assert all("checkpoint" in name for name in seen) and len(os.listdir("work/cut")) == 1
    assert run("stage1", "cut") == 0
    assert (
        Path("cut/weights.safetensors").read_bytes() == Path("s1/weights.safetensors").read_bytes()
    )


def test_a_loss_that_is_no_number_stops_with_the_step(
    trained: Path, capsys: pytest.CaptureFixture
) -> None:
    assert (
        run(
            "stage2",
            "nan",
            "--degradation",
            "s1",
            settings=options("stage2", lr_encoder=1.0, lr_heads=1.0, lambda_rank=1e39),
        )
        == 1
    )
    told = capsys.readouterr().err
    assert "stage 2, full, run 0, step" in told and "Lower the learning rate" in told
    named = re.search("that batch's images: (.*)", told)
    assert named and set(named[1].rstrip(".").split(", ")) <= set(read_images("own.csv")["image"])


def test_pairs_that_are_all_equal_leave_the_score_to_learn(trained: Path) -> None:
    pd.read_csv("pairs.csv").assign(preference="equal").to_csv("equal.csv", index=False)
    assert run("stage2", "eq", "--degradation", "s1", pairs="equal.csv") == 0
    assert pd.read_csv("eq/history.csv")["rank"].isna().all()
    assert "no pair was decided" in read_json("eq/card.json")["comparison"]


def test_an_empty_side_is_told(trained: Path, capsys: pytest.CaptureFixture) -> None:
    assert run("stage1", "none", run="7") == 1
    assert "run '7': its test side holds no image" in capsys.readouterr().err


def test_a_folder_is_scored_by_the_checkpoint(trained: Path, capsys: pytest.CaptureFixture) -> None:
    (trained / "own/images/broken.png").write_bytes(b"no image")
    assert main(["score", "--checkpoint", "s2", "--images", "own/images", "--out", "x.csv"]) == 1
    (trained / "own/images/broken.png").unlink()
    made = pd.read_csv("x.csv").set_index("image")
    assert "not a readable image" in made.loc["broken.png", "reason"] and len(made) == 21
    tested = pd.read_csv("s2/scores.csv")
    for name, value in tested.to_numpy():
        assert made.loc[Path(name).name, "value"] == pytest.approx(value, abs=1e-6)


def test_a_folder_judges_as_the_run_did(trained: Path) -> None:
    judge, half = (judge_of(Path("s2"), "cpu", kind) for kind in ("float32", "bfloat16"))
    paths = read_images("own.csv").set_index("image")["path"]
    scores = pd.read_csv("s2/scores.csv").set_index("image")["value"]
    known = {image: judge.encode(paths[image]) for image in scores.index}
    assert [one.score for one in known.values()] == pytest.approx(scores.tolist(), abs=1e-6)
    pairs = read_pairs("pairs.csv").set_index("pair")
    for pair, chance in pd.read_csv("s2/ranking.csv").to_numpy():
        a, b = (known[image] for image in pairs.loc[pair, ["image_a", "image_b"]])
        forward = judge.chances(judge.tensor(a), judge.tensor(b))
        backward = judge.chances(judge.tensor(b), judge.tensor(a))
        assert forward[1] == pytest.approx(chance, abs=1e-5)
        assert judge.prefer(a, b).a_better == pytest.approx((forward[1] + backward[0]) / 2)
    rounded = [half.score(paths[image]) for image in scores.index]
    assert rounded == pytest.approx(scores.tolist(), abs=0.05) and rounded != scores.tolist()
    assert np.abs(np.array(rounded) - scores).max() > 1e-5


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("pickle", "this is a pickle"),
        ("truncated", "not whole safetensors"),
        ("missing", "there are no such weights"),
        ("other", "another architecture"),
        ("stage1", "this is no FGResQ"),
        ("two runs", "weights.safetensors: its SHA-256 is not the one in card.json"),
        ("bare card", "card.json, key 'tower': it is missing. Train again, or give the folder"),
        ("poor tower", "card.json, key 'tower/tower': it is missing. Train again"),
        ("poor settings", "card.json, key 'settings/train_encoder': it is missing. Train again"),
        ("file", "card.json: there is no such folder of weights. Train again, or give the folder"),
    ],
)
def test_a_bad_checkpoint_is_told(
    trained: Path, tmp_path: Path, fault: str, told: str, capsys: pytest.CaptureFixture
) -> None:
    card = read_json(("s1" if fault == "stage1" else "s2") + "/card.json")
    card |= {"tower": {}} if fault == "poor tower" else {}
    if fault == "poor settings":
        del card["settings"]["train_encoder"]
    write_json(tmp_path / "card.json", {"kind": "FGResQ"} if fault == "bare card" else card)
    weights, good = tmp_path / "weights.safetensors", Path("s2/weights.safetensors")
    if fault == "pickle":
        weights.write_bytes(pickle.dumps({"a": 1}))
    elif fault == "truncated":
        weights.write_bytes(good.read_bytes()[:5000])
    elif fault == "other":
        state = load_file(good)
        state["quality.heads.score_head.weight"] = torch.zeros(1, 3)
        save_file(state, weights)
        write_json(tmp_path / "card.json", {**card, "sha256": sha256(weights)})
    elif fault == "two runs":
        weights.write_bytes(Path("s1/weights.safetensors").read_bytes())
    elif fault != "missing":
        weights.write_bytes(good.read_bytes())
    folder = tmp_path / "card.json" if fault == "file" else tmp_path
    assert main(["score", "--checkpoint", str(folder), "--images", "own", "--out", "y.csv"]) == 1
    assert told in capsys.readouterr().err and not Path("y.csv").exists()


def test_settings_for_a_gpu_are_refused_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    tower = load().presets["paper"].tower
    with pytest.raises(UserError, match="preset: mini.*allow_cpu: true, max_steps: N"):
        check_device(tower)
    with pytest.raises(UserError, match="max_steps: N.*TRUNCATED"):
        check_device(tower.model_copy(update={"allow_cpu": True}))
    check_device(tower.model_copy(update={"allow_cpu": True, "max_steps": 2}))


def test_a_file_holds_the_weights_of_a_tower_or_is_said_to_be_missing(tmp_path: Path) -> None:
    file = tmp_path / "clip.pt"
    named = {"device": "cpu", "pretrained": str(file)}
    tower = load().presets["paper"].tower.model_copy(update=named)
    images = pd.DataFrame({"image": ["a"]})
    absent = absence(images, tower)
    assert (
        not clip_at_hand(tower.tower, str(file))
        and absent.code == "no_weights"
        and str(file) in absent.reason
    )
    file.write_bytes(b"")
    assert clip_at_hand(tower.tower, str(file)) and absence(images, tower) is None
