"""The ways in which a service may count calls, as pure functions of what was spent and the time.

What was spent is a short list of numbers whose meaning is the limiter's own, so that a store can keep it. A refused
call spends nothing. Times are seconds on any one clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from math import ceil, floor
from types import MappingProxyType

from bulkobj.core.model import Rate
from bulkobj.sandbox.limiter import Spent, Verdict
from bulkobj.sandbox.limiter import count as _log
from tests.service.behaviour import Behaviour

#: Far below any wait that matters, far above what sums of floating point times are wrong by.
EPSILON = 1e-6


def _fixed(rate: Rate, spent: Spent, now: float) -> tuple[Spent, Verdict]:
    """At most N in each of the windows of S seconds into which the clock is cut."""
    window = floor(now / rate.seconds)
    count = spent[1] if spent and spent[0] == window else 0
    admitted = count < rate.calls
    count += admitted
    return [window, count], Verdict(admitted, int(rate.calls - count), (window + 1) * rate.seconds - now)


def _counter(rate: Rate, spent: Spent, now: float) -> tuple[Spent, Verdict]:
    """The last S seconds estimated from this window's count and a share of the one before, as Cloudflare does."""
    window, fraction = divmod(now / rate.seconds, 1)
    seen, before, count = spent or (window, 0, 0)
    before, count = {0: (before, count), 1: (count, 0)}.get(int(window - seen), (0, 0))
    admitted = before * (1 - fraction) + count + 1 <= rate.calls + EPSILON
    count += admitted
    room = rate.calls - count - before * (1 - fraction)
    wait = _until_counter_admits(rate.calls, before, count) - fraction
    return [window, before, count], Verdict(admitted, max(floor(room + EPSILON), 0), max(wait, 0) * rate.seconds)


def _until_counter_admits(calls: int, before: float, count: float) -> float:
    """In windows from the start of this one, when the estimate leaves room for a call."""
    if count + 1 <= calls:
        return 1 - (calls - count - 1) / before if before else 0.0
    return 1 + (1 - (calls - 1) / count)


def _gcra(rate: Rate, spent: Spent, now: float) -> tuple[Spent, Verdict]:
    """The generic cell rate algorithm: a bucket of N that refills evenly in S seconds."""
    interval = rate.seconds / rate.calls
    full_at = max(spent[0] if spent else now, now)
    admitted = full_at - now <= rate.seconds - interval + EPSILON
    full_at += interval * admitted
    remaining = floor((rate.seconds - (full_at - now) + EPSILON) / interval)
    wait = full_at - now - (rate.seconds - interval) if remaining == 0 else full_at - now
    return [full_at], Verdict(admitted, remaining, max(wait, 0))


def _off(rate: Rate, spent: Spent, now: float) -> tuple[Spent, Verdict]:
    return spent, Verdict(admitted=True, remaining=rate.calls, reset=0)


LIMITERS: Mapping[str, Callable[[Rate, Spent, float], tuple[Spent, Verdict]]] = MappingProxyType(
    {"log": _log, "fixed": _fixed, "counter": _counter, "gcra": _gcra, "off": _off}
)


def limit_headers(behaviour: Behaviour, rate: Rate, verdict: Verdict, wall: datetime) -> dict[str, str]:
    """What an answer says of the limit, in the behaviour's spelling; ``wall`` is the time of day in UTC.

    Source: API.md, "Rate limit". Seconds are rounded up, so that who waits that long isn't early.
    """
    prefix = {"ratelimit": "RateLimit", "x-ratelimit": "X-RateLimit", "x-epoch": "X-RateLimit"}
    seconds = ceil(verdict.reset)
    until = wall + timedelta(seconds=verdict.reset)
    headers = {}
    if behaviour.limit_headers != "none":
        name = prefix[behaviour.limit_headers]
        reset = ceil(until.timestamp()) if behaviour.limit_headers == "x-epoch" else seconds
        headers = {f"{name}-Limit": rate.calls, f"{name}-Remaining": verdict.remaining, f"{name}-Reset": reset}
    texts = {header: str(value) for header, value in headers.items()}
    if not verdict.admitted and behaviour.retry_after != "none":
        full_second = until.replace(microsecond=0) + timedelta(seconds=until.microsecond > 0)
        dated = behaviour.retry_after == "date"
        texts["Retry-After"] = format_datetime(full_second, usegmt=True) if dated else str(seconds)
    return texts
