"""The overview of an export: counts, months, overdue objectives; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from bulkobj.core.model import Field, Objective
from bulkobj.core.text import folded
from bulkobj.core.timestamps import unspelled
from bulkobj.reports.html.objectives import AccountView, ObjectiveView
from bulkobj.spreadsheet.writing.export.overview import Count, Month, Overdue, Overview
from bulkobj.validation.names import Directory, Kind
from bulkobj.workflows.export.content import Account, Export

#: Words in the names of statuses that count as closed, where the profile names none.
CLOSED_WORDS = ("complete", "done", "closed", "cancel")
_NONE = "(none)"
#: Names that a chart shows; the rest is one bar.
_MOST_NAMES = 12
#: Months that the timeline shows at most.
_MOST_MONTHS = 24


def closed_ids(directory: Directory, closed_statuses: Sequence[str] | None) -> frozenset[str]:
    """Return the ids of the statuses in which an objective is never overdue.

    Args:
        directory: the tenant's statuses.
        closed_statuses: names or ids, as a profile has them; None for names that contain a word such as "complete".
    """
    statuses = directory.things.get(Kind.STATUS, ())
    if closed_statuses is None:
        return frozenset(s.id for s in statuses if any(word in folded(s.name) for word in CLOSED_WORDS))
    named = {folded(name) for name in closed_statuses}
    return frozenset(s.id for s in statuses if s.id in closed_statuses or folded(s.name) in named)


def overview_of(export: Export, accounts: Sequence[Account]) -> Overview:
    """Return the overview of the accounts' objectives on the day of the export."""
    objectives = [(account, one) for account in accounts for one in account.objectives]
    overdue = [_overdue(export, account, one) for account, one in objectives if is_overdue(export, one)]
    return Overview(
        export.tenant,
        export.today,
        len(accounts),
        len(objectives),
        _counts(export.directory.name(Kind.STATUS, str(one.get(Field.STATUS))) for _, one in objectives),
        _counts(export.directory.name(Kind.CATEGORY, str(one.get(Field.CATEGORY))) for _, one in objectives),
        _counts(str(one.get(Field.OWNER)) for _, one in objectives),
        _counts(one.owner for one in overdue),
        _months([one for _, one in objectives], export.today),
        tuple(sorted(overdue, key=lambda one: -one.days)),
    )


def is_overdue(export: Export, one: Objective) -> bool:
    """Return whether the objective should have ended and its status is not closed."""
    end = day_of(one, Field.END_DATE)
    return end is not None and end < export.today and one.get(Field.STATUS) not in export.closed


def day_of(objective: Objective, name: Field) -> date | None:
    """Return the day of a date field, None where there is none or it can't be read."""
    try:
        return unspelled(str(objective.get(name))).date()
    except (ValueError, OverflowError):
        return None


def _overdue(export: Export, account: Account, one: Objective) -> Overdue:
    status = export.directory.name(Kind.STATUS, str(one.get(Field.STATUS)))
    title, owner = str(one.get(Field.TITLE)), str(one.get(Field.OWNER)) or _NONE
    end = day_of(one, Field.END_DATE) or export.today
    return Overdue(account.about.name or account.about.id, title, owner, status, end, (export.today - end).days)


def objective_views(export: Export, accounts: Iterable[Account]) -> list[AccountView]:
    """Return the accounts with their objectives as the page shows them."""
    return [
        AccountView(
            account.about.id,
            account.about.name or account.about.id,
            tuple(_view(export, one) for one in account.objectives),
        )
        for account in accounts
    ]


def _view(export: Export, one: Objective) -> ObjectiveView:
    return ObjectiveView(
        str(one.get(Field.TITLE)),
        str(one.get(Field.DESCRIPTION)),
        export.directory.name(Kind.STATUS, str(one.get(Field.STATUS))),
        export.directory.name(Kind.CATEGORY, str(one.get(Field.CATEGORY))),
        str(one.get(Field.OWNER)),
        day_of(one, Field.START_DATE),
        day_of(one, Field.END_DATE),
        closed=one.get(Field.STATUS) in export.closed,
        overdue=is_overdue(export, one),
    )


def _counts(names: Iterable[str]) -> tuple[Count, ...]:
    found = Counter(name or _NONE for name in names).most_common()
    rest = sum(number for _, number in found[_MOST_NAMES:])
    return (*found[:_MOST_NAMES], *([(f"{len(found) - _MOST_NAMES} others", rest)] if rest else []))


def _months(objectives: Iterable[Objective], today: date) -> tuple[Month, ...]:
    """Return the months from the first start to the last end, those around today where there are too many."""
    spans = [(day_of(one, Field.START_DATE), day_of(one, Field.END_DATE)) for one in objectives]
    starts = Counter(_month(start) for start, _ in spans if start)
    ends = Counter(_month(end) for _, end in spans if end)
    found = sorted({*starts, *ends})
    if not found:
        return ()
    months = list(range(found[0], found[-1] + 1))
    if len(months) > _MOST_MONTHS:
        first = min(max(_month(today) - _MOST_MONTHS // 2, months[0]), months[-1] - _MOST_MONTHS + 1)
        months = list(range(first, first + _MOST_MONTHS))
    return tuple(Month(f"{m // 12}-{m % 12 + 1:02}", starts[m], ends[m], _under_way(spans, m)) for m in months)


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _under_way(spans: Iterable[tuple[date | None, date | None]], month: int) -> int:
    return sum(start is not None and end is not None and _month(start) <= month <= _month(end) for start, end in spans)
