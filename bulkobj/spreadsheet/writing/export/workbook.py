"""A workbook that is written as its rows come: its sheets, their looks, drop-down lists, and the hidden sheets."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import zip_longest
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

from bulkobj.core.columns import ACTION
from bulkobj.spreadsheet.limits import MAX_ROWS
from bulkobj.spreadsheet.ooxml.cell_xml import column_letters
from bulkobj.spreadsheet.table import STAMP_SHEET, Cell
from bulkobj.spreadsheet.writing.export.cells import CellWriter, is_possible
from bulkobj.spreadsheet.writing.export.sheet_names import SheetNames
from bulkobj.spreadsheet.writing.export.styles import FORMATS, Look, Style, look_of

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

LISTS_SHEET = f"{STAMP_SHEET}_lists"
_NOTE_SIZE = {"width": 260, "height": 70}


@contextmanager
def streamed(file: BinaryIO) -> Iterator[Workbook]:
    """A workbook that goes to ``file`` when the block ends well; its rows wait in temporary files until then."""
    from xlsxwriter import Workbook  # noqa: PLC0415 - only where a workbook is written
    from xlsxwriter.exceptions import FileCreateError  # noqa: PLC0415 - as above

    with TemporaryDirectory(prefix="bulkobj-", ignore_cleanup_errors=True) as folder:
        book = Workbook(file, {"constant_memory": True, "tmpdir": folder})
        book.use_zip64()
        book.set_properties({"author": "bulkobj", "created": datetime(1980, 1, 1)})  # noqa: DTZ001 - no clock here
        try:
            yield book
            book.close()
        except FileCreateError as fault:
            _forget_locals(fault.args[0])
            raise fault.args[0] from None  # the OSError as it was
        except BaseException as fault:
            _forget_locals(fault)
            raise
        finally:
            for sheet in book.worksheets():
                _let_go(sheet)


def _forget_locals(fault: BaseException) -> None:
    """A zip file that was not closed would be held by the traceback, and write to a file that is closed by then."""
    traceback.clear_frames(fault.__traceback__)


def _let_go(sheet: Worksheet) -> None:
    """Close the file in which the rows wait: there can be more accounts than a process may have files open.

    XlsxWriter opens it again when it needs it, but has no public way to close it before.
    """
    sheet._opt_close()


class BookWriter:
    """Writes the sheets of an export into a workbook, in the order in which they are given."""

    def __init__(self, book: Workbook, lists: Mapping[str, Sequence[str]]) -> None:
        """``lists`` are the names to choose from under a header."""
        self._book = book
        self._lists = {header: chosen for header, names in lists.items() if (chosen := _choices(names))}
        self._names = SheetNames()
        self._formats = {style: book.add_format(look) for style, look in FORMATS.items()}

    def write(self, name: str, headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """Write a sheet; UsageError as :meth:`CellWriter.write_all`."""
        sheet = self._add(self._names.claim(name))
        looks = [look_of(header) for header in headers]
        sheet.set_row(0, 24)
        for column, (header, look) in enumerate(zip(headers, looks, strict=True)):
            self._write_header(sheet, column, header, look)
        keys = {column: headers[column] for column, look in enumerate(looks) if look.is_key}
        wrapped = {column: look.width for column, look in enumerate(looks) if look.style is Style.LONG_TEXT}
        end = CellWriter(sheet, self._formats, keys.get, wrapped).write_all(rows, 1)
        sheet.autofilter(0, 0, max(end - 1, 1), len(headers) - 1)
        _finish(sheet)

    def write_hidden(self, stamp: Iterable[Sequence[Cell]]) -> None:
        """Write the hidden sheets: the names to choose from, and the stamp, of which no text can be left out."""
        if self._lists:
            lists = self._add(LISTS_SHEET)
            lists.hide()
            CellWriter(lists, self._formats).write_all(zip_longest(*self._lists.values()), 0)
        sheet = self._add(STAMP_SHEET)
        sheet.very_hidden()
        CellWriter(sheet, self._formats, lambda _: "stamp").write_all(stamp, 0)

    def _add(self, name: str) -> Worksheet:
        from bulkobj.spreadsheet.writing.export.exact_text import ExactSheet  # noqa: PLC0415 - as above

        return self._book.add_worksheet(name, worksheet_class=ExactSheet)

    def _write_header(self, sheet: Worksheet, column: int, header: str, look: Look) -> None:
        sheet.set_column(column, column, look.width, self._formats[look.style])
        sheet.write_string(0, column, header, self._formats[Style.KEY_HEADER if look.is_key else Style.HEADER])
        if look.note:
            sheet.write_comment(0, column, look.note, _NOTE_SIZE)
        if header in self._lists:
            sheet.data_validation(1, column, MAX_ROWS - 1, column, self._choice(header))

    def _choice(self, header: str) -> dict[str, object]:
        """A drop-down that warns of other texts and lets them be: an id is as good as a name."""
        letters = column_letters(list(self._lists).index(header))
        other = "bulkobj may know it all the same." if header == ACTION.header else "An id may be entered as well."
        return {
            "validate": "list",
            "source": f"='{LISTS_SHEET}'!${letters}$1:${letters}${len(self._lists[header])}",
            "error_type": "warning",
            "error_title": header[:32],
            "error_message": f"This isn't one of the names in the list. {other}",
        }


def _choices(names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name.strip() and is_possible(name)]


def _finish(sheet: Worksheet) -> None:
    sheet.freeze_panes(1, 0)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MAX_ROWS}"})
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    _let_go(sheet)
