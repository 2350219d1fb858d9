"""The objectives of an export as one page: what one shows in a quarterly review; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bulkobj.reports.html.rendering import render
from bulkobj.spreadsheet.writing.export.overview import Overview

_WIDTH, _LINE, _TOP = 1000, 20, 22
#: Month names on a timeline at most; of a long one every third or twelfth is marked.
_MOST_MARKS = 14


@dataclass(frozen=True, slots=True)
class ObjectiveView:
    """An objective as people see it: names in place of ids, days in place of moments."""

    title: str
    description: str
    status: str
    category: str
    owner: str
    start: date | None
    end: date | None
    closed: bool
    overdue: bool


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account with its objectives."""

    id: str
    name: str
    objectives: tuple[ObjectiveView, ...]


@dataclass(frozen=True, slots=True)
class _Bar:
    row: int
    title: str
    tone: str
    x: float
    y: int
    width: float


@dataclass(frozen=True, slots=True)
class _Mark:
    name: str
    x: float


@dataclass(frozen=True, slots=True)
class _Timeline:
    height: int
    bars: tuple[_Bar, ...]
    months: tuple[_Mark, ...]
    today: float | None


def objectives_page(overview: Overview, accounts: Sequence[AccountView]) -> bytes:
    """Return the page in UTF-8: counts, and for each account a timeline and a table."""
    first, shown = 0, []
    for account in accounts:
        timeline = _timeline(account.objectives, first, overview.today)
        about = {"id": account.id, "name": account.name, "objectives": account.objectives}
        shown.append(about | {"first": first, "timeline": timeline})
        first += len(account.objectives)
    objectives = [one for account in accounts for one in account.objectives]
    return render(
        "objectives.html",
        "objectives.js",
        overview=overview,
        accounts=shown,
        statuses=sorted({one.status for one in objectives if one.status}),
        owners=sorted({one.owner for one in objectives if one.owner}),
    )


def _timeline(objectives: Sequence[ObjectiveView], first: int, today: date) -> _Timeline | None:
    """Return the bars of the objectives that have a date; one that has a single date is a short bar."""
    spans = [
        (number, one, one.start or one.end, one.end or one.start)
        for number, one in enumerate(objectives, first)
        if one.start or one.end
    ]
    dated = [(number, one, min(start, end), max(start, end)) for number, one, start, end in spans if start and end]
    if not dated:
        return None
    begin = min(start for _, _, start, _ in dated).replace(day=1)
    end = max(end for _, _, _, end in dated) + timedelta(days=1)
    scale = _WIDTH / max((end - begin).days, 1)

    def place(day: date) -> float:
        return round((day - begin).days * scale, 1)

    bars = tuple(
        _Bar(
            number,
            _title(one),
            _tone(one),
            place(start),
            _TOP + index * _LINE,
            max(round(place(stop) - place(start), 1), 4),
        )
        for index, (number, one, start, stop) in enumerate(dated)
    )
    now = place(today) if begin <= today <= end else None
    return _Timeline(_TOP + len(bars) * _LINE, bars, tuple(_marks(begin, end, place)), now)


def _marks(begin: date, end: date, place: Callable[[date], float]) -> list[_Mark]:
    months = [begin]
    while months[-1] < end:
        months.append((months[-1] + timedelta(days=32)).replace(day=1))
    step = next(step for step in (1, 3, 12, 60, 600) if len(months) / step <= _MOST_MARKS or step == 600)
    return [_Mark(f"{month:%Y-%m}", place(month)) for month in months[:-1] if (month.month - 1) % min(step, 12) == 0]


def _title(one: ObjectiveView) -> str:
    return f"{one.title}: {one.start or '?'} to {one.end or '?'} ({one.status})"


def _tone(one: ObjectiveView) -> str:
    return "bad" if one.overdue else "quiet" if one.closed else "update"
