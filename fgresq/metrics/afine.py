"""A-FINE with published weights, by the user's pyiqa: with a reference, lower better."""

from fgresq.external.by_pyiqa import by_pyiqa

KIND = "FR"
absent, version, score = by_pyiqa("afine_all_scale", lower_better=True)
