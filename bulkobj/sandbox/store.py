"""The store of the sandbox: an SQLite file in a folder, shared safely by servers, threads and processes.

A committed write survives the death of the process. It need not survive a power cut: nothing here is worth the wait.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from bulkobj.core.clock import Clock
from bulkobj.core.errors import StorageError, cause
from bulkobj.sandbox.limiter import Spent, Verdict
from bulkobj.sandbox.seeds import Document, seeds

FILE = "sandbox.sqlite"
VERSION = 2
HINT = " Run `bulkobj sandbox reset` to empty it"

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE documents (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, account TEXT, body TEXT NOT NULL,
    UNIQUE (kind, id)
);
CREATE INDEX documents_of_account ON documents (kind, account);
CREATE TABLE spending (key TEXT PRIMARY KEY, spent TEXT NOT NULL);
"""

UPGRADE = """DROP TABLE arrivals; DROP TABLE spending;
CREATE TABLE spending (key TEXT PRIMARY KEY, spent TEXT NOT NULL)"""


class Store:
    """The documents of the tenant and what each token has spent.

    A document is a JSON object with an ``id``, of one of the kinds ``objectives``, ``accounts``, ``statuses``,
    ``categories``, ``templates`` and
    ``users``. Usable from any thread, and faster between :meth:`hold` and :meth:`close`.
    StorageError where the folder or its file can't be used.
    """

    tables: tuple[str, ...] = ("meta", "documents", "spending")

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._lock = threading.RLock()
        self._held: sqlite3.Connection | None = None
        with self._explained():
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / "sandbox.lock"):
                self._prepare()

    def hold(self) -> None:
        """Keep the file open."""
        with self._lock, self._explained():
            self._held = self._held or _connect(self._folder / FILE)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._held:
                self._held.close()
            self._held = None

    @property
    def incarnation(self) -> str:
        """An id made when the store was, and anew when it is emptied."""
        return self._meta("incarnation")

    def reset(self) -> None:
        """Forget everything and begin with the seeds, as another incarnation; servers that run go on with that."""
        with self.transaction() as connection:
            for table in self.tables:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 # the names stand in the class
            self._fill(connection)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything or nothing, alone: no other thread or process reads or writes meanwhile what is decided on here.

        May stand inside another of the same thread, whose part it then is.
        """
        with self._lock, self._explained(), self._connection() as connection:
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def documents(self, kind: str, account: str | None = None) -> list[Document]:
        """Return all documents of a kind, or those of one account, in the order in which they were made."""
        of_account = "" if account is None else "AND account = :account"
        query = f"SELECT body FROM documents WHERE kind = :kind {of_account} ORDER BY number"  # noqa: S608 # see above
        with self.transaction() as connection:
            found = connection.execute(query, {"kind": kind, "account": account})
            return [json.loads(body) for (body,) in found]

    def document(self, kind: str, id: str) -> Document | None:  # noqa: A002 # the service's own word
        """Return the document, None where there is none."""
        query = "SELECT body FROM documents WHERE kind = ? AND id = ?"
        with self.transaction() as connection:
            found = connection.execute(query, (kind, id)).fetchone()
        return json.loads(found[0]) if found else None

    def save(self, kind: str, documents: Iterable[Document]) -> None:
        """Add the documents; one whose id is there already is replaced where it stands."""
        query = (
            "INSERT INTO documents (kind, id, account, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET account = excluded.account, body = excluded.body"
        )
        rows = ((kind, each["id"], each.get("accountId"), json.dumps(each)) for each in documents)
        with self.transaction() as connection:
            connection.executemany(query, rows)

    def remove(self, kind: str, id: str | None = None) -> bool:  # noqa: A002 # the service's own word
        """Remove one document, or all of a kind; whether there was any."""
        query = "DELETE FROM documents WHERE kind = :kind AND (:id IS NULL OR id = :id)"
        with self.transaction() as connection:
            return connection.execute(query, {"kind": kind, "id": id}).rowcount > 0

    def spend(self, key: str, count: Callable[[Spent], tuple[Spent, Verdict]]) -> Verdict:
        """Count a request: ``count`` maps what the key has spent to what it has spent now and the verdict."""
        with self.transaction() as connection:
            found = connection.execute("SELECT spent FROM spending WHERE key = ?", (key,)).fetchone()
            spent, verdict = count(json.loads(found[0]) if found else [])
            connection.execute("REPLACE INTO spending VALUES (?, ?)", (key, json.dumps(spent)))
        return verdict

    def _prepare(self) -> None:
        with self.transaction() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in SCHEMA.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {VERSION}")
                self._fill(connection)
            elif version == 1:  # it kept a log of requests, and what was spent by limiter
                for statement in (*UPGRADE.split(";"), f"PRAGMA user_version = {VERSION}"):
                    connection.execute(statement)
                self.save("users", seeds()["users"])
            elif version != VERSION:
                raise StorageError(f"the sandbox's data in {self._folder} are of another version of bulkobj.{HINT}")
            self._forget_old(connection)

    def _fill(self, connection: sqlite3.Connection) -> None:
        meta = {"incarnation": uuid.uuid4().hex, "boot": self._clock.boot}
        connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        for kind, documents in seeds().items():
            self.save(kind, documents)

    def _forget_old(self, connection: sqlite3.Connection) -> None:
        """Forget times of an earlier start of the machine: they mean nothing now."""
        spent = [json.loads(text) for (text,) in connection.execute("SELECT spent FROM spending")]
        ahead = any(max(times, default=0) > self._clock.now() for times in spent)
        if self._meta("boot") != self._clock.boot or ahead:
            connection.execute("DELETE FROM spending")
            connection.execute("UPDATE meta SET value = ? WHERE key = 'boot'", (self._clock.boot,))

    def _meta(self, key: str) -> str:
        with self.transaction() as connection:
            return str(connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0])

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        if self._held:
            yield self._held
            return
        self._held = _connect(self._folder / FILE)
        try:
            yield self._held
        finally:
            self.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                raise StorageError(f"the sandbox's data in {self._folder} are damaged.{HINT}") from error
            raise StorageError(
                f"cannot use the sandbox's data in {self._folder}: {cause(error)}. "
                "Set BULKOBJ_STATE_DIR to a folder that you can write to"
            ) from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def discard(folder: Path) -> None:
    """Take the store's files away, whatever state they are in."""
    for path in folder.glob(FILE + "*"):
        path.unlink(missing_ok=True)
