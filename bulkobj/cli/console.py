"""The terminal as the pipeline's Ui: a progress bar where there is a terminal, plain lines where there is none."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType

import click

from bulkobj.cli import output as show
from bulkobj.core.errors import InterruptedRunError, UsageError
from bulkobj.core.text import clean, counted, duration
from bulkobj.planning.plan import Live, Plan
from bulkobj.planning.question import Question, Verb
from bulkobj.reports.report import Report
from bulkobj.validation.names import Suggestion
from bulkobj.workflows.ui import Meant

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

    def choose(self, plan: Plan, suggestions: Sequence[Suggestion]) -> Sequence[Meant]:
        """Show the problems, then offer each suggested name once for all its rows."""
        if self._yes or not _at_a_terminal():
            return [Meant.NO] * len(suggestions)
        self._close_bar()
        for line in show.plan_problems(plan):
            click.echo(line, err=True)
        return [_meant(one) for one in suggestions]

    def agrees(self, question: Question) -> bool:
        """Show what would be done, and ask; without a terminal only --yes is an answer.

        Deletions are agreed to by typing their number. Raises UsageError where nobody can be asked.
        """
        self._close_bar()
        for text in (show.plan_summary(question.plan), *question.notes):
            click.echo(text, err=True)
        if self._yes or question.verb is Verb.RESUME:
            click.echo(question.text, err=True)
            return True
        if not _at_a_terminal():
            click.echo(question.text, err=True)
            raise UsageError("nothing was sent: confirmation needed. Run in a terminal or add --yes")
        if not question.deletions:
            return click.confirm(question.text, default=False, err=True)
        asked = f"{question.text} To delete {counted(question.deletions, 'objective')}, type the number"
        typed = click.prompt(asked, default="", show_default=False, err=True)
        return typed.strip().replace(",", "") == str(question.deletions)

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


def _meant(suggestion: Suggestion) -> Meant:
    name, meant = clean(suggestion.name, 80), clean(suggestion.meant, 80)
    rows = counted(suggestion.rows, "row")
    question = f'Use "{meant}" for {suggestion.kind.value} "{name}" ({rows})? yes once, always, no'
    answers = {"y": Meant.ONCE, "yes": Meant.ONCE, "once": Meant.ONCE, "a": Meant.ALWAYS, "always": Meant.ALWAYS}
    answer = click.prompt(question, default="no", err=True)
    return answers.get(answer.strip().casefold(), Meant.NO)


def _at_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
