"""Dataclasses whose fields are knobs: checked when made, and settable from JSON or from ``name=value`` texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import isfinite
from types import NoneType
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

from bulkobj.core.errors import UsageError

WORDS = {
    bool: "true or false",
    int: "a whole number of at least 0",
    float: "a number of at least 0",
    str: "a text",
    NoneType: "nothing",
}


def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _fits(value: object, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return any(type(value) is type(choice) and value == choice for choice in get_args(hint))
    if get_args(hint):
        return any(_fits(value, each) for each in get_args(hint))
    if hint is float:
        return type(value) in (int, float) and isfinite(value) and value >= 0  # type: ignore[arg-type,operator]  # a number
    return type(value) is hint and (hint is not int or value >= 0)  # type: ignore[operator]  # an int


def _wanted(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(str(choice) or '""' for choice in get_args(hint))
    return WORDS.get(hint) or " or ".join(_wanted(each) for each in get_args(hint))


def _from_text(text: str, hint: Any) -> object:
    """The value that a text stands for; the text itself where it stands for none, for the check to refuse."""
    choices = (True, False) if hint is bool else get_args(hint)
    if hint not in (int, float):
        return next((choice for choice in choices if str(choice).lower() == text.lower()), text)
    try:
        return hint(text)
    except ValueError:
        return text


class Knobs:
    """The base of a frozen dataclass of knobs; UsageError where a value is none of those that its field may have."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name, hint in _hints(type(self)).items():
            value = getattr(self, name)
            if not _fits(value, hint):
                raise UsageError(f"The sandbox's {name!r} must be {_wanted(hint)}, not {value!r}.")

    @classmethod
    def wanted(cls) -> dict[str, str]:
        """The name of each knob with a phrase that says what it may be set to, for help texts."""
        return {name: _wanted(hint) for name, hint in _hints(cls).items()}

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> Self:
        """The knobs as read from JSON; UsageError for an unknown name, a missing one, or a value that doesn't fit."""
        cls._known(values)
        try:
            return cls(**values)
        except TypeError as error:
            raise UsageError(f"The sandbox needs more than that: {error}.") from None

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> Self:
        """The knobs as a command line gives them, each ``name=value``; UsageError as for :meth:`from_mapping`."""
        parts = [text.partition("=") for text in texts]
        pairs = {name.strip().replace("-", "_"): value.strip() for name, _, value in parts}
        cls._known(pairs)
        return cls.from_mapping({name: _from_text(value, _hints(cls)[name]) for name, value in pairs.items()})

    def changed(self, **changes: object) -> Self:
        """The same knobs with some of them turned; UsageError as for :meth:`from_mapping`."""
        self._known(changes)
        return replace(self, **changes)  # type: ignore[type-var]  # every Knobs is a dataclass; a base can't say so

    @classmethod
    def _known(cls, names: Iterable[str]) -> None:
        for name in names:
            if name not in _hints(cls):
                raise UsageError(f"The sandbox has no {name!r}; it has {', '.join(_hints(cls))}.")
