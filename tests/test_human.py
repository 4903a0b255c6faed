"""The bench of transfer: roles hold, signs are right, and no test set reaches what is trained."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from fgresq.analysis.bootstrap import draw
from fgresq.analysis.trivial import constant_order
from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.files import read_json, write_csv, write_json
from fgresq.human import answers, declared, kept, transfer
from fgresq.human.agreement import Question, difference, majority, measured
from fgresq.human.agreement import questions as questions_of
from fgresq.human.answers import Bench, Values
from fgresq.human.at_hand import read_sets
from fgresq.human.kept import Kept
from fgresq.human.pooled import perceptual_hash
from fgresq.human.rated_sets import RatedSet, near
from fgresq.human.transfer import all_answers
from fgresq.human.transfer_table import COLUMNS, read_transfer
from fgresq.images import read_rgb, write_png
from fgresq.tables import read_images
from tests.human_world import DECLARED, World, fake_features
from workflow import render_human
from workflow.check_human import main as check

SOURCES = dict.fromkeys(("clive", "biq2021", "srij", "agiqa3k", "srcolor"), {})


def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Make a small world of sets, with a stand-in for every tower, and caches of its own."""
    real = kept.pooler
    monkeypatch.setenv("FGRESQ_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    known = declared.catalogue
    catalogues = {"sources": SOURCES, "methods": known("methods")}
    monkeypatch.setattr(declared, "catalogue", catalogues.__getitem__)
    monkeypatch.setattr(kept, "made_of", lambda name: None)
    monkeypatch.setattr(
        kept, "pooler", lambda name, *how: real(name, *how) if name == "glance" else fake_features
    )
    monkeypatch.setattr(transfer, "git_state", lambda: {"commit": "c0ffee", "dirty": False})
    folder = tmp_path / "sets"
    folder.mkdir()
    return World(folder)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Give a small world."""
    return made(tmp_path, monkeypatch)


def bench_of(world: World) -> Bench:
    """Read the world's sets."""
    return Bench(world.bench, *read_sets(world.tables, world.bench))


def answered(world: World) -> dict[str, Values]:
    """Ask every row of the world's bench."""
    return all_answers(bench_of(world))[0]


def run(world: World, folder: Path) -> pd.DataFrame:
    """Run the step; give its table."""
    words = ["--images", *map(str, world.tables), "--declared", str(world.declared)]
    assert main(["step", "transfer", *words, "--out", str(folder / "transfer.csv")]) == 0
    return read_transfer(folder)[0]


def shuffled(world: World, name: str, families: Callable[[pd.Series], pd.Series]) -> None:
    """Turn all labels of some families of a set upside down: scores, preferences, votes."""
    images = read_images(world.folder / f"{name}.csv")
    chosen = families(images["family"])
    for column in ("raw_score", "score"):
        values = images.loc[chosen, column]
        images.loc[chosen, column] = values.max() + values.min() - values
    write_csv(world.folder / f"{name}.csv", images)
    path = world.folder / f"{name}.pairs.csv"
    pairs = pd.read_csv(path)
    of = images.set_index("image")["family"]
    turned = families(pairs["image_a"].map(of)) if len(pairs) else pd.Series([], dtype=bool)
    votes = pairs.loc[turned, ["votes_b", "votes_a"]].to_numpy()
    pairs.loc[turned, ["votes_a", "votes_b"]] = votes
    pairs.loc[turned, "preference"] = pairs.loc[turned, "preference"].map({"A": "B", "B": "A"})
    write_csv(path, pairs)


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether two arrays have the same bytes."""
    return one.tobytes() == other.tobytes()


def test_no_label_of_a_select_or_test_set_reaches_what_is_trained_elsewhere(world: World) -> None:
    before = answered(world)
    for name in ("srij", "agiqa3k", "srcolor"):
        shuffled(world, name, lambda family: family.notna())
    after = answered(world)
    trained = [row for row in before if row not in ("constant_order", "srij", "random_srij")]
    assert {"clive", "both", "random_clive", "random_both", "psnr"} <= set(trained)
    for row in trained:
        assert all(same(before[row][name], after[row][name]) for name in before[row]), row
    shuffled(world, "clive", lambda family: family.notna())
    assert not same(after["clive"]["srij"], answered(world)["clive"]["srij"])


def test_a_family_is_asked_of_models_that_did_not_see_its_labels(world: World) -> None:
    families = read_images(world.folder / "srij.csv")["family"].eq("402").to_numpy()
    before = answered(world)
    shuffled(world, "srij", lambda family: family.astype(str).eq("402"))
    after = answered(world)
    for row in ("srij", "random_srij", "constant_order"):
        own, new = before[row]["srij"], after[row]["srij"]
        assert same(own[:, families], new[:, families]), row
        assert not same(own[:, ~families], new[:, ~families]), row


def test_a_test_set_is_read_for_finalists_and_controls_alone(world: World, tmp_path: Path) -> None:
    table = run(world, tmp_path)
    read = set(table.loc[table["set"].eq("srcolor"), "row"])
    assert read == {"sharpness", "constant_order", "random_clive", "clive"}
    of = table.groupby("set")["settings"].unique().map(list).to_dict()
    assert of == {"srij": [8.0], "agiqa3k": [3.0], "srcolor": [8.0]}  # 5 + 3, 0 + 3, 7 + 1


def test_what_people_see_is_learnt_and_turned_round_it_is_not(world: World, tmp_path: Path) -> None:
    for expected, turn in ((1.0, False), (0.0, True)):
        if turn:
            shuffled(world, "srij", lambda family: family.notna())
        table = run(world, tmp_path)
        rows = table[table["set"].eq("srij") & table["row"].eq("clive")].set_index("measure")
        assert rows.loc["acc", "value"] == expected
        assert rows.loc["srcc_groups", "value"] == 2 * expected - 1
        # of twelve votes nine, or one, and half of two
        assert rows.loc["votes", "value"] == pytest.approx((10 if not turn else 2) / 12, abs=1e-6)
        assert rows.loc["votes", "majority"] == pytest.approx(10 / 12, abs=1e-6)


def one_set(votes: list[tuple[int, int, int]], families: list[str]) -> RatedSet:
    """Give a set of pairs of images, one a family, A rated better where it has more votes."""
    count = len(votes)
    names = [f"{side}{k}" for side in "ab" for k in range(count)]
    images = pd.DataFrame({"image": names, "family": families * 2, "group": families * 2})
    images = images.assign(task="mixture", score=[1.0] * count + [0.0] * count, algorithm="x")
    pairs = pd.DataFrame(votes, columns=["votes_a", "votes_b", "votes_equal"]).assign(
        image_a=names[:count], image_b=names[count:], vote_kind="two"
    )
    pairs["preference"] = np.where(pairs["votes_a"] > pairs["votes_b"], "A", "B")
    return RatedSet("s", "select", images, pairs, np.zeros(2 * count), np.ones(2 * count, bool))


def test_votes_are_counted_each_and_a_tie_agrees_with_half() -> None:
    own = one_set([(8, 2, 0), (1, 3, 2)], ["f", "g"])
    draws = draw(own.images["family"], 50, 0)
    for values, expected in (
        ([1, 1, 0, 0], (8 + 1 + 1) / 16),
        ([1, 0, 0, 1], (8 + 3 + 1) / 16),
        ([0, 0, 0, 0], (5 + 2 + 1) / 16),
    ):
        found = measured(own, np.array([values], float), Question("votes", "two", 0.0), draws)
        assert found.value == pytest.approx(expected)
    assert majority(own.pairs) == pytest.approx((8 + 3 + 1) / 16)
    assert [q.measure for q in questions_of(own)] == ["acc", "votes", "srcc"]


def test_an_interval_holds_training_images_as_well_as_contents() -> None:
    own = one_set([(8, 2, 0)] * 4, ["f", "g", "h", "i"])
    draws = draw(own.images["family"], 200, 0)
    right, wrong = [1.0] * 4 + [0.0] * 4, [0.0] * 4 + [1.0] * 4
    ask = Question("acc", "two", 1.0)
    steady = measured(own, np.array([right, right, right]), ask, draws)
    shaky = measured(own, np.array([right, right, wrong]), ask, draws)
    assert steady.value == shaky.value == 1.0
    assert steady.interval() == (1.0, 1.0) and shaky.interval() == (0.0, 1.0)
    assert difference(shaky, shaky).interval() == (0.0, 0.0)  # on the same draws
    assert difference(steady, shaky).interval() == (0.0, 1.0)


def test_a_constant_order_leaves_the_content_out(world: World) -> None:
    own = bench_of(world).sets["srij"]
    images = own.images.assign(value=constant_order(own.images))
    of = images.pivot(index="content", columns="algorithm", values="value")
    # three contents have one order, and one, which a vote of its own would not change, another
    assert (of["mild"] > of["bad"]).all()
    assert of.loc["401", "mild"] > of.loc["400", "mild"]


def test_copies_of_a_photograph_stay_on_one_side(world: World) -> None:
    clive, path = read_images(world.folder / "clive.csv"), world.folder / "srij.csv"
    shown = read_images(path)
    copied = read_rgb(str(shown["path"].iloc[0]))
    for at in (0, 1):  # two copies of what SRIJ shows, a little darker, in place of photographs
        write_png(clive["path"].iloc[at], (copied * (0.9 - 0.1 * at)).astype(np.uint8))
        clive.loc[at, "sha256"] = f"{at}" * 64
    write_csv(world.folder / "clive.csv", clive)
    bench = bench_of(world)
    own = bench.sets["clive"]
    assert own.taken.tolist() == [False, False, *[True] * (len(clive) - 2)]
    assert own.images["family"].nunique() == len(clive) - 1 and own.merged == 1
    line = next(line for line in bench.declared.rows if line.name == "clive")
    lesson = bench.lesson(line.train[0], line)
    parts = (lesson.features, lesson.labels, lesson.families)
    assert [len(part) for part in parts] == [len(clive) - 2] * 3
    assert bench.sets["srij"].taken.all()  # its own restored images are no copies of each other


def test_a_hash_knows_a_copy_and_no_other() -> None:
    rng = np.random.default_rng(0)
    image = cv2.resize(rng.integers(0, 255, (8, 8, 3), np.uint8), (96, 96))
    copy = cv2.resize(image, (64, 64))
    other = cv2.resize(rng.integers(0, 255, (8, 8, 3), np.uint8), (96, 96))
    bits = np.stack([perceptual_hash(each) for each in (image, copy, other)])
    assert near(bits[:1], bits, 6).tolist() == [[0, 0], [0, 1]]
    for distance, found in ((6, 1), (7, 0)):
        changed = bits[:1].copy()
        changed[0, :distance] ^= True
        assert len(near(bits[:1], changed, 6)) == found


FAULTS = {
    "would be trained on srcolor, whose role is test": ("{ set: clive }]", "{ set: srcolor }]"),
    "unknown set 'cleve'. Did you mean 'clive'": ("{ set: clive }]", "{ set: cleve }]"),
    "row 'clive': there is such a row already": ("name: both", "name: clive"),
    "no set has the role test": ("role: test", "role: select"),
    "unknown source 'srijj'. Did you mean 'srij'": ("srij: {", "srijj: {"),
    "a ridge that learns from nothing": (", train: [{ set: srij }]", ""),
    "block 3 is not kept: of dinov2 the deepest is 2": ("blocks: [1, 2]", "blocks: [1, 3]"),
    "unknown method 'psrn'. Did you mean 'psnr'": ("name: psnr", "name: psrn"),
    "key 'sets/srij/role': 'both' is not one of train, select, test": (
        "role: select",
        "role: both",
    ),
}


@pytest.mark.parametrize("told", FAULTS)
def test_a_contradiction_is_told_in_a_line(world: World, told: str) -> None:
    world.declared.write_text(DECLARED.replace(*FAULTS[told], 1))
    with pytest.raises(UserError, match=re.escape(told)) as error:
        world.bench  # noqa: B018
    assert "\n" not in str(error.value) and "human.yaml" in str(error.value)


def test_a_set_has_one_role_wherever_it_is_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = world.folder / "srij.csv"
    write_csv(table, read_images(table).assign(role="train"))
    with pytest.raises(UserError, match=r"srij\.csv: its images have the role train, and srij is"):
        bench_of(world)
    sources = {**SOURCES, "clive": {"role": "test"}}
    monkeypatch.setattr(declared, "catalogue", lambda name: sources)
    with pytest.raises(UserError, match="its role is train here and test in the catalogue"):
        world.bench  # noqa: B018


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t[:1], "srij has 1 image. Place the whole data set"),
        (lambda t: t.assign(score=0.5), "all 12 scores of srij are alike"),
    ],
)
def test_a_set_that_tells_nothing_is_refused(
    world: World, change: Callable[[pd.DataFrame], pd.DataFrame], told: str
) -> None:
    table = world.folder / "srij.csv"
    write_csv(table, change(read_images(table)))
    with pytest.raises(UserError, match=re.escape(told)):
        bench_of(world)


def test_rows_of_an_absent_set_are_absent_with_the_next_step(world: World, tmp_path: Path) -> None:
    write_csv(world.folder / "biq2021.csv", read_images(world.folder / "biq2021.csv")[:0])
    absent = {"reason": "there is nothing there", "next_step": "place it"}
    write_json(world.folder / "biq2021.json", {"absent": absent})
    table = run(world, tmp_path)
    both = table[table["row"].eq("both")]
    assert set(both["set"]) == {"srij", "agiqa3k"}
    told = "biq2021 is not at hand: there is nothing there; next step: place it"
    assert both["reason"].eq(told).all() and both["value"].isna().all()
    assert table.loc[table["row"].eq("clive"), "value"].notna().all()


def test_other_methods_and_checkpoints_are_rows_as_well(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "trained"
    line = (
        f"  - {{ name: ours, kind: checkpoint, train: [{{ set: clive }}], checkpoint: {folder} }}\n"
    )
    world.declared.write_text(DECLARED + line)
    table = run(world, tmp_path)
    assert table.loc[table["row"].eq("ours"), "reason"].eq(f"{folder} holds no checkpoint").all()
    write_json(folder / "card.json", {})
    monkeypatch.setattr(
        answers.Bench, "by_checkpoint", lambda self, path, name: -self.sets[name].sharpness
    )
    table = run(world, tmp_path).set_index(["row", "set", "measure"])
    ours = table.loc[("ours", "srij", "acc")]
    assert ours["value"] == 0.0 and ours["over_sharpness"] == -1.0
    assert ours["against"] in ("sharpness", "random_clive") and ours["difference_high"] == -1.0
    psnr = table.loc["psnr"].reset_index()
    assert psnr["reason"].eq("its images have no reference").all()


def test_a_method_whose_lower_values_are_better_is_turned(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of(world)
    # as images of one reference follow each other, the order of asking is not that of the table
    monkeypatch.setattr(
        bench.sets["srij"].images, "sort_values", lambda by: bench.sets["srij"].images[::-1]
    )
    seen = lambda rows, *how: [(float(name), "") for name in rows.index]  # noqa: E731
    monkeypatch.setattr(answers, "score_rows", seen)
    count = len(bench.sets["srij"].images)
    assert bench.by_method("psnr", "srij").tolist() == list(range(count))
    assert bench.by_method("lpips", "srij").tolist() == [-k for k in range(count)]


def test_what_is_kept_is_not_computed_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    images = read_images(world.folder / "clive.csv")
    own = Kept("dinov2", 1, 0, 2)
    assert own.fill(images) == len(images) and own.fill(images) == 0
    first = own.all(images["sha256"].tolist())
    own.path(images["sha256"][3]).write_bytes(b"cut short")
    assert own.fill(images) == 1 and same(own.all(images["sha256"].tolist()), first)
    deeper = Kept("dinov2", 1, 0, 3)
    assert deeper.folder == own.folder and deeper.read(images["sha256"][0]) is None
    assert Kept("dinov2", 2, 0, 2).folder != own.folder  # other views
    shallow = Kept("dinov2", 1, 0, 1)
    assert shallow.fill(images) == 0 and shallow.all(images["sha256"].tolist()).shape[1] == 1


def test_two_runs_give_the_same_bytes_and_the_order_of_rows_does_not_tell(
    world: World, tmp_path: Path
) -> None:
    run(world, tmp_path / "one")
    table = world.folder / "clive.csv"
    write_csv(table, read_images(table)[::-1])
    run(world, tmp_path / "two")
    one, two = ((tmp_path / name / "transfer.csv").read_bytes() for name in ("one", "two"))
    assert one == two


METHODS = ("brisque", "niqe", "lpips", "dists")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Give a declaration and the folder of its table, which tells all that it must."""
    place = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        world = made(place, patch)
        lines = "".join(f"  - {{ name: {m}, kind: method }}\n" for m in METHODS)
        world.declared.write_text(DECLARED + lines)
        patch.setattr(answers, "absence", lambda name, entry: None)
        patch.setattr(answers.Bench, "by_method", lambda self, name, of: self.sets[of].sharpness)
        run(world, place / "table")
    return world.declared, place / "table"


Damage = Callable[[pd.DataFrame], pd.DataFrame]


def without(**of: str) -> Damage:
    """Give what takes the lines out that have these values."""
    return lambda t: t[~np.logical_and.reduce([t[name].eq(value) for name, value in of.items()])]


def emptied(column: str, **of: str) -> Damage:
    """Give what empties a column of the lines that have these values."""

    def damage(table: pd.DataFrame) -> pd.DataFrame:
        chosen = np.logical_and.reduce([table[name].eq(value) for name, value in of.items()])
        assert chosen.any()
        return table.assign(**{column: table[column].where(~chosen, np.nan)})

    return damage


DAMAGES = {
    "control 'sharpness' has no value on srij": without(row="sharpness", set="srij"),
    "control 'constant_order' has no value on srcolor": without(
        row="constant_order", set="srcolor"
    ),
    "control 'random_clive' has no value on srij": without(row="random_clive", set="srij"),
    "row 'niqe' is missing on agiqa3k": without(row="niqe", set="agiqa3k"),
    "row 'both' is missing on srij": without(row="both", set="srij"),
    "there is no value on srcolor": without(set="srcolor"),
    "row 'clive' on srij (acc) has no interval": emptied(
        "low", row="clive", set="srij", measure="acc"
    ),
    "has no interval of its difference": emptied("difference_high", row="clive", set="srij"),
    "has no interval of its over sharpness": emptied("over_sharpness_low", row="clive"),
    "srij is '' in the table, and select is declared": emptied("role", set="srij"),
    "the table does not say of srij how many settings": emptied("settings", set="srij"),
    "has neither a value nor a reason": emptied("value", row="both", measure="srcc"),
}


@pytest.mark.parametrize("told", DAMAGES)
def test_a_table_that_lacks_something_fails_its_check(
    whole: tuple[Path, Path], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(whole[1], folder := tmp_path / "table")
    words = ["--folder", str(folder), "--declared", str(whole[0])]
    assert check(words) == 0
    damaged = DAMAGES[told](
        pd.read_csv(
            folder / "transfer.csv",
            keep_default_na=False,
            na_values={name: [""] for name, kind in COLUMNS.items() if kind is float},
        )
    )
    write_csv(folder / "transfer.csv", damaged)
    capsys.readouterr()
    assert check(words) == 1
    lines = capsys.readouterr().err.splitlines()
    assert any(told in line and "transfer.csv" in line and "make human" in line for line in lines)


@pytest.mark.parametrize(
    ("key", "told"),
    [("command", "says no command"), ("commit", "says no commit"), ("sets", "srij is None in the")],
)
def test_a_record_that_lacks_something_fails_the_check(
    whole: tuple[Path, Path],
    key: str,
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(whole[1], folder := tmp_path / "table")
    record = read_json(folder / "transfer.json")
    del record[key]
    write_json(folder / "transfer.json", record)
    assert check(["--folder", str(folder), "--declared", str(whole[0])]) == 1
    assert told in capsys.readouterr().err


def test_docs_show_the_committed_table() -> None:
    assert render_human.TARGET.read_text(encoding="utf-8") == render_human.render()


def test_the_committed_table_tells_all_that_it_must() -> None:
    assert check([]) == 0


def test_weights_of_a_set_and_its_scale_are_told_apart(world: World) -> None:
    bench = bench_of(world)
    line = next(line for line in bench.declared.rows if line.name == "both")
    lessons = [bench.lesson(part, line) for part in line.train]
    for lesson in lessons:
        target = lesson.target()
        assert target.mean() == pytest.approx(0) and target.std() == pytest.approx(1)
        stretched = replace(lesson, labels=lesson.labels * 40 + 3)
        assert stretched.target() == pytest.approx(target)
