"""From a CSV file's bytes to its text: the encoding is found, and a byte that doesn't fit it is named."""

from __future__ import annotations

import codecs
import csv
import io
import re

from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.limits import UnreadableError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def check_encoding(name: str | None) -> None:
    """Refuse a name that isn't a text encoding's; UsageError."""
    if name is None:
        return
    try:
        "a".encode(name)
    except (LookupError, ValueError) as fault:
        raise UsageError(
            f"--encoding: {name!r} isn't an encoding that bulkobj knows. Use utf-8, utf-16 or windows-1252, or leave "
            "the option out to have the encoding found"
        ) from fault


def decode(data: bytes, given: str | None = None) -> tuple[str, str]:
    """The text without its byte order mark, and the encoding's name.

    Without a ``given`` encoding: a mark decides, then what is obviously UTF-16, then UTF-8, then Windows-1252.

    Raises UnreadableError (``bad-encoding``, or ``unreadable-file`` for NUL bytes) with the row at fault.
    """
    encoding = given or _find(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as fault:
        raise _undecodable(data, fault, encoding, given=given is not None) from fault
    except (UnicodeError, ValueError) as fault:  # a codec that can't say where it failed
        raise UnreadableError(f"the file isn't {encoding} text. {_ADVICE}", code="bad-encoding") from fault
    _refuse_nul(text)
    return text.removeprefix("\ufeff"), encoding.removesuffix("-sig")


#: How ``surrogateescape`` marks a byte that isn't UTF-8.
_BROKEN = re.compile("[\udc80-\udcff]")
_ADVICE = 'Save it again as "CSV UTF-8", or name its encoding with --encoding'


def _find(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    return _unmarked_utf16(data[:4096]) or ("utf-8" if _is_utf8(data) else "windows-1252")


def _unmarked_utf16(head: bytes) -> str | None:
    """UTF-16 without a mark is taken for granted where nearly every second byte is zero, as in Western text."""
    pairs = len(head) // 2
    low, high = head[0::2].count(0), head[1::2].count(0)
    if pairs >= 2 and high > 0.7 * pairs and low < 0.1 * pairs:
        return "utf-16-le"
    return "utf-16-be" if pairs >= 2 and low > 0.7 * pairs and high < 0.1 * pairs else None


def _is_utf8(data: bytes) -> bool:
    """Also true of damaged UTF-8: text that decodes at most places would only turn to gibberish in Windows-1252."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
        broken = len(_BROKEN.findall(text))
        return len(text) - len(text.encode("ascii", "ignore")) > 2 * broken
    return True


def _undecodable(data: bytes, fault: UnicodeDecodeError, encoding: str, *, given: bool) -> UnreadableError:
    position = len(data) - len(fault.object) + fault.start  # some codecs count from behind the byte order mark
    row = last_row(data[:position].decode(encoding, "replace"))
    byte = data[position : position + 1].hex().upper()
    asked = "--encoding says" if given else "it seems to be"
    return UnreadableError(
        f"the byte 0x{byte} in row {row} (byte {position + 1:,} of the file) doesn't fit "
        f"{encoding.removesuffix('-sig')}, which {asked}. {_ADVICE}",
        code="bad-encoding",
        row=row,
    )


def _refuse_nul(text: str) -> None:
    position = text.find("\0")
    if position >= 0:
        row = last_row(text[:position])
        raise UnreadableError(
            f"row {row} holds a NUL character, so it isn't text or it is damaged. Export it again as CSV UTF-8",
            row=row,
        )


def last_row(text: str) -> int:
    """The number of the row in which that beginning of a CSV file ends; a quoted cell's lines are one row."""
    marked = io.StringIO(f"{text}x".replace("\0", "x"), newline="")  # the x stands for the character after the text
    try:
        return sum(1 for _ in csv.reader(marked))
    except csv.Error:  # a cell beyond the module's limit: count lines instead
        return text.count("\n") + 1
