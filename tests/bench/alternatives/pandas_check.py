"""Checks a CSV file before it is imported: required cells, dates, and that no end lies before its start.

python pandas_check.py plan.csv
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

REQUIRED = ["Account ID", "Title", "Category", "Status"]
DATES = ["Start Date", "End Date"]


def problems(table: pd.DataFrame) -> list[str]:
    """What is wrong, each with its row; the header is row 1."""
    blank = {name: table[name].str.strip() == "" for name in [*REQUIRED, *DATES]}
    dates = {name: pd.to_datetime(table[name], format="%Y-%m-%d", errors="coerce") for name in DATES}
    faults = {f"{name} is missing": blank[name] for name in REQUIRED}
    faults |= {f"{name} is not a date": dates[name].isna() & ~blank[name] for name in DATES}
    faults["the end lies before the start"] = dates["End Date"] < dates["Start Date"]
    return [f"row {number + 2}: {fault}" for fault, rows in faults.items() for number in table.index[rows]]


def main() -> None:
    """Print the problems; exit code 1 where there are any."""
    found = problems(pd.read_csv(Path(sys.argv[1]), dtype=str, keep_default_na=False))
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
