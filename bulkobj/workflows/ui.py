"""The interface between the workflows and a person: a terminal, a page, a script or a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from bulkobj.planning.plan import Live, Plan
from bulkobj.planning.question import Question
from bulkobj.reports.report import Report
from bulkobj.validation.names import Suggestion

if TYPE_CHECKING:
    from bulkobj.workflows.checked_file import CheckedFile, FileRequest


class Meant(Enum):
    """The answer to a suggested name; ``ALWAYS`` keeps it in the profile."""

    NO = "no"
    ONCE = "once"
    ALWAYS = "always"


class Ui(Protocol):
    """A person, or whatever stands in for one."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` parts of a stage are done."""

    def waiting(self, seconds: float) -> None:
        """Show that the rate limit allows no call for so many seconds."""

    def tell(self, text: str) -> None:
        """Show a message."""

    def reads(self, file: CheckedFile) -> FileRequest | None:
        """Show how the file's columns are read, and return a request that reads it in another way, if any."""

    def choose(self, plan: Plan, suggestions: Sequence[Suggestion]) -> Sequence[Meant]:
        """Show the problems of the plan, offer the suggested names, and return an answer for each."""

    def agrees(self, question: Question) -> bool:
        """Show the plan, ask the question, and return whether the plan shall be carried out."""

    def agrees_to_rest(self, report: Report, live: Live) -> bool:
        """Show the first rows as they were read back, and return whether the rest shall be sent."""

    def began(self, run: str) -> None:
        """Note the run whose journal exists from here on."""

    def stoppable(self, ask: Callable[[], None] | None) -> None:
        """Take a function that ends the work from any thread, as Ctrl-C does; None once the work is over."""


class Unattended:
    """A script that has agreed already; suggested names are not accepted."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """Do nothing."""

    def waiting(self, seconds: float) -> None:
        """Do nothing."""

    def tell(self, text: str) -> None:
        """Do nothing."""

    def reads(self, _: CheckedFile) -> FileRequest | None:
        """Return None: the request decides."""
        return None

    def choose(self, _: Plan, suggestions: Sequence[Suggestion]) -> Sequence[Meant]:
        """Leave the names unknown, so that their rows are invalid."""
        return [Meant.NO] * len(suggestions)

    def agrees(self, _: Question) -> bool:
        """Return True."""
        return True

    def agrees_to_rest(self, _: Report, __: Live) -> bool:
        """Return True."""
        return True

    def began(self, run: str) -> None:
        """Do nothing."""

    def stoppable(self, ask: Callable[[], None] | None) -> None:
        """Do nothing: signals end the work."""
