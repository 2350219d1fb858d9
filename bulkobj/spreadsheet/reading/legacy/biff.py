"""One pass over the records of an .xls file (Microsoft's [MS-XLS]), for what the workbook reader doesn't tell."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from bulkobj.spreadsheet.limits import UnreadableError
from bulkobj.spreadsheet.ooxml.package import PROTECTED
from bulkobj.spreadsheet.ooxml.xml_reader import damaged
from bulkobj.spreadsheet.reading.table_detection import SheetFacts
from bulkobj.spreadsheet.reading.values import bad_cell
from bulkobj.spreadsheet.table import BadCell

_BOF, _EOF, _FILEPASS, _BOUNDSHEET, _ROW, _BOOLERR, _MULRK = 0x809, 0x0A, 0x2F, 0x85, 0x208, 0x205, 0xBD
_FORMULAS = (0x06, 0x206, 0x406)
#: Records of one cell with content; all begin with its row and column. MULRK holds the cells of several columns.
_CELLS = frozenset((*_FORMULAS, 0x203, 0x204, _BOOLERR, 0xFD, 0x27E, 0xD6, _MULRK))
_WORKSHEET = 0
_ROW_IS_HIDDEN = 0x20
#: [MS-XLS] 2.5.10, BErr.
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}


def scan(book: bytes) -> list[SheetFacts]:
    """The facts of each worksheet of a ``Workbook`` stream, in its order; UnreadableError where it is protected."""
    starts = []
    for kind, content in _records(book, 0):
        if kind == _FILEPASS:
            raise UnreadableError(PROTECTED)
        if kind == _BOUNDSHEET:
            start, _, sheet_type = struct.unpack_from("<IBB", content)
            starts += [start] * (sheet_type == _WORKSHEET)
    return [_scan_sheet(book, start) for start in starts]


def _records(book: bytes, position: int) -> Iterator[tuple[int, bytes]]:
    """The records up to the end of the substream that starts there, those of substreams within (charts) left out."""
    depth = 0
    while position + 4 <= len(book):
        kind, size = struct.unpack_from("<HH", book, position)
        depth += (kind == _BOF) - (kind == _EOF)
        if depth <= 0:
            return
        if depth == 1:
            yield kind, book[position + 4 : position + 4 + size]
        position += 4 + size


def _scan_sheet(book: bytes, start: int) -> SheetFacts:
    rows = columns = 0
    hidden: set[int] = set()
    bad: dict[tuple[int, int], BadCell] = {}
    try:
        for kind, content in _records(book, start):
            if kind in _CELLS:
                row, column = struct.unpack_from("<HH", content)
                last = struct.unpack_from("<H", content, len(content) - 2)[0] if kind == _MULRK else column
                rows, columns = max(rows, row + 1), max(columns, last + 1)
                error = _error(kind, content)
                if error:
                    bad[row + 1, column] = error
            elif kind == _ROW and struct.unpack_from("<H", content, 12)[0] & _ROW_IS_HIDDEN:
                hidden.add(struct.unpack_from("<H", content)[0] + 1)
    except struct.error as fault:
        raise damaged() from fault
    return SheetFacts(rows, columns, hidden, bad)


def _error(kind: int, content: bytes) -> BadCell | None:
    """The error of a BOOLERR record, or of a FORMULA record whose result is one ([MS-XLS] 2.5.133)."""
    code = None
    if kind == _BOOLERR and content[7]:
        code = content[6]
    elif kind in _FORMULAS and content[12:14] == b"\xff\xff" and content[6] == 2:
        code = content[8]
    return None if code is None else bad_cell(_ERRORS.get(code, "#N/A"))
