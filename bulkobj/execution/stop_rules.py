"""When a run stops by itself: too many rows failed, or the first ones all failed of one cause."""

from __future__ import annotations

from bulkobj.core.errors import StoppedError
from bulkobj.core.model import Result
from bulkobj.core.shutdown import StopSignal
from bulkobj.execution.journal.records import Outcome

_FIRST = 10
_ERRORS = frozenset({Result.FAILED, Result.UNKNOWN, Result.CONFLICT})


class HaltingRules:
    """Sees every outcome, and asks for a stop; ``max_errors`` None is any number (contract, ``--max-errors``)."""

    def __init__(self, stop: StopSignal, max_errors: int | None) -> None:
        self._stop = stop
        self._max_errors = max_errors
        self._errors = 0
        self._outcomes = 0
        self._causes: set[str] = set()

    def saw(self, outcome: Outcome) -> None:
        """Take note of an outcome."""
        self._outcomes += 1
        if outcome.result in _ERRORS:
            self._errors += 1
            self._causes.add(f"{outcome.http_status} {outcome.message}")
        if self._max_errors is not None and self._errors >= self._max_errors:
            self._stop.ask(StoppedError(f"stopped after {self._errors} rows that were not done (--max-errors)"))
        elif self._outcomes == self._errors == _FIRST and len(self._causes) == 1:
            self._stop.ask(
                StoppedError(f"stopped, as the first {_FIRST} rows all failed of one cause: {outcome.message}")
            )
