"""Heads that come with the package, as far as they are there, and what is seen by them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fgresq.errors import UserError
from fgresq.imperfect.people_sets import PeopleSet

if TYPE_CHECKING:  # torch takes a second: not for --help
    from fgresq.imperfect.human_naturalness import HumanNaturalness
    from fgresq.imperfect.seen_images import Seen
    from fgresq.model.adaptive import Afine

SHIPPED = ("vgg16", "dinov2_vits14")  # backbones
BASE = "vgg16"  # the tower of N that people taught


def shipped(folder: Path) -> dict[str, Afine | str]:
    """Load the heads that are there, by backbone; of others the reason."""
    from fgresq.model.afine_heads import read_heads
    from fgresq.weights.checkpoints import CARD

    found: dict[str, Afine | str] = {}
    for backbone in SHIPPED:
        try:
            there = (folder / backbone / CARD).exists()
            lost = (
                f"there are no heads in {folder / backbone}: `fgresq step afine-heads` ships them"
            )
            found[backbone] = read_heads(folder / backbone) if there else lost
        except UserError as error:
            found[backbone] = str(error)
    return found


class Looking:
    """Looks at images by the heads at hand, and by the tower that people's N needs.

    Args:
        heads: by backbone, or the reason why they are not there.
        photographs: so many teach people's N, by the order of their hashes.
    """

    def __init__(self, heads: Mapping[str, Afine | str], photographs: int) -> None:
        self.heads, self.photographs = heads, photographs
        self.tower: Afine | str = heads[BASE]
        if isinstance(self.tower, str):
            self.tower = self.without_heads()

    @staticmethod
    def without_heads() -> Afine | str:
        """Build the tower alone, or say why it cannot be had."""
        from fgresq.model.adaptive import afine_on

        try:
            return afine_on(BASE)
        except UserError as error:
            return str(error)

    def seen(self, own: PeopleSet) -> dict[str, Seen]:
        """Give what each backbone sees of a set; of heads that are not there nothing."""
        models = {**self.heads, BASE: self.tower}
        return {n: self.by(m, own) for n, m in models.items() if not isinstance(m, str)}

    def by(self, model: Afine, own: PeopleSet) -> Seen:
        """Look at a set by a model."""
        from fgresq.imperfect.seen_images import seen_images

        return seen_images(model, own.images)

    def taught(self, photographs: PeopleSet | str) -> HumanNaturalness | str:
        """Fit N to people's scores of photographs, or say what is missing for it."""
        if isinstance(photographs, str):
            return photographs
        if isinstance(self.tower, str):
            return self.tower
        from fgresq.imperfect.human_naturalness import fit

        images = photographs.images.sort_values(["sha256", "image"])[: self.photographs]
        own = PeopleSet(photographs.name, images.reset_index(drop=True), photographs.pairs)
        moments = self.by(self.tower, own).moments
        scores = own.images["score"].to_numpy(float)
        return fit(moments, scores, self.tower.naturalness.sizes)
