"""DiffIQA-mini: its versions, its simulated voters, and its steps."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from afine_versions import made, names_of_versions, write_settings
from scipy.stats import norm
from skimage.metrics import peak_signal_noise_ratio as psnr

from fgresq.cli import main
from fgresq.comparisons import STANDARD, read_comparisons, read_triplets
from fgresq.files import read_json, sha256
from fgresq.images import read_rgb, write_png
from fgresq.imperfect import made_triplets, voters
from fgresq.imperfect.versions_table import SOURCE, VERSION_COLUMNS
from fgresq.mini.imperfect_versions import CLEAN, MAKERS, versions_of
from fgresq.mini.photographs import contents
from fgresq.mini.quality import less_lpips
from fgresq.pairs.split import deal_families
from fgresq.tables import FOLD_COLUMNS, read_table

DAT = Path("data/weights/dat_light").absolute()


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    return next(iter(contents(1, 128)))[2]


@pytest.fixture(scope="module")
def versions(clean):
    return versions_of(clean, "astronaut-1", 0, DAT)


def test_versions_are_references_and_what_is_tested_against_them(clean, versions):
    assert list(versions) == names_of_versions() and len(versions) == 29
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


def test_no_quality_of_a_tested_family_reaches_training():
    """Permuted among the images of one family, and stretched, it changes nothing of the others."""
    table = made()
    tested = table["family"].eq("f3")
    triplets, labelled = made_triplets.made_triplets(table, 0, 4.2, 0.3)
    folds = made_triplets.made_folds(table, 2, 0)
    mixed = table.copy()
    mixed.loc[tested, "quality"] = 9 * table.loc[tested, "quality"].to_numpy()[::-1]
    other, relabelled = made_triplets.made_triplets(mixed, 0, 4.2, 0.3)
    for before, after in ((triplets, other), (labelled, relabelled)):
        columns = [c for c in before if "quality" not in c]
        same = [
            t.loc[t["family"].ne("f3"), columns].reset_index(drop=True) for t in (before, after)
        ]
        pd.testing.assert_frame_equal(*same)
    moved = [t[t["family"].eq("f3")].reset_index(drop=True) for t in (triplets, other)]
    assert not moved[0].equals(moved[1])  # the permutation does something
    pd.testing.assert_frame_equal(folds, made_triplets.made_folds(mixed, 2, 0))
    drawn = [
        t.loc[t["type"].eq(STANDARD), ["image_a", "image_b"]].values for t in (triplets, other)
    ]
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
    return lambda **changes: write_settings(tmp_path, **changes)


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
    for workers in ("1", "2"):
        by = ["--workers", workers]
        images = ["step", "afine-images", "--contents", str(table), "--weights", str(DAT)]
        assert main([*images, *given, *by]) == 0
        names = [str(tmp_path / "made" / name) for name in ("versions.csv", "jod.csv")]
        assert main(["step", "afine-jod", "--versions", names[0], "--out", names[1], *by]) == 0
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
