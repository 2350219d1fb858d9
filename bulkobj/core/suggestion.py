"""The known name that was most likely meant by an unknown one; pure."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz, process

from bulkobj.core.text import folded


class Suggester:
    """Known names, prepared for many searches."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = list(known)
        self._folded = list(map(folded, self._known))

    def closest(self, name: str, likeness: float = 65) -> str | None:
        """Return the known name most like ``name``; None where none is alike by ``likeness`` per cent."""
        found = process.extractOne(folded(name), self._folded, scorer=fuzz.ratio, score_cutoff=likeness)
        return None if found is None else self._known[found[2]]


def closest(name: str, known: Iterable[str], likeness: float = 65) -> str | None:
    """Return the known name most like ``name``; None where none is alike by ``likeness`` per cent."""
    return Suggester(known).closest(name, likeness)
