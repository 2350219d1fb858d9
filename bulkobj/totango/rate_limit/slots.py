"""Slots: which of our requests the service may be counting now, and who has to wait for them.

A slot is held from before the send until S seconds after the response (CONTRIBUTING, decision 4). A slot store keeps
when each request was sent, and when it ended or will have ended at the latest. Times are microseconds on the store's
own clock; a slot's id is its sending time, made unique. If the store is lost, recent requests are unknown, so a new
store starts with all slots taken.

Each store (a file of this machine, or a Redis that several machines share) keeps the facts; this module decides.

"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from bulkobj.core.model import Rate
from bulkobj.totango.rate_limit.headers import Limits, Restriction, ticks

#: Rows are kept for this long, for processes whose S is longer than that of the one that prunes.
KEPT = ticks(600)
#: A row this far in the future was written before the clock started anew or was set back.
AHEAD = ticks(1)
#: How often to look whether an answer to a call in flight has loosened a quota.
_POLL = ticks(0.1)
#: A shorter wait isn't worth waking up for.
_SHORTEST = ticks(0.001)


@dataclass(frozen=True, slots=True)
class Wait:
    """No slot is to be had: ask again in ``seconds``. ``told`` is how long the service's own word keeps us, or 0."""

    seconds: float
    told: float = 0.0


class SlotStore(Protocol):
    """Storage backend of the rate limiter. Each keeps its own time; ids are opaque."""

    async def take(self, rate: Rate, lapse: float) -> int | Wait:
        """Take a slot, for a call that is over within ``lapse`` seconds even if this process dies, or say to wait."""

    async def release(self, slot: int, rate: Rate, limits: Limits | None) -> None:
        """End the slot and apply what the response says; None: no response came, it may still be travelling."""

    async def waits(self, rate: Rate) -> tuple[float, ...]:
        """Return, for each of the rate's slots, the seconds until it is free, shortest first; takes none."""

    async def close(self) -> None:
        """Let go of the slot store; slots in flight lapse."""


def forecast(now: int, overs: Iterable[int], rate: Rate, hold: int, blocked_until: int) -> tuple[float, ...]:
    """Return the seconds until each slot of the rate is free; ``overs`` are the ends of the requests that hold one.

    A request in flight counts as ended now: that is the earliest.
    """
    held = sorted(max(min(over, now) + hold - now, 0) for over in overs)
    waits = [0] * (rate.calls - len(held)) + held[max(len(held) - rate.calls, 0) :]
    blocked = max(blocked_until - now, 0)
    return tuple(max(wait, blocked) / ticks(1) for wait in waits)


def slot_store_name(token: str) -> str:
    """Return the name of a token's slot store: a hash, because the token appears nowhere (README)."""
    return hashlib.sha256(b"bulkobj ledger\0" + token.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a slot store at ``now``; every time is in ticks of its clock.

    ``lost_at`` is when what came before was lost, if ever. ``next_over`` belongs to the held slot that must come free
    before fewer than N are held, None where fewer are. Before ``word.quota_until``, ``spent`` is how many calls were
    sent after ``word.quota_after``, and ``in_flight`` whether one of them has no answer yet.
    """

    now: int
    lost_at: int | None
    next_over: int | None
    word: Restriction
    spent: int = 0
    in_flight: bool = False

    def wait(self, lapse: int, hold: int) -> Wait | None:
        """Return the longest of the waits that there is reason for, or None: a slot may be taken.

        ``lapse`` is how long a call may take, ``hold`` for how long its slot is held after it.
        """
        reasons = [*self._lost(lapse + hold), *self._held(hold), *self._restricted()]
        return max(reasons, key=lambda wait: wait.seconds, default=None)

    def _lost(self, until: int) -> Iterator[Wait]:
        """Wait as if all slots had been taken when the slot store was lost, and none had come back."""
        if self.lost_at is not None and self.now < self.lost_at + until:
            yield _wait(self.lost_at + until - self.now)

    def _held(self, hold: int) -> Iterator[Wait]:
        """Wait while all slots are held, until the next can come free: one in flight not before S from now."""
        if self.next_over is not None:
            yield _wait(min(self.next_over, self.now) + hold - self.now)

    def _restricted(self) -> Iterator[Wait]:
        """Wait where the service says so; an answer still to come may loosen a quota, so that is looked at often."""
        if self.now <= self.word.blocked_until:
            yield _wait(self.word.blocked_until - self.now, told=self.word.blocked_until - self.now)
        if self.now < self.word.quota_until and self.spent >= self.word.quota_left:
            left = self.word.quota_until - self.now
            yield _wait(min(left, _POLL), told=0 if self.in_flight else left)


def _wait(duration: int, told: int = 0) -> Wait:
    return Wait(max(duration, _SHORTEST) / ticks(1), told / ticks(1))
