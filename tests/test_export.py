"""What is exported computes what torch does, in files that say what they are, and runs without it.

Graphs are run by the reference implementation in the onnx package, and by onnxruntime where it is
installed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from skimage import data

from fgresq.errors import UserError
from fgresq.images import write_png
from fgresq.model import opinion
from fgresq.model.released import Released
from fgresq.scoring import export, graphs
from fgresq.scoring.facts import LEARNT, PEOPLE, Facts
from fgresq.scoring.judges import judge_of
from tests.judged import Heads

CLOSE = 1e-4  # of the scale's length


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export the embedded model."""
    out = tmp_path_factory.mktemp("onnx") / "quality.onnx"
    export.export(judge_of("embedded"), out)
    return out


@pytest.mark.parametrize("shape", [(1, 40, 33), (2, 33, 47), (3, 64, 40)])
def test_any_number_of_images_of_any_size_has_torchs_scores(embedded: Path, shape) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    ours = [judge_of("embedded").score(image) for image in pixels]
    score, points = ReferenceEvaluator(str(embedded)).run(None, {"image": pixels})
    assert score.shape == points.shape == (shape[0],)
    assert np.abs(score - ours).max() < CLOSE * 100


def test_near_the_ends_the_graph_bends_as_the_model_does() -> None:
    class Line(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return image

    given = torch.tensor([-300.0, -3, 2, 50, 97, 120, 900])
    found, points = graphs.OpinionGraph(Line())(given)
    expected = [opinion.bent(value) for value in given.tolist()]
    assert found.tolist() == pytest.approx(expected, abs=1e-4) and points.equal(given)


def test_a_file_says_what_it_is(embedded: Path) -> None:
    model = onnx.load(str(embedded))
    told = {entry.key: entry.value for entry in model.metadata_props}
    assert model.opset_import[0].version == export.OPSET == int(told["opset"])
    assert told["trained_on"].startswith("LIVE In the Wild") and told["judged_by"] == "people"
    assert "higher better" in told["scale"] and told["protocol"] == "tiles"


def test_the_same_model_gives_the_same_bytes(embedded: Path, tmp_path: Path) -> None:
    export.export(judge_of("embedded"), tmp_path / "quality.onnx")
    assert (tmp_path / "quality.onnx").read_bytes() == embedded.read_bytes()


class Small(graphs.Official):
    """The released architecture, narrow, with random weights."""

    def __init__(self) -> None:
        model = Released(width=64, layers=2)
        torch.manual_seed(0)
        for name, value in model.named_parameters():
            value.data.normal_(std=0.2 if "heads" in name else 0.1)
        for value in model.heads.buffers():
            value.fill_(1.0)
        self.model = model
        facts = Facts("small", "NR", "0 to 1, higher better", True, "nothing", PEOPLE, LEARNT)
        graphs.HeadJudge.__init__(self, "official", facts, model.heads, True, "float32")


def test_fgresq_as_released_is_two_files_that_agree_with_torch(tmp_path: Path) -> None:
    judge, out = Small(), tmp_path / "small.onnx"
    files = export.export(judge, out)
    assert [f.name for f in files] == ["small.onnx", "small.pair.onnx", "small.py"]
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (256, 256, 3)).astype(np.uint8)
    images = np.stack([noise, data.astronaut()[:256, :256], data.chelsea()[:256, :256]])
    views = images[:, 16:240, 16:240][:, None]  # 256x256 stays as it is
    seen = [judge.encode(image) for image in images]
    score, quality = ReferenceEvaluator(str(out)).run(None, {"views": views})
    assert np.abs(score - [own.score for own in seen]).max() < CLOSE
    assert np.ptp(score) > 1e-3
    fed = {"first": quality[:2], "second": quality[1:]}
    (chances,) = ReferenceEvaluator(str(files[1])).run(None, fed)
    for k in range(2):
        told = judge.prefer(seen[k], seen[k + 1])
        expected = (told.a_better, told.b_better, told.equal)
        assert chances[k] == pytest.approx(expected, abs=CLOSE)


@pytest.mark.parametrize("learnt", [True, False])
def test_chances_of_two_classes_are_those_of_the_judge(learnt: bool) -> None:
    judge = Heads("paper", learnt)
    seen = [judge.encode(data.astronaut()), judge.encode(data.chelsea())]
    pair = graphs.PairGraph(judge.heads, learnt)
    with torch.inference_mode():
        chances = pair(*map(judge.tensor, seen))[0].tolist()
    told = judge.prefer(*seen)
    assert chances == pytest.approx((told.a_better, told.b_better), abs=1e-5)


def test_the_script_needs_no_torch_and_gives_the_commands_values(embedded: Path) -> None:
    pytest.importorskip("onnxruntime")
    names = [embedded.with_name(f"{n}.png") for n in ("a", "b")]
    rng = np.random.default_rng(2)
    large = np.kron(data.chelsea()[:, :400], np.ones((3, 3, 1), np.uint8))  # in tiles
    noisy = np.clip(large + rng.normal(0, 20, large.shape), 0, 255).astype(np.uint8)
    for name, pixels in zip(names, (large, noisy), strict=True):
        write_png(name, pixels)
    code = f"import sys, runpy; sys.argv = {['x', *map(str, names)]!r}; sys.modules['torch'] = None"
    script = f"{code}; runpy.run_path({str(embedded.with_suffix('.py'))!r}, run_name='__main__')"
    call = [sys.executable, "-c", script]
    told = subprocess.run(call, capture_output=True, text=True, check=True).stdout.splitlines()
    judge = judge_of("embedded")
    for line, name in zip(told[1:3], names, strict=True):
        assert float(line.split()[0]) == pytest.approx(judge.score(name), abs=CLOSE * 100)
    preference = judge.compare(*names)
    assert float(told[3].split()[2].rstrip(",")) == pytest.approx(preference.a_better, abs=2e-4)


def test_a_wrong_file_is_refused(embedded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (graph,) = graphs.graphs_of(judge_of("embedded")).values()
    monkeypatch.setattr(export.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(export, "difference", lambda graph, out: 0.02)
    with pytest.raises(UserError, match=r"differs from torch by 2\.0e-04 of the scale"):
        export.try_out(graph, embedded, 100.0)


def test_without_onnxruntime_it_is_told_how_to_install_it(embedded, monkeypatch, caplog) -> None:
    (graph,) = graphs.graphs_of(judge_of("embedded")).values()
    monkeypatch.setattr(export.importlib.util, "find_spec", lambda name: None)
    export.try_out(graph, embedded, 100.0)
    assert "it was not tried" in caplog.text and "pip install 'fgresq[onnx]'" in caplog.text


def test_what_has_no_graph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'psnr' has no graph"):
        export.export(judge_of("psnr"), tmp_path / "psnr.onnx")
