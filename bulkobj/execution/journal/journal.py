"""The journal of a run: one SQLite file that knows the plan, each step's state, and so what the report says.

Intent is on disk before the first byte is sent, the outcome before it is shown (design, decision 6). A step goes
``planned → sent → done | rejected | lost``; one found ``sent`` by a later process is taken for ``lost``.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bulkobj.core.errors import StorageError
from bulkobj.core.model import Action, Result
from bulkobj.execution.journal.records import TO_DO, Entry, Outcome, RunHeader, State
from bulkobj.execution.journal.schema import (
    INSERT,
    MADE,
    SCHEMA,
    SELECT,
    VERSION,
    entry_of,
    header_of,
    header_rows,
    planned_row,
)
from bulkobj.execution.journal.serialization import (
    dumped,
)
from bulkobj.planning.plan import Line


class Journal:
    """An open journal; the only writer of its file. Every method that writes is durable when it returns."""

    def __init__(self, path: Path, connection: sqlite3.Connection, header: RunHeader) -> None:
        self._path = path
        self._db = connection
        self.header = header

    @classmethod
    def create(
        cls, folder: Path, header: RunHeader, content: bytes, lines: Iterable[Line], seen: Mapping[str, Iterable[str]]
    ) -> Journal:
        """Write a new run's journal, whole or not at all; raises StorageError."""
        path = folder / f"{header.run}.sqlite"
        draft = path.with_suffix(".draft")
        with _storage(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            try:
                _draft(draft, header, content, lines, seen)
                draft.rename(path)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
            _flush_folder(folder)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Journal:
        """Open a run's journal; raises StorageError where it can't be read or is of another version."""
        with _storage(path):
            mode = "ro" if read_only else "rw"
            db = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=10)
            try:
                version = db.execute("PRAGMA user_version").fetchone()[0]
                if version != VERSION:
                    raise StorageError(
                        f"the journal {path} is of version {version}, and this bulkobj reads version {VERSION}: "
                        "finish the run with the bulkobj that began it"
                    )
                if not read_only:
                    db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
                with _decoded(path):
                    return cls(path, db, header_of(db))
            except BaseException:
                db.close()
                raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def content(self) -> bytes:
        """The imported file, byte for byte."""
        with _storage(self._path):
            return bytes(self._db.execute("SELECT content FROM input").fetchone()[0])

    def seen(self) -> dict[str, frozenset[str]]:
        """The ids of the objectives that were on an account when it was read for the plan."""
        with _storage(self._path):
            return {account: frozenset(json.loads(ids)) for account, ids in self._db.execute("SELECT * FROM account")}

    def entries(self) -> Iterator[Entry]:
        """Every line in the order of the file."""
        with _storage(self._path):
            for values in self._db.execute(SELECT):
                with _decoded(self._path):
                    entry = entry_of(values)
                yield entry

    def made(self) -> Iterator[tuple[str, str]]:
        """The objectives that the run's steps made: account id and objective id."""
        with _storage(self._path):
            for account, ids in self._db.execute(MADE, (Action.CREATE, Action.RUN_TEMPLATE)):
                yield from ((account, one) for one in ids.split(";"))

    def has_work(self) -> bool:
        """Whether anything is left to send or to find out."""
        if self.header.abandoned:
            return False
        marks = ", ".join("?" * len(TO_DO))
        with _storage(self._path):
            found = self._db.execute(f"SELECT 1 FROM line WHERE state IN ({marks}) LIMIT 1", tuple(TO_DO))  # noqa: S608 - marks
            return found.fetchone() is not None

    def states(self) -> dict[str, int]:
        """How many rows there are by result, a step without one by its state."""
        with _storage(self._path):
            return dict(
                self._db.execute(
                    "SELECT CASE WHEN state IN ('planned', 'sent') OR (state = 'lost' AND finished_at IS NULL) "
                    "THEN state ELSE result END AS what, count(*) FROM line GROUP BY what"
                )
            )

    def sending(self, position: int, at: datetime) -> None:
        """The step's next byte is about to be sent."""
        when = at.isoformat()
        self._write(
            "UPDATE line SET state = 'sent', attempts = attempts + 1, sent_at = ?, "
            "first_sent_at = coalesce(first_sent_at, ?), lost_at = NULL WHERE position = ?",
            when,
            when,
            position,
        )

    def unsent(self, position: int) -> None:
        """What was sent last is known not to have happened."""
        self._write("UPDATE line SET state = 'planned' WHERE position = ?", position)

    def lost(self, position: int, at: datetime, http_status: int | None) -> None:
        """The step may or may not have happened."""
        self._write(
            "UPDATE line SET state = 'lost', lost_at = ?, http_status = ? WHERE position = ?",
            at.isoformat(),
            http_status,
            position,
        )

    def settled(self, position: int, outcome: Outcome, at: datetime) -> None:
        """The step's outcome; an ``unknown`` one stays lost, so that a later run looks again."""
        state = {Result.UNKNOWN: State.LOST, Result.FAILED: State.REJECTED, Result.CONFLICT: State.REJECTED}
        self._write(
            "UPDATE line SET state = ?, result = ?, message = ?, http_status = ?, finished_at = ?, "
            "objective_id = CASE WHEN ? = '' THEN objective_id ELSE ? END WHERE position = ?",
            state.get(outcome.result, State.DONE),
            outcome.result,
            outcome.message,
            outcome.http_status,
            at.isoformat(),
            outcome.objective_id,
            outcome.objective_id,
            position,
        )

    def identified(self, position: int, objective_id: str) -> None:
        """The id of an objective that was created by an answer without one."""
        self._write("UPDATE line SET objective_id = ? WHERE position = ?", objective_id, position)

    def noted(self, position: int, message: str) -> None:
        """Something that the row's reader should know, learnt after its outcome."""
        self._write("UPDATE line SET message = ? WHERE position = ?", message, position)

    def finish(self, *, finished: bool) -> None:
        """The command is over, and every step has its outcome, or not."""
        self._change(finished=finished)

    def mark_declined(self, *, declined: bool) -> None:
        """The user has seen the first rows, and does not want the rest; or does so after all."""
        self._change(declined=declined)

    def abandon(self) -> None:
        """The run is about to be taken back: nothing of it will be sent any more."""
        self._write(
            "UPDATE line SET state = 'rejected', result = ?, message = ? WHERE state = 'planned'",
            Result.NOT_ATTEMPTED,
            "not sent: the run was undone before",
        )
        self._change(finished=True, abandoned=True)

    def mark_undone(self, *, undone: bool) -> None:
        """All of the run was taken back, so that its file may be imported again; or it is all there again."""
        self._change(undone=undone)

    def called(self, calls: int, skew: float | None) -> None:
        """So many more calls were sent, to a service whose clock was so far ahead."""
        self._change(calls=self.header.calls + calls, skew=self.header.skew if skew is None else skew)

    def _change(self, **changes: Any) -> None:
        with _storage(self._path), _transaction(self._db):
            for name, value in changes.items():
                self._db.execute("INSERT OR REPLACE INTO run VALUES (?, ?)", (name, dumped(value)))
        self.header = replace(self.header, **changes)

    def _write(self, statement: str, *values: object) -> None:
        with _storage(self._path):
            self._db.execute(statement, values)


@contextmanager
def _storage(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StorageError(
            f"the journal in {path} can't be used ({error}): nothing was sent that is not recorded there. "
            "Make room or mend the folder, then `bulkobj resume`"
        ) from error


@contextmanager
def _decoded(path: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f"the journal {path} is damaged ({type(error).__name__}): put a copy of it back, or look at the accounts"
        ) from error


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _flush_folder(folder: Path) -> None:
    """Make the new name durable; only POSIX can and must be asked to."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _draft(
    path: Path, header: RunHeader, content: bytes, lines: Iterable[Line], seen: Mapping[str, Iterable[str]]
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(f"PRAGMA user_version={VERSION}; {SCHEMA}")
        _fill(db, header, content, lines, seen)


def _fill(
    db: sqlite3.Connection,
    header: RunHeader,
    content: bytes,
    lines: Iterable[Line],
    seen: Mapping[str, Iterable[str]],
) -> None:
    with _transaction(db):
        db.executemany("INSERT INTO run VALUES (?, ?)", header_rows(header))
        db.execute("INSERT INTO input VALUES (?)", (content,))
        db.executemany("INSERT INTO account VALUES (?, ?)", ((name, dumped(sorted(ids))) for name, ids in seen.items()))
        db.executemany(INSERT, map(planned_row, enumerate(lines)))
