"""A mark kept apart from the journal: how many sends its run has begun.

A journal that knows of fewer sends is older than its run, because it was restored from a copy or lost its last
writes. A journal without a mark may be. Such a run is not resumed blindly.
"""

from __future__ import annotations

import os
from pathlib import Path

_WIDTH = 20


class SendMark:
    """The mark of one run, a number in a file of its own."""

    def __init__(self, folder: Path, run: str) -> None:
        self._path = folder / run
        self._handle: int | None = None

    def read(self) -> int | None:
        """Return the number of sends, None where no mark can be read."""
        try:
            return int(self._path.read_text("ascii"))
        except (OSError, ValueError):
            return None

    def write(self, sends: int) -> None:
        """Replace the number; raises OSError.

        It is not forced to the disk: after a power cut the journal, which is, can only be the newer of the two.
        """
        if self._handle is None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._handle = os.open(self._path, os.O_CREAT | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
        os.lseek(self._handle, 0, os.SEEK_SET)
        os.write(self._handle, f"{sends:0{_WIDTH}d}".encode())

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def delete(self) -> None:
        """Delete the file."""
        self._path.unlink(missing_ok=True)
