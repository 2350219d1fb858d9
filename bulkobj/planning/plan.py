"""The types of a plan: steps, a line for each row, the plan of them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from bulkobj.core.columns import ACCOUNT_ID
from bulkobj.core.model import NOTHING, Action, Field, Objective, Problem, Result, Severity, Value
from bulkobj.validation.rows import Row

#: The objectives of each account that was read, by account id; None where the service does not know the account.
Live = Mapping[str, tuple[Objective, ...] | None]

#: The fields of an objective as they were when a file was exported.
Base = Mapping[Field, Value]


@dataclass(frozen=True, slots=True)
class Exported:
    """An export's objectives as they were, by their ids, and the names that people saw for a setting's kind and id.

    ``every_row``: all rows of the file are there, so that an objective without a row was removed from it.
    """

    bases: Mapping[str, Base] = field(default_factory=dict)
    settings: Mapping[tuple[str, str], str] = field(default_factory=dict)
    every_row: bool = True


NOT_EXPORTED = Exported()

#: A field's value before and after, as people see them (names, not ids); None is "no objective there".
Change = tuple[Value | None, Value | None]


@dataclass(frozen=True, slots=True)
class Step:
    """One write to the service: what is sent, and what was there before.

    ``body`` holds every field that is sent, by id where the service wants ids; an empty value empties the field.
    """

    action: Action
    account_id: str
    objective_id: str = ""
    template_id: str = ""
    body: Mapping[Field, Value] = field(default_factory=dict)
    before: Objective | None = None


class Line(NamedTuple):
    """A row as it was planned: the step that it needs, or the result that it has without one.

    ``account_name`` is the account's display name where names were read or the file has it.
    """

    row: int
    sheet: str | None
    action: Action | None
    result: Result
    step: Step | None = None
    account_id: str = ""
    objective_id: str = ""
    title: str = ""
    message: str = ""
    changes: Mapping[Field, Change] = NOTHING
    problems: tuple[Problem, ...] = ()
    account_name: str = ""

    @property
    def faulty(self) -> bool:
        """True if a problem keeps the row from being sent."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Plan:
    """A line for each row of the file, in its order, and the problems of the file as a whole."""

    lines: tuple[Line, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def refused(self) -> bool:
        """True if the file as a whole can't be imported."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    @property
    def faulty(self) -> bool:
        """True if the file or any row has an error."""
        return self.refused or any(line.faulty for line in self.lines)

    @property
    def steps(self) -> int:
        """The number of writes that the plan takes."""
        return sum(line.step is not None for line in self.lines)

    def counts(self) -> Counter[Result]:
        """Return the number of rows by result."""
        return Counter(line.result for line in self.lines)

    def without_steps(self) -> Plan:
        """Return the plan with nothing to send."""
        return replace(self, lines=tuple(line._replace(step=None) for line in self.lines))

    def results(self, changed: Mapping[Result, Result]) -> Plan:
        """Return a copy with results renamed, such as `valid` to `not-attempted`."""
        return replace(self, lines=tuple(x._replace(result=changed.get(x.result, x.result)) for x in self.lines))


def accounts_to_read(rows: Iterable[Row]) -> dict[str, list[int]]:
    """Return the accounts that rows write to, in the order of the file, each with the numbers of its rows."""
    accounts: dict[str, list[int]] = {}
    for row in rows:
        account = row.value(ACCOUNT_ID)
        if row.action is not None and account:
            accounts.setdefault(account, []).append(row.number)
    return accounts
