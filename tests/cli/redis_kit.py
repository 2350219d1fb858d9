"""A real redis-server of a test's own, on a loopback port that is free, in a folder of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Self

import redis

PROGRAM = shutil.which("redis-server")
MISSING = "no redis-server is installed"


class RedisDaemon:
    """Started when it is made; can be killed, stopped and started anew. It keeps nothing unless told to."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self.port = _free_port()
        self.client: Any = redis.Redis(port=self.port, host="127.0.0.1", decode_responses=True)
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, on the same port as before."""
        assert PROGRAM is not None
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [PROGRAM, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        quiet = ["--save", "", "--logfile", str(self._folder / "log"), *self._options]
        self.process = subprocess.Popen(command + quiet)
        end = time.monotonic() + 60
        while not self._answers():
            assert self.process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < end, "redis-server does not answer"
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.AuthenticationError:
            return True
        except redis.ConnectionError:
            return False

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()
        self.client.connection_pool.disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.client.close()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
