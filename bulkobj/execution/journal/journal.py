"""The journal of a run: one SQLite file with the plan and each step's state. Every report is made from it.

Intent is on disk before the first byte is sent, the outcome before it is shown (CONTRIBUTING, decision 6). A step goes
``planned → sent → done | rejected | lost``. One that a later process finds ``sent`` counts as ``lost``.

The file is complete after every commit: it has a rollback journal, which is empty between commits.
"""

from __future__ import annotations

import errno
import math
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from bulkobj.core.errors import JournalError, StorageError, cause
from bulkobj.core.model import Action, Objective, Result
from bulkobj.execution.journal.records import TO_DO, Entry, KnownAccount, Moment, Outcome, RunHeader, State
from bulkobj.execution.journal.schema import (
    INSERT,
    SCHEMA,
    SELECT,
    UPGRADE,
    VERSION,
    entry_of,
    header_of,
    header_rows,
    planned_row,
)
from bulkobj.execution.journal.send_mark import SendMark
from bulkobj.execution.journal.serialization import from_json, to_json
from bulkobj.planning.plan import Line, Step

#: SQLite's strictest: a commit survives a power cut. With OFF, it survives the death of the process alone.
SYNCHRONOUS = "EXTRA"

_STATE_AFTER = {Result.UNKNOWN: State.LOST, Result.FAILED: State.REJECTED, Result.CONFLICT: State.REJECTED}


class Journal:
    """An open journal. Every method that writes is durable when it returns."""

    def __init__(self, path: Path, connection: sqlite3.Connection, mark: SendMark) -> None:
        self._path = path
        self._db = connection
        self._mark = mark
        self._sends: int = connection.execute("SELECT coalesce(sum(attempts), 0) FROM line").fetchone()[0]
        self.header = header_of(connection)
        #: Whether this process began the run; otherwise the run is resumed.
        self.is_new = False

    @classmethod
    def create(  # noqa: PLR0913 - all that a journal holds
        cls,
        folder: Path,
        header: RunHeader,
        content: bytes,
        lines: Iterable[Line],
        seen: Mapping[str, Iterable[str]],
        read_at: Mapping[str, Moment] | None = None,
    ) -> Journal:
        """Write a new run's journal, whole or not at all; raises StorageError.

        Args:
            folder: the folder of journals.
            header: the run.
            content: the imported file.
            lines: the plan.
            seen: the ids of the objectives of each account that was read, and is known to the service.
            read_at: when each account was read.
        """
        path = folder / f"{header.run}.sqlite"
        draft = path.with_suffix(".draft")
        with _storage(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            try:
                with closing(sqlite3.connect(draft, isolation_level=None)) as db:
                    db.executescript(f"PRAGMA synchronous={SYNCHRONOUS}; PRAGMA user_version={VERSION}; {SCHEMA}")
                    _fill(db, header, content, lines, seen, read_at or {})
                _mark_of(path).write(0)
                draft.rename(path)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
            _sync_folder(folder)
        journal = cls.open(path)
        journal.is_new = True
        return journal

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Journal:
        """Open a run's journal; raises StorageError where it can't be read or has an unknown version."""
        with _storage(path):
            db = _connect(path)
            try:
                version = db.execute("PRAGMA user_version").fetchone()[0]
                if not 1 <= version <= VERSION:
                    raise JournalError(
                        f"the journal {path} has version {version}, this bulkobj reads up to {VERSION}. "
                        "Use the bulkobj that began the run"
                    )
                if version == 1 and read_only:
                    db = _copied(db)
                if not read_only:
                    db.executescript(f"PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous={SYNCHRONOUS};")
                with _decoded(path):
                    if version == 1:
                        db.executescript(f"BEGIN IMMEDIATE; {UPGRADE} COMMIT;")
                    journal = cls(path, db, _mark_of(path))
                if version == 1 and not read_only:
                    journal._mark.write(journal._sends)
                if read_only:
                    db.execute("PRAGMA query_only=1")
                return journal
            except BaseException:
                db.close()
                raise

    def close(self) -> None:
        """Close the file."""
        self._mark.close()
        with suppress(sqlite3.Error):  # it would only tidy up
            self._db.execute("PRAGMA journal_mode=DELETE")
        self._db.close()

    @property
    def is_older_than_its_run(self) -> bool:
        """Return whether steps may have been sent that this journal knows nothing of; see :mod:`send_mark`."""
        sends = self._mark.read()
        return sends is None or sends > self._sends

    def distrust(self) -> None:
        """Treat every step that may have been sent as sent; for a journal that is older than its run."""
        self._write("UPDATE line SET state = 'sent', boot = '' WHERE state = 'planned'")
        with _storage(self._path):
            self._mark.write(self._sends)

    def content(self) -> bytes:
        """Return the imported file, byte for byte."""
        with _storage(self._path):
            return bytes(self._db.execute("SELECT content FROM input").fetchone()[0])

    def accounts(self, boot: str) -> dict[str, KnownAccount]:
        """Return what is known of each account that was read; ``boot`` is the present start of the machine."""
        with _storage(self._path), _decoded(self._path):
            found = self._db.execute("SELECT id, planned, latest, boot, seconds FROM account").fetchall()
            known: dict[str, KnownAccount] = {}
            for account, planned, latest, then, seconds in found:
                ids: frozenset[str] = from_json(planned, frozenset[str])
                read_at = seconds if then and then == boot else -math.inf
                known[account] = KnownAccount(ids, from_json(latest, frozenset[str]) if latest else ids, read_at)
            return known

    def entries(self) -> Iterator[Entry]:
        """Yield every line in the order of the file."""
        with _storage(self._path):
            found = self._db.execute(SELECT).fetchall()  # all at once: a reader keeps the writer waiting
        for values in found:
            with _decoded(self._path):
                entry = entry_of(values)
            yield entry

    def made(self) -> Iterator[tuple[str, str]]:
        """Yield the objectives that the run's steps made: account id and objective id."""
        query = (
            "SELECT account_id, objective_id FROM line WHERE objective_id <> '' AND state = 'done' AND action IN (?, ?)"
        )
        with _storage(self._path):
            found = self._db.execute(query, (Action.CREATE, Action.RUN_TEMPLATE)).fetchall()
        for account, ids in found:
            yield from ((account, one) for one in ids.split(";"))

    def has_work(self) -> bool:
        """Return whether anything is left to send or to find out."""
        if self.header.abandoned:
            return False
        return any(entry.state in TO_DO or entry.lacks_id for entry in self.entries())

    def states(self) -> dict[str, int]:
        """Return the number of rows by result, or by state for a step without a result."""
        with _storage(self._path):
            return dict(
                self._db.execute(
                    "SELECT CASE WHEN state IN ('planned', 'sent') OR (state = 'lost' AND finished_at IS NULL) "
                    "THEN state ELSE result END AS what, count(*) FROM line GROUP BY what"
                )
            )

    def sending(self, position: int, at: Moment) -> None:
        """Record that the step's first byte is about to be sent."""
        when = at.wall.isoformat()
        self._write(
            "UPDATE line SET state = 'sent', attempts = attempts + 1, sent_at = ?, "
            "first_sent_at = coalesce(first_sent_at, ?), boot = ?, seconds = ? WHERE position = ?",
            when,
            when,
            at.boot,
            at.seconds,
            position,
        )
        self._sends += 1
        with _storage(self._path):
            self._mark.write(self._sends)

    def unsent(self, position: int) -> None:
        """Record that the last send did not take effect."""
        self._write("UPDATE line SET state = 'planned' WHERE position = ?", position)

    def lost(self, position: int, at: Moment, http_status: int | None) -> None:
        """Record that the step may or may not have taken effect."""
        self._write(
            "UPDATE line SET state = 'lost', finished_at = NULL, boot = ?, seconds = ?, http_status = ? "
            "WHERE position = ?",
            at.boot,
            at.seconds,
            http_status,
            position,
        )

    def settled(self, position: int, outcome: Outcome, at: Moment) -> None:
        """Record the step's outcome. An ``unknown`` one stays lost, so that a later run looks again."""
        self._write(
            "UPDATE line SET state = ?, result = ?, message = ?, http_status = ?, finished_at = ?, doubtful = ?, "
            "objective_id = CASE WHEN ? = '' THEN objective_id ELSE ? END WHERE position = ?",
            _STATE_AFTER.get(outcome.result, State.DONE),
            outcome.result,
            outcome.message,
            outcome.http_status,
            at.wall.isoformat(),
            to_json(outcome.doubtful),
            outcome.objective_id,
            outcome.objective_id,
            position,
        )

    def identified(self, position: int, made: Collection[Objective], doubtful: Iterable[str] = ()) -> None:
        """Record what a step created, learnt after its outcome."""
        ids = ";".join(one.id for one in made)
        query = "UPDATE line SET objective_id = ?, made = ?, doubtful = ? WHERE position = ?"
        self._write(query, ids, to_json(tuple(made)), to_json(tuple(doubtful)), position)

    def noted(self, position: int, message: str, doubtful: Iterable[str] = ()) -> None:
        """Record something for the row's reader, learnt after its outcome."""
        query = "UPDATE line SET message = ?, doubtful = ? WHERE position = ?"
        self._write(query, message, to_json(tuple(doubtful)), position)

    def snapshot(self, account_id: str, planned: Iterable[str], latest: Iterable[str], at: Moment) -> None:
        """Record the objectives of an account: those when the run was planned, and those that were just read."""
        query = "INSERT OR REPLACE INTO account VALUES (?, ?, ?, ?, ?)"
        self._write(query, account_id, to_json(sorted(planned)), to_json(sorted(latest)), at.boot, at.seconds)

    def revised(self, position: int, step: Step) -> None:
        """Record the step as it is sent, where live values have changed since it was planned."""
        self._write("UPDATE line SET step = ? WHERE position = ?", to_json(step), position)

    def finish(self, *, finished: bool) -> None:
        """Record that the command is over, and whether every step has its outcome."""
        self._change(finished=finished)

    def mark_declined(self, *, declined: bool) -> None:
        """Record whether the user declined the rest after the first rows."""
        self._change(declined=declined)

    def abandon(self) -> None:
        """Record that an undo of the run begins: nothing of it will be sent any more."""
        self._write(
            "UPDATE line SET state = 'rejected', result = ?, message = ? WHERE state = 'planned'",
            Result.NOT_ATTEMPTED,
            "not sent: the run was undone before",
        )
        self._change(finished=True, abandoned=True)

    def mark_undone(self, *, undone: bool) -> None:
        """Record whether all of the run was undone."""
        self._change(undone=undone)

    def called(self, calls: int) -> None:
        """Record that so many more calls were sent."""
        self._change(calls=self.header.calls + calls)

    def _change(self, **changes: Any) -> None:
        with _storage(self._path), _transaction(self._db):
            for name, value in changes.items():
                self._db.execute("INSERT OR REPLACE INTO run VALUES (?, ?)", (name, to_json(value)))
        self.header = replace(self.header, **changes)

    def _write(self, statement: str, *values: object) -> None:
        with _storage(self._path):
            self._db.execute(statement, values)


def delete_journal(path: Path) -> None:
    """Delete a journal and what lies beside it; raises OSError."""
    path.unlink(missing_ok=True)
    for ending in ("-journal", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    _mark_of(path).delete()


def _mark_of(path: Path) -> SendMark:
    return SendMark(path.parent.parent / "marks", path.stem)


def _connect(path: Path) -> sqlite3.Connection:
    """Open the file to read and write: only then can SQLite roll back what a killed process left half written."""
    mode = "rw" if os.access(path, os.W_OK) else "ro"
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=60)


def _copied(db: sqlite3.Connection) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:", isolation_level=None)
    with closing(db):
        db.backup(copy)
    return copy


@contextmanager
def _storage(path: Path) -> Iterator[None]:
    """Raise JournalError for a failure; StorageError where the folder of journals can't be written at all."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        full = not isinstance(error, OSError) or error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        kind = JournalError if full or path.suffix else StorageError
        raise kind(
            f"cannot use the journal in {path} ({cause(error)}); nothing unrecorded was sent. "
            "Check the disk and the folder's permissions"
        ) from error


@contextmanager
def _decoded(path: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise JournalError(f"the journal {path} is damaged ({type(error).__name__}). Put a copy of it back") from error


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


def _sync_folder(folder: Path) -> None:
    """Make a new name durable; only POSIX can and must be asked to."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _fill(  # noqa: PLR0913 - all that a journal holds
    db: sqlite3.Connection,
    header: RunHeader,
    content: bytes,
    lines: Iterable[Line],
    seen: Mapping[str, Iterable[str]],
    read_at: Mapping[str, Moment],
) -> None:
    with _transaction(db):
        db.executemany("INSERT INTO run VALUES (?, ?)", header_rows(header))
        db.execute("INSERT INTO input VALUES (?)", (content,))
        for account, ids in seen.items():
            at = read_at.get(account)
            values = (account, to_json(sorted(ids)), at.boot if at else None, at.seconds if at else None)
            db.execute("INSERT INTO account (id, planned, boot, seconds) VALUES (?, ?, ?, ?)", values)
        db.executemany(INSERT, (planned_row(number, line) for number, line in enumerate(lines)))
