"""Looks of the workbooks that bulkobj makes: named cell styles, column widths, page set-up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from bulkobj.core.columns import ACCOUNT_ID, ACCOUNT_NAME, DESCRIPTION, OBJECTIVE_ID, Kind, by_header
from bulkobj.spreadsheet.writing.results import RESULT_HEADERS

#: Fills of a result, by its tone. A row that was ``unchanged`` must not look like one that was created.
TONES = {"good": "FFD8F0DB", "unchanged": "FFE1EBF7", "bad": "FFFFD5D9", "neutral": "FFECEFF3"}
#: Fills of marked cells: light red for an error, light yellow for a warning.
ERROR, WARNING = "FFFEC8C0", "FFFEF0B0"
_MARKS = {"error": ERROR, "warning": WARNING}
#: The format of times in reports.
DATE_TIME = 'yyyy-mm-dd hh:mm:ss "UTC"'
LINK_COLOUR = "FF0563C1"
#: Widths of the result columns in characters.
RESULT_WIDTHS = dict(zip(RESULT_HEADERS, (7, 13, 15, 38, 60, 13, 11, 24), strict=True))
#: Widths of the columns of the list sheet.
LIST_WIDTHS = (18, 12, 16, 22, 26, 36, 80)


class Style(StrEnum):
    """A kind of cell, by the name of its cell style in the workbook."""

    HEADER = "bulkobj header"
    PALE_HEADER = "bulkobj header optional"
    KEY_HEADER = "bulkobj header id"
    TEXT = "bulkobj text"
    LONG_TEXT = "bulkobj long text"
    ID = "bulkobj id"  # formatted as text: a typed 007 stays 007
    KEY = "bulkobj key"
    DATE = "bulkobj date"
    MOMENT = "bulkobj date and time"
    LEFT_OUT = "bulkobj left out"  # a blank cell in place of a text that no workbook holds
    TITLE = "bulkobj title"
    NUMBER = "bulkobj number"


def add_styles(book: Workbook) -> None:
    """Add every style to the workbook, so that cells can name them."""
    white, middle = Font(name="Calibri", bold=True, color="FFFFFF"), Alignment(vertical="center", wrap_text=True)
    top, left = Alignment(vertical="top"), Alignment(vertical="top", horizontal="left")
    line = Border(bottom=Side("thin", color="D5D8DC"))
    styles = [
        NamedStyle(Style.HEADER.value, font=white, alignment=middle, fill=_fill("1F3A5F")),
        NamedStyle(Style.PALE_HEADER.value, font=white, alignment=middle, fill=_fill("5B7083")),
        NamedStyle(Style.KEY_HEADER.value, font=white, alignment=middle, fill=_fill("6B7280")),
        NamedStyle(Style.TEXT.value, alignment=top),
        NamedStyle(Style.LONG_TEXT.value, alignment=Alignment(vertical="top", wrap_text=True)),
        NamedStyle(Style.ID.value, alignment=top, number_format="@"),
        NamedStyle(Style.KEY.value, alignment=top, number_format="@", fill=_fill("ECEDEF"), border=line),
        NamedStyle(Style.DATE.value, alignment=left, number_format="yyyy-mm-dd"),
        NamedStyle(Style.MOMENT.value, alignment=left, number_format="yyyy-mm-dd hh:mm:ss"),
        NamedStyle(Style.LEFT_OUT.value, fill=_fill("FFF2CC")),
        NamedStyle(Style.TITLE.value, font=Font(name="Calibri", bold=True, size=16, color="1F3A5F")),
        NamedStyle(Style.NUMBER.value, alignment=top, number_format="#,##0"),
    ]
    for style in styles:
        book.add_named_style(style)


def give_look(cell: Cell, look: str) -> None:
    """Give a cell of a report its look: a tone, ``error``, ``warning``, ``date``, ``wrap``, ``header`` and others."""
    if look in TONES or look in _MARKS:
        cell.fill = _fill(TONES.get(look) or _MARKS[look])
    match look:
        case "date":
            cell.number_format = DATE_TIME
        case "wrap":
            cell.alignment = Alignment(vertical="top", wrap_text=True)
        case "title" | "heading":
            cell.font = Font(name="Calibri", bold=True)
        case "link":
            cell.font = Font(name="Calibri", underline="single", color=LINK_COLOUR)
        case "header":
            cell.font, cell.fill = Font(name="Calibri", bold=True), _fill("FFECEFF3")
            cell.border = Border(bottom=Side("thin", color="FF98A2B3"))


def _fill(colour: str) -> PatternFill:
    return PatternFill("solid", fgColor=colour)


@dataclass(frozen=True, slots=True)
class Look:
    """A column's width in characters, the style of its cells, and the note on its header, if there is one."""

    width: int
    style: Style = Style.TEXT
    note: str = ""

    @property
    def is_key(self) -> bool:
        """Return whether bulkobj finds objectives by the column."""
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
    """Return the look of the column with that header."""
    column = by_header(header)
    if column is None:
        return _OTHER
    return _BY_HEADER.get(column.header) or _BY_KIND.get(column.kind, _OTHER)


def fit_page(sheet: Worksheet) -> None:
    """Print across, as wide as one page."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
