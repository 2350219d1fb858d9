"""The documented limit: at most N requests in any S seconds, as a pure function of what was spent and the time."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from bulkobj.core.model import Rate

#: Numbers that a store keeps for a limiter: here the times of the requests that were admitted.
Spent = list[float]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision: admitted or not, the requests left now, and the seconds until there are more."""

    admitted: bool
    remaining: int
    reset: float


def count(rate: Rate, spent: Spent, now: float) -> tuple[Spent, Verdict]:
    """Return what is spent after one more request, and its verdict; a request counts until exactly S seconds later."""
    held = [at for at in spent if now - at < rate.seconds]
    admitted = len(held) < rate.calls
    held += [now] * admitted
    return held, Verdict(admitted, max(rate.calls - len(held), 0), held[0] + rate.seconds - now)


def limit_headers(rate: Rate, verdict: Verdict) -> dict[str, str]:
    """Return the documented headers; seconds are rounded up, so that nobody who waits that long is early."""
    values = {"Limit": rate.calls, "Remaining": verdict.remaining, "Reset": ceil(verdict.reset)}
    return {f"RateLimit-{name}": str(value) for name, value in values.items()}
