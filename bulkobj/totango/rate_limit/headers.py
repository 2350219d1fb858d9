"""Rate-limit headers of a response, and the restriction that follows; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_REMAINING = ("ratelimit-remaining", "x-ratelimit-remaining")
_RESET = ("retry-after", "ratelimit-reset", "x-ratelimit-reset")
_WHOLE = re.compile(r"[0-9]{1,15}")
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")

#: A number of seconds above this is a time of day, in seconds since 1970.
_EPOCH = 1e9
#: A service that cuts off its fractions resets up to a second later than it says.
_CUT_OFF = 1.0
#: A reset further away than a day is taken for a mistake.
_BELIEVABLE = 86_400.0

#: More seconds than anybody waits, and few enough for SQLite and for dates.
FOR_EVER = 1e9


def ticks(seconds: float) -> int:
    """Seconds as the whole microseconds in which the slot store counts; 30 years are as good as for ever."""
    return round(min(seconds, FOR_EVER) * 1_000_000)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limit as one response states it; None: not stated, or not readable.

    ``remaining`` is the number of calls left until the reset, ``reset`` the seconds from now until the latest moment
    at which that can be, ``refused`` whether the call was turned away for the limit (429).
    """

    remaining: int | None = None
    reset: float | None = None
    refused: bool = False


def read_limits(status: int, headers: Mapping[str, str], wall: datetime) -> Limits:
    """Read ``RateLimit-*``, ``X-RateLimit-*`` and ``Retry-After`` (API.md, "Rate limit").

    Of several values the strictest counts. A reset may be a number of seconds, seconds since 1970 or an HTTP date; a
    time of day is compared with the answer's own ``Date`` where it has one, so that a clock that is wrong (``wall``,
    ours, in UTC) does no harm. Whatever is malformed, negative, past or absurdly far away is ignored.
    """
    said = {name.lower(): value.strip() for name, value in headers.items()}
    there = http_date(said.get("date", "")) or wall
    remaining = [int(said[name]) for name in _REMAINING if _WHOLE.fullmatch(said.get(name, ""))]
    resets = [seconds for name in _RESET if (seconds := _seconds(said.get(name, ""), there)) is not None]
    return Limits(min(remaining, default=None), max(resets, default=None), refused=status == 429)


def _seconds(text: str, there: datetime) -> float | None:
    """Return the time from ``there`` to the latest moment that the text can mean; None where it means none."""
    if _NUMBER.fullmatch(text):
        number = float(text)
        seconds = number - there.timestamp() if number > _EPOCH else number
    elif date := http_date(text):
        seconds = (date - there).total_seconds()
    else:
        return None
    return seconds + _CUT_OFF if 0 <= seconds <= _BELIEVABLE else None


def http_date(text: str) -> datetime | None:
    """Return the moment of an HTTP date in UTC; None for text that is none, or beyond the calendar."""
    try:
        date = parsedate_to_datetime(text)
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


@dataclass(frozen=True, slots=True)
class Restriction:
    """The service's word as all processes of one token share it; every time is in ticks of the slot store's clock.

    Nobody sends until after ``blocked_until``. Before ``quota_until`` at most ``quota_left`` calls may be sent of those
    sent after ``quota_after``: the sending time of the call whose answer said so. What was sent earlier is taken to be
    counted by the service already. It only ever makes waiting longer than our own rate does (CONTRIBUTING, decision 5).
    """

    blocked_until: int = -1
    quota_after: int = 0
    quota_left: int = 0
    quota_until: int = 0

    def updated_by(self, limits: Limits, sent: int, now: int, period: int) -> Restriction:
        """Return the restriction after an answer, received now, to the call sent at ``sent``.

        ``period`` is the rate's S, which counts where no reset is said. Of answers that overtook each other the one to
        the latest call holds.
        """
        until = now + (period if limits.reset is None else ticks(limits.reset))
        if limits.refused or limits.remaining == 0:
            return self._blocked(until, period)
        if limits.remaining is None:
            return self._probed() if sent > self.blocked_until else self
        if sent < self.quota_after and now < self.quota_until:
            return self
        return replace(self, quota_after=sent, quota_left=limits.remaining, quota_until=until)

    def _blocked(self, until: int, period: int) -> Restriction:
        """Nobody sends until then, and after it one call goes to look before the others follow."""
        if until <= self.blocked_until:
            return self
        return Restriction(until, quota_after=until, quota_left=1, quota_until=until + period)

    def _probed(self) -> Restriction:
        """Lift the restriction after a probing request whose response says nothing of what is left."""
        return replace(self, quota_until=0) if self.quota_after == self.blocked_until else self
