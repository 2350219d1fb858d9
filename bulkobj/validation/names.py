"""Display names to ids, with suggestions; pure.

Names are matched trimmed and without regard to case; an id is accepted in place of a name, and is the way out where
two things share one (api-facts, unknown 9).
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from bulkobj.core.columns import ACCOUNT, ACCOUNT_ID, ACCOUNT_NAME, CATEGORY, STATUS, TEMPLATE, Column
from bulkobj.core.model import Named
from bulkobj.core.text import folded
from bulkobj.validation.cells import Given
from bulkobj.validation.row_checks import Givens
from bulkobj.validation.rows import CheckedTable


class Kind(Enum):
    """What a name can be the name of; each is read from the service by one endpoint."""

    STATUS = "status"
    CATEGORY = "category"
    TEMPLATE = "template"
    ACCOUNT = "account"

    @property
    def plural(self) -> str:
        """The word for several."""
        return {"status": "statuses", "category": "categories"}.get(self.value, self.value + "s")


COLUMN_OF: Mapping[Kind, Column] = {
    Kind.STATUS: STATUS,
    Kind.CATEGORY: CATEGORY,
    Kind.TEMPLATE: TEMPLATE,
    Kind.ACCOUNT: ACCOUNT_NAME,
}


def wanted(table: CheckedTable) -> frozenset[Kind]:
    """The kinds of names that occur in the table and so must be read from the service."""
    return frozenset(kind for kind in Kind if next(_named(table, kind), None) is not None)


def _named(table: CheckedTable, kind: Kind) -> Iterator[tuple[int, Given]]:
    """The cells with a name of that kind that is to be resolved, each with the index of its row."""
    ids = table.column(ACCOUNT_ID) if kind is Kind.ACCOUNT else None
    for index, given in enumerate(_names(table, kind)):
        if given is not None and given.value is not None and (ids is None or ids[index] is None):
            yield index, given


def _column_of(table: CheckedTable, kind: Kind) -> Column:
    return ACCOUNT if kind is Kind.ACCOUNT and table.headers.place(ACCOUNT) is not None else COLUMN_OF[kind]


def _names(table: CheckedTable, kind: Kind) -> Givens:
    """Return the cells that name a thing of that kind; an Account goes before an Account Name."""
    if kind is not Kind.ACCOUNT:
        return table.column(COLUMN_OF[kind])
    return [one or other for one, other in zip(table.column(ACCOUNT), table.column(ACCOUNT_NAME), strict=True)]


@dataclass(frozen=True, slots=True)
class Directory:
    """Names that the service knows; a kind that was not read is not there.

    ``every_account``: the accounts among them are all that the tenant has.
    """

    things: Mapping[Kind, tuple[Named, ...]] = field(default_factory=dict)
    every_account: bool = False

    def name(self, kind: Kind, id_: str) -> str:
        """The name that people see for an id; the id itself where it isn't known, or where others share the name."""
        things = self.things.get(kind, ())
        name = next((thing.name for thing in things if thing.id == id_), id_)
        return id_ if sum(folded(thing.name) == folded(name) for thing in things) > 1 else name

    def settings(self) -> dict[tuple[str, str], str]:
        """The statuses and categories: what people see for each kind and id."""
        kinds = (Kind.STATUS, Kind.CATEGORY)
        return {
            (kind.value, thing.id): self.name(kind, thing.id) for kind in kinds for thing in self.things.get(kind, ())
        }


#: The user's own words for names, folded.
Aliases = Mapping[Kind, Mapping[str, str]]


def aliases_of(profile: Mapping[str, Any]) -> Aliases:
    """The aliases of a profile: a table for each kind, such as ``[profiles.default.aliases.status]``."""
    tables = profile.get("aliases", {})
    return {kind: {folded(word): str(name) for word, name in tables.get(kind.value, {}).items()} for kind in Kind}


def with_words(aliases: Aliases, words: Mapping[Kind, Mapping[str, str]]) -> Aliases:
    """The aliases with more words."""
    return {
        kind: dict(aliases.get(kind, {})) | {folded(word): name for word, name in words.get(kind, {}).items()}
        for kind in Kind
    }


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A name that nobody knows, the one that was most likely meant, and how many rows have it."""

    kind: Kind
    name: str
    meant: str
    rows: int


def suggestions(tables: Iterable[CheckedTable], directory: Directory) -> tuple[Suggestion, ...]:
    """What was most likely meant by the unknown names of resolved tables, once for each name."""
    unknown = Counter(
        (kind, given.text.strip())
        for table in tables
        for kind in directory.things
        for given in table.column(_column_of(table, kind))
        if given is not None and given.code == f"unknown-{kind.value}"
    )
    close = {key: suggestion(key[1], (thing.name for thing in directory.things[key[0]])) for key in unknown}
    return tuple(Suggestion(*key, meant, unknown[key]) for key, meant in close.items() if meant is not None)


@dataclass(frozen=True, slots=True)
class _Resolver:
    """Resolves the names of one kind, each distinct name once; ``aliases`` are the user's own words for names."""

    kind: Kind
    things: tuple[Named, ...]
    aliases: Mapping[str, str]
    seen: dict[str, Given] = field(default_factory=dict)

    def resolved(self, given: Given) -> Given:
        if given.text not in self.seen:
            self.seen[given.text] = self._resolve(given)
        return self.seen[given.text]

    def _resolve(self, given: Given) -> Given:
        name = str(given.value)
        if any(thing.id == name for thing in self.things):
            return given
        found = self._called(name) or self._called(self.aliases.get(folded(name), name))
        if len(found) == 1:
            return given._replace(value=found[0].id)
        if found:
            ids = ", ".join(thing.id for thing in found)
            message = f'"{name}" is the name of {len(found)} {self.kind.plural}: write the id instead, one of {ids}'
            return given._replace(value=None, code="ambiguous-name", message=message)
        message = f'unknown {self.kind.value} "{name}"{self._hint(name)}'
        return given._replace(value=None, code=f"unknown-{self.kind.value}", message=message)

    def _called(self, name: str) -> list[Named]:
        return [thing for thing in self.things if thing.id == name or folded(thing.name) == folded(name)]

    def _hint(self, name: str) -> str:
        close = suggestion(name, [thing.name for thing in self.things])
        if close:
            return f'. Did you mean "{close}"?'
        if not self.things:
            return f": the service has no {self.kind.plural}"
        names = [f'"{thing.name}"' for thing in self.things[:8]]
        rest = [f"{len(self.things) - 8} more"] if len(self.things) > 8 else []
        return f": use one of {', '.join(names + rest)}"


def suggestion(name: str, known: Iterable[str]) -> str | None:
    """The known name that was most likely meant, if any is close."""
    by_folded = {folded(one): one for one in known}
    close = difflib.get_close_matches(folded(name), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def resolve(table: CheckedTable, directory: Directory, aliases: Aliases) -> CheckedTable:
    """The table with ids in place of names, and a problem for each name that isn't the name of exactly one thing."""
    columns, found = dict(table.columns), dict(table.found)
    for kind, things in directory.things.items():
        column = _column_of(table, kind)
        if column.header not in columns:
            continue
        resolver = _Resolver(kind, things, aliases.get(kind, {}))
        named = dict(_named(table, kind))
        resolved = {index: resolver.resolved(given) for index, given in named.items()}
        columns[column.header] = _laid_over(columns[column.header], resolved)
        if kind is Kind.ACCOUNT:
            ids = {index: given for index, given in resolved.items() if not given.code}
            columns[ACCOUNT_ID.header] = _laid_over(table.column(ACCOUNT_ID), ids)
        for index, given in resolved.items():
            if given.code:
                found[index] = (*found.get(index, ()), table.problem(index, given.code, given.message, column))
    return replace(table, columns=columns, found=found)


def _laid_over(givens: Givens, changed: Mapping[int, Given]) -> Givens:
    return [changed.get(index, given) for index, given in enumerate(givens)] if changed else givens
