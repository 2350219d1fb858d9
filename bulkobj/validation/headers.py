"""Which column of the file is which column of bulkobj; pure.

A header's own name goes before its other names: where a sheet has both "Title" and "Objective", "Objective" is left
alone (contract, "The spreadsheet").
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from bulkobj.core.columns import ACCOUNT_ID, ACCOUNT_NAME, COLUMNS, Column, by_alias, by_header, is_ignored, normalised
from bulkobj.core.model import Problem, Severity
from bulkobj.spreadsheet.table import Table


@dataclass(frozen=True, slots=True)
class Headers:
    """The file's columns that bulkobj knows, by their place; what they are called there; what is wrong with them."""

    columns: Mapping[int, Column]
    names: Mapping[str, str]
    problems: tuple[Problem, ...] = ()

    def has(self, column: Column) -> bool:
        """Whether the file has the column, or the one that may stand in for it."""
        return column.header in self.names or (column is ACCOUNT_ID and ACCOUNT_NAME.header in self.names)

    def called(self, column: Column) -> str | None:
        """The column's header as it stands in the file; None where it has none."""
        return self.names.get(column.header)


def match_headers(table: Table, maps: Mapping[str, Column]) -> Headers:
    """Tell what each header of the table means; ``maps`` says what the user calls a column, and goes before all."""
    found: dict[int, Column] = {}
    problems: list[Problem] = []
    for rule in (lambda header: _mapped(header, maps), by_header, by_alias):
        taken = {column.header: index for index, column in found.items()}
        for index, header in enumerate(table.headers):
            column = rule(header)
            if index in found or column is None:
                continue
            if column.header not in taken:
                taken[column.header], found[index] = index, column
            elif rule is not by_alias or normalised(header) == normalised(table.headers[taken[column.header]]):
                problems.append(_duplicate(table, header, table.headers[taken[column.header]]))
    problems += _unknown(table, found, {problem.column for problem in problems})
    columns = dict(sorted(found.items()))
    return Headers(columns, {column.header: table.headers[i] for i, column in columns.items()}, tuple(problems))


def _mapped(header: str, maps: Mapping[str, Column]) -> Column | None:
    if is_ignored(header):
        return None
    return maps.get(header) or next((c for name, c in maps.items() if normalised(name) == normalised(header)), None)


def _duplicate(table: Table, header: str, other: str) -> Problem:
    message = f'two columns mean the same: "{other}" and "{header}": rename one of the two, or begin its header with _'
    return Problem("duplicate-header", message, table.header_number, header, sheet=table.sheet)


def _unknown(table: Table, found: Mapping[int, Column], duplicates: Collection[str | None]) -> Iterator[Problem]:
    taken = {column.header: table.headers[index] for index, column in found.items()}
    for index, header in enumerate(table.headers):
        if index in found or header in duplicates or not header.strip() or is_ignored(header):
            continue
        if by_header(header) is not None:
            continue
        message = f'unknown column "{header}": {_hint(header, taken)}'
        yield Problem("unknown-column", message, None, header, Severity.WARNING, table.sheet)


def _hint(header: str, taken: Mapping[str, str]) -> str:
    """What to make of an unknown header; ``taken`` is what the columns that were found are called in the file."""
    other = by_alias(header)
    if other is not None:
        return f'it is ignored, because the column "{taken[other.header]}" is there'
    free = {normalised(column.header): column.header for column in COLUMNS if column.header not in taken}
    close = difflib.get_close_matches(normalised(header), free, n=1, cutoff=0.75)
    return f'did you mean "{free[close[0]]}"?' if close else "it is ignored"
