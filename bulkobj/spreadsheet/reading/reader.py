"""Files to tables: CSV, .xlsx, .xlsm, .xls and .ods, whatever is in them (contract, "The spreadsheet")."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.limits import UnreadableError, check_range
from bulkobj.spreadsheet.ooxml.package import PROTECTED, Package
from bulkobj.spreadsheet.ooxml.xml_reader import damaged
from bulkobj.spreadsheet.reading.calamine import Loaded, load_apart
from bulkobj.spreadsheet.reading.csv.decoding import check_encoding, decode
from bulkobj.spreadsheet.reading.csv.parser import check_delimiter, read_delimited
from bulkobj.spreadsheet.reading.file_type import Kind, ending, kind_of
from bulkobj.spreadsheet.reading.legacy import biff, compound
from bulkobj.spreadsheet.reading.legacy import ods as opendocument
from bulkobj.spreadsheet.reading.sheet_selection import Book, choose, stamp_index
from bulkobj.spreadsheet.reading.table_detection import Grid, SheetFacts, is_blank, to_table, with_facts
from bulkobj.spreadsheet.reading.values import Row
from bulkobj.spreadsheet.reading.xlsx.workbook import OoxmlBook
from bulkobj.spreadsheet.table import SourceFile, Table

_EMPTY = "the file holds no rows below a header. Fill in at least one row, and use that"
_FORMATS = ("csv", "xlsx", "xlsm", "xls", "ods")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How the user wants the file read (contract, "`validate` and `import`"); None and () mean "find out"."""

    sheets: tuple[str, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None


def read_file(name: str, data: bytes, options: ReadOptions, known: Callable[[str], bool]) -> SourceFile:
    """The tables of a file, or the problem that keeps it from being read; any bytes give one or the other.

    ``name`` is the file's name, of which only the ending counts, and only where the content leaves a doubt.
    ``known`` says whether a text is a header that bulkobj understands.

    The problems are ``unreadable-file``, ``empty-file``, ``bad-encoding`` and ``ambiguous-sheet``. Raises UsageError
    for a sheet that isn't in the file, an encoding that doesn't exist and a delimiter that can't be one.
    """
    check_encoding(options.encoding)
    check_delimiter(options.delimiter)
    try:
        with _no_garbage_collection():
            return _read(name, data, options, known)
    except UnreadableError as fault:
        problem = fault.problem
    except MemoryError:
        problem = UnreadableError("the file needs more memory than there is. Split it into smaller files").problem
    return SourceFile(name, _likely_format(name), (), (problem,))


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Reading makes very many objects and no cycles; looking for cycles again and again takes a fifth of its time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _read(name: str, data: bytes, options: ReadOptions, known: Callable[[str], bool]) -> SourceFile:
    kind = kind_of(name, data)
    if kind is Kind.TEXT:
        return _read_csv(name, data, options, known)
    return _read_book(name, _open_zip(data) if kind is Kind.ZIP else _open_xls(data), options, known)


def _read_csv(name: str, data: bytes, options: ReadOptions, known: Callable[[str], bool]) -> SourceFile:
    for sheet in options.sheets:
        if sheet != "*":
            raise UsageError(f'--sheet: a CSV file has no sheets, so there is no "{sheet}"')
    text, encoding = decode(data, options.encoding)
    grid, delimiter = read_delimited(text, options.delimiter, known)
    tables = _with_records([to_table(None, grid, known)])
    return SourceFile(name, "csv", tables, encoding=encoding, delimiter=delimiter)


def _read_book(name: str, book: Book, options: ReadOptions, known: Callable[[str], bool]) -> SourceFile:
    chosen = choose(book, options.sheets, known)
    stamp = stamp_index(book)
    grids = book.grids([*chosen, *([] if stamp is None else [stamp])])
    tables = [to_table(book.sheets[index].name, grid, known) for index, grid in zip(chosen, grids, strict=False)]
    rows = () if stamp is None else _stamp(grids[-1])
    return SourceFile(name, book.format, _with_records(tables), stamp=rows)


def _with_records(tables: list[Table]) -> tuple[Table, ...]:
    if not any(table.records for table in tables):
        raise UnreadableError(_EMPTY, code="empty-file")
    return tuple(table for table in tables if table.headers)


def _stamp(grid: Grid) -> tuple[Row, ...]:
    return tuple(row for row in grid.rows if not is_blank(row))


@dataclass(frozen=True, slots=True)
class _LoadedBook:
    """A workbook of a rare format, of which all sheets are read at once."""

    format: str
    sheets: list[Loaded]
    facts: list[SheetFacts]

    def heads(self, indexes: Sequence[int]) -> list[Grid]:
        return [Grid(self.sheets[index].rows) for index in indexes]

    def grids(self, indexes: Sequence[int]) -> list[Grid]:
        return [with_facts(self.sheets[index].rows, self.facts[index]) for index in indexes]


def _open_zip(data: bytes) -> Book:
    package = Package(data)
    if "mimetype" not in package or not package.read("mimetype", 100).startswith(opendocument.MIMETYPE.encode()):
        return OoxmlBook(package)
    opendocument.refuse_protected(package)
    content = package.read("content.xml")
    return _loaded("ods", opendocument.repacked(content), opendocument.scan(content))


def _open_xls(data: bytes) -> Book:
    if compound.has_name(data, "EncryptedPackage"):
        raise UnreadableError(PROTECTED)
    book = compound.stream(data, "Workbook", "Book")
    if book is None:
        raise UnreadableError(
            "this file isn't a spreadsheet that bulkobj reads, or it is damaged. Save it as .xlsx, and use that"
        )
    return _loaded("xls", data, biff.scan(book))


def _loaded(kind: str, workbook: bytes, facts: list[SheetFacts]) -> _LoadedBook:
    for fact in facts:
        check_range(fact.rows, fact.columns)
    sheets = load_apart(workbook)
    if len(sheets) != len(facts):
        raise damaged()
    return _LoadedBook(kind, sheets, facts)


def _likely_format(name: str) -> str:
    suffix = ending(name).lstrip(".")
    return suffix if suffix in _FORMATS else "csv"
