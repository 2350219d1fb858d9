"""The cases run the program as the tests of the command line do, with the same kit."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "cli"))
