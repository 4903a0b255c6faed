"""Methods without training here, one a module, and nothing else.

A module has `score(image, reference) -> float`, both uint8 RGB of one shape, and, when it needs no
reference, `KIND = "NR"`; its reference may then be None. `fgresq.scoring.registry` finds it by its
name, which is that of its entry in the methods file.
"""
