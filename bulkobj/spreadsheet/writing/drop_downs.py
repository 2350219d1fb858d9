"""Drop-down lists: the names stand on a hidden sheet, since a list within a rule ends at 255 characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from openpyxl import Workbook
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from bulkobj.core.columns import ACTION
from bulkobj.spreadsheet.table import STAMP_SHEET, column_letters
from bulkobj.spreadsheet.writing.cells import exact_cell, obstacle_of
from bulkobj.spreadsheet.writing.styles import Style

LISTS_SHEET = f"{STAMP_SHEET}_lists"


class DropDowns:
    """Lists of names to choose from, by the header of their column; other texts can still be entered."""

    def __init__(self, lists: Mapping[str, Sequence[str]]) -> None:
        chosen = {
            header: [n for n in dict.fromkeys(names) if n.strip() and not obstacle_of(n)]
            for header, names in lists.items()
        }
        self._lists = {header: names for header, names in chosen.items() if names}

    def add_to(self, sheet: Worksheet, headers: Sequence[str], last_row: int) -> None:
        """Add the rules for a sheet with these headers in row 1, down to ``last_row``."""
        for index, header in enumerate(headers):
            if header in self._lists:
                rule = self._rule(header)
                letters = column_letters(index)
                rule.add(f"{letters}2:{letters}{last_row}")
                sheet.data_validations.append(rule)

    def _rule(self, header: str) -> DataValidation:
        letters = column_letters(list(self._lists).index(header))
        only = "one of these words" if header == ACTION.header else "a name from the list, or an id"
        return DataValidation(
            type="list",
            formula1=f"'{LISTS_SHEET}'!${letters}$1:${letters}${len(self._lists[header])}",
            allow_blank=True,
            showErrorMessage=True,
            errorStyle="warning",
            errorTitle=header[:32],
            error=f"This isn't in the list. {header} takes {only}.",
        )

    def write(self, book: Workbook) -> None:
        """Write the hidden sheet with the names, if there are any."""
        if self._lists:
            sheet = book.create_sheet(LISTS_SHEET)
            sheet.sheet_state = "hidden"
            for row in zip_longest(*self._lists.values()):
                sheet.append([exact_cell(sheet, name, Style.TEXT) for name in row])
