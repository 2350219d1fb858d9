"""Objectives to the rows of an export: which ones, in which layout, under which names; pure but for its last step.

An export is the import road walked backwards: names in place of ids, and a stamp that lets an import tell what was
edited, and by whom (contract, "``export``" and "The round trip").
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from bulkobj.core.columns import ACCOUNT_ID, ACCOUNT_NAME, ACTION, OBJECTIVE_ID, OF_FIELD
from bulkobj.core.errors import UsageError
from bulkobj.core.model import Action, Field, Named, Objective
from bulkobj.core.text import folded
from bulkobj.reports.writer import check_target
from bulkobj.spreadsheet.stamp import Stamp, stamp_rows
from bulkobj.spreadsheet.table import Cell
from bulkobj.spreadsheet.writing.export.files import ExportSheet, export_csv, export_xlsx
from bulkobj.validation.cells import written
from bulkobj.validation.names import Directory, Kind, suggestion

HEADERS = tuple(column.header for column in (ACTION, ACCOUNT_ID, ACCOUNT_NAME, OBJECTIVE_ID, *OF_FIELD.values()))
_FORMATS = (".xlsx", ".csv", ".json")


class Layout(StrEnum):
    """How the accounts are spread over sheets and files."""

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
        """The same with ids in place of names; UsageError for a name that there is none of."""
        return replace(
            self,
            statuses=_ids(self.statuses, Kind.STATUS, directory),
            categories=_ids(self.categories, Kind.CATEGORY, directory),
        )

    def wants(self, objective: Objective) -> bool:
        """Whether the objective is one of those; the filters must be resolved."""
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
            close = suggestion(name, (thing.name for thing in things))
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
    """All that an export holds, and whose it is."""

    accounts: tuple[Account, ...]
    directory: Directory
    tenant: str
    made_at: str
    layout: Layout = Layout.ONE_SHEET

    def rows(self, accounts: Iterable[Account]) -> Iterator[tuple[Cell, ...]]:
        """The rows under :data:`HEADERS`."""
        for account in accounts:
            for one in account.objectives:
                yield None, account.about.id, account.about.name, one.id, *self._cells(one)

    def _cells(self, one: Objective) -> Iterator[Cell]:
        for name, column in OF_FIELD.items():
            value = one.get(name)
            kind = {Field.STATUS: Kind.STATUS, Field.CATEGORY: Kind.CATEGORY}.get(name)
            yield written(self.directory.name(kind, str(value)) if kind and value else value, column.kind)

    def stamp(self) -> Stamp:
        """The mark of the workbook, without the base values."""
        settings = self.directory.settings()
        return Stamp("export", self.tenant, self.layout.value, self.made_at, settings)

    def lists(self) -> dict[str, list[str]]:
        """The names that the cells of a column can be chosen from."""
        kinds = {"Status": Kind.STATUS, "Category": Kind.CATEGORY}
        names = {
            header: [self.directory.name(kind, thing.id) for thing in self.directory.things.get(kind, ())]
            for header, kind in kinds.items()
        }
        return names | {"Action": [Action.UPDATE.value, Action.DELETE.value]}

    def documents(self, accounts: Iterable[Account]) -> list[dict[str, Any]]:
        """The objectives as the JSON export has them."""
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


def check_output(output: Path | None, layout: Layout) -> None:
    """Raise UsageError where the export could not be written so, before anything is read; None is standard output."""
    if output is None:
        if layout is not Layout.ONE_SHEET:
            raise UsageError(f"--layout {layout.value} needs a file: name it with -o")
        return
    check_target(output, _FORMATS)
    if layout is Layout.SHEET_PER_ACCOUNT and output.suffix.lower() != ".xlsx":
        raise UsageError("--layout sheet-per-account needs an .xlsx file")


def write_export(export: Export, output: Path | None) -> tuple[Path, ...]:
    """Write the export's files, each whole or not at all; the files."""
    if output is None:
        with suppress(BrokenPipeError):  # whoever reads it has seen enough
            export_csv(sys.stdout.buffer, HEADERS, export.rows(export.accounts))
        return ()
    if export.layout is not Layout.FILE_PER_ACCOUNT:
        _write(export, export.accounts, output)
        return (output,)
    paths = _paths(output, export.accounts)
    for account, path in paths:
        _write(replace(export, layout=Layout.ONE_SHEET), (account,), path)
    return tuple(path for _, path in paths)


def _write(export: Export, accounts: Sequence[Account], path: Path) -> None:
    match path.suffix.lower():
        case ".xlsx":
            bases = ((one.id, one.fields) for account in accounts for one in account.objectives)
            export_xlsx(path, _sheets(export, accounts), export.lists(), stamp_rows(export.stamp(), bases))
        case ".csv":
            export_csv(path, HEADERS, export.rows(accounts))
        case _:
            from bulkobj.core.atomic_file import save  # noqa: PLC0415 - only JSON needs it

            text = json.dumps(export.documents(accounts), ensure_ascii=False, indent=1)
            save(path, (text + "\n").encode())


def _sheets(export: Export, accounts: Sequence[Account]) -> Iterator[ExportSheet]:
    if export.layout is Layout.SHEET_PER_ACCOUNT:
        for account in accounts:
            yield ExportSheet(account.about.name or account.about.id, HEADERS, export.rows([account]))
    else:
        yield ExportSheet("Objectives", HEADERS, export.rows(accounts))


def _paths(output: Path, accounts: Iterable[Account]) -> list[tuple[Account, Path]]:
    """``DIR/plan-ACCOUNT.xlsx`` for each; an id is text, and never a path."""
    taken: set[str] = set()
    paths = []
    for account in accounts:
        plain = re.sub(r"[^\w.-]+", "_", account.about.id)[:100].strip(".") or "_"
        name, number = plain, 1
        while name.casefold() in taken:
            number += 1
            name = f"{plain}-{number}"
        taken.add(name.casefold())
        paths.append((account, output.with_name(f"{output.stem}-{name}{output.suffix}")))
    return paths
