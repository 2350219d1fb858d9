"""Display names to ids, with suggestions; pure.

Names are matched trimmed and without regard to case; an id is accepted in place of a name. It is the only way where two
things share a name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from bulkobj.core.columns import ACCOUNT, ACCOUNT_ID, ACCOUNT_NAME, CATEGORY, STATUS, TEMPLATE, Column
from bulkobj.core.model import Named
from bulkobj.core.suggestion import Suggester
from bulkobj.core.text import folded, plain_text, quoted
from bulkobj.validation.cells import Given
from bulkobj.validation.rows import CheckedTable, Row


class Kind(Enum):
    """A kind of named things; each is read from the service by one endpoint."""

    STATUS = "status"
    CATEGORY = "category"
    TEMPLATE = "template"
    ACCOUNT = "account"

    @property
    def plural(self) -> str:
        """The word for several."""
        return {"status": "statuses", "category": "categories"}.get(self.value, self.value + "s")


COLUMNS_OF: Mapping[Kind, tuple[Column, ...]] = {
    Kind.STATUS: (STATUS,),
    Kind.CATEGORY: (CATEGORY,),
    Kind.TEMPLATE: (TEMPLATE,),
    Kind.ACCOUNT: (ACCOUNT, ACCOUNT_NAME),
}


def wanted(table: CheckedTable) -> frozenset[Kind]:
    """Return the kinds of names that occur in the table and so must be read from the service."""
    return frozenset(kind for kind in Kind if any(named_by(row, kind) for row in table.rows))


def named_by(row: Row, kind: Kind) -> tuple[Column, Given] | None:
    """Return the cell with the name of that kind that the row uses; an Account ID needs no name beside it."""
    if kind is Kind.ACCOUNT and row.given(ACCOUNT_ID) is not None:
        return None
    for column in COLUMNS_OF[kind]:
        given = row.given(column)
        if given is not None:
            return (column, given) if given.value is not None else None
    return None


@dataclass(frozen=True, slots=True)
class Directory:
    """The names that the service knows; a kind that was not read is not there.

    ``every_account``: the accounts among them are all that the tenant has.
    """

    things: Mapping[Kind, tuple[Named, ...]] = field(default_factory=dict)
    every_account: bool = False

    def name(self, kind: Kind, id_: str) -> str:
        """Return the name that people see for an id; the id itself if it isn't known, or if others share the name."""
        things = self.things.get(kind, ())
        name = next((thing.name for thing in things if thing.id == id_), id_)
        return id_ if sum(folded(thing.name) == folded(name) for thing in things) > 1 else name

    def settings(self) -> dict[tuple[str, str], str]:
        """Return the statuses and categories: the name that people see for each kind and id."""
        kinds = (Kind.STATUS, Kind.CATEGORY)
        return {
            (kind.value, thing.id): self.name(kind, thing.id) for kind in kinds for thing in self.things.get(kind, ())
        }


#: The user's own words for names, folded.
Aliases = Mapping[Kind, Mapping[str, str]]


def aliases_of(profile: Mapping[str, Any]) -> Aliases:
    """Return the aliases of a profile: a table for each kind, such as ``[profiles.default.aliases.status]``."""
    tables = profile.get("aliases", {})
    return {kind: {folded(word): str(name) for word, name in tables.get(kind.value, {}).items()} for kind in Kind}


def with_words(aliases: Aliases, words: Mapping[Kind, Mapping[str, str]]) -> Aliases:
    """Return the aliases with more words."""
    return {
        kind: dict(aliases.get(kind, {})) | {folded(word): name for word, name in words.get(kind, {}).items()}
        for kind in Kind
    }


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An unknown name, the known one that was most likely meant, and how many rows have it."""

    kind: Kind
    name: str
    meant: str
    rows: int


def suggestions(tables: Iterable[CheckedTable], directory: Directory) -> tuple[Suggestion, ...]:
    """Return what was most likely meant by the unknown names of resolved tables, once for each name."""
    unknown = Counter(
        (kind, given.text.strip())
        for table in tables
        for row in table.rows
        for kind in directory.things
        for given in map(row.given, COLUMNS_OF[kind])
        if given is not None and given.code == f"unknown-{kind.value}"
    )
    resolvers = {kind: _Resolver(kind, things, {}) for kind, things in directory.things.items()}
    close = {(kind, name): resolvers[kind].closest(name) for kind, name in unknown}
    return tuple(Suggestion(*key, meant, unknown[key]) for key, meant in close.items() if meant is not None)


#: Characters of known names that a message shows, about.
_LONG_HINT = 60


class _Resolver:
    """Resolves the names of one kind, each distinct name once; ``aliases`` are the user's own words for names."""

    #: Comparisons with known names, in all: a file of unknown names must not take minutes.
    _MOST_COMPARISONS = 2_000_000

    def __init__(self, kind: Kind, things: tuple[Named, ...], aliases: Mapping[str, str]) -> None:
        self._kind, self._things, self._aliases = kind, things, aliases
        self._by_id = {plain_text(thing.id): thing for thing in things}
        self._by_name: dict[str, list[Named]] = {}
        for thing in things:
            self._by_name.setdefault(folded(thing.name), []).append(thing)
        self._names = Suggester(thing.name for thing in things)
        self._seen: dict[str, Given] = {}
        self._searches = self._MOST_COMPARISONS // max(len(things), 1)

    def resolved(self, given: Given) -> Given:
        """Return the cell with the id in place of the name, or with the problem that keeps it a name."""
        if given.text not in self._seen:
            self._seen[given.text] = self._resolve(given, str(given.value))
        return self._seen[given.text]

    def closest(self, name: str) -> str | None:
        """Return the known name that was most likely meant; None without one, or after very many searches."""
        self._searches -= 1
        return self._names.closest(name) if self._searches >= 0 else None

    def _resolve(self, given: Given, name: str) -> Given:
        shown = quoted(given.text.strip())
        found = self._find(name) or self._find(self._aliases.get(folded(name), name))
        if len(found) == 1:
            return given._replace(value=found[0].id)
        if found:
            ids = ", ".join(thing.id for thing in found)
            message = f"{shown} is the name of {len(found)} {self._kind.plural}. Use one of the IDs {ids}"
            return given._replace(value=None, code="ambiguous-name", message=message)
        message = f"unknown {self._kind.value} {shown}{self._hint(name)}"
        return given._replace(value=None, code=f"unknown-{self._kind.value}", message=message)

    def _find(self, name: str) -> list[Named]:
        """Return the things of that id or name; an id goes before a name."""
        thing = self._by_id.get(plain_text(name).strip())
        return [thing] if thing is not None else self._by_name.get(folded(name), [])

    def _hint(self, name: str) -> str:
        close = self.closest(name)
        if close:
            return f". Did you mean {quoted(close)}?"
        if not self._things:
            return f". The service has no {self._kind.plural}"
        shown: list[str] = []
        for thing in self._things:
            if sum(map(len, shown)) > _LONG_HINT:
                return f". Use one of {', '.join(shown)} or {len(self._things) - len(shown)} more"
            shown.append(quoted(thing.name, 40))
        return f". Use one of {', '.join(shown)}"


def resolve(table: CheckedTable, directory: Directory, aliases: Aliases) -> CheckedTable:
    """Return the table with ids in place of names, and a problem for each name that isn't one thing's."""
    resolvers = {kind: _Resolver(kind, things, aliases.get(kind, {})) for kind, things in directory.things.items()}
    return replace(table, rows=tuple(_resolved(row, resolvers) for row in table.rows))


def _resolved(row: Row, resolvers: Mapping[Kind, _Resolver]) -> Row:
    givens, problems = dict(row.givens), list(row.problems)
    for kind, column, given in _names(row, resolvers):
        resolved = resolvers[kind].resolved(given)
        givens[column.header] = resolved
        if resolved.faulty:
            problems.append(row.problem(resolved.code, resolved.message, column))
        elif kind is Kind.ACCOUNT:
            givens[ACCOUNT_ID.header] = resolved
    return row._replace(givens=givens, problems=tuple(problems))


def _names(row: Row, kinds: Iterable[Kind]) -> Iterator[tuple[Kind, Column, Given]]:
    for kind in kinds:
        named = named_by(row, kind)
        if named is not None:
            yield kind, *named
