"""Work shared by processes: the same results, and faults that arrive."""

from __future__ import annotations

import os
import pickle
import signal
from pathlib import Path

import pytest

from fgresq.at_once import each
from fgresq.errors import OneImage, UserError


def told(number: int) -> tuple[int, int]:
    """Give a number and the process that saw it; 3 is at fault."""
    if number == 3:
        raise UserError("three.png", "it is the third", "Leave it out")
    return number, os.getpid()


def ended(number: int) -> int:
    """End this process, as a system without memory left would."""
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_results_come_in_order_from_processes_of_their_own() -> None:
    found = list(each(told, [9, 8, 7, 6], 2, "numbers"))
    assert [number for number, _ in found] == [9, 8, 7, 6]
    assert os.getpid() not in {process for _, process in found}


def test_one_worker_is_this_process() -> None:
    assert list(each(told, [1, 2], 1, "numbers")) == [(1, os.getpid()), (2, os.getpid())]
    assert list(each(told, [1], 5, "numbers")) == [(1, os.getpid())]
    assert not list(each(told, [], 5, "numbers"))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_fault_arrives_as_it_was_told(workers: int) -> None:
    with pytest.raises(UserError, match=r"^three\.png: it is the third\. Leave it out\.$"):
        list(each(told, [1, 3, 2], workers, "numbers"))


def test_a_process_that_is_ended_from_outside_is_told() -> None:
    with pytest.raises(UserError, match="numbers: one of its processes was ended.*--workers"):
        list(each(ended, [1, 2], 2, "numbers"))


def test_a_fault_of_one_image_stays_one() -> None:
    found = pickle.loads(pickle.dumps(OneImage(Path("a.png"), "it is empty", "Why?")))
    assert isinstance(found, OneImage) and str(found) == "a.png: it is empty. Why?"
