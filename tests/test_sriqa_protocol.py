"""SRIQA-Bench's protocol on a replica: known answers, and the verdict on the printed numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fgresq.cli import main
from fgresq.files import read_json
from fgresq.imperfect import sriqa_protocol
from fgresq.sources.sriqa_bench import FOLDERS, MADE_BY, ORIGINAL
from fgresq.tables import read_table
from tests.replicas import pixels, write

CONTENTS = [f"srtest{n}" for n in range(100)]


def file_of(content: str, method: str) -> str:
    return f"{content}_{method}{'' if method == ORIGINAL else 'x4'}.png"


def write_mos(folder: Path, content: str, order: dict[str, list[str]]) -> None:
    """Write the MOS of a content: by set the methods from worst to best, ORIGINAL among them."""
    for name, target in FOLDERS.items():
        step = 100 / (len(order[name]) - 1)
        lines = [f"{file_of(content, m)},{step * n:.4f}" for n, m in enumerate(order[name])]
        write(folder / target / f"{content}.txt", "\n".join(lines) + "\n")


def ordered(best: bool) -> dict[str, list[str]]:
    """The original on top, or at the bottom."""
    return {
        name: [*made, ORIGINAL] if best else [ORIGINAL, *made] for name, made in MADE_BY.items()
    }


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Path:
    """100 contents of empty pictures; in 90 of them people prefer the original to all others."""
    folder = tmp_path_factory.mktemp("sriqa")
    for place, content in enumerate(CONTENTS):
        write_mos(folder, content, ordered(place >= 10))
        for method in (ORIGINAL, *MADE_BY["All"]):
            write(folder / f"images/{method}/{file_of(content, method)}", "")
    return folder


def run(bench: Path, out: Path, *methods: str) -> pd.DataFrame:
    words = ["step", "afine-sriqa", *methods, "--data", str(bench), "--out-dir", str(out)]
    assert main([*words, "--cache", str(out / "kept")]) == 0
    return read_table(out / "sriqa.csv", sriqa_protocol.SRIQA_COLUMNS)


def stub(wrong: int):
    """Give a method, lower better, that loves identity and orders the rest as people do.

    In so many contents it has the last two of the order the wrong way round.
    """
    place = {method: n for n, method in enumerate(MADE_BY["All"])}

    def score(rows: pd.DataFrame, method: str, args: object):
        found = []
        for path, reference in zip(rows["path"], rows["reference"], strict=True):
            content, made = Path(path).stem.removesuffix("x4").split("_", 1)
            value = -float(place.get(made, 99))
            if made == MADE_BY["Reg"][1] and int(content.removeprefix("srtest")) >= 100 - wrong:
                value = 1.0
            assert (path == reference) == (made == ORIGINAL)
            found.append((value, ""))
        return found

    return score


def test_pairs_are_counted_and_identity_wins_for_nothing(bench, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(sriqa_protocol, "score_all", stub(20))
    table = run(bench, tmp_path, "afine").set_index(["set", "with_original"])
    assert table["pairs"].to_dict() == {
        **{("Reg", "true"): 300, ("Reg", "false"): 100, ("Gen", "true"): 3600},
        **{("Gen", "false"): 2800, ("All", "true"): 5500, ("All", "false"): 4500},
    }
    # of 200 pairs with the original 180 are right; of 100 others 80
    assert table.loc[("Reg", "true"), "accuracy"] == pytest.approx(260 / 300)
    assert table.loc[("Reg", "false"), "accuracy"] == pytest.approx(0.8)
    assert table.loc[("Gen", "true"), "accuracy"] == pytest.approx((720 + 2800) / 3600)
    assert table.loc[("Gen", "false"), "accuracy"] == 1
    assert table.loc[("Reg", "true"), "standard_error"] == pytest.approx(0.0196, abs=1e-4)
    assert table["low"].le(table["accuracy"]).all() and table["high"].ge(table["accuracy"]).all()
    told = read_json(tmp_path / "sriqa.json")["sets"]
    assert told["Reg"] == {
        **{"pairs": 300, "with_original": 200, "original_preferred": 180, "contents": 100}
    }


def test_the_printed_numbers_are_judged_only_as_they_were_counted(
    bench, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(sriqa_protocol, "score_all", stub(30))
    table = run(bench, tmp_path, "afine", "dists").set_index(["method", "set", "with_original"])
    own = table.loc[("afine", "Reg", "true")]
    assert own["accuracy"] == pytest.approx(250 / 300) and own["printed"] == 83.3
    assert own["verdict"] == "reproduced"
    assert table.loc[("afine", "Gen", "true"), "verdict"] == "differs"
    others = table.drop(index=[("afine", name, "true") for name in FOLDERS])
    assert others["verdict"].eq("").all() and others["printed"].isna().all()


@pytest.mark.parametrize(
    ("accuracy", "told"),
    [
        (250 / 300, "reproduced"),
        (251 / 300, "within two standard errors"),
        (261 / 300, "within two standard errors"),
        (263 / 300, "differs"),
    ],
)
def test_verdicts(accuracy, told) -> None:
    assert sriqa_protocol.verdict(accuracy, 300, 83.3) == told


def test_mos_is_never_pooled_over_contents(bench, tmp_path, monkeypatch) -> None:
    """A method that is better on every image of one content than of another changes nothing."""
    monkeypatch.setattr(sriqa_protocol, "score_all", stub(20))
    plain = run(bench, tmp_path / "a", "afine")
    own = stub(20)

    def shifted(rows, method, args):
        far = [1000.0 * int(Path(p).name.split("_")[0][6:]) for p in rows["path"]]
        return [(v + f, r) for (v, r), f in zip(own(rows, method, args), far, strict=True)]

    monkeypatch.setattr(sriqa_protocol, "score_all", shifted)
    assert run(bench, tmp_path / "b", "afine").equals(plain)


def test_a_real_method_on_real_pictures(tmp_path) -> None:
    """Four contents of noised pictures: PSNR orders them as they were made."""
    folder = tmp_path / "sriqa"
    for place, content in enumerate(CONTENTS[:4]):
        order = ordered(best=True)
        if place == 3:  # of this one people think the other way round, but of the original
            order = {name: [*made[:-1][::-1], ORIGINAL] for name, made in order.items()}
        write_mos(folder, content, order)
        for rank, method in enumerate((*MADE_BY["All"], ORIGINAL)):
            path = folder / f"images/{method}/{file_of(content, method)}"
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = 0.0 if method == ORIGINAL else 40.0 - 3 * rank
            Image.fromarray(pixels(place, noise)).save(path)
    table = run(folder, tmp_path / "out", "psnr").set_index(["set", "with_original"])
    assert table.loc[("Reg", "true"), "accuracy"] == pytest.approx(11 / 12)
    assert table.loc[("Reg", "false"), "accuracy"] == pytest.approx(3 / 4)
    assert table.loc[("All", "false"), "accuracy"] == pytest.approx(3 / 4)
    kept = (tmp_path / "out/sriqa.csv").read_bytes()
    run(folder, tmp_path / "out", "psnr")
    assert (tmp_path / "out/sriqa.csv").read_bytes() == kept


def test_what_is_not_placed_is_a_reason(tmp_path, bench) -> None:
    table = run(tmp_path / "nowhere", tmp_path / "out", "lpips")
    assert len(table) == 1 and "SRIQA-Bench is not placed" in table["reason"][0]
    assert np.isnan(table["accuracy"][0]) and not read_json(tmp_path / "out/sriqa.json")["placed"]
    without = run(bench, tmp_path / "weights", "afine")
    assert without["reason"].str.contains("authors' weights are not in place").all()
    assert without["accuracy"].isna().all() and without["verdict"].eq("").all()
