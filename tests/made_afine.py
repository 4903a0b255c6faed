"""Made-up tables of imperfect references, in the forms that `make afine` keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fgresq.comparisons import COMPARISON_COLUMNS, TRIPLET_COLUMNS
from fgresq.files import write_csv, write_json
from fgresq.images import write_png
from fgresq.report.imperfect_results import TABLES

PARTS = {"untrained": "F untrained", "fidelity": "F", "naturalness": "N", "distance": "D"}
BACKBONES = {"vgg16": "VGG16", "dinov2_vits14": "DINOv2", "random": "random weights"}
SCENARIOS = ("standard", "ref_below_test", "ref_above_test", "imperfect", "all")
# of D over F, in shares: what the headline has to say
GAPS = {"ref_below_test": 0.06, "ref_above_test": -0.05, "standard": 0.01}
NAMES = ("x", "a", "b", "c", "d", "e")


def accuracy() -> pd.DataFrame:
    """Give the table of accuracies: models, refitted and other methods, by both labels."""
    rows = [
        (f"{b}-{v}/{part}", f"A-FINE ({title}){more}: {words}", b, v, part)
        for b, title in BACKBONES.items()
        for v, more in (("full", ""), ("standard", ", taught by standard"))
        if v == "full" or b == "vgg16"
        for part, words in PARTS.items()
        if v == "full" or part != "untrained"
    ]
    others = {"lpips_ft": "LPIPS-FT", "lpips": "LPIPS", "psnr": "PSNR", "sharpness": "Sharpness"}
    rows += [(key, title, "", "", "") for key, title in others.items()]
    return pd.DataFrame(
        [line for labels in ("lpips", "jod") for row in rows for line in lines_of(*row, labels)]
    )


def lines_of(
    key: str, title: str, backbone: str, variant: str, part: str, labels: str
) -> list[dict[str, object]]:
    """Give the lines of a row: in every scenario alone, and of D against F."""
    known = {"row": key, "title": title, "kind": "NR" if part == "naturalness" else "FR"}
    known |= {"backbone": backbone, "variant": variant, "part": part, "labels": labels}
    known["shares_label"] = str(labels == "lpips" and key in ("lpips", "lpips_ft")).lower()
    lines: list[dict[str, object]] = []
    for place, scenario in enumerate(SCENARIOS):
        value = 0.5 + 0.04 * place + 0.01 * len(part) + (0.005 if labels == "jod" else 0)
        told = known | {"scenario": scenario, "accuracy": value, "low": value - 0.03}
        told |= {"high": value + 0.03, "triplets": 100 + place, "families": 12, "reason": ""}
        lines.append(told | {"against": ""})
        if part == "distance" and variant == "full":
            gap = GAPS.get(scenario, 0.0)
            ends = {"difference_low": gap - 0.02, "difference_high": gap + 0.02}
            against = f"{backbone}-full/fidelity"
            lines.append(told | {"against": against, "difference": gap} | ends)
    return lines


def judged(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Make pictures of one reference and five test images; comparisons, triplets and values.

    F is nearness in the order of `NAMES`, N its reverse, D what F says: so F and N always disagree.
    """
    images = {name: f"diffiqa_mini/{name}.png" for name in NAMES}
    for place, name in enumerate(NAMES):
        random = np.random.default_rng(place)
        picture = random.integers(0, 256, (40, 48, 3)).astype(np.uint8)
        write_png(folder / "images" / f"{name}.png", picture)
    path = {name: str(folder / "images" / f"{name}.png") for name in NAMES}
    known = {"reference": images["x"], "source": "diffiqa_mini", "content": "c", "family": "f"}
    compared = pd.DataFrame(
        [
            {"image": images[n], "path": path[n], "reference_path": path["x"], "label": ""} | known
            for n in NAMES
        ]
    ).assign(sha256="0", reference_sha256="1")
    pairs = [(a, b) for i, a in enumerate(NAMES[1:]) for b in NAMES[1:][i + 1 :]]
    triplets = pd.DataFrame(
        [
            {"type": "PNY", "image_a": images[a], "image_b": images[b], "a_over_b": 1.0}
            | {"a_over_reference": 1.0, "b_over_reference": 0.0 if b == "e" else 1.0}
            | known
            for a, b in pairs
            if b == "e"
        ]
    )
    values = pd.DataFrame(
        [
            {"backbone": "vgg16", "fold": 0, "image": images[n], "reference": images["x"]}
            | {"scaled_fidelity": 0.1 * k, "scaled_naturalness": -0.1 * k, "weight": 1.5}
            | {"reference_naturalness": -0.3, "distance": 0.1 * k}
            for k, n in enumerate(NAMES)
        ]
    )
    return compared[list(COMPARISON_COLUMNS)], triplets[list(TRIPLET_COLUMNS)], values


def write_afine(root: Path, pictures: bool = True) -> Path:
    """Write the committed tables of a workspace, and with `pictures` what the phase left."""
    reports, results = root / "reports/afine", root / "results/afine/mini"
    write_csv(reports / "accuracy.csv", accuracy()[list(TABLES["accuracy"])])
    compared, triplets, values = judged(results if pictures else root / "elsewhere")
    if pictures:
        write_csv(results / "comparisons.csv", compared)
        write_csv(results / "triplets.csv", triplets)
    write_csv(reports / "values.csv", values[list(TABLES["values"])])
    turned = {"backbone": "vgg16", "fold": 0, "k": 5.0, "images": 40, "turned": 10, "share": 0.25}
    write_csv(reports / "turned.csv", pd.DataFrame([turned])[list(TABLES["turned"])])
    record = {
        "labels": {"Positive": 0.3, "Similar": 0.25, "Negative": 0.45},
        "without_majority": 7,
        "images": 600,
        "references": 60,
        "families": 12,
        "claims_in_all": {"claims": 30, "carried": 11, "expected_by_chance": 1.5},
    }
    write_json(reports / "record.json", record)
    return reports
