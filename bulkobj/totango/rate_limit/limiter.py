"""The rate limiter: a request takes a slot before its send, and releases it after (CONTRIBUTING, decisions 4, 5)."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bulkobj.core.clock import Clock
from bulkobj.core.errors import ServiceDownError, StorageError
from bulkobj.core.model import Rate
from bulkobj.totango.rate_limit.headers import FOR_EVER, Limits
from bulkobj.totango.rate_limit.slots import SlotStore, Wait

#: A longer wait that the service asks for isn't sat through, in seconds.
_TOO_LONG = 900.0
#: A shorter wait isn't reported, and reports come at this distance, in seconds.
_NOTICED = 1.0


def _silent(_: float) -> None:
    """Report to nobody."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot for one request, which must have ended by ``deadline`` (on the clock's ``now``)."""

    id: int
    deadline: float


class RateLimiter:
    """Rate limiter shared by all processes that use the token; first come, first served.

    ``timeout`` is the total time that a call may take, in seconds. ``on_wait`` is a callback
    that gets the seconds left of a wait, about once a second.
    """

    def __init__(
        self, store: SlotStore, rate: Rate, timeout: float, clock: Clock, on_wait: Callable[[float], None] = _silent
    ) -> None:
        self._store = store
        self._rate = rate
        self._timeout = timeout
        self._clock = clock
        self._on_wait = on_wait
        self._queue = asyncio.Lock()
        self._failure: StorageError | None = None
        self._next_report = -math.inf

    async def take(self) -> Slot:
        """Wait for a slot, as long as it takes; every send takes one, retries too.

        Raises ServiceDownError where the service asks for a wait of more than 15 minutes, StorageError where the
        slot store can't be used.
        """
        async with self._queue:  # first come, first served, and only the first asks the slot store
            while isinstance(got := await self._asked(), Wait):
                self._check(got)
                await self._sit_out(got)
            return got

    async def waits(self) -> tuple[float, ...]:
        """Return, for each slot, the seconds until it is free (0: free now), shortest first; for estimates only."""
        return await self._store.waits(self._rate)

    async def release(self, slot: Slot, limits: Limits | None) -> None:
        """End the slot with what the response says of the limit; None: there was no response.

        A call without an answer may still be on its way, so that its slot is held longer. An answer is never lost for
        the slot store's sake: if that fails, the slot lapses by itself, and the next ``take`` raises the StorageError.
        """
        try:
            await self._store.release(slot.id, self._rate, limits)
        except StorageError as error:
            self._failure = error

    async def _asked(self) -> Slot | Wait:
        if self._failure:
            raise self._failure
        deadline = self._clock.now() + self._timeout
        got = await self._store.take(self._rate, self._timeout)
        return got if isinstance(got, Wait) else Slot(got, deadline)

    async def _sit_out(self, wait: Wait) -> None:
        """Sleep until the wait is over, and give the callback the seconds left about once a second."""
        ends = self._clock.now() + wait.seconds
        while (rest := ends - self._clock.now()) > 0:
            left = max(rest, rest + wait.told - wait.seconds)
            if left >= _NOTICED and self._clock.now() >= self._next_report:
                self._next_report = self._clock.now() + _NOTICED
                self._on_wait(left)
            await self._clock.sleep(min(rest, max(_NOTICED, rest / 100)))

    def _check(self, wait: Wait) -> None:
        if wait.told > max(_TOO_LONG, self._rate.seconds):
            until = self._clock.wall() + timedelta(seconds=min(wait.told, FOR_EVER))
            raise ServiceDownError(
                f"the service takes no calls with this token until {until:%Y-%m-%d %H:%M} UTC. Run it again then"
            )
