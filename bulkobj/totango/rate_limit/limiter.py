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
#: A shorter wait isn't noticed, in seconds.
_NOTICED = 1.0


def _silent(_: float) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot for one request, which must have ended by ``deadline`` (on the clock's ``now``)."""

    id: int
    deadline: float


class RateLimiter:
    """Rate limiter shared by all processes that use the token; first come, first served.

    ``timeout`` is the total time that a call may take, in seconds. ``on_wait`` is told for how many seconds no call
    will go, once for each such time.
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

    async def take(self) -> Slot:
        """Wait for a slot, as long as it takes; every send takes one, retries too.

        Raises ServiceDownError where the service asks for a wait of more than 15 minutes, StorageError where the
        slot store can't be used.
        """
        async with self._queue:  # first come, first served, and only the first asks the slot store
            announced = -math.inf
            while isinstance(got := await self._asked(), Wait):
                self._check(got)
                announced = self._announced(got, announced)
                await self._clock.sleep(got.seconds)
            return got

    async def release(self, slot: Slot, limits: Limits | None) -> None:
        """The call is over: with an answer, and what it says of the limit, or (None) without, by failure or time-out.

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

    def _announced(self, wait: Wait, announced: float) -> float:
        """Tell of a wait worth telling, unless it ends when the one told of last does."""
        seconds = max(wait.seconds, wait.told)
        ends = self._clock.now() + seconds
        if seconds < _NOTICED or ends < announced + _NOTICED:
            return announced
        self._on_wait(seconds)
        return ends

    def _check(self, wait: Wait) -> None:
        if wait.told > max(_TOO_LONG, self._rate.seconds):
            until = self._clock.wall() + timedelta(seconds=min(wait.told, FOR_EVER))
            raise ServiceDownError(
                f"The service takes no calls with this token until {until:%Y-%m-%d %H:%M} UTC. Run the command again"
                " after that; `bulkobj resume` goes on with an import."
            )
