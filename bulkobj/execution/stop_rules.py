"""Rules that end a run early: too many rows failed, the first ones all for one cause, or the token may not write."""

from __future__ import annotations

from bulkobj.core.errors import AuthorizationError, StoppedError
from bulkobj.core.model import Result
from bulkobj.core.shutdown import StopSignal
from bulkobj.execution.journal.records import Outcome

_FIRST = 10
_FORBIDDEN_ACCOUNTS = 5
_ERRORS = frozenset({Result.FAILED, Result.UNKNOWN, Result.CONFLICT})


class StopRules:
    """Sees every outcome and asks for a stop; ``max_errors`` None is any number (option ``--max-errors``)."""

    def __init__(self, stop: StopSignal, max_errors: int | None) -> None:
        self._stop = stop
        self._max_errors = max_errors
        self._errors = 0
        self._outcomes = 0
        self._causes: set[str] = set()
        self._forbidden: set[str] = set()

    def saw(self, account_id: str, outcome: Outcome) -> None:
        """Count an outcome."""
        self._outcomes += 1
        if outcome.result in _ERRORS:
            self._errors += 1
            self._causes.add(f"{outcome.http_status} {outcome.message}")
        if outcome.http_status == 403:
            self._forbidden.add(account_id)
        elif outcome.http_status is not None:
            self._forbidden.clear()
        if len(self._forbidden) >= _FORBIDDEN_ACCOUNTS:
            message = f"{len(self._forbidden)} accounts in a row refused the token: {outcome.message}"
            self._stop.ask(AuthorizationError(f"{message}. Use the token of an admin"))
        elif self._max_errors is not None and self._errors >= self._max_errors:
            self._stop.ask(StoppedError(f"stopped after {self._errors} rows that were not done (--max-errors)"))
        elif self._outcomes == self._errors == _FIRST and len(self._causes) == 1:
            self._stop.ask(
                StoppedError(f"stopped: the first {_FIRST} rows all failed for one cause: {outcome.message}")
            )
