"""What the tables of restored images have in common; read where none is made, without torch."""

from __future__ import annotations

from fgresq.tables import IMAGE_COLUMNS

SOURCE = "mini"
RESTORED_COLUMNS = {name: kind for name, kind in IMAGE_COLUMNS.items() if name != "score"}
