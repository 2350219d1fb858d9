"""Dates and times as a section of a format shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from bulkobj.spreadsheet.reading.number_format.sections import Section, Token, UnknownDisplayError

_FIRST_SOUND = 61  # 1900-03-01: Excel counts a day before it that never was
_DAYS = 2_958_466  # up to the end of the year 9999
#: Names are known in English alone.
_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905 - easier to read
_DAY_NAMES = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905 - as above


def _start(number: float, *, from_1904: bool) -> datetime:
    """Return the day that counts as 0."""
    return datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30 + (number < _FIRST_SOUND - 1))  # noqa: DTZ001 - as people see it


def as_date(number: float, *, from_1904: bool) -> date | time | None:
    """Return a day without a time as a date, a time without a day as a time; None beyond the years of programs."""
    if not 0 <= number < _DAYS - 1462 * from_1904:
        return None
    moment = _start(number, from_1904=from_1904) + timedelta(milliseconds=round(number * 86_400_000))
    if number < 1:
        return moment.time()
    return moment.date() if moment.time() == time() else moment


def date_text(section: Section, number: float, *, from_1904: bool) -> str:
    """Return a moment, or an elapsed time, in a section with parts of dates."""
    tokens = section.tokens
    letters = {token.text[0] for token in tokens if token.kind == "date"}
    has_day = bool(letters & set("ymd"))
    has_names = any(token.kind == "date" and token.text[0] in "md" and len(token.text) > 2 for token in tokens)
    digits = max((len(token.text) for token in tokens if token.kind == "fraction"), default=0)
    if (
        section.has("place", "general", "exponent")
        or ((has_names or section.has("half")) and not section.english)
        or not 0 <= number < _DAYS - 1462 * from_1904
        or (has_day and number < _FIRST_SOUND and not from_1904)
        or digits > 3
    ):
        raise UnknownDisplayError
    ticks = int(Decimal(f"{number:.15g}").scaleb(digits) * 86_400 + Decimal("0.5"))
    seconds, fraction = divmod(ticks, 10**digits)
    moment = _start(number, from_1904=from_1904) + timedelta(seconds=seconds)
    pieces = _DatePieces(moment, seconds, f"{fraction:0{digits}}" if digits else "", twelve=section.has("half"))
    return "".join(map(pieces.piece, tokens)).strip()


@dataclass(frozen=True, slots=True)
class _DatePieces:
    """The parts of a moment; ``seconds`` are all since the first day."""

    moment: datetime
    seconds: int
    fraction: str
    twelve: bool

    def piece(self, token: Token) -> str:  # noqa: PLR0911 - one for each kind of token
        """Return the token's text for this moment."""
        text = token.text
        match token.kind:
            case "literal":
                return text
            case "sign" if text in "/.,":
                return text
            case "fraction":
                return f".{self.fraction}"
            case "elapsed":
                return f"{self.seconds // {'h': 3600, 'm': 60, 's': 1}[text[0]]:0{len(text)}}"
            case "minute":
                return f"{self.seconds // 60 % 60:0{len(text)}}"
            case "half":
                half = "AM" if self.seconds // 3600 % 24 < 12 else "PM"
                return half if text == "am/pm" else half[0]
            case "date":
                return self._date_piece(text[0], len(text))
        raise UnknownDisplayError

    def _date_piece(self, letter: str, width: int) -> str:
        match letter:
            case "h":
                hour = self.seconds // 3600 % 24
                return f"{(hour % 12 or 12) if self.twelve else hour:0{min(width, 2)}}"
            case "s":
                return f"{self.seconds % 60:0{min(width, 2)}}"
        if width > 5:
            raise UnknownDisplayError
        match letter:
            case "y":
                return f"{self.moment:%Y}".zfill(4) if width > 2 else f"{self.moment.year % 100:02}"
            case "m":
                name = _MONTHS[self.moment.month - 1]
                return [str(self.moment.month), f"{self.moment.month:02}", name[:3], name, name[0]][width - 1]
        name = _DAY_NAMES[self.moment.weekday()]
        return [str(self.moment.day), f"{self.moment.day:02}", name[:3], name, name][width - 1]
