"""Our own results files as input: rows that are done already become updates, or need nothing more; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bulkobj.core.columns import ACTION, OBJECTIVE_ID, TEMPLATE, Column, normalised
from bulkobj.core.model import Action, Result
from bulkobj.spreadsheet.table import Cell, Record, Table, shown
from bulkobj.validation.headers import match_headers
from bulkobj.validation.rows import Place

#: The columns that every results file has beside those of its input.
RESULT_COLUMNS = (
    "_row",
    "_action",
    "_result",
    "_objective_id",
    "_message",
    "_http_status",
    "_attempts",
    "_finished_at",
)
_DONE = frozenset({Result.CREATED, Result.UPDATED, Result.UNCHANGED})
#: Actions of rows that may stand without an Objective ID and have one once they are done.
_FOUND = frozenset({Action.CREATE, Action.UPSERT, Action.UPDATE})


@dataclass(frozen=True, slots=True)
class DoneRow:
    """A row that needs nothing more: why, and what its results say of the run that did it."""

    message: str
    objective_id: str = ""
    finished_at: str = ""
    template: bool = False


@dataclass(frozen=True, slots=True)
class ResultsTable:
    """A table as it is to be checked. ``updates`` are rows whose Objective ID comes from ``_objective_id``."""

    table: Table
    done: Mapping[Place, DoneRow] = field(default_factory=dict)
    updates: frozenset[Place] = frozenset()


def is_results(table: Table) -> bool:
    """Return whether the table has the eight columns of a results file."""
    return {_name(header) for header in table.headers}.issuperset(RESULT_COLUMNS)


def read_results(table: Table, maps: Mapping[str, Column], *, stamped: bool) -> ResultsTable:
    """Return the table with ``_objective_id`` as the Objective ID of rows that were created, updated or unchanged.

    ``stamped``: the workbook says that it is a results file, so that some of its columns may be missing.
    """
    places = {_name(header): place for place, header in enumerate(table.headers)}
    if not (is_results(table) or (stamped and {"_result", "_objective_id"} <= places.keys())):
        return ResultsTable(table)
    table = _with_columns(table, maps)
    headers = match_headers(table, maps)
    action, objective_id, template = (headers.place(column) for column in (ACTION, OBJECTIVE_ID, TEMPLATE))
    if action is None or objective_id is None:
        return ResultsTable(table)
    records: list[Record] = []
    done: dict[Place, DoneRow] = {}
    updates: set[Place] = set()
    for record in table.records:
        said = {name: shown(record.cells[place]).strip() for name, place in places.items() if name.startswith("_")}
        asked = _asked(record.cells[action], record.cells[objective_id], _cell(record, template))
        finished, id_ = said.get("_finished_at", ""), said["_objective_id"]
        place = (table.sheet, record.number)
        if asked is Action.RUN_TEMPLATE and said["_result"] in {Result.CREATED, Result.UNCHANGED}:
            done[place] = DoneRow("done already, by this results file", id_, finished, template=True)
        elif said["_result"] == Result.DELETED:
            done[place] = DoneRow("deleted already, by this results file", id_, finished)
        elif said["_result"] in _DONE and id_ and asked in _FOUND and not shown(record.cells[objective_id]).strip():
            cells = list(record.cells)
            cells[action], cells[objective_id] = Action.UPDATE.value, id_
            record = record._replace(cells=tuple(cells))  # noqa: PLW2901 - the same row, as it is to be read
            updates.add(place)
        records.append(record)
    return ResultsTable(replace(table, records=tuple(records)), done, frozenset(updates))


def _name(header: str) -> str:
    return header.strip().casefold()


def _cell(record: Record, place: int | None) -> Cell:
    return None if place is None else record.cells[place]


def _with_columns(table: Table, maps: Mapping[str, Column]) -> Table:
    """Return the table with empty columns for Action and Objective ID where it has none."""
    headers = match_headers(table, maps)
    new = tuple(column.header for column in (ACTION, OBJECTIVE_ID) if headers.place(column) is None)
    blank = (None,) * len(new)
    records = tuple(record._replace(cells=(*record.cells, *blank)) for record in table.records)
    return replace(table, headers=(*table.headers, *new), records=records)


def _asked(action: Cell, objective_id: Cell, template: Cell) -> str:
    """Return the action of a row; of a blank one what it stands for."""
    words = normalised(shown(action))
    if words:
        return next((one for one in Action if normalised(one.value) == words), "")
    if shown(objective_id).strip():
        return Action.UPDATE
    return Action.RUN_TEMPLATE if shown(template).strip() else Action.CREATE
