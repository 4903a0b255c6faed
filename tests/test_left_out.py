"""What is left out of a set in parts: no label of it reaches a training, and rows are measured."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import human_ratings, left_baselines
from fgresq.files import read_json
from fgresq.human import left_models, ratings_columns
from fgresq.human.agreement import draws_of
from fgresq.human.left_out import PROTOCOLS, asked_of, runs_of, wide
from fgresq.human.rated_sets import RatedSet
from fgresq.human.ratings_columns import AGAINST, read_ratings
from fgresq.human.ratings_table import Answer, lines_of
from fgresq.settings import merge
from fgresq.weights.checkpoints import trained_state
from tests.conftest import ROOT, mark_workspace
from tests.human_world import World
from tests.test_human import bench_of, made, shuffled
from tests.test_search import declared as small_search
from tests.training_world import shallow_towers
from workflow import render_ratings
from workflow.check_human import faults_of_ratings
from workflow.check_human import main as check

SETTINGS_OF = left_baselines.settings_of
LEFT = "402"  # a family of the small world's srij


@pytest.fixture(scope="module", autouse=True)
def shallow() -> Iterator[None]:
    """Train on towers of two blocks."""
    with shallow_towers():
        yield


def small_baseline(protocol: str, method: str) -> dict:
    """Give the settings of a baseline, on the random tower of the small search."""
    over = {"tower": "random_vits14", "levels": [1, 2], "grid": 1}
    few = {"epochs": 2, "meta_steps": 2, "meta_tasks": 2}
    return merge(SETTINGS_OF(protocol, method), {"tower": over, "baseline": few})


def test_baselines_tell_photographs_apart_by_data_set_elsewhere() -> None:
    assert SETTINGS_OF("family", "metaiqa")["baseline"]["meta_by"] == "family"
    own = SETTINGS_OF("elsewhere", "metaiqa")["baseline"]
    assert own["meta_by"] == own["scene"] == "dataset"
    assert "meta_by" not in SETTINGS_OF("elsewhere", "dbcnn")["baseline"]


def made_here(place: Path, patch: pytest.MonkeyPatch) -> World:
    """Make the small world of sets where the benchmark looks for them."""
    world = made(place, patch)
    mark_workspace(place)
    (place / "results/data/human").mkdir(parents=True)
    (place / "results/data/human/sources").symlink_to(world.folder)
    patch.setattr(human_ratings, "read_declared", lambda: world.bench)
    patch.setattr(human_ratings, "read_search", lambda: small_search(chosen="plcc_1e4"))
    patch.setattr(human_ratings, "git_state", lambda: {"commit": "c0ffee", "dirty": False})
    patch.setattr(left_baselines, "settings_of", small_baseline)
    return world


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Give a world of a test's own."""
    return made_here(tmp_path, monkeypatch)


def run(*words: str) -> tuple[pd.DataFrame, dict]:
    """Make the table of the small world."""
    human_ratings.main(["--baselines", "metaiqa", "--methods", "psnr", *words])
    return read_ratings("reports/human")


def desk(*words: str) -> human_ratings.World:
    """Prepare the trainings of the small world."""
    caught: list[human_ratings.World] = []
    real = human_ratings.world_of
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            human_ratings, "world_of", lambda args: caught.append(real(args)) or caught[0]
        )
        human_ratings.main(["--baselines", "--estimate", *words])
    return caught[0]


def weights_of(world: human_ratings.World, name: str, with_others: bool) -> dict[str, np.ndarray]:
    """Train for the run in which a family is left out; give what was trained."""
    family = world.own.images["family"].eq(name).to_numpy()
    (one,) = [r for r in runs_of(world.own, "family") if (r.asked == family).all()]
    setup = left_models.setup_for(world.desk, one, True, with_others)
    fitted = left_models.taught_model(world.desk, setup, "run", Path("work/one"), "key")
    return {n: v.numpy().copy() for n, v in trained_state(fitted.model).items()}


@pytest.mark.parametrize("with_others", [False, True])
def test_labels_of_the_family_left_out_change_no_byte_of_a_model(
    world: World, with_others: bool
) -> None:
    before = weights_of(desk(), LEFT, with_others)
    shuffled(world, "srij", lambda family: family.astype(str).eq(LEFT))
    after = weights_of(desk("--work", "work/after"), LEFT, with_others)
    assert all(before[name].tobytes() == after[name].tobytes() for name in before)
    shuffled(world, "srij", lambda family: family.astype(str).ne(LEFT))
    other = weights_of(desk("--work", "work/other"), LEFT, with_others)
    assert any(before[name].tobytes() != other[name].tobytes() for name in before)


def test_what_is_left_out_has_no_label_in_what_is_trained_on(world: World) -> None:
    made_world = desk()
    own = made_world.own.images
    for protocol in PROTOCOLS:
        for one in runs_of(made_world.own, protocol):
            setup = left_models.setup_for(made_world.desk, one, protocol != "elsewhere", True)
            rows = setup.images.iloc[setup.train_rows]
            taught = set(rows.loc[rows["source"].eq("srij"), "image"])
            assert taught == (set(own.loc[one.teaches, "image"]) if one.teaches.any() else set())
            rest = setup.images.drop(index=setup.images.index[setup.train_rows])
            assert rest["score"].eq(0.5).all() and setup.test_pairs["preference"].eq("equal").all()
            inside = setup.train_pairs[["image_a", "image_b"]].isin(set(rows["image"]))
            assert inside.all(axis=None)


def test_who_is_asked_was_not_taught(world: World) -> None:
    own = bench_of(world).sets["srij"]
    families = runs_of(own, "family")
    assert len(families) == 4 and np.sum([r.asked for r in families], axis=0).tolist() == [1] * 12
    algorithms = runs_of(own, "algorithm")
    assert len(algorithms) == 3 * 3  # folds, restorers
    for one in algorithms:
        name = one.name.partition("-without-")[2]
        assert not own.images.loc[one.teaches, "algorithm"].eq(name).any()
        asked = own.pairs[one.pairs]
        ends = [asked[side].str.endswith(f"-{name}") for side in ("image_a", "image_b")]
        assert (ends[0] | ends[1]).all()
    for one in [*families, *algorithms]:
        assert not set(own.images.loc[one.teaches, "family"]) & set(
            own.images.loc[one.asked, "family"]
        )
    # every pair is answered by two models: one without each of its restorers
    assert len(asked_of(own, algorithms).pairs) == 2 * len(own.pairs)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[pd.DataFrame, dict, Path]]:
    """Give the table of the small world, its record, and its folder."""
    place = tmp_path_factory.mktemp("ratings")
    with pytest.MonkeyPatch.context() as patch:
        made_here(place, patch)
        yield *run(), place


def test_every_row_stands_beside_the_controls_with_intervals(whole: tuple) -> None:
    table, record, _ = whole
    for protocol in PROTOCOLS:
        rows = table[table["protocol"].eq(protocol)]
        named = {"fgresq", "metaiqa", "ridge", "random", "sharpness", "constant_order", "psnr"}
        assert named <= set(rows["row"])
        ours = rows[rows["row"].eq("fgresq")].set_index("measure")
        for other in ("metaiqa", "ridge", "sharpness"):
            for name in (f"over_{other}", f"over_{other}_low", f"over_{other}_high"):
                assert np.isfinite(ours.loc["acc", name])
        answered = rows[rows["reason"].eq("")]
        assert answered[["value", "low", "high"]].notna().all(axis=None)
    assert set(table.loc[table["measure"].eq("srcc"), "protocol"]) == {"elsewhere"}
    assert record["runs"] == {"family": 4, "algorithm": 9, "elsewhere": 1}
    assert record["seconds_a_training"]["fgresq"] > 0 and record["commit"] == "c0ffee"
    absent = table[table["row"].eq("constant_order") & table["protocol"].eq("algorithm")]
    assert absent["reason"].str.contains("has no place").all()


def test_a_stopped_call_goes_on_and_ends_in_the_same_table(
    whole: tuple, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    real, asked = left_models.fit, []

    def counted(name: str, *more: object) -> object:
        asked.append(name)
        if len(asked) == 4:
            raise KeyboardInterrupt
        return real(name, *more)

    monkeypatch.setattr(left_models, "fit", counted)
    with pytest.raises(KeyboardInterrupt):
        run()
    table, _ = run()
    assert len(asked) == 4 + 24  # three are kept; 2 x 13 + 1 in all
    pd.testing.assert_frame_equal(table, whole[0])
    capsys.readouterr()
    run("--estimate")
    assert "0 trainings of fgresqs (about 0 min)" in capsys.readouterr().out


def test_differences_are_on_the_same_pairs(world: World) -> None:
    own = bench_of(world).sets["srij"]
    runs = runs_of(own, "elsewhere")
    asked = asked_of(own, runs)
    good, bad = asked.images["score"].to_numpy(), -asked.images["score"].to_numpy()
    gaps = np.where(asked.pairs["preference"].eq("A"), 0.4, -0.4)
    answers = {"fgresq": Answer("fgresq", "", good), "ridge": Answer("ridge", "", bad)}
    answers["fgresq_compared"] = Answer("fgresq", "", gaps=gaps)
    lines = pd.DataFrame(lines_of("elsewhere", asked, answers, draws_of(own, 50, 0)))
    rows = lines.set_index(["row", "measure"])
    assert (
        rows.loc[("fgresq", "acc"), ["value", "over_ridge", "over_ridge_low"]].tolist() == [1] * 3
    )
    assert rows.loc[("ridge", "srcc"), "value"] == -1.0
    assert rows.loc[("fgresq_compared", "acc"), "value"] == 1.0
    assert rows.loc[("fgresq_compared", "acc_gap5")].isna()["value"]  # the world's scale is 0 to 10
    assert ("fgresq_compared", "srcc_groups") not in rows.index
    assert set(AGAINST) == {"metaiqa", "ridge", "dists", "sharpness"}


def test_wide_pairs_are_decided_by_the_scores(world: World) -> None:
    own: RatedSet = bench_of(world).sets["srij"]
    turned = own.pairs["preference"].map({"A": "B", "B": "A", "equal": "equal"})
    own.pairs["preference"] = turned
    kept = wide(own, 2.0)
    raw = own.images.set_index("image")["raw_score"]
    ahead = kept.pairs["image_a"].map(raw) - kept.pairs["image_b"].map(raw)
    assert len(kept.pairs) and ahead.abs().gt(2.0).all()
    assert kept.pairs["preference"].eq("A").eq(ahead > 0).all()


def test_the_page_has_a_table_a_protocol(whole: tuple) -> None:
    text = render_ratings.tables(whole[2] / "reports/human")
    assert "make human-full" in text and text.count("\n| row |") == len(PROTOCOLS)
    assert "| fgresq |" in text and "SRCC, one model" in text and "has no place" in text


DAMAGES = {
    "row 'random' is missing in the protocol elsewhere": lambda t: t[t["row"].ne("random")],
    "row 'fgresq', family (acc) has no interval": lambda t: t.assign(
        low=t["low"].mask(t["row"].eq("fgresq") & t["measure"].eq("acc"))
    ),
    "row 'fgresq', algorithm (srcc_groups) has no interval of its difference to ridge": (
        lambda t: t.assign(over_ridge_low=t["over_ridge_low"].mask(t["row"].eq("fgresq")))
    ),
}


@pytest.mark.parametrize("told", DAMAGES)
def test_a_table_of_ratings_that_lacks_something_fails_its_check(whole: tuple, told: str) -> None:
    table, record, _ = whole
    before = list(faults_of_ratings(table, record))
    assert set(before) == {f"row 'dists' is missing in the protocol {p}" for p in PROTOCOLS}
    assert told in set(faults_of_ratings(DAMAGES[told](table), record)) - set(before)


def test_a_committed_table_of_ratings_is_checked_with_the_other(
    whole: tuple, capsys: pytest.CaptureFixture
) -> None:
    folder = whole[2] / "reports/human"
    for name in ("transfer.csv", "transfer.json"):
        shutil.copyfile(ROOT / "reports/human" / name, folder / name)
    capsys.readouterr()
    words = ["--folder", str(folder), "--declared", str(whole[2] / "sets/human.yaml")]
    assert check(words) == 1
    assert "ratings.csv: row 'dists' is missing in the protocol family. Run 'make human-full'" in (
        capsys.readouterr().err
    )


def test_docs_show_the_committed_ratings() -> None:
    if not (render_ratings.FOLDER / ratings_columns.TABLE).exists():
        pytest.skip("`make human-full` was not run yet")
    assert render_ratings.TARGET.read_text(encoding="utf-8") == render_ratings.render()
    assert read_json(render_ratings.FOLDER / ratings_columns.RECORD)["command"] == "make human-full"
