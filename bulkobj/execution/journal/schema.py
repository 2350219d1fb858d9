"""The journal's tables, and how headers and lines become their rows and are read from them again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from bulkobj.core.model import Action, Result
from bulkobj.execution.journal.records import Entry, RunHeader, State
from bulkobj.execution.journal.serialization import (
    changes_from_json,
    changes_to_json,
    dumped,
    problem_from_json,
    problem_to_json,
    step_from_json,
    step_to_json,
)
from bulkobj.planning.plan import Line

VERSION = 1

SCHEMA = """
CREATE TABLE run (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE input (content BLOB NOT NULL);
CREATE TABLE account (id TEXT PRIMARY KEY, seen TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE line (
    position INTEGER PRIMARY KEY, row INTEGER NOT NULL, sheet TEXT, action TEXT, result TEXT NOT NULL,
    account_id TEXT NOT NULL, objective_id TEXT NOT NULL, title TEXT NOT NULL, message TEXT NOT NULL,
    changes TEXT NOT NULL, problems TEXT NOT NULL, step TEXT,
    state TEXT, attempts INTEGER NOT NULL DEFAULT 0, http_status INTEGER, first_sent_at TEXT, sent_at TEXT,
    lost_at TEXT, finished_at TEXT
);
"""


_PLANNED = (
    "position",
    "row",
    "sheet",
    "action",
    "result",
    "account_id",
    "objective_id",
    "title",
    "message",
    "changes",
    "problems",
    "step",
    "state",
)
_COLUMNS = (*_PLANNED, "attempts", "http_status", "first_sent_at", "sent_at", "lost_at", "finished_at")
SELECT = f"SELECT {', '.join(_COLUMNS)} FROM line ORDER BY position"  # noqa: S608 - constants
MADE = "SELECT account_id, objective_id FROM line WHERE objective_id <> '' AND state = 'done' AND action IN (?, ?)"
INSERT = f"INSERT INTO line ({', '.join(_PLANNED)}) VALUES ({', '.join('?' * len(_PLANNED))})"  # noqa: S608 - constants


def planned_row(numbered: tuple[int, Line]) -> tuple[object, ...]:
    """The row of a line that is planned, with its place in the plan."""
    position, line = numbered
    return (
        position,
        line.row,
        line.sheet,
        line.action,
        line.result,
        line.account_id,
        line.objective_id,
        line.title,
        line.message,
        dumped(changes_to_json(line.changes)),
        dumped([problem_to_json(problem) for problem in line.problems]),
        dumped(step_to_json(line.step)) if line.step is not None else None,
        State.PLANNED if line.step is not None else None,
    )


def entry_of(values: tuple[Any, ...]) -> Entry:
    """The entry in a row of :data:`SELECT`."""
    position, row, sheet, action, result, account, objective, title, message, changes, problems, step, state = values[
        :13
    ]
    line = Line(
        row,
        sheet,
        Action(action) if action else None,
        Result(result),
        step_from_json(json.loads(step)) if step else None,
        account,
        objective,
        title,
        message,
        changes_from_json(json.loads(changes)),
        tuple(problem_from_json(problem) for problem in json.loads(problems)),
    )
    return Entry(position, line, State(state) if state else None, *values[13:])


def header_rows(header: RunHeader) -> Iterator[tuple[str, str]]:
    """The rows of the run's table: a name and a value as JSON."""
    for name in RunHeader.__slots__:
        value = getattr(header, name)
        if name == "problems":
            value = [problem_to_json(problem) for problem in value]
        yield name, dumped(value)


def header_of(db: sqlite3.Connection) -> RunHeader:
    """The run's header."""
    values = {name: json.loads(value) for name, value in db.execute("SELECT name, value FROM run")}
    values["problems"] = tuple(problem_from_json(problem) for problem in values["problems"])
    return RunHeader(**values)
