"""The step that scores comparisons: what is asked of whom, and what has no value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fgresq.cli import main
from fgresq.comparisons import read_compared, write_comparisons
from fgresq.files import sha256, write_csv
from fgresq.ops.sharpness import sharpness
from tests.conftest import picture

FAMILIES = ("a", "b", "c")
KINDS = {"clean": 0.0, "blurred": -1.0, "noisy": -2.0}


@pytest.fixture
def phase(tmp_path: Path) -> Path:
    """Three photographs, each clean, blurred and noisy, the clean and the blurred as references."""
    rows, versions = [], []
    files: dict[str, Path] = {}
    for number, family in enumerate(FAMILIES):
        clean = picture(number, 48)
        noisy = np.random.default_rng(number).normal(clean, 25).clip(0, 255).astype(np.uint8)
        blurred = np.asarray(Image.fromarray(clean).resize((9, 9)).resize((48, 48)))
        for kind, pixels in (("clean", clean), ("blurred", blurred), ("noisy", noisy)):
            image = f"diffiqa_mini/{family}.{kind}.png"
            files[image] = tmp_path / "images" / f"{family}.{kind}.png"
            files[image].parent.mkdir(exist_ok=True)
            Image.fromarray(pixels).save(files[image])
            whose = {"image": image, "content": family, "family": family, "kind": kind}
            whose |= {"reference": f"diffiqa_mini/{family}.clean.png", "strength": 1.5}
            versions.append(whose | {"quality": KINDS[kind] + number})
        for reference in ("clean", "blurred"):
            x = f"diffiqa_mini/{family}.{reference}.png"
            for kind in KINDS:
                y = f"diffiqa_mini/{family}.{kind}.png"
                path, beside = files[y], files[x]
                rows.append((y, x, str(path), str(beside), sha256(path), sha256(beside), family))
    columns = ["image", "reference", "path", "reference_path", "sha256", "reference_sha256"]
    table = pd.DataFrame(rows, columns=[*columns, "family"])
    table = table.assign(source="diffiqa_mini", content=table["family"], label="")
    write_comparisons(tmp_path / "comparisons.csv", table)
    write_csv(tmp_path / "versions.csv", pd.DataFrame(versions))
    return tmp_path


def scored(folder: Path, method: str, *more: str) -> pd.DataFrame:
    words = ["step", "afine-score", method, "--folder", str(folder), *more]
    assert main([*words, "--cache", str(folder / "kept")]) == 0
    return read_compared(folder / f"scores/{method}.csv")


def test_with_a_reference_each_comparison_has_a_value_the_original_by_itself_too(phase) -> None:
    table = scored(phase, "psnr")
    assert len(table) == 18 and table["reason"].eq("").all()
    own = table[table["image"].eq("diffiqa_mini/a.blurred.png")]
    by = dict(zip(own["reference"], own["value"], strict=True))
    assert by["diffiqa_mini/a.blurred.png"] == pytest.approx(361.2, abs=0.1)
    assert by["diffiqa_mini/a.clean.png"] < 40  # one image, two references, two values
    kept = (phase / "scores/psnr.csv").read_bytes()
    scored(phase, "psnr")
    assert (phase / "scores/psnr.csv").read_bytes() == kept


def test_without_a_reference_each_image_has_one_value(phase) -> None:
    table = scored(phase, "brisque")
    assert len(table) == 9 and table["reference"].eq("").all() and table["value"].notna().all()


def test_sharpness_is_that_of_the_operation(phase) -> None:
    table = scored(phase, "sharpness").set_index("image")["value"]
    pixels = np.asarray(Image.open(phase / "images/b.noisy.png"))
    assert table["diffiqa_mini/b.noisy.png"] == pytest.approx(sharpness(pixels))


def test_the_constant_order_is_that_of_other_families(phase) -> None:
    table = scored(phase, "constant_order")
    assert table["split"].eq("family").all()
    value = table.set_index("image")["value"]
    for family in FAMILIES:
        own = [value[f"diffiqa_mini/{family}.{kind}.png"] for kind in ("noisy", "blurred", "clean")]
        assert own == sorted(own) and len(set(own)) == 3
    versions = pd.read_csv(phase / "versions.csv")
    turned = versions["family"].eq("a")
    versions.loc[turned, "quality"] *= -1  # its own family teaches an image nothing
    write_csv(phase / "versions.csv", versions)
    again = scored(phase, "constant_order").set_index("image")["value"]
    assert again["diffiqa_mini/a.noisy.png"] == value["diffiqa_mini/a.noisy.png"]
    assert again["diffiqa_mini/b.noisy.png"] != value["diffiqa_mini/b.noisy.png"]


def test_without_a_table_of_kinds_there_is_no_constant_order(phase) -> None:
    (phase / "versions.csv").unlink()
    table = scored(phase, "constant_order")
    assert table["value"].isna().all() and table["reason"].str.contains("versions.csv").all()


def test_an_image_at_fault_has_a_reason_and_the_others_values(phase) -> None:
    (phase / "images/c.noisy.png").write_bytes(b"no picture")
    table = scored(phase, "psnr")
    lost = table["image"].eq("diffiqa_mini/c.noisy.png")
    assert table["value"].isna().equals(lost) and table.loc[lost, "reason"].ne("").all()


def test_a_fold_of_fgresq_that_is_not_there_is_a_reason(phase) -> None:
    folds = pd.DataFrame({"source": "mini", "family": ["a", "b"], "fold": [0, 1]})
    write_csv(phase / "own.csv", folds)
    more = ("--checkpoints", str(phase / "none"), "--trained-folds", str(phase / "own.csv"))
    table = scored(phase, "fgresq", *more).set_index("image")["reason"]
    assert "there is no checkpoint of its fold" in table["diffiqa_mini/a.clean.png"]
    assert str(phase / "none/1") in table["diffiqa_mini/b.clean.png"]
    assert table["diffiqa_mini/c.clean.png"] == "its family is in no fold of the checkpoints"


def test_fgresq_judges_an_image_by_the_fold_that_left_its_family_out(phase, monkeypatch) -> None:
    from fgresq.scoring import predict

    asked: dict[str, list[str]] = {}

    def told(checkpoint: Path, paths: list[str], _cache: Path):
        asked[checkpoint.name] = paths
        return [(float(checkpoint.name), "")] * len(paths), "version"

    monkeypatch.setattr(predict, "score_paths", told)
    folds = pd.DataFrame({"source": "mini", "family": list(FAMILIES), "fold": [1, 0, 1]})
    write_csv(phase / "own.csv", folds)
    for fold in ("0", "1"):
        (phase / "models" / fold).mkdir(parents=True)
        (phase / "models" / fold / "card.json").write_text("{}")
    more = ("--checkpoints", str(phase / "models"), "--trained-folds", str(phase / "own.csv"))
    table = scored(phase, "fgresq", *more).set_index("image")["value"]
    assert table["diffiqa_mini/b.noisy.png"] == 0 and table["diffiqa_mini/a.noisy.png"] == 1
    assert {Path(path).name[0] for path in asked["0"]} == {"b"} and len(asked["1"]) == 6


def test_an_unknown_or_trained_method_is_told(phase, capsys) -> None:
    assert main(["step", "afine-score", "lpipz", "--folder", str(phase)]) == 1
    assert "Did you mean 'lpips'?" in capsys.readouterr().err
    assert main(["step", "afine-score", "dbcnn", "--folder", str(phase)]) == 1
    assert "it is trained" in capsys.readouterr().err
