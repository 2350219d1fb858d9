"""When two values of a field are the same; pure."""

from __future__ import annotations

from collections.abc import Mapping

from bulkobj.core.model import Field, Objective, Value
from bulkobj.core.text import composed
from bulkobj.planning.plan import Step

_UNWRITABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32)])


def comparable(value: Value) -> object:
    """The value without what nobody sees, or no spreadsheet keeps: the kind of line break, control characters, outer
    spaces, and how an accented letter is put together.
    """
    if isinstance(value, tuple):
        return frozenset(value)
    return composed(value.replace("\r\n", "\n").replace("\r", "\n").translate(_UNWRITABLE).strip())


def same(one: Value, other: Value) -> bool:
    """Whether two values of a field are the same to a person."""
    return comparable(one) == comparable(other)


def holds(objective: Objective, values: Mapping[Field, Value]) -> bool:
    """Whether the objective is equal in every one of these fields."""
    return all(_held(objective, name, value) for name, value in values.items())


def _held(objective: Objective, name: Field, value: Value) -> bool:
    live = objective.get(name)
    if name is Field.OWNER and "@" in str(value) and live and "@" not in str(live):
        return True  # the service may answer with a user's id where an address was sent (api-facts, "Dates travel as")
    return same(live, value)


def changed_fields(step: Step) -> dict[Field, str | tuple[str, ...]]:
    """The fields of an update that differ from what was there before."""
    if step.before is None:
        return dict(step.body)
    return {name: value for name, value in step.body.items() if not same(value, step.before.get(name))}
