"""Export to CSV."""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.formula_guard import guard
from bulkobj.spreadsheet.table import Cell
from bulkobj.spreadsheet.writing.export.files import export_csv
from tests.spreadsheet.writing.exporting_kit import HALVES, HEADERS, TEXTS, as_read, back_from_csv, row

TITLE, DESCRIPTION = HEADERS.index("Title"), HEADERS.index("Description")


def expected(text: str) -> Cell:
    """The text, or a blank where the format can't hold it or nothing of it can be seen."""
    if "\0" in text:
        return None
    return text if guard(text) != text and not HALVES.search(text) else as_read(text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_any_text_is_read_back_the_same_or_not_at_all(tmp_path: Path, texts: list[tuple[str, str]]) -> None:
    """No text is altered: an altered one would be imported as an edit."""
    cells = back_from_csv(tmp_path, [row(number, *pair) for number, pair in enumerate(texts)])
    assert [found[TITLE : DESCRIPTION + 1] for found in cells] == [tuple(map(expected, pair)) for pair in texts]


def test_file_is_what_programs_expect() -> None:
    """A byte order mark, line ends of RFC 4180, dates as ISO has them, formulas guarded; a stream stays open."""
    stream = io.BytesIO()
    export_csv(
        stream,
        ("Title", "Start Date", "End Date", "Owner"),
        [("=1+1", date(2024, 2, 8), datetime.fromisoformat("2024-02-08 20:10"), None), ('a "b"\nc', None, "", "é,")],
    )
    assert (
        stream.getvalue()
        == (
            '\ufeffTitle,Start Date,End Date,Owner\r\n\'=1+1,2024-02-08,2024-02-08 20:10:00,\r\n"a ""b""\nc",,,"é,"\r\n'
        ).encode()
    )


def test_long_text_is_written_whole(tmp_path: Path) -> None:
    """CSV has no limit."""
    assert back_from_csv(tmp_path, [row(1, "One", "x" * 40_000)])[0][DESCRIPTION] == "x" * 40_000


@pytest.mark.parametrize("text", ["#N/A", "'#N/A", "#REF!", "''#DIV/0!", '="00123"'])
def test_texts_that_look_like_errors_or_formulas_stay_texts(tmp_path: Path, text: str) -> None:
    assert back_from_csv(tmp_path, [row(1, "One", text)])[0] == row(1, "One", text)


@pytest.mark.parametrize("text", ["a\0", "\ud800"])
def test_text_that_reading_would_take_for_something_else_is_left_out(tmp_path: Path, text: str) -> None:
    """A blank cell changes nothing; an id is never left out."""
    assert back_from_csv(tmp_path, [row(1, "One", text)])[0] == row(1)
    with pytest.raises(UsageError, match=r"the Objective ID in row 2 .* export to a .json file"):
        back_from_csv(tmp_path, [("One", text)], ("Title", "Objective ID"))
