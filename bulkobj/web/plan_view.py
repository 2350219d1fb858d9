"""A plan as the page shows it: counts, deletions and emptied fields first, then row by row for each account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from bulkobj.core.columns import OF_FIELD
from bulkobj.core.model import Problem, Result, Severity
from bulkobj.core.text import counted
from bulkobj.planning.plan import Line
from bulkobj.planning.question import Question, Verb
from bulkobj.reports.findings import Cause, causes_of
from bulkobj.reports.report import in_words

#: Rows that the page lists; the rest is counted.
MOST_LISTED = 1000


class PlanView:
    """The answers that the template asks of a plan."""

    def __init__(self, question: Question) -> None:
        self.question, self.plan = question, question.plan

    @cached_property
    def sent(self) -> list[Line]:
        """Return the lines that write something."""
        return [line for line in self.plan.lines if line.step is not None]

    @cached_property
    def counts(self) -> list[tuple[str, int]]:
        """Return how many rows do what, then those that send nothing by their result."""
        rest = Counter(line.result for line in self.plan.lines if line.step is None)
        found = [(action.value, number) for action, number in self.question.counts.items()]
        return found + [(result.value, number) for result, number in sorted(rest.items())]

    @property
    def warnings(self) -> list[Cause]:
        """Return the warnings of the file and its rows."""
        problems: list[Problem] = [*self.plan.problems, *(p for line in self.plan.lines for p in line.problems)]
        return [cause for cause in causes_of(problems) if cause.severity == Severity.WARNING.value]

    @property
    def noted(self) -> list[Line]:
        """Return the lines with a message."""
        return [line for line in self.plan.lines if line.message and line.result is not Result.UNCHANGED]

    def accounts(self) -> Iterator[tuple[str, list[Line]]]:
        """Give each account with its lines, as far as they are listed."""
        groups: dict[str, list[Line]] = {}
        for line in self.sent[:MOST_LISTED]:
            groups.setdefault(line.account_id, []).append(line)
        yield from groups.items()

    def changes(self, line: Line) -> Iterator[tuple[str, str, str]]:
        """Give each field of a line with its value before and after; a create has none before."""
        for name, (before, after) in line.changes.items():
            yield OF_FIELD[name].header, "" if before is None else in_words(name, before), in_words(name, after)

    @property
    def button(self) -> str:
        """Return the button's text, such as ``Import 39 rows into sandbox``."""
        rows = len({(line.sheet, line.row) for line in self.sent})
        into = "in" if self.question.verb is Verb.UNDO else "into"
        return f"{self.question.verb} {counted(rows, 'row')} {into} {self.question.target}"
