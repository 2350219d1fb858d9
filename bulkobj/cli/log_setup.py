"""What `-v` and `-vv` show, and where the trace of a crash is kept; the token is taken out of every line."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import traceback
from pathlib import Path

from bulkobj.config.settings import Options, load_settings

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class _WithoutToken(logging.Formatter):
    """Takes the token out, wherever it may have come from."""

    def format(self, record: logging.LogRecord) -> str:
        return without_token(super().format(record))


def without_token(text: str) -> str:
    """The text with the token blotted out."""
    token = os.environ.get("BULKOBJ_TOKEN", "").strip()
    return text.replace(token, "***") if token else text


def start_logging(verbose: int, state_dir: Path) -> None:
    """Log to standard error (warnings, with `-v` what is done, with `-vv` every call), and all of it to a file.

    The file is in the state folder, for its owner alone, and turned over at a megabyte; where it can't be written,
    the command goes on without it.
    """
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(_LEVELS[min(verbose, len(_LEVELS) - 1)])
    handlers: list[logging.Handler] = [terminal]
    with contextlib.suppress(OSError):
        handlers.append(_file(state_dir))
    for handler in handlers:
        handler.setFormatter(_WithoutToken("%(asctime)s %(process)d %(name)s %(message)s"))
    logger = logging.getLogger("bulkobj")
    for old in logger.handlers[:]:
        logger.removeHandler(old)
        old.close()
    for handler in handlers:
        logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False


def _file(state_dir: Path) -> logging.Handler:
    from logging.handlers import RotatingFileHandler  # noqa: PLC0415 - slow to import

    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = state_dir / "bulkobj.log"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    return RotatingFileHandler(path, maxBytes=1_000_000, backupCount=3, encoding="utf-8", delay=True)


def log_crash(error: BaseException) -> str:
    """Keep the trace of a crash in the state folder; a sentence that says where."""
    try:
        path = load_settings(Options()).state_dir / "crash.log"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(without_token("".join(traceback.format_exception(error))))
    except Exception:
        return "Nothing was sent that is not recorded; `bulkobj resume` goes on."
    return f"Details are in {path}. Nothing was sent that is not recorded; `bulkobj resume` goes on."
