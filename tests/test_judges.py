"""Judges: a swap swaps, equals are equal, an image is looked at once, and what was told is kept."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.special import ndtr

from fgresq.errors import UserError
from fgresq.files import write_json
from fgresq.metrics import embedded as method
from fgresq.metrics import fgresq_published
from fgresq.model import opinion
from fgresq.ops.least import NoValue
from fgresq.scoring import head_judges, judges
from fgresq.scoring.facts import PEOPLE, SIMULATED, taught_by
from fgresq.scoring.judges import Judge, judge_of
from fgresq.scoring.preferences import sureness
from fgresq.sections import Tower
from tests.conftest import picture
from tests.judged import Heads, save


def of_kinds() -> list[Judge]:
    kinds = [Heads("released"), Heads("paper"), Heads("paper", learnt=False)]
    return [*kinds, judge_of("embedded"), judge_of("brisque"), judge_of("gmsd")]


@pytest.fixture(scope="module")
def all_kinds() -> list[Judge]:
    return of_kinds()


@pytest.mark.parametrize("number", range(6))
def test_a_swap_of_the_images_swaps_the_answer_to_the_last_bit(
    all_kinds: list[Judge], number: int
) -> None:
    judge, seen = all_kinds[number], set()
    images = [picture(seed, 96 + 8 * (judge.kind == "NR") * seed) for seed in range(4)]
    for a, b in permutations(images, 2):
        found = judge.compare(a, b, picture(9, 96))
        assert judge.compare(b, a, picture(9, 96)) == found.swapped()
        seen.add(found.better)
        if found.a_better is not None:
            whole = found.a_better + found.b_better + (found.equal or 0)
            assert whole == pytest.approx(1, abs=1e-12)
    assert {"A", "B"} <= seen


@pytest.mark.parametrize("number", range(6))
def test_equal_pixels_are_equal_for_certain(all_kinds: list[Judge], number: int) -> None:
    judge = all_kinds[number]
    found = judge.compare(picture(1, 96), picture(1, 96), picture(9, 96))
    assert (found.better, found.a_better, found.b_better, found.equal) == ("equal", 0, 0, 1)
    assert found.share_a == 0.5 and found.chance == 1


@pytest.mark.parametrize("compare", ["released", "paper"])
def test_both_orders_are_averaged_and_their_disagreement_told(compare: str) -> None:
    """The heads' order of classes: B better, A better, and, of three, neither."""
    judge = Heads(compare)
    a, b = picture(1), picture(2)
    with torch.inference_mode():
        f, g = judge.quality(a), judge.quality(b)
        forward = judge.heads.compare_logits(f, g)[0].double().softmax(0)
        backward = judge.heads.compare_logits(g, f)[0].double().softmax(0)
    found = judge.compare(a, b)
    assert found.a_better == pytest.approx(float(forward[1] + backward[0]) / 2)
    assert found.b_better == pytest.approx(float(forward[0] + backward[1]) / 2)
    if compare == "paper":
        assert found.equal is None
        assert found.disagreement == pytest.approx(abs(float(forward[1] - backward[0])))
    else:
        assert found.equal == pytest.approx(float(forward[2] + backward[2]) / 2)
        ahead = float(forward[1] + forward[2] / 2)
        behind = 1 - float(backward[1] + backward[2] / 2)
        assert found.disagreement == pytest.approx(abs(ahead - behind))
    assert found.disagreement > 0.01


def test_where_no_pair_was_learnt_the_chance_follows_from_the_scores() -> None:
    judge = Heads("paper", learnt=False)
    found = judge.compare(picture(1), picture(2))
    logit_a, logit_b = (np.log(s / (1 - s)) for s in (found.score_a, found.score_b))
    assert found.a_better == pytest.approx(1 / (1 + np.exp(logit_b - logit_a)), abs=1e-4)
    assert found.equal is None and found.disagreement is None


def test_an_image_is_looked_at_once_for_all_its_pairs() -> None:
    judge = Heads()
    seen = [judge.encode(picture(seed)) for seed in range(4)]
    for a, b in permutations(seen, 2):
        judge.prefer(a, b)
    assert judge.looked == 4


def test_the_embedded_chance_is_thurstone_s() -> None:
    judge = judge_of("embedded")
    a, b = picture(1), picture(2)
    found = judge.compare(a, b)
    scores = method.score(a), method.score(b)
    assert (found.score_a, found.score_b) == scores
    spread = opinion.card()["rater_sd"] * 2**0.5
    assert found.a_better == pytest.approx(float(ndtr((scores[0] - scores[1]) / spread)))
    assert found.equal is None and "derived" in judge.facts.chances


@pytest.mark.parametrize(("name", "sign"), [("gmsd", -1), ("psnr", 1)])
def test_a_method_says_which_is_better_by_its_direction(name: str, sign: int) -> None:
    judge, clean = judge_of(name), picture(1, 96)
    noise = np.random.default_rng(0).integers(-9, 9, clean.shape)
    near, far = (np.clip(clean + k * noise, 0, 255).astype(np.uint8) for k in (1, 3))
    found = judge.compare(near, far, clean)
    assert found.better == "A" and found.a_better is None and found.chance is None
    assert np.sign(found.score_a - found.score_b) == sign and found.share_a == 1


def test_files_and_arrays_are_the_same(tmp_path: Path) -> None:
    judge, pixels = judge_of("embedded"), picture(1)
    path = save(tmp_path / "a.png", pixels)
    assert judge.score(path) == judge.score(Path(path)) == judge.score(pixels)
    assert judge.compare(path, pixels).better == "equal"
    with pytest.raises(UserError, match="no uint8 RGB"):
        judge.score(pixels[..., 0])


def test_what_shows_nothing_has_no_value() -> None:
    for judge in (judge_of("embedded"), Heads()):
        with pytest.raises(NoValue, match="flat"):
            judge.score(np.full((64, 64, 3), 90, np.uint8))
        with pytest.raises(NoValue, match="too small"):
            judge.score(picture(1, 31))


def test_what_is_not_there_is_told_with_the_next_step(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(fgresq_published, "folder", lambda: tmp_path / "none")
    assert judges.default_model() == "embedded"
    write_json(tmp_path / "odd/card.json", {"kind": "degradation encoder"})
    for name, told in {
        "official": "fgresq data fetch fgresq_released",
        "fgresq": "folder of a run",
        "embeded": "Did you mean 'embedded'",
        str(tmp_path / "gone"): "no such folder",
        str(tmp_path / "odd"): "degradation encoder",
    }.items():
        with pytest.raises(UserError, match=told):
            judge_of(name)
    with pytest.raises(UserError, match="compares with a reference"):
        judge_of("psnr").score(picture(1))
    with pytest.raises(UserError, match="--device"):
        judge_of("embedded", device="cuda")
    with pytest.raises(UserError, match="--precision"):
        judge_of("psnr", precision="bfloat16")


def test_a_card_says_who_taught_the_model(tmp_path: Path) -> None:
    row = {"set": "clive", "title": "LIVE", "images": 9, "labels": ["derived from scores"]}
    made = {"set": "mini", "title": "made", "images": 5, "labels": ["simulated"]}
    assert taught_by({"data": [row]}, tmp_path) == ("LIVE (9 images)", PEOPLE)
    assert taught_by({"data": [row, made]}, tmp_path)[1] == f"{PEOPLE} and {SIMULATED}"
    assert taught_by({"data": [made]}, tmp_path)[1] == SIMULATED
    run = tmp_path / "stage2/mini/full/0"
    assert taught_by({"train_images": 7, "train_pairs": 3}, run)[1] == SIMULATED
    assert taught_by({"train_images": 7, "train_pairs": 3}, tmp_path)[1] == "not said on its card"


def test_words_for_how_sure_begin_at_their_chances() -> None:
    words = {
        0.5: "a toss-up",
        0.6: "leaning",
        0.75: "likely",
        0.9: "very likely",
        0.98: "almost sure",
    }
    assert {chance: sureness(chance) for chance in words} == words


@pytest.mark.parametrize("trained", ["native", "random"])
def test_a_folder_of_fgresq_looks_as_it_was_trained_or_warns(
    trained: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    own, other = ("native", "paper") if trained == "native" else ("paper", "native")

    def toy(folder: Path, device: object) -> SimpleNamespace:
        model = SimpleNamespace(heads=Heads().heads)
        tower = Tower.model_construct(crop=trained)
        return SimpleNamespace(card={}, tower=tower, model=model)

    monkeypatch.setattr(head_judges, "Scorer", toy)
    monkeypatch.setattr(head_judges, "taught_by", lambda card, folder: ("toys", PEOPLE))
    judge = head_judges.Checkpoint(Path("toy"), "auto", "float32")
    assert judge.protocol == own
    judge.keep_to(own)
    assert judge.scorer.tower.crop == trained and not caplog.records
    judge.keep_to(other)
    assert judge.protocol == other and judge.scorer.tower.crop != trained
    assert f"was trained by the protocol '{own}'" in caplog.text


@pytest.mark.parametrize(("name", "own"), [("embedded", "by 'native' alone"), ("gmsd", "as its")])
def test_a_protocol_that_a_judge_has_not_is_refused(name: str, own: str) -> None:
    with pytest.raises(UserError, match=f"--protocol: '{name}' looks at images {own}"):
        judge_of(name, protocol="paper")
