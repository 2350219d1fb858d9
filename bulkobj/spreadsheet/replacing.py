"""A file written piece by piece, and put in its place only when it is whole."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bulkobj.errors import UsageError
from bulkobj.spreadsheet.saving import _advice, _mode, _sync_folder


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which comes to stand at ``path`` when the block ends well; a link is followed.

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
