"""Words for people: safe to show on a terminal, counted, timed; pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Control codes, and the marks that turn the direction of text around.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")

# Characters without any shape of their own: soft hyphen, zero-width ones, direction marks, variation selectors.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\ufff9-\ufffb\U0001bca0-\U0001bca3\U000e0000-\U000e0fff]"
)
_ENDS = re.compile("^[\\s\u200b\u2060\ufeff]+|[\\s\u200b\u2060\ufeff]+$")
_NO_BREAK_SPACES = dict.fromkeys(map(ord, "\u00a0\u2007\u202f"), " ")


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


def plain_text(text: str) -> str:
    """Return a text as it is compared: no invisible characters, a no-break space as a space, in Unicode's NFC."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", text).translate(_NO_BREAK_SPACES))


def trimmed(text: str) -> str:
    """Return a text without white space, zero-width spaces and byte order marks at its ends."""
    return text.strip() if text.isascii() else _ENDS.sub("", text)


def folded(text: object) -> str:
    """Return a name or title as it is looked up: as compared, with single spaces, and regardless of case."""
    return unicodedata.normalize("NFC", " ".join(plain_text(str(text)).split()).casefold())


def quoted(text: str, limit: int = 60) -> str:
    """Return a text from outside in quotation marks, safe to show; characters that nobody sees are named."""
    named = _INVISIBLE.sub(lambda match: "".join(map(_name, match[0])), text)
    return f'"{clean(named, limit)}"'


def _name(character: str) -> str:
    return f"[U+{ord(character):04X} {unicodedata.name(character, 'invisible character').lower()}]"
