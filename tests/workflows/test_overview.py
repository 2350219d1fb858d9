"""The overview of an export: what is counted, what is overdue, and how it is drawn."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bulkobj.core.model import Field, Named, Objective
from bulkobj.reports.html.objectives import objectives_page
from bulkobj.spreadsheet.writing.export.files import ExportSheet, export_xlsx
from bulkobj.validation.names import Directory, Kind
from bulkobj.workflows.export.content import Account, Export
from bulkobj.workflows.export.overview import closed_ids, objective_views, overview_of
from tests.reports.html_kit import HOSTILE, read

TODAY = date(2026, 11, 25)
STATUSES = (Named("s1", "In Progress"), Named("s2", "Completed"), Named("s3", "Cancelled"), Named("s4", "Parked"))
DIRECTORY = Directory({Kind.STATUS: STATUSES, Kind.CATEGORY: (Named("c1", "Adoption"),)})


def objective(number: int, status: str, end: str, start: str = "2026-01-01", **texts: str) -> Objective:
    fields: dict[Field, Any] = {Field.TITLE: f"Title {number}", Field.STATUS: status, Field.CATEGORY: "c1"}
    dates = {Field.START_DATE: start, Field.END_DATE: end}
    fields |= {name: f"{day}T00:00:00.000Z" for name, day in dates.items() if day}
    return Objective(f"o{number}", "a", fields | {Field(name): text for name, text in texts.items()})


def export(*objectives: Objective, closed: tuple[str, ...] | None = None) -> Export:
    account = Account(Named("a", "Acme"), objectives)
    return Export((account,), DIRECTORY, "sandbox", "2026-11-25T10:00:00", TODAY, closed=closed_ids(DIRECTORY, closed))


def overdue(content: Export) -> list[str]:
    return [one.title for one in overview_of(content, content.accounts).overdue]


def test_overdue_is_an_end_before_today_that_is_not_closed() -> None:
    """The longest first; today itself is in time, and without an End Date nothing is late."""
    late = [objective(1, "s1", "2026-11-24"), objective(2, "s4", "2026-10-01"), objective(3, "s2", "2026-01-01")]
    in_time = [objective(4, "s1", "2026-11-25"), objective(5, "s1", ""), objective(6, "s3", "2026-02-01")]
    assert overdue(export(*late, *in_time)) == ["Title 2", "Title 1"]


def test_the_profile_says_which_statuses_are_closed() -> None:
    """By name or by id, and only those."""
    late = [objective(1, "s1", "2026-11-24"), objective(2, "s4", "2026-10-01"), objective(3, "s2", "2026-01-01")]
    assert overdue(export(*late, closed=("parked", "s1"))) == ["Title 3"]
    assert overdue(export(*late, closed=())) == ["Title 3", "Title 2", "Title 1"]


def test_counts_and_months() -> None:
    """Names with their numbers, the largest first; a month counts what starts, ends and is under way."""
    found = overview_of(
        content := export(
            objective(1, "s1", "2026-03-31", "2026-02-10", owner="ann"),
            objective(2, "s1", "2026-02-28", "2026-02-01", owner="bob"),
            objective(3, "s2", "2026-04-01", "2026-04-01", owner="bob"),
        ),
        content.accounts,
    )
    assert found.by_status == (("In Progress", 2), ("Completed", 1))
    assert found.by_owner == (("bob", 2), ("ann", 1))
    assert [(m.name, m.starting, m.ending, m.under_way) for m in found.months] == [
        ("2026-02", 2, 1, 2),
        ("2026-03", 0, 1, 1),
        ("2026-04", 1, 1, 1),
    ]


def test_many_names_and_years_stay_readable() -> None:
    """A chart has twelve names and the others together, a timeline two years around today."""
    many = [objective(n, "s1", f"{2000 + n}-05-05", owner=f"owner {n}") for n in range(60)]
    found = overview_of(content := export(*many), content.accounts)
    assert found.by_owner[-1] == ("48 others", 48)
    assert len(found.months) == 24
    assert "2026-11" in [month.name for month in found.months]


def test_the_sheet_has_its_charts(tmp_path: Path) -> None:
    """Native charts over the tables that they show; nothing on the sheet is taken for a plan."""
    content = export(objective(1, "s1", "2026-03-31", owner="=cmd()"), objective(2, "s2", "2026-05-31"))
    path, headers = tmp_path / "export.xlsx", ("Account ID", "Title")
    overview = overview_of(content, content.accounts)
    export_xlsx(path, [ExportSheet("Objectives", headers, [("a", "b")])], {}, (), overview)
    with zipfile.ZipFile(path) as package:
        charts = [name for name in package.namelist() if name.startswith("xl/charts/chart")]
    assert len(charts) == 5
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    assert book.sheetnames[:2] == ["Objectives", "Overview"]
    sheet = book["Overview"]
    cells = {cell.value: cell for row in sheet.iter_rows() for cell in row}
    assert cells["=cmd()"].data_type == "s"
    assert "1 overdue" in str(sheet["A3"].value)


def test_an_export_without_objectives_has_an_overview(tmp_path: Path) -> None:
    content = export()
    path = tmp_path / "export.xlsx"
    export_xlsx(path, [ExportSheet("Objectives", ("Title",), [])], {}, (), overview_of(content, content.accounts))
    assert "0 objectives of 1 accounts" in str(openpyxl.load_workbook(path)["Overview"]["A2"].value)


def test_the_page_shows_every_objective() -> None:
    """A row and a bar for each, overdue ones in words, too."""
    content = export(objective(1, "s1", "2026-03-31", owner="ann"), objective(2, "s2", "2026-05-31"))
    page = read(objectives_page(overview_of(content, content.accounts), objective_views(content, content.accounts)))
    rows = page.one("table", class_="objectives").one("tbody").all("tr")
    assert [row.one("th").text for row in rows] == ["Title 1", "Title 2"]
    assert ["overdue" in row.text for row in rows] == [True, False]
    assert len(page.one("svg", class_="timeline").all("rect")) == 2
    assert "2 objectives" in page.one("h1").text


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_are_data(text: str) -> None:
    """Whatever a title, a name or an owner is, the page has one script and no markup of theirs."""
    content = export(objective(1, "s1", "2026-03-31", title=text, description=text, owner=text))
    account = Account(Named(text, text), content.accounts[0].objectives)
    page = read(objectives_page(overview_of(content, [account]), objective_views(content, [account])))
    assert len(page.all("script")) == 1
    assert not page.all("img")
