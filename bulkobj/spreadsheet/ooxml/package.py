"""The zip container of .xlsx, .xlsm and .ods: its parts, decompressed within bounds."""

from __future__ import annotations

import io
import zipfile
import zlib

from bulkobj.spreadsheet.limits import MAX_INFLATED, UnreadableError
from bulkobj.spreadsheet.ooxml.xml_reader import damaged

#: What Python's zipfile raises for one or another damage; some of it is not its own BadZipFile.
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, OverflowError)
_ENCRYPTED = 0x1
PROTECTED = (
    "the workbook is protected with a password. Open it in your spreadsheet program, take the password off "
    "(in Excel: File > Info > Protect Workbook > Encrypt with Password), save it, and use that"
)


class Package:
    """A zip file's parts by name, without regard to case, as the Open Packaging Conventions have it."""

    def __init__(self, data: bytes) -> None:
        """Open it; UnreadableError where it isn't a whole zip file."""
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _FAULTS as fault:
            raise damaged() from fault
        self._parts = {info.filename.lstrip("/").casefold(): info for info in self._zip.infolist()}
        self._left = MAX_INFLATED

    def __contains__(self, name: str) -> bool:
        return name.casefold() in self._parts

    def read(self, name: str, most: int | None = None) -> bytes:
        """A part's bytes, or the first ``most`` of them.

        Raises UnreadableError for a part that is missing, damaged or encrypted, and where all parts that were read
        come to more than :data:`MAX_INFLATED`: what is counted are the bytes that come out, not what the file claims.
        """
        info = self._parts.get(name.casefold())
        if info is None:
            raise damaged()
        if info.flag_bits & _ENCRYPTED:
            raise UnreadableError(PROTECTED)
        try:
            with self._zip.open(info) as part:
                data = part.read(min(self._left + 1, most or MAX_INFLATED + 1))
        except (*_FAULTS, RuntimeError) as fault:
            raise damaged() from fault
        self._left -= len(data)
        if self._left < 0:
            raise UnreadableError(
                f"the workbook unpacks to more than {MAX_INFLATED // 1_000_000} MB. Split it into smaller files"
            )
        return data
