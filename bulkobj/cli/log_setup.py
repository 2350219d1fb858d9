"""The log, on standard error with `-v` and `-vv` and in the state folder; tokens are blotted out of every line."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import traceback
from pathlib import Path

from bulkobj.config.settings import state_dir
from bulkobj.core.secrets import redacted

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class _Redacting(logging.Formatter):
    """A formatter that blots tokens out, wherever they come from."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def start_logging(verbose: int, folder: Path) -> None:
    """Log to standard error (warnings, with `-v` each stage, with `-vv` each call), and all of it to a file.

    The file is in the state folder, for its owner alone, and replaced at a megabyte. Where it cannot be written, the
    command runs without it.
    """
    logging.raiseExceptions = False  # a full disk under the log is no reason for a traceback
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(_LEVELS[min(verbose, len(_LEVELS) - 1)])
    handlers: list[logging.Handler] = [terminal]
    with contextlib.suppress(OSError):
        handlers.append(_file(folder))
    for handler in handlers:
        handler.setFormatter(_Redacting("%(asctime)s %(process)d %(name)s %(message)s"))
    logger = logging.getLogger("bulkobj")
    for old in logger.handlers[:]:
        logger.removeHandler(old)
        old.close()
    for handler in handlers:
        logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False


def _file(folder: Path) -> logging.Handler:
    from logging.handlers import RotatingFileHandler  # noqa: PLC0415 - slow to import

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "bulkobj.log"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    return RotatingFileHandler(
        path, maxBytes=1_000_000, backupCount=3, encoding="utf-8", errors="backslashreplace", delay=True
    )


def log_crash(error: BaseException) -> str:
    """Keep the traceback of an unexpected error in the state folder. Returns a sentence with its path."""
    try:
        path = state_dir() / "crash.log"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(redacted("".join(traceback.format_exception(error))))
    except Exception:
        return "Run the command again with -vv to see more"
    return f"Details are in {path}"
