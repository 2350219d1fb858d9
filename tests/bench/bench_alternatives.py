"""bulkobj beside what one would use instead, as a table: ``python tests/bench/bench_alternatives.py``, five minutes.

The alternatives are the scripts in ``alternatives/`` and frictionless. ``pip install -e '.[bench]'`` brings what they
need; one that isn't installed is not measured. What is measured, and how, is said in the ``measure_`` modules.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from tests.bench.bench_validate import ROWS as CHECKED_ROWS
from tests.bench.measure_faults import FAULTS, KILLS, ROWS, Left, Tool, after_a_kill, after_faults, after_kills
from tests.bench.measure_pace import QUICK, SLOW, Import, by_aiolimiter, by_bulkobj, by_plain_script, pace_of
from tests.bench.measure_validation import (
    Check,
    checked_by_bulkobj,
    checked_by_frictionless,
    checked_by_pandas,
    costs_of,
)

TESTS, ALTERNATIVES = Path(__file__).parents[1], Path(__file__).with_name("alternatives")

T = TypeVar("T")

#: How many rows are imported, and how many seconds a call takes at the most.
PACES = ((80, SLOW), (300, SLOW), (1000, SLOW), (1000, QUICK))


@dataclass(frozen=True)
class Column:
    """A tool, the package that it can't do without, and how what it can do is done."""

    name: str
    package: str
    paced: Import | None = None
    tool: Tool | None = None
    check: Check | None = None

    def measured(self, way: T | None, measure: Callable[[T], str]) -> str:
        """What the table shows of something that the tool does in that way, if it does."""
        if way is None:
            return "\N{EN DASH}"
        return measure(way) if find_spec(self.package) else "not measured"


COLUMNS = (
    Column("bulkobj", "bulkobj", by_bulkobj, Tool(), checked_by_bulkobj),
    Column("plain script", "pandas", by_plain_script, Tool(ALTERNATIVES / "plain_script.py"), checked_by_pandas),
    Column("on aiolimiter", "aiolimiter", by_aiolimiter, Tool(ALTERNATIVES / "aiolimiter_script.py")),
    Column("frictionless", "frictionless", check=checked_by_frictionless),
)


def row(label: str, way: Callable[[Column], T | None], measure: Callable[[T], str]) -> str:
    """A row of the table, of something that is done in a way of each tool's own."""
    print(f"{label} …", file=sys.stderr)
    return f"| {' | '.join([label, *(column.measured(way(column), measure) for column in COLUMNS)])} |"


def pace_row(what: str, measure: Callable[[Import], str]) -> str:
    """A row on calls or times at a service that limits them."""
    return row(what, lambda column: column.paced, measure)


def time_row(rows: int, longest: float) -> str:
    """The row with the time for so many rows, where a call takes so many seconds at the most."""
    label = f"{rows:,} rows, 0.05 to {longest:g} s a call: time"
    return pace_row(label, lambda work: str(pace_of(work, rows, longest)))


def fault_row(label: str, measure: Callable[[Tool], Left]) -> str:
    """The row with what the service holds after things went wrong."""
    return row(f"{ROWS} rows, {label}", lambda column: column.tool, lambda tool: str(measure(tool)))


def check_row(label: str, measure: Callable[[Check], str]) -> str:
    """A row on what validation costs."""
    return row(f"{CHECKED_ROWS:,} rows checked: {label}", lambda column: column.check, measure)


def table() -> Iterator[str]:
    """The rows, each measured when it is asked for."""
    yield pace_row(
        "most calls in any 60 s (100 are allowed)",
        lambda work: str(max(pace_of(work, *case).worst for case in PACES)),
    )
    yield pace_row(
        f"1,000 rows, 0.05 to {SLOW:g} s a call: refused as too many",
        lambda work: str(pace_of(work, 1000, SLOW).refused),
    )
    yield from (time_row(*case) for case in PACES)
    yield fault_row(f"{len(FAULTS)} calls of which go wrong", after_faults)
    yield fault_row("killed halfway and started again", after_a_kill)
    yield fault_row(f"killed {KILLS} times, started again where it seemed to be", after_kills)
    costs = costs_of([column.check for column in COLUMNS if column.check and find_spec(column.package)])
    yield check_row("time", lambda check: f"{costs[check].seconds:.2f} s")
    yield check_row("peak memory", lambda check: f"{costs[check].megabytes:.0f} MB")


def main() -> None:
    """Print the table, and where it was made."""
    load = os.getloadavg()[0]
    rows = list(table())
    print("| |", *(f"{column.name} |" for column in COLUMNS))
    print("| --- |", *("---: |" for _ in COLUMNS))
    print("\n".join(rows))
    print(f"\nPython {platform.python_version()} on {os.cpu_count()} cores; the load was {load:.1f} when this began.")


if __name__ == "__main__":
    main()
