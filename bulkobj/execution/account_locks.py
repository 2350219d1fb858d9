"""Locks on accounts, so that the runs of one machine write to an account one after the other.

A lock also says when another run wrote there last: what was read before that is too old to create anything on.
The file needs no durability, as no lock outlives a start of the machine. A damaged file is replaced.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from bulkobj.core.clock import Clock
from bulkobj.core.errors import StorageError

_SCHEMA = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=OFF;
CREATE TABLE IF NOT EXISTS account (key TEXT PRIMARY KEY, run TEXT, held INTEGER, wrote REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS machine (boot TEXT PRIMARY KEY) WITHOUT ROWID;
"""


class AccountLocks:
    """The locks that one run takes on the accounts of a tenant; raises StorageError.

    Args:
        folder: where the file is.
        target_key: the tenant.
        run: the run that takes the locks.
        is_at_work: returns whether a process works on a run; the locks of others are void.
        clock: the machine's clock.
    """

    def __init__(
        self, folder: Path, target_key: str, run: str, is_at_work: Callable[[str], bool], clock: Clock
    ) -> None:
        self._path = folder / "accounts.sqlite"
        self._prefix = f"{target_key}|"
        self._run = run
        self._is_at_work = is_at_work
        self._clock = clock
        self._held: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._db = self._open()
        except sqlite3.DatabaseError:
            for ending in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
            self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, isolation_level=None, timeout=30)
        try:
            db.executescript(_SCHEMA)
            with suppress(OSError):
                self._path.chmod(0o600)
            if db.execute("SELECT boot FROM machine").fetchall() != [(self._clock.boot,)]:
                db.executescript("DELETE FROM account; DELETE FROM machine;")
                db.execute("INSERT OR REPLACE INTO machine VALUES (?)", (self._clock.boot,))
        except BaseException:
            db.close()
            raise
        return db

    def take(self, account_id: str) -> float | None:
        """Take the account's lock, or keep it; return when another run wrote there last, None while another holds it.

        The time is on the clock's ``now``: minus infinity for never, infinity where that run died in the middle.
        """
        if account_id in self._held:
            return -math.inf
        key, others_wrote = self._prefix + account_id, -math.inf
        try:
            self._db.execute("BEGIN IMMEDIATE")
            found = self._db.execute("SELECT run, held, wrote FROM account WHERE key = ?", (key,)).fetchone()
            if found is not None and found[0] != self._run:
                if found[1] and self._is_at_work(found[0]):
                    self._db.execute("ROLLBACK")
                    return None
                others_wrote = math.inf if found[1] else found[2]
            self._db.execute("INSERT OR REPLACE INTO account VALUES (?, ?, 1, 0)", (key, self._run))
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise StorageError(f"cannot lock an account in {self._path} ({error}). Check the disk") from error
        self._held.add(account_id)
        return others_wrote

    def release(self, account_id: str) -> None:
        """Give the account's lock back."""
        if account_id not in self._held:
            return
        query = "UPDATE account SET held = 0, wrote = ? WHERE key = ?"
        try:
            self._db.execute(query, (self._clock.now(), self._prefix + account_id))
        except sqlite3.Error as error:
            raise StorageError(f"cannot unlock an account in {self._path} ({error}). Check the disk") from error
        self._held.discard(account_id)

    def close(self) -> None:
        """Close the file. Locks that are still held are given back as those of a run that died in the middle."""
        with closing(self._db), suppress(sqlite3.Error):
            for account_id in self._held:
                query = "UPDATE account SET held = 0, wrote = 9e999 WHERE key = ?"
                self._db.execute(query, (self._prefix + account_id,))
