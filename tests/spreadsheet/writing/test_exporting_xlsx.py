"""Export workbooks: what is written is read again to the letter, or is a blank that changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkobj.core.columns import meaning
from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.reading.reader import ReadOptions, read_file
from bulkobj.spreadsheet.table import STAMP_SHEET, Cell, plain
from bulkobj.spreadsheet.writing.export import workbook as export_workbook
from bulkobj.spreadsheet.writing.export.files import ExportSheet
from tests.spreadsheet.writing.exporting_kit import HEADERS, TEXTS, as_read, back, export, row
from tests.spreadsheet.writing.writing_kit import read

TITLE, DESCRIPTION, START = HEADERS.index("Title"), HEADERS.index("Description"), HEADERS.index("Start Date")
_SAME_FOLDER = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
MOMENTS = st.datetimes(datetime.fromisoformat("1900-03-01"), datetime.fromisoformat("9999-12-30")).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)


@_SAME_FOLDER
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=20))
def test_any_text_is_read_back_the_same_or_not_at_all(tmp_path: Path, texts: list[tuple[str, str]]) -> None:
    """No text is altered: an altered one would be imported as an edit."""
    cells = back(tmp_path, [row(number, *pair) for number, pair in enumerate(texts)])
    for pair, found in zip(texts, cells, strict=True):
        for text, cell in zip(pair, found[TITLE : DESCRIPTION + 1], strict=True):
            assert cell == as_read(text)


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "{=1+1}", "_x0041_", "_x0041_x0042_", "_x005F_x0041_", "<r>&</r>", "<r>_x0041_x0042_</r>"),
        *(
            "\x01_x0041_x0042_",
            "<r>\x00</r>",
            "a\x01\r\nb",
            "http://example.com",
            " padded\n",
            "007",
            "#N/A",
            "TRUE",
            "x" * 32_767,
            "😀" * 16_383,
        ),
    ],
)
def test_text_that_programs_trip_over_comes_back(tmp_path: Path, text: str) -> None:
    """Formulas, escapes, markup, links, numbers and the longest texts are texts like any other."""
    assert back(tmp_path, [row(1, text)])[0][TITLE] == text


@pytest.mark.parametrize("text", ["a\ud800", "\uffff", "x" * 32_768, "😀" * 16_384])
def test_text_that_no_cell_can_hold_is_left_out_with_a_note(tmp_path: Path, text: str) -> None:
    """The cell is blank, which changes nothing, and a note says why."""
    path = export(tmp_path, ExportSheet("Plan", HEADERS, [row(1, "One", text)]))
    assert read(path.read_bytes(), "x.xlsx").tables[0].records[0].cells == row(1, "One", None)
    cell = openpyxl.load_workbook(path)["Plan"].cell(2, DESCRIPTION + 1)
    assert cell.value is None
    assert cell.comment is not None
    assert "stays as it is in Totango" in cell.comment.text
    assert ("too long" in cell.comment.text) == (len(text) > 100)


@pytest.mark.parametrize("column", ["Account ID", "Objective ID"])
@pytest.mark.parametrize("text", ["x" * 32_768, "\ud800"])
def test_id_is_never_left_out(tmp_path: Path, column: str, text: str) -> None:
    """Without its id an objective would be created once more, so there is no such file."""
    cells = [text if header == column else cell for header, cell in zip(HEADERS, row(1), strict=True)]
    with pytest.raises(UsageError, match=rf"the {column} in row 2 of the sheet Plan .* export to a .json file"):
        export(tmp_path, ExportSheet("Plan", HEADERS, [cells]))
    assert list(tmp_path.iterdir()) == []


def test_row_of_nothing_but_a_note_is_written(tmp_path: Path) -> None:
    """A row can lose its only text and still be there for its note."""
    path = export(tmp_path, ExportSheet("Plan", ("Title", "Owner"), [("\ud800", None), ("Two", None)]))
    sheet = openpyxl.load_workbook(path)["Plan"]
    assert [cell.value for cell in sheet["A"]] == ["Title", None, "Two"]
    assert sheet["A2"].comment is not None


@_SAME_FOLDER
@given(st.lists(st.one_of(st.dates(date(1900, 3, 1)), MOMENTS), min_size=1, max_size=40))
def test_dates_are_date_cells(tmp_path: Path, dates: list[date]) -> None:
    """A date is read back as the same day, a moment to the millisecond; midnight is a date."""
    written = [row(number, start=one) for number, one in enumerate(dates)]
    found = [plain(cells[START]) for cells in back(tmp_path, written)]
    assert found == [one.date() if isinstance(one, datetime) and one.time() == time() else one for one in dates]


@pytest.mark.parametrize(
    "cell", [date(1900, 2, 28), date(1, 1, 1), datetime(2024, 2, 8, 20, 10, tzinfo=UTC), 7, 2.5, True]
)
def test_what_is_no_date_of_a_workbook_is_text(tmp_path: Path, cell: Cell) -> None:
    """Dates that workbooks don't have, dates with a time zone, and numbers stand there as they are shown."""
    found = back(tmp_path, [row(1, start=cell)])[0][START]
    assert isinstance(found, str)
    assert found in {"1900-02-28", "0001-01-01", "2024-02-08 20:10:00+00:00", "7", "2.5", "TRUE"}


def test_blanks_stay_blank(tmp_path: Path) -> None:
    """None and an empty text are blank cells, a row of blanks keeps its place."""
    content = export(
        tmp_path, ExportSheet("Plan", HEADERS, [row(1, ""), (None,) * len(HEADERS), row(2, None)])
    ).read_bytes()
    records = read(content, "x.xlsx").tables[0].records
    assert [(record.number, record.cells) for record in records] == [(2, row(1, None)), (4, row(2, None))]


def test_sheets_are_read_whole_where_the_stamp_says_so(tmp_path: Path) -> None:
    """An export with a sheet for each account is one plan, an account without objectives is an empty sheet."""
    sheets = [
        ExportSheet(name, HEADERS, rows)
        for name, rows in (("Acme", [row(1)]), ("Bolt", []), ("Acme", [row(2), row(3)]))
    ]
    stamp = [("bulkobj", "1"), ("layout", "sheet-per-account")]
    source = read(export(tmp_path, *sheets, stamp=stamp).read_bytes(), "x.xlsx")
    assert [(table.sheet, len(table.records)) for table in source.tables] == [("Acme", 1), ("Bolt", 0), ("Acme (2)", 2)]


def test_stamp_is_read_back(tmp_path: Path) -> None:
    """Long texts and blanks of the stamp come back; it is asked for when the rows are through."""
    seen: list[int] = []

    def rows() -> Iterator[tuple[Cell, ...]]:
        for number in range(3):
            seen.append(number)
            yield row(number)

    def stamp() -> Iterator[tuple[Cell, ...]]:
        for number in seen:
            yield "base", f"obj-{number}", None, '{"title": "' + "y" * 29_980
        yield "made at", "=NOW()", None, "_x0041_x0042_"

    content = export(tmp_path, ExportSheet("Plan", HEADERS, rows()), stamp=stamp()).read_bytes()
    assert read(content, "x.xlsx").stamp == tuple(
        [("base", f"obj-{number}", None, '{"title": "' + "y" * 29_980) for number in range(3)]
        + [("made at", "=NOW()", None, "_x0041_x0042_")]
    )


def test_stamp_that_no_cell_can_hold_is_refused(tmp_path: Path) -> None:
    """A stamp with a text left out would tell an import something untrue."""
    with pytest.raises(UsageError, match=f"the stamp in row 1 of the sheet {STAMP_SHEET}"):
        export(tmp_path, ExportSheet("Plan", HEADERS, [row(1)]), stamp=[("base", "\ud800")])


def test_more_rows_than_a_sheet_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No row is dropped in silence."""
    monkeypatch.setattr(export_workbook, "MAX_ROWS", 3)
    assert len(back(tmp_path, [row(1), row(2)])) == 2
    with pytest.raises(UsageError, match="a sheet holds 3 rows at most"):
        export(tmp_path, ExportSheet("Plan", HEADERS, [row(1), row(2), row(3)]))


def test_export_without_objectives_is_a_header(tmp_path: Path) -> None:
    """Nothing to export is no reason for a broken file."""
    content = export(tmp_path, ExportSheet("Plan", HEADERS, ())).read_bytes()
    assert [one.code for one in read_file("x.xlsx", content, ReadOptions(), meaning).problems] == ["empty-file"]


@pytest.mark.proof
def test_more_sheets_than_a_process_may_have_files_open(tmp_path: Path) -> None:
    """Each sheet lets go of its file when its rows are through."""
    import resource  # noqa: PLC0415 - isn't there on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
    try:
        path = export(
            tmp_path,
            *(ExportSheet("Acme", HEADERS, [row(number)]) for number in range(300)),
            stamp=[("layout", "sheet-per-account")],
        )
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(read(path.read_bytes(), "x.xlsx").tables) == 300
