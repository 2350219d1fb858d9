"""The journal's tables: how headers and lines become their rows and are read from them again.

Version 2 is written. Version 1 is read, and brought to version 2 when its run goes on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any, get_type_hints

from bulkobj.core.model import Action, Field, Objective, Problem, Result
from bulkobj.execution.journal.records import Entry, RunHeader, State
from bulkobj.execution.journal.serialization import from_json, to_json
from bulkobj.planning.plan import Change, Line, Step

VERSION = 2

SCHEMA = """
CREATE TABLE run (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE input (content BLOB NOT NULL);
CREATE TABLE account (id TEXT PRIMARY KEY, planned TEXT NOT NULL, latest TEXT, boot TEXT, seconds REAL) WITHOUT ROWID;
CREATE TABLE line (
    position INTEGER PRIMARY KEY, row INTEGER NOT NULL, sheet TEXT, action TEXT, result TEXT NOT NULL,
    account_id TEXT NOT NULL, account_name TEXT NOT NULL DEFAULT '', objective_id TEXT NOT NULL, title TEXT NOT NULL,
    message TEXT NOT NULL, changes TEXT NOT NULL, problems TEXT NOT NULL, step TEXT,
    state TEXT, attempts INTEGER NOT NULL DEFAULT 0, http_status INTEGER, first_sent_at TEXT, sent_at TEXT,
    finished_at TEXT, boot TEXT NOT NULL DEFAULT '', seconds REAL NOT NULL DEFAULT 0,
    doubtful TEXT NOT NULL DEFAULT '[]', made TEXT NOT NULL DEFAULT '[]'
);
"""

UPGRADE = f"""
ALTER TABLE account RENAME COLUMN seen TO planned;
ALTER TABLE account ADD COLUMN latest TEXT;
ALTER TABLE account ADD COLUMN boot TEXT;
ALTER TABLE account ADD COLUMN seconds REAL;
ALTER TABLE line ADD COLUMN account_name TEXT NOT NULL DEFAULT '';
ALTER TABLE line ADD COLUMN boot TEXT NOT NULL DEFAULT '';
ALTER TABLE line ADD COLUMN seconds REAL NOT NULL DEFAULT 0;
ALTER TABLE line ADD COLUMN doubtful TEXT NOT NULL DEFAULT '[]';
ALTER TABLE line ADD COLUMN made TEXT NOT NULL DEFAULT '[]';
UPDATE line SET doubtful = '["' || replace(objective_id, ';', '","') || '"]'
WHERE objective_id <> '' AND result = 'created' AND message LIKE 'the answer was lost; reading the account%';
PRAGMA user_version = {VERSION};
"""  # noqa: S608 - constants

_PLANNED = (
    "position",
    "row",
    "sheet",
    "action",
    "result",
    "account_id",
    "account_name",
    "objective_id",
    "title",
    "message",
    "changes",
    "problems",
    "step",
    "state",
)
_COLUMNS = (
    *_PLANNED,
    "attempts",
    "http_status",
    "first_sent_at",
    "sent_at",
    "finished_at",
    "boot",
    "seconds",
    "doubtful",
    "made",
)
SELECT = f"SELECT {', '.join(_COLUMNS)} FROM line ORDER BY position"  # noqa: S608 - constants
INSERT = f"INSERT INTO line ({', '.join(_PLANNED)}) VALUES ({', '.join('?' * len(_PLANNED))})"  # noqa: S608 - constants


def planned_row(position: int, line: Line) -> tuple[object, ...]:
    """Return the row of a planned line."""
    return (
        position,
        line.row,
        line.sheet,
        line.action,
        line.result,
        line.account_id,
        line.account_name,
        line.objective_id,
        line.title,
        line.message,
        to_json(dict(line.changes)),
        to_json(line.problems),
        to_json(line.step) if line.step is not None else None,
        State.PLANNED if line.step is not None else None,
    )


def entry_of(values: tuple[Any, ...]) -> Entry:
    """Return the entry in a row of :data:`SELECT`."""
    found = dict(zip(_COLUMNS, values, strict=True))
    line = Line(
        found["row"],
        found["sheet"],
        Action(found["action"]) if found["action"] else None,
        Result(found["result"]),
        from_json(found["step"], Step) if found["step"] else None,
        found["account_id"],
        found["objective_id"],
        found["title"],
        found["message"],
        from_json(found["changes"], dict[Field, Change]),
        from_json(found["problems"], tuple[Problem, ...]),
        account_name=found["account_name"],
    )
    return Entry(
        found["position"],
        line,
        State(found["state"]) if found["state"] else None,
        found["attempts"],
        found["http_status"],
        found["first_sent_at"],
        found["sent_at"],
        found["finished_at"],
        found["boot"],
        found["seconds"],
        from_json(found["doubtful"], tuple[str, ...]),
        from_json(found["made"], tuple[Objective, ...]),
    )


def header_rows(header: RunHeader) -> Iterator[tuple[str, str]]:
    """Return the rows of the run's table: a name and a value as JSON."""
    return ((name, to_json(getattr(header, name))) for name in RunHeader.__slots__)


def header_of(db: sqlite3.Connection) -> RunHeader:
    """Return the run's header; what an earlier or later version wrote beside its fields is passed over."""
    kinds: Mapping[str, Any] = get_type_hints(RunHeader)
    found = db.execute("SELECT name, value FROM run").fetchall()
    return RunHeader(**{name: from_json(value, kinds[name]) for name, value in found if name in kinds})
