"""Makes the sample plans. Run from the top of the repository: ``python samples/make_samples.py``.

The rows are those of a quarter as an admin plans it; ids of objectives are the sandbox's seeds, so that the plan
imports cleanly into a fresh sandbox. A test imports what is committed, and compares it with what this makes.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

HEADERS = (
    "Action",
    "Account ID",
    "Account Name",
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
)
GEORGE, MAYA, TOM, PRIYA = (
    f"{name}@example.demo" for name in ("george", "maya.lindqvist", "tom.okafor", "priya.raman")
)
ADOPT, ONBOARD, EXPAND, UPSALE, PREVENT, DETECT = (
    "Adoption",
    "Onboarding",
    "Expansion",
    "Upsale",
    "Churn Prevention",
    "Churn detection",
)
TODO, DOING, HOLD, DONE, RISK = "Not Started", "In Progress", "On Hold", "Completed", "At Risk"

Row = dict[str, object]


def create(  # noqa: PLR0913 - a row of the plan
    account: str,
    title: str,
    category: str,
    status: str,
    owner: str,
    start: date,
    end: date,
    text: str = "",
    plays: str = "",
) -> Row:
    """Return a row that creates an objective."""
    row: Row = {"Account ID": account, "Title": title, "Description": text, "Category": category, "Status": status}
    return row | {"Owner": owner, "Start Date": start, "End Date": end, "SuccessPlays": plays}


def update(account: str, objective: str, **fields: object) -> Row:
    """Return a row that changes some fields of a seeded objective."""
    return {"Action": "update", "Account ID": account, "Objective ID": objective} | {
        name.replace("_", " "): value for name, value in fields.items()
    }


def q(month: int, day: int) -> date:
    """Return a day of the planned year."""
    return date(2027, month, day)


PLAN: tuple[Row, ...] = (
    create("ACME-1001", "Launch the advocacy programme", UPSALE, TODO, GEORGE, q(1, 11), q(3, 26), "Two reference calls and one G2 review from the operations team."),
    create("ACME-1001", "Warehouse module: second site live", ADOPT, TODO, GEORGE, q(1, 18), q(3, 31), "Rollout plan is agreed with the site lead.\nWeekly check-in on Thursdays."),
    create("ACME-1002", "Localise the operator handbook", ADOPT, DOING, GEORGE, q(1, 4), q(2, 26)),
    create("ACME-1002", "First executive review in Osaka", PREVENT, TODO, GEORGE, q(2, 8), q(2, 12), "Bring the adoption figures by shift.", "sp-2e432cd4-4edb-4a59-89e3-2949b3995201"),
    create("BLUE-1010", "Self-service dashboards for sales", ADOPT, TODO, TOM, q(1, 11), q(3, 12), "Twelve builders trained, five dashboards used every week."),
    create("BLUE-1010", "Move the finance team to the new model", PREVENT, RISK, TOM, q(1, 4), q(2, 19), "Their sponsor left in November; find a new one first."),
    create("BRIG-1014", "Open the Antwerp hub", EXPAND, TODO, PRIYA, q(2, 1), q(3, 31), "30 more seats once customs data is in.", "sp-233308a8-c720-4ded-8418-4a04f387583b"),
    create("BRIG-1014", "Driver app above 85 % weekly use", ADOPT, DOING, PRIYA, q(1, 4), q(3, 26)),
    create("CEDA-1020", "Archive the old drawing store", ADOPT, TODO, MAYA, q(1, 25), q(3, 5), "Nothing older than five years is migrated."),
    create("CITA-1023", "Payroll run without a support ticket", PREVENT, DOING, MAYA, q(1, 4), q(3, 31), "Three months in a row."),
    create("CITA-1023", "Onboard the Leeds office", ONBOARD, TODO, MAYA, q(2, 15), q(3, 26), "", "sp-dde53f64-b9a5-4b5f-b3c1-8c1b55270a2c;sp-8a1e6f91-0951-4549-a823-213cb38eb51c"),
    create("CORA-1029", "Front desk goes paperless", ADOPT, TODO, TOM, q(1, 11), q(3, 19)),
    create("CORA-1029", "Save the spa contract", PREVENT, RISK, TOM, q(1, 4), q(1, 29), "Usage fell by half since September."),
    create("DELT-1033", "Storm season dashboard", ADOPT, TODO, GEORGE, q(2, 1), q(3, 26), "Live before the first warning of the year."),
    create("EAST-1040", "Claims team from pilot to production", ONBOARD, DOING, PRIYA, q(1, 4), q(2, 26)),
    create("EAST-1040", "Price the premium tier", UPSALE, TODO, PRIYA, q(3, 1), q(3, 31)),
    create("EU/4711", "Skipene på samme plan", ADOPT, TODO, MAYA, q(1, 11), q(3, 12), "Alle 14 fartøy rapporterer daglig."),
    create("EU/4712", "Zweites Werk anbinden", EXPAND, TODO, PRIYA, q(2, 1), q(3, 31), "Freigabe des Betriebsrats liegt vor."),
    create("EU/4720", "Former l’équipe du matin", ONBOARD, TODO, MAYA, q(1, 18), q(2, 12)),
    create("FABR-1051", "Detect quiet users early", DETECT, TODO, TOM, q(1, 4), q(3, 31), "Alert when a team is silent for ten days."),
    create("GRAN-1060", "Season launch without spreadsheets", ADOPT, DOING, TOM, q(1, 4), q(3, 5)),
    create("HARB-2101", "Menu planning in all kitchens", EXPAND, TODO, TOM, q(1, 25), q(3, 31)),
    create("HELI-1070", "Installer portal above 200 logins a week", ADOPT, TODO, GEORGE, q(1, 11), q(3, 26)),
    create("LAKE-1090", "Fourth clinic goes live", ONBOARD, TODO, PRIYA, q(2, 8), q(3, 19), "", "sp-dde53f64-b9a5-4b5f-b3c1-8c1b55270a2c"),
    create("NOVA-1112", "Audit trail ready for inspection", PREVENT, DOING, GEORGE, q(1, 4), q(2, 5), "Inspection is on 9 February."),
    create("100234", "Call centre: first answer in 40 seconds", ADOPT, TODO, MAYA, q(1, 11), q(3, 31)),
    create("007310", "Board pack in one afternoon", ADOPT, TODO, PRIYA, q(1, 18), q(3, 12)),
    create("RIVE 1150", "Spring hiring on the platform", ONBOARD, TODO, TOM, q(2, 15), q(3, 31)),
    update("ACME-1001", "1946f580-3cae-445c-9069-80ba1f71f6fa", Status=DONE),
    update("ACME-1001", "93f69c0d-5bf3-4ee9-9997-15295147816b", Status=DOING, End_Date=q(2, 26)),
    update("BLUE-1010", "315d6abf-5d8e-4ddf-9b87-8ed9438197f0", Owner=PRIYA, Description="Handed over to Priya in January."),
    update("BRIG-1014", "35d1990a-8d83-482a-9840-8d39c2209e5b", Title="Rotterdam hub: phase two", End_Date=q(3, 31)),
    update("CEDA-1020", "543df196-94a7-4eac-8d9c-351899186b58", Status=DOING, Start_Date=q(1, 4), End_Date=q(3, 26)),
    update("EU/4711", "47a33e7f-d1a9-42f2-9dfd-419cfc490243", SuccessPlays="(clear)", Status=HOLD),
    update("NOVA-1112", "8dd63b80-1077-4b5d-855c-ed18f8505211", Owner=GEORGE, End_Date=datetime(2027, 1, 29, 16, 0)),  # noqa: DTZ001 - a cell has no zone
    update("007310", "f0f19960-35c4-44ef-86f0-3c60ae6bd184", Category=EXPAND),
    update("HARB-2101", "40b54727-0c93-48d9-8a43-537c4322e8cb", Status=DOING),
    {"Action": "delete", "Account ID": "BRIG-1014", "Objective ID": "d089b204-9df5-4f11-ac7c-78e987180a16"},
    {"Action": "delete", "Account ID": "HARB-2101", "Objective ID": "dd530390-0355-484f-a7a2-894bd120fa23"},
    {"Action": "delete", "Account ID": "100234", "Objective ID": "6f4d7ced-747b-48d7-8a5c-aa25bbc1f8d9"},
    {"Action": "run template", "Account ID": "JUNI-1081", "Template": "90-day onboarding"},
    {"Action": "run template", "Account ID": "KEST-1085", "Template": "90-day onboarding"},
    {"Action": "run template", "Account ID": "MERI-1103", "Template": "Executive business review"},
    {"Action": "run template", "Account ID": "100235", "Template": "Renewal readiness"},
    {"Action": "run template", "Account ID": "WILL-1188", "Template": "Seat expansion"},
)  # fmt: skip

_GOOD = create("ACME-1001", "A row with nothing wrong", ADOPT, TODO, GEORGE, q(1, 11), q(3, 26))
_HELD = "3b7040a0-38d0-4604-a124-e839b9cbfb00"

#: One of each common mistake; the last column says which, and is ignored on import.
MISTAKES: tuple[tuple[str, Row], ...] = (
    ("nothing", _GOOD),
    ("a status misspelt", _GOOD | {"Title": "Status", "Status": "In Progres"}),
    ("a category misspelt", _GOOD | {"Title": "Category", "Category": "Adoptoin"}),
    ("no title", _GOOD | {"Title": ""}),
    ("no account", _GOOD | {"Title": "Account", "Account ID": ""}),
    ("an action nobody knows", _GOOD | {"Title": "Action", "Action": "crate"}),
    ("an end before its start", _GOOD | {"Title": "Backwards", "Start Date": q(3, 26), "End Date": q(1, 11)}),
    ("a date that isn't one", _GOOD | {"Title": "Date", "End Date": "end of March"}),
    ("markup in a text", _GOOD | {"Title": "Markup", "Description": "<b>Important</b>: call first"}),
    ("an error of the spreadsheet program", _GOOD | {"Title": "Error", "Owner": "#N/A"}),
    ("an id shortened by the spreadsheet program", _GOOD | {"Title": "Mangled", "Account ID": 1234570000000000}),
    ("an objective id in a row that creates", _GOOD | {"Title": "Has an id", "Action": "create", "Objective ID": _HELD}),
    ("an update without its account", {"Action": "update", "Objective ID": "f446ab69-f4e0-49cb-9e39-a4fb6224f1ea", "Status": DONE}),
    ("an objective that isn't there", update("ACME-1001", "00000000-dead-beef", Status=DONE)),
    ("the same objective twice, the first time", update("ACME-1001", _HELD, Status=HOLD)),
    ("the same objective twice", update("ACME-1001", _HELD, Status=DONE)),
    ("a field that can't be emptied", update("BLUE-1010", "344e7650-5394-4be7-8b41-ab84f95bf027", Title="(clear)")),
    ("a template misspelt", {"Action": "run template", "Account ID": "ACME-1002", "Template": "90 day onbording"}),
    ("a deletion that can't be undone", {"Action": "delete", "Objective ID": "c5693eee-b791-4378-8103-14055035bf96"}),
    ("dates missing", _GOOD | {"Title": "No dates", "Start Date": "", "End Date": ""}),
    ("the same row twice", _GOOD),
)  # fmt: skip

_WIDTHS = {"Title": 36, "Description": 44, "Objective ID": 38, "Owner": 28, "Account Name": 24, "SuccessPlays": 24}
_HEAD = PatternFill("solid", fgColor="1F4E78")


def _sheet(sheet: Worksheet, headers: Sequence[str], rows: Sequence[Row], first: int) -> None:
    for column, header in enumerate(headers, start=1):
        cell = sheet.cell(first, column, header)
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), _HEAD
        sheet.column_dimensions[cell.column_letter].width = _WIDTHS.get(header, 15)
        for number, row in enumerate(rows, start=first + 1):
            _fill(sheet, number, column, row.get(header, ""))
    sheet.freeze_panes = sheet.cell(first + 1, 1)


def _fill(sheet: Worksheet, row: int, column: int, value: object) -> None:
    if value == "":
        return
    cell = sheet.cell(row, column, value)
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    if isinstance(value, datetime):
        cell.number_format = "yyyy-mm-dd hh:mm"
    elif isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"
    elif isinstance(value, str) and not value.startswith("#"):
        cell.number_format = "@"
        cell.data_type = "s"


def plan_workbook() -> bytes:
    """Return the plan as an admin's workbook: a title above the header, notes on a sheet of their own."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Q1 plan"
    sheet["A1"] = "Objectives for the first quarter of 2027"
    sheet["A1"].font = Font(bold=True, size=14)
    _sheet(sheet, HEADERS, PLAN, 3)
    notes = book.create_sheet("Notes")
    notes["A1"] = "Agreed in the planning meeting. Renewals are in Maya's own sheet."
    notes.column_dimensions["A"].width = 70
    return _bytes(book)


def mistakes_workbook() -> bytes:
    """One of each common mistake."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Q1 plan"
    _sheet(sheet, (*HEADERS, "_what is wrong"), [row | {"_what is wrong": what} for what, row in MISTAKES], 1)
    sheet.column_dimensions["N"].width = 42
    return _bytes(book)


def plan_csv() -> bytes:
    """Return the plan as CSV, as a spreadsheet program saves it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADERS)
    writer.writerows([_text(row.get(header, "")) for header in HEADERS] for row in PLAN)
    return text.getvalue().encode("utf-8-sig")


def _text(value: object) -> str:
    return value.isoformat(sep=" ", timespec="minutes") if isinstance(value, datetime) else str(value)


def _bytes(book: Workbook) -> bytes:
    book.properties.creator = "bulkobj"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def main() -> None:
    """Write the samples beside this script."""
    folder = Path(__file__).parent
    (folder / "quarterly-plan.xlsx").write_bytes(plan_workbook())
    (folder / "quarterly-plan-with-mistakes.xlsx").write_bytes(mistakes_workbook())
    (folder / "quarterly-plan.csv").write_bytes(plan_csv())
    sys.stderr.write(f"written to {folder}\n")


if __name__ == "__main__":
    main()
