"""The sandbox inside a command: the target of ``--sandbox``, its data kept between commands."""

from __future__ import annotations

from pathlib import Path

from bulkobj.core.clock import SystemClock
from bulkobj.core.errors import StorageError, cause
from bulkobj.core.model import Rate
from bulkobj.sandbox.server import DOCUMENTED_RATE, SandboxServer
from bulkobj.sandbox.store import Store, discard


def embedded(folder: Path, *, seconds: float = DOCUMENTED_RATE.seconds) -> SandboxServer:
    """Return the sandbox whose data are in that folder, to be entered as a context.

    Commands that run at the same time have a server each, on a port of its own, with the same data and the same limit.
    ``seconds`` is the limit's window: the command's own, so that a quick test meets a quick service.
    """
    return SandboxServer(folder, rate=Rate(DOCUMENTED_RATE.calls, seconds))


def reset(folder: Path) -> None:
    """Empty the sandbox in that folder, also under servers that run on it; StorageError if it can't be used."""
    try:
        Store(folder, SystemClock()).reset()
    except StorageError:  # what can't be read is replaced
        try:
            discard(folder)
        except OSError as error:
            raise StorageError(
                f"cannot empty the sandbox's data in {folder}: {cause(error)}. "
                "Set BULKOBJ_STATE_DIR to a folder that you can write to"
            ) from error
        Store(folder, SystemClock())
