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
# a path that no browser breaks by itself, wider than a telephone
LONG = "data/raw/srcolor/flask/static/images/selected_256_BSRGAN/0801.png"
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
    others["embedded"] = "embedded model"
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
            behind = {"difference_low": -0.07, "difference_high": 0.01}
            lines.append(told | {"against": "constant_order", "difference": -0.03} | behind)
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
        "images": 600,
        "references": 60,
        "families": 12,
        "claims_in_all": {"claims": 30, "carried": 11, "expected_by_chance": 1.5},
    }
    write_json(reports / "record.json", record)
    shares = {"Positive": 0.3, "Similar": 0.25, "Negative": 0.35}
    source = {name: {"labels": shares, "votes": shares} for name in ("lpips", "jod")}
    source = {name: own | {"judged": 70, "without_majority": 7} for name, own in source.items()}
    told = {"observers": "simulated", "same_label": 0.764, "slope": 4.2, "similar": 0.3}
    write_json(reports / "data.json", {"sources": {"diffiqa_mini": told | source}, "absent": {}})
    write_people(reports)
    return reports


def write_people(folder: Path) -> None:
    """Write what the phase says of people's scores: D beside F on SRIJ; srcolor is not placed."""
    known = {"set": "srij", "asked": "two", "kind": "FR", "pairs": 477, "families": 9, "reason": ""}
    rows = [("vgg16/fidelity", "A-FINE (VGG16): F_s", 0.72), ("sharpness", "Sharpness alone", 0.79)]
    lines = [
        known | {"row": row, "title": title, "accuracy": v, "low": v - 0.05, "high": v + 0.05}
        for row, title, v in [*rows, ("vgg16/distance", "A-FINE (VGG16): D", 0.7)]
    ]
    gap = {"difference": -0.02, "difference_low": -0.03, "difference_high": -0.01}
    lines.append(lines[-1] | gap | {"against": "vgg16/fidelity"})
    lines.append({"set": "srcolor", "reason": f"there is no {LONG}"})
    table = pd.DataFrame(lines).reindex(columns=list(TABLES["people"]))
    write_csv(folder / "people.csv", table)
    limit = {"srcc_of_d_and_f": 0.95, "pairs_ordered_alike": 0.9, "weight_median": 0.02}
    limit |= {"weight_below_a_tenth": 0.8, "above_1_over_k": 0.01}
    write_json(folder / "people.json", {"limit": {"vgg16": limit}, "missing": {}})
