"""The sandbox inside a command: what ``--sandbox`` talks to, its data kept between commands."""

from __future__ import annotations

from pathlib import Path

from bulkobj.core.clock import SystemClock
from bulkobj.core.errors import StorageError
from bulkobj.core.model import Rate
from bulkobj.sandbox.behaviour import Behaviour
from bulkobj.sandbox.server import DOCUMENTED_RATE, SandboxServer
from bulkobj.sandbox.store import Store, discard


def embedded(
    folder: Path,
    *,
    behaviour: Behaviour = Behaviour(),  # noqa: B008 # frozen
    seconds: float = DOCUMENTED_RATE.seconds,
) -> SandboxServer:
    """The sandbox whose data are in that folder, to be entered as a context.

    Commands that run at the same time have a server each, on a port of its own, with the same data and the same limit,
    which holds for so many seconds as the command's own: whoever is in a hurry finds a service that is, too.
    """
    return SandboxServer(folder, behaviour=behaviour, rate=Rate(DOCUMENTED_RATE.calls, seconds))


def reset(folder: Path) -> None:
    """Empty the sandbox in that folder, servers that run on it included; StorageError where it can't be used."""
    try:
        Store(folder, SystemClock()).reset()
    except StorageError:
        _begin_anew(folder)


def _begin_anew(folder: Path) -> None:
    """Replace a store that can't be read."""
    try:
        discard(folder)
    except OSError as error:
        raise StorageError(f"The sandbox's data in {folder} can't be removed: {error}.") from error
    Store(folder, SystemClock())
