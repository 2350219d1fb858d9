"""Everything that ends a command early, each with its exit code (contract, "Exit codes").

A problem with a row is not an exception: it is a :class:`bulkobj.core.model.Problem`, and is collected. An exception
means that the command as a whole can't go on::

    BulkobjError            2
    ├── UsageError          2   the command line, the configuration, a missing file
    ├── InvalidFileError    3   the file can't be used; nothing was sent
    ├── StoppedError        4   stopped early; `bulkobj resume` goes on
    │   ├── AuthorizationError  the service refuses the token
    │   ├── ReadRefusedError    the service answers, but will not let something be read
    │   └── ServiceDownError    the service is out of reach, or says wait for too long
    ├── StorageError        2   the state folder can't be read or written; nothing unrecorded was sent
    │   ├── JournalError    4   a journal can't be read or written, or the disk is full
    │   └── SharedSlotStoreError 4 the slot store that several machines share is out of reach; `bulkobj resume` goes on
    └── InterruptedRunError 130 ended by the user; `bulkobj resume` goes on
"""

from __future__ import annotations

from typing import ClassVar


class BulkobjError(Exception):
    """The base of all; its text says what is wrong, where, and what to do, in words for an admin."""

    exit_code: ClassVar[int] = 2


class UsageError(BulkobjError):
    """What was asked can't be done as asked: an option, the configuration, a file that isn't there."""


class InvalidFileError(BulkobjError):
    """The file as a whole can't be used; nothing was sent."""

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
