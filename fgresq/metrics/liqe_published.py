"""LIQE with published weights, by the user's pyiqa: no reference, higher better.

Its authors gave pyiqa two: `liqe_mix`, trained on six data sets as in their paper, is asked here;
`liqe` is their later training on KonIQ-10k alone.
"""

from fgresq.external.by_pyiqa import by_pyiqa

KIND = "NR"
absent, version, score = by_pyiqa("liqe_mix", lower_better=False)
