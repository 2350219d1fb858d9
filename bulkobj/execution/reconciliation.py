"""Conclusions from reading an account back after a lost write; pure (CONTRIBUTING, decision 7).

Objectives are told apart by their ids. What is there now, was not there before the step was sent, is equal in every
field sent and belongs to no other step, is the step's. "It did not happen" is concluded only where nothing new on the
account could be what was sent: a nearly equal objective makes the step ``unknown``, for a person to look at.
"""

from __future__ import annotations

import html
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from bulkobj.core.model import Action, Field, Objective, Value
from bulkobj.core.text import folded
from bulkobj.planning.comparison import changed_fields, holds, same
from bulkobj.planning.plan import Step

#: A title that is cut off keeps at least so many letters.
_CUT_OFF = 20
_TEXTS = frozenset({Field.TITLE, Field.DESCRIPTION})


class Finding(Enum):
    """A conclusion about a lost write."""

    HAPPENED = auto()
    NOT_YET = auto()  # no trace of it
    UNCLEAR = auto()  # something is there that may or may not be it
    OVERTAKEN = auto()  # someone else has changed the same fields since
    GONE = auto()  # the objective to be changed is not there any more


@dataclass(frozen=True, slots=True)
class Look:
    """A finding, with the objectives that it is about."""

    finding: Finding
    objectives: tuple[Objective, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateSign:
    """Knowledge of an objective template: its name, and the titles that one run of it made elsewhere."""

    name: str = ""
    titles: Counter[str] | None = None

    def made(self, objective: Objective) -> bool:
        """Return whether the objective looks like one that the template makes."""
        title = _title(objective)
        if self.titles is not None:
            return title in self.titles
        return bool(self.name) and title.startswith(folded(self.name))


def _title(objective: Objective) -> str:
    return folded(objective.get(Field.TITLE))


@dataclass(frozen=True, slots=True)
class Known:
    """Knowledge of an account's objectives at a look for a lost step.

    Attributes:
        taken: ids that were there before the step was sent, or belong to other steps.
        snapshot: whether ``taken`` holds all that was there before.
        lost: how many lost steps send the very same, the step included.
        others: bodies of other creates that may be there or come to be there.
        pending: whether another run of a template made objectives whose ids are not known yet.
        sign: knowledge of the step's template.
    """

    taken: Collection[str]
    snapshot: bool = False
    lost: int = 1
    others: tuple[Mapping[Field, Value], ...] = ()
    pending: bool = False
    sign: TemplateSign = TemplateSign()

    def new(self, objectives: Iterable[Objective]) -> tuple[Objective, ...]:
        """Return the objectives that may be the step's."""
        return tuple(one for one in objectives if one.id not in self.taken)

    def explains(self, objective: Objective) -> bool:
        """Return whether the objective is just what another create sends."""
        return any(holds(objective, body) for body in self.others)


def look_for(step: Step, objectives: tuple[Objective, ...], known: Known) -> Look:
    """Return the conclusion from the account's objectives about the lost step."""
    match step.action:
        case Action.CREATE:
            return _look_for_create(step, known.new(objectives), known)
        case Action.RUN_TEMPLATE:
            return _look_for_template(known.new(objectives), known)
        case Action.DELETE:
            return _look_for_delete(step, objectives)
        case _:
            return _look_for_update(step, objectives)


def _look_for_create(step: Step, new: tuple[Objective, ...], known: Known) -> Look:
    equal = tuple(one for one in new if holds(one, step.body))
    if known.snapshot and 1 <= len(equal) <= known.lost:  # identical creates are interchangeable
        return Look(Finding.HAPPENED, equal[:1])
    similar = equal or tuple(
        one for one in new if _resembles(one, step.body, new=known.snapshot) and not known.explains(one)
    )
    return Look(Finding.UNCLEAR, similar) if similar else Look(Finding.NOT_YET)


def _resembles(objective: Objective, body: Mapping[Field, Value], *, new: bool) -> bool:
    """Return whether the service may have made it of the body, normalising texts in a way of its own.

    A title without plain letters may come back as anything. Then the other fields and its being new must decide.
    """
    held, sent = _letters(objective.get(Field.TITLE)), _letters(body.get(Field.TITLE, ""))
    if any(_alike(one, other) for one in held for other in sent):
        return True
    rest = {name: value for name, value in body.items() if name not in _TEXTS}
    return new and "" in sent and holds(objective, rest)


def _letters(text: Value) -> set[str]:
    """Return the letters and digits of a text: all, those without accents, and those that every system keeps."""
    unescaped = html.unescape(str(text))
    composed, decomposed = (unicodedata.normalize(form, unescaped).casefold() for form in ("NFKC", "NFKD"))
    every = "".join(filter(str.isalnum, composed))
    return {every, *("".join(c for c in one if c.isascii() and c.isalnum()) for one in (composed, decomposed))}


def _alike(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return bool(short) and (short == long or (len(short) >= _CUT_OFF and long.startswith(short)))


def _look_for_template(new: tuple[Objective, ...], known: Known) -> Look:
    """Adopt new objectives that look like the template's and that nothing else explains.

    Of several lost runs of one template, each takes what one run makes. Without knowing how much that is, none can.
    """
    new = tuple(one for one in new if not known.explains(one))
    if not new:
        return Look(Finding.NOT_YET)
    certain = known.snapshot and not known.pending and all(map(known.sign.made, new))
    titles = known.sign.titles
    if not certain or (titles is None and known.lost > 1):
        return Look(Finding.UNCLEAR, new)
    found = new if titles is None else _share(new, titles)
    if not found or (known.lost == 1 and len(found) < len(new)):
        return Look(Finding.UNCLEAR, new)
    return Look(Finding.HAPPENED, found)


def _share(new: Iterable[Objective], titles: Counter[str]) -> tuple[Objective, ...]:
    """Return one run's share of the new objectives; empty where they are not enough for one."""
    wanted, found = Counter(titles), []
    for one in new:
        if wanted[_title(one)] > 0:
            wanted[_title(one)] -= 1
            found.append(one)
    return tuple(found) if not +wanted else ()


def made_by_template(new: tuple[Objective, ...], sign: TemplateSign) -> tuple[Objective, ...]:
    """Return those new objectives that a run of the template surely made; its answer said that it ran.

    A single one is the template's. Of several, some may be a colleague's: those that look like the template's.
    """
    return new if len(new) == 1 else tuple(one for one in new if sign.made(one))


def titles_of(objectives: Iterable[Objective]) -> Counter[str]:
    """Return the titles that a run of a template made, for :class:`TemplateSign`."""
    return Counter(map(_title, objectives))


def _look_for_delete(step: Step, objectives: tuple[Objective, ...]) -> Look:
    live = next((one for one in objectives if one.id == step.objective_id), None)
    if live is None:
        return Look(Finding.HAPPENED)
    changed = step.before is not None and not holds(live, {name: step.before.get(name) for name in Field})
    return Look(Finding.OVERTAKEN if changed else Finding.NOT_YET, (live,))


def _look_for_update(step: Step, objectives: tuple[Objective, ...]) -> Look:
    live = next((one for one in objectives if one.id == step.objective_id), None)
    if live is None:
        return Look(Finding.GONE)
    changed = changed_fields(step)
    if holds(live, changed):
        return Look(Finding.HAPPENED, (live,))
    untouched = step.before is None or all(same(live.get(name), step.before.get(name)) for name in changed)
    return Look(Finding.NOT_YET if untouched else Finding.OVERTAKEN, (live,))
