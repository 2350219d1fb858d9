"""What is wrong with rows, by what their actions ask for and by what earlier rows asked for; pure.

A check walks down the columns that it is about, and most columns of most files are settled at a glance: nothing is
looked at row by row that can't be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter

from bulkobj.core.columns import (
    ACCOUNT_ID,
    ACTION,
    COLUMNS,
    END_DATE,
    OBJECTIVE_ID,
    START_DATE,
    Column,
    Need,
    by_header,
)
from bulkobj.core.model import Action, Problem
from bulkobj.core.text import counted
from bulkobj.spreadsheet.table import Record, Table
from bulkobj.validation.cells import Given
from bulkobj.validation.headers import ACCOUNT_COLUMNS, Headers

#: What the cells of a column say, row by row; None is a blank cell, or one that the row's action ignores.
Givens = Sequence[Given | None]

#: A row's sheet (None for CSV) and its number.
Place = tuple[str | None, int]

DUPLICATE_ID = "duplicate-objective-id"


@dataclass(frozen=True, slots=True)
class ReadTable:
    """The rows of a table as they were read: what each asks for (None: not understood), and its cells by column.

    ``columns`` is keyed by the column's own header (``"Title"``), whatever it is called in the file; ``faulty`` are the
    columns in which any cell at all is wrong, and ``distinct`` says that in some column no cell is there twice.
    """

    source: Table
    headers: Headers
    actions: Sequence[Action | None]
    columns: Mapping[str, Givens]
    faulty: frozenset[str]
    distinct: bool

    def column(self, column: Column) -> Givens:
        """The cells of a column; all blank where the file hasn't got it."""
        return self.columns.get(column.header) or (None,) * len(self.actions)

    def rows_of(self, actions: frozenset[Action]) -> Sequence[int]:
        """The indexes of the rows with one of these actions."""
        there = set(self.actions)
        if there <= actions:
            return range(len(self.actions))
        return [] if there.isdisjoint(actions) else [i for i, one in enumerate(self.actions) if one in actions]

    def place(self, index: int) -> Place:
        """Where the row of that index stands."""
        return self.source.sheet, self.source.records[index].number

    def problem(self, index: int, code: str, message: str, column: Column | None = None) -> Problem:
        """Return a problem with the row of that index."""
        return self.headers.problem(self.source.records[index].number, code, message, column)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the rows of a file that were checked so far ask for: objectives by id, and whole rows.

    ``alone``: the file has one table only, so that no row of another one will be compared with them.
    """

    alone: bool = False
    objectives: dict[str, Place] = field(default_factory=dict)
    rows: dict[object, Place] = field(default_factory=dict)


#: A problem, with the index of the row that has it.
Found = Iterator[tuple[int, Problem]]


def problems_of(read: ReadTable, earlier: Earlier) -> dict[int, tuple[Problem, ...]]:
    """What is wrong with each row by its index; a row that nothing is wrong with is not there.

    ``earlier`` knows the rows of the tables before, and of this one afterwards.
    """
    found: dict[int, list[Problem]] = {}
    for index, problem in chain(*(check(read) for check in _CHECKS), _of_duplicates(read, earlier)):
        found.setdefault(index, []).append(problem)
    return {index: tuple(problems) for index, problems in found.items()}


def _of_records(read: ReadTable) -> Found:
    for index, record in enumerate(read.source.records):
        if record.beyond and record.extra:
            yield index, read.problem(index, "ragged-row", _beyond(record))
        if record.hidden:
            message = "the row is hidden or filtered out in the sheet, and counts all the same"
            yield index, read.problem(index, "hidden-row", message)


def _beyond(record: Record) -> str:
    return (
        f"the row has {counted(record.extra, 'cell')} beyond the last header: clear what stands there, or, in "
        "a CSV file, put each text that holds a delimiter into quotation marks"
    )


def _of_cells(read: ReadTable) -> Found:
    """What is wrong with single cells; of a row that asks for nothing known, only the action is of interest."""
    for header, givens in read.columns.items():
        for index, given in enumerate(givens if header in read.faulty else ()):
            if given is not None and given.code and (read.actions[index] is not None or header == ACTION.header):
                yield index, read.problem(index, given.code, given.message, by_header(header))


def _of_dates(read: ReadTable) -> Found:
    pairs = zip(read.column(START_DATE), read.column(END_DATE), strict=True)
    for index, (start, end) in enumerate(pairs):
        if start is None or end is None or read.actions[index] is None:
            continue
        if is_backwards(start.value, end.value):
            yield index, read.problem(index, "end-before-start", ends_early(end.text, start.text), END_DATE)


def _of_demands(read: ReadTable) -> Found:
    """What is there and should not be, and the other way round, by what the actions ask of each column."""
    for need, complain in _DEMANDS.items():
        for column in COLUMNS:
            asking = frozenset(action for action in Action if column.need(action) is need)
            if not asking or (need is Need.REQUIRED and not read.headers.has(column)):
                continue
            for index in _unmet(read, column, asking, there=need is not Need.EMPTY):
                code, message = complain(read.actions[index], column)
                yield index, read.problem(index, code, message, column)


def _unmet(read: ReadTable, column: Column, asking: frozenset[Action], *, there: bool) -> Iterator[int]:
    """The rows of those actions whose cell is not there, or, where it should not be, is."""
    givens = read.column(column)
    if (there and all(givens)) or (not there and not any(givens)):
        return
    stand_ins = [read.column(one) for one in ACCOUNT_COLUMNS] if column is ACCOUNT_ID else []
    for index in read.rows_of(asking):
        if (givens[index] is None) is there and all(one[index] is None for one in stand_ins):
            yield index


def _of_duplicates(read: ReadTable, earlier: Earlier) -> Found:
    yield from _of_same_objectives(read, earlier.objectives)
    if not (earlier.alone and read.distinct):
        yield from _of_same_rows(read, earlier.rows)


def _of_same_objectives(read: ReadTable, seen: dict[str, Place]) -> Found:
    ids = read.column(OBJECTIVE_ID)
    for index in read.rows_of(frozenset({Action.UPDATE, Action.DELETE})):
        given = ids[index]
        if given is None or not isinstance(given.value, str):
            continue
        first = seen.setdefault(given.value, read.place(index))
        if first != read.place(index):
            message = f"{at(first, read.source.sheet)} already has this objective: keep one of the two"
            yield index, read.problem(index, DUPLICATE_ID, message, OBJECTIVE_ID)


def _of_same_rows(read: ReadTable, seen: dict[object, Place]) -> Found:
    keys = _asked_for(read)
    for index in read.rows_of(frozenset({Action.CREATE, Action.RUN_TEMPLATE, Action.UPSERT})):
        first = seen.setdefault(keys[index], read.place(index))
        if first != read.place(index):
            message = f"the same as {at(first, read.source.sheet)}: if it is imported, the account has it twice"
            yield index, read.problem(index, "duplicate-row", message)


def _asked_for(read: ReadTable) -> list[object]:
    """All that each row says in known columns, whatever their order in its sheet."""
    places = {column.header: place for place, column in read.headers.columns.items()}
    blank = len(read.source.headers)
    pick = itemgetter(*(places.get(column.header, blank) for column in COLUMNS))
    return [pick((*record.cells, None)) for record in read.source.records]


def at(place: Place, sheet: str | None) -> str:
    """A row as one speaks of it to somebody who is looking at that sheet."""
    return f"row {place[1]}" if place[0] == sheet else f'row {place[1]} of sheet "{place[0]}"'


#: In the order in which a row's problems are told.
_CHECKS: tuple[Callable[[ReadTable], Found], ...] = (_of_records, _of_cells, _of_dates, _of_demands)


def _missing(action: Action | None, column: Column) -> tuple[str, str]:
    return "missing-value", f"{_a(str(action))} row needs {_a(column.header)}"


def _unexpected(action: Action | None, column: Column) -> tuple[str, str]:
    row = _a(str(action))
    return "unexpected-value", f"{row} row must leave {column.header} empty: clear the cell, or change the action"


def _wanted(_: Action | None, column: Column) -> tuple[str, str]:
    if column is ACCOUNT_ID:
        return "no-undo", f"without an {column.header}, the deletion can't be undone"
    return "missing-date", f"no {column.header}: the objective is created without one"


_DEMANDS: Mapping[Need, Callable[[Action | None, Column], tuple[str, str]]] = {
    Need.REQUIRED: _missing,
    Need.EMPTY: _unexpected,
    Need.WANTED: _wanted,
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
