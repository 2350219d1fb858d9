"""What kind of file it is, by its content; the name's ending is only a hint."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePath

from bulkobj.spreadsheet.limits import MAX_FILE, UnreadableError


class Kind(StrEnum):
    """The containers that files come in."""

    ZIP = "zip"
    COMPOUND = "compound"
    TEXT = "text"


#: Endings of workbooks, those included that bulkobj can't read: their content is never CSV on purpose.
_WORKBOOKS = {".xlsx", ".xlsm", ".xltx", ".xltm", ".xls", ".xlt", ".ods", ".ots", ".xlsb", ".fods", ".numbers"}
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body", b"<table", b"<meta", b"<script", b"<style")
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
#: The starts of other common files, with what they are.
_OTHERS = {
    b"%PDF": "a PDF document",
    b"{\\rtf": "a rich text document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x1f\x8b": "a compressed file",
    b"7z\xbc\xaf": "a compressed file",
    b"Rar!": "a compressed file",
}


def ending(name: str) -> str:
    """The file name's ending in lower case, with its dot."""
    return PurePath(name).suffix.lower()


def kind_of(name: str, data: bytes) -> Kind:
    """Which container the content is; UnreadableError where it is none that bulkobj reads."""
    if len(data) > MAX_FILE:
        raise UnreadableError(f"the file has {len(data):,} bytes, and bulkobj reads {MAX_FILE:,} at most. Split it")
    if data.startswith(_ZIP):
        return Kind.ZIP
    if data.startswith(_COMPOUND):
        return Kind.COMPOUND
    _refuse_other(ending(name), data)
    return Kind.TEXT


def _refuse_other(suffix: str, data: bytes) -> None:
    if data.startswith(tuple(_OTHERS)):
        what = next(words for start, words in _OTHERS.items() if data.startswith(start))
        raise UnreadableError(f"this is {what}, not a spreadsheet. Export the data as .xlsx or .csv and use that")
    if _is_markup(data):
        raise UnreadableError(
            "this is a web page or an XML file, not a spreadsheet, whatever its name says. "
            "Open it in your spreadsheet program, save it as .xlsx, and use that"
        )
    if suffix in _WORKBOOKS and data:
        raise UnreadableError(
            f"the content isn't that of a{'n' * (suffix[1] in 'xo')} {suffix} workbook: the file is damaged, or it has "
            "the wrong ending. Open it in your spreadsheet program and save it as .xlsx, or rename it to .csv if it "
            "is plain text"
        )


def _is_markup(data: bytes) -> bool:
    head = data[:1024]
    for bom in _BOMS:
        head = head.removeprefix(bom)
    return head.replace(b"\0", b"").lstrip().lower().startswith(_MARKUP)
