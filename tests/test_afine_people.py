"""Agreement with people: rows, directions, what is missing, and perfect references."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from fgresq.cli import main
from fgresq.files import read_json, sha256, write_csv, write_json
from fgresq.images import read_rgb
from fgresq.imperfect import (
    human_naturalness,
    people_rows,
    people_sets,
    seen_comparisons,
    seen_images,
)
from fgresq.imperfect.people_table import PEOPLE_COLUMNS, people_lines
from fgresq.model import adaptive, afine_heads
from fgresq.model.adaptive import Afine
from fgresq.networks.frozen import as_tensor
from fgresq.networks.token_levels import TokenLevels
from fgresq.tables import IMAGE_COLUMNS, SUPPLIED_COLUMNS, read_table, write_images
from tests import afine_world
from tests.conftest import picture

FAMILIES, NOISES = ("a", "b", "c", "d"), (4, 12, 30)


class Tiny(TokenLevels):
    """Two levels of few channels, by convolutions of a seed."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__((4, 6), 1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.convolutions = nn.ModuleList([nn.Conv2d(3, 4, 3), nn.Conv2d(4, 6, 3)])

    def upper(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        found, x = [], pixels
        for layer in self.convolutions:
            x = functional.relu(layer(x))
            found.append(x.flatten(2))
        return found


@pytest.fixture(autouse=True)
def apart(monkeypatch, tmp_path):
    """What is seen is kept in a folder of the test's own."""
    monkeypatch.setattr(seen_comparisons.workspace, "tokens", lambda: tmp_path / "tokens")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for module in (adaptive, afine_heads):
        monkeypatch.setattr(module, "levels_of", lambda name, seed=0: Tiny(seed))
    monkeypatch.setattr(people_rows, "METHODS", ("vsi", "gmsd", "brisque"))


def write_set(folder: Path, name: str, referenced: bool, pairs: bool = True) -> None:
    """Noised pictures of four families; people prefer the less noised one."""
    rows = []
    for number, family in enumerate(FAMILIES):
        clean = picture(number, 64)
        reference = folder / f"raw/{name}/{9 - number}.png"  # in an order of their own
        reference.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(clean).save(reference)
        for noise in NOISES:
            path = folder / f"raw/{name}/{family}-{noise}.png"
            grain = np.random.default_rng([number, noise]).normal(0, noise, clean.shape)
            Image.fromarray((clean + grain).clip(0, 255).astype(np.uint8)).save(path)
            row = dict.fromkeys(IMAGE_COLUMNS, "") | {
                **{"image": f"{name}/{path.name}", "source": name, "dataset": name},
                **{"task": "denoising", "content": family, "group": family, "family": family},
                **{"algorithm": f"noise{noise}", "path": str(path), "sha256": sha256(path)},
                **{"raw_score": 50.0 - noise, "raw_sd": np.nan, "score": 1 - noise / 40},
            }
            if referenced:
                row |= {"reference": str(reference), "reference_sha256": sha256(reference)}
            rows.append(row)
    write_images(folder / f"{name}.csv", pd.DataFrame(rows))
    lines = []
    for family in FAMILIES if pairs else ():
        for a, b in ((30, 4), (12, 30), (4, 12)):
            line = dict.fromkeys(SUPPLIED_COLUMNS, np.nan) | {
                **{"image_a": f"{name}/{family}-{a}.png", "image_b": f"{name}/{family}-{b}.png"},
                **{"preference": "equal" if family == "d" and a == 4 else "AB"[a > b]},
                **{"vote_kind": "ratings", "label_origin": "human", "split_pairs": ""},
            }
            lines.append(line)
    write_csv(folder / f"{name}.pairs.csv", pd.DataFrame(lines, columns=list(SUPPLIED_COLUMNS)))


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    write_set(tmp_path, "srij", True)
    write_set(tmp_path, "srcolor", False)
    write_set(tmp_path, "clive", False, pairs=False)
    return tmp_path


@pytest.fixture
def heads(tmp_path: Path) -> Path:
    """Random heads whose N falls with the noise in the picture: it is the variance of the image."""
    for backbone in ("vgg16", "dinov2_vits14"):
        model = Afine(Tiny(), 1)
        afine_heads.write_heads(tmp_path / "heads" / backbone, model, {"backbone": backbone})
    return tmp_path / "heads"


def run(sources: Path, out: Path, heads: Path) -> pd.DataFrame:
    words = ["step", "afine-people", "--sources", str(sources), "--heads", str(heads)]
    more = ["--folder", str(out), "--cache", str(out / "kept")]
    more += ["--settings", str(settings(sources))]
    assert main([*words, *more]) == 0
    return read_table(out / "people.csv", PEOPLE_COLUMNS)


def settings(folder: Path) -> Path:
    return afine_world.settings(folder / "settings.yaml")


def value(table: pd.DataFrame, name: str, row: str) -> pd.Series:
    own = table[table["set"].eq(name) & table["row"].eq(row) & table["against"].eq("")]
    assert len(own) == 1
    return own.iloc[0]


def test_rows_on_a_set_with_references_and_on_one_without(sources, heads, tmp_path) -> None:
    table = run(sources, tmp_path / "out", heads)
    for row in ("vsi", "gmsd"):  # higher and lower better
        assert value(table, "srij", row)["accuracy"] == 1
    assert value(table, "srij", "sharpness")["accuracy"] == 0  # noise is sharp
    assert value(table, "srij", "constant_order")["accuracy"] == 1
    one = value(table, "srij", "vgg16/fidelity")
    assert one["accuracy"] == 1 and one["pairs"] == 11 and one["families"] == 4
    found = set(table.loc[table["set"].eq("srij") & table["against"].ne(""), "row"])
    assert {"vgg16/distance", "naturalness_clive", "vsi_and_naturalness"} <= found
    over = table[table["row"].eq("vgg16/distance") & table["set"].eq("srij")]["against"]
    assert set(over) == {"", "vgg16/fidelity", "vgg16/naturalness", "constant_order"}
    alone = set(table.loc[table["set"].eq("srcolor"), "row"])
    assert "vgg16/naturalness" in alone and "vgg16/fidelity" not in alone and "vsi" not in alone
    limit = read_json(tmp_path / "out/people.json")["limit"]["vgg16"]
    assert set(limit) >= {"srcc_of_d_and_f", "above_1_over_k"} and limit["weight_median"] > 0
    claims = read_json(tmp_path / "out/people.json")["claims"]
    own = [c for c in claims if (c["set"], c["row"], c["against"]) == ("srij", "vsi", "sharpness")]
    assert (
        not own
    )  # the better of the trivial rows is the constant order, against which it is level
    level = [c for c in claims if (c["set"], c["row"]) == ("srij", "vsi")]
    assert [c["carried"] for c in level] == [False] and "not told apart" in level[0]["sentence"]
    before = (tmp_path / "out/people.csv").read_bytes()
    run(sources, tmp_path / "out", heads)
    assert (tmp_path / "out/people.csv").read_bytes() == before


def test_what_is_not_at_hand_has_a_reason_and_the_rest_is_measured(sources, tmp_path) -> None:
    (sources / "srcolor.csv").unlink()
    write_json(sources / "clive.json", {"absent": {"reason": "its terms are not accepted"}})
    table = run(sources, tmp_path / "out", tmp_path / "no-heads")
    assert "there is no" in table.loc[table["set"].eq("srcolor"), "reason"].iloc[0]
    assert "there are no heads" in value(table, "srij", "vgg16/distance")["reason"]
    assert "its terms are not accepted" in value(table, "srij", "naturalness_clive")["reason"]
    assert value(table, "srij", "vsi")["accuracy"] == 1
    missing = read_json(tmp_path / "out/people.json")["missing"]
    assert set(missing) == {"srcolor", "clive", "diffiqa_mini"}


def test_pictures_that_are_gone_are_a_reason(sources) -> None:
    (sources / "raw/srij/a-4.png").unlink()
    told = people_sets.read_people("srij", sources)
    assert isinstance(told, str) and "a-4.png" in told


def test_equal_pairs_are_left_out_and_the_order_of_rows_is_no_matter(sources) -> None:
    own = people_sets.read_people("srij", sources)
    assert not isinstance(own, str) and len(own.pairs) == 11
    path = sources / "srij.pairs.csv"
    head, *lines = path.read_text().splitlines()
    path.write_text("\n".join([head, *lines[::-1]]) + "\n")
    again = people_sets.read_people("srij", sources)
    assert not isinstance(again, str) and again.pairs.equals(own.pairs)


def test_people_s_naturalness_learns_and_says_how_well() -> None:
    rng = np.random.default_rng(0)
    moments = rng.normal(size=(900, 2, 9)).astype(np.float32)
    scores = moments[:, 0, 4] + 0.1 * rng.normal(size=900)
    found = human_naturalness.fit(moments, scores, (3, 6))
    assert found.held_out > 0.8
    other = rng.normal(size=(80, 2, 9)).astype(np.float32)
    assert np.corrcoef(found(other), other[:, 0, 4])[0, 1] > 0.8
    noise = human_naturalness.fit(moments, rng.permutation(scores), (3, 6))
    assert abs(noise.held_out) < 0.3


def test_what_was_seen_stands_by_its_images(sources, heads) -> None:
    own = people_sets.read_people("srij", sources)
    assert not isinstance(own, str)
    model = afine_heads.read_heads(heads / "vgg16")
    whole = seen_images.seen_images(model, own.images)
    turned = seen_images.seen_images(model, own.images[::-1])
    assert turned.values[::-1].reset_index(drop=True).equals(whole.values)
    assert (turned.moments[::-1] == whole.moments).all()
    one = own.images.iloc[2]
    tested, beside = (as_tensor(read_rgb(one[name])) for name in ("path", "reference"))
    assert whole.values["distance"][2] == pytest.approx(float(model(tested, beside)), rel=1e-5)
    alone = own.images.assign(reference="", reference_sha256="")
    without = seen_images.seen_images(model, alone).values
    assert without["naturalness"].equals(whole.values["naturalness"])
    assert without.drop(columns="naturalness").isna().all(axis=None)


def test_a_sum_is_of_standardised_rows() -> None:
    one = people_rows.Judged("A", "FR", np.array([0.0, 1.0, 2.0]))
    other = people_rows.Judged("B", "NR", np.array([300.0, 100.0, 200.0]))
    rows = people_rows.sums({"vsi": one, people_rows.HUMAN_N: other})
    spread = np.sqrt(2 / 3)
    expected = np.array([-1 + 1, 0 - 1, 1 + 0]) / spread
    assert list(rows) == ["vsi_and_naturalness_clive"]
    assert rows["vsi_and_naturalness_clive"].values == pytest.approx(expected)


def test_both_recipes_of_n_stand_on_the_simulated_triplets(sources, heads, tmp_path) -> None:
    phase = afine_world.write_world(tmp_path / "out")
    comparisons = pd.read_csv(phase / "comparisons.csv")
    for number, image in enumerate(sorted(set(comparisons["image"]))):
        path = phase / "images" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(picture(number, 32)).save(path)
        for name, file, content in (
            ("image", "path", "sha256"),
            ("reference", "reference_path", "reference_sha256"),
        ):
            here = comparisons[name].eq(image)
            comparisons.loc[here, file], comparisons.loc[here, content] = str(path), sha256(path)
    write_csv(phase / "comparisons.csv", comparisons)
    table = run(sources, phase, heads)
    own = table[table["set"].eq("diffiqa_mini")]
    assert set(own["row"]) == {"naturalness_clive", "vgg16/naturalness"}
    paper = own[own["row"].eq("vgg16/naturalness") & own["asked"].eq("ref_below_test")]
    assert paper["accuracy"].tolist() == [1.0]  # as its made values have it
    gained = own[own["against"].eq("vgg16/naturalness") & own["asked"].eq("standard")]
    assert len(gained) == 1 and gained["pairs"].iloc[0] == 12


def test_values_of_a_method_stand_by_their_images(sources, monkeypatch) -> None:
    own = people_sets.read_people("srij", sources)
    assert not isinstance(own, str)

    def told(rows: pd.DataFrame, method: str, args: object) -> list[tuple[float, str]]:
        return [(float(sum(image.encode())), "") for image in rows["image"]]

    monkeypatch.setattr(people_rows, "score_all", told)
    rows = people_rows.by_methods(own, argparse.Namespace(methods=None))
    expected = [float(sum(image.encode())) for image in own.images["image"]]
    assert rows["vsi"].values.tolist() == expected  # higher better
    assert rows["gmsd"].values.tolist() == [-value for value in expected]


def test_a_difference_is_what_a_row_has_over_the_other(sources) -> None:
    own = people_sets.read_people("srij", sources)
    assert not isinstance(own, str)
    score = own.images["score"].to_numpy(float)
    rows = {
        "vsi": people_rows.Judged("VSI", "FR", score),
        "sharpness": people_rows.Judged("Sharpness", "NR", -score),
    }
    lines = people_lines(own, rows, 20, 0)
    over = [line for line in lines if line["against"]]
    assert [(line["row"], line["against"]) for line in over] == [("vsi", "sharpness")]
    assert over[0]["difference"] == over[0]["difference_low"] == 1
