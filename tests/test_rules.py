"""Rules, steps and phases agree: a step's module is named once, and no rule runs other code."""

from __future__ import annotations

import re

import pytest

from fgresq.cli import STEPS, parser_for
from fgresq.code_digest import closure, code_digest
from fgresq.errors import UserError
from tests.conftest import ROOT
from workflow.phases import PHASES
from workflow.steps import BY_NAME, OF_NO_PHASE, code_of, files_of, module_of

CALL = re.compile(r"python -m fgresq (\S+) ?(\S*)")
CODE = re.compile(r"""code=(?:lambda w: )?code_of\("([\w-]+)"(?:, .*\bw\.(\w+)\b.*)?\),""")


def rules_of(phase: str) -> dict[str, str]:
    """Give the text of each rule of a phase, by its name."""
    text = (ROOT / f"rules/{phase}.smk").read_text(encoding="utf-8")
    parts = re.split(r"^rule (\w+):\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


RULES = [(phase, name, text) for phase in PHASES for name, text in rules_of(phase).items()]


def test_every_phase_has_its_file_of_rules() -> None:
    assert {path.stem for path in (ROOT / "rules").glob("*.smk")} == set(PHASES)


@pytest.mark.parametrize(("phase", "name", "text"), RULES, ids=[name for _, name, _ in RULES])
def test_a_rule_calls_the_step_whose_code_it_digests(phase: str, name: str, text: str) -> None:
    calls, digests = CALL.findall(text), CODE.findall(text)
    assert len(calls) == 1 and len(digests) == 1
    (word, step), (digested, wildcard) = calls[0], digests[0]
    assert word == "step" and step == digested and step in PHASES[phase].steps
    assert bool(wildcard) == (step in BY_NAME)
    assert not wildcard or f"{{wildcards.{wildcard}}}" in text.partition("shell:")[2]


@pytest.mark.parametrize(("phase", "name", "text"), RULES, ids=[name for _, name, _ in RULES])
def test_a_rule_gives_its_step_options_that_it_has(phase: str, name: str, text: str) -> None:
    known = parser_for(f"step {CALL.search(text)[2]}")._option_string_actions
    given = re.findall(r"(?<=[\" ])--[^ \"]+", text.partition("shell:")[2])
    assert "--log" in given and not set(given) - set(known)


@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_names_the_steps_of_its_rules_and_no_others(phase: str) -> None:
    called = {CALL.search(text)[2] for text in rules_of(phase).values()}
    assert called == set(PHASES[phase].steps)


def test_every_step_is_of_one_phase_or_of_none() -> None:
    named = [step for phase in PHASES.values() for step in phase.steps]
    assert sorted([*named, *OF_NO_PHASE]) == sorted(STEPS)
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("Snakefile", "Makefile")]
    called = [step for text in texts for _, step in CALL.findall(text)]
    assert [step for step in called if step != "report"] == list(OF_NO_PHASE)  # a page of it


def test_the_code_of_a_step_is_its_module_and_what_it_imports_by_name() -> None:
    assert code_of("filter-pairs") == code_digest("fgresq.pairs.funnel")
    psnr = code_digest(module_of("score"), "fgresq.metrics.psnr")
    assert (
        code_of("score", "fgresq.metrics.psnr") == psnr != code_of("score", "fgresq.metrics.ssim")
    )
    assert code_of("train-baseline", "fgresq.baselines.liqe") != code_of(
        "train-baseline", "fgresq.baselines.dbcnn"
    )
    with pytest.raises(UserError, match="unknown step 'filter-pair'. Did you mean 'filter-pairs'"):
        code_of("filter-pair")
    for wrong in (("score",), ("filter-pairs", "psnr")):
        with pytest.raises(ValueError, match="module by name"):
            code_of(*wrong)


def test_the_files_of_a_step_hold_all_that_it_imports_by_name() -> None:
    assert "fgresq/pairs/funnel.py" in files_of(["filter-pairs"])
    files = files_of(["score", "filter-pairs"])
    assert {"fgresq/metrics", "fgresq/pairs/funnel.py", "fgresq/ops/ssim_plane.py"} <= set(files)


def test_the_step_that_scores_has_no_code_of_training() -> None:
    rooms = {name.split(".")[1] for name in closure(module_of("score")) if "." in name}
    assert not rooms & {"training", "model", "baselines"}


def test_what_rules_ask_is_small_in_the_workflow_language() -> None:
    assert len((ROOT / "workflow/common.smk").read_text().splitlines()) < 150
