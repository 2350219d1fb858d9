"""Standard output and standard error that somebody may stop reading: that changes nothing of what is done."""

from __future__ import annotations

import os
from typing import Any, TextIO


class Deafened:
    """A text stream whose reader may go away, as in ``bulkobj runs | head -1``; what is written then is lost."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write as far as anybody reads."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._go_deaf()
            return len(text)

    def flush(self) -> None:
        """Flush as far as anybody reads."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._go_deaf()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _go_deaf(self) -> None:
        """Let what is still in the stream's buffer, and all that follows, go nowhere."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
