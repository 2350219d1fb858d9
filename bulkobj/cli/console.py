"""The terminal as a workflow's Ui: a progress bar where there is a terminal, plain lines where there is none."""

from __future__ import annotations

import math
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Any

import click

from bulkobj.cli import output as show
from bulkobj.cli.ask import ask, choose, chosen_sheet, confirm, corrected_columns
from bulkobj.cli.session import at_a_terminal, note, say, session
from bulkobj.config.profiles import remember_columns
from bulkobj.core.errors import InterruptedRunError, UsageError
from bulkobj.core.text import clean, counted
from bulkobj.planning.plan import Live, Plan
from bulkobj.planning.question import Question, Verb
from bulkobj.reports.report import Report
from bulkobj.validation.names import Suggestion
from bulkobj.workflows.checked_file import CheckedFile, FileRequest
from bulkobj.workflows.ui import Meant

_PLAIN_EVERY = 10.0
_WORTH_A_BAR = 3


class Console:
    """Progress and questions on standard error; leaving the context removes the progress bar.

    A terminal that is closed meanwhile ends nothing: the hangup signal is ignored.
    """

    def __init__(self, *, yes: bool = False) -> None:
        self._yes = yes
        self._bar: show.Bar | None = None
        self._stage = ""
        self._last_line = time.monotonic()
        self._last_wait = -math.inf
        self._hangup: Any = None
        self._columns = ""
        self._corrected = False

    def __enter__(self) -> Console:
        with suppress(AttributeError, ValueError):  # no such signal on Windows; not the main thread
            self._hangup = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_bar()
        if self._hangup is not None:
            signal.signal(signal.SIGHUP, self._hangup)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Show a bar with counts and time left on a terminal, else a line every ten seconds."""
        if total < _WORTH_A_BAR or session().quiet:
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
            note(f"{stage}: {done:,} of {total:,}")

    def waiting(self, seconds: float) -> None:
        """Show the time until the rate limit allows the next call: beside the bar, or as a line of its own."""
        if session().quiet:
            return
        if sys.stderr.isatty():
            self._bar = self._bar or show.Bar(self._stage, None)
            self._bar.wait(seconds)
        elif seconds >= _PLAIN_EVERY and time.monotonic() - self._last_wait >= _PLAIN_EVERY:
            self._last_wait = time.monotonic()
            note(show.waiting(seconds))

    def tell(self, text: str) -> None:
        """Show a line."""
        self._close_bar()
        say(clean(text, 2000))

    def reads(self, file: CheckedFile) -> FileRequest | None:
        """Show the columns that go by another name; on a terminal, ask for the sheet and offer to correct columns."""
        self._close_bar()
        asks = at_a_terminal() and not self._yes and file.request.path is not None
        if asks and file.source.candidates and not file.tables:
            return replace(file.request, sheets=(chosen_sheet(file.source.candidates),))
        if (line := show.columns_line(file.columns)) and line != self._columns:
            self._columns = line
            note(line)
        headers = show.columns_in_doubt(file) if asks and not self._corrected else []
        self._corrected = True
        columns = corrected_columns(file.columns, headers) if headers else {}
        if not columns:
            return None
        self._keep(columns)
        return replace(file.request, maps=(*file.request.maps, *columns.items()))

    def _keep(self, columns: Mapping[str, str]) -> None:
        """Offer to keep the columns in the profile; the sandbox keeps nothing."""
        settings = session().settings
        if settings is None or settings.sandbox:
            return
        if confirm(f"Keep this in profile {clean(settings.profile, 60)} for all files?"):
            remember_columns(settings.config_path, settings.profile, columns)

    def choose(self, plan: Plan, suggestions: Sequence[Suggestion]) -> Sequence[Meant]:
        """Show the problems, then offer each suggested name once for all its rows."""
        if self._yes or not at_a_terminal():
            return [Meant.NO] * len(suggestions)
        self._close_bar()
        for line in show.plan_problems(plan):
            say(line)
        return [_meant(one) for one in suggestions]

    def agrees(self, question: Question) -> bool:
        """Show what would be done, and ask; without a terminal only --yes is an answer.

        Deletions are agreed to by typing their number. Raises UsageError where nobody can be asked.
        """
        self._close_bar()
        shown = note if self._yes else say
        for text in (show.plan_summary(question.plan), *question.notes):
            shown(text)
        if self._yes or question.verb is Verb.RESUME:
            note(question.text)
            return True
        if not at_a_terminal():
            say(question.text)
            raise UsageError("nothing was sent: confirmation needed. Run in a terminal or add --yes")
        if not question.deletions:
            return confirm(question.text)
        asked = f"{question.text} To delete {counted(question.deletions, 'objective')}, type the number:"
        return ask(asked).replace(",", "") == str(question.deletions)

    def agrees_to_rest(self, report: Report, live: Live) -> bool:
        """Show the first rows as they were read back, and ask."""
        self._close_bar()
        note(show.first_rows(report, live))
        try:
            return self._yes or confirm("Send the rest?")
        except click.Abort:
            raise InterruptedRunError("interrupted") from None

    def began(self, run: str) -> None:
        """Note the run, so that an error from here on names it."""
        session().run = run

    def stoppable(self, ask: Callable[[], None] | None) -> None:
        """Do nothing: signals end the work."""

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _meant(suggestion: Suggestion) -> Meant:
    name, meant = clean(suggestion.name, 80), clean(suggestion.meant, 80)
    rows = counted(suggestion.rows, "row")
    question = f'Use "{meant}" for {suggestion.kind.value} "{name}" ({rows})? [once/always/no]'
    answers = {"once": Meant.ONCE, "yes": Meant.ONCE, "always": Meant.ALWAYS, "no": Meant.NO}
    return choose(question, answers, empty=Meant.NO)
