"""What is wrong with a row, by what its action asks for and by what earlier rows asked for; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from bulkobj.cells import Given
from bulkobj.columns import (
    ACCOUNT_ID,
    ACCOUNT_NAME,
    ACTION,
    COLUMNS,
    END_DATE,
    OBJECTIVE_ID,
    START_DATE,
    Column,
    Need,
)
from bulkobj.headers import Headers
from bulkobj.model import NOTHING, Action, Problem, Severity
from bulkobj.spreadsheet.table import Cell, Record, Table
from bulkobj.texts import counted


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file: what it asks for, cell by cell, and what is wrong with it.

    ``cells`` is keyed by the column's own header (``"Title"``), whatever it is called in the file; a column that the
    action ignores is left out. ``action`` is None where it could not be understood.
    """

    number: int
    sheet: str | None
    action: Action | None
    cells: Mapping[str, Given]
    problems: tuple[Problem, ...] = ()

    @property
    def faulty(self) -> bool:
        """Whether a problem keeps the row from being sent."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    def value(self, column: Column) -> str:
        """The text that a cell means; ``""`` where it is blank or can't be used."""
        given = self.cells.get(column.header)
        return given.value if given is not None and isinstance(given.value, str) else ""


#: A row as it was read: what it asks for, and its cells that aren't blank.
Draft = tuple[Action | None, dict[str, Given]]


@dataclass(frozen=True, slots=True)
class Demands:
    """What an action asks of the columns that the file has."""

    required: tuple[Column, ...]
    empty: tuple[Column, ...]
    wanted: tuple[Column, ...]
    ignored: frozenset[str]
    there: frozenset[str]
    absent: frozenset[str]

    @classmethod
    def of(cls, action: Action, headers: Headers) -> Demands:
        """Those of an action."""

        def with_need(need: Need) -> tuple[Column, ...]:
            return tuple(column for column in COLUMNS if column.need(action) is need)

        required = tuple(column for column in with_need(Need.REQUIRED) if headers.has(column))
        wanted = with_need(Need.WANTED)
        return cls(
            required,
            with_need(Need.EMPTY),
            wanted,
            frozenset(column.header for column in with_need(Need.IGNORED)),
            frozenset(column.header for column in (*required, *wanted)),
            frozenset(column.header for column in with_need(Need.EMPTY)),
        )

    def met_by(self, cells: Mapping[str, Given]) -> bool:
        """Whether all is there that should be, and nothing that shouldn't: so it is with most rows."""
        return self.there <= cells.keys() and self.absent.isdisjoint(cells)


@dataclass(slots=True)
class Duplicates:
    """What earlier rows already asked for."""

    whole: Callable[[tuple[Cell, ...]], Any]
    rows: dict[Any, int] = field(default_factory=dict)
    objectives: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, headers: Headers) -> Duplicates:
        """None yet."""
        return cls(itemgetter(*headers.columns) if headers.columns else tuple)


@dataclass(frozen=True, slots=True)
class RowChecker:
    """Checks rows one after the other; ``faulty`` are the columns in which any cell at all is wrong."""

    table: Table
    headers: Headers
    demands: Mapping[Action, Demands]
    faulty: tuple[str, ...]
    duplicates: Duplicates

    def check(self, record: Record, draft: Draft) -> Row:
        """The row with its problems; what most rows have none of is passed over quickly."""
        action, all_cells = draft
        cells: Mapping[str, Given] = all_cells
        problems = list(self._of_record(record)) if record.beyond or record.hidden else []
        if action is None:
            problems += self._of_cells(record, {ACTION.header: cells[ACTION.header]})
            return Row(record.number, self.table.sheet, None, cells, tuple(problems))
        demands = self.demands[action]
        if not demands.ignored.isdisjoint(cells):
            cells = {header: given for header, given in cells.items() if header not in demands.ignored}
        if self.faulty:
            problems += self._of_cells(record, cells)
        problems += self._of_dates(record, cells)
        if not demands.met_by(cells):
            problems += self._of_demands(record, action, demands, cells)
        problems += self._of_duplicates(record, action, cells)
        return Row(record.number, self.table.sheet, action, cells or NOTHING, tuple(problems))

    def _problem(self, record: Record, code: str, message: str, column: Column | None = None) -> Problem:
        header = self.headers.called(column) if column is not None else None
        return Problem(code, message, record.number, header, _SEVERITY.get(code, Severity.ERROR), self.table.sheet)

    def _of_record(self, record: Record) -> Iterator[Problem]:
        if record.extra:
            message = (
                f"the row has {counted(record.extra, 'cell')} beyond the last header: clear what stands there, or, in "
                "a CSV file, put each text that holds a delimiter into quotation marks"
            )
            yield self._problem(record, "ragged-row", message)
        if record.hidden:
            yield self._problem(
                record, "hidden-row", "the row is hidden or filtered out in the sheet, and counts all the same"
            )

    def _of_cells(self, record: Record, cells: Mapping[str, Given]) -> Iterator[Problem]:
        for header in self.faulty:
            given = cells.get(header)
            if given is not None and given.code:
                yield self._problem(record, given.code, given.message, BY_HEADER[header])

    def _of_dates(self, record: Record, cells: Mapping[str, Given]) -> tuple[Problem, ...]:
        start, end = cells.get(START_DATE.header), cells.get(END_DATE.header)
        if start is None or end is None or not is_backwards(start.value, end.value):
            return ()
        message = ends_early(end.text, start.text)
        return (self._problem(record, "end-before-start", message, END_DATE),)

    def _of_demands(
        self, record: Record, action: Action, demands: Demands, cells: Mapping[str, Given]
    ) -> Iterator[Problem]:
        for column in demands.required:
            if column.header not in cells and not (column is ACCOUNT_ID and ACCOUNT_NAME.header in cells):
                yield self._problem(record, "missing-value", f"{_a(action)} row needs {_a(column.header)}", column)
        for column in demands.empty:
            if column.header in cells:
                message = f"{_a(action)} row must leave {column.header} empty: clear the cell, or change the action"
                yield self._problem(record, "unexpected-value", message, column)
        for column in demands.wanted:
            if column.header not in cells and not (column is ACCOUNT_ID and ACCOUNT_NAME.header in cells):
                code = "no-undo" if column is ACCOUNT_ID else "missing-date"
                yield self._problem(record, code, _WANTED[code].format(column.header), column)

    def _of_duplicates(self, record: Record, action: Action, cells: Mapping[str, Given]) -> tuple[Problem, ...]:
        seen = self.duplicates
        if action is Action.UPDATE or action is Action.DELETE:
            given = cells.get(OBJECTIVE_ID.header)
            if given is None or not isinstance(given.value, str):
                return ()
            earlier = seen.objectives.setdefault(given.value, record.number)
            message, code, column = _SAME_OBJECTIVE, "duplicate-objective-id", OBJECTIVE_ID
        else:
            earlier = seen.rows.setdefault(seen.whole(record.cells), record.number)
            message, code, column = _SAME_ROW, "duplicate-row", None
        if earlier == record.number:
            return ()
        return (self._problem(record, code, message.format(earlier), column),)


_SAME_OBJECTIVE = "row {} already has this objective: keep one of the two"
_SAME_ROW = "the same as row {}: if it is imported, the account has it twice"

BY_HEADER: Mapping[str, Column] = {column.header: column for column in COLUMNS}

_SEVERITY = dict.fromkeys(("missing-date", "duplicate-row", "hidden-row", "no-undo"), Severity.WARNING)

_WANTED = {
    "no-undo": "without an {}, the deletion can't be undone",
    "missing-date": "no {}: the objective is created without one",
}


def is_backwards(start: object, end: object) -> bool:
    """Whether both are dates in the service's spelling (which sort as text) and the end comes first."""
    return isinstance(start, str) and isinstance(end, str) and bool(start and end) and end < start


def ends_early(end: str, start: str) -> str:
    """The message for an end before its start."""
    end, start = (date.removesuffix("T00:00:00.000Z") for date in (end, start))
    return f"the end ({end}) is before the start ({start}): correct one of the two"


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiouAEIOU' else 'a'} {noun}"
