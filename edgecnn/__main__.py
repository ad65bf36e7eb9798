"""``python -m edgecnn``: the command line without the installed script."""

import sys

from edgecnn.cli import main

sys.exit(main())
