"""Pairs of a site: the draw, what is hardest, verdicts, and the images beside the pages."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fgresq.images import read_rgb, write_png
from fgresq.report.parts import pairs_shown, site_images, verdicts
from fgresq.report.parts.cells import Methods
from fgresq.report.parts.pairs_shown import (
    draw,
    gap_step,
    pair_link,
    shown_pairs,
)
from fgresq.report.parts.site_images import TOO_MANY, keep_images
from fgresq.report.results import Run
from fgresq.tables import IMAGE_COLUMNS, PAIR_COLUMNS, TASKS

KINDS = {"fgresq": "method", "psnr": "method", "lpips": "method", "ridge": "sanity"}
METHODS = Methods(
    {
        name: {"title": name.upper(), "role": role, "direction": "lower" if name == "lpips" else ""}
        for name, role in {**KINDS, "jod": "label source"}.items()
    },
    "methods.yaml",
)


def image_rows(folder: Path, task: str, number: int = 30) -> list[dict]:
    """Write the images of a task, each of another gray, and give their rows."""
    rows = []
    for i in range(number):
        path = folder / task / f"{i}.png"
        if not path.exists():
            write_png(path, np.full((20, 24, 3), 5 * i, np.uint8))
        row = {**dict.fromkeys(IMAGE_COLUMNS, ""), "image": f"s/{task}/{i}.png", "source": "s"}
        rows.append(row | {"task": task, "path": str(path), "algorithm": f"by {i}"})
    return rows


def pair_rows(task: str, number: int = 30) -> list[dict]:
    """Give all pairs of a task; score differences grow with the distance of the numbers."""
    rows: list[dict] = []
    for a in range(number):
        for b in range(a + 1, number):
            row: dict = {**dict.fromkeys(PAIR_COLUMNS, ""), "pair": f"s#{task}-{len(rows):05d}"}
            row |= {"image_a": f"s/{task}/{a}.png", "image_b": f"s/{task}/{b}.png", "task": task}
            row |= {"source": "s", "group": "g", "score_difference": -0.01 * (b - a), "ssim": 0.9}
            preference = "equal" if (a + b) % 7 == 0 else "A"
            rows.append(row | {"preference": preference, "fraction_a": 0.8})
    return rows


def make(folder: Path, values: dict[str, float] | None = None, seed: int = 0) -> Run:
    """Make a run of images, pairs and random scores."""
    random = np.random.default_rng(seed)
    images = pd.DataFrame([row for task in TASKS for row in image_rows(folder, task)])
    pairs = pd.DataFrame([row for task in TASKS for row in pair_rows(task)])
    scores = pd.DataFrame(
        [
            {"image": i, "method": m, "split": "all", "value": v, "reason": ""}
            for m in METHODS.entries
            for i, v in zip(images["image"], random.permutation(len(images)), strict=True)
        ]
    )
    nothing = pd.DataFrame()
    return Run("mini", [], images, pairs, scores.astype({"value": float}), *[nothing] * 3)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Make the run once."""
    return make(tmp_path_factory.mktemp("pairs"))


def drawn_names(pairs: pd.DataFrame, number: int = 40) -> list[tuple[str, str]]:
    """Name the pairs that are drawn."""
    return list(draw(pairs, number)[["image_a", "image_b"]].itertuples(index=False, name=None))


def test_neither_scores_nor_pixels_nor_numbers_decide_what_is_drawn(
    run: Run, tmp_path: Path
) -> None:
    first = [(p.pair["image_a"], p.pair["image_b"]) for p in shown_pairs(run, METHODS, 40)]
    other = make(tmp_path, seed=1)  # other scores
    for path in other.images["path"]:
        write_png(path, np.random.default_rng(3).integers(0, 255, (20, 24, 3)).astype(np.uint8))
    again = shown_pairs(other, METHODS, 40)
    assert [(p.pair["image_a"], p.pair["image_b"]) for p in again] == first
    numbered = run.pairs.sample(frac=1, random_state=5).reset_index(drop=True)
    numbered["pair"] = [f"s#{i}" for i in range(len(numbered))]
    assert drawn_names(numbered) == first
    nudged = run.pairs.assign(score_difference=run.pairs["score_difference"] - 1e-4)
    kept = set(drawn_names(nudged)) & set(first)
    assert len(kept) > 0.9 * len(first)  # a pair at the edge of a step moves few others


def test_every_task_has_as_many_pairs_over_all_gaps(run: Run) -> None:
    drawn = draw(run.pairs, 40)
    assert dict(drawn["task"].value_counts()) == dict.fromkeys(TASKS, 40)
    assert "equal" not in set(drawn["preference"])
    steps = drawn["score_difference"].map(gap_step).groupby(drawn["task"]).value_counts()
    assert steps.groupby("task").size().eq(6).all()
    assert steps.min() >= 6 and steps.max() <= 8  # 40 over six steps, of which the last has most
    assert list(drawn["task"].head(6)) == list(TASKS)  # tasks take turns, so that a cut is fair


def test_a_step_with_few_pairs_leaves_its_places_to_the_others(run: Run) -> None:
    wide = run.pairs["score_difference"].map(gap_step) == 5
    few = run.pairs[~wide | run.pairs["pair"].isin(run.pairs.loc[wide, "pair"].iloc[:2])]
    drawn = draw(few[few["task"] == TASKS[0]], 40)
    steps = drawn["score_difference"].map(gap_step).value_counts()
    assert len(drawn) == 40 and steps[5] <= 2 and steps.drop(5).min() >= 7


def test_known_steps() -> None:
    gaps = (0.0, -0.049999, 0.05, -0.15, 0.3, 1.0, math.nan)
    assert [gap_step(gap) for gap in gaps] == [0, 0, 1, 3, 6, 20, -1]


def test_images_are_counted_once_and_hold_at_most_so_many_pixels(run: Run) -> None:
    images = run.images.set_index("image", drop=False)
    drawn = draw(run.pairs, 40)
    kept = pairs_shown.within(drawn, images, 50 * 20 * 24)
    used = {*kept["image_a"], *kept["image_b"]}
    assert len(used) in (49, 50) and len(kept) >= 25
    assert list(kept["pair"]) == list(drawn["pair"])[: len(kept)]
    assert pairs_shown.within(drawn, images, 30 * 6 * 20 * 24).equals(drawn)


def test_the_hardest_are_those_that_most_methods_misrank(run: Run) -> None:
    shown = shown_pairs(run, METHODS, 40)
    for task in TASKS:
        here = [each for each in shown if each.pair["task"] == task]
        hard = sorted((each for each in here if each.hard), key=lambda each: each.hard)
        assert [each.hard for each in hard] == [1, 2, 3, 4, 5]
        order = [(-each.wrong, each.pair["pair"]) for each in hard]
        assert order == sorted((-each.wrong, each.pair["pair"]) for each in here)[:5]
        counts = [sum(v.verdict == "wrong" for v in each.verdicts[:3]) for each in here]
        assert [each.wrong for each in here] == counts  # three methods; no sanity, no label source
    assert [v.role for v in shown[0].verdicts] == ["method"] * 3 + ["sanity", "label source"]


def test_a_link_names_any_pair() -> None:
    assert pair_link("mini#0000012") == "pairs.html#pair=mini%230000012"
    assert pair_link("a&b=c d/é") == "pairs.html#pair=a%26b%3Dc%20d%2F%C3%A9"


def test_infinite_scores_have_an_order_and_equal_ones_tie(run: Run) -> None:
    names = ["s/denoising/0.png", "s/denoising/1.png", "s/denoising/2.png"]
    pairs = run.pairs[run.pairs["image_a"].isin(names) & run.pairs["image_b"].isin(names)]
    value = dict(zip(names, [math.inf, math.inf, 30.0], strict=True))
    scores = run.scores[run.scores["image"].isin(names) & (run.scores["method"] == "psnr")]
    scores = scores.assign(value=scores["image"].map(value))
    made = Run("mini", [], run.images, pairs, scores, *[pd.DataFrame()] * 3)
    judged = verdicts.judge_pairs(made, METHODS).set_index(["image_a", "image_b"])
    assert judged.loc[(names[0], names[1]), "verdict"] == "tie"
    assert judged.loc[(names[0], names[2]), "ranks"] == "A"
    said = verdicts.verdicts_of(judged.loc[[(names[0], names[2])]], METHODS)
    assert said[0].texts == ("∞", "A > B", "30.000")


def test_a_method_without_a_value_says_nothing(run: Run) -> None:
    gone = run.scores["image"].eq("s/denoising/3.png") & run.scores["method"].eq("psnr")
    scores = run.scores.assign(value=run.scores["value"].mask(gone))
    made = Run("mini", [], run.images, run.pairs, scores, *[pd.DataFrame()] * 3)
    judged = verdicts.judge_pairs(made, METHODS)
    of_three = judged[(judged["image_a"] == "s/denoising/3.png")]
    assert set(of_three["method"]) == set(METHODS.entries) - {"psnr"}


def noise(path: Path, seed: int) -> str:
    """Write an image of noise and give its path."""
    pixels = np.random.default_rng(seed).integers(0, 255, (16, 20, 3)).astype(np.uint8)
    write_png(path, pixels)
    return str(path)


def test_images_are_kept_without_loss_once_and_the_same_twice(tmp_path: Path) -> None:
    paths = [noise(tmp_path / f"{i}.png", i % 3) for i in range(6)]
    kept = keep_images(paths, tmp_path / "site")
    assert len(kept) == 6 and len({image.file for image in kept.values()}) == 3
    for path, image in kept.items():
        pixels = np.asarray(Image.open(tmp_path / "site" / image.file).convert("RGB"))
        assert np.array_equal(pixels, read_rgb(path)) and (image.width, image.height) == (20, 16)
    files = sorted((tmp_path / "site/images").iterdir())
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]
    assert keep_images(paths, tmp_path / "site") == kept
    assert [(f.read_bytes(), f.stat().st_mtime_ns) for f in files] == before
    keep_images(paths, tmp_path / "other")
    assert [(tmp_path / "other/images" / f.name).read_bytes() for f in files] == [
        data for data, _ in before
    ]


def test_images_of_an_earlier_run_go_and_what_a_person_put_there_stays(tmp_path: Path) -> None:
    paths = [noise(tmp_path / f"{i}.png", i) for i in range(3)]
    old = keep_images(paths, tmp_path / "site")
    (tmp_path / "site/images/own.webp").write_bytes(b"mine")
    kept = keep_images(paths[:1], tmp_path / "site")
    left = {file.name for file in (tmp_path / "site/images").iterdir()}
    assert left == {Path(kept[paths[0]].file).name, "own.webp"} and len(old) == 3


def test_an_image_that_is_not_there_has_a_reason(tmp_path: Path) -> None:
    good, text = noise(tmp_path / "a.png", 0), tmp_path / "text.png"
    text.write_text("no image")
    long = str(tmp_path / ("x" * 300 + ".png"))
    kept = keep_images([good, str(tmp_path / "gone.png"), str(text), long], tmp_path / "site")
    assert kept[good].file and not kept[good].reason
    assert "no such file" in kept[str(tmp_path / "gone.png")].reason
    assert "not a readable image" in kept[str(text)].reason and not kept[str(text)].file
    assert "no such file" in kept[long].reason


def test_the_images_of_a_site_stay_under_so_many_bytes(tmp_path: Path) -> None:
    paths = [noise(tmp_path / f"{name}.png", seed) for name, seed in enumerate((0, 0, 1, 2, 3, 4))]
    all_of = keep_images(paths, tmp_path / "all")
    size = max((tmp_path / "all" / image.file).stat().st_size for image in all_of.values())
    kept = keep_images(paths, tmp_path / "site", 3 * size)  # the first two are the same
    assert [bool(image.file) for image in kept.values()] == [True] * 4 + [False] * 2
    assert kept[paths[5]].reason == TOO_MANY
    assert sum(f.stat().st_size for f in (tmp_path / "site/images").iterdir()) <= 3 * size


def test_too_wide_for_webp_is_told(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", np.zeros((1, site_images.MOST_SIDE + 1, 3), np.uint8))
    kept = keep_images([str(tmp_path / "a.png")], tmp_path / "site")
    assert "16383 pixels" in kept[str(tmp_path / "a.png")].reason
