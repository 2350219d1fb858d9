"""Exports to write, and how they are read back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bulkobj.spreadsheet.reading.values import visible
from bulkobj.spreadsheet.table import Cell, SourceFile
from bulkobj.spreadsheet.writing.export.files import ExportSheet, export_csv, export_xlsx
from tests.spreadsheet.writing.writing_kit import TEXTS, read

__all__ = ["HALVES", "HEADERS", "TEXTS", "SourceFile", "as_read", "back", "back_from_csv", "export", "names", "row"]

HEADERS = (
    *("Action", "Account ID", "Account Name", "Objective ID", "Title", "Description", "Category", "Status", "Owner"),
    *("Start Date", "End Date", "SuccessPlays"),
)
HALVES = re.compile("[\ud800-\udfff\ufffe\uffff]")


def row(number: int, title: Cell = "One", description: Cell = None, start: Cell = None) -> tuple[Cell, ...]:
    """A row under :data:`HEADERS`."""
    key = (None, f"acct-{number}", "Acme", f"obj-{number}")
    return (*key, title, description, "Adoption", "In Progress", None, start, None, None)


def export(
    folder: Path,
    *sheets: ExportSheet,
    lists: Mapping[str, Sequence[str]] | None = None,
    stamp: Iterable[Sequence[Cell]] = (),
) -> Path:
    """The workbook of those sheets."""
    path = folder / "export.xlsx"
    export_xlsx(path, sheets, lists or {}, stamp)
    return path


def back(folder: Path, rows: Iterable[Sequence[Cell]], headers: tuple[str, ...] = HEADERS) -> list[tuple[Cell, ...]]:
    """The cells of a workbook of these rows, read again."""
    content = export(folder, ExportSheet("Objectives", headers, rows)).read_bytes()
    return [record.cells for record in read(content, "export.xlsx").tables[0].records]


def back_from_csv(
    folder: Path, rows: Iterable[Sequence[Cell]], headers: tuple[str, ...] = HEADERS
) -> list[tuple[Cell, ...]]:
    """The cells of a CSV file of these rows, read again."""
    path = folder / "export.csv"
    export_csv(path, headers, rows)
    return [record.cells for record in read(path.read_bytes()).tables[0].records]


def as_read(text: str) -> Cell:
    """What reading must give for a text: itself to the letter, or a blank where the format can't hold it."""
    return text if visible(text) and not HALVES.search(text) else None


def names(folder: Path) -> list[str]:
    """What is in the folder."""
    return sorted(path.name for path in folder.iterdir())
