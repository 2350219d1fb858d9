"""How fast files are read, against a bare python-calamine read of the same workbook in the same run.

Each figure is the best of several fresh processes, taken in turns, start-up and imports included::

    .venv/bin/python -m tests.bench.bench_reading [ROWS]
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import xlsxwriter

HEADERS = [
    "Action",
    "Objective ID",
    "Account ID",
    "Title",
    "Description",
    "Category",
    "Status",
    "Owner",
    "Start Date",
    "End Date",
    "SuccessPlays",
    "Notes",
]
ROUNDS = 5

#: The most memory of the process in MB, where the system tells it; 0 elsewhere.
_MEMORY = (
    "import pathlib, re; status = pathlib.Path('/proc/self/status'); "
    "peak = re.search(r'VmHWM:\\s+(\\d+)', status.read_text() if status.exists() else ''); "
    "print(int(peak[1]) // 1024 if peak else 0)"
)
_BARE = "import python_calamine as c; c.CalamineWorkbook.from_path({path!r}).get_sheet_by_index(0).to_python();"
_OURS = (
    "import pathlib; from bulkobj.spreadsheet.reading.reader import ReadOptions, read_file; "
    "read_file({path!r}, pathlib.Path({path!r}).read_bytes(), ReadOptions(), {known}.__contains__);"
)
_IMPORTS = "from bulkobj.spreadsheet.reading.reader import read_file;"


def records(rows: int) -> Iterator[list[str | int | date]]:
    """Rows as an admin has them: texts that repeat and texts that don't, ids as numbers, dates."""
    for number in range(1, rows + 1):
        start = date(2024, 2, 8) + timedelta(days=number % 300)
        yield [
            *("update", f"obj-{number:08d}", 100_000 + number % 5_000, f"Title of objective {number}"),
            f"A longer description of the objective number {number} & what it is good for",
            *("Adoption" if number % 2 else "Growth", "In Progress", f"owner{number % 50}@example.com"),
            *(start, start + timedelta(days=365), "play-1;play-2", ""),
        ]


def write_xlsx(path: Path, rows: int) -> None:
    """A workbook of those records."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Objectives")
        dates = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, HEADERS)
        for number, record in enumerate(records(rows), 1):
            for column, value in enumerate(record):
                sheet.write(number, column, value, dates if isinstance(value, date) else None)


def write_csv(path: Path, rows: int) -> None:
    """The same as CSV."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([HEADERS, *records(rows)])


def run(program: str) -> tuple[float, int]:
    """Seconds of processor time and megabytes of memory that a fresh process takes for it."""
    timed = f"{program} import os; print(sum(os.times()[:4]));{_MEMORY}"
    command = [sys.executable, "-c", timed]
    seconds, memory = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    return float(seconds), int(memory)


def main(rows: int) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        workbook, text = Path(folder, "big.xlsx"), Path(folder, "big.csv")
        write_xlsx(workbook, rows)
        write_csv(text, rows)
        programs = {
            "bare calamine": _BARE.format(path=str(workbook)),
            "read .xlsx": _OURS.format(path=str(workbook), known=HEADERS),
            "read .csv": _OURS.format(path=str(text), known=HEADERS),
            "imports alone": _IMPORTS,
        }
        best = {name: (float("inf"), 0) for name in programs}
        for _ in range(ROUNDS):
            best = {name: min(best[name], run(program)) for name, program in programs.items()}
    for name, (seconds, memory) in best.items():
        ratio = seconds / best["bare calamine"][0]
        print(f"{name:>14}: {seconds:6.2f} s  {ratio:5.2f} x bare calamine  {memory:5} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
