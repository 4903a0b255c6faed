"""Tables as people make them: each fault of form is named for what it is, with the mend."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from fgresq.catalogues import catalogue
from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.sources.folder import contradictions, read_pairs_csv, read_ratings_csv
from fgresq.sources.placed import Files, read_text_table
from fgresq.sources.read import read_placed
from fgresq.table_forms import check_form, usable_path
from tests.conftest import write_folder

GOOD = "image,mos\nim/0.png,3.5\nim/1.png,2.25\n"
KNOWN = ("image", "mos", "task", "content")
FAULTS = {
    "semicolons": (
        GOOD.replace(",", ";"),
        "its columns are parted by semicolons. Save it with commas, and with points in decimals.",
    ),
    "semicolons and decimal commas": (
        GOOD.replace(",", ";").replace(".2", ",2").replace("3.5", "3,5"),
        "its columns are parted by semicolons, and its decimals have commas. Save it with commas",
    ),
    "tabs and decimal commas": (
        GOOD.replace(",", "\t").replace("3.5", "3,5"),
        "its columns are parted by tabs, and its decimals have commas",
    ),
    "bars": (GOOD.replace(",", "|"), "its columns are parted by bars"),
    "a comment": (
        "# made by hand, 2024\n" + GOOD,
        "its first line is a comment ('# made by hand, 2024'). "
        "Remove it, the header comes first: image,mos.",
    ),
    "no header": (
        GOOD.partition("\n")[2],
        "it has no header: its first line is 'im/0.png,3.5'. "
        "Put a line with the columns' names first: image,mos.",
    ),
    "numbers for a header": ("17,3.5\n18,4\n", "it has no header: its first line is '17,3.5'"),
    "quotes": (
        GOOD.replace("im/1", '"im/1'),
        "its double quotes are not paired (the first odd one is in line 3). Close or remove it.",
    ),
    "UTF-16": (GOOD.encode("utf-16"), "it is UTF-16 text, not UTF-8. Save it as UTF-8."),
    "UTF-16 without a mark": (GOOD.encode("utf-16-be"), "it is UTF-16 text, not UTF-8"),
    "a spreadsheet": (b"PK\x03\x04rest", "it is a spreadsheet or an archive, not CSV text"),
}


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_form_is_named(tmp_path: Path, fault: str) -> None:
    content, told = FAULTS[fault]
    path = write(tmp_path / "t.csv", content)
    with pytest.raises(UserError) as error:
        check_form(path, KNOWN, "image,mos")
    assert str(error.value).startswith(f"{path}: {told}")
    with pytest.raises(UserError) as again:
        read_text_table(path, known=KNOWN, wanted="image,mos")
    assert str(again.value) == str(error.value)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_command_tells_the_same_of_its_table(
    tmp_path: Path, fault: str, capsys: pytest.CaptureFixture
) -> None:
    content, told = FAULTS[fault]
    path = write(tmp_path / "t.csv", content)
    assert main(["score", "psnr", str(path), "--out", str(tmp_path / "s.csv")]) == 1
    shown = capsys.readouterr().err
    assert told.partition(":")[0] in shown and "Traceback" not in shown
    if fault in ("no header", "a comment"):
        assert "path,reference" in shown


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        'image,mos\n"im;0.png",3\n"a ""b"".png",4\n',
        "image,mos;old\na,1\nb,2\n",
        "image,1,2,3\nim/0.png,1,2,3\n",  # raters that are numbered
        "",
        "\n\n",
    ],
)
def test_what_is_a_table_is_none_of_these(tmp_path: Path, content: str) -> None:
    check_form(write(tmp_path / "t.csv", content), KNOWN)
    check_form(tmp_path / "none.csv", KNOWN)  # told by whoever reads it


def test_a_hundred_thousand_columns_are_refused_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    header = ",".join(f"column{n}" for n in range(100_000))
    path = write(tmp_path / "t.csv", f"{header}\n" + ",".join(["1"] * 100_000) + "\n")
    started = time.process_time()
    for read in (check_form, read_text_table):
        with pytest.raises(UserError, match="its header has 100000 columns, and 20000 is the most"):
            read(path)
    assert main(["score", "psnr", str(path)]) == 1
    assert time.process_time() - started < 2
    assert "100000 columns" in capsys.readouterr().err
    few = ",".join(["image", *(f"rater{n}" for n in range(3000))])
    path = write(tmp_path / "ratings.csv", f"{few}\na.png" + ",3" * 3000 + "\n")
    assert read_ratings_csv(path, {"a.png"}).shape == (1, 3000)


def test_paths_that_no_file_can_have(tmp_path: Path) -> None:
    usable_path("a" * 255)
    usable_path(tmp_path / "a.png")
    with pytest.raises(UserError, match="has 256 bytes, and 255 is the most. Correct the path"):
        usable_path("a" * 256)
    with pytest.raises(UserError, match="has 304 bytes"):
        usable_path("folder/" + "ä" * 150 + ".png")
    with pytest.raises(UserError, match=r"the path 'a\\0b' holds a NUL byte. Correct the path"):
        usable_path("a\0b")


@pytest.mark.parametrize("name", ["a\0b.png", "n" * 300 + ".png"])
def test_a_path_in_a_table_is_told_with_its_row(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture
) -> None:
    path = write(tmp_path / "t.csv", f"path,reference\nx.png,\n{name},\n")
    assert main(["score", "niqe", str(path), "--out", str(tmp_path / "s.csv")]) == 1
    shown = capsys.readouterr().err
    assert "Traceback" not in shown and ("row 2, column 'path'" in shown or "NUL" in shown)
    with pytest.raises(UserError, match=r"t.csv, row 3: the (path|file name) "):
        Files(tmp_path).at(name, f"{path}, row 3")


def pair_table(folder: Path, *rows: str) -> Path:
    """Write pairs.csv of a source folder."""
    names = [f"images/{row}" for row in rows]
    lines = ["image_a,image_b,preference", *(n.replace(" ", ",images/", 1) for n in names)]
    return write(folder / "pairs.csv", "\n".join(lines) + "\n")


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., tuple[pd.DataFrame, list[str]]]:
    """Give a function that reads a folder with pairs: the pairs, and the notes."""
    folder = write_folder(tmp_path / "own", ("alpha", "beta"))

    def pairs(*rows: str) -> tuple[pd.DataFrame, list[str]]:
        pair_table(folder, *rows)
        _, found, notes = read_placed("own", folder, catalogue("sources")["own"], 0.05)
        return found, notes

    return pairs


AGAIN = ("alpha-weak.png alpha-odd.png,A", "alpha-odd.png alpha-weak.png,A")


def test_pairs_decided_both_ways_are_counted_and_told(
    read: Callable[..., tuple[pd.DataFrame, list[str]]],
) -> None:
    found, notes = read("beta-weak.png beta-mild.png,A", *AGAIN, "beta-mild.png beta-weak.png,B")
    assert len(found) == 4
    told = [note for note in notes if "both ways" in note]
    assert told == [
        "WARNING: 1 pairs are decided both ways, A over B and B over A, the first in rows 3 and 4; "
        "all their rows are kept"
    ]
    _, notes = read("beta-weak.png beta-mild.png,A", "beta-mild.png beta-weak.png,equal")
    assert not [note for note in notes if "both ways" in note]


def test_contradictions_are_pairs_and_not_rows() -> None:
    sides = [("a", "b", "A"), ("b", "a", "A"), ("a", "b", "B"), ("c", "d", "B"), ("d", "c", "B")]
    pairs = pd.DataFrame(sides, columns=["image_a", "image_b", "preference"], index=range(2, 7))
    assert "2 pairs" in contradictions(pairs)[0] and "rows 2 and 3" in contradictions(pairs)[0]
    assert contradictions(pairs[:1]) == contradictions(pairs[:0]) == []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            "alpha-weak.png alpha-weak.png,A",
            "row 3: 'images/alpha-weak.png' is compared with itself",
        ),
        (
            "alpha-weak.png beta-weak.png,A",
            "row 3: the pair crosses groups: 'images/alpha-weak.png' is of group 'alpha', "
            "'images/beta-weak.png' of 'beta'",
        ),
    ],
)
def test_pairs_that_are_none_are_refused_with_their_row(
    read: Callable[..., tuple[pd.DataFrame, list[str]]], row: str, told: str
) -> None:
    with pytest.raises(UserError) as error:
        read("alpha-weak.png alpha-odd.png,A", row)
    assert told in str(error.value)


def test_a_missing_header_of_pairs_is_the_one_wanted(tmp_path: Path) -> None:
    path = write(tmp_path / "pairs.csv", "im/0.png,im/1.png,A\n")
    with pytest.raises(UserError, match="names first: image_a,image_b,preference"):
        read_pairs_csv(path, {})
