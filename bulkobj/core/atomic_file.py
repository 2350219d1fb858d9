"""Files written whole or not at all: nobody meets half a report, and a failure leaves the old file as it was."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bulkobj.core.errors import UsageError


def save(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` in one step, as :func:`replacing` does."""
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that takes its place at ``path`` when the block ends well; a link is followed.

    An existing file keeps its mode, a new one gets the usual one. What isn't a file, such as ``/dev/stdout``, is
    simply written to.

    Raises UsageError, with what to do, for any OSError on the way. Nothing is left behind where the block fails or is
    interrupted.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            with path.open("wb") as device:
                yield device
        else:
            yield from _replacing(path.resolve())
    except OSError as fault:
        raise UsageError(f"{path} can't be written: {_advice(path, fault)}") from fault


def _replacing(target: Path) -> Iterator[BinaryIO]:
    mode = _mode(target)
    draft = target.with_name(f".bulkobj-{secrets.token_hex(6)}.tmp")
    try:
        with draft.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            draft.chmod(mode)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _mode(target: Path) -> int | None:
    """Return the mode of the file that is there, None where there is none; a write-protected file is not replaced."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not target.exists():
        return None
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "write-protected")
    return stat.S_IMODE(target.stat().st_mode)


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut, where the system lets a folder be synchronised."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


_ADVICE = {
    errno.EISDIR: "it is a folder. Add a file name",
    errno.ENOSPC: "the disk is full. Make room, or name another disk",
    errno.EDQUOT: "your share of the disk is used up. Make room, or name another disk",
    errno.EROFS: "the disk is read-only. Name another folder",
    errno.ENAMETOOLONG: "the name is too long. Choose a shorter one",
}


def _advice(path: Path, fault: OSError) -> str:
    if isinstance(fault, FileNotFoundError | NotADirectoryError):
        return f"the folder {path.parent} isn't there. Create it, or name another one"
    if isinstance(fault, PermissionError):
        return "close it if it is open in a spreadsheet program, or name a folder and a file that you may write to"
    return _ADVICE.get(fault.errno or 0, f"{fault.strerror or fault}. Name another place")
