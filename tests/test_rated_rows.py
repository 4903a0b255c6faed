"""Rows of the bench that are trained as FGResQ: what teaches them, what tells, and what may not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.files import read_json, sha256, write_csv, write_json
from fgresq.human import declared, rated_tokens, row_training
from fgresq.human.transfer_table import contents_only, read_transfer
from fgresq.tables import read_images
from tests.conftest import mark_workspace
from tests.human_world import DECLARED, World
from tests.test_human import SOURCES, made, shuffled
from tests.test_search import declared as small_search
from tests.training_world import shallow_towers
from workflow.check_human import faults

ROWS = """
  - { name: ours, kind: fgresq, train: [{ set: clive }, { set: biq2021 }], finalist: true }
  - { name: observed, kind: fgresq, train: [{ set: mini }] }
"""
CHECKED = ("constant_order", "sharpness", "ours", "observed")


@pytest.fixture(scope="module", autouse=True)
def shallow() -> Iterator[None]:
    """Train on towers of two blocks."""
    with shallow_towers():
        yield


def made_with_rows(place: Path, patch: pytest.MonkeyPatch) -> World:
    """Make the small world of sets with embedded data, and two rows that FGResQ is trained for."""
    world = made(place, patch)
    mark_workspace(place)
    patch.setitem(SOURCES, "mini", {})
    world.restored("mini", 600, ("ratings",))
    sets = DECLARED.replace("  srij: {", "  mini: { role: train, settings: 0 }\n  srij: {", 1)
    world.declared.write_text(sets + ROWS)
    for module in (rated_tokens, row_training):
        patch.setattr(module, "read_search", lambda: small_search(chosen="plcc_1e4"))
    return world


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Give a world of a test's own."""
    return made_with_rows(tmp_path, monkeypatch)


def train(world: World, row: str, out: Path) -> Path:
    """Train a row; give its folder."""
    words = ["--images", *map(str, world.tables), "--declared", str(world.declared)]
    words += ["--weights", "nowhere", "--work", str(out / "work"), "--out", str(out / row)]
    assert main(["step", "train-rated", row, *words]) == 0
    return out / row


def table_of(world: World, models: Path) -> tuple[pd.DataFrame, dict]:
    """Make the table of the bench of what was trained."""
    words = ["--images", *map(str, world.tables), "--declared", str(world.declared)]
    words += ["--models", str(models), "--out", str(models / "transfer.csv")]
    assert main(["step", "transfer", *words]) == 0
    return read_transfer(models)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Path]]:
    """Give a world with both rows trained, and the folder of models and table."""
    place = tmp_path_factory.mktemp("rows")
    with pytest.MonkeyPatch.context() as patch:
        world = made_with_rows(place, patch)
        for row in ("ours", "observed"):
            train(world, row, place / "models")
        table_of(world, place / "models")
        yield world, place / "models"


def test_the_rows_stand_in_the_table_with_intervals_over_contents(whole: tuple) -> None:
    table, record = read_transfer(whole[1])
    ours = table[table["row"].eq("ours")]
    assert set(ours["set"]) == {"srij", "agiqa3k", "srcolor"} and ours["reason"].eq("").all()
    assert ours[["low", "high", "difference_low", "over_sharpness_high"]].notna().all(axis=None)
    assert ours["trained_on"].eq("clive + biq2021").all()
    assert set(ours.loc[ours["set"].eq("agiqa3k"), "against"]) <= set(table["row"])
    # the third is measured on no test set; each looked at the sets that select
    assert set(table.loc[table["row"].eq("observed"), "set"]) == {"srij", "agiqa3k"}
    assert record["sets"]["srij"]["settings"] == 5 + 3 + 2
    alone = {row: contents_only(line) for row, line in table.set_index("row").iterrows()}
    assert alone["ours"] and alone["observed"] and not alone["clive"]
    assert not alone["random_both"] and not alone["sharpness"] and not alone["psnr"]


def test_the_comparison_head_has_a_row_where_it_has_learnt(whole: tuple) -> None:
    table, _ = read_transfer(whole[1])
    rows = table[table["row"].str.endswith("_compared")]
    assert set(rows["row"]) == {"observed_compared"} and set(rows["measure"]) == {"acc", "votes"}
    assert rows["tower"].eq("comparison head").all() and rows["against"].ne("").all()
    told = pd.read_csv(whole[1] / "observed/compared.csv")
    pairs = pd.read_csv(whole[0].folder / "srij.pairs.csv").merge(told, on=["image_a", "image_b"])
    decided = pairs[pairs["preference"].ne("equal")]
    right = (decided["probability_a"].gt(0.5) == decided["preference"].eq("A")).mean()
    acc = rows[rows["set"].eq("srij") & rows["measure"].eq("acc")]["value"].item()
    assert acc == pytest.approx(right, abs=1e-6)


def test_labels_of_what_does_not_teach_a_row_change_no_byte_of_it(
    world: World, tmp_path: Path
) -> None:
    one = train(world, "observed", tmp_path / "one")
    for name in ("srij", "agiqa3k", "srcolor", "clive"):
        shuffled(world, name, lambda family: family.notna())
    two = train(world, "observed", tmp_path / "two")
    for name in ("weights.safetensors", "scores.csv", "compared.csv"):
        assert sha256(one / name) == sha256(two / name), name
    shuffled(world, "mini", lambda family: family.notna())
    three = train(world, "observed", tmp_path / "three")
    assert sha256(one / "weights.safetensors") != sha256(three / "weights.safetensors")


def test_no_label_that_does_not_teach_is_in_what_the_training_reads(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    real = row_training.learnt

    def watched(search: object, taught: list, others: list, *more: object) -> object:
        seen.extend(others)
        return real(search, taught, others, *more)

    monkeypatch.setattr(row_training, "learnt", watched)
    train(world, "observed", tmp_path / "models")
    assert {own.name for own in seen} == {"clive", "biq2021", "srij", "agiqa3k", "srcolor"}
    for own in seen:
        assert own.images["score"].eq(0.5).all() and own.images["raw_score"].eq(0.5).all()
        assert own.pairs["preference"].eq("equal").all() and own.pairs["votes_a"].isna().all()


def test_all_rows_read_what_the_tower_was_asked_for_once(world: World, tmp_path: Path) -> None:
    words = ["--images", *map(str, world.tables), "--declared", str(world.declared)]
    out = tmp_path / "encoded.json"
    assert main(["step", "encode-rated", *words, "--weights", "nowhere", "--out", str(out)]) == 0
    made_once = sorted(path.name for path in Path("work/cache").glob("*.npy"))
    assert any(read_json(out)["key"] in name for name in made_once)
    train(world, "ours", tmp_path / "models")
    assert sorted(path.name for path in Path("work/cache").glob("*.npy")) == made_once


def test_a_row_of_an_absent_set_is_absent_with_the_next_step(world: World, tmp_path: Path) -> None:
    write_csv(world.folder / "biq2021.csv", read_images(world.folder / "biq2021.csv")[:0])
    absent = {"reason": "there is nothing there", "next_step": "place it"}
    write_json(world.folder / "biq2021.json", {"absent": absent})
    train(world, "ours", tmp_path / "models")
    table, _ = table_of(world, tmp_path / "models")
    reasons = table.set_index("row")["reason"]
    assert reasons["ours"].str.contains("there is nothing there; next step: place it").all()
    assert reasons["observed"].str.endswith("next step: run `make human`").all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("[{ set: mini }]", "[{ set: srij }]"), "srij would teach it, whose role is select"),
        (("[{ set: mini }]", "[{ set: mini, labels: lpips }]"), "mini stands there with labels"),
        (("[{ set: mini }]", "[]"), "a fgresq that learns from nothing"),
        (("name: observed", "name: ours_compared"), "there is such a row already"),
    ],
)
def test_a_row_that_contradicts_is_told_in_a_line(world: World, change: tuple, told: str) -> None:
    world.declared.write_text(world.declared.read_text().replace(*change, 1))
    with pytest.raises(UserError, match=told):
        declared.read_declared(world.declared)


def test_a_row_that_is_none_is_told_in_a_line(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    words = ["--images", *map(str, world.tables), "--declared", str(world.declared)]
    words += ["--weights", "nowhere", "--work", "work", "--out", str(tmp_path / "out")]
    assert main(["step", "train-rated", "our", *words]) == 1
    assert "unknown row 'our'. Did you mean 'ours'" in capsys.readouterr().err


Damage = Callable[[pd.DataFrame], pd.DataFrame]
DAMAGES: dict[str, Damage] = {
    "row 'ours' is missing on srij": lambda t: t[t["row"].ne("ours") | t["set"].ne("srij")],
    "row 'ours' on srij (acc) has no interval": lambda t: t.assign(
        low=t["low"].mask(t["row"].eq("ours") & t["measure"].eq("acc"))
    ),
    "row 'observed_compared' on srij (acc) has no interval of its difference": lambda t: t.assign(
        difference_low=t["difference_low"].mask(t["row"].eq("observed_compared"))
    ),
    "control 'random_observed' has no value on srij": lambda t: t[t["row"].ne("random_observed")],
}


@pytest.mark.parametrize("told", DAMAGES)
def test_a_row_without_interval_or_control_fails_the_check(whole: tuple, told: str) -> None:
    table, record = read_transfer(whole[1])
    bench = declared.read_declared(whole[0].declared)
    before = list(faults(table, record, bench))
    assert not [fault for fault in before if "ours" in fault or "observed" in fault]
    assert any(fault.startswith(told) for fault in faults(DAMAGES[told](table), record, bench))


def test_a_stopped_training_goes_on_to_the_same_bytes(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fgresq.training import loop
    from tests.training_world import Killed

    first = train(world, "observed", tmp_path / "one")
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 1)
    with monkeypatch.context() as patched:
        patched.setattr("fgresq.training.loop.check_finite", Killed(1))
        with pytest.raises(AssertionError):
            train(world, "observed", tmp_path / "two")
    assert (tmp_path / "two/work").exists()
    second = train(world, "observed", tmp_path / "two")
    assert sha256(first / "weights.safetensors") == sha256(second / "weights.safetensors")
    assert not (tmp_path / "two/work").exists()
    shutil.rmtree(tmp_path / "one")
    assert np.isfinite(pd.read_csv(second / "scores.csv")["value"]).all()
