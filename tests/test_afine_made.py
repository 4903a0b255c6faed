"""DiffIQA-mini: its versions, its simulated voters, its steps; and placed sets by the same step."""

from __future__ import annotations

import itertools
import shutil
from collections import Counter
from pathlib import Path

import afine_replicas
import numpy as np
import pandas as pd
import pytest
import replicas
import yaml
from afine_replicas import put_diffiqa
from scipy.stats import norm
from skimage.metrics import peak_signal_noise_ratio as psnr

from fgresq.cli import main
from fgresq.comparisons import STANDARD, read_comparisons, read_triplets
from fgresq.files import read_json, sha256
from fgresq.images import read_rgb, write_png
from fgresq.imperfect import declared_presets, made_triplets, voters
from fgresq.imperfect.versions_table import JOD_COLUMNS, SOURCE, VERSION_COLUMNS
from fgresq.mini.imperfect_versions import CLEAN, MAKERS, TESTED, versions_of
from fgresq.mini.photographs import contents
from fgresq.mini.quality import less_lpips
from fgresq.pairs.split import deal_families
from fgresq.tables import FOLD_COLUMNS, read_table

DAT = Path("data/weights/dat_light").absolute()
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    return next(iter(contents(1, 128)))[2]


@pytest.fixture(scope="module")
def versions(clean):
    return versions_of(clean, "astronaut-1", 0, DAT)


def test_versions_are_references_and_what_is_tested_against_them(clean, versions):
    assert list(versions) == [
        CLEAN,
        *itertools.chain(*([kind, *(f"{kind}-{t}" for t in TESTED)] for kind in MAKERS)),
    ]
    for name, version in versions.items():
        assert version.pixels.shape == clean.shape and version.pixels.dtype == np.uint8
        assert version.reference == (name.split("-")[0] if "-" in name else CLEAN)
    assert len({version.pixels.tobytes() for version in versions.values()}) == 29
    for kind in MAKERS:
        worst, own, best = (
            psnr(clean, versions[f"{kind}{end}"].pixels) for end in ("-more", "", "-milder")
        )
        assert worst < own < best, kind


def test_a_version_follows_from_seed_content_and_name_alone(clean, versions):
    few = versions_of(clean, "astronaut-1", 0, DAT, references=2, tested=3)
    assert len(few) == 9
    assert all(np.array_equal(few[name].pixels, versions[name].pixels) for name in few)
    other = versions_of(clean, "astronaut-1", 1, DAT, 1, 2)
    named = versions_of(clean, "astronaut-2", 0, DAT, 1, 2)
    assert len({v["noise"].strength for v in (few, other, named)}) == 3
    dark = versions_of(clean // 2, "astronaut-1", 0, DAT, 2, 2)
    assert [dark[n].strength for n in dark] == [few[n].strength for n in dark]


@pytest.mark.parametrize(
    ("z", "said"),
    [(0.31, "Positive"), (0.3, "Similar"), (-0.3, "Similar"), (-0.31, "Negative")],
)
def test_a_voter_sees_no_difference_within_the_tolerance(z, said):
    assert voters.vote(z, 0.3) == said


def test_voters_are_normal_and_of_names_alone():
    """A difference of 1 is told by as many as a normal observer tells it by."""
    count = 2000
    names = pd.DataFrame({"image": [f"y{k}" for k in range(count)], "reference": "x"})
    gain = pd.Series(np.ones(count))
    found = voters.judged(names, gain, 0, 0.3)
    told = voters.shares(found)
    expected = {"Positive": norm.cdf(0.7), "Negative": norm.cdf(-1.3)}
    for name, share in expected.items():
        assert told["votes"][name] == pytest.approx(share, abs=3 * np.sqrt(0.25 / (3 * count)))
    assert sum(told["labels"].values()) == pytest.approx(1 - told["without_majority"] / count)
    assert not found["A"].equals(found["B"])
    pd.testing.assert_frame_equal(voters.judged(names[:9], gain[:9], 0, 0.3), found[:9])
    assert not voters.judged(names, gain, 1, 0.3)["A"].equals(found["A"])
    counts = found[["A", "B", "C"]].apply(lambda row: Counter(row).most_common(1)[0], axis=1)
    has = [vote if n > 1 else "" for vote, n in counts]
    assert found["label"].tolist() == has and "" in has


def made(families: int = 4) -> pd.DataFrame:
    """A table of versions without images, with qualities at random."""
    rows = []
    for family in range(families):
        content = f"f{family}-1"
        for name in versions_names():
            reference = name.split("-")[0] if "-" in name else CLEAN
            rows.append((f"{SOURCE}/{content}.{name}.png", content, f"f{family}", reference))
    table = pd.DataFrame(rows, columns=["image", "content", "family", "name"])
    rng = np.random.default_rng(0)
    return table.assign(
        path=table["image"],
        sha256="0" * 64,
        reference=[f"{SOURCE}/{c}.{n}.png" for c, n in zip(table["content"], table["name"])],
        kind="k",
        strength=1.0,
        quality=np.where(table["image"].str.contains(CLEAN), 0, -rng.random(len(table))),
    )[list(VERSION_COLUMNS)].sort_values("image", ignore_index=True)


def versions_names() -> list[str]:
    kinds = ([kind, *(f"{kind}-{t}" for t in TESTED)] for kind in MAKERS)
    return [CLEAN, *itertools.chain(*kinds)]


def test_no_quality_of_a_tested_family_reaches_training():
    """Permuted among the images of one family it changes nothing of the others."""
    table = made()
    tested = table["family"].eq("f3")
    triplets, labelled = made_triplets.made_triplets(table, 0, 4.2, 0.3)
    folds = made_triplets.made_folds(table, 2, 0)
    mixed = table.copy()
    mixed.loc[tested, "quality"] = table.loc[tested, "quality"].to_numpy()[::-1]
    other, relabelled = made_triplets.made_triplets(mixed, 0, 4.2, 0.3)
    for before, after in ((triplets, other), (labelled, relabelled)):
        columns = [c for c in before if "quality" not in c]
        same = [t.loc[t["family"].ne("f3"), columns].reset_index(drop=True) for t in (before, after)]
        pd.testing.assert_frame_equal(*same)
    moved = [t[t["family"].eq("f3")].reset_index(drop=True) for t in (triplets, other)]
    assert not moved[0].equals(moved[1])  # the permutation does something
    pd.testing.assert_frame_equal(folds, made_triplets.made_folds(mixed, 2, 0))
    drawn = [t.loc[t["type"].eq(STANDARD), ["image_a", "image_b"]].values for t in (triplets, other)]
    assert np.array_equal(*drawn)


def test_photographs_lie_in_the_folds_of_the_embedded_data():
    """So that FGResQ's models by fold have not seen what is tested here."""
    found = pd.DataFrame([(c, f) for c, f, _ in contents(24, 256)], columns=["content", "family"])
    clean_only = found.assign(image=found["content"], reference=found["content"])
    folds = made_triplets.made_folds(clean_only, 3, 0)
    # 46 restored images of each content
    mini = found.loc[found.index.repeat(46)].assign(source="mini")
    expected = deal_families(mini, 3, 0, "mini")
    assert folds["fold"].tolist() == expected["fold"].tolist()
    assert folds["source"].eq(SOURCE).all()
    by_fold = folds.groupby("fold")["family"].apply(list).tolist()
    assert by_fold == [  # results/pairs/mini/folds.csv of `make report`
        ["astronaut", "brick", "coins", "rocket"],
        ["camera", "chelsea", "coffee", "hopper"],
        ["china", "flower", "grass", "gravel"],
    ]


@pytest.fixture
def settings(tmp_path: Path):
    """Write settings in which preset `mini` has these changes."""

    def write(**changes) -> str:
        found = yaml.safe_load(declared_presets.FILE.read_text(encoding="utf-8"))
        found["presets"] = {"mini": changes}
        path = tmp_path / "afine.yaml"
        path.write_text(yaml.safe_dump(found))
        return str(path)

    return write


def test_the_steps_make_the_same_bytes_again(tmp_path, settings, clean):
    rows = []
    for number, family in enumerate(("a", "b")):
        path = tmp_path / f"{family}-1.png"
        write_png(path, np.ascontiguousarray(np.rot90(clean[:64, :64], number)))
        rows.append((f"{family}-1", family, str(path), sha256(path)))
    table = tmp_path / "contents.csv"
    pd.DataFrame(rows, columns=["content", "family", "path", "sha256"]).to_csv(table, index=False)
    file = settings(folds=2, data={"references": 2, "tested": 3})
    given = ["--settings", file, "--out-dir", str(tmp_path / "made")]
    found = []
    for _ in range(2):
        images = ["step", "afine-images", "--contents", str(table), "--weights", str(DAT)]
        assert main([*images, *given]) == 0
        names = [str(tmp_path / "made" / name) for name in ("versions.csv", "jod.csv")]
        assert main(["step", "afine-jod", "--versions", names[0], "--out", names[1]]) == 0
        assert main(["step", "afine-triplets", *given]) == 0
        files = sorted(p for p in (tmp_path / "made").rglob("*") if p.is_file())
        found.append({path.name: sha256(path) for path in files})
        shutil.rmtree(tmp_path / "made/images")
    assert found[0] == found[1] and len(found[0]) == 18 + 7
    check_made(tmp_path / "made", clean[:64, :64])


def check_made(folder: Path, first: np.ndarray) -> None:
    """Two contents of two references with three tested images each."""
    table = read_table(folder / "versions.csv", VERSION_COLUMNS)
    clean = table[table["kind"].eq(CLEAN)]
    assert clean["quality"].eq(0).all() and table["quality"].lt(0).sum() == 16
    comparisons = read_comparisons(folder / "comparisons.csv")
    triplets = read_triplets(folder / "triplets.csv", comparisons)
    by_jod = read_triplets(folder / "triplets_jod.csv", comparisons)
    # of a content: 6 judged, 8 against the clean, 3 references against themselves
    assert len(comparisons) == 2 * (6 + 8 + 3)
    standard = [t[t["type"].eq(STANDARD)].reset_index(drop=True) for t in (triplets, by_jod)]
    assert [len(t) for t in standard] == [2 * 9 * 3] * 2  # round(log2(9)) = 3
    drawn = ["image_a", "image_b", "reference"]
    pd.testing.assert_frame_equal(standard[0][drawn], standard[1][drawn])
    judged = comparisons[comparisons["label"].ne("")]
    assert not judged["reference"].str.contains(CLEAN).any()
    told = read_json(folder / "data.json")["sources"][SOURCE]
    assert told["observers"] == "simulated" and told["lpips"]["judged"] == 12
    assert len(judged) == 12 - told["lpips"]["without_majority"]
    assert sum(told["jod"]["votes"].values()) == pytest.approx(1)
    assert sum(told["triplets"].values()) == len(triplets)
    folds = read_table(folder / "folds.csv", FOLD_COLUMNS)
    assert sorted(folds["fold"]) == [0, 1] and folds["family"].tolist() == ["a", "b"]


def test_quality_is_against_the_hidden_photograph(tmp_path, clean, settings):
    path = tmp_path / "a-1.png"
    write_png(path, clean[:64, :64])
    table = tmp_path / "contents.csv"
    row = {"content": "a-1", "family": "a", "path": str(path), "sha256": sha256(path)}
    pd.DataFrame([row]).to_csv(table, index=False)
    given = ["--settings", settings(data={"references": 1, "tested": 2})]
    images = ["step", "afine-images", "--contents", str(table), "--weights", str(DAT)]
    assert main([*images, *given, "--out-dir", str(tmp_path)]) == 0
    found = read_table(tmp_path / "versions.csv", VERSION_COLUMNS).set_index("kind")
    pixels = {kind: read_rgb(row["path"]) for kind, row in found.iterrows()}
    expected = less_lpips(pixels["more"][None], pixels[CLEAN])[0]
    assert found.loc["more", "quality"] == expected
    assert less_lpips(pixels["more"][None], pixels["noise"])[0] != expected


def run(words: list[str], capsys: pytest.CaptureFixture) -> tuple[int, str]:
    code = main(["step", "afine-triplets", *words])
    return code, capsys.readouterr().err


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A workspace with the replicas of DiffIQA and TID2013 placed in it."""
    for mark in ("Snakefile", "config/config.yaml"):
        (tmp_path / mark).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / mark, tmp_path / mark)
    put_diffiqa(tmp_path / "data/raw/diffiqa")
    replicas.tid2013(tmp_path / "data/raw/tid2013")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("split", ["family", "official"])
def test_placed_sets_give_triplets_and_absent_ones_are_told(place, settings, capsys, split):
    file = settings(sources=["diffiqa", "tid2013", "pipal"], folds=2, split=split)
    code, told = run(["--settings", file, "--out-dir", "out"], capsys)
    assert code == 0 and "source 'pipal' is absent. Next step: download the training set" in told
    comparisons = read_comparisons("out/comparisons.csv")
    triplets = read_triplets("out/triplets.csv", comparisons)
    # TID2013: two references of ten images: 11 members, of which each meets round(log2(11)) = 3
    assert triplets["source"].value_counts().to_dict() == {"tid2013": 66, "diffiqa": 39}
    # paths lie below the place, names as the files have them
    tid = comparisons[comparisons["source"].eq("tid2013")]
    assert set(tid["reference"]) == {
        f"tid2013/reference_images/{name}" for name in ("I01.BMP", "i25.bmp")
    }
    assert len(tid) == 22 and all(sha256(r.path) == r.sha256 for r in tid.itertuples())
    record = read_json("out/data.json")
    assert list(record["absent"]) == ["pipal"]
    assert record["sources"]["diffiqa"]["official_leak"] in (0, 1)
    folds = read_table("out/folds.csv", FOLD_COLUMNS)
    families = {"family": ["000006", "mine x3"], "official": list(afine_replicas.CROPS)}[split]
    assert folds.loc[folds["source"].eq("diffiqa"), "family"].tolist() == families
    assert set(folds["family"]) == set(comparisons["family"])
    assert read_triplets("out/triplets_jod.csv", comparisons).empty


def test_what_is_at_fault_is_told_in_a_line(place, settings, capsys):
    cases = {
        "none of its data sets is placed. pipal: download the training set": {"sources": ["pipal"]},
        "unknown source 'tid2031'. Did you mean 'tid2013'?": {"sources": ["tid2031"]},
        "versions.csv: there is no such file": {"sources": [SOURCE]},
    }
    for problem, changes in cases.items():
        code, told = run(["--settings", settings(**changes), "--out-dir", "out"], capsys)
        assert code == 1 and problem in told and told.count("\n") == 1, told


def test_a_vote_at_fault_names_its_source(place, settings, capsys):
    lost = place / "data/raw/diffiqa/labels/C/02/000006x384y0_02.json"
    lost.unlink()
    file = settings(sources=["diffiqa"])
    code, told = run(["--settings", file, "--out-dir", "out"], capsys)
    assert code == 1 and "source 'diffiqa', " in told
    assert "000006x384y0_02.json: there is no vote on 000006x384y0_02. Three annotators" in told


def test_tables_of_versions_at_fault_are_told(tmp_path, settings, capsys):
    table = made(2)
    jod = table[["image"]].assign(jod=9.0)
    files = [str(tmp_path / name) for name in ("versions.csv", "jod.csv")]
    given = ["--settings", settings(folds=2), "--out-dir", str(tmp_path / "out")]
    words = [*given, "--versions", files[0], "--jod", files[1]]

    def told(versions: pd.DataFrame, measured: pd.DataFrame) -> str:
        versions.to_csv(files[0], index=False)
        measured[list(JOD_COLUMNS)].to_csv(files[1], index=False)
        code, text = run(words, capsys)
        assert code == (1 if text else 0) and text.count("\n") <= 1
        return text

    assert told(table, jod) == ""
    assert "it has not the images of the versions: see 'diffiqa_mini/f0" in told(table, jod[1:])
    assert "is listed twice" in told(pd.concat([table, table[:1]]), jod)
    lost = table[~table["image"].str.contains(CLEAN)]
    assert "the reference 'diffiqa_mini/f0-1.clean.png' of 'diffiqa_mini/f0-1.blur.png'" in told(
        lost, jod
    )
