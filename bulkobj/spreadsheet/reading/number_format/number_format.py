"""Number formats: the text that a spreadsheet program displays for a number, a date or a text.

Format codes are described in ECMA-376 part 1, 18.8.31. A display that programs disagree on, or that depends on the
computer's region, is not known: an id or a text must never be guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from functools import lru_cache

from bulkobj.spreadsheet.reading.number_format.dates import as_date, date_text
from bulkobj.spreadsheet.reading.number_format.numbers import general_text, number_text
from bulkobj.spreadsheet.reading.number_format.sections import (
    Section,
    Token,
    UnknownDisplayError,
    is_text,
    section_of,
    split,
)
from bulkobj.spreadsheet.table import Cell, Formatted, shown

GENERAL = "General"
#: ECMA-376 part 1, 18.8.30; ids that are not here are displayed in the way of the computer's region.
BUILT_IN = {
    0: GENERAL,
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    37: "#,##0_);(#,##0)",
    38: "#,##0_);(#,##0)",
    39: "#,##0.00_);(#,##0.00)",
    40: "#,##0.00_);(#,##0.00)",
    45: "mm:ss",
    46: "[h]:mm:ss",
    49: "@",
}
#: Built-in formats of dates whose look is the region's: short dates, and those of East Asia.
REGIONAL_DATES = frozenset((14, 22, *range(27, 37), *range(50, 59)))
_REGIONAL = "the short date of this computer's region"

#: From here on a floating-point number no longer holds every digit of a whole number.
EXACT = 1e15


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A parsed number format."""

    code: str
    sections: tuple[Section, ...]
    text_section: Section | None = None  # None: texts are shown as they are

    @property
    def is_date(self) -> bool:
        """Tell if numbers stand for dates or times of day."""
        return any(section.has("date") and not section.has("elapsed") for section in self.sections)

    def cell(self, number: float, *, from_1904: bool = False) -> Cell:
        """Return the cell of a number in this format; ``from_1904``: days are counted from 1904."""
        if abs(number) >= EXACT:  # its last digits are lost, whatever its format
            return number
        value: int | float | date | time = int(number) if number.is_integer() else number
        try:
            section, sign = self._section_for(number)
            if section.has("date") and not section.has("elapsed"):
                value = as_date(number, from_1904=from_1904) or value
            text = _display(section, number * sign, from_1904=from_1904)
        except UnknownDisplayError:
            return Formatted(value, None, self.code)
        return value if text == shown(value) else Formatted(value, text, self.code)

    def text_cell(self, text: str) -> Cell:
        """Return the cell of a text in this format: programs may put other text around it, or hide it."""
        section = self.text_section
        if section is None:
            return text
        if not section.known or not any(token.text == "@" for token in section.tokens):
            return Formatted(text, None, self.code)
        return "".join(text if token.text == "@" else token.text for token in section.tokens)

    def _section_for(self, number: float) -> tuple[Section, int]:
        """Return the section for a number, and -1 if the section stands for its sign already."""
        sections = self.sections
        conditions = [section for section in sections if section.condition]
        if not conditions:
            if number < 0 and len(sections) > 1:
                return sections[1], -1
            return sections[2 if number == 0 and len(sections) > 2 else 0], 1
        if number < 0 or not all(section.condition for section in sections[:-1]):
            raise UnknownDisplayError
        for section in sections:
            if section.holds(number):
                return section, 1
        raise UnknownDisplayError


@lru_cache(maxsize=1000)
def parse(code: str) -> NumberFormat:
    """Parse a format code; any text is one, if only one whose display is never known."""
    sections = [section_of(tokens) for tokens in split(code)]
    text = sections.pop() if len(sections) > 1 and (len(sections) == 4 or is_text(sections[-1])) else None
    if len(sections) == 1 and text is None and is_text(sections[0]):
        text, sections = sections[0], [section_of(pieces) for pieces in split(GENERAL)]
    if text is not None and [token.text for token in text.tokens] == ["@"] and text.known:
        text = None
    if len(sections) > 3:
        sections = [Section([], known=False)]
    return NumberFormat(code, tuple(sections), text)


def built_in(number: int) -> NumberFormat:
    """Return the format of a built-in id."""
    if number in REGIONAL_DATES:
        return NumberFormat(_REGIONAL, (Section([Token("date", "d"), Token("date", "y")], known=False),))
    code = BUILT_IN.get(number)
    return parse(code) if code else NumberFormat("a format of this computer's region", (Section([], known=False),))


def _display(section: Section, number: float, *, from_1904: bool) -> str:
    if not section.known:
        raise UnknownDisplayError
    if section.has("date", "elapsed", "minute"):
        return date_text(section, number, from_1904=from_1904)
    if section.has("general"):
        body = general_text(section, abs(number))
    elif section.has("place"):
        body = number_text(section, Decimal(f"{abs(number):.15g}"))
    else:  # the number is hidden
        raise UnknownDisplayError
    if number < 0 and not re.search("[1-9]", body):  # minus zero, which programs show differently
        raise UnknownDisplayError
    text = ("-" * (number < 0) + body).strip()
    if not text:
        raise UnknownDisplayError
    return text
