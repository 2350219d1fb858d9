"""The sandbox's store with a log of the requests that came in."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from bulkobj.sandbox.store import Store

SCHEMA = """CREATE TABLE IF NOT EXISTS arrivals (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER
)"""
#: How long the log reaches back when a store is opened, in seconds.
LOG_KEPT = 3600.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as the service saw it: when, in seconds on the machine's clock, and the path with its query as sent.

    ``status`` is the HTTP status that was answered, None while (and where) there is no answer.
    """

    at: float
    method: str
    path: str
    status: int | None


class RecordingStore(Store):
    """A store that logs arrivals, for all servers on its folder."""

    tables = (*Store.tables, "arrivals")

    def _fill(self, connection: sqlite3.Connection) -> None:
        connection.execute(SCHEMA)
        super()._fill(connection)

    def _forget_old(self, connection: sqlite3.Connection) -> None:
        connection.execute(SCHEMA)
        now = self._clock.now()
        (newest,) = connection.execute("SELECT max(at) FROM arrivals").fetchone()
        if self._meta("boot") != self._clock.boot or (newest or now) > now:
            connection.execute("DELETE FROM arrivals")
        connection.execute("DELETE FROM arrivals WHERE at < ?", (now - LOG_KEPT,))
        super()._forget_old(connection)

    def arrive(self, at: float, method: str, path: str) -> int:
        """Log a request that came in; its number, for :meth:`answered`."""
        query = "INSERT INTO arrivals (at, method, path) VALUES (?, ?, ?)"
        with self.transaction() as connection:
            return connection.execute(query, (at, method, path)).lastrowid or 0

    def answered(self, number: int, status: int) -> None:
        """Log what that request was answered."""
        with self.transaction() as connection:
            connection.execute("UPDATE arrivals SET status = ? WHERE number = ?", (status, number))

    def arrivals(self) -> list[Arrival]:
        """All requests that came in, in order of arrival."""
        query = "SELECT at, method, path, status FROM arrivals ORDER BY number"
        with self.transaction() as connection:
            return [Arrival(*row) for row in connection.execute(query)]
