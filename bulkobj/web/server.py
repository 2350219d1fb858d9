"""The server of the page: on loopback, until Ctrl-C or until nobody has used it for a while."""

from __future__ import annotations

import asyncio
import contextlib
import html
import os
import socket
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path

import uvicorn

from bulkobj.config.settings import Options
from bulkobj.core.errors import UsageError, cause
from bulkobj.web.app import application
from bulkobj.web.guard import Guard
from bulkobj.web.site import Site

_LOOK_EVERY = 1.0


def serve(  # noqa: PLR0913 - the options of a command
    options: Options,
    port: int,
    idle: float,
    *,
    browser: bool,
    echo: Callable[[str], None],
    say: Callable[[str], None],
) -> None:
    """Serve the page until Ctrl-C, or until it was not used for ``idle`` seconds; ``echo`` gets its address.

    A run that is at work is stopped as by Ctrl-C, and ``say`` gets how to continue. Raises UsageError if the port is
    taken.
    """
    site, listener = Site(options), _listen(port)
    guard = Guard(application(site), listener.getsockname()[1])
    config = uvicorn.Config(
        guard,
        interface="asgi3",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    site.uploads.tidy(site.store)
    echo(guard.address)
    if browser:
        _open_browser(site.settings().state_dir, guard.address)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(server, listener, site, guard, idle))
    finally:
        for job in site.desk.end():
            if job.exclusive and job.now.run:
                say(f"run {job.now.run} was stopped. Run `bulkobj resume {job.now.run}` to continue")


async def _serve(server: uvicorn.Server, listener: socket.socket, site: Site, guard: Guard, idle: float) -> None:
    """Serve until the server ends; it does so when nobody has used it for long and no run is at work."""

    async def served() -> None:
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn passes the signal on when it has ended
            await server.serve(sockets=[listener])

    serving = asyncio.ensure_future(served())
    while not serving.done():
        await asyncio.wait({serving}, timeout=min(_LOOK_EVERY, idle))
        if site.desk.is_busy():
            guard.used_at = time.monotonic()
        server.should_exit = server.should_exit or time.monotonic() - guard.used_at > idle
    serving.result()


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise UsageError(f"port {port} can't be used: {cause(error)}. Choose another one with --port") from error


def _open_browser(state_dir: Path, address: str) -> None:
    """Open the browser on a file of the user's own: other users can read the arguments of a process."""
    page = state_dir / "open-page.html"
    text = f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={html.escape(address)}">'
    with contextlib.suppress(OSError):
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        page.unlink(missing_ok=True)
        with os.fdopen(os.open(page, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
        webbrowser.open(page.absolute().as_uri())
