"""The errors that the Python interface raises, each with the exit code of its command (README, "From Python")."""

from __future__ import annotations

from bulkobj.core.errors import (
    AuthorizationError,
    BulkobjError,
    InterruptedRunError,
    InvalidFileError,
    ReadRefusedError,
    ServiceDownError,
    StoppedError,
    StorageError,
    UsageError,
)

__all__ = [
    "AuthorizationError",
    "BulkobjError",
    "InterruptedRunError",
    "InvalidFileError",
    "ReadRefusedError",
    "ServiceDownError",
    "StoppedError",
    "StorageError",
    "UsageError",
]
