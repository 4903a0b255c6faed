"""The command line in two parts: commands for people, and steps that rules call."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from fgresq import __version__
from fgresq.cli import COMMANDS, SHELLS, STEPS, main, parser_for
from tests.conftest import ROOT

HEAVY = ("numpy", "pandas", "yaml", "cv2", "torch", "shtab")
COMPLETE = """
complete() { :; }  # bash without its library for completion
source /dev/stdin
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_shtab_fgresq 2>/dev/null
echo "${COMPREPLY[@]}"
"""


def called(*words: str) -> subprocess.CompletedProcess:
    """Call the command line as a process of its own."""
    call = [sys.executable, "-m", "fgresq", *words]
    return subprocess.run(call, capture_output=True, text=True, cwd=ROOT)


@pytest.fixture(scope="module")
def completion() -> dict[str, str]:
    """Give the completion script of each shell."""
    return {shell: called("--print-completion", shell).stdout for shell in SHELLS}


def completed(script: str, *words: str) -> set[str]:
    """Give what bash completes the last of the words of a call to."""
    call = ["bash", "-c", COMPLETE, "bash", *words]
    done = subprocess.run(call, input=script, capture_output=True, text=True, cwd=ROOT)
    return set(done.stdout.split())


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_shows_commands_for_people_and_where_the_steps_are(
    words: list[str], capsys: pytest.CaptureFixture
) -> None:
    assert main(words) == 0
    told = capsys.readouterr().out
    assert re.findall(r"^  ([a-z][a-z-]+)  ", told, re.MULTILINE) == [*COMMANDS, "step"]
    assert "fgresq step --help" in told and "stage1" not in told
    assert "docs/commands.md" in told and "130" in told


@pytest.mark.parametrize("words", [["step"], ["step", "--help"], ["step", "help"]])
def test_steps_have_a_help_of_their_own(words: list[str], capsys: pytest.CaptureFixture) -> None:
    assert main(words) == 0
    told = capsys.readouterr().out
    assert re.findall(r"^  ([a-z0-9-]+) ", told, re.MULTILINE) == list(STEPS)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["stage1"], "'stage1' is a step of the pipeline. Call: fgresq step stage1"),
        (["filter-pairs", "--help"], "Call: fgresq step filter-pairs"),
        (["step", "methods"], "'methods' is no step of the pipeline. Call: fgresq methods"),
        (["step", "filter"], "unknown step 'filter'. Did you mean 'filter-pairs'?"),
        (["metods"], "unknown command 'metods'. Did you mean 'methods'?"),
        (
            ["qqq"],
            "Known are: bench, calibrate, compare, data, evaluate, export, labels, methods, rank, "
            "score, step, train-human, weights.",
        ),
    ],
)
def test_a_name_of_the_other_part_or_of_none_is_told(
    words: list[str], told: str, capsys: pytest.CaptureFixture
) -> None:
    assert main(words) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1


@pytest.mark.parametrize("words", [["--verbose"], ["--print-completion", "ksh"]])
def test_a_wrong_option_before_any_command_is_a_wrong_call(
    words: list[str], capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2 and "fgresq: error: " in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0 and capsys.readouterr().out == f"fgresq {__version__}\n"


def test_both_helps_import_no_library() -> None:
    for words in (["--help"], ["step"]):
        code = (
            "import sys; from fgresq.cli import main\n"
            f"main({words})\nprint([name for name in {HEAVY} if name in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout.endswith("[]\n"), done.stdout + done.stderr


@pytest.mark.parametrize("name", [*COMMANDS, *(f"step {step}" for step in STEPS)])
def test_every_command_and_step_has_its_help(name: str) -> None:
    parser = parser_for(name)
    assert parser.prog == f"fgresq {name}" and parser.description.strip()
    assert "--threads" in parser.format_help()


def test_the_step_takes_a_table_and_the_command_all_that_people_have() -> None:
    step, command = parser_for("step score").format_help(), parser_for("score").format_help()
    assert "--checkpoint" in command and "--references" in command
    assert "--checkpoint" not in step and "--references" not in step
    assert "--workers" in step and "--workers" in command


def test_documented_exit_codes_are_those_of_the_help(capsys: pytest.CaptureFixture) -> None:
    main([])
    told = set(re.findall(r"(?:: |; |;\n)(\d+) ", capsys.readouterr().out.partition("exit")[2]))
    text = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (\d+) \|", text, re.MULTILINE)) == told == {*"012", "130", "141"}


def test_the_documented_commands_are_all_there() -> None:
    text = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `fgresq ([\w-]+)` \|", text, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["sc"], {"score"}),
        (["st"], {"step"}),
        (["data", "f"], {"fetch"}),
        (["score", "--ch"], {"--checkpoint"}),
        (["data", "fetch", "--acc"], {"--accept-terms"}),
        (["step", "filter"], {"filter-pairs"}),
        (["step", "ridge", "--thr"], {"--threads"}),
        (["score", "niqe", "--images", "pypro"], {"pyproject.toml"}),
    ],
)
def test_bash_completes_commands_steps_options_and_files(
    completion: dict[str, str], words: list[str], found: set[str]
) -> None:
    assert completed(completion["bash"], "fgresq", *words) == found


def test_every_shell_is_told_of_commands_and_steps(completion: dict[str, str]) -> None:
    for script in completion.values():
        assert all(name in script for name in ("score", "labels", "step", "filter-pairs"))


def test_completion_does_not_load_what_trains() -> None:
    code = (
        "import sys; from fgresq.cli import main\nmain(['--print-completion', 'bash'])\n"
        "print([name for name in ('torch', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.endswith("[]\n"), done.stderr
