"""Write a model as ONNX, with a script that runs it without torch.

    fgresq export embedded --out quality.onnx
    fgresq export results/stage2/paper/full/0 --out fgresq.onnx
    pip install onnxruntime numpy pillow && python quality.py a.png b.png

MODEL: embedded (in the package), official (the authors' FGResQ, where it is placed), or a folder of
weights that was trained here. Opset 17, computed in float32, with any number of images at once. Of
the embedded model images have any size from 32 pixels a side; larger ones than 768 the script
looks at in tiles, as fgresq does. FGResQ takes views of 224 pixels, which the script cuts; beside
quality.onnx stands quality.pair.onnx, its comparison, which reads what the first gives. Chances are
those that the weights give, without a calibration.

Before it says that it is done, what was written is computed beside torch, on noise: a difference
above 1e-4 is an error. That needs `pip install 'fgresq[onnx]'`; without it, it is told that
nothing was tried. Values then differ from those of `fgresq score` by no more than that.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.files import atomic, check_writable

if TYPE_CHECKING:
    from fgresq.scoring.graphs import Graph
    from fgresq.scoring.judges import Judge

OPSET, CLOSE = 17, 1e-4  # the second of scores in units of their scale's length, and of chances
SUFFIX = ".onnx"
INSTALL = "Call pip install 'fgresq[onnx]' (or: pip install onnxruntime)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("model", metavar="MODEL", help="embedded, official or a folder of weights")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.onnx", help="to write")


def write_graph(graph: Graph, out: Path, told: dict[str, str]) -> None:
    """Write one graph with what its reader has to know.

    Args:
        graph: to be written.
        out: file.
        told: laid beside what the graph says itself.
    """
    import onnx
    import torch

    with atomic(out) as scratch:
        with warnings.catch_warnings():  # the exporter that is 1.4 times as fast is the older one
            warnings.simplefilter("ignore")
            torch.onnx.export(
                *(graph.module, graph.given, str(scratch)),
                dynamo=False,
                opset_version=OPSET,
                input_names=list(graph.inputs),
                output_names=list(graph.outputs),
                dynamic_axes=graph.moving,
            )
        whole = onnx.load(str(scratch))
        onnx.helper.set_model_props(whole, {**told, **graph.told, "opset": str(OPSET)})
        onnx.checker.check_model(whole)
        scratch.write_bytes(whole.SerializeToString(deterministic=True))


def difference(graph: Graph, out: Path) -> float:
    """Compute a written graph on noise beside torch, at one image more than it was traced with.

    Returns:
        The greatest difference of its first output, which are scores or chances.
    """
    import onnxruntime
    import torch

    torch.manual_seed(0)
    given = []
    for each in graph.given:
        shape = (len(each) + 1, *each.shape[1:])
        noise = torch.rand(shape)
        given.append((noise * 255).to(torch.uint8) if each.dtype == torch.uint8 else noise)
    with torch.inference_mode():
        ours = graph.module(*given)
    ours = ours[0] if isinstance(ours, tuple) else ours
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    fed = {name: value.numpy() for name, value in zip(graph.inputs, given, strict=True)}
    theirs = session.run([graph.outputs[0]], fed)[0]
    return float(abs(ours.numpy() - theirs).max())


def try_out(graph: Graph, out: Path, length: float) -> None:
    """Refuse a file that does not compute what torch does; say where it cannot be tried.

    Raises:
        UserError: it differs by more than CLOSE of the scale's length.
    """
    if importlib.util.find_spec("onnxruntime") is None:
        logging.warning("%s: it was not tried, for want of onnxruntime. %s.", out, INSTALL)
        return
    found = difference(graph, out) / length
    if not found <= CLOSE:
        problem = f"it differs from torch by {found:.1e} of the scale, more than {CLOSE:g}"
        raise UserError(out, problem, "Export with the torch of requirements.lock")
    logging.info("%s: written, tried beside torch: within %.1e of the scale", out, found)


def names_of(out: Path, behind: str) -> Path:
    """Give the file of a graph: quality.onnx, or quality.pair.onnx."""
    return out.with_name(out.name.removesuffix(SUFFIX) + behind + SUFFIX)


def export(judge: Judge, out: Path) -> list[Path]:
    """Write all graphs of a judge, and the script that runs them.

    Returns:
        The files, the script last.

    Raises:
        UserError: the judge has no graph, or a file does not compute what torch does.
    """
    from fgresq.model.opinion import LEAST, MOST
    from fgresq.scoring.graphs import graphs_of

    graphs, written = graphs_of(judge), []
    length = MOST - LEAST if "points" in graphs[""].outputs else 1.0
    told = {"model": judge.facts.title, "scale": judge.scale, "trained_on": judge.facts.trained_on}
    told["judged_by"] = judge.facts.judged_by
    for behind, graph in graphs.items():
        file = names_of(out, behind)
        write_graph(graph, file, told)
        try_out(graph, file, 1.0 if behind else length)
        written.append(file)
    script = out.with_name(out.name.removesuffix(SUFFIX) + ".py")
    text = workspace.packaged("templates", "run_onnx.py.txt").read_text(encoding="utf-8")
    with atomic(script) as scratch:
        scratch.write_text(text, encoding="utf-8")
    return [*written, script]


def main(args: argparse.Namespace) -> None:
    """Run the command."""
    if args.out.suffix != SUFFIX:
        raise UserError("--out", f"'{args.out}' does not end in {SUFFIX}", "Call it so")
    check_writable(args.out)
    from fgresq.scoring.judges import judge_of  # torch takes a second: not for --help

    for file in export(judge_of(args.model, "cpu"), args.out):
        print(f"{file}  {file.stat().st_size:,} bytes")
