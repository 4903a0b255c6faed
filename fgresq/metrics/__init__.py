"""Methods: one module each, and what scores images with them.

An untrained method is a module with `score(image, reference) -> float`, both uint8 RGB of one
shape, and, when it needs no reference, `KIND = "NR"`; its reference may then be None.
"""


class NoValue(Exception):
    """A method cannot say anything of an image; the message is the reason in its row."""
