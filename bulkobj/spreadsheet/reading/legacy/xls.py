"""Workbooks in .xls, read by xlrd."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from bulkobj.spreadsheet.limits import UnreadableError, check_faults, check_range
from bulkobj.spreadsheet.ooxml.package import PROTECTED
from bulkobj.spreadsheet.ooxml.xml_reader import damaged
from bulkobj.spreadsheet.reading.file_type import refuse_other_compound
from bulkobj.spreadsheet.reading.number_format.number_format import NumberFormat, built_in, parse
from bulkobj.spreadsheet.reading.table_detection import Grid, Merge
from bulkobj.spreadsheet.reading.values import bad_cell, text_or_blank
from bulkobj.spreadsheet.table import Cell

#: Twentieths of a point: a row that is less than one point high can't be seen.
_LEAST_HEIGHT = 20
#: 256ths of a character.
_LEAST_WIDTH = 26
_FIRST_CUSTOM = 164  # format ids below are built in, and some of those are the region's


#: Takes the workbook out of its container. xlrd follows a damaged chain of sectors for ever, so a process of its own
#: does it, within limits; it finds xlrd where this process found it, and nothing in the working folder.
_PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from bulkobj.spreadsheet.reading.legacy.xls import extract
extract(sys.stdin.buffer, sys.stdout.buffer)
"""
_SECONDS = 20
_MEMORY = 2_000_000_000  # bytes of address space


def extract(source: BinaryIO, target: BinaryIO) -> None:
    """Copy the workbook's stream out of the container; runs in the process of its own."""
    from xlrd.compdoc import CompDoc  # noqa: PLC0415 - only where an .xls file is read

    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - isn't there on Windows

        for kind, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CORE, 0)):
            with contextlib.suppress(ValueError, OSError):  # macOS refuses some
                resource.setrlimit(kind, (most, most))
    container = CompDoc(source.read(), logfile=io.StringIO())
    for name in ("Workbook", "Book"):
        content, start, size = container.locate_named_stream(name)
        if content:
            target.write(content[start : start + size])
            return


def _workbook_stream(data: bytes) -> bytes:
    command = [sys.executable, "-I", "-c", _PROGRAM, json.dumps(sys.path)]
    try:
        answer = subprocess.run(command, input=data, capture_output=True, timeout=_SECONDS, check=True)  # noqa: S603 - our own program, without a shell
    except (subprocess.SubprocessError, OSError) as fault:
        raise damaged("its container can't be read") from fault
    if not answer.stdout:
        raise damaged("its container holds no workbook")
    return answer.stdout


@dataclass(frozen=True, slots=True)
class XlsSheet:
    """A worksheet's name, and if it is hidden."""

    name: str
    hidden: bool


class XlsBook:
    """An .xls workbook."""

    format = "xls"

    def __init__(self, data: bytes) -> None:
        """Read the workbook; UnreadableError if it is damaged, protected or another document."""
        import xlrd  # noqa: PLC0415 - only where an .xls file is read

        if "EncryptedPackage".encode("utf-16-le") in data:
            raise UnreadableError(PROTECTED)
        refuse_other_compound(data)
        try:
            stream = _workbook_stream(data)
            with Path(os.devnull).open("w", encoding="utf-8") as log:
                self._book = xlrd.open_workbook(
                    file_contents=stream, formatting_info=True, ragged_rows=True, logfile=log
                )
        except (MemoryError, UnreadableError):
            raise
        except Exception as fault:  # xlrd raises whatever damaged bytes lead to
            if "encrypted" in str(fault):
                raise UnreadableError(PROTECTED) from fault
            raise damaged("its content can't be read") from fault
        self.sheets = [XlsSheet(sheet.name, sheet.visibility != 0) for sheet in self._book.sheets()]
        self._formats: dict[int, NumberFormat] = {}
        if not self.sheets:
            raise damaged("it has no sheets")

    def head(self, index: int) -> Grid:
        """Return all rows of a sheet."""
        return self.grid(index)

    def grid(self, index: int) -> Grid:
        """Return all rows of a sheet; UnreadableError if it is damaged or beyond the limits."""
        try:
            return self._grid(index)
        except (LookupError, ValueError, TypeError, AttributeError, OverflowError) as fault:
            raise damaged("its cells can't be read") from fault

    def _grid(self, index: int) -> Grid:
        sheet = self._book.sheet_by_index(index)
        grid = Grid([])
        faults = widest = 0
        for row in range(sheet.nrows):
            number = row + 1
            cells = [self._cell(sheet.cell(row, column)) for column in range(sheet.row_len(row))]
            while cells and cells[-1] is None:
                cells.pop()
            grid.rows.append(tuple(cells))
            widest = max(widest, len(cells))
            check_range(number, widest, sheet.name)
            faults += sum(cell.ctype == _ERROR for cell in sheet.row(row))
            check_faults(faults)
            info = sheet.rowinfo_map.get(row)
            if info is not None and (info.hidden or (info.height or _LEAST_HEIGHT) < _LEAST_HEIGHT):
                grid.hidden.add(number)
            filled = [sheet.cell(row, column) for column, cell in enumerate(cells) if cell is not None]
            if filled and all(map(self._is_struck, filled)):
                grid.struck.add(number)
        grid.hidden_columns.update(
            column for column, info in sheet.colinfo_map.items() if info.hidden or info.width < _LEAST_WIDTH
        )
        grid.merges.extend(Merge(top + 1, bottom, left, right - 1) for top, bottom, left, right in sheet.merged_cells)
        return grid

    def _cell(self, cell: Any) -> Cell:
        match cell.ctype:
            case 1:
                formatted = self._format(cell.xf_index).text_cell(cell.value)
                return text_or_blank(formatted) if isinstance(formatted, str) else formatted
            case 2 | 3:
                if not math.isfinite(cell.value):
                    return bad_cell(str(cell.value))
                return self._format(cell.xf_index).cell(float(cell.value), from_1904=self._book.datemode == 1)
            case 4:
                return bool(cell.value)
            case 5:
                from xlrd import error_text_from_code  # noqa: PLC0415 - as above

                return bad_cell(error_text_from_code.get(cell.value, "#N/A"))
        return None

    def _format(self, style: int) -> NumberFormat:
        if style not in self._formats:
            key = self._book.xf_list[style].format_key
            known = self._book.format_map.get(key)
            custom = known is not None and key >= _FIRST_CUSTOM
            self._formats[style] = parse(known.format_str or "") if known and custom else built_in(key)
        return self._formats[style]

    def _is_struck(self, cell: Any) -> bool:
        fonts = self._book.font_list
        index = self._book.xf_list[cell.xf_index].font_index
        return bool(index < len(fonts) and fonts[index].struck_out)


_ERROR = 5
