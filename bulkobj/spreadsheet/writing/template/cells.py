"""Cells and looks of workbooks that openpyxl builds, with every text a text."""

from __future__ import annotations

from datetime import date, time
from typing import TYPE_CHECKING, cast

from bulkobj.spreadsheet.ooxml.cell_xml import cut, serial, xstring
from bulkobj.spreadsheet.table import Cell, shown

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell as StyledCell
    from openpyxl.worksheet.worksheet import Worksheet

_REQUIRED, _OTHER = "1F3A5F", "5B7083"


def put(sheet: Worksheet, row: int, column: int, value: Cell) -> StyledCell:
    """Write a cell (row and column from 1); openpyxl would make a formula of ``=1+1`` and an error of ``#N/A``."""
    cell = cast("StyledCell", sheet.cell(row, column))
    if (
        value is None
        or isinstance(value, int | float)
        or (isinstance(value, date | time) and serial(value, from_1904=False) is not None)
    ):
        cell.value = value
    else:
        cell.value = xstring(cut(shown(value)))
        cell.data_type = "s"
    return cell


def _fits(moment: date | time) -> bool:
    return serial(moment, from_1904=False) is not None


def header_look(cell: StyledCell, *, is_required: bool = True) -> None:
    """White on blue; a paler blue for a column that can do without."""
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side  # noqa: PLC0415 - only for a template

    cell.font = Font(name="Calibri", size=11, bold=True, color="FFFFFF")
    cell.fill = PatternFill("solid", fgColor=_REQUIRED if is_required else _OTHER)
    cell.alignment = Alignment(vertical="center", wrap_text=True)
    cell.border = Border(right=Side("thin", color="FFFFFF"))


def fit_page(sheet: Worksheet) -> None:
    """Print across, as wide as one page."""
    from openpyxl.worksheet.properties import PageSetupProperties  # noqa: PLC0415 - only for a template

    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
