"""What reading an account back tells of a write whose answer was lost; pure (design, decision 7).

"It did not happen" is concluded only where nothing on the account could be what was sent: an objective that is
nearly equal makes the step ``unknown``, for a person to look at.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from bulkobj.core.model import Action, Field, Objective, Value
from bulkobj.core.timestamps import unspelled
from bulkobj.planning.comparison import changed_fields, holds, same
from bulkobj.planning.plan import Step

_UNKNOWN_SKEW = timedelta(minutes=5)
#: Between two processes somebody may have set the clock.
_CLOCK_SET = timedelta(days=1)
#: A title that is cut off keeps at least so many letters.
_CUT_OFF = 20
_TEXTS = frozenset({Field.TITLE, Field.DESCRIPTION})


class Finding(Enum):
    """What a look at the account says of a lost write."""

    HAPPENED = auto()
    NOT_YET = auto()  # no trace of it
    UNCLEAR = auto()  # something is there that may or may not be it
    OVERTAKEN = auto()  # someone else has changed the same fields since
    GONE = auto()  # the objective to be changed is not there any more


@dataclass(frozen=True, slots=True)
class Look:
    """A finding, with the objectives that it speaks of."""

    finding: Finding
    objectives: tuple[Objective, ...] = ()


@dataclass(frozen=True, slots=True)
class Since:
    """When a step was first sent, by our clock of then, and what tells that from the service's clock.

    ``skew`` is how far the service's clock is ahead, in seconds, at the least (None: not known); ``resumed`` says that
    an earlier process sent the step, since when someone may have set our clock.
    """

    sent: datetime
    skew: float | None
    resumed: bool = False

    def is_older(self, objective: Objective) -> bool:
        """Whether the objective was surely there before the step was sent."""
        created = _created(objective)
        return created is not None and created < self._limit(created, _CLOCK_SET if self.resumed else _UNKNOWN_SKEW)

    def is_newer(self, objective: Objective) -> bool:
        """Whether it says that it came with the step or after it; neither older nor newer is possible, too."""
        created = _created(objective)
        return created is not None and created >= self._limit(created, _UNKNOWN_SKEW)

    def _limit(self, created: datetime, doubt: timedelta) -> datetime:
        if self.skew is not None and not self.resumed:
            doubt = timedelta(seconds=1.0 if created.microsecond == 0 else 0.05)  # what its clock rounds off
        return self.sent + timedelta(seconds=self.skew or 0.0) - doubt


def _created(objective: Objective) -> datetime | None:
    try:
        return unspelled(objective.created_at)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an account's objectives.

    ``taken`` are ids that other steps made or that were there before; ``snapshot`` says that the latter are complete,
    ``untold`` that a template made objectives meanwhile whose ids nobody told. ``bodies`` are those of other creates
    that may be there or come to be there.
    """

    taken: Collection[str]
    snapshot: bool = False
    untold: bool = False
    bodies: tuple[Mapping[Field, Value], ...] = ()

    def explains(self, objective: Objective) -> bool:
        """Whether the objective is just what another create sends."""
        return any(holds(objective, body) for body in self.bodies)


def candidates(objectives: Iterable[Objective], taken: Collection[str], since: Since) -> tuple[Objective, ...]:
    """The objectives that may have come of the step: not another step's, not there before."""
    return tuple(one for one in objectives if one.id not in taken and not since.is_older(one))


def look_for(step: Step, objectives: tuple[Objective, ...], known: Known, since: Since) -> Look:
    """What the account's objectives say of the lost step."""
    match step.action:
        case Action.CREATE:
            return _look_for_create(step, candidates(objectives, known.taken, since), known, since)
        case Action.RUN_TEMPLATE:
            return _look_for_template(candidates(objectives, known.taken, since), known, since)
        case Action.DELETE:
            there = any(one.id == step.objective_id for one in objectives)
            return Look(Finding.NOT_YET if there else Finding.HAPPENED)
        case _:
            return _look_for_update(step, objectives)


def _look_for_create(step: Step, open_to: tuple[Objective, ...], known: Known, since: Since) -> Look:
    equal = tuple(one for one in open_to if holds(one, step.body))
    if len(equal) == 1 and (since.is_newer(equal[0]) or not equal[0].created_at):
        return Look(Finding.HAPPENED, equal)
    similar = equal or tuple(
        one
        for one in open_to
        if _resembles(one, step.body, new=known.snapshot or since.is_newer(one)) and not known.explains(one)
    )
    return Look(Finding.UNCLEAR, similar) if similar else Look(Finding.NOT_YET)


def _resembles(objective: Objective, body: Mapping[Field, Value], *, new: bool) -> bool:
    """Whether the service may have made it of the body, normalising texts in a way of its own.

    A title without plain letters may come back as anything, so that the other fields and its age have to tell.
    """
    held, sent = _letters(objective.get(Field.TITLE)), _letters(body.get(Field.TITLE, ""))
    if any(_alike(one, other) for one in held for other in sent):
        return True
    rest = {name: value for name, value in body.items() if name not in _TEXTS}
    return new and "" in sent and holds(objective, rest)


def _letters(text: Value) -> set[str]:
    """The letters and digits of a text: all of them, those without accents, and those that every system keeps."""
    unescaped = html.unescape(str(text))
    composed, decomposed = (unicodedata.normalize(form, unescaped).casefold() for form in ("NFKC", "NFKD"))
    every = "".join(filter(str.isalnum, composed))
    return {every, *("".join(c for c in one if c.isascii() and c.isalnum()) for one in (composed, decomposed))}


def _alike(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return bool(short) and (short == long or (len(short) >= _CUT_OFF and long.startswith(short)))


def _look_for_template(open_to: tuple[Objective, ...], known: Known, since: Since) -> Look:
    """New objectives are the template's, where it can be told that they are new and not another template's."""
    if not open_to:
        return Look(Finding.NOT_YET)
    certain = not known.untold and (known.snapshot or all(since.is_newer(one) for one in open_to))
    return Look(Finding.HAPPENED if certain else Finding.UNCLEAR, open_to)


def _look_for_update(step: Step, objectives: tuple[Objective, ...]) -> Look:
    live = next((one for one in objectives if one.id == step.objective_id), None)
    if live is None:
        return Look(Finding.GONE)
    changed = changed_fields(step)
    if holds(live, changed):
        return Look(Finding.HAPPENED, (live,))
    untouched = step.before is None or all(same(live.get(name), step.before.get(name)) for name in changed)
    return Look(Finding.NOT_YET if untouched else Finding.OVERTAKEN, (live,))


def rebased(step: Step, live: Objective) -> Step:
    """The update laid anew over what is live, so that sending it again takes nothing back that came since."""
    kept = {name: value for name, value in live.fields.items() if name is not Field.SUCCESS_PLAYS}
    return Step(step.action, step.account_id, step.objective_id, body=kept | changed_fields(step), before=step.before)
