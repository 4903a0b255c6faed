"""The search for settings, and train-human, on a small world: five sets, of which two select."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors.torch import load_file

from fgresq import workspace
from fgresq.absent import Absent
from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.files import digest, read_json, sha256, write_csv
from fgresq.human import declared_search, people, search
from fgresq.human.agreed import agreement
from fgresq.human.declared_search import MOST, Search, read_search
from fgresq.human.taught import Taught, at_most, dealt, joined, set_of_tables
from fgresq.settings import merge, read_yaml
from fgresq.tables import SUPPLIED_COLUMNS, empty, rated, read_table, write_images
from tests.conftest import ROOT, mark_workspace
from tests.test_photographs import SETS, with_photographs
from tests.training_world import INTERRUPTED, World, make_world, shallow_towers

NAMES = {"s": "mini", "t": "srij", "p": "clive", "q": "biq2021"}  # sources of the world


@pytest.fixture(scope="module", autouse=True)
def shallow() -> Iterator[None]:
    """Train on towers of two blocks."""
    with shallow_towers():
        yield


def declared(**over: Any) -> Search:
    """Give the package's search with a few configurations, on a random tower of two blocks."""
    found = read_yaml(workspace.packaged(declared_search.FILE))
    names = ("plcc_1e4", "start_alone", "clive_alone", "classifier")
    found["configurations"] = {name: found["configurations"][name] for name in names}
    tower = {"tower": "random_vits14", "levels": [1, 2], "grid": 1}
    more = {"tower": tower, "stage1": {"epochs": 1}, "stage2": {"epochs": 2}, "most": {}}
    more["chosen"] = "plcc_1e4"
    found = merge(found, {**more, "folds": 3, "seeds": [0], "finalists": 1, **over})
    found["most"] = {}
    return Search.model_validate(found)


def sets_of(folder: Path, world: World) -> dict[str, Taught]:
    """Write a world's pictures, and give its sources as the sets of the search."""
    world = world.copy()
    made = world.write(folder)
    images = pd.read_csv(made / "images.csv", keep_default_na=False)
    images["path"] = [str(made / path) for path in images["path"]]
    found = {}
    for source, name in NAMES.items():
        own = images[images["source"].eq(source)].assign(source=name, dataset=name)
        own["image"] = name + own["image"].str.slice(1)
        pairs = world.pairs[world.pairs["source"].eq(source)].assign(split_pairs="")
        for side in ("image_a", "image_b"):
            pairs[side] = name + pairs[side].str.slice(1)
        found[name] = Taught(name, rated(own), pairs[list(SUPPLIED_COLUMNS)])
    more = found["clive"].images.iloc[::2].assign(source="agiqa3k", dataset="agiqa3k")
    more["image"] = more["image"].str.replace("clive/", "agiqa3k/")
    more["path"] = [turned(path) for path in more["path"]]  # clive's, upside down
    more["sha256"] = [sha256(path) for path in more["path"]]
    return found | {"agiqa3k": Taught("agiqa3k", more, empty(SUPPLIED_COLUMNS))}


def turned(path: str) -> str:
    """Write a picture upside down beside it; give its path."""
    other = Path(path).with_suffix(".turned.png")
    Image.open(path).transpose(Image.Transpose.ROTATE_180).save(other)
    return str(other)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Taught]:
    """Give the sets of a world."""
    place = tmp_path_factory.mktemp("sets")
    with contextlib.chdir(place):
        return sets_of(place, with_photographs(make_world()))


def bench(work: Path, sets: dict[str, Taught], **over: Any) -> search.Bench:
    """Give the bench of the small search."""
    return search.bench_of(declared(**over), sets, Path("nowhere"), work, 1)


def test_the_package_s_search_is_declared_whole() -> None:
    found = read_search()
    assert 2 <= len(found.configurations) <= MOST and found.finalists == 2
    assert len(found.seeds) == 3 and "srcolor" not in found.roles
    assert found.named("select") == ("srij", "agiqa3k")
    made = found.configured(found.chosen, finalist=True)
    assert made.stage2.train_encoder and not found.configured(found.chosen).stage2.train_encoder


@pytest.mark.parametrize(
    ("over", "told"),
    [
        (
            {"configurations": {"unpaired": {"sets": ["srij"]}}},
            "'srij' selects, and so teaches nothing",
        ),
        ({"configurations": {"unpaired": {"sets": ["kadid"]}}}, "kadid"),
        ({"configurations": {"unpaired": {"stage2": {"lr_head": 1.0}}}}, "lr_head"),
        ({"chosen": "nobody"}, "nobody"),
        ({"roles": {"clive": "test"}}, "roles/clive"),
    ],
)
def test_a_search_that_contradicts_itself_is_told_in_a_line(
    tmp_path: Path, over: dict, told: str
) -> None:
    found = merge(read_yaml(workspace.packaged(declared_search.FILE)), over)
    path = tmp_path / "search.yaml"
    path.write_text(pd.io.json.ujson_dumps(found), encoding="utf-8")  # JSON is YAML
    with pytest.raises(UserError) as caught:
        read_search(path)
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_chosen_is_the_best_of_the_committed_search() -> None:
    path = ROOT / "reports/human/search.csv"
    if not path.exists():
        pytest.skip("the search was not run yet")
    found, table = read_search(), read_table(path, search.COLUMNS)
    assert search.best_of(table) == found.chosen
    record = read_json(path.with_suffix(".json"))
    declared_as = digest(found.model_dump(mode="json", exclude={"chosen"}))
    assert record["declared"] == declared_as, "another search was declared after this one was run"
    assert set(table["configuration"]) == set(found.configurations)
    assert table["finalist"].eq("yes").sum() == found.finalists * len(found.seeds)


def test_the_best_finalist_is_that_of_the_best_mean() -> None:
    rows = [("a", "yes", 0.9), ("a", "yes", 0.5), ("b", "yes", 0.8), ("b", "yes", 0.8)]
    table = pd.DataFrame([*rows, ("c", "", 0.95)])
    table.columns = ["configuration", "finalist", "criterion"]
    assert search.best_of(table) == "b"


def test_more_than_24_configurations_are_refused(tmp_path: Path) -> None:
    found = read_yaml(workspace.packaged(declared_search.FILE))
    found["configurations"] |= {f"more_{k}": {} for k in range(MOST)}
    (tmp_path / "search.yaml").write_text(pd.io.json.ujson_dumps(found), encoding="utf-8")
    with pytest.raises(UserError, match="configurations"):
        read_search(tmp_path / "search.yaml")


def test_a_killed_search_goes_on_and_ends_in_the_same_table(
    tmp_path: Path, sets: dict[str, Taught], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    whole = search.searched(bench(tmp_path / "whole", sets))
    assert whole["configuration"].tolist()[0] == whole["configuration"][1]  # the finalist first
    assert whole["finalist"].tolist() == ["yes"] + [""] * 4
    real, asked = search.fit, []

    def counted(name: str, *more: Any) -> Any:
        asked.append(name)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return real(name, *more)

    monkeypatch.setattr(search, "fit", counted)
    with pytest.raises(KeyboardInterrupt):
        search.searched(bench(tmp_path / "killed", sets))
    again = search.searched(bench(tmp_path / "killed", sets))
    assert len(asked) == 3 + 3  # two were kept; the third and the rest, and the finalist
    plain = [table.drop(columns="seconds") for table in (whole, again)]
    pd.testing.assert_frame_equal(*plain)
    search.searched(bench(tmp_path / "killed", sets))
    assert len(asked) == 6


def test_labels_that_select_reach_no_training(
    tmp_path: Path, sets: dict[str, Taught], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of select sets, and of the fold that is kept from training."""
    monkeypatch.chdir(tmp_path)
    first = bench(tmp_path / "one", sets)
    folds = dealt(pd.concat([sets[n].images for n in ("clive", "biq2021", "mini")]), 3)
    held = folds[folds["fold"].eq(0)]
    other = dict(sets)
    for name, own in sets.items():
        images, pairs = own.images.copy(), own.pairs.copy()
        barred = images["family"].isin(held.loc[held["source"].eq(name), "family"])
        barred |= name in ("srij", "agiqa3k")
        images.loc[barred, "score"] = 1 - images.loc[barred, "score"]
        of = pairs["image_a"].isin(images.loc[barred, "image"])
        turned = pairs.loc[of, "preference"].map({"A": "B", "B": "A", "equal": "equal"})
        pairs.loc[of, "preference"] = turned
        other[name] = Taught(name, images, pairs)
        assert barred.any()
    second, values = bench(tmp_path / "two", other), []
    real = search.measures
    monkeypatch.setattr(
        search, "measures", lambda s, made, r: values.append(made) or real(s, made, r)
    )
    rows = [search.tried(own, "plcc_1e4", True, 0) for own in (first, second)]
    assert values[0].scores.equals(values[1].scores)
    for name in ("srij_acc", "agiqa3k_srcc", "clive_srcc", "biq2021_srcc"):
        assert np.isclose(rows[0][name], 1 - rows[1][name] if "acc" in name else -rows[1][name])


def test_rows_of_other_data_are_not_taken_up(
    tmp_path: Path, sets: dict[str, Taught], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked: list[str] = []
    real = search.fit
    monkeypatch.setattr(search, "fit", lambda name, *a: asked.append(name) or real(name, *a))
    search.tried(bench(tmp_path, sets), "start_alone", False, 0)
    images = sets["clive"].images
    other = Taught("clive", images.assign(score=1 - images["score"]), sets["clive"].pairs)
    search.tried(bench(tmp_path, {**sets, "clive": other}), "start_alone", False, 0)
    assert asked == ["start_alone"] * 2


def test_the_criterion_is_the_mean_of_its_parts() -> None:
    found = {"srij_acc": 0.9, "srij_srcc_groups": 0.7, "agiqa3k_srcc": 0.5}
    found |= {"clive_srcc": 0.6, "biq2021_srcc": 0.3, "mini_acc": 0.6}
    assert search.criterion(found) == pytest.approx((0.8 + 0.5 + 0.5) / 3)


def test_agreement_has_the_right_sign_and_half_for_ties() -> None:
    images = pd.DataFrame({"image": list("abcd"), "score": [0.1, 0.2, 0.3, 0.4]})
    images = images.assign(task="denoising", group=["g", "g", "g", "h"])
    pairs = pd.DataFrame([("a", "b", "B"), ("b", "c", "B"), ("a", "c", "equal")])
    pairs.columns = ["image_a", "image_b", "preference"]
    values = pd.Series([1.0, 2.0, 2.0, 0.0], index=list("abcd"))
    assert agreement(images, pairs, values)["acc"] == 0.75
    assert agreement(images, pairs, -values)["acc"] == 0.25
    assert agreement(images, pairs, values)["srcc_groups"] > 0.8
    shots = images.assign(task="photograph")
    assert agreement(shots, pairs.iloc[:0], values) == {"srcc": pytest.approx(-0.316, abs=1e-3)}


def test_the_same_families_are_taken_each_time(sets: dict[str, Taught]) -> None:
    own = sets["mini"]
    some = at_most(own, 6)
    sizes = own.images["family"].value_counts()
    assert 0 < len(some.images) <= 6
    assert (some.images["family"].value_counts() == sizes[some.images["family"].unique()]).all()
    turned = Taught("mini", own.images.iloc[::-1].reset_index(drop=True), own.pairs)
    assert set(at_most(turned, 6).images["image"]) == set(some.images["image"])
    known = set(some.images["image"])
    assert len(some.pairs) and set(some.pairs["image_a"]) | set(some.pairs["image_b"]) <= known


def test_tables_of_read_source_are_read(tmp_path: Path, sets: dict[str, Taught]) -> None:
    write_images(tmp_path / "srij.csv", sets["srij"].images)
    write_csv(tmp_path / "srij.pairs.csv", sets["srij"].pairs)
    assert len(set_of_tables("srij", tmp_path).images) == len(sets["srij"].images)
    roles = {"srij": "select", "clive": "train"}
    images, pairs, folds = joined([sets["srij"], sets["clive"]], roles, 3)
    assert set(images["role"]) == {"select", "train"} and set(folds["source"]) == {"clive"}
    assert not pairs["fold"].isin([0, 1, 2]).any() and pairs["pair"].is_unique


@pytest.fixture
def placed(
    tmp_path: Path, sets: dict[str, Taught], monkeypatch: pytest.MonkeyPatch
) -> dict[str, Taught]:
    """Work in a folder where the sets are placed, on the small settings; a test takes sets away."""
    mark_workspace(tmp_path)
    monkeypatch.chdir(tmp_path)
    here = dict(sets)

    def at_hand(name: str) -> Taught | Absent:
        nothing = Absent("not_placed", f"'{name}' is not placed", f"run `fgresq data fetch {name}`")
        return here.get(name, nothing)

    monkeypatch.setattr(people, "set_at_hand", at_hand)
    monkeypatch.setattr(people, "read_search", declared)
    known = {name: {"title": name, "licence": "none stated"} for name in [*sets, "srcolor"]}
    known["srcolor"]["role"] = "test"
    known["clive"] |= {"licence": "any use", "ships": True}
    monkeypatch.setattr(people, "catalogue", lambda kind: known)
    return here


def train(*words: str, out: str = "model") -> int:
    """Call the command."""
    return main(["train-human", "--out", out, "--weights", "nowhere", *words])


def test_train_human_writes_a_checkpoint_that_scores(
    placed: dict[str, Taught], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert train("--sets", "clive", "biq2021", "mini") == 0
    card = read_json("model/card.json")
    assert card["kind"] == "FGResQ" and card["licence"] == "research only: biq2021"
    assert [own["set"] for own in card["data"]] == ["clive", "biq2021", "mini"]
    assert set(card["agrees"]) == {"srij", "agiqa3k"}
    assert {"acc", "srcc_groups"} == set(card["agrees"]["srij"]["sharpness"])
    told = capsys.readouterr().err
    assert "srij, acc: " in told and "sharpness alone" in told
    Path("pictures").mkdir()
    paths = sets_path(placed)
    (Path("pictures") / "one.png").write_bytes(paths[0].read_bytes())
    call = ["--checkpoint", "model", "--images", "pictures", "--out", "scores.csv"]
    assert main(["score", *call]) == 0
    value = pd.read_csv("scores.csv")["value"].iloc[0]
    known = pd.read_csv("model/scores.csv")
    assert 0 < value < 1 and len(known) == len(placed["srij"].images) + len(
        placed["agiqa3k"].images
    )


def sets_path(placed: dict[str, Taught]) -> list[Path]:
    """Give the pictures of a set."""
    return [Path(path) for path in placed["clive"].images["path"]]


def test_what_is_named_teaches_and_what_is_not_is_measured_on(
    placed: dict[str, Taught],
) -> None:
    del placed["mini"], placed["agiqa3k"]
    assert train("--sets", "clive", "srij") == 0
    card = read_json("model/card.json")
    assert card["agrees"] == {} and card["comparison"] == "learnt"
    assert train("--sets", "clive", out="other") == 0
    other = read_json("other/card.json")
    assert set(other["agrees"]) == {"srij"} and other["licence"] == "as the sets that taught it"
    one, two = (load_file(f"{name}/weights.safetensors") for name in ("model", "other"))
    name = "quality.heads.score_head.weight"
    assert not one[name].equal(two[name])


def test_labels_that_are_measured_on_change_no_byte_of_the_model(
    placed: dict[str, Taught],
) -> None:
    assert train("--sets", "clive", "biq2021", out="one") == 0
    for name in ("srij", "agiqa3k"):
        own = placed[name]
        images = own.images.assign(score=own.images["score"].to_numpy()[::-1])
        turned = own.pairs["preference"].map({"A": "B", "B": "equal", "equal": "A"})
        placed[name] = Taught(name, images, own.pairs.assign(preference=turned))
    assert train("--sets", "clive", "biq2021", out="two") == 0
    assert sha256("one/weights.safetensors") == sha256("two/weights.safetensors")
    first, second = (read_json(f"{name}/card.json")["agrees"] for name in ("one", "two"))
    assert first != second


@pytest.mark.parametrize(
    ("words", "gone", "told"),
    [
        ((), ("clive", "biq2021"), "'clive' is not placed; nor is biq2021. Run `fgresq data"),
        (("--sets", "clive", "srij"), ("srij",), "Run `fgresq data fetch srij`"),
        (("--sets", "srcolor"), (), "'srcolor' tests models"),
        (("--sets", "clove"), (), "clive"),
        (("--sets", "clive", "clive"), (), "stands twice"),
    ],
)
def test_what_is_not_there_is_told_in_a_line(
    placed: dict[str, Taught], words: tuple, gone: tuple, told: str, capsys: pytest.CaptureFixture
) -> None:
    for name in gone:
        del placed[name]
    assert train(*words) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and told in lines[0] and not Path("model/card.json").exists()


def test_a_picture_that_teaches_and_is_measured_on_is_refused(
    placed: dict[str, Taught], capsys: pytest.CaptureFixture
) -> None:
    own = placed["srij"].images.copy()
    own.loc[0, "sha256"] = placed["clive"].images["sha256"].iloc[0]
    placed["srij"] = Taught("srij", own, placed["srij"].pairs)
    assert train("--sets", "clive") == 1
    assert "which the model is measured on" in capsys.readouterr().err


def test_what_shows_the_same_as_a_picture_that_is_measured_on_teaches_nothing(
    placed: dict[str, Taught], capsys: pytest.CaptureFixture
) -> None:
    own, shown = placed["clive"].images.copy(), placed["srij"].images["path"].iloc[0]
    darker = Path(own["path"].iloc[0]).with_name("darker.png")
    Image.open(shown).point(lambda value: int(value * 0.9)).save(darker)
    own.loc[own.index[0], ["path", "sha256"]] = [str(darker), sha256(darker)]
    placed["clive"] = Taught("clive", own, placed["clive"].pairs)
    assert train("--sets", "clive") == 0
    assert "clive: 1 images left out" in capsys.readouterr().err
    assert read_json("model/card.json")["data"][0]["images"] == len(own) - 1
    assert not Path("model/unfinished").exists()


def test_a_stopped_call_goes_on_to_the_same_bytes(
    placed: dict[str, Taught], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fgresq.training import loop
    from tests.training_world import Killed

    assert train("--sets", "clive", "biq2021", "mini", out="whole") == 0
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 2)
    with monkeypatch.context() as patched:
        patched.setattr("fgresq.training.loop.check_finite", Killed(3))
        assert train("--sets", "clive", "biq2021", "mini") == INTERRUPTED
    assert Path("model/unfinished").exists() and not Path("whole/unfinished").exists()
    assert train("--sets", "clive", "biq2021", "mini") == 0
    assert sha256("model/weights.safetensors") == sha256("whole/weights.safetensors")


def test_absence_without_any_set_names_what_brings_one_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FGRESQ_HOME", str(tmp_path / "home"))
    assert main(["train-human", "--sets", "srij", "--out", "model"]) == 1
    told = capsys.readouterr().err.strip()
    assert "srij" in told and "not placed" in told and len(told.splitlines()) == 1
    assert len(SETS) == 2
