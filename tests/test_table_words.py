"""The tables: every message whole, and what is written and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fgresq import tables
from fgresq.errors import UserError
from fgresq.files import write_csv
from fgresq.tables import (
    FOLD_COLUMNS,
    IMAGE_COLUMNS,
    PAIR_COLUMNS,
    SCORE_COLUMNS,
    TASKS,
    check_columns,
    check_rows,
    empty,
    rated,
    read_images,
    read_pairs,
    read_scores,
    read_table,
    restored,
    write_images,
    write_pairs,
    write_scores,
    write_table,
)
from tests.conftest import image_table

HEAD = "image,method,split,value,reason\n"
GOOD = "s/1,psnr,all,1.5,\n"
MEND = "Complete the row; a field that holds a comma stands in double quotes."


def told(path: Path, text: str, columns: dict[str, type] = SCORE_COLUMNS) -> str:
    """Give what is said of a table, less the folder."""
    path.write_text(text)
    with pytest.raises(UserError) as error:
        read_table(path, columns)
    return str(error.value).replace(str(path), "T")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            HEAD + GOOD + "s/2,psnr,all,abc,\n",
            "T, row 3, column 'value': 'abc' is no number. Give a number there.",
        ),
        (
            HEAD + GOOD + "s/2,psnr,all,,none\n" + "s/2,psnr,all,x,\n",
            "T, row 4, column 'value': 'x' is no number. Give a number there.",
        ),
        (
            HEAD.replace(",", ";"),
            "T: it is separated by ';', not by commas. Save it as CSV with commas.",
        ),
        (
            HEAD.replace(",", "\t"),
            "T: it is separated by tabs, not by commas. Save it as CSV with commas.",
        ),
        (
            HEAD + GOOD + "s/2,psnr\n",
            f"T, row 3: it has 2 fields, and the table 5 columns. {MEND}",
        ),
        (
            HEAD + GOOD + "s/2,psnr,all,1,,,\n",
            f"T, row 3: it has 7 fields, and the table 5 columns. {MEND}",
        ),
        (
            HEAD.replace("method", "metod") + GOOD,
            "T: unknown column 'metod'. Did you mean 'method'?.",
        ),
        (
            HEAD.replace(",reason", "") + "s/1,psnr,all,1.5\n",
            "T: column 'reason' is missing (found: image, method, split, value). "
            "Add the column 'reason'.",
        ),
    ],
)
def test_a_fault_is_told_whole(tmp_path: Path, text: str, message: str) -> None:
    assert told(tmp_path / "t.csv", text) == message.replace("?.", "?")


def test_what_pandas_says_is_told_with_a_mend(tmp_path: Path) -> None:
    message = told(tmp_path / "t.csv", HEAD + '"s/1,psnr,all,1,\n')
    assert message.startswith("T: not a readable table (Error tokenizing data. ")
    assert message.endswith("). Mend the file.") and "  " not in message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "T, row 3, column 'fold': it is empty. Give a whole number there."),
        ("1.5", "T, row 3, column 'fold': '1.5' is no whole number. Give a whole number there."),
        ("x", "T, row 3, column 'fold': 'x' is no number. Give a number there."),
    ],
)
def test_a_whole_number_is_asked_for(tmp_path: Path, value: str, message: str) -> None:
    text = f"source,family,fold\ns,a,0\ns,b,{value}\ns,c,1\n"
    assert told(tmp_path / "t.csv", text, FOLD_COLUMNS) == message


def test_types_and_order_of_columns_are_those_of_the_schema(tmp_path: Path) -> None:
    """Names that look like numbers or like nothing stay text; columns may stand in any order."""
    path = tmp_path / "t.csv"
    path.write_text("fold,family,source\n2,007,NA\n0,,nan\n")
    table = read_table(path, FOLD_COLUMNS)
    assert list(table.columns) == ["source", "family", "fold"]
    assert table["source"].tolist() == ["NA", "nan"] and table["family"].tolist() == ["007", ""]
    assert table["fold"].tolist() == [2, 0] and table["fold"].dtype == int
    assert table["source"].dtype == object


def test_a_table_without_rows_has_its_types(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("source,family,fold\n")
    table = read_table(path, FOLD_COLUMNS)
    assert len(table) == 0 and table["fold"].dtype == int and table["source"].dtype == object
    made = empty(FOLD_COLUMNS)
    assert list(made.columns) == list(FOLD_COLUMNS) and len(made) == 0
    assert made["fold"].dtype == int and made["source"].dtype == object
    assert empty(SCORE_COLUMNS)["value"].dtype == float


def test_rows_are_counted_by_commas_only_where_that_is_sure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain table is not parsed twice; quotes, an index or a missing table make it so."""
    path, parsed = tmp_path / "t.csv", []
    reader = tables.csv.reader
    monkeypatch.setattr(
        tables.csv, "reader", lambda *given, **more: parsed.append(1) or reader(*given, **more)
    )
    path.write_text(HEAD + GOOD * 3)
    plain = pd.DataFrame({"a": range(3)})
    check_rows(path, 5, plain)
    assert not parsed
    check_rows(path, 5, plain.set_index(pd.Index(["x", "y", "z"])))
    check_rows(path, 5)
    check_rows(path, 5, plain[:2])
    assert len(parsed) == 3
    path.write_text(HEAD + '"s/1",psnr,all,1.5,\n')
    check_rows(path, 5, plain[:1])
    assert len(parsed) == 4
    with pytest.raises(UserError, match="row 1: it has 5 fields, and the table 4 columns"):
        check_rows(path, 4)


def test_a_byte_order_mark_and_blank_lines_are_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\ufeff" + HEAD + GOOD + "\n   \n" + '"s/2",psnr,all,2,\n', encoding="utf-8")
    assert read_scores(path)["image"].tolist() == ["s/1", "s/2"]


def test_faults_of_columns_are_told_whole() -> None:
    with pytest.raises(UserError) as error:
        check_columns(["source", "fold", "famly"], FOLD_COLUMNS, "w")
    assert str(error.value) == "w: unknown column 'famly'. Did you mean 'family'?"
    with pytest.raises(UserError) as error:
        check_columns(["source", "zzzzzz"], FOLD_COLUMNS, "w")
    assert str(error.value) == "w: unknown column 'zzzzzz'. Known are: family, fold, source."
    check_columns(["fold", "family", "source"], FOLD_COLUMNS, "w")


@pytest.fixture
def images() -> pd.DataFrame:
    return image_table(3, 1, np.array([0.0, 1.0, 0.5]))


def test_images_are_written_in_order_and_read_back(tmp_path: Path, images: pd.DataFrame) -> None:
    path = tmp_path / "images.csv"
    write_images(path, images[::-1][list(IMAGE_COLUMNS)[::-1]])
    pd.testing.assert_frame_equal(read_images(path), images, check_dtype=False)


def test_faults_of_images_are_told_whole(tmp_path: Path, images: pd.DataFrame) -> None:
    path = tmp_path / "images.csv"
    for faulty, message in (
        (
            images.assign(image=["a", "", "c"]),
            f"{path}, row 3, column 'image': it is empty. Give the image a name of its own.",
        ),
        (
            images.assign(image=["a", "b", "b"]),
            f"{path}: image 'b' is listed twice. Remove one of the rows.",
        ),
        (
            images.assign(task=["denoising", "denosing", "distortion"]),
            f"{path}: unknown task 'denosing'. Did you mean 'denoising'?",
        ),
        (
            images.assign(task=["denoising", "zzz", "distortion"]),
            f"{path}: unknown task 'zzz'. Known are: {', '.join(sorted(TASKS))}.",
        ),
        (
            images.assign(score=[0.0, 1.0, 1.0000001]),
            f"{path}: image 's/002' has a score outside [0, 1]. "
            "Scores are scaled over the whole source; check raw_score.",
        ),
        (
            images.assign(score=[0.0, -1e-9, np.nan]),
            f"{path}: image 's/001' has a score outside [0, 1]. "
            "Scores are scaled over the whole source; check raw_score.",
        ),
    ):
        with pytest.raises(UserError) as error:
            write_images(path, faulty)
        assert str(error.value) == message and not path.exists()
    with pytest.raises(UserError, match=f"^{path}, row 3"):
        write_csv(path, images.assign(image=["a", "", "c"]))
        read_images(path)


def test_degraded_images_are_written_and_are_not_restored_ones(
    tmp_path: Path, images: pd.DataFrame
) -> None:
    mixed = images.assign(task=["distortion", "mixture", "denoising"])
    write_images(tmp_path / "images.csv", mixed)
    kept = restored(mixed)
    assert kept["image"].tolist() == ["s/001", "s/002"] and kept.index.tolist() == [0, 1]


def test_photographs_are_rated_and_are_not_restored_ones(
    tmp_path: Path, images: pd.DataFrame
) -> None:
    mixed = images.assign(
        task=["distortion", "photograph", "denoising"], role=["", "train", "test"]
    )
    write_images(tmp_path / "images.csv", mixed)
    assert restored(mixed)["image"].tolist() == ["s/002"]
    kept = rated(mixed)
    assert kept["image"].tolist() == ["s/001", "s/002"] and kept.index.tolist() == [0, 1]


def test_a_role_that_is_none_is_told(tmp_path: Path, images: pd.DataFrame) -> None:
    with pytest.raises(UserError, match="unknown role 'tests'. Did you mean 'test'"):
        write_images(tmp_path / "images.csv", images.assign(role="tests"))


def test_pairs_are_written_in_order_and_read_back(tmp_path: Path) -> None:
    rows = {name: ["", ""] for name in PAIR_COLUMNS}
    pairs = pd.DataFrame(rows).assign(
        pair=["s#2", "s#1"], score_difference=0.25, ssim=0.5, fraction_a=np.nan, fold=[1, 0]
    )
    path = tmp_path / "pairs.csv"
    write_pairs(path, pairs[list(PAIR_COLUMNS)[::-1]])
    found = read_pairs(path)
    assert found["pair"].tolist() == ["s#1", "s#2"] and found["fold"].tolist() == [0, 1]
    assert list(found.columns) == list(PAIR_COLUMNS) and found["fraction_a"].isna().all()
    with pytest.raises(UserError) as error:
        write_pairs(path, pairs.assign(extra=1))
    assert f"{path}: unknown column 'extra'" in str(error.value)
    with pytest.raises(UserError) as error:
        write_table(path, pairs.drop(columns="fold"), PAIR_COLUMNS)
    assert f"{path}: column 'fold' is missing" in str(error.value)


def score_rows(values: list[float], reasons: list[str]) -> pd.DataFrame:
    names = [f"s/{k}" for k in range(len(values))]
    rows = {"image": names, "method": "psnr", "split": "all", "value": values, "reason": reasons}
    return pd.DataFrame(rows)


def test_scores_are_read_back_with_values_or_reasons(tmp_path: Path) -> None:
    path, scores = tmp_path / "scores.csv", score_rows([1.5, np.nan], ["", "too small"])
    write_scores(path, scores[["reason", "value", "split", "method", "image"]])
    pd.testing.assert_frame_equal(
        read_scores(path), scores.astype({"image": object}), check_dtype=False
    )
    write_scores(path, score_rows([], []))
    assert read_scores(path).empty


@pytest.mark.parametrize(
    ("value", "reason"), [(np.nan, ""), (np.inf, ""), (-np.inf, ""), (1.0, "too small")]
)
def test_a_score_is_a_finite_value_or_a_reason(tmp_path: Path, value: float, reason: str) -> None:
    path = tmp_path / "scores.csv"
    with pytest.raises(UserError) as error:
        write_scores(path, score_rows([1.0, value], ["", reason]))
    assert str(error.value) == (
        f"{path}: psnr of 's/1' needs a value or a reason. "
        "This is a fault of the method: report it."
    )
    assert not path.exists()


def test_infinity_with_a_reason_is_no_value(tmp_path: Path) -> None:
    write_scores(tmp_path / "scores.csv", score_rows([np.inf], ["no end"]))
