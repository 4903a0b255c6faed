"""The table of faults fits the code as it stands; `make faults` plants them."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from tests.conftest import ROOT
from tests.faults.table import KINDS, Fault, read_faults

FAULTS = read_faults()


def test_names_are_unique_and_there_are_enough() -> None:
    twice = [name for name, count in Counter(fault.name for fault in FAULTS).items() if count > 1]
    assert not twice and len(FAULTS) >= 25


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_fault_can_be_planted_once_and_its_tests_are_there(fault: Fault) -> None:
    text = (ROOT / fault.file).read_text(encoding="utf-8")
    assert fault.kind in KINDS and fault.find != fault.replace and fault.caught_by
    before, after = (ast.dump(ast.parse(part)) for part in (text, fault.planted(text)))
    assert before != after
    for node in fault.caught_by:
        file, _, test = node.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        names = {part.name for part in ast.walk(tree) if isinstance(part, ast.FunctionDef)}
        assert not test or test.partition("[")[0] in names
