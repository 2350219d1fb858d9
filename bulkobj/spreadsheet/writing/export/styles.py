"""How the columns of an exported workbook look: widths, styles, and what is said of those that must stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from bulkobj.core.columns import ACCOUNT_ID, ACCOUNT_NAME, DESCRIPTION, OBJECTIVE_ID, Kind, by_header


class Style(Enum):
    """A kind of cell."""

    HEADER = auto()
    KEY_HEADER = auto()
    TEXT = auto()
    LONG_TEXT = auto()
    ID = auto()  # formatted as text, so that an id that is typed stays one
    KEY = auto()
    DATE = auto()
    MOMENT = auto()
    LEFT_OUT = auto()  # a blank cell in place of a text that the workbook can't hold


_TOP = {"valign": "top"}
_ID = {**_TOP, "num_format": "@"}
_DATE = {**_TOP, "align": "left"}
_HEADER = {"bold": True, "font_color": "#FFFFFF", "valign": "vcenter", "right": 1, "right_color": "#FFFFFF"}
#: The formats of cells, in XlsxWriter's words.
FORMATS: Mapping[Style, Mapping[str, Any]] = {
    Style.HEADER: {**_HEADER, "bg_color": "#1F3A5F"},
    Style.KEY_HEADER: {**_HEADER, "bg_color": "#6B7280"},
    Style.TEXT: _TOP,
    Style.LONG_TEXT: {**_TOP, "text_wrap": True},
    Style.ID: _ID,
    Style.KEY: {**_ID, "bg_color": "#ECEDEF", "bottom": 1, "bottom_color": "#D5D8DC"},
    Style.DATE: {**_DATE, "num_format": "yyyy-mm-dd"},
    Style.MOMENT: {**_DATE, "num_format": "yyyy-mm-dd hh:mm:ss"},
    Style.LEFT_OUT: {"bg_color": "#FFF2CC"},
}


@dataclass(frozen=True, slots=True)
class Look:
    """A column's width in characters, the style of its cells, and a note on its header, if there is one."""

    width: int
    style: Style = Style.TEXT
    note: str = ""

    @property
    def is_key(self) -> bool:
        """Whether bulkobj finds objectives by the column."""
        return self.style is Style.KEY


_OTHER = Look(20)
_BY_KIND = {
    Kind.ACTION: Look(12),
    Kind.KEY: Look(26, Style.KEY),
    Kind.TEXT: Look(44),
    Kind.PERSON: Look(28),
    Kind.NAME: Look(18),
    Kind.DATE: Look(20, Style.DATE),
    Kind.PLAYS: Look(28, Style.ID),
}
_BY_HEADER = {
    OBJECTIVE_ID.header: Look(38, Style.KEY, "Don't change these ids: each says which objective its row is."),
    ACCOUNT_ID.header: Look(26, Style.KEY, "Don't change these ids: each says whose objective the row is."),
    ACCOUNT_NAME.header: Look(28),
    DESCRIPTION.header: Look(64, Style.LONG_TEXT),
}


def look_of(header: str) -> Look:
    """How the column of that header looks."""
    column = by_header(header)
    if column is None:
        return _OTHER
    return _BY_HEADER.get(column.header) or _BY_KIND.get(column.kind, _OTHER)
