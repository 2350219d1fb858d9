"""Cells: reading one into a value of the model, and writing it from one; pure.

``Given.text`` keeps what a person sees in the cell. So an untouched cell can be told from an edited one even if its
value could not be sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, time
from typing import NamedTuple

from bulkobj.core.columns import ACCOUNT, Column, Kind
from bulkobj.core.model import Action, Severity, Value, severity_of
from bulkobj.core.text import plain_text, quoted, trimmed
from bulkobj.core.timestamps import unspelled
from bulkobj.spreadsheet.table import BadCell, Cell, Formatted, plain, shown
from bulkobj.validation.dates import (
    AmbiguousDateError,
    DateError,
    DateRules,
    date_of_cell,
    doubts,
    in_service_spelling,
    parse_date,
)
from bulkobj.validation.markup import find_markup

CLEAR = "(clear)"


class Given(NamedTuple):
    """A cell that isn't blank: the text that it shows, its value (None if it has none), and a problem with it.

    The value of a cell of a :attr:`Kind.NAME` column is the text until the name is resolved. ``clears`` says that the
    field is to be emptied. The problem may be a warning beside a value.
    """

    text: str
    value: Value | None
    code: str = ""
    message: str = ""
    clears: bool = False

    @property
    def faulty(self) -> bool:
        """Return whether the problem is an error."""
        return bool(self.code) and severity_of(self.code) is Severity.ERROR


class CellReader:
    """Reads the cells of one column; ``is_csv`` says that every cell is a text, whatever it once was."""

    def __init__(self, column: Column, dates: DateRules, *, is_csv: bool = False) -> None:
        self._column, self._dates, self._is_csv = column, dates, is_csv
        readers: dict[Kind, Callable[[str, str, Cell], Given]] = {
            Kind.ACTION: _read_action,
            Kind.KEY: self._read_key,
            Kind.TEXT: _read_text,
            Kind.PERSON: _read_words,
            Kind.NAME: self._read_key if column is ACCOUNT else _read_words,
            Kind.PLAYS: self._read_plays,
            Kind.DATE: self._read_date,
        }
        self._read = readers[column.kind]
        self._known: dict[tuple[type, Cell], Given | None] = {}

    def read(self, cell: Cell) -> Given | None:
        """Return the meaning of a cell; None for a blank one."""
        key = type(cell), cell  # True and 1 are equal, but not the same cell
        if key not in self._known:
            self._known[key] = self._read_new(cell)
        return self._known[key]

    def _read_new(self, cell: Cell) -> Given | None:
        kind = self._column.kind
        text = shown(plain(cell) if kind is Kind.DATE else cell)
        bare = plain_text(text).strip()
        if not bare:
            return None
        if isinstance(cell, BadCell):
            return Given(text, None, cell.code, _BAD[cell.code].format(quoted(cell.text)))
        word = bare.casefold()
        if word == CLEAR and kind is not Kind.ACTION:
            return _cleared(text, self._column)
        if isinstance(cell, Formatted) and cell.text is None and kind is not Kind.DATE:
            message = f"the number format {quoted(cell.format, 30)} is shown differently by each program. {_AGAIN}"
            return Given(text, None, "bad-cell", message)
        given = self._read(bare, text, cell)
        if word in _NULL_WORDS and not given.code and kind is not Kind.ACTION:
            message = f"{quoted(bare)} looks like an empty value of another program. Clear the cell if it is"
            return given._replace(code="null-word", message=message)
        return given

    def _read_key(self, bare: str, text: str, cell: Cell) -> Given:
        """Read an id, but no text that a spreadsheet program made of it, and none that changes an address."""
        problem = self._changed(bare, cell)
        if problem:
            return Given(text, None, "mangled-number", f"{problem}. {_AS_TEXT}")
        if bare in {".", ".."}:
            return Given(text, None, "bad-cell", f"{quoted(bare)} can't be an ID. Enter the ID")
        return self._with_decimals(Given(text, unprotected(bare)))

    def _changed(self, bare: str, cell: Cell) -> str:
        """Return how a spreadsheet program changed an id, in words; ``""`` if it didn't."""
        value = plain(cell)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not isinstance(value, str) and not is_number:
            return f"the spreadsheet program changed the ID to {quoted(bare)}"
        if (is_number or self._is_csv) and _SHORTENED.fullmatch(bare):
            return f"the spreadsheet program shortened the ID to {quoted(bare)}"
        if isinstance(value, int | float) and abs(value) >= _INEXACT:
            return f"{quoted(bare)} has more than 15 digits, and the spreadsheet program changed the last ones"
        return ""

    def _with_decimals(self, given: Given) -> Given:
        if not self._is_csv or not _DECIMAL.fullmatch(str(given.value)):
            return given
        message = f"the ID {quoted(str(given.value))} ends with a decimal. Remove it if it isn't part of the ID"
        return given._replace(code="decimal-id", message=message)

    def _read_plays(self, bare: str, text: str, cell: Cell) -> Given:
        wrong = _NOT_IN_PLAYS.search(bare)
        if wrong is not None:
            message = f"{quoted(bare, 40)} contains {wrong[0]}. Put only ; or , between the IDs of SuccessPlays"
            return Given(text, None, "bad-cell", message)
        ids = [part.strip() for part in re.split(r"[;,\r\n]", bare)]
        given = Given(text, tuple(dict.fromkeys(one for one in ids if one)))
        for one in ids:
            problem = self._read_key(one, text, cell) if one else None
            if problem is not None and problem.code:
                return problem._replace(value=None if problem.faulty else given.value)
        return given

    def _read_date(self, _: str, text: str, cell: Cell) -> Given:
        value = plain(cell)
        try:
            if isinstance(value, date):
                moment = date_of_cell(value, self._dates)
            elif isinstance(value, str):
                moment = parse_date(value, self._dates)
            else:
                raise DateError(f"{quoted(text)} is not a date. Format the column as Date and enter the date again")
        except DateError as error:
            code = "ambiguous-date" if isinstance(error, AmbiguousDateError) else "bad-date"
            return Given(text, None, code, str(error))
        return Given(text, in_service_spelling(moment, self._dates.zone), *(doubts(moment, self._dates) or ()))


_AS_TEXT = "Format the column as Text and enter the ID again"
_AGAIN = "Format the column as Text and enter the value again"
_BAD = {
    "bad-cell": "the cell shows the error {}. Fix the formula or enter the value",
    "uncalculated-formula": "the formula {} has no value yet. Save the file in the spreadsheet program and try again",
}
#: What other programs write for "nothing there".
_NULL_WORDS = frozenset(
    ("null", "nan", "none", "undefined", "\\n", "#n/a", "#n/d", "[object object]"),
)
#: How spreadsheet programs show a long number.
_SHORTENED = re.compile(r"[+-]?\d(?:[.,]\d+E[+-]?|E\+)\d{1,3}", re.IGNORECASE)
#: From here on a number doesn't hold every digit.
_INEXACT = 1e15
_DECIMAL = re.compile(r"\d+\.0+")
_NOT_IN_PLAYS = re.compile("[|\\[\\]{}\"'\u2018-\u201f\u00ab\u00bb]")


def _cleared(text: str, column: Column) -> Given:
    if column.field is None or column.header in {"Title", "Category", "Status"}:
        advice = "Clear the cell to keep its value" if column.field else "Clear the cell or enter a value"
        return Given(text, None, "unexpected-value", f"{column.header} can't be emptied. {advice}")
    return Given(text, column.field.empty, clears=True)


_ACTIONS = {re.sub(r"\s", "", action.value): action for action in Action}


def _read_action(bare: str, text: str, _: Cell) -> Given:
    action = _ACTIONS.get(re.sub(r"[\s_\-]+", "", bare).casefold())
    if action is None:
        known = ", ".join(action.value for action in Action)
        return Given(text, None, "unknown-action", f"unknown action {quoted(bare)}. Use {known}, or clear the cell")
    return Given(text, action.value)


def _read_text(_: str, text: str, __: Cell) -> Given:
    markup = find_markup(text)
    if markup:
        message = f"{quoted(markup, 40)} is HTML markup, which objectives do not support. Remove it"
        return Given(text, None, "html-markup", message)
    return Given(text, unprotected(trimmed(text)))


def _read_words(bare: str, text: str, _: Cell) -> Given:
    return Given(text, unprotected(bare))


def protected(text: str) -> str:
    """Return a text written so that reading can't take it for ``(clear)``."""
    return "'" + text if _is_clear(text) else text


def unprotected(text: str) -> str:
    """Return the text that :func:`protected` made safe."""
    return text[1:] if text[:1] == "'" and _is_clear(text) else text


def _is_clear(text: str) -> bool:
    """Return whether the text is the word ``(clear)`` or that word behind apostrophes."""
    return plain_text(text).strip().lstrip("'").strip().casefold() == CLEAR


def written(value: Value, kind: Kind) -> Cell:
    """Return a value of an objective as the cell that an export shows; reading the cell gives the value again.

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
