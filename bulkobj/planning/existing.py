"""Create rows whose objective is there already: which live objective answers for which row; pure."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bulkobj.core.columns import ACCOUNT_ID, OF_FIELD, TITLE
from bulkobj.core.model import Action, Field, Objective, Severity, Value
from bulkobj.core.text import folded
from bulkobj.planning.comparison import differing
from bulkobj.planning.plan import Live
from bulkobj.validation.rows import Place, Row


class Existing(StrEnum):
    """The treatment of create rows whose Title is on the account already (``--existing``)."""

    REFUSE = "refuse"
    UPDATE = "update"
    SKIP = "skip"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Matches:
    """Live objectives that answer for create rows, by the row's place.

    ``equal`` is the one objective that is given to the row. ``rivals`` have its Title and other values, each with the
    fields that differ; a row with an equal objective has none.
    """

    equal: Mapping[Place, Objective]
    rivals: Mapping[Place, Mapping[str, tuple[Field, ...]]]


NO_MATCHES = Matches({}, {})


def match(rows: Iterable[Row], live: Live, taken: Collection[str]) -> Matches:
    """Give equal objectives to create rows, each to one row, in the way that serves the most rows.

    ``taken`` are the objectives that other rows speak of, and those that are not to be counted.
    """
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row.action is Action.CREATE and row.value(ACCOUNT_ID) and row.value(TITLE):
            groups[row.value(ACCOUNT_ID), folded(row.value(TITLE))].append(row)
    equal: dict[Place, Objective] = {}
    rivals: dict[Place, Mapping[str, tuple[Field, ...]]] = {}
    for (account, title), group in groups.items():
        objectives = [o for o in live.get(account) or () if o.id not in taken and folded(o.get(Field.TITLE)) == title]
        if not objectives:
            continue
        unlike = [{one.id: differing(one, _compared(row)) for one in objectives} for row in group]
        sound = [i for i, row in enumerate(group) if not is_faulty(row)]
        given = most_pairs({i: [id_ for id_, fields in unlike[i].items() if not fields] for i in sound})
        by_id, left = {one.id: one for one in objectives}, {one.id for one in objectives} - set(given.values())
        for i, row in enumerate(group):
            if i in given:
                equal[row.place] = by_id[given[i]]
            elif rest := {id_: fields for id_, fields in unlike[i].items() if fields and id_ in left}:
                rivals[row.place] = rest
    return Matches(equal, rivals)


def is_faulty(row: Row) -> bool:
    """Return whether a problem keeps the row from being sent."""
    return any(problem.severity is Severity.ERROR for problem in row.problems)


def _compared(row: Row) -> dict[Field, Value]:
    """Return the values that the row gives, without its Title, which is compared as a name."""
    givens = ((name, row.given(column)) for name, column in OF_FIELD.items() if name is not Field.TITLE)
    return {name: given.value for name, given in givens if given is not None and given.value is not None}


def most_pairs(choices: Mapping[int, Sequence[str]]) -> dict[int, str]:
    """Return a pairing of rows with objectives in which as many rows as possible have one.

    ``choices`` are the objectives that each row may have. A row gives its objective to another one if it can have a
    different one itself (augmenting paths, shortest first).
    """
    pairs: dict[int, str] = {}
    holders: dict[str, int] = {}
    for row in choices:
        reached: dict[str, int] = {}
        queue = deque([row])
        while queue:
            current = queue.popleft()
            new = [one for one in choices[current] if one not in reached]
            reached |= dict.fromkeys(new, current)
            free = next((one for one in new if one not in holders), None)
            if free is not None:
                _hand_on(free, reached, pairs, holders)
                break
            queue.extend(holders[one] for one in new)
    return pairs


def _hand_on(free: str, reached: Mapping[str, int], pairs: dict[int, str], holders: dict[str, int]) -> None:
    """Give the free objective to the row that reached it, and that row's former one to the row before, and so on."""
    objective: str | None = free
    while objective is not None:
        row = reached[objective]
        former = pairs.get(row)
        pairs[row], holders[objective] = objective, row
        objective = former
