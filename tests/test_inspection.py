"""`fgresq weights inspect`: hash, tensors, a dead prompt block, and pickles that ask for code."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from fgresq.cli import main
from fgresq.errors import UserError
from fgresq.model.heads import PromptBlock
from fgresq.weights.inspection import inspect, page, prompt_blocks

WIDTH = 6


def block(init: str, prefix: str = "") -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    own = PromptBlock(WIDTH, WIDTH, init).state_dict()
    return {prefix + name: value for name, value in own.items()}


def shown(capsys, *argv: str) -> str:
    assert main(["weights", "inspect", *argv]) == 0
    return capsys.readouterr().out


def refused(capsys, *argv: str) -> str:
    assert main(["weights", *argv]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_hash_tensors_and_form_are_told(tmp_path, capsys):
    state = {"head.weight": torch.ones(1, 18), "count": torch.tensor(3)}
    state["head.bias"] = torch.tensor([float("nan")], dtype=torch.float16)
    torch.save({"model": {f"module.{k}": v for k, v in state.items()}, "epoch": 3},
               tmp_path / "w.pth")  # fmt: skip
    text = shown(capsys, str(tmp_path / "w.pth"))
    data = (tmp_path / "w.pth").read_bytes()
    assert hashlib.sha256(data).hexdigest() in text and f"{len(data):,} bytes" in text
    assert "in 'model' beside epoch, prefix 'module.' taken off" in text
    assert "tensors  3" in text and "20 numbers, 1 of them not finite" in text
    assert "  head.weight  1x18  float32" in text and "  count        scalar  int64" in text
    assert "no FGResQ" in text
    found = json.loads(shown(capsys, str(tmp_path / "w.pth"), "--json"))
    assert found["tensors"]["head.bias"] == {"shape": [1], "type": "float16"}
    save_file(state, tmp_path / "w.safetensors")
    assert "form     safetensors" in shown(capsys, str(tmp_path / "w.safetensors"))


def test_a_file_of_several_states_is_told_part_by_part(tmp_path, capsys):
    """As A-FINE's authors released theirs: scalars among them."""
    state = {"natural": {"proj.weight": torch.ones(2, 3)}, "adapter": {"k": torch.tensor(5.0)}}
    torch.save(state, tmp_path / "afine.pth")
    text = shown(capsys, str(tmp_path / "afine.pth"))
    assert "in the parts natural, adapter" in text and "tensors  2 (2 float32), 7 numbers" in text
    assert "  natural.proj.weight  2x3  float32" in text
    assert "  adapter.k            scalar  float32" in text
    torch.save({**state, "more": [1]}, tmp_path / "afine.pth")
    assert "no mapping of names to tensors" in refused(
        capsys, "inspect", str(tmp_path / "afine.pth")
    )
    torch.save({**state, "more": {"x": Evil()}}, tmp_path / "afine.pth")
    assert "may run code" in refused(capsys, "inspect", str(tmp_path / "afine.pth"))


def test_a_block_of_the_authors_start_stays_dead_whatever_is_learnt(tmp_path):
    """The gradient of MLP1 is zero for ever, and what is called dead gives one e for all images."""
    torch.manual_seed(1)
    for init, dead in (("official_zero", True), ("xavier", False)):
        own = PromptBlock(WIDTH, WIDTH, init)
        optimiser = torch.optim.Adam(own.parameters(), lr=0.1)
        for _ in range(5):
            optimiser.zero_grad()
            (own(torch.randn(8, WIDTH)) - torch.randn(8, WIDTH)).square().sum().backward()
            optimiser.step()
        with torch.no_grad():
            spread = float(own(torch.randn(8, WIDTH)).std(dim=0).max())
        save_file(own.state_dict(), tmp_path / "w.safetensors")
        zero = inspect(tmp_path / "w.safetensors")["prompt_blocks"][""]
        assert bool(zero) == dead == (spread < 1e-7)
        assert zero == (["the first layer of MLP1", "the second layer of MLP1"] if dead else [])
        text = page(inspect(tmp_path / "w.safetensors"))
        assert ("DEAD" in text) == dead


@pytest.mark.parametrize("part", ["task_mlp.0.weight", "task_mlp.2.weight", "prompt",
                                  "prompt_mlp.weight"])  # fmt: skip
def test_any_part_of_zeros_cuts_the_degradation_off(part):
    state = block("xavier", "quality.heads.prompt_block.")
    assert prompt_blocks(state) == {"quality.heads.prompt_block.": []}
    state[f"quality.heads.prompt_block.{part}"].zero_()
    own = PromptBlock(WIDTH, WIDTH, "xavier")
    own.load_state_dict({k.rpartition("prompt_block.")[2]: v for k, v in state.items()})
    with torch.no_grad():
        assert float(own(torch.randn(8, WIDTH)).std(dim=0).max()) < 1e-7
    assert len(prompt_blocks(state)["quality.heads.prompt_block."]) == 1


class Evil:
    """A pickle that would run a command."""

    def __reduce__(self):
        return os.system, ("touch inspection-was-run",)


def test_pickles_that_ask_for_code_are_refused_and_do_not_run(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"w": torch.ones(1), "x": Evil()}, "evil.pth")
    line = refused(capsys, "inspect", "evil.pth")
    assert "asks for" in line and "system" in line and "may run code" in line
    Path("plain.pkl").write_bytes(pickle.dumps({"x": Evil()}))
    assert "evil" not in refused(capsys, "inspect", "plain.pkl")
    torch.save(torch.nn.Linear(2, 2), "whole.pth")
    assert "Linear" in refused(capsys, "inspect", "whole.pth")
    assert not Path("inspection-was-run").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "neither safetensors nor a file of PyTorch"),
        (b"PK\x03\x04 cut short", "not a whole file of tensors"),
        (b"<html>not found</html>", "neither safetensors nor a file of PyTorch"),
    ],
)
def test_damaged_files_are_told_in_a_line(tmp_path, capsys, content, told):
    (tmp_path / "w.pth").write_bytes(content)
    assert told in refused(capsys, "inspect", str(tmp_path / "w.pth"))


def test_calls_at_fault_are_told(tmp_path, capsys):
    assert "no such file" in refused(capsys, "inspect", str(tmp_path / "nothing.pth"))
    assert "no file is named" in refused(capsys, "inspect")
    assert "does not go with lpips_alex" in refused(capsys, "lpips_alex", "x.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    assert "no mapping of names to tensors" in refused(
        capsys, "inspect", str(tmp_path / "list.pth")
    )
    with pytest.raises(UserError, match="cannot be read"):
        inspect(tmp_path)
