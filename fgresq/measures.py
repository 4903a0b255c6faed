"""The measures that may stand for people where observers are simulated, by their setting's name.

The setting `labels/measure` names one. It makes the latent quality of the embedded data, and the
method that gives its values is then the *label source*: shown, and never ranked.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

MeasureName = Literal["lpips", "jod"]


class Measure(NamedTuple):
    """A full-reference measure as a stand-in for people.

    Args:
        method: in the catalogue of methods, that gives its values.
        title: that readers see.
        kind: of scores, in the record of a source.
    """

    method: str
    title: str
    kind: str


MEASURES: dict[MeasureName, Measure] = {
    "lpips": Measure("lpips", "LPIPS", "LPIPS"),
    "jod": Measure("cvvdp", "ColorVideoVDP", "JOD"),
}
