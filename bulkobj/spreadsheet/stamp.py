"""The stamp on the hidden sheet of our workbooks: tenant, time, and the values at export; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bulkobj.core.model import Field, Value
from bulkobj.spreadsheet.table import Cell

#: A spreadsheet cell holds 32,767 characters; a piece begins with a mark, so that none is blank.
_PIECE = 30_000


@dataclass(frozen=True, slots=True)
class Stamp:
    """The mark on a workbook of ours.

    ``tenant`` is a host and port; ``settings`` are its statuses and categories: what people saw for each kind and id.
    ``bases`` are the fields of every exported objective as they were, by its id. ``zone`` is that of its times; ``""``
    where it has none. ``results`` is the run that a results file reports (empty after a check); None for other files.
    """

    kind: str
    tenant: str
    layout: str = "one-sheet"
    made_at: str = ""
    settings: Mapping[tuple[str, str], str] = field(default_factory=dict)
    bases: Mapping[str, Mapping[Field, Value]] = field(default_factory=dict)
    zone: str = ""
    results: str | None = None

    def is_of(self, tenant: str, settings: Iterable[tuple[str, str]]) -> bool:
        """Return whether it is that tenant's: host and port agree, and of each kind at least one id is still there.

        A results file of a plan that was no export belongs to no tenant: a plan tried in one is imported into another.
        """
        now = set(settings)
        kinds = ({one for one in self.settings if one[0] == kind} for kind in ("status", "category"))
        is_same = self.tenant == tenant and all(not ids or not ids.isdisjoint(now) for ids in kinds)
        return is_same or not self.tenant


def stamp_rows(stamp: Stamp, bases: Iterable[tuple[str, Mapping[Field, Value]]] = ()) -> Iterator[Sequence[Cell]]:
    """Return the rows of the hidden sheet; ``bases`` may be given apart, so that they need not all be held at once."""
    yield "bulkobj", "1"
    yield "kind", stamp.kind
    yield "tenant", stamp.tenant
    yield "layout", stamp.layout
    yield "made at", stamp.made_at
    if stamp.zone:
        yield "zone", stamp.zone
    for (kind, id_), name in sorted(stamp.settings.items()):
        yield "setting", id_, f"|{name}", kind
    for objective, fields in (*stamp.bases.items(), *bases) if stamp.bases else bases:
        text = json.dumps({name.value: value for name, value in fields.items()}, ensure_ascii=True)
        pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
        yield "base", json.dumps(objective), *(f"|{piece}" for piece in pieces)


def result_stamp(rows: Sequence[Sequence[Cell]], run: str) -> list[tuple[Cell, ...]]:
    """Return the rows to add to the hidden sheet of a file, so that it is known as the results of a run."""
    names = [row for row in rows if row and row[0] == "results"]
    if names and (str(names[-1][1] or "") if len(names[-1]) > 1 else "") == run:
        return []
    new = [] if rows else list(stamp_rows(Stamp("results", "")))
    return [*map(tuple, new), ("results", run)]


def read_stamp(rows: Iterable[Sequence[Cell]]) -> Stamp | None:
    """Return the stamp that the rows hold; None where they hold none, or one that has been tampered with."""
    said: dict[str, str] = {}
    settings: dict[tuple[str, str], str] = {}
    bases: dict[str, Mapping[Field, Value]] = {}
    try:
        for row in rows:
            name, *values = (str(cell) for cell in row if cell is not None)
            match name:
                case "setting":
                    id_, shown, kind = (*values, "", "")[:3]  # earlier versions wrote the id alone
                    settings[kind, id_] = shown.removeprefix("|")
                case "base":
                    bases[json.loads(values[0])] = _base("".join(piece.removeprefix("|") for piece in values[1:]))
                case _:
                    said[name] = values[0] if values else ""
        if said.get("bulkobj") != "1":
            return None
        kind, tenant, layout, made_at = (said[name] for name in ("kind", "tenant", "layout", "made at"))
        zone, results = said.get("zone", ""), said.get("results")
        return Stamp(kind, tenant, layout, made_at, settings, bases, zone, results)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError):
        return None


def _base(text: str) -> dict[Field, Value]:
    return {Field(name): tuple(v) if isinstance(v, list) else str(v) for name, v in json.loads(text).items()}
