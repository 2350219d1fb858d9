"""The sandbox in the foreground, for trying things by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from bulkobj.core.model import Rate
from bulkobj.sandbox.behaviour import Behaviour
from bulkobj.sandbox.server import SandboxServer


def serve(  # noqa: PLR0913 # the options of a command
    folder: Path | None,
    host: str,
    port: int,
    behaviour: Behaviour,
    rate: str | Rate,
    token: str,
    echo: Callable[[str], None],
) -> None:
    """Serve until Ctrl-C; what to connect to is said through ``echo``. Without a folder the data end with the server.

    UsageError for a host that isn't loopback or an address that isn't free, StorageError for an unusable folder.
    """
    if folder is None:
        with TemporaryDirectory(prefix="bulkobj-sandbox-") as temporary:
            return serve(Path(temporary), host, port, behaviour, rate, token, echo)
    with (
        suppress(KeyboardInterrupt),
        SandboxServer(folder, behaviour=behaviour, token=token, rate=rate, host=host, port=port) as server,
    ):
        echo(f"The sandbox answers at {server.url} until Ctrl-C. Its token is {server.token}")
        echo(f"What can be seen and changed: {server.url}/sandbox/")
        while True:
            threading.Event().wait(1)  # in short waits, because Windows lets nothing interrupt a long one
