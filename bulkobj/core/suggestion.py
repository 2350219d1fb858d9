"""The known name that was most likely meant by an unknown one; pure."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz, process

from bulkobj.core.text import folded


def closest(name: str, known: Iterable[str], likeness: float = 65) -> str | None:
    """Return the known name most like ``name``; None where none is alike by ``likeness`` per cent."""
    by_folded: dict[str, str] = {}
    for one in known:
        by_folded.setdefault(folded(one), one)
    found = process.extractOne(folded(name), list(by_folded), scorer=fuzz.ratio, score_cutoff=likeness)
    return None if found is None else by_folded[found[0]]
