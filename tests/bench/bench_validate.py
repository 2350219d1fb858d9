"""What `bulkobj validate` costs as a whole process, beside its peers, medians of one run on one machine.

    python tests/bench/bench_validate.py [--frictionless PATH]

Prints, for a plan of 50,000 rows: the time of `bulkobj validate` on CSV beside that of `frictionless validate` with an
equivalent schema (where PATH names its program); on XLSX beside a bare python-calamine read in a fresh process; the
peak memory of both; and `bulkobj --help` beside `python -c "import click"`.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import sys
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path

import xlsxwriter

from tests.bench.measuring import costs_in_turns

ROWS, TIMES = 50_000, 5
HEADERS = [
    "Action",
    "Account ID",
    "Objective ID",
    "Title",
    "Description",
    "Category",
    "Status",
    "Owner",
    "Start Date",
    "End Date",
    "SuccessPlays",
    "Template",
]


def row(n: int) -> list[object]:
    """A believable row; most texts are distinct, as in a real plan."""
    start = date(2027, 1, 1) + timedelta(n % 60)
    names = (("Adoption", "Upsale", "Onboarding")[n % 3], ("In Progress", "Completed", "On Hold")[n % 3])
    texts = (f"Objective number {n}", f"What is to be done for objective {n}, in a few words")
    plays = "sp-1;sp-2" if n % 4 == 0 else ""
    account, owner = f"ACC-{n % 3000}", f"user{n % 50}@example.demo"
    return ["create", account, "", *texts, *names, owner, start, start + timedelta(60), plays, ""]


def make(folder: Path) -> tuple[Path, Path, Path]:
    """The plan as CSV and as XLSX, and a schema for frictionless."""
    as_csv, as_xlsx, schema = folder / "plan.csv", folder / "plan.xlsx", folder / "schema.json"
    with as_csv.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        writer.writerows(row(n) for n in range(ROWS))
    with xlsxwriter.Workbook(as_xlsx) as book:
        sheet, day = book.add_worksheet("Plan"), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, HEADERS)
        for line in range(1, ROWS + 1):
            for column, value in enumerate(row(line - 1)):
                if isinstance(value, date):
                    sheet.write_datetime(line, column, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001 - a cell has no zone
                elif value:
                    sheet.write_string(line, column, str(value))
    fields = [{"name": h, "type": "date" if h.endswith("Date") else "string"} for h in HEADERS]
    for field in fields:
        if field["name"] in {"Account ID", "Title", "Category", "Status"}:
            field["constraints"] = {"required": True}  # type: ignore[assignment]  # a schema's own shape
    schema.write_text(json.dumps({"fields": fields}))
    return as_csv, as_xlsx, schema


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--frictionless", default="frictionless")
    frictionless = parser.parse_args().frictionless
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        as_csv, as_xlsx, schema = make(folder)
        program = [sys.executable, "-m", "bulkobj"]
        read = f"CalamineWorkbook.from_path({str(as_xlsx)!r}).get_sheet_by_index(0).to_python()"
        bare = f"from python_calamine import CalamineWorkbook; {read}"
        commands = {
            "validate CSV": [*program, "validate", str(as_csv), "--offline"],
            "frictionless": [frictionless, "validate", str(as_csv), "--schema", str(schema), "--trusted"],
            "validate XLSX": [*program, "validate", str(as_xlsx), "--offline"],
            "bare calamine": [sys.executable, "-c", bare],
            "--help": [*program, "--help"],
            "import click": [sys.executable, "-c", "import click"],
        }
        for what, command in commands.items():
            if not shutil.which(command[0]):
                print(f"{what:15} not measured: {command[0]} is not there")
        there = {what: command for what, command in commands.items() if shutil.which(command[0])}
        found = costs_in_turns(there, {"BULKOBJ_STATE_DIR": str(folder / "state")}, TIMES)
        for what, cost in found.items():
            print(f"{what:15} {cost.seconds:7.3f} s  {cost.megabytes:6.0f} MB")
        for what, peer, goal in (
            ("validate CSV", "frictionless", "0.6"),
            ("validate XLSX", "bare calamine", "3.5, better 2.5"),
            ("--help", "import click", "3"),
        ):
            if peer in found:
                print(f"{what} takes {found[what].seconds / found[peer].seconds:.2f} of {peer} (at most {goal})")


if __name__ == "__main__":
    main()
