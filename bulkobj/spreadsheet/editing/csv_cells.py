"""Cells of a CSV file changed in its text: encoding, byte order mark, delimiter, quotes and line ends stay."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence

from bulkobj.spreadsheet.editing.edits import CannotEditError, Edit
from bulkobj.spreadsheet.formula_guard import guard, guard_error
from bulkobj.spreadsheet.table import SourceFile

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: A first line that Excel does not show: it says what the delimiter is.
_DECLARED = re.compile(r'"?sep=."?(?:\r\n?|\n|$)', re.IGNORECASE)


def edit_csv(content: bytes, source: SourceFile, edits: Sequence[Edit]) -> bytes:
    """Return the file with the edits made; raises CannotEditError for a text that its encoding does not have."""
    mark, encoding = next(((m, name) for m, name in _MARKS if content.startswith(m)), (b"", source.encoding or "utf-8"))
    text = content[len(mark) :].decode(encoding)
    delimiter = source.delimiter or ","
    wanted: dict[int, dict[int, str]] = {}
    for edit in edits:
        wanted.setdefault(edit.row, {})[edit.column] = edit.text
    pieces: list[str] = []
    position = 0
    for row, fields in enumerate(_rows(text, delimiter), 1):
        last = len(fields) - 1
        for column, new in sorted(wanted.get(row, {}).items()):
            start, end = fields[column] if column < len(fields) else (fields[-1][1], fields[-1][1])
            lacking = max(column - last, 0)  # a short row gets the cells that it lacks
            pieces += [text[position:start], delimiter * lacking, _field(new, delimiter)]
            position, last = end, max(last, column)
    changed = "".join([*pieces, text[position:]])
    return mark + _encoded(changed, encoding, edits)


def _encoded(text: str, encoding: str, edits: Sequence[Edit]) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as fault:
        at = text[fault.start : fault.end][:1]
        row = next((edit.row for edit in edits if at in edit.text), "?")
        raise CannotEditError(
            f'row {row}: the file is {encoding}, which has no "{at}". Save it as "CSV UTF-8", and choose that file'
        ) from fault


def _rows(text: str, delimiter: str) -> Iterator[list[tuple[int, int]]]:
    """Give the fields of each row by their start and end; a quoted field's quotes belong to it."""
    declared = _DECLARED.match(text)
    position = declared.end() if declared else 0
    unquoted = rf"[^{re.escape(delimiter)}\r\n]*"
    field = re.compile(rf' *"(?:[^"]|"")*"{unquoted}|{unquoted}')
    while position < len(text):
        fields = []
        while True:
            match = field.match(text, position)
            if match is None:  # can't be: the second alternative matches nothing too
                return
            fields.append(match.span())
            position = match.end()
            if text[position : position + 1] != delimiter:
                break
            position += 1
        position += 2 if text.startswith("\r\n", position) else 1
        yield fields


def _field(text: str, delimiter: str) -> str:
    safe = guard_error(guard(text.replace("\0", "\ufffd")))
    if any(sign in safe for sign in (delimiter, '"', "\r", "\n")) or safe != safe.strip():
        return '"' + safe.replace('"', '""') + '"'
    return safe
