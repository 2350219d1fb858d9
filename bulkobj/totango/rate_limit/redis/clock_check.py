"""Detection of a server clock that was set forward: its slots would come free too soon."""

from __future__ import annotations

import math

#: How much longer than S a slot on a server's clock is held: by this many seconds, and by this share of S. The share is
#: twice what a clock that is being corrected gains on a true one (500 in a million); the rest exceeds what a clock can
#: be set forward unnoticed.
MARGIN = 0.05
MARGIN_SHARE = 0.001

#: What it may be ahead unexplained, in seconds: a clock of ours that moves in steps of 16 ms (Windows).
_UNNOTICED = 0.02
#: After that many seconds the comparison begins anew, as clocks drift apart.
_WINDOW = 20.0


class ServerClock:
    """Compares a server's clock with ours, which nobody can set.

    Its time was read at some moment between ``before`` and ``after`` on ours. So it is ahead of ours by at least what
    it shows beyond ``after``, and at most by what it shows beyond ``before``. Where the least exceeds what was the most
    a moment ago, it was set.
    """

    def __init__(self) -> None:
        self._most = math.inf
        self._since = 0.0

    def set_forward(self, before: float, after: float, there: float) -> bool:
        """Return whether it was set forward since it was last looked at; all times in seconds."""
        age = after - self._since
        forward = there - after > self._most + _UNNOTICED + age * MARGIN_SHARE
        if forward or there - before < self._most or age > _WINDOW:
            self._most, self._since = there - before, before
        return forward
