"""From a CSV file's bytes to its text: the encoding is found, and a byte that doesn't fit it is named."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass

from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.limits import UnreadableError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A CSV file's text without its byte order mark, its encoding's name, and whether that is no more than a guess."""

    text: str
    encoding: str
    is_guess: bool = False


def check_encoding(name: str | None) -> None:
    """Refuse a name that isn't a text encoding's; UsageError."""
    if name is None:
        return
    try:
        "a".encode(name)
    except (LookupError, ValueError) as fault:
        raise UsageError(
            f"--encoding: {name!r} is not a known encoding. Use utf-8, utf-16 or windows-1252, or remove the option"
        ) from fault


def decode(data: bytes, given: str | None = None, *, is_default: bool = False) -> Decoded:
    """Return the text of a CSV file.

    A byte order mark decides, then a ``given`` encoding, then what is obviously UTF-16, then UTF-8, then Windows-1252.
    A given encoding that ``is_default`` takes the place of Windows-1252 only.

    Raises UnreadableError (``bad-encoding``, or ``unreadable-file`` for NUL bytes) with the row at fault.
    """
    marked = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
    forced = None if is_default else given
    if marked and forced and not _agree(marked, forced):
        message = f"the file's byte order mark says {marked.removesuffix('-sig')}, not {forced}. Remove --encoding"
        raise UnreadableError(message, code="bad-encoding")
    encoding = marked or forced or _find(data, given)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as fault:
        raise _undecodable(data, fault, encoding, is_given=encoding == given) from fault
    except (UnicodeError, ValueError) as fault:  # a codec that can't say where it failed
        raise UnreadableError(f"the file isn't {encoding} text. {_ADVICE}", code="bad-encoding") from fault
    _refuse_nul(text)
    is_guess = encoding == _GUESS and encoding != given and not text.isascii()
    return Decoded(_DOS_END.sub("", text.removeprefix("\ufeff")), encoding.removesuffix("-sig"), is_guess)


#: The encoding of older Windows programs in Western countries.
_GUESS = "windows-1252"
#: The end mark of DOS programs, at the end of the file.
_DOS_END = re.compile(r"\x1a[\x1a\s]*\Z")
#: How ``surrogateescape`` marks a byte that isn't UTF-8.
_BROKEN = re.compile("[\udc80-\udcff]")
_ADVICE = 'Save it as "CSV UTF-8", or name its encoding with --encoding'


def _agree(marked: str, given: str) -> bool:
    """Return whether the encodings are the same but for the mark and the order of bytes."""
    marks, names = (codecs.lookup(name).name.removesuffix("-sig") for name in (marked, given))
    return names.startswith(marks)


def _find(data: bytes, default: str | None) -> str:
    if (utf16 := _unmarked_utf16(data[:4096])) is not None:
        return utf16
    if data.isascii():
        return default or "utf-8"
    return "utf-8" if _is_utf8(data) else default or _GUESS


def _unmarked_utf16(head: bytes) -> str | None:
    """Return the UTF-16 of a file without a mark in which nearly every second byte is zero, as in Western text."""
    pairs = len(head) // 2
    low, high = head[0::2].count(0), head[1::2].count(0)
    if pairs >= 2 and high > 0.7 * pairs and low < 0.1 * pairs:
        return "utf-16-le"
    return "utf-16-be" if pairs >= 2 and low > 0.7 * pairs and high < 0.1 * pairs else None


def _is_utf8(data: bytes) -> bool:
    """Return whether the text is UTF-8, damaged UTF-8 included.

    Text of another encoding is hardly ever UTF-8 in whole lines, nor at most places.
    """
    lines = [line.decode("utf-8", "surrogateescape") for line in data.splitlines() if not line.isascii()]
    broken = [len(_BROKEN.findall(line)) for line in lines]
    whole = broken.count(0)
    valid = sum(len(line) - len(line.encode("ascii", "ignore")) for line in lines) - sum(broken)
    return valid >= sum(broken) or whole * 3 >= len(lines)


def _undecodable(data: bytes, fault: UnicodeDecodeError, encoding: str, *, is_given: bool) -> UnreadableError:
    position = len(data) - len(fault.object) + fault.start  # some codecs count from behind the byte order mark
    row = last_row(data[:position].decode(encoding, "replace"))
    byte = data[position : position + 1].hex().upper()
    name = encoding.removesuffix("-sig")
    why = f"{name}, as --encoding or the profile says" if is_given else f"the {name} of the file"
    return UnreadableError(
        f"the byte 0x{byte} in row {row} (byte {position + 1:,}) is not {why}. {_ADVICE}", code="bad-encoding", row=row
    )


def _refuse_nul(text: str) -> None:
    position = text.find("\0")
    if position >= 0:
        row = last_row(text[:position])
        raise UnreadableError(
            f'row {row} contains a NUL character, so the file is damaged or not text. Save it again as "CSV UTF-8"',
            row=row,
        )


def last_row(text: str) -> int:
    """Return the number of the row in which that beginning of a CSV file ends; a quoted cell's lines are one row."""
    marked = io.StringIO(f"{text}x".replace("\0", "x"), newline="")  # the x stands for the character after the text
    try:
        return sum(1 for _ in csv.reader(marked))
    except csv.Error:  # a cell beyond the module's limit: count lines instead
        return text.count("\n") + 1
