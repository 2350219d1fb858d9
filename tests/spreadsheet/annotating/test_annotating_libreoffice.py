"""What another spreadsheet program makes of a report, and what a report makes of what it has saved."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bulkobj.spreadsheet.annotating.workbook import annotate
from bulkobj.spreadsheet.writing.template.workbook import LISTS_SHEET, blank_workbook
from tests.spreadsheet.annotating.annotating_kit import (
    ERROR,
    HEADERS,
    SUMMARY,
    WARNING,
    annotated,
    check_sound,
    load,
    read,
    results_of,
    rich_workbook,
)

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice isn't installed"),
]


def saved(content: bytes, folder: Path) -> bytes:
    """The workbook as LibreOffice saves it."""
    (folder / "plan.xlsx").write_bytes(content)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    target = folder / "saved"
    arguments = ["--headless", "--convert-to", "xlsx", "--outdir", target, folder / "plan.xlsx"]
    command = ["soffice", profile, *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return (target / "plan.xlsx").read_bytes()


def test_libreoffice_loads_and_saves_a_report(tmp_path: Path) -> None:
    """All that the report put in arrives, and so does what was there before."""
    report = annotated(rich_workbook(), {4: [ERROR], 5: [WARNING]})
    back = saved(report, tmp_path)
    assert [one.cells for one in read(back).tables[0].records] == [one.cells for one in read(report).tables[0].records]
    sheet = load(back)["Plan"]
    notes = {cell.coordinate: cell.comment.text for row in sheet.iter_rows() for cell in row if cell.comment}
    assert notes["D5"] == f"bulkobj: {WARNING.message}"
    assert notes["C4"] == f"Ann: is that so?\n\nbulkobj: {ERROR.message}"
    assert load(back).sheetnames == ["Plan", "Figures", "bulkobj results", "_bulkobj"]


def test_report_on_what_libreoffice_saved(tmp_path: Path) -> None:
    """Marks are known again although LibreOffice drops authors and numbers everything anew; no false colour stays."""
    back = saved(annotated(rich_workbook(), {4: [ERROR], 5: [WARNING]}), tmp_path)
    again = annotated(back, {4: [ERROR]})
    assert annotated(again, {4: [ERROR]}) == again
    file = read(back)
    clean = annotate(back, file, results_of(file, {}), SUMMARY)
    check_sound(clean)
    sheet = load(clean)["Plan"]
    notes = {cell.coordinate: cell.comment.text.strip() for row in sheet.iter_rows() for cell in row if cell.comment}
    assert notes == {"C4": "Ann: is that so?", "A5": "keep me"}
    before = load(rich_workbook())["Plan"]
    for row in range(4, 9):
        for column in range(1, len(HEADERS) + 1):
            own, now = before.cell(row, column).fill, sheet.cell(row, column).fill
            assert now.fill_type is None or now.fgColor.rgb == own.fgColor.rgb


def test_libreoffice_keeps_the_drop_downs_of_a_template(tmp_path: Path) -> None:
    """The lists are found through their names, on a hidden sheet."""
    content = blank_workbook({"status": ["In Progress", "=Done"], "category": ["Adoption"]}, [])
    book = load(saved(content, tmp_path))
    rules = {str(rule.sqref)[:2]: rule.formula1 for rule in book["Objectives"].data_validations.dataValidation}
    assert rules == {"A2": "bulkobj_action", "G2": "bulkobj_category", "H2": "bulkobj_status"}
    assert book[LISTS_SHEET].sheet_state == "hidden"
    assert [cell.value for cell in book[LISTS_SHEET]["A"][:2]] == ["In Progress", "=Done"]
    assert book[LISTS_SHEET]["A2"].data_type == "s"
