"""Steps, changes and problems as the JSON that the journal keeps."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def to_json(value: object) -> str:
    """Return the value as compact JSON; dataclasses become objects with the names of their fields."""
    return msgspec.json.encode(value, enc_hook=dict).decode()  # the hook: a read-only mapping is one, too


def from_json(text: str, kind: type[T] | Any) -> T:
    """Return the value of that type; raises msgspec.ValidationError (a ValueError) where the text is none."""
    value: T = msgspec.json.decode(text, type=kind)
    return value
