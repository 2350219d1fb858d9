"""The slot store in a file of the state folder, for all processes of one machine.

The file holds a row for each slot: when its call was sent, and when it was over or will be at the latest. Expiries are
not stored, since each process counts with its own S. The clock is the one that all processes of the machine share. A
file that is gone, damaged, of another boot or of another version is a slot store that was lost.
"""

from __future__ import annotations

import sqlite3
from dataclasses import astuple, dataclass
from pathlib import Path

from bulkobj.core.clock import Clock
from bulkobj.core.model import Rate
from bulkobj.totango.rate_limit.headers import Limits, Restriction, ticks
from bulkobj.totango.rate_limit.slots import AHEAD, KEPT, Standing, Wait, forecast, slot_store_name
from bulkobj.totango.rate_limit.sqlite_file import DamagedError, Layout, SlotFile

#: Held longer than S by this, for clocks of 16 ms steps (Windows) and a service whose seconds are a little longer.
_MARGIN = ticks(0.02)

_STATEMENTS = (
    "CREATE TABLE slot (sent INTEGER PRIMARY KEY, over INTEGER CHECK (typeof(over) = 'integer'))",
    "CREATE INDEX slot_over ON slot (over)",
    """CREATE TABLE state (
        boot TEXT CHECK (typeof(boot) = 'text'),
        lost_at INTEGER CHECK (typeof(lost_at) IN ('integer', 'null')),
        blocked_until INTEGER CHECK (typeof(blocked_until) = 'integer'),
        quota_after INTEGER CHECK (typeof(quota_after) = 'integer'),
        quota_left INTEGER CHECK (typeof(quota_left) = 'integer'),
        quota_until INTEGER CHECK (typeof(quota_until) = 'integer')
    )""",
)


def slot_store_path(state_dir: Path, token: str) -> Path:
    """Return the path of a token's slot store."""
    return state_dir / "ledgers" / f"{slot_store_name(token)}.sqlite"


@dataclass(frozen=True, slots=True)
class _State:
    boot: str
    lost_at: int | None
    restriction: Restriction


class SqliteSlotStore:
    """The slot store in a SQLite file of the state folder, made at its first use.

    Each slot taken must be given back: while this object lives, its slots in flight are held however late they are.
    Raises StorageError where the file can't be used, stays locked for ten seconds, or is lost again and again.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._boot = clock.boot
        self._file = SlotFile(path, Layout(0x626B6F6C, 1, _STATEMENTS, self._fill), clock)
        self._last: int | None = None
        self._in_flight: dict[int, int] = {}

    async def take(self, rate: Rate, lapse: float) -> int | Wait:
        """Take a slot if fewer than N are held and the service's word allows it."""
        got = await self._file.transact(lambda db: self._take(db, rate, ticks(lapse)))
        if not isinstance(got, Wait):
            self._in_flight[got] = got + ticks(lapse)
        return got

    async def release(self, slot: int, rate: Rate, limits: Limits | None) -> None:
        """Hold the slot for S from now; without an answer, for S from the end of its lapse."""
        lapses = self._in_flight.pop(slot, 0)
        await self._file.transact(lambda db: self._release(db, slot, rate, limits, lapses))

    async def waits(self, rate: Rate) -> tuple[float, ...]:
        """Return the seconds until each slot is free."""
        return await self._file.transact(lambda db: self._waits(db, rate))

    async def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _take(self, db: sqlite3.Connection, rate: Rate, lapse: int) -> int | Wait:
        now, state = self._begin(db)
        self._renew(db, now)
        hold = ticks(rate.seconds) + _MARGIN
        db.execute("DELETE FROM slot WHERE over < ?", (now - max(hold, KEPT),))
        wait = _standing(db, now, state, rate.calls, hold).wait(lapse, hold)
        if wait:
            return wait
        slot = max(now, _latest(db) + 1)
        _put(db, slot, now + lapse)
        return slot

    def _waits(self, db: sqlite3.Connection, rate: Rate) -> tuple[float, ...]:
        now, state = self._begin(db)
        hold = ticks(rate.seconds) + _MARGIN
        overs = [over for (over,) in db.execute("SELECT over FROM slot WHERE over > ?", (now - hold,))]
        lost_until = -1 if state.lost_at is None else state.lost_at + hold
        return forecast(now, overs, rate, hold, max(state.restriction.blocked_until, lost_until))

    def _release(self, db: sqlite3.Connection, slot: int, rate: Rate, limits: Limits | None, lapses: int) -> None:
        now, state = self._begin(db)
        _put(db, slot, max(now, lapses) if limits is None else now)
        if limits is not None:
            heeded = state.restriction.updated_by(limits, slot, now, ticks(rate.seconds))
            if heeded != state.restriction:
                _write(db, _State(state.boot, state.lost_at, heeded))

    def _begin(self, db: sqlite3.Connection) -> tuple[int, _State]:
        """Return the time, read under the lock, and the state, marked as lost where it has no history."""
        now, state = ticks(self._clock.now()), _read(db)
        if state.boot != self._boot or _latest(db) > now + AHEAD:
            self._file.count_loss()
            db.execute("DELETE FROM slot")
            state = _State(self._boot, now, Restriction())
            _write(db, state)
        elif self._file.replaced and self._missed(state):
            state = _State(state.boot, now, state.restriction)
            _write(db, state)
        self._last = now
        return now, state

    def _missed(self, state: _State) -> bool:
        """Return whether our calls until now are missing from the file without its saying so."""
        return self._last is not None and (state.lost_at is None or state.lost_at < self._last)

    def _renew(self, db: sqlite3.Connection, now: int) -> None:
        """Keep a request of ours that outlives its time: the machine slept, and it is still in flight."""
        for slot, lapses in self._in_flight.items():
            if lapses < now:
                _put(db, slot, now)

    def _fill(self, db: sqlite3.Connection, lost: bool) -> None:  # noqa: FBT001 - the layout's only question
        now = ticks(self._clock.now())
        _write(db, _State(self._boot, now if lost else None, Restriction()))


def _standing(db: sqlite3.Connection, now: int, state: _State, calls: int, hold: int) -> Standing:
    word = state.restriction
    spent, in_flight = _spent(db, now, word) if now < word.quota_until else (0, False)
    return Standing(now, state.lost_at, _next_over(db, now, calls, hold), word, spent, in_flight)


def _next_over(db: sqlite3.Connection, now: int, calls: int, hold: int) -> int | None:
    """When the slot is over that must come free before fewer than ``calls`` are held."""
    (held,) = db.execute("SELECT count(*) FROM slot WHERE over > ?", (now - hold,)).fetchone()
    if held < calls:
        return None
    next_free = "SELECT over FROM slot WHERE over > ? ORDER BY over LIMIT 1 OFFSET ?"
    (over,) = db.execute(next_free, (now - hold, held - calls)).fetchone()
    return int(over)


def _spent(db: sqlite3.Connection, now: int, word: Restriction) -> tuple[int, bool]:
    """Return how many calls of the quota were sent, and whether one of them is in flight."""
    spent = "SELECT count(*), coalesce(max(over) > ?, 0) FROM slot WHERE sent > ?"
    calls, in_flight = db.execute(spent, (now, word.quota_after)).fetchone()
    return calls, bool(in_flight)


def _latest(db: sqlite3.Connection) -> int:
    (sent,) = db.execute("SELECT max(sent) FROM slot").fetchone()
    return -1 if sent is None else int(sent)


def _put(db: sqlite3.Connection, slot: int, over: int) -> None:
    """Write a slot's row, a second time where the file has been made anew meanwhile."""
    db.execute("INSERT OR REPLACE INTO slot VALUES (?, ?)", (slot, over))


def _read(db: sqlite3.Connection) -> _State:
    row = db.execute("SELECT boot, lost_at, blocked_until, quota_after, quota_left, quota_until FROM state").fetchone()
    if row is None:
        raise DamagedError
    boot, lost_at, *word = row
    return _State(boot, lost_at, Restriction(*word))


def _write(db: sqlite3.Connection, state: _State) -> None:
    db.execute("DELETE FROM state")
    row = (state.boot, state.lost_at, *astuple(state.restriction))
    db.execute("INSERT INTO state VALUES (?, ?, ?, ?, ?, ?)", row)
