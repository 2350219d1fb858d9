"""When a call is tried again, after how long, and when the service is taken to be down; tenacity carries the waiting.

Every wait scales with the seconds of the rate, so that a test at ``99/3`` runs twenty times as fast as ``99/60``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

import tenacity

from bulkobj.core.clock import Clock
from bulkobj.totango.responses import Exchange, Response, Verdict

_BASE, _CAP, _MINUTE = 1.0, 20.0, 60.0
_ATTEMPTS, _ATTEMPTS_BEFORE_FIRST_SUCCESS, _LIMITED_ATTEMPTS = 7, 4, 40
_FREE_RETRIES, _RETRY_SHARE = 30, 0.2
_CONSECUTIVE = 5
_GATEWAY = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class Attempt:
    """An exchange with its verdict."""

    verdict: Verdict
    exchange: Exchange


class Health:
    """The health of the service as a command's requests show it: a retry budget and a circuit breaker.

    The budget is 30 retries and one for every five calls. The breaker opens when calls have failed, one after the
    other, for as long as the rate's seconds; an error of the application (500) is an answer, and does not count.
    """

    def __init__(self, clock: Clock, patience: float) -> None:
        self._clock = clock
        self._patience = patience
        self._calls = 0
        self._retries = 0
        self._failures = 0
        self._failing_since = 0.0
        self._succeeded = False

    @property
    def attempts(self) -> int:
        """The number of tries of a request: fewer until one has shown that the service is there at all."""
        return _ATTEMPTS if self._succeeded else _ATTEMPTS_BEFORE_FIRST_SUCCESS

    def saw(self, tried: Attempt) -> None:
        """Take note of an exchange."""
        self._calls += 1
        if not _is_outage(tried):
            self._failures, self._succeeded = 0, True
            return
        self._failing_since = self._failing_since if self._failures else self._clock.now()
        self._failures += 1

    def retried(self, tried: Attempt) -> None:
        """Count a retry against the budget; after a 429 it is free, because the rate limiter delays it."""
        self._retries += tried.verdict is not Verdict.LIMITED

    @property
    def broken(self) -> bool:
        """Return whether the breaker is open."""
        return self._failures >= _CONSECUTIVE and self._clock.now() - self._failing_since >= self._patience

    @property
    def down(self) -> bool:
        """Return whether nothing is to be tried again: the breaker is open, or the budget spent."""
        return self.broken or self._retries >= _FREE_RETRIES + _RETRY_SHARE * self._calls


def _is_outage(tried: Attempt) -> bool:
    if tried.verdict is Verdict.LOST and isinstance(tried.exchange, Response):
        return tried.exchange.status in _GATEWAY
    return tried.verdict in {Verdict.LOST, Verdict.NOT_SENT}


@dataclass(frozen=True, slots=True)
class Retrying:
    """Tries a call until its verdict is not one of those that a retry may mend, with full jitter between the tries."""

    health: Health
    seconds: float
    sleep: Callable[[float], Awaitable[None]]
    random: Random

    async def __call__(self, attempt: Callable[[], Awaitable[Attempt]], again: frozenset[Verdict]) -> Attempt:
        """Return the last try's exchange with its verdict."""
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_result(lambda tried: tried.verdict in again),
            wait=self._wait,
            stop=self._enough,
            sleep=self.sleep,
            before_sleep=lambda state: self.health.retried(_result(state)),
            retry_error_callback=_result,
        )

        async def once() -> Attempt:  # tenacity awaits only what is plainly a coroutine function
            return await attempt()

        return await retrying(once)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        if _result(state).verdict is Verdict.LIMITED:
            return 0.0  # the rate limiter lets nobody go before the limit is reset
        longest = min(_CAP, _BASE * 2 ** (state.attempt_number - 1))
        return self.random.uniform(0, longest) * self.seconds / _MINUTE

    def _enough(self, state: tenacity.RetryCallState) -> bool:
        limited = _result(state).verdict is Verdict.LIMITED
        return self.health.down or state.attempt_number >= (_LIMITED_ATTEMPTS if limited else self.health.attempts)


def _result(state: tenacity.RetryCallState) -> Attempt:
    if state.outcome is None:
        raise RuntimeError("tenacity asked before the first try")
    tried: Attempt = state.outcome.result()
    return tried
