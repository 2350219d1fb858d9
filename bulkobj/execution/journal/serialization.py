"""Steps, changes and problems as the JSON that the journal keeps."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def to_json(value: object) -> str:
    """Return the value as compact JSON; dataclasses become objects with the names of their fields."""
    try:
        return msgspec.json.encode(value, enc_hook=dict).decode()  # the hook: a read-only mapping is one, too
    except UnicodeEncodeError:  # a file name that is no text: Python's own JSON keeps it as it is
        return json.dumps(msgspec.to_builtins(value, str_keys=True, enc_hook=dict))


def from_json(text: str, kind: type[T] | Any) -> T:
    """Return the value of that type; raises msgspec.ValidationError (a ValueError) where the text is none."""
    try:
        value: T = msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:  # as above
        value = msgspec.convert(json.loads(text), kind, strict=False, str_keys=True)
    return value
