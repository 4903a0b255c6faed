"""Images without a partner: what they teach, and that data sets on unlike scales stay apart."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.files import read_json, write_json
from fgresq.model.heads import QualityHeads
from fgresq.presets import load
from fgresq.sections import Stage2
from fgresq.tables import PHOTOGRAPH, read_images, read_pairs
from fgresq.training import loop
from fgresq.training.batches import PairBatches
from fgresq.training.losses import huber_loss, plcc_loss
from fgresq.training.sides import sides
from tests.training_world import (
    INTERRUPTED,
    Killed,
    World,
    call,
    image_row,
    make_world,
    options,
    options_of_baseline,
    shallow_towers,
    shown,
    train_both,
    weights,
)

SETS = {"p": 14, "q": 10}  # photographs of two data sets
HUMAN = {"scene": "dataset", "head_init": "ridge_dataset", "scene_loss": "plcc"}


@pytest.fixture(scope="module", autouse=True)
def shallow() -> Iterator[None]:
    """Train on towers of two blocks."""
    with shallow_towers():
        yield


def with_photographs(world: World, roles: dict[str, str] | None = None) -> World:
    """Add photographs of two data sets, whose quality is seen, each a family of its own."""
    made, rng = world.copy(), np.random.default_rng(7)
    rows = []
    for source, count in SETS.items():
        for number, score in enumerate(rng.permutation(np.linspace(0.05, 0.95, count))):
            row = image_row(source, f"shot{number:02}", PHOTOGRAPH, "", float(score))
            rows.append(row | {"role": (roles or {}).get(source, "")})
            made.pixels[row["image"]] = shown(float(score), seed=100 + len(rows))
    table = pd.concat([made.images, pd.DataFrame(rows)], ignore_index=True)
    made.images = table.sort_values("image", ignore_index=True)
    own = made.images[made.images["task"].eq(PHOTOGRAPH)]
    folds = own[["source", "family"]].assign(fold=np.arange(len(own)) % 3)
    made.folds = pd.concat([made.folds, folds], ignore_index=True)
    return made


def only_photographs(world: World) -> World:
    """Leave nothing but photographs."""
    made = world.copy()
    made.images = made.images[made.images["task"].eq(PHOTOGRAPH)].reset_index(drop=True)
    made.pairs = made.pairs.iloc[:0]
    return made


def trained(world: World, place: Path, run: str = "0", **over: object) -> Path:
    """Train both stages on a world; give the folder of stage 2."""
    place.mkdir(parents=True, exist_ok=True)
    settings = options("stage2", **{**HUMAN, "epochs": 3, **over})
    return train_both(world.write(place), run, "out", options("stage1"), settings)


def settings_of(**over: object) -> Stage2:
    """Give settings of stage 2."""
    return Stage2.model_validate(options("stage2", **over)["stage2"])


def test_photographs_change_the_score_head_and_teach_the_right_way_round(tmp_path: Path) -> None:
    """By its losses alone: heads start at random, and the encoder learns nothing."""
    world = with_photographs(make_world())
    alone = {"head_init": "random", "train_encoder": False, "lr_heads": 1e-2, "epochs": 40}
    for loss in ("fidelity", "huber", "plcc"):
        folder = trained(only_photographs(world), tmp_path / loss, scene_loss=loss, **alone)
        scores = pd.read_csv(folder / "scores.csv").set_index("image")["value"]
        true = world.images.set_index("image")["score"]
        for source in SETS:
            own = scores[scores.index.str.startswith(f"{source}/")]
            assert len(own) >= 3 and own.corr(true[own.index], method="spearman") > 0.8, loss
    assert read_json(folder / "card.json")["comparison"].startswith("by the scores")


def test_photographs_teach_beside_pairs_and_move_the_score_head(tmp_path: Path) -> None:
    plain = trained(make_world(), tmp_path / "plain", head_init="random")
    more = trained(with_photographs(make_world()), tmp_path / "more", head_init="random")
    one, two = (load_file(f / "weights.safetensors") for f in (plain, more))
    name = "quality.heads.score_head.weight"
    assert not torch.equal(one[name], two[name])
    history = pd.read_csv(more / "history.csv")
    assert history["rank"].notna().any() and history["rank"].isna().any()
    assert history["scene"].notna().all()


@pytest.mark.parametrize("side", ["select", "test"])
@pytest.mark.parametrize("run", ["all", "0"])
def test_labels_of_select_and_test_sets_change_no_byte(tmp_path: Path, side: str, run: str) -> None:
    world = with_photographs(make_world(), roles={"q": side})
    world.images.loc[world.images["source"].eq("t"), "role"] = side
    other = world.copy()
    barred = other.images["role"].eq(side).to_numpy()
    assert 10 < barred.sum() < len(barred)
    rng = np.random.default_rng(0)
    other.images.loc[barred, "score"] = rng.permutation(other.images.loc[barred, "score"])
    of = other.pairs["source"].eq("t")
    turned = other.pairs.loc[of, "preference"].map({"A": "B", "B": "A", "equal": "A"})
    other.pairs.loc[of, "preference"] = turned
    first, second = (
        trained(w, tmp_path / name, run) for w, name in ((world, "one"), (other, "two"))
    )
    assert weights(first) == weights(second)
    assert weights(first.parent / "out-1") == weights(second.parent / "out-1")


def test_another_role_does_change_bytes(tmp_path: Path) -> None:
    """What the test above holds is not that nothing is learnt."""
    world = with_photographs(make_world())
    other = world.copy()
    own = other.images["source"].eq("q").to_numpy()
    other.images.loc[own, "score"] = other.images.loc[own, "score"].to_numpy()[::-1]
    first, second = (
        trained(w, tmp_path / name, "all") for w, name in ((world, "one"), (other, "two"))
    )
    assert weights(first) != weights(second)


@pytest.mark.parametrize("loss", ["fidelity", "huber", "plcc"])
def test_a_shift_of_one_set_s_scale_changes_nothing(tmp_path: Path, loss: str) -> None:
    """Scores of a set are compared inside it, whatever `compare_in` and `scene` say."""
    world = with_photographs(make_world())
    other = world.copy()
    own = other.images["source"].eq("q").to_numpy()
    other.images.loc[own, "score"] = 0.5 * other.images.loc[own, "score"] + 0.25
    over = {"scene_loss": loss, "compare_in": "scene", "scene": "task"}
    over |= {"head_init": "random"} if loss == "fidelity" else {}
    first, second = (
        load_file(trained(w, tmp_path / name, "all", **over) / "weights.safetensors")
        for w, name in ((world, "one"), (other, "two"))
    )
    for name in first:
        assert torch.allclose(first[name], second[name], atol=1e-5), name


def test_no_decided_pair_trains_the_score_and_ranks_by_it(tmp_path: Path) -> None:
    world = make_world()
    world.pairs["preference"] = "equal"
    still = {"train_encoder": False, "head_init": "random"}
    folder = trained(world, tmp_path, epochs=30, lr_heads=1e-2, **still)
    ranking = pd.read_csv(folder / "ranking.csv").merge(make_world().pairs, on="pair")
    decided = ranking[ranking["preference"].ne("equal")]
    assert len(decided) > 5
    assert ((decided["probability_a"] > 0.5) == decided["preference"].eq("A")).mean() > 0.9
    assert pd.read_csv(folder / "history.csv")["rank"].isna().all()
    assert read_json(folder / "card.json")["comparison"].startswith("by the scores")


@pytest.mark.parametrize("method", ["hyperiqa", "metaiqa", "dbcnn"])
def test_a_baseline_learns_from_photographs_alone(tmp_path: Path, method: str) -> None:
    world = only_photographs(with_photographs(make_world()))
    folder = world.write(tmp_path)
    more = {"meta_by": "dataset"} if method == "metaiqa" else {}
    given = options_of_baseline(method, epochs=20, lr_heads=1e-2, **more)
    assert call(folder, ["train-baseline", method, "0"], given, method) == 0
    scores = pd.read_csv(folder / method / "scores.csv").set_index("image")["value"]
    true = world.images.set_index("image")["score"]
    for source in SETS:
        own = scores[scores.index.str.startswith(f"{source}/")]
        assert own.corr(true[own.index], method="spearman") > 0.7


def test_where_nothing_can_be_learnt_a_line_says_so(tmp_path: Path, capsys) -> None:
    world = make_world()
    world.pairs["preference"] = "equal"
    world.images["score"] = 0.5
    place = world.write(tmp_path)
    assert call(place, ["stage1", "0"], options("stage1"), "one") == 0
    capsys.readouterr()
    given = options("stage2", head_init="random")
    assert call(place, ["stage2", "0"], given, "two", "--degradation=one") == 1
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert "there is nothing to learn from" in told and "Raise filter/tau" in told


def test_photographs_stand_among_pairs_as_images_of_their_data_set(tmp_path: Path) -> None:
    folder = with_photographs(make_world()).write(tmp_path)
    images, pairs = read_images(folder / "images.csv"), read_pairs(folder / "pairs.csv")
    images = images[images["task"].ne("distortion")].reset_index(drop=True)
    for over in ({"scene": "task"}, {"scene": "dataset"}, {"scene": "task", "compare_in": "scene"}):
        batches = PairBatches(images, pairs, settings_of(**over), np.arange(len(images)))
        lone = set(images["image"].iloc[batches.first[~batches.paired]])
        assert lone == set(images.loc[images["task"].eq(PHOTOGRAPH), "image"])
        assert (batches.first == batches.second).sum() == len(lone)
        for step in range(batches.sampler.per_epoch):
            rows, _ = batches.images_of(batches.sampler.step(step))
            own = images.iloc[rows]
            if own["task"].eq(PHOTOGRAPH).any():
                assert own["dataset"].nunique() == 1
                assert batches.groups is not None and len(set(batches.groups[rows].tolist())) == 1
    whole = PairBatches(images, pairs, settings_of(unpaired=True), np.arange(len(images)))
    more = set(images["image"].iloc[whole.first[~whole.paired]]) - lone
    assert more == {"s/gamma-alone"}


def test_stage_1_leaves_photographs_out(tmp_path: Path) -> None:
    plain, more = (
        w.write(tmp_path / name)
        for w, name in ((make_world(), "plain"), (with_photographs(make_world()), "more"))
    )
    for place in (plain, more):
        assert call(place, ["stage1", "0"], options("stage1", batch=64), "one") == 0
    assert weights(plain / "one") == weights(more / "one")
    with np.load(more / "one/features.npz") as file:
        assert {"p", "q"} <= {name.split("/")[0] for name in file["image"]}
    assert set(pd.read_csv(more / "one/tasks.csv")["task"]) <= {"denoising", "deblurring"}


def test_a_classifier_of_tasks_is_trained_read_and_scored_with(tmp_path: Path) -> None:
    world = make_world()
    deblurring = set(world.images.loc[world.images["task"].eq("deblurring"), "image"])
    for image in deblurring:  # a tint that tells the task
        world.pixels[image] = (world.pixels[image] * [0.4, 1.0, 1.0]).astype(np.uint8)
    folder = world.write(tmp_path)
    first = options("stage1", objective="classifier", epochs=60, lr_heads=1e-2)
    assert call(folder, ["stage1", "0"], first, "one") == 0
    tasks = pd.read_csv(folder / "one/tasks.csv")
    assert len(tasks) and tasks["task"].eq(tasks["predicted"]).mean() > 0.95
    assert any("classifier" in name for name in load_file(folder / "one/weights.safetensors"))
    assert call(folder, ["stage2", "0"], options("stage2"), "two", "--degradation=one") == 0
    assert read_json(folder / "two/card.json")["objective"] == "classifier"
    check_scorer(folder, "two")


def check_scorer(folder: Path, name: str) -> None:
    """Hold `fgresq score --checkpoint` to the scores that training wrote."""
    out = folder / f"{name}.scored.csv"
    given = ["--checkpoint", name, "--images", "images.csv", "--cache", "cache"]
    with contextlib.chdir(folder):
        assert main(["score", *given, "--out", str(out)]) == 0
    scored = pd.read_csv(out).set_index("image")["value"]
    table = pd.read_csv(folder / name / "scores.csv").set_index("image")["value"]
    assert np.allclose(scored[table.index], table, atol=1e-5)


def test_a_card_from_before_these_settings_still_scores(tmp_path: Path) -> None:
    folder = make_world().write(tmp_path)
    train_both(folder, "0", "two", options("stage1"), options("stage2"))
    card = read_json(folder / "two/card.json")
    for key in ("scene_loss", "unpaired", "score_hidden", "compare_hidden", "epochs_compare"):
        del card["settings"][key]
    del card["objective"], card["settings"]["lr_score"], card["settings"]["lr_compare"]
    write_json(folder / "two/card.json", card)
    check_scorer(folder, "two")


def test_rates_of_the_heads_are_apart(tmp_path: Path) -> None:
    folder = make_world().write(tmp_path)
    still = {"lr_encoder": 0.0, "lr_heads": 0.0, "head_init": "random"}
    rates = {"start": {}, "score": {"lr_score": 1e-2}, "compare": {"lr_compare": 1e-2}}
    found = {
        name: load_file(
            train_both(folder, "0", name, options("stage1"), options("stage2", **{**still, **over}))
            / "weights.safetensors"
        )
        for name, over in rates.items()
    }
    for name in ("score", "compare"):
        moved = {n for n, v in found[name].items() if not torch.equal(v, found["start"][n])}
        assert moved and all(f".{name}_head." in n for n in moved)


def test_the_comparison_may_wait_for_the_last_epochs(tmp_path: Path) -> None:
    folder = make_world().write(tmp_path)
    settings = options("stage2", epochs=3, epochs_compare=1)
    out = train_both(folder, "0", "late", options("stage1"), settings)
    history = pd.read_csv(out / "history.csv")
    a_third = len(history) // 3
    assert history["rank"].notna().tolist() == [False] * (2 * a_third) + [True] * a_third


def test_a_hidden_layer_starts_where_the_linear_head_does_and_learns() -> None:
    torch.manual_seed(0)
    plain = QualityHeads(8, 8, "xavier", "paper", "paper", False)
    torch.manual_seed(0)
    wide = QualityHeads(8, 8, "xavier", "paper", "paper", False, 5, 6)
    a, b = torch.randn(4, 8), torch.randn(4, 8)
    assert torch.equal(plain.score_logits(a), wide.score_logits(a))
    assert torch.equal(plain.compare_logits(a, b), wide.compare_logits(a, b))
    optimizer = torch.optim.Adam(wide.parameters(), lr=0.02)
    target = (a**2).sum(dim=1) - 8  # no linear head has it
    for _ in range(300):
        optimizer.zero_grad()
        loss = (wide.score_logits(a) - target).square().mean()
        loss = loss + (wide.compare_logits(a, b)[:, 1] - target).square().mean()
        loss.backward()
        optimizer.step()
    assert float(loss) < 0.1
    assert wide.score_beside is not None and wide.compare_beside is not None
    assert all(part[2].weight.abs().max() > 0 for part in (wide.score_beside, wide.compare_beside))


def test_the_losses_on_standard_scores_are_those_of_plain_numbers() -> None:
    rng = np.random.default_rng(0)
    logits, scores, groups = rng.normal(size=9), rng.normal(size=9), np.repeat([3, 1, 2], 3)
    values = [torch.from_numpy(v) for v in (logits, scores, groups)]
    assert float(plcc_loss(*values[:2])) == pytest.approx(
        0.5 * (1 - np.corrcoef(logits, scores)[0, 1]), abs=1e-6
    )
    inside = [v - pd.Series(v).groupby(groups).transform("mean") for v in (logits, scores)]
    assert float(plcc_loss(*values)) == pytest.approx(
        0.5 * (1 - np.corrcoef(*inside)[0, 1]), abs=1e-6
    )
    gap = np.abs(logits - scores)
    expected = np.where(gap < 1, 0.5 * gap**2, gap - 0.5).mean()
    assert float(huber_loss(*values)) == pytest.approx(expected)
    alone = torch.zeros(3, requires_grad=True)
    plcc_loss(alone, torch.zeros(3)).backward()
    assert alone.grad is not None and float(alone.grad.abs().sum()) == 0


def test_a_killed_run_with_photographs_ends_in_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = with_photographs(make_world()).write(tmp_path)
    settings = options("stage2", **{**HUMAN, "epochs": 4, "train_encoder": False})
    whole = train_both(folder, "0", "whole", options("stage1"), settings)
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 2)
    step = (["stage2", "0"], settings, "killed", "--degradation=whole-1")
    with monkeypatch.context() as patched:
        patched.setattr(loop, "check_finite", Killed(5))
        assert call(folder, *step) == INTERRUPTED
    assert (folder / "work/killed/checkpoint.pt").exists()
    assert call(folder, *step) == 0
    for name in ("weights.safetensors", "history.csv", "scores.csv"):
        assert (folder / "killed" / name).read_bytes() == (whole / name).read_bytes()


def test_sides_bar_what_selects_or_tests(tmp_path: Path) -> None:
    folder = with_photographs(make_world(), roles={"q": "select"}).write(tmp_path)
    images, pairs = read_images(folder / "images.csv"), read_pairs(folder / "pairs.csv")
    folds = pd.read_csv(folder / "folds.csv")
    barred = set(images.loc[images["source"].eq("q"), "image"])
    for run in ("all", "0", "pairs"):
        train, test, *_ = sides(images, pairs, folds, run)
        assert not barred & set(images["image"].iloc[train])
        assert any(name.startswith("p/") for name in images["image"].iloc[train])
    assert set(images["image"].iloc[sides(images, pairs, folds, "all")[1]]) == barred
    with pytest.raises(UserError, match="training side holds no image"):
        sides(images.assign(role="test"), pairs, folds, "all")


def test_the_paper_s_preset_means_what_it_meant() -> None:
    """Every setting that the paper does not know is at what leaves its training as it is."""
    paper = load().presets["paper"]
    neutral = {
        **{"scene_loss": "fidelity", "unpaired": False, "score_hidden": 0, "compare_hidden": 0},
        **dict.fromkeys(("epochs_compare", "lr_score", "lr_compare")),
    }
    for preset in (paper, load().presets["mini"]):
        record = preset.stage2.record()
        assert {key: record[key] for key in neutral} == neutral
        assert preset.stage1.objective == "contrastive"
    record = json.loads(paper.model_dump_json())
    assert record["stage2"]["head_init"] == "random" and record["stage2"]["epochs"] == 6
    assert record["tower"]["text"] == "a photo restored by {task}"
