"""The tables: what a careless hand makes of one is told with its row and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fgresq.errors import UserError
from fgresq.files import write_csv
from fgresq.tables import FOLD_COLUMNS, SCORE_COLUMNS, read_images, read_table, write_images
from tests.conftest import image_table

HEAD = "image,method,split,value,reason\n"
GOOD = "s/1,psnr,all,1.5,\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + GOOD + "s/2,psnr,all,abc,\n", "row 3, column 'value': 'abc' is no number. Give a"),
        (HEAD + GOOD + "s/2,psnr,all,nan,\n", "row 3, column 'value': 'nan' is no number"),
        ((HEAD + GOOD).replace(",", ";"), "it is separated by ';', not by commas. Save it as CSV"),
        ((HEAD + GOOD).replace(",", "\t"), "it is separated by tabs"),
        (HEAD + GOOD + "s/2,psnr\n", "row 3: it has 2 fields, and the table 5 columns. Complete"),
        (HEAD + GOOD + "s/2,psnr,all,1\n", "row 3: it has 4 fields"),
        (HEAD + GOOD + "s/2,psnr,all,,no, it is flat\n", "row 3: it has 6 fields"),
        (HEAD + GOOD.replace("\n", ",\n"), "row 2: it has 6 fields"),
        (HEAD + GOOD.replace("\n", ",\n") + "s/2,psnr,all,2\n", "row 2: it has 6 fields"),
        (HEAD + GOOD + '\n"s/\n2",psnr,all,1,"a,b"\ns/3,psnr,all,2\n', "row 4: it has 4 fields"),
        (HEAD + '"s/1,psnr,all,1,\n', "not a readable table .Error tokenizing data"),
        ("", "not a readable table .No columns"),
    ],
)
def test_a_faulty_table_is_told_with_its_row(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=f"scores.csv(, |: ){told}") as error:
        read_table(path, SCORE_COLUMNS)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("value", "told"), [("", "it is empty"), ("1.5", "'1.5' is no whole number")]
)
def test_a_whole_number_is_asked_for_where_one_is_needed(
    tmp_path: Path, value: str, told: str
) -> None:
    path = tmp_path / "folds.csv"
    path.write_text(f"source,family,fold\ns,a,0\ns,b,{value}\n")
    with pytest.raises(UserError, match=f"folds.csv, row 3, column 'fold': {told}"):
        read_table(path, FOLD_COLUMNS)


def test_quoted_line_breaks_commas_and_blank_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(HEAD + GOOD + '\n"s/\n2",psnr,all,,"a, b"\n  \n')
    table = read_table(path, SCORE_COLUMNS)
    assert table["image"].tolist() == ["s/1", "s/\n2"] and np.isnan(table["value"][1])
    path.write_text(HEAD)
    assert len(read_table(path, SCORE_COLUMNS)) == 0


def test_a_path_that_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read .Is a directory.. Give a file"):
        read_table(tmp_path, SCORE_COLUMNS)
    with pytest.raises(UserError, match="no such file. Correct the path, or run the step"):
        read_table(tmp_path / "scores.csv", SCORE_COLUMNS)


def test_an_image_listed_twice_or_without_a_name_is_told(tmp_path: Path) -> None:
    path, images = tmp_path / "images.csv", image_table(3, 1, np.array([0.1, 0.2, 0.3]))
    for names, told in (
        (["s/i0", "s/i1", "s/i0"], "images.csv: image 's/i0' is listed twice. Remove one"),
        (["s/i0", "", "s/i2"], "images.csv, row 3, column 'image': it is empty. Give the image"),
    ):
        write_csv(path, images.assign(image=names))
        with pytest.raises(UserError, match=told):
            read_images(path)
        with pytest.raises(UserError, match=told):
            write_images(path, images.assign(image=names))
