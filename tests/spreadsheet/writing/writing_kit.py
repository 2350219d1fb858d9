"""Tables to write, and how they are read back."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from bulkobj.core.columns import meaning
from bulkobj.spreadsheet.reading.reader import ReadOptions, read_file
from bulkobj.spreadsheet.table import Cell, Record, SourceFile, Table
from bulkobj.spreadsheet.writing.results import ResultRow

HEADERS = ("Account ID", "Title", "Notes of mine")

#: Texts of all kinds, those among them that some program or library trips over.
TEXTS = st.one_of(
    st.text(max_size=30),
    st.text("_xX0041dDF5<r>/t&'\"=+-@\r\n\t ;,|\x00\x01\x0b\x1f\ufffe\ud800é😀", max_size=30),
    st.sampled_from(
        [
            *("=1+1", "'=1+1", "''", "'quoted", "@SUM(A1)", "-5", "+49 30 123", "{=1+1}", "http://example.com"),
            *("_x0041_", "_x0041_x0042_", "_x005F_x0041_", "x005F_", "<r>&</r>", "<r><t>x</t></r>", "\x00", "TRUE"),
            *(
                " padded ",
                "\u200bx",
                "a\r\nb",
                "a\rb",
                "a\nb",
                "NULL",
                "nan",
                "None",
                "007",
                "1.0",
                "TRUE",
                "2024-02-08",
            ),
        ]
    ),
)


def table(rows: Sequence[Sequence[Cell]], headers: Sequence[str] = HEADERS, sheet: str | None = None) -> Table:
    """A table with its header in row 1."""
    return Table(sheet, 1, tuple(headers), tuple(Record(number, tuple(row)) for number, row in enumerate(rows, 2)))


def source(*tables: Table, kind: str = "csv", stamp: tuple[tuple[Cell, ...], ...] = ()) -> SourceFile:
    """A file with those tables."""
    return SourceFile(f"plan.{kind}", kind, tables, delimiter="," if kind == "csv" else None, stamp=stamp)


def result(row: int, sheet: str | None = None, message: str = "") -> ResultRow:
    """The result of a row that was created."""
    return ResultRow(sheet, row, (row, "create", "created", f"id-{row}", message or None, 201, 1, None), "good")


def read(content: bytes, name: str = "back.csv", *sheets: str) -> SourceFile:
    """The file read again, without a problem."""
    found = read_file(name, content, ReadOptions(sheets), meaning)
    assert not found.problems, found.problems
    return found
