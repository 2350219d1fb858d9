"""Texts that a spreadsheet program would take for a formula, made harmless in CSV files and read back unchanged.

The guard is a leading apostrophe (README, "The report"). Writing guards every text, reading takes the guard off.
"""

from __future__ import annotations

import re

#: What starts a formula in one program or another, the full-width forms of East Asian keyboards included; a tab or
#: a line break at the start is skipped by some programs, which then see what follows.
_TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - full-width on purpose
#: What spreadsheet programs show in place of a value that they could not calculate.
ERRORS = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!"}
    | {"#CONNECT!", "#BUSY!", "#UNKNOWN!", "#EXTERNAL!", "#PYTHON!", "#GETTING_DATA", "#ERROR!"}
)
_PLAIN_NUMBER = re.compile(r"[+-][0-9]+(?:[.,][0-9]+)?")


def guard(text: str) -> str:
    """Return the text as it is safe to write into a CSV cell; ``unguard`` gives it back."""
    return f"'{text}" if _needs_guard(text) else text


def unguard(text: str) -> str:
    """Return the text that ``guard`` was given; a text that no guard would have been put before stays as it is."""
    return text[1:] if text[:1] == "'" and _needs_guard(text[1:]) else text


def guard_error(text: str) -> str:
    """Return a text such as ``#N/A``, an error of spreadsheet programs, written as one that stays a text."""
    return f"'{text}" if text.lstrip("'") in ERRORS else text


def unguard_error(text: str) -> str:
    """Return the text that ``guard_error`` was given."""
    return text[1:] if text[:1] == "'" and text.lstrip("'") in ERRORS else text


def _needs_guard(text: str) -> bool:
    """Return whether it could run as a formula, or is such a text behind apostrophes of its own."""
    bare = text.lstrip("'")
    return bare.startswith(_TRIGGERS) and not _PLAIN_NUMBER.fullmatch(bare)
