"""TOPIQ with published weights, by the user's pyiqa: with a reference, higher better."""

from fgresq.external.by_pyiqa import by_pyiqa

KIND = "FR"
absent, version, score = by_pyiqa("topiq_fr", lower_better=False)
