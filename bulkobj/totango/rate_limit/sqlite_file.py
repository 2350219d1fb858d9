"""The slot store's file: one transaction at a time on a SQLite file that others lock, lose, damage and replace."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from bulkobj.core.clock import Clock
from bulkobj.core.errors import StorageError, cause

_T = TypeVar("_T")

#: How long another process may hold the file's lock, and how often we try, in seconds.
_PATIENCE = 10.0
_RETRY = 0.005
#: A file lost more often than this in one run is being lost by something that goes on.
_LOSSES = 3

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
#: SQLITE_ERROR is what a missing table gives; 0 is Python's own, for text that isn't text.
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, 0})


class DamagedError(Exception):
    """The file doesn't hold what it should."""


class _BusyError(Exception):
    """Another process holds the lock just now."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of a file: SQLite's ``application_id`` and ``user_version``, and the statements that make it.

    ``fill`` writes the first rows; its second argument says whether an older file was lost.
    """

    application: int
    version: int
    statements: tuple[str, ...]
    fill: Callable[[sqlite3.Connection, bool], None]


class SlotFile:
    """A SQLite file that is made where it is missing, and made anew where it is damaged, the old one moved aside.

    Everything runs on the event loop's own thread: a transaction takes a tenth of a millisecond, and a lock held
    elsewhere is waited for with the clock's sleep. Synchronous durability isn't needed: what a power cut can take was
    written in another boot. A marker beside the file tells a file that is gone from one that never was.
    """

    def __init__(self, path: Path, layout: Layout, clock: Clock) -> None:
        self._path = path
        self._layout = layout
        self._clock = clock
        self._db: sqlite3.Connection | None = None
        self._seen: tuple[int, int] | None = None
        self._damaged: tuple[int, int] | None = None
        self._losses = 0
        #: Whether another file stands at the path than in the transaction before.
        self.replaced = False

    async def transact(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run the work in one exclusive transaction; DamagedError from it has the file made anew.

        Raises StorageError where the file can't be read or written, stays locked, or is lost again and again.
        """
        patience = self._clock.now() + _PATIENCE
        while True:
            try:
                return self._attempt(work)
            except DamagedError:
                self._damaged = self._seen
                self.close()
            except _BusyError as error:
                if self._clock.now() >= patience:
                    raise self._locked() from error
                await self._clock.sleep(_RETRY)

    def close(self) -> None:
        """Close the file; another transaction would open it again."""
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()
        self._db = None

    def count_loss(self) -> None:
        """Note that what the file held is lost; StorageError where that goes on and on."""
        self._losses += 1
        if self._losses > _LOSSES:
            raise StorageError(
                f"the slot store {self._path} keeps being lost or replaced. Set BULKOBJ_STATE_DIR to a folder that no"
                " other machine and no clean-up program uses"
            )

    def _attempt(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._explained():
            db = self._connected()
            with db:
                db.execute("BEGIN IMMEDIATE")
                done = work(db)
            self.replaced = False
            return done

    def _connected(self) -> sqlite3.Connection:
        if self._db is None or _identity(self._path) != self._seen:
            self.close()
            self._db = self._opened()
        return self._db

    def _opened(self) -> sqlite3.Connection:
        """Open the file, made first where it is missing or damaged, while no other process does the same."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock"), timeout=0, mode=0o600):
            if _identity(self._path) in {None, self._damaged}:
                self._make()
            found = _identity(self._path)
            self.replaced = self.replaced or self._seen not in {None, found}
            self._seen = found
            return _connect(self._path, self._verify)

    def _make(self) -> None:
        marker = self._path.with_suffix(".used")
        lost = self._seen is not None or marker.exists()
        if lost:
            self.count_loss()
        marker.touch(mode=0o600)
        self._move_aside()
        os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(_connect(self._path, _any)) as db, db:
            db.execute("BEGIN IMMEDIATE")
            db.execute(f"PRAGMA application_id = {self._layout.application:d}")
            db.execute(f"PRAGMA user_version = {self._layout.version:d}")
            for statement in self._layout.statements:
                db.execute(statement)
            self._layout.fill(db, lost)

    def _move_aside(self) -> None:
        """Keep a damaged file for whoever wonders; the new one must not be given the old one's log."""
        for ending in ("-wal", "-shm", "-journal", ""):
            with suppress(FileNotFoundError):
                Path(f"{self._path}{ending}").replace(f"{self._path}.damaged{ending}")

    def _verify(self, db: sqlite3.Connection) -> None:
        """Raise DamagedError unless the file is ours, of this version, and whole."""
        marks = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        if marks != [self._layout.application, self._layout.version]:
            raise DamagedError
        if db.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            raise DamagedError

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Sort what can go wrong into busy, damaged and unusable."""
        try:
            yield
        except Timeout as error:
            raise _BusyError from error
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says more than we need
            if code in _BUSY:
                raise _BusyError from error
            raise (DamagedError() if code in _DAMAGE else self._unusable(error)) from error
        except UnicodeDecodeError as error:  # SQLite quotes damaged bytes in its complaint
            raise DamagedError from error
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> StorageError:
        return StorageError(
            f"cannot use the slot store {self._path}: {cause(error)}. "
            "Set BULKOBJ_STATE_DIR to a folder that you can write to"
        )

    def _locked(self) -> StorageError:
        return StorageError(
            f"another program has locked the slot store {self._path} for {_PATIENCE:g} seconds. Check for a bulkobj"
            " that hangs, a backup or a database browser"
        )


def _connect(path: Path, verify: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    """Open without ever blocking, and close again what doesn't pass."""
    db = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = OFF")
        verify(db)
    except BaseException:
        db.close()
        raise
    return db


def _any(_: sqlite3.Connection) -> None:
    """Accept a file that is still empty."""


def _identity(path: Path) -> tuple[int, int] | None:
    """Return the identity of the file, which another file at the same path does not have; None: there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
