"""The wish to stop: what waits gives up at once, what is in flight is finished."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from bulkobj.core.errors import BulkobjError

T = TypeVar("T")


class StopRequestedError(Exception):
    """Raised out of a wait once a stop is asked for; ends the work at hand before its next call."""


class StopSignal:
    """Asked once, with the error that the command shall end with; a later reason does not replace the first."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.reason: BulkobjError | None = None

    def ask(self, reason: BulkobjError) -> None:
        """Ask everyone to stop."""
        self.reason = self.reason or reason
        self._event.set()

    @property
    def asked(self) -> bool:
        """Return whether a stop was asked for."""
        return self._event.is_set()

    async def unless_asked(self, wait: Coroutine[Any, Any, T]) -> T:
        """Return the wait's result. Once a stop is asked for, cancel the wait and raise StopRequestedError."""
        if self.asked:
            wait.close()
            raise StopRequestedError
        waiting, asked = asyncio.ensure_future(wait), asyncio.ensure_future(self._event.wait())
        try:
            await asyncio.wait({waiting, asked}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            raise StopRequestedError
        finally:
            asked.cancel()
            if not waiting.done():
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
