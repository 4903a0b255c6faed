"""Run `python -m fgresq COMMAND ...`."""

import sys

from fgresq.cli import main

sys.exit(main())
