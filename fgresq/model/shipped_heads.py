"""The heads on A-FINE's equations that come with the package, one set for each offline backbone.

They were taught by simulated observers; their card says so. The tower comes out of the weights of
its own package, and is known by a digest on the card.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fgresq import workspace
from fgresq.absent import Absent, refuse
from fgresq.files import read_json
from fgresq.model.on_pictures import OnPictures

if TYPE_CHECKING:  # absence is asked at every call of Snakemake: torch comes with the model
    from fgresq.model.adaptive import Afine

CARD = "card.json"


def heads_folder(backbone: str) -> Path:
    """Give the folder of the package that holds the heads of a backbone."""
    return workspace.packaged("afine", backbone)


class Shipped(OnPictures):
    """The model of a backbone whose heads the package holds.

    Args:
        backbone: of `BACKBONES`.
        title: that readers see.
        smallest: pixels that a side must have.
    """

    def __init__(self, backbone: str, title: str, smallest: int) -> None:
        super().__init__(self.load, smallest)
        self.backbone, self.title = backbone, title

    def absent(self) -> Absent | None:
        """Say that the package has no such heads, and what makes them."""
        path = heads_folder(self.backbone) / CARD
        if path.exists():
            return None
        step = "install a release of fgresq that has them, or run `make afine` in a checkout"
        return Absent("no_weights", f"the package holds no heads of {self.title} ({path})", step)

    def card(self) -> dict[str, Any]:
        """Read the card of the heads.

        Raises:
            UserError: there is none, or it is damaged.
        """
        refuse(self.title, self.absent())
        found: dict[str, Any] = read_json(heads_folder(self.backbone) / CARD)
        return found

    def version(self) -> str:
        """Name the heads by content."""
        return "absent" if self.absent() else str(self.card()["sha256"])

    def load(self) -> Afine:
        """Load the model, frozen; on the CPU, so that values are the same everywhere.

        Raises:
            UserError: the heads are missing or damaged, or the tower at hand is another.
        """
        refuse(self.title, self.absent())
        from fgresq.model.afine_heads import read_heads

        return read_heads(heads_folder(self.backbone))
