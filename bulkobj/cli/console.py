"""The terminal as the pipeline's Ui: a progress bar where there is a terminal, plain lines where there is none."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType

import click

from bulkobj.cli import output as show
from bulkobj.core.errors import InterruptedRunError, UsageError
from bulkobj.core.model import Action
from bulkobj.core.text import clean, counted, duration
from bulkobj.planning.plan import Live, Plan
from bulkobj.reports.report import Report
from bulkobj.validation.names import Suggestion
from bulkobj.workflows.ui import Estimate

_PLAIN_EVERY = 10.0
_WORTH_A_BAR = 3


class Console:
    """Tells and asks on standard error; a context manager that takes the progress bar away when it is left."""

    def __init__(self, *, yes: bool = False) -> None:
        self._yes = yes
        self._bar: show.Bar | None = None
        self._stage = ""
        self._last_line = time.monotonic()

    def __enter__(self) -> Console:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_bar()

    def progress(self, stage: str, done: int, total: int) -> None:
        """A bar with counts and time left on a terminal, else a line every ten seconds."""
        if total < _WORTH_A_BAR:
            return
        if stage != self._stage:
            self._close_bar()
            self._stage = stage
        if sys.stderr.isatty():
            self._bar = self._bar or show.Bar(stage, total)
            self._bar.update(done)
            if done == total:
                self._close_bar()
        elif time.monotonic() - self._last_line >= _PLAIN_EVERY:
            self._last_line = time.monotonic()
            self.tell(f"{stage}: {done:,} of {total:,}")

    def waiting(self, seconds: float) -> None:
        """Said beside the bar, or as a line of its own where it lasts."""
        text = f"waiting {duration(seconds)} for the rate limit"
        if self._bar is not None:
            self._bar.note(text)
        elif not sys.stderr.isatty() and seconds >= _PLAIN_EVERY:
            self.tell(text)

    def tell(self, text: str) -> None:
        """A line on standard error."""
        self._close_bar()
        click.echo(clean(text, 2000), err=True)

    def accepts(self, suggestion: Suggestion) -> bool:
        """Ask once for all rows; a script keeps such words in the config file instead."""
        if self._yes or not _at_a_terminal():
            return False
        self._close_bar()
        name, meant = clean(suggestion.name, 80), clean(suggestion.meant, 80)
        rows = counted(suggestion.rows, "row")
        question = f'Read the {suggestion.kind.value} "{name}" as "{meant}" ({rows}), from now on?'
        return click.confirm(question, default=False, err=True)

    def agrees(self, plan: Plan, estimate: Estimate) -> bool:
        """Show what would be done, and ask; without a terminal only --yes is an answer."""
        self._close_bar()
        click.echo(show.plan_summary(plan), err=True)
        calls = f"{counted(estimate.calls, 'call')}, about {duration(estimate.seconds)} at {estimate.rate}"
        click.echo(calls, err=True)
        if self._yes:
            return True
        if not _at_a_terminal():
            raise UsageError("nothing was sent: there is no terminal to ask at, so say --yes to go on")
        deletes = sum(line.step is not None and line.step.action is Action.DELETE for line in plan.lines)
        question = f"Go on, and delete {counted(deletes, 'objective')}?" if deletes else "Go on?"
        return click.confirm(question, default=False, err=True)

    def agrees_to_rest(self, report: Report, live: Live) -> bool:
        """Show the first rows as they were read back, and ask."""
        self._close_bar()
        click.echo(show.first_rows(report, live), err=True)
        try:
            return self._yes or click.confirm("Send the rest?", default=False, err=True)
        except click.Abort:
            raise InterruptedRunError("interrupted") from None

    def began(self, run: str) -> None:
        """Do nothing: the summary names the run."""

    def stoppable(self, ask: Callable[[], None] | None) -> None:
        """Do nothing: signals end the work."""

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _at_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
