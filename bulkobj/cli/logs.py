"""What `-v` and `-vv` show, and where the trace of a crash is kept; the token is taken out of every line."""

from __future__ import annotations

import logging
import os
import sys
import traceback

from bulkobj.settings import Options, load_settings

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class _WithoutToken(logging.Formatter):
    """Takes the token out, wherever it may have come from."""

    def format(self, record: logging.LogRecord) -> str:
        return without_token(super().format(record))


def without_token(text: str) -> str:
    """The text with the token blotted out."""
    token = os.environ.get("BULKOBJ_TOKEN", "").strip()
    return text.replace(token, "***") if token else text


def start_logging(verbose: int) -> None:
    """Log to standard error: warnings, with `-v` what is done, with `-vv` every call."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_WithoutToken("%(asctime)s %(name)s %(message)s"))
    level = _LEVELS[min(verbose, len(_LEVELS) - 1)]
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("bulkobj").setLevel(level)


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
