"""A-FINE and its kin on people's scores, where the reference is perfect or there is none."""

from __future__ import annotations

from fgresq.report.imperfect_results import Imperfect
from fgresq.report.parts.cells import Table


def people_tables(imperfect: Imperfect) -> list[Table]:
    """Build a table a set that people scored."""
    return []


def notes(imperfect: Imperfect) -> list[str]:
    """Say what is missing, and why."""
    return []
