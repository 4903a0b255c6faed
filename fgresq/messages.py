"""What a call tells on the terminal and keeps in its log."""

from __future__ import annotations

import logging
import resource
import sys
import time
from pathlib import Path

from fgresq.errors import UserError


def start_log(path: str | None, debug: bool) -> None:
    """Send messages to the terminal and, where asked, to a file.

    A line that the file takes no more (a full disk) is left out of it without a word, unless with
    `debug`: the terminal has it.

    Raises:
        UserError: the file cannot be opened.
    """
    logging.raiseExceptions = debug
    terminal = logging.StreamHandler(sys.stderr)
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[terminal], force=True)
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


def report_cost(name: str, started: float) -> None:
    """Log what a command or step took: seconds and the greatest resident memory of its process."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mebibytes = used / (1024 * 1024 if sys.platform == "darwin" else 1024)
    seconds = time.perf_counter() - started
    logging.info("fgresq %s: done in %.1f s, peak memory %.0f MiB", name, seconds, mebibytes)
