"""Which sheets of a workbook are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bulkobj.core.columns import ACCOUNT, ACCOUNT_ID, ACCOUNT_NAME, OBJECTIVE_ID, TEMPLATE, TITLE
from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.limits import UnreadableError, shown
from bulkobj.spreadsheet.reading.table_detection import Grid, Meaning, best_header, header_names
from bulkobj.spreadsheet.table import RESULTS_SHEET, STAMP_SHEET

#: A row of the stamp sheet that says: every sheet is part of one export, so read them all.
WHOLE = ("layout", "sheet-per-account")
_ALL = "*"
#: Known headers that make a sheet one of ours; a single word such as "Account" stands in many sheets.
_ENOUGH = 2
_ACCOUNTS = {ACCOUNT, ACCOUNT_ID, ACCOUNT_NAME}


class Sheet(Protocol):
    """A worksheet as it is listed in its workbook."""

    @property
    def name(self) -> str:
        """The text on its tab."""

    @property
    def hidden(self) -> bool:
        """True if it has no tab."""


class Book(Protocol):
    """A workbook: its sheets, and the rows of each by its index."""

    @property
    def format(self) -> str:
        """As in :class:`bulkobj.spreadsheet.table.SourceFile`."""

    @property
    def sheets(self) -> Sequence[Sheet]:
        """All worksheets, in the order of their tabs."""

    def head(self, index: int) -> Grid:
        """Return at least the first rows of a sheet; UnreadableError if it is damaged there."""

    def grid(self, index: int) -> Grid:
        """Return all rows of a sheet; UnreadableError if it can't be read."""


@dataclass(frozen=True, slots=True)
class _Head:
    """A sheet by its first rows: the number of known headers, and how much it looks like a plan.

    ``rank``: 2 for a sheet with objectives, 1 for one with accounts alone, such as a list of accounts, 0 for others.
    """

    index: int
    known: int = 0
    rank: int = 0
    blank: bool = False
    fault: UnreadableError | None = None


def choose(book: Book, wanted: Sequence[str], meaning: Meaning) -> list[int]:
    """Return the indexes of the sheets to read, in sheet order; ``wanted`` are those of ``--sheet``.

    Raises UsageError for a wanted sheet that isn't there, UnreadableError (``ambiguous-sheet``, with the candidates)
    where several sheets have an account or objective column and nothing says which one to read.
    """
    named = {_find(book, name) for name in wanted if name != _ALL}
    if named and _ALL not in wanted:
        return sorted(named)
    visible = [index for index, sheet in enumerate(book.sheets) if not sheet.hidden and _is_data(sheet)]
    if not visible and not named:
        raise UnreadableError(
            "all sheets of the workbook are hidden. Unhide the one with the objectives, or name it with --sheet NAME",
            code="empty-file",
        )
    if len(visible) <= 1:
        return sorted(named.union(visible))
    heads = [_head(book, index, meaning) for index in visible]
    rank = max(head.rank for head in heads)
    ours = [head.index for head in heads if head.rank == rank and rank]
    if _ALL in wanted or _is_whole(book):
        return sorted(named.union([head.index for head in heads if head.rank] or [_best(heads)]))
    if len(ours) > 1:
        raise _ambiguous(book, ours)
    return ours or [_best(heads)]


def stamp_index(book: Book) -> int | None:
    """Return the index of the sheet by which bulkobj marks the workbooks that it writes, None in others."""
    return next((index for index, sheet in enumerate(book.sheets) if sheet.name == STAMP_SHEET), None)


def _is_data(sheet: Sheet) -> bool:
    return not sheet.name.startswith(STAMP_SHEET) and sheet.name.casefold() != RESULTS_SHEET


def _find(book: Book, name: str) -> int:
    sheets = [(index, sheet.name) for index, sheet in enumerate(book.sheets) if _is_data(sheet)]
    exact = [index for index, candidate in sheets if candidate == name]
    alike = [index for index, candidate in sheets if candidate.strip().casefold() == name.strip().casefold()]
    if exact or alike:
        return (exact or alike)[0]
    there = ", ".join(f'"{shown(candidate)}"' for _, candidate in sheets[:20])
    raise UsageError(f'--sheet: there is no sheet "{name}". The file has {there or "no sheets"}')


def _is_whole(book: Book) -> bool:
    """Tell if the stamp says that all sheets belong together."""
    stamp = stamp_index(book)
    try:
        return stamp is not None and any(row[:2] == WHOLE for row in book.head(stamp).rows)
    except UnreadableError:
        return False


def _head(book: Book, index: int, meaning: Meaning) -> _Head:
    try:
        rows = book.head(index).rows
    except UnreadableError as fault:
        return _Head(index, fault=fault)
    header, known = best_header(rows, meaning)
    if header < 0:
        return _Head(index, blank=True)
    columns = {meaning(name) for name in header_names(rows[header])}
    rank = 0
    if known >= _ENOUGH and columns & {*_ACCOUNTS, OBJECTIVE_ID}:
        rank = 2 if columns & {OBJECTIVE_ID, TITLE, TEMPLATE} else 1
    return _Head(index, known, rank)


def _best(heads: list[_Head]) -> int:
    """Return the sheet to read where none is a plan; the first one that has most known headers and isn't blank."""
    for head in heads:
        if head.fault:
            raise head.fault
    return max(heads, key=lambda head: (head.known, not head.blank)).index


def _ambiguous(book: Book, indexes: list[int]) -> UnreadableError:
    names = tuple(book.sheets[index].name for index in indexes)
    listed = " and ".join(f'"{shown(name)}"' for name in names)
    return UnreadableError(
        f"the sheets {listed} all have account or objective columns. "
        "Choose one with --sheet NAME, or all of them with --sheet '*'",
        code="ambiguous-sheet",
        candidates=names,
    )
