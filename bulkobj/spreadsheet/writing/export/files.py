"""Export files: workbooks that are pleasant to edit and safe to import again, and CSV; of any length, in little memory.

Reading a file gives each text exactly as it was, or a blank cell where the format can't hold it: a blank cell changes
nothing (README, "The columns"), while a text that was cut or mended would be imported as an edit.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bulkobj.core.atomic_file import replacing
from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.formula_guard import guard, guard_error
from bulkobj.spreadsheet.ooxml.cell_xml import possible
from bulkobj.spreadsheet.table import OVERVIEW_SHEET, Cell, shown
from bulkobj.spreadsheet.writing.export.overview import Overview, write_overview
from bulkobj.spreadsheet.writing.export.workbook import BookWriter
from bulkobj.spreadsheet.writing.styles import look_of


@dataclass(frozen=True, slots=True)
class ExportSheet:
    """A sheet to be written: bulkobj's own headers, and the rows below them, which are gone through once.

    Each row is as long as the headers. ``name`` is made one that spreadsheet programs accept and that no other sheet
    of the workbook has.
    """

    name: str
    headers: tuple[str, ...]
    rows: Iterable[Sequence[Cell]]


def export_xlsx(
    path: Path,
    sheets: Iterable[ExportSheet],
    lists: Mapping[str, Sequence[str]],
    stamp: Iterable[Sequence[Cell]],
    overview: Overview | None = None,
) -> None:
    """Write a workbook of these sheets (at least one), whole or not at all.

    ``lists`` are the names to choose from under a header; other texts can still be entered. ``stamp`` are the rows of
    the hidden sheet by which bulkobj knows its workbooks; they are asked for last. ``overview`` is drawn on a sheet of
    its own behind the others.

    Dates become date cells, all else text. A text that no cell can hold (more than 32,767 characters, halves of
    characters) is left out, and a note says so.

    Raises UsageError where the file can't be written, for more rows than a sheet has, and for an id or a text of the
    stamp that no cell can hold.
    """
    with replacing(path) as file, BookWriter(lists) as writer:
        for sheet in sheets:
            writer.write(sheet.name, sheet.headers, sheet.rows)
        if overview is not None:
            write_overview(writer.add_sheet(OVERVIEW_SHEET), overview)
        writer.write_hidden(stamp)
        file.write(writer.content())


def export_csv(path: Path | BinaryIO, headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    r"""Write a CSV file in UTF-8 with a byte order mark, lines ending in ``\r\n``; a path's whole or not at all.

    Texts that could be taken for formulas are guarded (README, "The report"). What reading would take for something
    else is left out: the null character and halves of characters, and errors of spreadsheet programs such as ``#N/A``.

    Raises UsageError where the file can't be written, and for an id that would have to be left out.
    """
    if isinstance(path, Path):
        with replacing(path) as file:
            _write_csv(file, headers, rows)
    else:
        _write_csv(path, headers, rows)


def _write_csv(file: BinaryIO, headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    file.write(codecs.BOM_UTF8)
    writer = csv.writer(codecs.getwriter("utf-8")(file), lineterminator="\r\n")
    writer.writerow(map(guard, headers))
    writer.writerows(_csv_rows(headers, rows))


def _csv_rows(headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[list[str]]:
    required = [look_of(header).is_key for header in headers]
    for number, row in enumerate(rows, 2):
        texts = [_csv_text(cell) for cell in row]
        for column, (cell, text) in enumerate(zip(row, texts, strict=True)):
            if not text and cell and required[column]:
                name = headers[column]
                raise UsageError(f"the {name} in row {number} can't stand in a CSV file: export to a .json file")
        yield texts


def _csv_text(cell: Cell) -> str:
    text = shown(cell)
    return "" if "\0" in text or possible(text) != text else guard_error(guard(text))
