"""What the tables of restored images have in common; read where none is made, without torch."""

from __future__ import annotations

import argparse
from pathlib import Path

from fgresq import workspace
from fgresq.tables import IMAGE_COLUMNS

SOURCE = "mini"
RESTORED_COLUMNS = {name: kind for name, kind in IMAGE_COLUMNS.items() if name != "score"}


def add_network(parser: argparse.ArgumentParser) -> None:
    """Give a step that restores `--weights`, of the network that enlarges."""
    known = workspace.weights_of("dat_light")
    parser.add_argument("--weights", type=Path, default=known, help="folder of DAT-light's weights")
