"""Errors that end a command early, each with its exit code (README, "Exit codes").

A problem with a row is not an exception: it is a :class:`bulkobj.core.model.Problem`, and is collected. An exception
ends the command (CONTRIBUTING, decision 2)::

    BulkobjError            2
    ├── UsageError          2   the command line, the configuration, a missing file
    ├── InvalidFileError    3   the file can't be used; nothing was sent
    ├── StoppedError        4   stopped early; `bulkobj resume` continues a run
    │   ├── AuthorizationError  the service refuses the token
    │   ├── ReadRefusedError    the service answers, but will not let something be read
    │   └── ServiceDownError    the service is out of reach, or says wait for too long
    ├── StorageError        2   the state folder can't be read or written; nothing unrecorded was sent
    │   ├── JournalError    4   a journal can't be read or written, or the disk is full
    │   └── SharedSlotStoreError 4 the slot store that several machines share is out of reach
    └── InterruptedRunError 130 ended by the user
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Mapping
from typing import ClassVar


class BulkobjError(Exception):
    """The base of all; its text names what is wrong, where, and what to do, in words for an admin."""

    exit_code: ClassVar[int] = 2


class UsageError(BulkobjError):
    """A command that cannot be done as given: an option, the configuration, a file that does not exist."""


class InvalidFileError(BulkobjError):
    """A file that cannot be used as a whole; nothing was sent."""

    exit_code = 3


class StoppedError(BulkobjError):
    """A command ended before its last row; what was done is recorded.

    ``status`` is the HTTP status of the service's response, if that ended it.
    """

    exit_code = 4

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class AuthorizationError(StoppedError):
    """The service refused the token (401 or 403)."""


class ReadRefusedError(StoppedError):
    """The service answered a read, but not with what was asked for."""


class ServiceDownError(StoppedError):
    """The service can't be reached, keeps failing, or asks for a wait that is too long to sit through."""


class StorageError(BulkobjError):
    """The state folder, a journal or the slot store can't be used; nothing that isn't recorded was sent."""


class JournalError(StorageError):
    """A journal can't be read or written, or the disk is full; nothing that isn't recorded was sent."""

    exit_code = 4


class SharedSlotStoreError(StorageError):
    """The slot store that several machines share can't be reached, read or written; nothing is sent without it."""

    exit_code = 4


class InterruptedRunError(BulkobjError):
    """The user ended the run; what was in flight is recorded."""

    exit_code = 130


#: Errors of the system in our own words.
_SYSTEM: Mapping[int, str] = {
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.EROFS: "the disk is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is used up",
    errno.EFBIG: "the file is too large for its disk",
    errno.ENOENT: "it does not exist",
    errno.ENOTDIR: "a part of its path is no folder",
    errno.EISDIR: "it is a folder",
    errno.EEXIST: "a file of that name is in the way",
    errno.ELOOP: "its links lead round in a circle",
    errno.ENAMETOOLONG: "its name is too long",
    errno.EMFILE: "too many files are open",
    errno.EIO: "the disk or the network folder fails",
    errno.ESTALE: "the network folder is gone",
    errno.EADDRINUSE: "another program uses it",
    errno.EADDRNOTAVAIL: "it is no address of this computer",
}
#: By primary result code of SQLite.
_SQLITE: Mapping[int, str] = {
    3: "no permission",
    5: "another program uses it",
    6: "another program uses it",
    8: "it is read-only",
    10: "the disk or the network folder fails",
    11: "it is damaged",
    13: "the disk is full",
    14: "it cannot be opened",
    26: "it is damaged",
}


def cause(error: Exception) -> str:
    """Return a few words for the cause of an OSError or sqlite3.Error."""
    if isinstance(error, OSError):
        return _SYSTEM.get(error.errno or 0, type(error).__name__)
    if isinstance(error, sqlite3.Error):
        return _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, type(error).__name__)
    return type(error).__name__
