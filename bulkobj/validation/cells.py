"""How one cell of a column is read into a value of the model, and written from one; pure.

What a person sees in the cell (``Given.text``) is kept beside what it means, so that an untouched cell can be told
from an edited one even where it could not be sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from bulkobj.core.columns import Column, Kind
from bulkobj.core.model import Action, Value
from bulkobj.core.timestamps import midnight, spelled, unspelled
from bulkobj.spreadsheet.table import BadCell, Cell, Formatted, shown
from bulkobj.validation.dates import AmbiguousDateError, DateError, DateRules, check_year, read_date

CLEAR = "(clear)"


class Given(NamedTuple):
    """A cell that isn't blank: what it shows, what it means (None where that can't be known), and what is wrong.

    A cell of a :attr:`Kind.NAME` column means the text itself until the name is resolved. ``clears`` says that the
    field shall hold nothing. A tuple, as a long file has a hundred thousand, and they are made twice as fast.
    """

    text: str
    value: Value | None
    code: str = ""
    message: str = ""
    clears: bool = False


def read_cells(cells: Iterable[Cell], column: Column, dates: DateRules) -> list[Given | None]:
    """What each of the cells says, as :func:`read_cell` has it; most texts mean just what they show, and go first."""
    is_plain = _PLAIN.get(column.kind, _never)
    return [
        Given(cell, cell) if isinstance(cell, str) and is_plain(cell) else read_cell(cell, column, dates)
        for cell in cells
    ]


def _is_plain(text: str) -> bool:
    """Whether the text has nothing that reading takes off or takes for something else."""
    return text == text.strip() and text[:1] not in _LEADS


def _is_plain_text(text: str) -> bool:
    return text == text.strip() and text[:1] not in _LEADS and "<" not in text and "&" not in text


def _is_plain_key(text: str) -> bool:
    return text[:1] not in _NUMBERS and _is_plain(text)


def _never(_: str) -> bool:
    return False


#: How ``(clear)`` and a protected text begin; ``""`` is how nothing does.
_LEADS = frozenset(("(", "'", ""))
#: How a number begins, which may be a mangled one.
_NUMBERS = frozenset("+-0123456789")
_PLAIN: dict[Kind, Callable[[str], bool]] = {
    Kind.KEY: _is_plain_key,
    Kind.TEXT: _is_plain_text,
    Kind.PERSON: _is_plain,
    Kind.NAME: _is_plain,
}


def read_cell(cell: Cell, column: Column, dates: DateRules) -> Given | None:
    """What a cell of that column says; None for a blank one."""
    text = cell if isinstance(cell, str) else shown(cell)
    bare = text.strip()
    if not bare:
        return None
    if isinstance(cell, BadCell):
        return Given(text, None, cell.code, _BAD[cell.code].format(cell.text))
    if isinstance(cell, Formatted):
        if cell.text is None and column.kind is not Kind.DATE:
            return Given(text, None, "bad-cell", _UNKNOWN_DISPLAY.format(text, cell.format))
        text = shown(cell.value) if column.kind is Kind.DATE else text
        cell = cell.value
    if bare[0] == "(" and bare.casefold() == CLEAR and column.kind is not Kind.ACTION:
        return _cleared(text, column)
    if column.kind is Kind.DATE:
        return _read_date(cell, text, dates)
    return _READERS[column.kind](bare, text, cell)


_BAD = {
    "bad-cell": "the cell shows the error {}: mend the formula or type the value",
    "uncalculated-formula": "the formula {} has no value yet: open the file in the spreadsheet program, save it, "
    "and try again",
}


_UNKNOWN_DISPLAY = (
    "the display of {0} in the number format {1} can't be known. Format the column as Text and enter it as it is meant"
)


def _cleared(text: str, column: Column) -> Given:
    if column.field is None or column.header in {"Title", "Category", "Status"}:
        return Given(text, None, "unexpected-value", f"{column.header} can't be emptied: {_instead(column)}")
    return Given(text, column.field.empty, clears=True)


def _instead(column: Column) -> str:
    return "clear the cell, or write what belongs there" if column.field is None else "leave the cell blank instead"


_ACTIONS = {re.sub(r"\s", "", action.value): action for action in Action}


def _read_action(bare: str, text: str, _: Cell) -> Given:
    action = _ACTIONS.get(re.sub(r"[\s_\-]+", "", bare).casefold())
    if action is None:
        known = ", ".join(action.value for action in Action)
        return Given(text, None, "unknown-action", f'unknown action "{bare}": use one of {known}, or leave it blank')
    return Given(text, action.value)


_RETYPE = "format the column as text, type the id anew"
_MANGLED = re.compile(r"[+-]?\d(?:[.,]\d+)?E\+?\d{1,3}", re.IGNORECASE)


def _read_key(bare: str, text: str, cell: Cell) -> Given:
    if _MANGLED.fullmatch(bare):
        message = f'the spreadsheet program has shortened an id to "{bare}": {_RETYPE}'
        return Given(text, None, "mangled-number", message)
    if isinstance(cell, bool | date | time):
        message = f'the spreadsheet program has made "{bare}" of an id: {_RETYPE}'
        return Given(text, None, "mangled-number", message)
    if isinstance(cell, int | float) and abs(cell) >= 1e15:
        message = f'"{bare}" is too long for a number, of which spreadsheet programs keep 15 digits: {_RETYPE}'
        return Given(text, None, "mangled-number", message)
    return Given(text, unprotected(bare))


_ELEMENTS = (
    "a abbr b big blockquote body br button center code dd del div dl dt em font footer form h[1-6] head header hr "
    "html i iframe img input ins label li link mark meta ol option p pre q s script section select small span strike "
    "strong style sub sup svg table tbody td textarea tfoot th thead title tr tt u ul video"
)
_MARKUP = re.compile(
    rf"</?(?:{'|'.join(_ELEMENTS.split())})(?:\s[^<>]*)?/?>|<!--|&(?:nbsp|amp|lt|gt|quot|apos|#\d+);", re.IGNORECASE
)


def _read_text(bare: str, text: str, _: Cell) -> Given:
    found = _MARKUP.search(bare) if "<" in bare or "&" in bare else None
    if found is not None:
        message = f'"{found[0]}" is HTML markup, which objectives do not support: write plain text'
        return Given(text, None, "html-markup", message)
    return Given(text, unprotected(bare))


def _read_plain(bare: str, text: str, _: Cell) -> Given:
    return Given(text, unprotected(bare))


def _read_plays(bare: str, text: str, cell: Cell) -> Given:
    ids = [part.strip() for part in re.split(r"[;\r\n]", bare)]
    for one in ids:
        problem = _read_key(one, text, cell) if one else None
        if problem is not None and problem.code:
            return problem
    return Given(text, tuple(dict.fromkeys(one for one in ids if one)))


def _read_date(cell: Cell, text: str, rules: DateRules) -> Given:
    try:
        return Given(text, _date_value(cell, text, rules))
    except DateError as error:
        return Given(text, None, "bad-date", str(error))
    except AmbiguousDateError:
        message = (
            "day and month can be read either way, and the other dates of the column don't settle it: "
            "say which with --date-order DMY, MDY or YMD"
        )
        return Given(text, None, "ambiguous-date", message)


def _date_value(cell: Cell, text: str, rules: DateRules) -> str:
    match cell:
        case datetime():
            check_year(cell, text)
            return spelled(cell if cell.tzinfo else cell.replace(tzinfo=rules.zone))
        case date():
            check_year(cell, text)
            return midnight(cell)
        case str():
            return read_date(cell, rules)
        case _:
            raise DateError(f'"{text}" is a number, not a date: format the column as date')


_READERS: dict[Kind, Callable[[str, str, Cell], Given]] = {
    Kind.ACTION: _read_action,
    Kind.KEY: _read_key,
    Kind.TEXT: _read_text,
    Kind.PERSON: _read_plain,
    Kind.NAME: _read_plain,
    Kind.PLAYS: _read_plays,
}


def protected(text: str) -> str:
    """A text written so that reading can't take it for ``(clear)`` (contract, "The report")."""
    return "'" + text if text.lstrip("'").strip().casefold() == CLEAR else text


def unprotected(text: str) -> str:
    """The text that :func:`protected` made safe."""
    return text[1:] if text[:1] == "'" and text.lstrip("'").strip().casefold() == CLEAR else text


def written(value: Value, kind: Kind) -> Cell:
    """A value of an objective as the cell that an export shows; reading the cell gives the value again.

    Names must be put in place of ids before. A midnight is a ``date``, another moment a UTC ``datetime``; one with
    fractions of a second stays text, which no spreadsheet program rounds.
    """
    if isinstance(value, tuple):
        return ";".join(value) or None
    if kind is Kind.DATE and value:
        return _written_date(value)
    return protected(value) or None


def _written_date(value: str) -> Cell:
    try:
        moment = unspelled(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return value
    if moment.microsecond or not 1900 < moment.year <= 9999:
        return value
    naive = moment.replace(tzinfo=None)
    return naive.date() if naive.time() == time() else naive
