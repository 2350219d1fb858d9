"""The connection to the Redis of a shared slot store, and what can go wrong with it."""

from __future__ import annotations

import asyncio
from typing import Any

from bulkobj.config.redis_url import RedisUrl
from bulkobj.core.clock import Clock
from bulkobj.core.errors import SharedSlotStoreError, UsageError
from bulkobj.core.text import clean
from bulkobj.totango.rate_limit.redis.script import script

#: How long one try may take, how long a server that we had reached may be away, and how often we try, in seconds.
_TIMEOUT = 5.0
_PATIENCE = 10.0
_RETRY = 0.25


class RedisServer:
    """Runs the slot store's script in the Redis of that URL; connects when it is first asked.

    Raises UsageError where the library isn't installed.
    """

    def __init__(self, url: RedisUrl, clock: Clock, timeout: float = _TIMEOUT) -> None:
        try:
            from redis import exceptions  # noqa: PLC0415 - an extra, that only a shared slot store needs
            from redis.asyncio import Redis  # noqa: PLC0415 - the same
            from redis.asyncio.retry import Retry  # noqa: PLC0415 - the same
            from redis.backoff import NoBackoff  # noqa: PLC0415 - the same
        except ImportError as error:
            raise UsageError(
                f"the library for the shared slot store {url} isn't installed: pip install 'bulkobj[redis]'"
            ) from error
        self._url = url
        self._clock = clock
        self._timeout = timeout
        self._reached = False
        self._errors = exceptions
        # Its own retries would last longer than ours, and the old protocol is the one that every server speaks.
        self._client = Redis.from_url(url.full, decode_responses=True, protocol=2, retry=Retry(NoBackoff(), 0))
        self._script = self._client.register_script(script())

    async def run(self, keys: list[str], args: list[str]) -> list[Any]:
        """Run the script, for some seconds again and again where a server that we had reached is away.

        A try whose answer is lost may have been made all the same. Raises SharedSlotStoreError.
        """
        patience = self._clock.now() + (_PATIENCE if self._reached else 0)
        while True:
            try:
                async with asyncio.timeout(self._timeout):
                    answer: list[Any] = await self._script(keys=keys, args=args)
            except (self._errors.RedisError, OSError) as error:
                if not self._may_pass(error) or self._clock.now() >= patience:
                    self._reached = False
                    raise self._unusable(error) from None  # a library's traceback may show what a URL holds
                await self._clock.sleep(_RETRY)
            else:
                self._reached = True
                return answer

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _may_pass(self, error: Exception) -> bool:
        """Return whether the server is out of reach, starting, or about to fail over."""
        known = self._errors
        passing = (known.ConnectionError, known.TimeoutError, known.ReadOnlyError, known.MasterDownError, OSError)
        return isinstance(error, passing)

    def _unusable(self, error: Exception) -> SharedSlotStoreError:
        said = clean(self._url.without_secrets(str(error))).rstrip(".")
        reason = said or f"no answer within {self._timeout:g} s"
        return SharedSlotStoreError(
            f"cannot use the slot store {self._url} ({reason}); nothing is sent without it. Check that this Redis runs,"
            ' and "slot_store" in the profile'
        )
