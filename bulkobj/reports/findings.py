"""The findings of a check as a person corrects them: cells with their problems, causes, suggestions, names; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bulkobj.core.columns import Column
from bulkobj.core.model import Problem, Severity
from bulkobj.reports.html.rendering import visible
from bulkobj.spreadsheet.editing.edits import Edit
from bulkobj.spreadsheet.table import SourceFile, Table, shown
from bulkobj.validation.names import COLUMNS_OF, Directory, Kind, Suggestion
from bulkobj.validation.rows import CheckedTable


@dataclass(frozen=True, slots=True)
class Cause:
    """Problems that are alike: severity, code, column and wording, and the rows that have them."""

    severity: str
    code: str
    column: str | None
    wording: str
    sheet: str | None
    rows: tuple[int, ...]


def causes_of(problems: Iterable[Problem]) -> tuple[Cause, ...]:
    """Group problems that differ in their row only; errors first."""
    groups: dict[tuple[str, str, str | None, str, str | None], list[int]] = defaultdict(list)
    for one in problems:
        rows = groups[one.severity.value, one.code, one.column, one.wording, one.sheet]
        if one.row is not None:
            rows.append(one.row)
    found = [Cause(*key, tuple(rows)) for key, rows in groups.items()]
    return tuple(sorted(found, key=lambda cause: cause.severity != Severity.ERROR.value))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with the meaning of its columns, and its problems by row number and column place.

    Place -1 is the row as a whole.
    """

    table: Table
    columns: Mapping[int, Column]
    problems: Mapping[int, Mapping[int, list[Problem]]] = field(default_factory=dict)

    def row(self, index: int) -> dict[str, Any]:
        """Return a row's index, number, texts, and by place the severity and the wording of its problems."""
        record = self.table.records[index]
        problems = self.problems.get(record.number, {})
        found = {place: [_worst(some), " ".join(one.wording for one in some)] for place, some in problems.items()}
        return {"i": index, "n": record.number, "c": [visible(shown(cell)) for cell in record.cells], "p": found}

    def faulty(self) -> list[int]:
        """Return the indexes of the rows with problems."""
        return [index for index, record in enumerate(self.table.records) if record.number in self.problems]


def _worst(problems: Iterable[Problem]) -> str:
    return min((problem.severity for problem in problems), key=list(Severity).index).value


@dataclass(frozen=True, slots=True)
class Findings:
    """A file that was checked, sheet by sheet, with what is wrong by cause, suggestions, and the names that exist."""

    source: SourceFile
    sheets: tuple[Sheet, ...]
    causes: tuple[Cause, ...]
    suggestions: tuple[Suggestion, ...]
    directory: Directory

    @classmethod
    def of(
        cls,
        source: SourceFile,
        tables: Iterable[CheckedTable],
        problems: Iterable[Problem],
        suggestions: tuple[Suggestion, ...],
        directory: Directory,
    ) -> Findings:
        """Return the findings of a check; ``problems`` are those of the file and of its rows."""
        sheets = tuple(Sheet(table.source, table.headers.columns) for table in tables)
        return cls(source, sheets, (), suggestions, directory).with_problems(problems)

    def with_problems(self, problems: Iterable[Problem]) -> Findings:
        """Return the same file with other problems, such as those that planning found."""
        by_sheet: dict[str | None, list[Problem]] = defaultdict(list)
        problems = tuple(problems)
        for problem in problems:
            by_sheet[problem.sheet].append(problem)
        sheets = tuple(Sheet(one.table, one.columns, _by_cell(one.table, by_sheet)) for one in self.sheets)
        return Findings(self.source, sheets, causes_of(problems), self.suggestions, self.directory)

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return sum(len(sheet.table.records) for sheet in self.sheets)

    @property
    def errors(self) -> int:
        """Return the number of errors."""
        return sum(max(len(cause.rows), 1) for cause in self.causes if cause.severity == Severity.ERROR.value)

    def edits_for(self, kind: str, name: str, meant: str) -> list[Edit]:
        """Return the edits that put a suggested name in the place of another."""
        columns = next((columns for one, columns in COLUMNS_OF.items() if one.value == kind), ())
        return [
            Edit(sheet.table.sheet, record.number, place, meant)
            for sheet in self.sheets
            for place, found in sheet.columns.items()
            if found in columns
            for record in sheet.table.records
            if shown(record.cells[place]).strip() == name
        ]

    def names(self) -> dict[str, list[str]]:
        """Return the names that may stand in a column, by the column's header in bulkobj's words."""
        return {
            COLUMNS_OF[kind][-1].header: [self.directory.name(kind, thing.id) for thing in self.directory.things[kind]]
            for kind in (Kind.STATUS, Kind.CATEGORY, Kind.TEMPLATE)
            if kind in self.directory.things
        }


def _by_cell(table: Table, by_sheet: Mapping[str | None, list[Problem]]) -> dict[int, dict[int, list[Problem]]]:
    places = {header: place for place, header in reversed(list(enumerate(table.headers)))}
    found: dict[int, dict[int, list[Problem]]] = {}
    for problem in by_sheet.get(table.sheet, ()):
        if problem.row is not None:
            place = places.get(problem.column, -1) if problem.column is not None else -1
            found.setdefault(problem.row, {}).setdefault(place, []).append(problem)
    return found
