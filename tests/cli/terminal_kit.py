"""Runs the program at a terminal of its own, as a person does: what is on the screen, and what is entered."""

from __future__ import annotations

import os
import pty
import re
import select
import struct
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from fcntl import ioctl
from typing import Self

_PATIENCE = 20.0
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A command at a pseudo-terminal, in a session of its own; left, it is killed."""

    def __init__(self, arguments: Sequence[object], environ: Mapping[str, str], columns: int = 80) -> None:
        self._raw = b""
        self._pid, self._master = pty.fork()
        if not self._pid:
            command = [sys.executable, "-m", "bulkobj", *map(str, arguments)]
            os.execve(sys.executable, command, {"TERM": "xterm", **environ})  # noqa: S606
        ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pid:
            os.kill(self._pid, 9)
            os.waitpid(self._pid, 0)
        if self._master >= 0:
            os.close(self._master)

    @property
    def raw(self) -> str:
        """All that was printed, with its codes."""
        return self._raw.decode()

    @property
    def text(self) -> str:
        """All that was printed, without codes."""
        return _CODES.sub("", self.raw).replace("\r\n", "\n")

    def until(self, expected: str) -> None:
        """Read until the words are on the screen, whatever line breaks are in between."""
        end = time.monotonic() + _PATIENCE
        while expected not in " ".join(self.text.split()):
            assert time.monotonic() < end, self.text
            assert self._read(), self.text

    def enter(self, line: str) -> None:
        """Type a line."""
        os.write(self._master, line.encode() + b"\n")

    def hang_up(self) -> None:
        """Close the terminal, as whoever closes its window does."""
        os.close(self._master)
        self._master = -1

    def end(self) -> int:
        """Wait for the end of the command. Returns its exit code."""
        while self._master >= 0 and self._read():
            pass
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        assert "Traceback" not in self.text
        return os.waitstatus_to_exitcode(status)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], _PATIENCE)
        assert ready, self.text
        try:
            part = os.read(self._master, 65_536)
        except OSError:  # the other side is closed
            return False
        self._raw += part
        return bool(part)
