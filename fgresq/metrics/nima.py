"""NIMA with published weights, by the user's pyiqa: no reference, higher better."""

from fgresq.external.by_pyiqa import by_pyiqa

KIND = "NR"
absent, version, score = by_pyiqa("nima", lower_better=False)
