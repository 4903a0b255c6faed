"""Absent methods: through the score table, the list of states, the report and the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import report_inputs as inputs
import yaml

from fgresq import workspace
from fgresq.absent import CODES, Absent, refuse
from fgresq.catalogues import catalogue
from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.files import read_json, write_json
from fgresq.metrics import ilniqe
from fgresq.scoring import listing, states
from fgresq.scoring import registry as modules
from fgresq.scoring.score_table import read_told
from fgresq.tables import read_scores, write_scores
from tests.conftest import ROOT, write_folder
from workflow import attempts
from workflow.render_methods import TARGET, render

ENTRY = {"trained": False, "kind": "NR"}
GONE = Absent("no_weights", "its file is not there", "put it there")


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let IL-NIQE's model be nowhere."""
    monkeypatch.setattr(ilniqe, "file", lambda: tmp_path / "none.mat")


def test_an_absent_method_gives_every_image_its_reason(no_model: None, tmp_path: Path) -> None:
    write_folder(tmp_path / "own", ("alpha",))
    out = tmp_path / "scores.csv"
    call = ["score", "ilniqe", "--images", str(tmp_path / "own"), "--out", str(out)]
    assert main([*call, "--cache", str(tmp_path / "cache")]) == 1, "no value"
    rows = read_told(out)
    assert len(rows) == 5 and rows["value"].isna().all()
    assert rows["reason"].str.contains("pristine model is not at").all()
    assert not (tmp_path / "cache").exists()


def table(values: list[float | None], reasons: list[str]) -> pd.DataFrame:
    """Give a score table."""
    rows = {"image": [f"i{k}" for k in range(len(values))], "method": "m", "split": "all"}
    return pd.DataFrame({**rows, "value": values, "reason": reasons})


def test_the_states_of_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    some = table([1.0, None, None], ["", "too small", "too small"])
    none = table([None, None], ["no reference"] * 2)
    found = states.state("m", ENTRY, some)
    assert found == {
        **{"state": "computed here", "images": 3, "values": 1, "absent": None},
        "without": {"too small": 2},
    }
    assert states.state("m", {**ENTRY, "trained": True}, some)["state"] == "trained here"
    assert states.state("m", ENTRY, None)["state"] == "not run"
    absent = states.state("m", ENTRY, none)
    assert absent["state"] == "absent" and absent["absent"]["code"] is None
    assert absent["absent"]["next_step"].startswith("fill the column `reference`")
    needs = states.state("m", {**ENTRY, "needs": "pip it"}, table([None], ["no package"]))
    assert needs["absent"]["next_step"] == "pip it"
    monkeypatch.setattr(states, "own_absence", lambda name, entry: GONE)
    for scores in (None, none):
        assert states.state("m", ENTRY, scores)["absent"] == GONE.record()
    assert states.state("m", ENTRY, some)["absent"] is None  # it ran


def test_a_trained_image_counts_once() -> None:
    """Of both splits; an image with a value in one of them has a value."""
    both = pd.concat([table([1.0, None], ["", "no run"]), table([None, None], ["no run"] * 2)])
    assert states.counted(both) == {"images": 2, "values": 1, "without": {"no run": 1}}


def test_the_verb_lists_every_method(no_model: None, tmp_path: Path) -> None:
    write_scores(tmp_path / "psnr.csv", table([1.0], [""]).assign(method="psnr"))
    call = ["step", "method-states", "--scores", str(tmp_path / "psnr.csv"), "--named", "psnr"]
    call += ["--full", "fsim"]
    assert main([*call, "--out", str(tmp_path / "methods.json")]) == 0
    found = read_json(tmp_path / "methods.json")
    assert set(found) == set(catalogue("methods"))
    assert found["psnr"]["values"] == 1 and found["ssim"]["state"] == "not run"
    assert found["fsim"]["full"] and not found["ssim"]["full"]
    assert found["ilniqe"]["absent"]["code"] == "no_weights"


def test_the_report_lists_methods_and_leaves_absent_ones_out(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    inputs.write_run(tmp_path)
    scored = inputs.of(tmp_path, "scores")
    path = scored / "lpips.csv"
    write_scores(path, read_scores(path).assign(value=float("nan"), reason=GONE.reason))
    psnr = read_scores(scored / "psnr.csv")
    psnr.loc[:3, "value"], psnr.loc[:3, "reason"] = float("nan"), "12x12 is too small"
    write_scores(scored / "psnr.csv", psnr)
    entries = {name: {**entry, "trained": False} for name, entry in inputs.METHODS.items()}
    counts = {name: read_scores(scored / f"{name}.csv") for name in entries}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(states, "own_absence", lambda name, entry: GONE if name == "lpips" else None)
        made = {n: states.state(n, e, counts[n]) for n, e in entries.items() if n != "ridge"}
        made["ridge"] = states.state("ridge", entries["ridge"], None)
    made = {name: {**state, "full": name == "ridge"} for name, state in made.items()}
    write_json(scored / "methods.json", made)
    words = ["step", "report", "--options", '{"report": {"pairs": 0}}']
    words += ["--methods", str(inputs.write_methods(tmp_path / "methods.yaml"))]
    words += inputs.arguments(tmp_path)
    out = tmp_path / "site"
    assert main([*words, "--out", str(out)]) == 0
    assert "no_weights: its file is not there" in (out / "methods.html").read_text()
    page = (out / "comparison.html").read_text()
    assert f"PSNR has no value for 4 of {len(psnr)} images (4: 12x12 is too small)" in page
    shown = pd.read_csv(out / "tables/methods_mini.csv").set_index("method")
    assert shown["state"].to_dict() == {
        **{"fgresq": "computed here", "psnr": "computed here", "lpips": "absent"},
        **{"ridge": "not run", "cvvdp": "computed here"},
    }
    assert "make report-full" in shown.loc["ridge", "why"]
    (absent,) = read_json(out / "absences.json")["absent"]
    assert (absent["of"], absent["next_step"]) == ("lpips", "put it there")
    assert main([*words, "--require", "lpips", "--out", str(out)]) == 1
    assert "required method 'lpips', preset 'mini': its file is not there. Put it" in (
        capsys.readouterr().err
    )


def test_weights_that_are_not_fetched_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "weights", lambda: tmp_path)
    absent = modules.absence("lpips", {"weights": ["lpips_alex"]})
    assert absent.code == "no_weights" and "`fgresq weights lpips_alex`" in absent.next_step
    assert modules.absence("psnr", {}) is None
    needs = {"weights": ["lpips_alex"], "needs": "a command"}
    both = modules.absence("lpips", needs)
    call = "run `fgresq weights lpips_alex`"
    assert both and both.next_step == f"{call}, or any report; needed as well: a command"
    same = modules.absence("lpips", {**needs, "needs": "`fgresq weights lpips_alex`"})
    assert same and same.next_step == f"{call}, or any report"
    monkeypatch.setattr(workspace, "root", lambda: None)
    elsewhere = modules.absence("lpips", needs)
    assert elsewhere and elsewhere.next_step == f"{call}; needed as well: a command"


def test_the_terminal_lists_methods(no_model: None, capsys: pytest.CaptureFixture) -> None:
    assert main(["methods"]) == 0
    told = capsys.readouterr().out
    assert all(f"\n{name} " in told for name in catalogue("methods"))
    assert "no_weights: the authors' pristine model is not at" in told and "Next step: put" in told
    assert max(map(len, told.splitlines())) < 140
    assert main(["methods", "ilniqe"]) == 0
    told = capsys.readouterr().out
    assert "lower values" in told and "convention" in told and "Next step" in told
    assert main(["methods", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["psnr"]["state"] == "present" and found["fgresq"]["state"] == "trained"
    assert found["ilniqe"]["absent"]["code"] in CODES
    for name, told in (("ilnique", "'ilniqe"), ("NIQE", "'niqe'"), ("LPIPS", "'lpips'")):
        assert main(["methods", name]) == 1
        assert f"Did you mean {told}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": None}, "key 'x': 'kind' is a required property"),
        ({"direction": "up"}, "key 'x/direction': 'up' is not one of"),
        ({"range": [0]}, "key 'x/range': [0] is too short"),
        ({"knd": "NR"}, "unknown key 'x/knd'. Did you mean 'x/kind'?"),
        ({"hub": "resnet5"}, "method 'x', key 'hub': unknown weights 'resnet5'. Did you mean"),
        ({"weights": ["nique"]}, "method 'x', key 'weights': unknown weights 'nique'. Did you"),
    ],
)
def test_a_faulty_methods_file_is_told(
    change: dict, told: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    entry = {**catalogue("methods")["niqe"], **change}
    path = tmp_path / "methods.yaml"
    path.write_text(yaml.safe_dump({"x": {k: v for k, v in entry.items() if v is not None}}))
    assert main(["methods", "--methods", str(path)]) == 1
    said = capsys.readouterr().err
    assert f"{path}" in said and told in said and said.count("\n") == 1


def test_an_entry_without_a_module_is_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / "methods.yaml"
    path.write_text(json.dumps({"mine": catalogue("methods")["psnr"]}))
    assert main(["methods", "--methods", str(path)]) == 1
    assert "there is no fgresq/metrics/mine.py with a function" in capsys.readouterr().err


def test_an_entry_of_unknown_weights_is_told_to_who_runs_the_method() -> None:
    with pytest.raises(UserError, match="key 'hub': unknown weights 'nowhere'"):
        modules.own_absence("topiq_nr", {"hub": "nowhere"})


def test_memory_is_shown_with_what_it_is_of() -> None:
    """Peak of the process, or of a GPU; what was not measured has a dash and no guess."""
    entries = catalogue("methods")
    assert listing.memory_of({"memory": 0.12}) == "0.12 GiB RAM"
    assert listing.memory_of({"gpu_memory": 15.4}) == "15.4 GiB GPU"
    assert listing.memory_of({"memory": 2, "gpu_memory": 1}) == "2 GiB RAM, 1 GiB GPU"
    assert listing.memory_of({}) == "–"
    assert listing.memory_of(entries["psnr"]).endswith("RAM")
    assert "GiB GPU" in render() and "GiB RAM" in render()


def test_the_table_of_methods_is_rendered() -> None:
    assert TARGET.read_text() == render(), "run `python workflow/render_methods.py`"


def test_an_entry_of_every_method_module_is_checked(tmp_path: Path) -> None:
    """The doc's example passes the schema; its YAML is what the settings take."""
    from fgresq.settings import check

    text = (ROOT / "docs/add-a-method.md").read_text()
    entry = yaml.safe_load(text.partition("```yaml\n")[2].partition("```")[0])
    check({**catalogue("methods"), **entry}, "methods", "config/methods.yaml")


def test_an_absent_method_is_tried_again_once_it_can_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of the attempt is a rule's parameter: equal numbers rerun nothing."""
    now: list[Absent | None] = [GONE]
    states_file = tmp_path / "probe/methods.json"
    monkeypatch.setattr(attempts, "ATTEMPTS", tmp_path / "attempts")
    monkeypatch.setattr(attempts, "own_absence", lambda name, entry: now[0])

    def number(record: Absent | None) -> int:
        """Build the graph twice, after a run that left this record."""
        write_json(states_file, {"m": {"absent": record.record() if record else None}})
        found = {attempts.attempt.__wrapped__("m", str(states_file)) for _ in range(2)}
        assert len(found) == 1
        return found.pop()

    assert attempts.attempt.__wrapped__("m", str(states_file)) == 0  # never run yet
    assert number(GONE) == 0
    now[0] = None  # its weights were placed
    assert number(GONE) == 1 and number(None) == 1
    now[0] = GONE
    assert number(None) == 1 and number(GONE) == 1
    now[0] = None  # and again
    assert number(GONE) == 2 and number(None) == 2


def test_every_method_names_what_is_placed_for_it_whether_it_is_or_not() -> None:
    """Snakemake asks all methods of a preset at every call, the absent ones among them."""
    entries = catalogue("methods")
    found = {name: modules.own_version(name, entry) for name, entry in entries.items()}
    assert all(isinstance(version, str) for version in found.values())


def test_what_is_refused_tells_its_next_step_as_a_sentence() -> None:
    absent = Absent("no_weights", "its weights are not here", "run `fgresq weights x`")
    with pytest.raises(UserError, match=r"^method 'x': its weights are not here\. Run `fgresq"):
        refuse("method 'x'", absent)
    refuse("method 'x'", None)
