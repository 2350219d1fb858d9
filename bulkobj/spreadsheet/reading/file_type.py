"""The kind of a file, by its content; the name's ending is only a hint."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path, PurePath

from bulkobj.spreadsheet.limits import MAX_FILE, UnreadableError, shown
from bulkobj.spreadsheet.ooxml.package import Package


class Kind(StrEnum):
    """The containers that files come in."""

    ZIP = "zip"
    COMPOUND = "compound"
    TEXT = "text"


#: Endings of workbooks, those included that bulkobj can't read: their content is never CSV on purpose.
_WORKBOOKS = {".xlsx", ".xlsm", ".xltx", ".xltm", ".xls", ".xlt", ".ods", ".ots", ".xlsb", ".fods", ".numbers"}
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body", b"<table", b"<meta", b"<script", b"<style")
_SAVE = "Save the table as .xlsx or .csv"
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
    b"SQLite format 3": "a database",
    b"PAR1": "a Parquet file",
}
#: Parts by which other documents in a zip file are known.
_PACKAGES = {
    "word/document.xml": "a Word document",
    "ppt/presentation.xml": "a PowerPoint presentation",
    "xl/workbook.bin": "a binary workbook (.xlsb)",
    "index/document.iwa": "a Numbers, Pages or Keynote document",
    "index.zip": "a Numbers, Pages or Keynote document",
}


def ending(name: str) -> str:
    """Return the file name's ending in lower case, with its dot."""
    return PurePath(name).suffix.lower()


def lock_file_beside(path: Path) -> Path | None:
    """Return the lock file of Excel or LibreOffice beside a file, which says that it is open there."""
    for lock in (path.with_name(f"~${path.name}"), path.with_name(f".~lock.{path.name}#")):
        try:
            if lock.is_file():
                return lock
        except OSError:
            continue
    return None


def kind_of(name: str, data: bytes) -> Kind:
    """Return the container of the content; UnreadableError if it is none that bulkobj reads."""
    if len(data) > MAX_FILE:
        raise UnreadableError(
            f"the file has {len(data):,} bytes; bulkobj reads {MAX_FILE:,} at most. Save it as several smaller files"
        )
    if data.startswith(_ZIP):
        return Kind.ZIP
    if data.startswith(_COMPOUND):
        return Kind.COMPOUND
    _refuse_lock_file(name)
    if not data:
        raise UnreadableError(
            "the file is empty: it has 0 bytes. Save it again, or choose another file", code="empty-file"
        )
    _refuse_other(ending(name), data)
    return Kind.TEXT


def _refuse_lock_file(name: str) -> None:
    plan = name.removeprefix("~$") if name.startswith("~$") else ""
    if name.startswith(".~lock.") and name.endswith("#"):
        plan = name[len(".~lock.") : -1]
    if plan:
        raise UnreadableError(
            f'this is a lock file: it only shows that "{shown(plan)}" is open in a spreadsheet program. '
            f'Use "{shown(plan)}"'
        )


def _refuse_other(suffix: str, data: bytes) -> None:
    if data.startswith(tuple(_OTHERS)):
        what = next(words for start, words in _OTHERS.items() if data.startswith(start))
        raise UnreadableError(f"this is {what}, not a spreadsheet. {_SAVE}")
    if b"mso-application" in data[:1024] and b"Excel.Sheet" in data[:1024]:
        raise UnreadableError('this is an "XML Spreadsheet 2003". Save it in Excel as .xlsx')
    if _head(data).startswith(_MARKUP):
        raise UnreadableError(
            "this is a web page or an XML file, whatever its name says. Save it as .xlsx in your spreadsheet program"
        )
    _refuse_json(data)
    if suffix in _WORKBOOKS:
        raise UnreadableError(
            f"the content isn't that of a{'n' * (suffix[1] in 'xo')} {suffix} workbook: it is damaged or has the "
            "wrong ending. Save it as .xlsx in your spreadsheet program; if it is plain text, rename it to .csv"
        )


def _head(data: bytes) -> bytes:
    head = data[:1024]
    for bom in _BOMS:
        head = head.removeprefix(bom)
    return head.replace(b"\0", b"").lstrip().lower()


def _refuse_json(data: bytes) -> None:
    if _head(data)[:1] not in (b"{", b"["):
        return
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(content, dict) and ("doc_id" in content or "docs.google.com" in str(content.get("url", ""))):
        raise UnreadableError(
            "this is only a link to a Google Sheet. Save the sheet with File > Download > Microsoft Excel (.xlsx)"
        )
    raise UnreadableError(f"this is a JSON file, not a spreadsheet. {_SAVE}")


def refuse_other_package(package: Package) -> None:
    """Raise UnreadableError for a zip file that is another document, or an archive of files."""
    for part, words in _PACKAGES.items():
        if part in package:
            raise UnreadableError(f"this is {words}, which bulkobj doesn't read. {_SAVE}")
    if "mimetype" in package and package.read("mimetype", 100).startswith(b"application/vnd.oasis.opendocument"):
        raise UnreadableError(f"this is an OpenDocument file, but not a spreadsheet. {_SAVE}")
    if not any(name.startswith(("_rels/", "xl/")) or name == "[content_types].xml" for name in package.names):
        files = [name for name in package.names if not name.endswith("/")]
        tables = [name for name in files if name.endswith((".csv", ".xlsx", ".xls", ".ods", ".tsv", ".txt"))]
        what = f' with "{shown(tables[0])}"' if tables else ""
        raise UnreadableError(f"this is a zip archive{what}, not a spreadsheet. Use the file in it: extract it first")


def refuse_other_compound(data: bytes) -> None:
    """Raise UnreadableError for an old document of another program."""
    for stream, words in (("WordDocument", "a Word document"), ("PowerPoint Document", "a PowerPoint presentation")):
        if stream.encode("utf-16-le") in data:
            raise UnreadableError(f"this is {words}, not a spreadsheet. {_SAVE}")
    if "__properties_version1.0".encode("utf-16-le") in data:
        raise UnreadableError(f"this is an e-mail message, not a spreadsheet. {_SAVE}")
