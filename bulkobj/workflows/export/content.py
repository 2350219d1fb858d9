"""The content of an export: which objectives, under which names, with which stamp; pure.

Names stand in place of ids. The stamp lets an import see what was edited, and what was changed in the service since
(README, "Edit what is there").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from bulkobj.core.columns import ACCOUNT_ID, ACCOUNT_NAME, ACTION, OBJECTIVE_ID, OF_FIELD
from bulkobj.core.errors import UsageError
from bulkobj.core.model import Action, Field, Named, Objective
from bulkobj.core.suggestion import closest
from bulkobj.core.text import folded
from bulkobj.spreadsheet.stamp import Stamp
from bulkobj.spreadsheet.table import Cell
from bulkobj.validation.cells import written
from bulkobj.validation.names import Directory, Kind

HEADERS = tuple(column.header for column in (ACTION, ACCOUNT_ID, ACCOUNT_NAME, OBJECTIVE_ID, *OF_FIELD.values()))
#: The zone in which an export writes times; a workbook says so on its hidden sheet, a CSV file in each time.
ZONE = "UTC"


class Layout(StrEnum):
    """The layouts of an export: accounts in one sheet, in sheets, or in files."""

    ONE_SHEET = "one-sheet"
    SHEET_PER_ACCOUNT = "sheet-per-account"
    FILE_PER_ACCOUNT = "file-per-account"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which objectives are wanted; an empty filter lets all through, and the words of one are alternatives.

    ``starts_after`` and ``ends_before`` are days such as ``2024-02-08``, and leave that day itself out.
    """

    statuses: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    starts_after: str = ""
    ends_before: str = ""

    def resolved(self, directory: Directory) -> Filters:
        """Return the same with ids in place of names; UsageError for a name that there is none of."""
        return replace(
            self,
            statuses=_ids(self.statuses, Kind.STATUS, directory),
            categories=_ids(self.categories, Kind.CATEGORY, directory),
        )

    def wants(self, objective: Objective) -> bool:
        """Return whether the objective is one of those; the filters must be resolved."""
        start, end = str(objective.get(Field.START_DATE)), str(objective.get(Field.END_DATE))
        owner = folded(objective.get(Field.OWNER))
        return (
            (not self.statuses or objective.get(Field.STATUS) in self.statuses)
            and (not self.categories or objective.get(Field.CATEGORY) in self.categories)
            and (not self.owners or any(folded(text) in owner for text in self.owners))
            and (not self.starts_after or start[:10] > self.starts_after)
            and (not self.ends_before or "" < end[:10] < self.ends_before)
        )


def _ids(names: Iterable[str], kind: Kind, directory: Directory) -> tuple[str, ...]:
    things = directory.things.get(kind, ())
    found: list[str] = []
    for name in names:
        ids = [thing.id for thing in things if thing.id == name or folded(thing.name) == folded(name)]
        if not ids:
            close = closest(name, (thing.name for thing in things))
            hint = f'. Did you mean "{close}"?' if close else ": `bulkobj settings` lists them"
            raise UsageError(f'unknown {kind.value} "{name}"{hint}')
        found += ids
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Account:
    """An account with its objectives that are wanted, in the service's order."""

    about: Named
    objectives: tuple[Objective, ...]


@dataclass(frozen=True, slots=True)
class Export:
    """The accounts of an export with their objectives, and whose they are.

    ``made_at`` and ``today`` are the time and the day of the export; ``closed`` are the ids of statuses in which an
    objective is never overdue.
    """

    accounts: tuple[Account, ...]
    directory: Directory
    tenant: str
    made_at: str
    today: date
    layout: Layout = Layout.ONE_SHEET
    closed: frozenset[str] = frozenset()

    def rows(self, accounts: Iterable[Account]) -> Iterator[tuple[Cell, ...]]:
        """Return the rows under :data:`HEADERS`."""
        for account in accounts:
            for one in account.objectives:
                yield None, account.about.id, account.about.name, one.id, *self._cells(one)

    def _cells(self, one: Objective) -> Iterator[Cell]:
        for name, column in OF_FIELD.items():
            value = one.get(name)
            kind = {Field.STATUS: Kind.STATUS, Field.CATEGORY: Kind.CATEGORY}.get(name)
            yield written(self.directory.name(kind, str(value)) if kind and value else value, column.kind)

    def stamp(self) -> Stamp:
        """Return the mark of the workbook, without the base values."""
        settings = self.directory.settings()
        return Stamp("export", self.tenant, self.layout.value, self.made_at, settings, zone=ZONE)

    def lists(self) -> dict[str, list[str]]:
        """Return the names that the cells of a column can be chosen from."""
        kinds = {"Status": Kind.STATUS, "Category": Kind.CATEGORY}
        names = {
            header: [self.directory.name(kind, thing.id) for thing in self.directory.things.get(kind, ())]
            for header, kind in kinds.items()
        }
        return names | {"Action": [Action.UPDATE.value, Action.DELETE.value]}

    def documents(self, accounts: Iterable[Account]) -> list[dict[str, Any]]:
        """Return the objectives as the JSON export has them."""
        return [self._document(account.about, one) for account in accounts for one in account.objectives]

    def _document(self, account: Named, one: Objective) -> dict[str, Any]:
        category, status = str(one.get(Field.CATEGORY)), str(one.get(Field.STATUS))
        texts = {
            "objective_id": one.id,
            "account_id": account.id,
            "account_name": account.name,
            "title": one.get(Field.TITLE),
            "description": one.get(Field.DESCRIPTION),
            "category": self.directory.name(Kind.CATEGORY, category),
            "category_id": category,
            "status": self.directory.name(Kind.STATUS, status),
            "status_id": status,
            "owner": one.get(Field.OWNER),
            "start_date": one.get(Field.START_DATE),
            "end_date": one.get(Field.END_DATE),
            "created_at": one.created_at,
            "updated_at": one.updated_at,
        }
        shown = {name: value or None for name, value in texts.items()}
        return shown | {"success_plays": list(one.get(Field.SUCCESS_PLAYS))}
