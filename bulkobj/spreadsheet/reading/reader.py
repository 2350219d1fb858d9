"""Files to tables: CSV, .xlsx, .xlsm, .xls and .ods, whatever is in them."""

from __future__ import annotations

from dataclasses import dataclass

from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.limits import UnreadableError
from bulkobj.spreadsheet.ooxml.package import Package
from bulkobj.spreadsheet.reading.csv.decoding import check_encoding, decode
from bulkobj.spreadsheet.reading.csv.doubts import doubts
from bulkobj.spreadsheet.reading.csv.parser import check_delimiter, read_delimited
from bulkobj.spreadsheet.reading.file_type import Kind, ending, kind_of, refuse_other_package
from bulkobj.spreadsheet.reading.legacy.ods import OdsBook, is_ods
from bulkobj.spreadsheet.reading.legacy.xls import XlsBook
from bulkobj.spreadsheet.reading.sheet_selection import Book, choose, stamp_index
from bulkobj.spreadsheet.reading.table_detection import Meaning, is_blank, to_table
from bulkobj.spreadsheet.reading.xlsx.workbook import OoxmlBook
from bulkobj.spreadsheet.table import SourceFile, Table

_EMPTY = "the file holds no rows below a header. Add at least one row"
_FORMATS = ("csv", "xlsx", "xlsm", "xls", "ods")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """The user's options for reading a file; None and () mean "find out".

    ``defaults`` names the fields whose values are for files that leave the matter open.
    """

    sheets: tuple[str, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    defaults: tuple[str, ...] = ()


def read_file(name: str, data: bytes, options: ReadOptions, meaning: Meaning) -> SourceFile:
    """Return the tables of a file, or the problem that keeps it from being read; any bytes give one or the other.

    ``name`` is the file's name, of which only the ending counts, and only where the content leaves a doubt.
    ``meaning`` returns the column that a header stands for, None for one that bulkobj doesn't know.

    The problems are ``unreadable-file``, ``empty-file``, ``bad-encoding`` and ``ambiguous-sheet``. Raises UsageError
    for a sheet that isn't in the file, an encoding that doesn't exist and a delimiter that can't be one.
    """
    check_encoding(options.encoding)
    check_delimiter(options.delimiter)
    try:
        return _read(name, data, options, meaning)
    except UnreadableError as fault:
        return SourceFile(name, _likely_format(name), (), (fault.problem,), candidates=fault.candidates)
    except MemoryError:
        problem = UnreadableError("the file needs too much memory. Save it as several smaller files").problem
        return SourceFile(name, _likely_format(name), (), (problem,))


def _read(name: str, data: bytes, options: ReadOptions, meaning: Meaning) -> SourceFile:
    match kind_of(name, data):
        case Kind.TEXT:
            return _read_csv(name, data, options, meaning)
        case Kind.COMPOUND:
            return _read_book(name, XlsBook(data), options, meaning)
    package = Package(data)
    if is_ods(package):
        return _read_book(name, OdsBook(package), options, meaning)
    refuse_other_package(package)
    return _read_book(name, OoxmlBook(package), options, meaning)


def _read_csv(name: str, data: bytes, options: ReadOptions, meaning: Meaning) -> SourceFile:
    for sheet in options.sheets:
        if sheet != "*":
            raise UsageError(f'--sheet: a CSV file has no sheets, so there is no "{sheet}"')
    decoded = decode(data, options.encoding, is_default="encoding" in options.defaults)
    parsed = read_delimited(
        decoded.text,
        options.delimiter,
        lambda header: meaning(header) is not None,
        is_default="delimiter" in options.defaults,
    )
    tables = _with_records([to_table(None, parsed.grid, meaning)])
    problems = tuple(doubts(decoded, parsed))
    return SourceFile(name, "csv", tables, problems, decoded.encoding, parsed.delimiter)


def _read_book(name: str, book: Book, options: ReadOptions, meaning: Meaning) -> SourceFile:
    chosen = choose(book, options.sheets, meaning)
    tables = [to_table(book.sheets[index].name, book.grid(index), meaning) for index in chosen]
    stamp = stamp_index(book)
    rows = () if stamp is None else tuple(row for row in book.grid(stamp).rows if not is_blank(row))
    return SourceFile(name, book.format, _with_records(tables), stamp=rows)


def _with_records(tables: list[Table]) -> tuple[Table, ...]:
    if not any(table.records for table in tables):
        raise UnreadableError(_EMPTY, code="empty-file")
    return tuple(table for table in tables if table.headers)


def _likely_format(name: str) -> str:
    suffix = ending(name).lstrip(".")
    return suffix if suffix in _FORMATS else "csv"
