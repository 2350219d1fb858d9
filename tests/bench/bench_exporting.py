"""How fast and in how much memory workbooks are exported, against XlsxWriter alone with the same table in the same run.

Each time is the median of three fresh processes, taken in turns, without start-up and imports; the memory is that of
a whole process::

    .venv/bin/python -m tests.bench.bench_exporting [ROWS]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from xlsxwriter import Workbook

from bulkobj.spreadsheet.writing.export.files import ExportSheet, export_csv, export_xlsx

HEADERS = (
    *("Objective ID", "Account ID", "Account Name", "Title", "Description", "Category", "Status", "Owner"),
    *("Start Date", "End Date", "SuccessPlays"),
)
ROUNDS = 3


def records(rows: int) -> Iterator[tuple[str | date, ...]]:
    """Rows as the service has them: ids, texts that repeat and texts that don't, some of several lines, dates."""
    for number in range(rows):
        start = date(2024, 2, 8) + timedelta(days=number % 300)
        yield (
            *(f"7ee010f0-1228-4d0a-{number:012d}", f"acct-{number % 5_000:05d}", f"Account No. {number % 5_000}"),
            *(f"Title of objective {number}", f"What objective {number} is good for:\nseats & use, by the summer"),
            *("Adoption" if number % 2 else "Growth", "In Progress", f"owner{number % 50}@example.com"),
            *(start, datetime(start.year + 1, 1, 1, 12, 30), "play-1;play-2"),  # noqa: DTZ001 - as a person sees it
        )


def alone(path: Path, rows: int) -> None:
    """The same table as XlsxWriter writes it, without any looks."""
    book = Workbook(path, {"constant_memory": True})
    sheet = book.add_worksheet("Objectives")
    dates = book.add_format({"num_format": "yyyy-mm-dd"})
    for column, header in enumerate(HEADERS):
        sheet.write_string(0, column, header)
    for number, row in enumerate(records(rows), 1):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(number, column, cell)
            else:
                sheet.write_datetime(number, column, cell, dates)
    book.close()


def export(path: Path, rows: int) -> None:
    """The table as an export, without a stamp, which the other doesn't have either."""
    export_xlsx(path, [ExportSheet("Objectives", HEADERS, records(rows))], {"Status": ("In Progress", "Done")}, ())


def export_with_stamp(path: Path, rows: int) -> None:
    """The table as it is really exported, with some hundred characters of base values for each row."""
    stamp = (("base", f"7ee010f0-1228-4d0a-{number:012d}", "{}" + "x" * 400) for number in range(rows))
    export_xlsx(path, [ExportSheet("Objectives", HEADERS, records(rows))], {"Status": ("In Progress", "Done")}, stamp)


def as_csv(path: Path, rows: int) -> None:
    """The table as CSV."""
    export_csv(path, HEADERS, records(rows))


PROGRAMS: dict[str, Callable[[Path, int], None]] = {
    "XlsxWriter alone": alone,
    "export_xlsx": export,
    "... with a stamp": export_with_stamp,
    "export_csv": as_csv,
}


def run(name: str, rows: int) -> tuple[float, int]:
    """Seconds of processor time of that program and megabytes of its process."""
    command = [sys.executable, "-m", "tests.bench.bench_exporting", str(rows), name]
    seconds, memory = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    return float(seconds), int(memory)


def measure(name: str, rows: int) -> str:
    """What :func:`run` reads, measured in this process."""
    import resource  # noqa: PLC0415 - isn't there on Windows

    with tempfile.TemporaryDirectory() as folder:
        PROGRAMS[name](Path(folder, "warm"), 1)
        start = time.process_time()
        PROGRAMS[name](Path(folder, "big"), rows)
        seconds = time.process_time() - start
    return f"{seconds} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}"


def main(rows: int) -> None:
    """Print the figures."""
    figures: dict[str, list[tuple[float, int]]] = {name: [] for name in PROGRAMS}
    for _ in range(ROUNDS):
        for name, taken in figures.items():
            taken.append(run(name, rows))
    base = statistics.median(seconds for seconds, _ in figures["XlsxWriter alone"])
    for name, taken in figures.items():
        seconds, memory = (statistics.median(values) for values in zip(*taken, strict=True))
        print(f"{name:>16}: {rows:,} rows  {seconds:6.2f} s  {seconds / base:5.2f} x alone  {memory:5.0f} MB")
    for name in ("export_xlsx", "... with a stamp"):
        print(f"{name:>16}: {2 * rows:,} rows in {run(name, 2 * rows)[1]} MB")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(measure(sys.argv[2], int(sys.argv[1])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
