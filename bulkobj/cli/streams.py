"""Standard streams that may be closed, full or unread: that changes nothing of what a command does."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, TextIO

#: The reader went away, as in ``bulkobj runs | head -1``, or the terminal did.
_UNREAD = frozenset({errno.EPIPE, errno.EIO, errno.ENXIO})


class TolerantStream:
    """A text stream that drops what cannot be written, with its binary buffer.

    ``lost`` says that a file or a closed stream dropped something; readers that went away don't count.
    """

    def __init__(self, stream: TextIO, *, closed: bool = False) -> None:
        self._stream = stream
        self.was_closed = closed
        self.lost = False
        self.buffer = _TolerantBuffer(self, stream.buffer)

    def write(self, text: str) -> int:
        """Write the text as far as that can be done."""
        self.attempt(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        """Flush as far as that can be done."""
        self.attempt(self._stream.flush)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def attempt(self, work: Callable[..., object], *arguments: Any) -> None:
        """Do the work; if it fails, what is in the stream's buffer and all that follows goes to the null device."""
        self.lost = self.lost or (self.was_closed and bool(arguments))
        try:
            work(*arguments)
        except OSError as error:
            self.lost = self.lost or error.errno not in _UNREAD
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


class _TolerantBuffer:
    """The binary side of a tolerant stream."""

    def __init__(self, owner: TolerantStream, buffer: BinaryIO) -> None:
        self._owner = owner
        self._buffer = buffer

    def write(self, content: bytes) -> int:
        """Write the bytes as far as that can be done."""
        self._owner.attempt(self._buffer.write, content)
        return len(content)

    def flush(self) -> None:
        """Flush as far as that can be done."""
        self._owner.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._buffer, name)


def protect_streams() -> None:
    """Replace the standard streams by tolerant ones, which show any text in any encoding.

    A closed stream gets the null device. Otherwise the next file opened would take its number, and a message for the
    terminal would end up in a journal.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # the lowest free number is the one that is given
        pass
    os.close(number)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as the process lives
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream, closed = getattr(sys, name), getattr(sys, name) is None
        if closed:
            stream = open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - the same
        stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, TolerantStream(stream, closed=closed))
