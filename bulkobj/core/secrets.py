"""Tokens that must not be shown: every text that leaves the program can be cleared of them."""

from __future__ import annotations

#: A shorter text is part of too many words to be blotted out.
_SHORTEST = 4

_hidden: set[str] = set()


def hide(token: str) -> None:
    """Remember a token in use, as it is and as URLs spell it."""
    from urllib.parse import quote, quote_plus  # noqa: PLC0415 - `bulkobj --help` hides nothing

    if len(token) >= _SHORTEST:
        _hidden.update((token, quote(token, safe=""), quote(token), quote_plus(token)))


def forget() -> None:
    """Forget all tokens, when a command begins."""
    _hidden.clear()


def redacted(text: str) -> str:
    """Return the text with ``***`` in place of every token in use."""
    for token in sorted(_hidden, key=len, reverse=True):
        text = text.replace(token, "***")
    return text
