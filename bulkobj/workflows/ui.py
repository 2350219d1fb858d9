"""What the pipeline asks of whoever sits before it: a terminal, a test, or a script of the user's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bulkobj.core.model import Rate
from bulkobj.planning.plan import Live, Plan
from bulkobj.reports.report import Report
from bulkobj.validation.names import Suggestion


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many writes a plan takes, and about how many seconds at the rate."""

    calls: int
    seconds: float
    rate: Rate

    @classmethod
    def of(cls, writes: int, spent: int, rate: Rate, concurrency: int) -> Estimate:
        """The writes begin with what reading has left of the rate; a call is taken to last a third of a second."""
        spent = min(spent, rate.calls)
        windows = (spent + writes - 1) // rate.calls
        in_last = (spent + writes - 1) % rate.calls + 1
        return cls(writes, windows * rate.seconds + 0.3 * in_last / concurrency, rate)


class Ui(Protocol):
    """What the user sees and is asked meanwhile."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """So many of so many are done of a stage."""

    def waiting(self, seconds: float) -> None:
        """No call goes for so long, by the rate limit."""

    def tell(self, text: str) -> None:
        """Something that the user should know."""

    def accepts(self, suggestion: Suggestion) -> bool:
        """Whether the suggested name is meant, now and from now on."""

    def agrees(self, plan: Plan, estimate: Estimate) -> bool:
        """Whether the plan shall be carried out."""

    def agrees_to_rest(self, report: Report, live: Live) -> bool:
        """Whether the rest shall be sent too, now that the first rows are done and were read back."""

    def began(self, run: str) -> None:
        """Note the run whose journal exists from here on."""

    def stoppable(self, ask: Callable[[], None] | None) -> None:
        """Take a function that ends the work from any thread, as Ctrl-C does; None once the work is over."""


class Unattended:
    """Nobody sits there: whoever called has agreed already. For scripts; suggested names are not accepted."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """Go unseen."""

    def waiting(self, seconds: float) -> None:
        """Go unseen."""

    def tell(self, text: str) -> None:
        """Go unheard."""

    def accepts(self, _: Suggestion) -> bool:
        """Leave the name unknown, so that its rows are invalid."""
        return False

    def agrees(self, _: Plan, __: Estimate) -> bool:
        """Carry it out."""
        return True

    def agrees_to_rest(self, _: Report, __: Live) -> bool:
        """Carry it out."""
        return True

    def began(self, run: str) -> None:
        """Do nothing."""

    def stoppable(self, ask: Callable[[], None] | None) -> None:
        """Do nothing: signals end the work."""
