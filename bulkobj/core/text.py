"""Words for people: safe to show on a terminal, counted, timed; pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Control codes, and the marks that turn the direction of text around.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def clean(text: str, limit: int = 300) -> str:
    """Text from outside made safe to show on one line: no control codes, no novel."""
    flat = " ".join(_CONTROL.sub(" ", text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 row``, ``2 rows``, ``1,000 rows``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """``5 s``, ``1 min 3 s``, ``2 h 5 min``."""
    whole = max(round(seconds), 1)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 // 60 else "")


def numbered(rows: Sequence[int], most: int = 6) -> str:
    """Row numbers, neighbours drawn together: ``4, 7-9, 12 …``."""
    runs: list[list[int]] = []
    for row in rows:
        if runs and row == runs[-1][-1] + 1:
            runs[-1].append(row)
        else:
            runs.append([row])
    shown = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs[:most]]
    return ", ".join(shown) + (" …" if len(runs) > most else "")


def composed(text: str) -> str:
    """The text with each accented letter in one piece, as which it looks the same (Unicode's NFC)."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def folded(text: object) -> str:
    """A name or title without the differences that don't count: case, how many spaces, how accents are written."""
    return composed(" ".join(composed(str(text)).split()).casefold())
