"""What it costs to check a CSV file of 50,000 rows before anything is sent: whole processes, in turns."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.bench.bench_validate import make
from tests.bench.measuring import Cost, costs_in_turns

TIMES = 5

#: The command that checks a CSV file; the second path is that of a schema for frictionless.
Check = Callable[[Path, Path], list[str]]

PANDAS_CHECK = Path(__file__).with_name("alternatives") / "pandas_check.py"


def checked_by_bulkobj(plan: Path, _: Path) -> list[str]:
    """Everything that can be checked without the service."""
    return [sys.executable, "-m", "bulkobj", "validate", str(plan), "--offline"]


def checked_by_pandas(plan: Path, _: Path) -> list[str]:
    """Required cells, dates and their order."""
    return [sys.executable, str(PANDAS_CHECK), str(plan)]


def checked_by_frictionless(plan: Path, schema: Path) -> list[str]:
    """Required cells and dates."""
    return [sys.executable, "-m", "frictionless", "validate", str(plan), "--schema", str(schema), "--trusted"]


def costs_of(checks: Iterable[Check]) -> dict[Check, Cost]:
    """The cost of each check of one and the same file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan, _, schema = make(folder)
        commands = {check: check(plan, schema) for check in checks}
        return costs_in_turns(commands, {"BULKOBJ_STATE_DIR": str(folder / "state")}, TIMES)
