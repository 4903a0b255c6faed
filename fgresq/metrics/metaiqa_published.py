"""MetaIQA with published weights, by the user's pyiqa: no reference, higher better.

pyiqa has it since 0.1.16. Its authors publish starts for fine-tuning and no final model; pyiqa's
weights were fine-tuned from such a start to LIVE Challenge by those who added it there.
"""

from fgresq.external.by_pyiqa import by_pyiqa

KIND = "NR"
absent, version, score = by_pyiqa("metaiqa", lower_better=False, since="0.1.16")
