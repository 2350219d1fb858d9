"""When two values of a field are the same; pure."""

from __future__ import annotations

from collections.abc import Mapping

from bulkobj.core.model import Field, Objective, Value
from bulkobj.core.text import plain_text
from bulkobj.planning.plan import Step

_UNWRITABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32)])


def comparable(value: Value) -> object:
    """Return the value without what nobody sees or no spreadsheet keeps.

    That is the kind of line break, control characters, outer spaces, and how an accented letter is put together.
    """
    if isinstance(value, tuple):
        return frozenset(value)
    return plain_text(value.replace("\r\n", "\n").replace("\r", "\n").translate(_UNWRITABLE).strip())


def same(one: Value, other: Value) -> bool:
    """Return whether two values of a field are the same to a person."""
    return comparable(one) == comparable(other)


def holds(objective: Objective, values: Mapping[Field, Value]) -> bool:
    """Return whether the objective is equal in every one of these fields."""
    return all(_held(objective, name, value) for name, value in values.items())


def differing(objective: Objective, values: Mapping[Field, Value]) -> tuple[Field, ...]:
    """Return the fields in which the objective differs from the values, without those that the service hides."""
    shown = (name for name in values if name not in objective.unshown)
    return tuple(name for name in shown if not _held(objective, name, values[name]))


def _held(objective: Objective, name: Field, value: Value) -> bool:
    live = objective.get(name)
    if name is Field.OWNER and "@" in str(value) and live and "@" not in str(live):
        return True  # the service may answer with a user's id where an address was sent (API.md, "Known")
    return same(live, value)


def changed_fields(step: Step) -> dict[Field, str | tuple[str, ...]]:
    """Return the fields of an update that differ from what was there before."""
    if step.before is None:
        return dict(step.body)
    return {name: value for name, value in step.body.items() if not same(value, step.before.get(name))}
