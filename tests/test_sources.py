"""Reading a folder of a user's own: what is read, and how each fault is told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.files import read_json
from fgresq.images import read_mask
from fgresq.sources.folder import read_images_csv, read_pairs_csv
from fgresq.sources.placed import read_text_table
from fgresq.tables import read_images, read_pairs
from tests.conftest import ALGORITHMS, FAMILIES, LABELS

ENTRY = {
    "title": "Own",
    "adapter": "folder",
    "licence": "mine",
    "get": "place it",
    "score_kind": "MOS",
    "label_origin": "human",
    "range": [0, 100],
}


def edit(folder: Path, row: int, column: str, value: object) -> None:
    """Change one cell of images.csv; `row` counts as an editor shows it, the header being 1."""
    table = pd.read_csv(folder / "images.csv", dtype=object)
    table.loc[row - 2, column] = value
    table.to_csv(folder / "images.csv", index=False)


def read(folder: Path, **entry: object) -> tuple[pd.DataFrame, dict]:
    """Run the step on a folder; give the image table and the record."""
    out = folder.parent
    code = main(
        [
            "step",
            "read-source",
            "own",
            "--entry",
            json.dumps({**ENTRY, "path": str(folder), **entry}),
        ]
        + ["--out", str(out / "own.csv"), "--pairs", str(out / "own.pairs.csv")]
        + ["--record", str(out / "own.json")]
    )
    assert code == 0
    return read_images(out / "own.csv"), read_json(out / "own.json")


def test_reads_every_restored_image_and_scales_scores(folder: Path) -> None:
    images, record = read(folder)
    assert len(images) == len(FAMILIES) * len(ALGORITHMS)
    assert images["score"].min() == 0.0 and images["score"].max() == 1.0
    assert images.sort_values("raw_score")["score"].is_monotonic_increasing
    assert record["status"] == "present" and record["label_origin"] == "derived from scores"


def test_lower_better_scores_are_turned(folder: Path) -> None:
    images, _ = read(folder, direction="lower")
    assert images.sort_values("raw_score")["score"].is_monotonic_decreasing


def test_rows_that_are_references_are_left_out_and_noted(folder: Path) -> None:
    table = pd.read_csv(folder / "images.csv")
    extra = {"image": "images/alpha-clean.png", "task": "denoising", "content": "alpha", "mos": 90}
    pd.concat([table, pd.DataFrame([extra])]).to_csv(folder / "images.csv", index=False)
    images, record = read(folder)
    assert len(images) == len(table)
    assert "1 rows are references" in record["notes"][0]


def test_scores_are_scaled_inside_each_data_set(folder: Path) -> None:
    table = pd.read_csv(folder / "images.csv")
    table["dataset"] = np.where(table["family"].eq("alpha"), "elo", "mos")
    table["content"] = table["family"] = "scene"
    table.loc[table["dataset"].eq("elo"), "mos"] += 1000
    table.to_csv(folder / "images.csv", index=False)
    images, _ = read(folder, range=[0, 2000])
    ends = images.groupby("dataset")["score"].agg(["min", "max"])
    assert ends.index.tolist() == ["elo", "mos"] and (ends == [0, 1]).all(axis=None)
    assert set(images["family"]) == set(images["group"]) == {"elo/scene", "mos/scene"}
    table.loc[table["dataset"].eq("elo"), "mos"] = 1
    table.to_csv(folder / "images.csv", index=False)
    with pytest.raises(AssertionError):
        read(folder)


def test_columns_and_tasks_map_by_the_entry(folder: Path) -> None:
    table = pd.read_csv(folder / "images.csv").rename(columns={"mos": "dmos", "content": "scene"})
    table.assign(task="noise", camera="x").to_csv(folder / "images.csv", index=False)
    mapped = {"columns": {"score": "dmos", "content": "scene"}, "tasks": {"noise": "denoising"}}
    images, _ = read(folder, **mapped, ignore=["camera"])
    assert set(images["task"]) == {"denoising"} and set(images["content"]) == set(FAMILIES)


def test_ratings_become_preferences_by_a_paired_test(folder: Path) -> None:
    table = pd.read_csv(folder / "images.csv")
    noise = np.random.default_rng(0).normal(0, 2, (len(table), 12))
    ratings = pd.DataFrame(table["mos"].to_numpy()[:, None] + noise).add_prefix("rater_")
    ratings.insert(0, "image", table["image"])
    ratings.to_csv(folder / "ratings.csv", index=False)
    images, record = read(folder)
    pairs = pd.read_csv(folder.parent / "own.pairs.csv")
    score = images.set_index("image")["score"]
    better = np.where(
        score[pairs["image_a"]].to_numpy() > score[pairs["image_b"]].to_numpy(), "A", "B"
    )
    assert record["label_origin"] == "human" and len(pairs) == 3 * 6
    assert (pairs["preference"] == better).all()


def write_ratings(folder: Path) -> pd.DataFrame:
    """Write ratings of twelve raters that agree with the scores; give them."""
    table = pd.read_csv(folder / "images.csv")
    ratings = pd.DataFrame({f"rater_{k}": table["mos"] + k for k in range(12)})
    ratings.insert(0, "image", table["image"])
    ratings.to_csv(folder / "ratings.csv", index=False)
    return ratings


def test_lower_better_ratings_prefer_the_lower(folder: Path) -> None:
    write_ratings(folder)
    read(folder, direction="lower")
    images = read_images(folder.parent / "own.csv").set_index("image")["raw_score"]
    pairs = pd.read_csv(folder.parent / "own.pairs.csv")
    lower = images[pairs["image_a"]].to_numpy() < images[pairs["image_b"]].to_numpy()
    assert len(pairs) and (pairs["preference"] == np.where(lower, "A", "B")).all()


def test_an_image_rated_twice_is_named_and_an_empty_cell_is_not_rated(
    folder: Path, capsys: pytest.CaptureFixture
) -> None:
    ratings = write_ratings(folder).astype(object)
    ratings.loc[0, "rater_0"] = ""
    ratings.to_csv(folder / "ratings.csv", index=False)
    assert read(folder)[1]["supplied_pairs"] == 18
    pd.concat([ratings, ratings.iloc[:1]]).to_csv(folder / "ratings.csv", index=False)
    with pytest.raises(AssertionError):
        read(folder)
    told = capsys.readouterr().err
    assert "ratings.csv, row 14: image 'images/alpha-weak.png' is listed twice" in told


def supply(folder: Path, **more: object) -> None:
    """Write a pairs.csv of one pair."""
    names = {"image_a": "images/alpha-weak.png", "image_b": "images/alpha-mild.png"}
    row = {**names, "preference": "B", **more}
    pd.DataFrame([row]).to_csv(folder / "pairs.csv", index=False)


def votes_read(folder: Path) -> list:
    """Give the votes on the one pair of a folder, as read."""
    read(folder)
    pairs = pd.read_csv(folder.parent / "own.pairs.csv")
    return pairs.loc[0, ["votes_a", "votes_b", "votes_equal", "vote_kind"]].tolist()


def test_votes_are_read_or_counted_from_ratings(folder: Path) -> None:
    supply(folder, votes_a=3, votes_b=11)
    assert votes_read(folder) == [3, 11, 0, "two"]
    supply(folder, votes_a=3, votes_b=11, votes_equal=4, vote_kind="best of four")
    assert votes_read(folder) == [3, 11, 4, "best of four"]
    ratings = write_ratings(folder)
    assert votes_read(folder) == [3, 11, 4, "best of four"]  # as supplied
    supply(folder)
    rows = ratings.set_index("image").loc[["images/alpha-weak.png", "images/alpha-mild.png"]]
    a, b = rows.to_numpy()
    assert votes_read(folder) == [(a > b).sum(), (a < b).sum(), (a == b).sum(), "ratings"]


@pytest.mark.parametrize(
    ("votes", "told"),
    [
        ({"votes_a": 3}, "it counts votes without the column 'votes_b'"),
        ({"votes_a": 3, "votes_b": ""}, "row 2, column 'votes_b': '' is no number"),
        ({"votes_a": 3, "votes_b": 1.5}, "row 2, column 'votes_b': 1.5 is no whole number of"),
        ({"votes_a": -3, "votes_b": 1}, "row 2, column 'votes_a': -3 lies outside the range"),
        (
            {"votes_a": 3, "votes_b": 1, "vote_kind": "three"},
            "row 2: unknown kind of votes 'three'",
        ),
    ],
)
def test_faulty_votes_are_told_with_their_row(
    votes: dict, told: str, folder: Path, capsys: pytest.CaptureFixture
) -> None:
    supply(folder, **votes)
    with pytest.raises(AssertionError):
        read(folder)
    assert told in capsys.readouterr().err


def test_an_sd_of_ratings_is_read(folder: Path) -> None:
    rows = pd.read_csv(folder / "images.csv")
    rows.assign(sd=np.arange(len(rows)) + 0.5).to_csv(folder / "images.csv", index=False)
    read(folder)
    found = pd.read_csv(folder.parent / "own.csv").set_index("image")["raw_sd"]
    wanted = rows.assign(sd=np.arange(len(rows)) + 0.5).set_index("image")["sd"]
    assert found.to_dict() == {
        f"own/{name}": wanted[name] for name in wanted.index if f"own/{name}" in found
    }


def test_supplied_pairs_are_kept_as_they_are(folder: Path) -> None:
    rows = [["images/alpha-weak.png", "images/alpha-mild.png", "B", 0.25]]
    columns = ["image_a", "image_b", "preference", "fraction_preferring_a"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "pairs.csv", index=False)
    read(folder)
    pairs = pd.read_csv(folder.parent / "own.pairs.csv")
    unknown = ["votes_a", "votes_b", "votes_equal", "vote_kind", "split_pairs"]
    assert pairs[unknown].isna().all(axis=None)
    assert pairs.drop(columns=unknown).loc[0].tolist() == [
        "own/images/alpha-weak.png",
        "own/images/alpha-mild.png",
        "B",
        0.25,
        "human",
    ]


def test_an_absent_source_gives_empty_tables_and_the_next_step(tmp_path: Path) -> None:
    images, record = read(tmp_path / "nothing")
    assert images.empty and record["absent"]["code"] == "not_placed"
    assert record["absent"]["next_step"] == "place it"


def test_a_required_source_that_is_absent_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    entry = json.dumps({**ENTRY, "path": str(tmp_path / "nothing")})
    out = [f"--{name}={tmp_path / name}" for name in ("out", "pairs", "record")]
    assert main(["step", "read-source", "own", "--entry", entry, "--required", *out]) == 1
    assert ". Place it." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("mos", "nan", ["row 3", "'mos'", "not a finite number"]),
        ("mos", "good", ["row 3", "'good' is no number"]),
        ("mos", "", ["row 3", "'' is no number"]),
        ("mos", 250, ["row 3", "250 lies outside the range 0 to 100", "range"]),
        ("task", "denosing", ["row 3", "Did you mean 'denoising'"]),
        ("image", "images/alpha-weak.png", ["row 3", "listed twice"]),
        ("image", "images/none.png", ["row 3", "there is no file", "none.png"]),
        ("image", "../images.csv", ["row 3", "leads out"]),
        ("reference", "images/none.png", ["row 3", "there is no file", "none.png"]),
        ("content", "", ["row 3", "content is empty"]),
    ],
)
def test_a_bad_cell_is_named(folder: Path, column: str, value: object, told: list[str]) -> None:
    edit(folder, 3, column, value)
    with pytest.raises(UserError) as error:
        read_images_csv(folder, ENTRY)
    assert all(words in str(error.value) for words in ["images.csv", *told])


def test_an_unknown_column_names_the_nearest(folder: Path) -> None:
    table = pd.read_csv(folder / "images.csv").rename(columns={"algorithm": "algoritm"})
    table.to_csv(folder / "images.csv", index=False)
    with pytest.raises(UserError, match="unknown column 'algoritm'.*Did you mean 'algorithm'"):
        read_images_csv(folder, ENTRY)


def test_a_missing_column_is_named(folder: Path) -> None:
    pd.read_csv(folder / "images.csv").drop(columns="mos").to_csv(
        folder / "images.csv", index=False
    )
    with pytest.raises(UserError, match="column 'mos' is missing.*found: image"):
        read_images_csv(folder, ENTRY)


@pytest.mark.parametrize("fault", ["truncated", "text"])
def test_an_image_that_does_not_decode_is_named(folder: Path, fault: str) -> None:
    path = folder / "images/alpha-mild.png"
    path.write_bytes(path.read_bytes()[:200] if fault == "truncated" else b"<html>no image</html>")
    with pytest.raises(UserError, match="row 3.*alpha-mild.png.*not a readable image"):
        read_images_csv(folder, ENTRY)


def test_a_reference_of_another_size_is_named(folder: Path) -> None:
    Image.new("RGB", (32, 32)).save(folder / "images/alpha-clean.png")
    with pytest.raises(UserError, match="row 2.*64, 64.*32, 32.*same size"):
        read_images_csv(folder, ENTRY)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            "images/alpha-weak.png,images/none.png,A",
            "row 2.*'images/none.png' is no restored image",
        ),
        ("images/alpha-weak.png,images/alpha-mild.png,C", "row 2.*'C' is none of A, B, equal"),
    ],
)
def test_a_bad_pair_is_named(
    folder: Path, row: str, told: str, capsys: pytest.CaptureFixture
) -> None:
    (folder / "pairs.csv").write_text(f"image_a,image_b,preference\n{row}\n")
    with pytest.raises(AssertionError):
        read(folder)
    import re

    assert re.search(told, capsys.readouterr().err.replace("\n", " "))


def test_scores_that_are_all_alike_are_refused(folder: Path) -> None:
    pd.read_csv(folder / "images.csv").assign(mos=50).to_csv(folder / "images.csv", index=False)
    entry = json.dumps({**ENTRY, "path": str(folder)})
    out = [f"--{name}={folder.parent / name}" for name in ("out", "pairs", "record")]
    with pytest.raises(UserError, match="all 12 scores are 50"):
        main(["step", "read-source", "own", "--entry", entry, "--debug", *out])


def released(folder: Path) -> tuple[Path, dict[str, object]]:
    """Rename everything in a folder as a data set of another house might; give its entry."""
    table = pd.read_csv(folder / "images.csv").rename(
        columns={"image": "img_path", "mos": "score", "task": "restoration", "content": "scene"}
    )
    table.assign(restoration="Denoising", source="SIDD").to_csv(folder / "meta.csv", index=False)
    (folder / "images.csv").unlink()
    rows = []
    for number, family in enumerate(FAMILIES):
        for step, (a, b) in enumerate([("weak", "mild"), ("mild", "strong"), ("odd", "weak")]):
            names = [f"images/{family}-{algorithm}.png" for algorithm in (a, b)]
            rows.append([*names, step, "testing" if (number, step) == (1, 1) else "training"])
    columns = ["imageA", "imageB", "label", "phase"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "ranks.csv", index=False)
    mapped = dict(zip(["image_a", "image_b", "preference", "split"], columns, strict=True))
    entry = {
        "table": "meta.csv",
        "columns": {"image": "img_path", "score": "score", "task": "restoration"}
        | {"content": "scene"},
        "ignore": ["source"],
        "tasks": {"Denoising": "denoising"},
        "pairs": {
            "table": "ranks.csv",
            "columns": mapped,
            "preferences": {"0": "B", "1": "A", "2": "equal"},
            "splits": {"training": "train", "testing": "test"},
        },
    }
    return folder, entry


def test_released_pairs_and_their_split_reach_the_pair_table(folder: Path) -> None:
    folder, entry = released(folder)
    images, record = read(folder, **entry)
    assert record["supplied_pairs"] == 9 and record["label_origin"] == "human"
    assert any("so is the split" in note for note in record["notes"])
    out = folder.parent

    def call(*words: str) -> None:
        assert main(["step", *words]) == 0

    call("candidates", "--images", f"{out}/own.csv", "--out", f"{out}/all.csv")
    (out / "threshold.json").write_text('{"threshold": 0.9}')
    options = {
        "filter": {"tau": 0.3, "tau_by_source": {}},
        "labels": LABELS,
    }
    call(
        *["filter-pairs", "--images", f"{out}/own.csv", "--supplied", f"{out}/own.pairs.csv"],
        *["--record", f"{out}/own.json", "--candidates", f"{out}/all.csv"],
        *["--threshold", f"{out}/threshold.json", "--options", json.dumps(options)],
        *["--out", f"{out}/kept.csv", "--funnel", f"{out}/funnel.json"],
    )
    split = {"split": {"folds": 3, "test_share": 0.5, "seed": 0}}
    call(
        *["split-pairs", "--pairs", f"{out}/kept.csv", "--funnels", f"{out}/funnel.json"],
        *[
            "--images",
            f"{out}/own.csv",
            "--options",
            json.dumps(split),
            "--out",
            f"{out}/pairs.csv",
        ],
        *["--folds", f"{out}/folds.csv", "--funnel", f"{out}/funnels.json"],
        *["--leak", f"{out}/leak.json"],
    )
    pairs = read_pairs(out / "pairs.csv")
    tested = pairs[pairs["split_pairs"].eq("test")]
    assert len(pairs) == 9 and tested["image_a"].tolist() == ["own/images/beta-mild.png"]
    assert pairs["preference"].value_counts().to_dict() == {"A": 3, "B": 3, "equal": 3}


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("phase", "validation", "row 3.*split 'validation' is neither train nor test.*splits"),
        ("phase", "", "row 3.*split '' is neither"),
        ("label", "3", "row 3.*preference '3' is none of A, B, equal"),
        ("imageB", "images/none.png", "row 3.*'images/none.png' is no restored image"),
    ],
)
def test_a_released_pair_that_does_not_fit_is_named(
    folder: Path, column: str, value: str, told: str
) -> None:
    folder, entry = released(folder)
    table = pd.read_csv(folder / "ranks.csv", dtype=str)
    table.loc[1, column] = value
    table.to_csv(folder / "ranks.csv", index=False)
    with pytest.raises(UserError, match=f"ranks.csv.*{told}"):
        read_pairs_csv(
            folder / "ranks.csv", set(pd.read_csv(folder / "meta.csv")["img_path"]), entry["pairs"]
        )


def test_a_mapping_that_does_not_fit_lists_the_columns_found(folder: Path) -> None:
    folder, entry = released(folder)
    wrong = {**entry, "columns": {**entry["columns"], "score": "MOS"}}
    with pytest.raises(UserError, match=r"unknown column 'score' \(found: img_path, reference, .*"):
        read_images_csv(folder, wrong)
    pairs = {**entry["pairs"], "columns": {**entry["pairs"]["columns"], "preference": "rank"}}
    with pytest.raises(UserError, match=r"unknown column 'label' \(found: imageA, imageB, label"):
        read_pairs_csv(folder / "ranks.csv", set(), pairs)
    pairs["ignore"] = ["label"]
    with pytest.raises(UserError, match="column 'rank' is missing .*`pairs: columns`"):
        read_pairs_csv(folder / "ranks.csv", set(), pairs)


def test_line_ends_marks_and_the_case_of_names_do_not_matter(folder: Path) -> None:
    folder, entry = released(folder)
    plain, _ = read_images_csv(folder, entry)
    pairs = read_pairs_csv(folder / "ranks.csv", set(plain["image"]), entry["pairs"])
    for name in ("meta.csv", "ranks.csv"):
        lines = (folder / name).read_text().splitlines()
        (folder / name).write_bytes(("\ufeff" + "\r\n".join([*lines, ""])).encode())
    for path in [*folder.rglob("*.png")]:
        path.rename(path.with_name(path.name.upper()))
    marked, _ = read_images_csv(folder, entry)
    assert marked["path"].str.endswith(".PNG").all()
    paths = ["path", "reference"]
    pd.testing.assert_frame_equal(marked.drop(columns=paths), plain.drop(columns=paths))
    again = read_pairs_csv(folder / "ranks.csv", set(marked["image"]), entry["pairs"])
    pd.testing.assert_frame_equal(again, pairs)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"image;task;content;mos\na.png;denoising;x;1\n", "its columns are parted by semicolons"),
        (b"image\ttask\tcontent\tmos\n", "its columns are parted by tabs"),
        ("image,task\na.png,b\n".encode("utf-16"), "Save it as UTF-8"),
        (b"", "it is empty. Put the table there"),
    ],
)
def test_a_table_saved_another_way_is_told(folder: Path, content: bytes, told: str) -> None:
    (folder / "images.csv").write_bytes(content)
    with pytest.raises(UserError, match=re.escape(told)) as error:
        read_text_table(folder / "images.csv")
    assert "images.csv" in str(error.value)


def test_the_group_follows_the_comparability_of_the_entry(folder: Path) -> None:
    table = pd.read_csv(folder / "images.csv").assign(scale=2)
    table.to_csv(folder / "images.csv", index=False)
    group = {
        rule: set(read_images_csv(folder, {**ENTRY, **rule_of})[0]["group"])
        for rule, rule_of in {
            "none": {},
            **{rule: {"comparability": rule} for rule in ("content", "reference", "scale")},
        }.items()
    }
    assert group["content"] == set(FAMILIES)
    assert group["scale"] == group["none"] == {f"{family}-x2" for family in FAMILIES}
    assert group["reference"] == {f"{family}-clean" for family in FAMILIES}


def test_the_reference_rule_of_the_entry_holds(folder: Path) -> None:
    Image.new("RGB", (32, 32)).save(folder / "images/alpha-clean.png")
    with pytest.raises(UserError, match="or set `reference: misaligned`"):
        read_images_csv(folder, ENTRY)
    images, _ = read_images_csv(folder, {**ENTRY, "reference": "misaligned"})
    assert (images["reference"] != "").all()
    images, _ = read_images_csv(folder, {**ENTRY, "reference": "none"})
    assert (images["reference"] == "").all() and (images["reference_sha256"] == "").all()


def test_a_mask_that_is_required_is_missed_and_an_empty_one_refused(folder: Path) -> None:
    with pytest.raises(UserError, match="row 2: it has no mask"):
        read_images_csv(folder, {**ENTRY, "mask": "required"})
    mask = np.zeros((64, 64), dtype=np.uint8)
    Image.fromarray(mask).save(folder / "mask.png")
    table = pd.read_csv(folder / "images.csv").assign(mask="mask.png")
    table.to_csv(folder / "images.csv", index=False)
    with pytest.raises(UserError, match="row 2.*mask.png: the mask leaves no pixel inside"):
        read_images_csv(folder, ENTRY)
    mask[8:40, 16:] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    images, _ = read_images_csv(folder, {**ENTRY, "mask": "required"})
    assert (read_mask(images["mask"][0]) == (mask > 0)).all()


def test_an_unknown_direction_must_be_set(folder: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(AssertionError):
        read(folder, direction=None)
    assert "Set `direction`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("image,task,content,mos\na.png,denoising,a,5,6,7\n", "not a readable CSV|more fields"),
        ("image,task,content,mos\na.png\n", "row 2"),
    ],
)
def test_a_stray_line_of_a_csv_is_told(folder: Path, text: str, told: str) -> None:
    (folder / "images.csv").write_text(text)
    with pytest.raises(UserError, match=told):
        read_images_csv(folder, ENTRY)
