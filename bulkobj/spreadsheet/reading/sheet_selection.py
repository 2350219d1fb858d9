"""Which sheets of a workbook are read (contract, "The spreadsheet")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.limits import UnreadableError, shown
from bulkobj.spreadsheet.reading.table_detection import Grid, best_header, is_blank
from bulkobj.spreadsheet.table import STAMP_SHEET

#: A row of the stamp sheet that says: every sheet is part of one export, so read them all.
WHOLE = ("layout", "sheet-per-account")
_ALL = "*"
#: Headers that make a sheet one of ours; a single word such as "Title" stands in many sheets.
_ENOUGH = 2


class Sheet(Protocol):
    """A worksheet as it is listed in its workbook."""

    @property
    def name(self) -> str:
        """What stands on its tab."""

    @property
    def hidden(self) -> bool:
        """Whether it has no tab."""


class Book(Protocol):
    """A workbook: its sheets, and the rows of those that are asked for by their indexes."""

    @property
    def format(self) -> str:
        """As in :class:`bulkobj.spreadsheet.table.SourceFile`."""

    @property
    def sheets(self) -> Sequence[Sheet]:
        """All worksheets, in the order of their tabs."""

    def heads(self, indexes: Sequence[int]) -> Sequence[Grid | UnreadableError]:
        """At least the first rows of those sheets, or what keeps them from being read."""

    def grids(self, indexes: Sequence[int]) -> Sequence[Grid]:
        """All rows of those sheets; UnreadableError where one can't be read."""


@dataclass(frozen=True, slots=True)
class _Head:
    index: int
    known: int
    blank: bool
    fault: UnreadableError | None


def choose(book: Book, wanted: Sequence[str], known: Callable[[str], bool]) -> list[int]:
    """The indexes of the sheets to read, in sheet order; ``wanted`` are those of ``--sheet``.

    Raises UsageError for a wanted sheet that isn't there, UnreadableError (``ambiguous-sheet``) where several sheets
    have known headers and nothing says which one to read.
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
    heads, whole = _look(book, visible, known)
    ours = [head.index for head in heads if head.known >= _ENOUGH]
    if _ALL in wanted or whole:
        return sorted(named.union(ours or [_best(heads)]))
    if len(ours) > 1:
        raise _ambiguous(book, ours)
    return ours or [_best(heads)]


def stamp_index(book: Book) -> int | None:
    """The index of the sheet by which bulkobj marks the workbooks that it writes, None in other people's."""
    return next((index for index, sheet in enumerate(book.sheets) if sheet.name == STAMP_SHEET), None)


def _is_data(sheet: Sheet) -> bool:
    return not sheet.name.startswith(STAMP_SHEET)


def _find(book: Book, name: str) -> int:
    sheets = [(index, sheet.name) for index, sheet in enumerate(book.sheets) if _is_data(sheet)]
    exact = [index for index, candidate in sheets if candidate == name]
    alike = [index for index, candidate in sheets if candidate.strip().casefold() == name.strip().casefold()]
    if exact or alike:
        return (exact or alike)[0]
    there = ", ".join(f'"{shown(candidate)}"' for _, candidate in sheets[:20])
    raise UsageError(f'--sheet: there is no sheet "{name}". The file has {there or "no sheets"}')


def _look(book: Book, visible: list[int], known: Callable[[str], bool]) -> tuple[list[_Head], bool]:
    """The sheets by their first rows, and whether the stamp says that all of them belong together."""
    stamp = stamp_index(book)
    grids = book.heads([*visible, *([] if stamp is None else [stamp])])
    whole = stamp is not None and isinstance(grids[-1], Grid) and any(row[:2] == WHOLE for row in grids[-1].rows)
    return [_head(index, grid, known) for index, grid in zip(visible, grids, strict=False)], whole


def _head(index: int, grid: Grid | UnreadableError, known: Callable[[str], bool]) -> _Head:
    if isinstance(grid, UnreadableError):
        return _Head(index, 0, blank=False, fault=grid)
    return _Head(index, best_header(grid.rows, known)[1], blank=all(map(is_blank, grid.rows)), fault=None)


def _best(heads: list[_Head]) -> int:
    """The sheet to read where none has enough known headers; the first one that has most and isn't blank."""
    for head in heads:
        if head.fault:
            raise head.fault
    return max(heads, key=lambda head: (head.known, not head.blank)).index


def _ambiguous(book: Book, indexes: list[int]) -> UnreadableError:
    names = " and ".join(f'"{shown(book.sheets[index].name)}"' for index in indexes)
    return UnreadableError(
        f"the sheets {names} all have headers that bulkobj knows. Say which one to read with --sheet NAME, "
        "or read them all with --sheet '*'",
        code="ambiguous-sheet",
    )
