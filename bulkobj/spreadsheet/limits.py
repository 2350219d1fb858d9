"""Limits of file sizes, and the error for a file that can't be read."""

from __future__ import annotations

from bulkobj.core.model import Problem

#: Bytes of a file as it stands on disk. At 100 calls a minute a file of this size would be imported for months.
MAX_FILE = 200_000_000
#: Bytes that the parts of a workbook may have once they are decompressed, all together.
MAX_INFLATED = 200_000_000
#: The rows that a spreadsheet program can hold.
MAX_ROWS = 1_048_576
#: Columns with content. Programs allow 16,384; bulkobj knows about a dozen, and an admin may keep some more.
MAX_COLUMNS = 1_000
#: Rows times columns of a sheet's used range, blanks included: the workbook reader holds them all at once.
MAX_CELLS = 20_000_000
#: Characters of one cell. Programs allow 32,767. In a workbook twice as many may get through.
MAX_TEXT = 1_000_000
#: Cells of a sheet that hold an error or an uncalculated formula; each is reported.
MAX_BAD_CELLS = 500_000


class UnreadableError(Exception):
    """The file can't be read as a whole; becomes its only :class:`Problem` (README, "Problems").

    ``row`` is the row number that the spreadsheet program shows, where one row is at fault. ``candidates`` are the
    names of the sheets to choose from, where several could be meant.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "unreadable-file",
        row: int | None = None,
        sheet: str | None = None,
        candidates: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.candidates = candidates
        self.problem = Problem(code=code, message=message, row=row, sheet=sheet)


def shown(name: str) -> str:
    """Return a name out of a file as it is safe to show: short, and without what could steer a terminal."""
    return "".join(character if character.isprintable() else "?" for character in name[:100])


def check_range(rows: int, columns: int, sheet: str | None = None) -> None:
    """Refuse a used range of that many rows and columns where it is beyond the limits; UnreadableError."""
    if columns > MAX_COLUMNS:
        raise UnreadableError(
            f"{_place(sheet)} has content in column {columns:,}, and bulkobj reads {MAX_COLUMNS:,} columns at most. "
            "Delete the cells on the far right and save the file again",
            sheet=sheet,
        )
    if rows > MAX_ROWS or rows * columns > MAX_CELLS:
        raise UnreadableError(
            f"{_place(sheet)} has content down to row {rows:,} in {columns:,} columns, which is more than bulkobj "
            "reads. Delete stray cells below or beside the table (go to the last used cell with Ctrl+End)",
            sheet=sheet,
        )


def _place(sheet: str | None) -> str:
    return f'the sheet "{shown(sheet)}"' if sheet else "the file"


def check_faults(cells: int) -> None:
    """Refuse a sheet with that many cells that hold an error or an uncalculated formula; UnreadableError."""
    if cells > MAX_BAD_CELLS:
        raise UnreadableError(
            f"{cells:,} cells hold errors or formulas that were never calculated. Fix them in your spreadsheet program"
        )
