"""The zip container of .xlsx, .xlsm and .ods: its parts, decompressed within bounds."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib

from bulkobj.spreadsheet.limits import MAX_INFLATED, UnreadableError, shown
from bulkobj.spreadsheet.ooxml.xml_reader import damaged

#: What Python's zipfile raises for one or another damage; some of it is not its own BadZipFile.
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, OverflowError)
_ENCRYPTED = 0x1
PROTECTED = (
    "the workbook is protected with a password. Remove the password in your spreadsheet program "
    "(Excel: File > Info > Protect Workbook > Encrypt with Password) and save it"
)


class Package:
    """A zip file's parts by name, without regard to case, as the Open Packaging Conventions have it."""

    def __init__(self, data: bytes) -> None:
        """Open it; UnreadableError where it isn't a whole zip file."""
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _FAULTS as fault:
            raise damaged() from fault
        self._parts = {_key(info.filename): info for info in self._zip.infolist()}
        self._left = MAX_INFLATED

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._parts

    @property
    def names(self) -> list[str]:
        """The names of all parts, in lower case."""
        return list(self._parts)

    def read(self, name: str, most: int | None = None) -> bytes:
        """Return a part's bytes, or the first ``most`` of them.

        Raises UnreadableError for a part that is missing, damaged or encrypted, and where all parts that were read
        come to more than :data:`MAX_INFLATED`: what is counted are the bytes that come out, not what the file claims.
        """
        info = self._parts.get(_key(name))
        if info is None:
            raise damaged(f"its part {shown(name)} is missing")
        if info.flag_bits & _ENCRYPTED:
            raise UnreadableError(PROTECTED)
        try:
            with self._zip.open(info) as part:
                data = part.read(min(self._left + 1, most or MAX_INFLATED + 1))
        except (*_FAULTS, RuntimeError) as fault:
            raise damaged(f"its part {shown(name)} can't be unpacked") from fault
        self._left -= len(data)
        if self._left < 0:
            raise UnreadableError(
                f"the workbook unpacks to more than {MAX_INFLATED // 1_000_000} MB. Save it as several smaller files"
            )
        return data


def _key(name: str) -> str:
    """Return a part's name as it is compared; some programs on Windows write backslashes."""
    return posixpath.normpath(name.replace("\\", "/")).lstrip("/").casefold()
