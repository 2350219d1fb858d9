"""One cell's value: what stands in a file, made into what :data:`bulkobj.spreadsheet.table.Cell` promises."""

from __future__ import annotations

import re

from bulkobj.spreadsheet.formula_guard import ERRORS, unguard, unguard_error
from bulkobj.spreadsheet.table import BadCell, Cell

#: White space, the non-breaking kinds included, and characters without any width.
_INVISIBLE = (
    " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u200b\u200c\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
_UNSEEN = frozenset(_INVISIBLE)
Row = tuple[Cell, ...]


def visible(text: str) -> str:
    """Return the text without what can't be seen at its ends; empty if the cell looks blank."""
    return text.strip(_INVISIBLE)


def text_or_blank(text: str) -> str | None:
    """Return the text as it stands, or None if it looks blank."""
    return text if text and (text[0] not in _UNSEEN or visible(text)) else None


def bad_cell(error: str) -> BadCell:
    """Return the cell that shows that error."""
    return BadCell("bad-cell", error)


def csv_row(row: list[str]) -> Row:
    """Return the cells of a CSV row: blanks as None, no formula guards, errors of spreadsheet programs as BadCell."""
    return tuple([(_special(text) if text[0] in _SPECIAL else text) if text else None for text in row])


_SPECIAL = _UNSEEN | {"'", "#", "="}
#: How people keep a spreadsheet program from taking the zeros off an id: a formula of that one text.
_AS_TEXT = re.compile(r'="([^"]*)"')


def _special(text: str) -> Cell:
    if not visible(text):
        return None
    if text in ERRORS:
        return bad_cell(text)
    as_text = _AS_TEXT.fullmatch(text)
    return as_text[1] if as_text and visible(as_text[1]) else None if as_text else unguard_error(unguard(text))
