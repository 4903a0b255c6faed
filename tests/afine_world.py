"""A made folder of the phase of imperfect references: no image, known qualities and values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fgresq.comparisons import (
    STANDARD,
    write_compared,
    write_comparisons,
    write_triplets,
)
from fgresq.files import write_csv
from fgresq.settings import read_yaml

FAMILIES = tuple(f"photo{n}" for n in range(6))
K = 5.0
VERSIONS = {"clean": 0.0, "poor": -2.0}  # references and their quality
TESTED = {"better": 1.0, "mild": -1.0, "worse": -3.0, "worst": -4.0}
LABEL = {1: "Positive", 0: "Similar", -1: "Negative"}


def name(family: str, what: str) -> str:
    return f"diffiqa_mini/{family}-{what}.png"


def quality(image: str) -> float:
    """Know the latent quality of an image by its name, a little apart in each family."""
    family, what = image.removesuffix(".png").removeprefix("diffiqa_mini/").split("-")
    return (VERSIONS | TESTED)[what] + 0.01 * FAMILIES.index(family)


def comparisons() -> pd.DataFrame:
    """All test images against both references, and both references against themselves."""
    rows = []
    for family in FAMILIES:
        for reference in VERSIONS:
            for image in (reference, *TESTED):
                label = np.sign((VERSIONS | TESTED)[image] - VERSIONS[reference])
                x, y = name(family, reference), name(family, image)
                rows.append((y, x, f"{y}.file", f"{x}.file", y, x, LABEL[int(label)], family))
    columns = ["image", "reference", "path", "reference_path", "sha256", "reference_sha256"]
    table = pd.DataFrame(rows, columns=[*columns, "label", "family"])
    return table.assign(source="diffiqa_mini", content=table["family"])


def triplets() -> pd.DataFrame:
    """Standard triplets of the clean reference, PNY and NYY and PYY of the poor one."""
    rows = []
    for family in FAMILIES:
        clean, poor = (name(family, reference) for reference in VERSIONS)
        better, mild, worse, worst = (name(family, image) for image in TESTED)
        for kind, a, b, x in (
            (STANDARD, mild, worse, clean),
            (STANDARD, worst, worse, clean),
            ("PYY", mild, poor, poor),
            ("PYY", better, poor, poor),
            ("PNY", mild, worst, poor),
            ("NYY", worse, poor, poor),
        ):
            told = [float(np.sign(quality(p) - quality(q)) / 2 + 0.5) for p, q in ((a, b), (a, x))]
            over = float(np.sign(quality(b) - quality(x)) / 2 + 0.5)
            rows.append(("diffiqa_mini", kind, a, b, x, *told, over, family, family))
    columns = ["source", "type", "image_a", "image_b", "reference", "a_over_b"]
    more = ["a_over_reference", "b_over_reference", "content", "family"]
    return pd.DataFrame(rows, columns=[*columns, *more])


def score_table(method: str, table: pd.DataFrame, value: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image": table["image"],
            "reference": table["reference"],
            "method": method,
            "split": "all",
            "value": value,
            "reason": np.where(value.isna(), "made without", ""),
        }
    )


def model_values(table: pd.DataFrame, fold: int) -> pd.DataFrame:
    """What a model says: F is far from the reference, N falls with quality, D is like N."""
    of = {column: table[column].map(quality) for column in ("image", "reference")}
    far = (of["image"] - of["reference"]).abs()
    own, others = (-of[column] / 4 for column in ("image", "reference"))
    weight = np.exp(K * (others - own))
    return pd.DataFrame(
        {
            "image": table["image"],
            "reference": table["reference"],
            "fold": fold,
            "fidelity_untrained": far,
            "fidelity": far,
            "naturalness": -of["image"],
            "scaled_fidelity": far / 10,
            "scaled_naturalness": own,
            "reference_naturalness": others,
            "weight": weight,
            "distance": -of["image"],
        }
    )


def settings(path: Path) -> Path:
    """The package's settings, of one backbone without ablations and few draws."""
    import yaml

    from fgresq.imperfect.declared_presets import settings_file

    found = read_yaml(settings_file())
    found["defaults"] |= {"backbones": ["vgg16", "random"], "ablated": [], "bootstrap": 60}
    path.write_text(yaml.safe_dump(found))
    return path


def write_world(folder: Path, order: int | None = None) -> Path:
    """Write the phase's folder, the rows of triplets and scores in an order of their own."""
    table, three = comparisons(), triplets()
    if order is not None:
        three = three.sample(frac=1, random_state=order)
    write_comparisons(folder / "comparisons.csv", table)
    write_triplets(folder / "triplets.csv", three)
    write_triplets(folder / "triplets_jod.csv", three)
    of = table["image"].map(quality)
    far = (of - table["reference"].map(quality)).abs()
    alone = table.drop_duplicates("image").assign(reference="")
    scores = {
        "lpips": score_table("lpips", table, far),
        "psnr": score_table("psnr", table, 100 - far),
        "niqe": score_table("niqe", alone, -alone["image"].map(quality)),
        "sharpness": score_table("sharpness", alone, -alone["image"].map(quality)),
        "constant_order": score_table("constant_order", alone, alone["image"].map(quality)),
        "ssim": score_table("ssim", table, (1 - far).where(table["family"] != FAMILIES[0])),
        "vif": score_table("vif", table, far * np.nan),
    }
    for method, own in scores.items():
        if order is not None:
            own = own.sample(frac=1, random_state=order)
        write_compared(folder / f"scores/{method}.csv", own)
    for fold in range(3):
        tested = table[table["family"].isin(FAMILIES[fold::3])]
        values = model_values(tested, fold)
        write_csv(folder / f"models/vgg16-full/{fold}/values.csv", values)
        refitted = values[["image", "reference", "fold", "distance"]]
        refitted = refitted.assign(untrained=-refitted["distance"])
        write_csv(folder / f"models/dists_ft/{fold}/values.csv", refitted)
        if fold < 2:
            write_csv(folder / f"models/lpips_ft/{fold}/values.csv", refitted)
    return folder
