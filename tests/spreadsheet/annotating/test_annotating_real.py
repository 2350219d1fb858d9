"""The report on a plan as real teams keep it: seen at a glance, and drawn by LibreOffice where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bulkobj.spreadsheet.annotating.workbook import annotate
from bulkobj.spreadsheet.writing.results import CellNote, ResultRow
from tests.spreadsheet.annotating.annotating_kit import SUMMARY, check_sound, load, parts, read
from tests.spreadsheet.annotating.real_workbook import FIRST_ROW, HEADERS, real_workbook
from tests.spreadsheet.annotating.test_annotating_marks import colour


def report() -> bytes:
    """The report: a row that is invalid, one that the service refused, one unchanged, the others created."""
    content = real_workbook()
    found = []
    for number in range(FIRST_ROW, FIRST_ROW + 12):
        cells = (number, "create", "created", f"id-{number}", None, 201, 1, None)
        row = ResultRow("FY27 Q1", number, cells, "good", account_id="ACME-1001", account_name="Acme")
        if number == 8:
            row = replace(row, cells=(*cells[:2], "unchanged", *cells[3:]), tone="unchanged")
        if number in {10, 13}:
            message = (
                'D10: unknown status "In Progres". Did you mean "In Progress"?' if number == 10 else "403 Forbidden"
            )
            result = "invalid" if number == 10 else "failed"
            bad = (number, "create", result, None, f"{message} " * 3, None, 1, None)
            notes = (CellNote("Status", "unknown status", is_error=True),) if number == 10 else ()
            reason = f"{result}: {message}"
            row = replace(row, cells=bad, tone="bad", notes=notes, reason=reason, needs_attention=True, title="Renew")
        found.append(row)
    made = annotate(content, read(content, "FY27 Q1"), found, SUMMARY)
    check_sound(made)
    return made


def test_report_on_a_real_plan_is_seen_at_a_glance() -> None:
    """The results are right of the chart and the notes, bad rows are marked where their first cell is seen."""
    book = load(report())
    sheet = book["FY27 Q1"]
    first = next(cell.column_letter for cell in sheet[5] if cell.value == "_row")
    assert first == "T"  # right of the note in S7 and of the chart
    assert colour(sheet["A10"]) == "error"
    assert colour(sheet["D10"]) == "error"
    assert colour(sheet["B13"]) == "error"  # A13 lies behind the merged A12
    assert sheet["B7"].comment.text == "Ben: moved from Q4"
    assert book.active.title == "FY27 Q1"
    assert [
        cell.hyperlink.location for row in book["bulkobj results"].iter_rows() for cell in row if cell.hyperlink
    ] == [
        "'FY27 Q1'!D10",
        "'FY27 Q1'!B13",
    ]
    old, new = parts(real_workbook()), parts(report())
    same = {name for name in old if new[name] == old[name]}
    assert {"xl/charts/chart1.xml", "xl/drawings/drawing1.xml", "xl/worksheets/sheet2.xml"} <= same
    assert [cell.value for cell in sheet[5]][: len(HEADERS)] == list(HEADERS)


@pytest.mark.proof
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice isn't installed")
def test_libreoffice_draws_the_report(tmp_path: Path) -> None:
    """All pages come out, with the results and the list on them."""
    (tmp_path / "report.xlsx").write_bytes(report())
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(tmp_path / "report.xlsx")], check=True, capture_output=True, timeout=120)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    if shutil.which("pdftotext"):
        drawn = subprocess.run(
            ["pdftotext", str(tmp_path / "report.pdf"), "-"], check=True, capture_output=True, text=True
        )
        for text in ("_result", "unchanged", "403 Forbidden", "Rows that need attention", "Total"):
            assert text in drawn.stdout
