"""Which column of the file is which column of bulkobj; pure.

A header's own name goes before its other names. In a sheet with both "Title" and "Objective", "Objective" is ignored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from bulkobj.core.columns import (
    ACCOUNT,
    ACCOUNT_ID,
    ACCOUNT_NAME,
    COLUMNS,
    Column,
    by_alias,
    by_header,
    is_ignored,
    normalised,
)
from bulkobj.core.model import Problem, severity_of
from bulkobj.core.suggestion import closest
from bulkobj.spreadsheet.table import Table

#: The columns that name a row's account, the surest first.
ACCOUNT_COLUMNS = (ACCOUNT_ID, ACCOUNT, ACCOUNT_NAME)


class How(StrEnum):
    """The reason why a header stands for a column."""

    NAME = "name"
    ALIAS = "alias"
    MAP = "map"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """A header of the file, the column that it stands for (None: it is ignored), and why."""

    header: str
    column: Column | None
    how: How


@dataclass(frozen=True, slots=True)
class Headers:
    """The meaning of each header of a table, in the table's order, and what is wrong with them."""

    table: Table
    mapping: tuple[MappedColumn, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def columns(self) -> dict[int, Column]:
        """The file's columns that bulkobj knows, by their place."""
        return {place: one.column for place, one in enumerate(self.mapping) if one.column is not None}

    def place(self, column: Column) -> int | None:
        """Return where the column stands, counted from 0; None where the file has none."""
        return next((place for place, one in self.columns.items() if one is column), None)

    def has(self, column: Column) -> bool:
        """Return whether the file has the column, or one that may stand in for it."""
        return self._stand_in(column) is not None

    def called(self, column: Column) -> str | None:
        """Return the header in the file of the column, or of the one that stands in for it; None without one."""
        place = self._stand_in(column)
        return None if place is None else self.table.headers[place]

    def problem(self, number: int | None, code: str, message: str, column: Column | None = None) -> Problem:
        """Return a problem with the row of that number, or with the cell of a column in it."""
        return self.problem_at(number, code, message, self._stand_in(column) if column is not None else None)

    def problem_at(self, number: int | None, code: str, message: str, place: int | None) -> Problem:
        """Return a problem with the cell at that place of a row, with a whole row, or with a whole column."""
        header = None if place is None else self.table.headers[place]
        cell = None if place is None or number is None else self.table.address(number, place)
        text = message if cell is None else f"{cell}: {message}"
        return Problem(code, text, number, header, severity_of(code), self.table.sheet, cell)

    def _stand_in(self, column: Column) -> int | None:
        choices = ACCOUNT_COLUMNS if column is ACCOUNT_ID else (column,)
        return next((place for one in choices if (place := self.place(one)) is not None), None)


def match_headers(table: Table, maps: Mapping[str, Column]) -> Headers:
    """Find the meaning of each header; ``maps`` are the user's own names of columns, which go first."""
    user_names = {normalised(name): column for name, column in maps.items()}
    rules = {
        How.MAP: lambda header: None if is_ignored(header) else user_names.get(normalised(header)),
        How.NAME: by_header,
        How.ALIAS: by_alias,
    }
    found: dict[int, MappedColumn] = {}
    duplicates: dict[int, int] = {}
    for how, rule in rules.items():
        taken = {one.column: place for place, one in found.items()}
        for place, header in enumerate(table.headers):
            column = rule(header)
            if place in found or column is None:
                continue
            if column not in taken:
                taken[column], found[place] = place, MappedColumn(header, column, how)
            elif how is not How.ALIAS or normalised(header) == normalised(table.headers[taken[column]]):
                duplicates[place] = taken[column]
    mapping = (found.get(i) or MappedColumn(header, None, How.IGNORED) for i, header in enumerate(table.headers))
    headers = Headers(table, tuple(mapping))
    return replace(headers, problems=(*_duplicates(headers, duplicates), *_unknown(headers, duplicates)))


def _duplicates(headers: Headers, duplicates: Mapping[int, int]) -> Iterator[Problem]:
    table = headers.table
    for place, other in duplicates.items():
        one, two, column = table.headers[other], table.headers[place], headers.mapping[other].column
        meant = column.header if column is not None else ""
        text = (
            f'columns "{one}" and "{two}" are both read as {meant}. Rename one, or start its header with _ to ignore it'
        )
        yield headers.problem_at(table.header_number, "duplicate-header", text, place)


def _unknown(headers: Headers, duplicates: Collection[int]) -> Iterator[Problem]:
    for place, one in enumerate(headers.mapping):
        if one.column is None and place not in duplicates and one.header.strip() and not is_ignored(one.header):
            message = f'column "{one.header}" is ignored{_hint(one.header, headers)}'
            yield headers.problem_at(None, "unknown-column", message, place)


def _hint(header: str, headers: Headers) -> str:
    """Return what an unknown header may have meant, or why another column goes before it."""
    known = by_alias(header)
    if known is not None:
        return f', because the column "{headers.called(known)}" is there'
    free = [column.header for column in COLUMNS if headers.place(column) is None]
    close = closest(header, free, 75)
    return f'. Did you mean "{close}"?' if close else ""
