"""Export files: workbooks, CSV, JSON and a page, each written whole or not at all."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from bulkobj.core.atomic_file import save
from bulkobj.core.errors import UsageError
from bulkobj.reports.html.objectives import objectives_page
from bulkobj.reports.writer import check_target
from bulkobj.spreadsheet.stamp import stamp_rows
from bulkobj.spreadsheet.table import Cell
from bulkobj.spreadsheet.writing.export.files import ExportSheet, export_csv, export_xlsx
from bulkobj.workflows.export.content import HEADERS, Account, Export, Layout
from bulkobj.workflows.export.overview import objective_views, overview_of

_FORMATS = (".xlsx", ".csv", ".json", ".html")


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
            export_csv(sys.stdout.buffer, HEADERS, _csv_rows(export, export.accounts))
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
            stamp = stamp_rows(export.stamp(), bases)
            export_xlsx(path, _sheets(export, accounts), export.lists(), stamp, overview_of(export, accounts))
        case ".csv":
            export_csv(path, HEADERS, _csv_rows(export, accounts))
        case ".html":
            save(path, objectives_page(overview_of(export, accounts), objective_views(export, accounts)))
        case _:
            text = json.dumps(export.documents(accounts), ensure_ascii=False, indent=1)
            save(path, (text + "\n").encode())


def _csv_rows(export: Export, accounts: Iterable[Account]) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows with the zone in each time, since a CSV file can say it nowhere else."""
    for row in export.rows(accounts):
        yield tuple(f"{cell.isoformat()}Z" if isinstance(cell, datetime) else cell for cell in row)


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
