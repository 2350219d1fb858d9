"""Names for the sheets of an export, given one by one as the sheets come."""

from __future__ import annotations

from bulkobj.spreadsheet.ooxml.cell_xml import units
from bulkobj.spreadsheet.table import STAMP_SHEET
from bulkobj.spreadsheet.writing.plain_tables import sheet_names

_LONGEST = 31


class SheetNames:
    """Hands out names that spreadsheet programs accept, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def claim(self, wanted: str) -> str:
        """Return a name as close to the wanted one as may be; never that of a hidden sheet of ours."""
        first = name = self._acceptable(wanted)
        while name.casefold() in self._taken:
            number = self._numbers[first] = self._numbers.get(first, 1) + 1
            name = _numbered(first, number)
        self._taken.add(name.casefold())
        return name

    @staticmethod
    def _acceptable(wanted: str) -> str:
        """Underscores in front go where reading would take the sheet for one of bulkobj's own, and skip it."""
        name = sheet_names([wanted])[0]
        while name.casefold().startswith(STAMP_SHEET):
            name = sheet_names([name.lstrip("_")])[0]
        return name


def _numbered(name: str, number: int) -> str:
    end = f" ({number})"
    while units(name) > _LONGEST - len(end):
        name = name[:-1]
    return name.rstrip() + end
