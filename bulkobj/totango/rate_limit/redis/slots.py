"""The slot store in a Redis that several machines share, on that server's clock.

A look reads the state, the rules of :mod:`bulkobj.totango.rate_limit.slots` decide, and the change is made if
nothing came between; else we look again. Look and change are one script (``slots.lua``), so that no two machines can
take the last slot both.

What a Redis keeps can be lost in many ways: it was emptied, restarted, replaced by a replica that lags behind, short of
memory, or its clock was set. Each of them counts as if all slots had just been taken. So does a slot store that isn't
there: one that was never used can't be told from one that was emptied a moment ago.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from bulkobj.core.clock import Clock
from bulkobj.core.errors import SharedSlotStoreError
from bulkobj.core.model import Rate
from bulkobj.totango.rate_limit.headers import Limits, Restriction, ticks
from bulkobj.totango.rate_limit.redis.clock_check import MARGIN, MARGIN_SHARE, ServerClock
from bulkobj.totango.rate_limit.redis.script import Change, Look, State, read_look
from bulkobj.totango.rate_limit.slots import AHEAD, KEPT, Wait, forecast

#: A slot store that nobody uses for 30 days is forgotten, in milliseconds.
_EXPIRY = 30 * 86_400_000
#: For how long a call that outlives its time is taken to be in flight yet: longer than asking a server can take.
_RENEWED = ticks(30)
#: A slot store lost more often than this in one run is being lost by something that goes on.
_LOSSES = 3


class Server(Protocol):
    """The server that runs the script."""

    async def run(self, keys: list[str], args: list[str]) -> list[Any]:
        """Run the script; raises SharedSlotStoreError where the server can't be used."""

    async def close(self) -> None:
        """Let go of the server."""


_Decision = TypeVar("_Decision", bound=Wait | Change)


class RedisSlotStore:
    """The slot store of that name on a server.

    Each slot taken must be given back: while this object lives, its slots in flight are held however late they are.
    Raises SharedSlotStoreError where the server can't be used, or the slot store is lost again and again.
    """

    def __init__(self, server: Server, name: str, clock: Clock) -> None:
        self._server = server
        self._keys = [f"bulkobj:{{{name}}}:{part}" for part in ("state", "slots")]  # braces keep them on one node
        self._clock = clock
        self._server_clock = ServerClock()
        self._set_forward = False
        self._known: tuple[int, int] | None = None
        self._losses = 0
        self._in_flight: dict[int, int] = {}

    async def take(self, rate: Rate, lapse: float) -> int | Wait:
        """Take a slot if fewer than N are held and the service's word allows it."""
        hold, until = _hold(rate), ticks(lapse)

        def decide(look: Look) -> Wait | Change:
            wait = look.standing.wait(until, hold)
            if wait:
                return wait
            slot = max(look.now, look.state.latest + 1)
            return Change(replace(look.state, latest=slot), {slot: look.now + until})

        got = await self._transact(rate, decide)
        if isinstance(got, Wait):
            return got
        ((slot, over),) = got.slots.items()
        self._in_flight[slot] = over
        return slot

    async def release(self, slot: int, rate: Rate, limits: Limits | None) -> None:
        """Hold the slot for S from now; without an answer, for S from the end of its lapse."""
        lapses = self._in_flight.pop(slot, 0)

        def decide(look: Look) -> Change:
            if limits is None:
                return Change(look.state, {slot: max(look.now, lapses)})
            word = look.state.word.updated_by(limits, slot, look.now, ticks(rate.seconds))
            return Change(replace(look.state, word=word), {slot: look.now})

        await self._transact(rate, decide)

    async def waits(self, rate: Rate) -> tuple[float, ...]:
        """Return the seconds until each slot is free; a slot store that is lost has none free for S."""
        look = await self._step(rate)
        hold = _hold(rate)
        lost_until = look.now + hold if _is_lost(look) else look.state.lost_at + hold
        return forecast(look.now, look.overs, rate, hold, max(look.state.word.blocked_until, lost_until))

    async def check(self, rate: Rate) -> None:
        """Read and write the slot store without taking a slot; raises SharedSlotStoreError if that fails."""
        await self._transact(rate, lambda look: Change(look.state))

    async def close(self) -> None:
        """Close the connections."""
        await self._server.close()

    async def _transact(self, rate: Rate, decide: Callable[[Look], _Decision]) -> _Decision:
        """Decide on a look at a slot store that is whole, and change it; once more where another change came between.

        Answers may overtake each other: what was decided on a look that is out of date is not done.
        """
        look = await self._step(rate)
        while True:
            while mending := self._mending(look):
                look = await self._step(rate, look.stamp, mending)
                if look.applied:
                    self._mended(mending)
            decision = decide(look)
            if isinstance(decision, Wait):
                return decision
            look = await self._step(rate, look.stamp, decision)
            if look.applied:
                self._known = look.age
                return decision

    async def _step(self, rate: Rate, stamp: str = "", change: Change | None = None) -> Look:
        """Run the script, and compare the clocks."""
        hold = _hold(rate)
        args = [hold, rate.calls, stamp, change.as_json() if change else "", max(hold, KEPT), _EXPIRY]
        before = self._clock.now()
        look = read_look(await self._server.run(self._keys, [str(arg) for arg in args]))
        forward = self._server_clock.set_forward(before, self._clock.now(), look.now / ticks(1))
        self._set_forward = self._set_forward or forward
        return look

    def _mending(self, look: Look) -> Change | None:
        """Return the change to write before anything is decided: a new store for a lost one, or our late requests.

        A request of ours that outlives its time (the machine slept) still counts as in flight.

        """
        older = self._known is not None and look.age < self._known
        if self._set_forward or older or _is_lost(look):
            return Change(_begun_anew(look), anew=True)
        self._known = look.age
        late = {slot: look.now + _RENEWED for slot, lapses in self._in_flight.items() if lapses < look.now}
        return Change(look.state, late) if late else None

    def _mended(self, mending: Change) -> None:
        """Note what was written; the first use of a slot store isn't a loss of it."""
        self._in_flight |= {slot: over for slot, over in mending.slots.items() if slot in self._in_flight}
        if mending.anew:
            self._set_forward = False
            self._losses += self._known is not None
            self._known = None
        if self._losses > _LOSSES:
            raise SharedSlotStoreError(
                "the slot store keeps being lost: its Redis evicts keys, is emptied, or is several servers. Change its"
                ' configuration, or "slot_store" in the profile'
            )


def _is_lost(look: Look) -> bool:
    """Return whether the slot store may know nothing of calls that were just made."""
    if look.kept is None:
        return True
    _, marks = look.kept
    moved = look.server != marks.server  # restarted, or a replica in its place
    evicted = look.rows != marks.rows
    return moved or evicted or _set_back(look)


def _set_back(look: Look) -> bool:
    return look.kept is not None and look.now < look.kept[1].seen - AHEAD


def _begun_anew(look: Look) -> State:
    """Return a state that was lost just now; what was written on a clock that was wrong since doesn't count."""
    old = State(look.now, 0, Restriction()) if _set_back(look) else look.state
    return replace(old, lost_at=look.now)


def _hold(rate: Rate) -> int:
    """For how long a slot is held: longer than S by what the clocks may differ."""
    return ticks(rate.seconds * (1 + MARGIN_SHARE) + MARGIN)
