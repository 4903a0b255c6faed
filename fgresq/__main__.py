"""Run `python -m fgresq VERB ...`."""

import sys

from fgresq.cli import main

sys.exit(main())
