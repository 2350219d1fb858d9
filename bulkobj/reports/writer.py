"""Reports onto disk: which file, in which format, whole or not at all."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bulkobj.core.atomic_file import save
from bulkobj.core.errors import BulkobjError, UsageError
from bulkobj.reports import report as reports
from bulkobj.reports.report import Report
from bulkobj.spreadsheet.table import SourceFile
from bulkobj.validation.headers import How, MappedColumn

_CSV, _JSON, _HTML, _WORKBOOKS = ".csv", ".json", ".html", (".xlsx", ".xlsm")
FORMATS = (_CSV, ".xlsx", _JSON, _HTML)


@dataclass(frozen=True, slots=True)
class Input:
    """The file that a report is about: as it was read, its bytes, and how rows of it are written to stand alone."""

    source: SourceFile
    content: bytes
    settled: Callable[[], SourceFile]
    columns: tuple[MappedColumn, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that is over: its report, the files written, and the error that ended it early, if any.

    ``unwritten`` says of each file that could not be written what is wrong. ``kind`` is that of a run: "import",
    "retry", "apply" or "undo".
    """

    report: Report
    written: tuple[Path, ...] = ()
    error: BulkobjError | None = None
    duplicates: int = 0
    unwritten: tuple[str, ...] = ()
    kind: str = ""

    @property
    def exit_code(self) -> int:
        """The command's exit code (README, "Exit codes")."""
        if self.error is not None:
            return self.error.exit_code
        return 1 if self.duplicates or self.unwritten else self.report.exit_code


def check_target(path: Path, formats: Iterable[str] = FORMATS) -> None:
    """Raise UsageError where a file could not be written there, before anything else is done."""
    if path.suffix.lower() not in (*formats, ".xlsm"):
        raise UsageError(f"{path}: the ending must be one of {', '.join(formats)}")
    try:
        path.resolve(strict=False)
        mode = path.stat().st_mode if os.path.lexists(path) else None
    except FileNotFoundError:
        mode = None  # a link to a file that isn't there yet
    except (OSError, RuntimeError) as error:  # a link loop is either, by the version of Python
        raise UsageError(
            f"{path} cannot be written: {getattr(error, 'strerror', None) or error}. Choose another place"
        ) from error
    if mode is not None and not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise UsageError(f"{path} is {what}. Choose the name of a file")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise UsageError(f"{path}: there is no folder {folder}. Choose another place")
    if not os.access(folder if mode is None else path, os.W_OK):
        raise UsageError(f"no write permission for {path}. Choose another place")


def _is_same(one: Path, other: Path) -> bool:
    """Return whether two paths name one file, by whatever names."""
    try:
        return one.samefile(other)
    except OSError:  # one isn't there yet
        return os.path.normcase(one.resolve()) == os.path.normcase(other.resolve())


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot make the folder {folder} for results: {error.strerror}. Choose another one"
        ) from error
    if not os.access(folder, os.W_OK):
        raise UsageError(f"no write permission for the folder {folder} for results. Choose another one")


def default_path(source_path: Path | None, name: str, run: str) -> Path:
    """``NAME-results-RUN`` beside the input, or in the working folder where that can't be written."""
    ending = Path(name).suffix.lower()
    file = f"{Path(name).stem}-results-{run}{ending if ending in (_CSV, *_WORKBOOKS) else _fallback(ending)}"
    folder = source_path.parent if source_path is not None else Path()
    return folder / file if os.access(folder, os.W_OK) else Path(file)


def _fallback(ending: str) -> str:
    return ".xlsx" if ending in {".xls", ".ods"} else _CSV


def write_report(report: Report, of: Input, path: Path, tell: Callable[[str], None]) -> None:
    """Write the report in the format that the path's ending says; ``tell`` hears of what could not be kept."""
    match path.suffix.lower():
        case ".json":
            content = (json.dumps(reports.to_json(report), ensure_ascii=False, indent=1) + "\n").encode()
        case ".html":
            from bulkobj.reports.html.page import html_report  # noqa: PLC0415 - only a page needs it

            content = html_report(report, made_at=report.made_at)
        case ".csv":
            content = _csv(report, of.source)
        case _:
            content = _workbook(report, of, tell)
    save(path, content)


def _csv(report: Report, source: SourceFile) -> bytes:
    from bulkobj.spreadsheet.writing import result_files as writing  # noqa: PLC0415 - brings pandas, which only a report needs

    return writing.results_csv(source.tables, reports.result_rows(report), delimiter=source.delimiter or ",")


def _workbook(report: Report, of: Input, tell: Callable[[str], None]) -> bytes:
    from bulkobj.spreadsheet.annotating import workbook as annotating  # noqa: PLC0415 - heavy, and only a report needs them
    from bulkobj.spreadsheet.writing import result_files as writing  # noqa: PLC0415 - heavy, and only a report needs them

    rows, summary = reports.result_rows(report), reports.summary(report)
    if (row := _too_long(of.source)) is not None:
        tell(f"row {row} has a text that is longer than a cell of a workbook can be: it is cut there, not in a .csv")
    if of.source.format in {"xlsx", "xlsm"} and of.source.tables:
        try:
            return annotating.annotate(of.content, of.source, rows, summary)
        except annotating.CannotAnnotateError as error:
            tell(f"the report is a plain workbook, not your own with columns added: {error}")
    return writing.results_xlsx(of.source, rows, summary)


def _too_long(source: SourceFile) -> int | None:
    """Return the first row with a text that no cell of a workbook can hold."""
    from bulkobj.spreadsheet.ooxml.cell_xml import MAX_TEXT, units  # noqa: PLC0415 - only a workbook needs it

    texts = (
        (record.number, cell)
        for table in source.tables
        for record in table.records
        for cell in record.cells
        if isinstance(cell, str)
    )
    return next((number for number, text in texts if units(text) > MAX_TEXT), None)


def write_failures(report: Report, of: Input, path: Path, tell: Callable[[str], None]) -> int:
    """Write the rows that are not done, ready to fix and import; returns how many there are.

    Rows that ``bulkobj resume`` takes care of (not attempted yet, or unknown) are left out: imported from here as well,
    they would be done twice.
    """
    from bulkobj.spreadsheet.writing import result_files as writing  # noqa: PLC0415 - brings pandas, which only a report needs

    wanted = reports.not_done(report)
    if wanted and any(row[:1] == ("base",) for row in of.source.stamp) and path.suffix.lower() == ".csv":
        tell(
            f"{path} is a CSV file and can't hold the exported values: an import of it overwrites what was changed in"
            " the service since. Choose an .xlsx file to be warned of that"
        )
    rows = [row for row in reports.result_rows(report) if (row.sheet, row.row) in wanted]
    renamed = {one.header: one.column.header for one in of.columns if one.how is How.MAP and one.column is not None}
    content = of.content if of.source.format == "xlsx" else b""
    save(path, writing.failures(of.settled(), rows, path.suffix.lower().lstrip("."), renamed, content))
    return len(wanted)


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files that the user asks for; without a report, results of a run go to ``folder``, or beside its file."""

    reports: tuple[Path, ...] = ()
    failures: Path | None = None
    folder: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file that is asked for."""
        return self.reports if self.failures is None else (*self.reports, self.failures)

    def check(self, source: Path | None) -> None:
        """Raise UsageError for a place that can't be written, before anything is sent.

        ``source`` is the file that is imported, which no output may take the place of; None is standard input.
        """
        if self.folder is not None and not self.reports:
            _make_folder(self.folder)
        for path in self.reports:
            check_target(path)
        if self.failures is not None:
            check_target(self.failures, (".csv", ".xlsx"))
        taken = [(source, "the file that is read")] if source is not None else []
        for path in self.paths:
            other = next((what for one, what in taken if _is_same(one, path)), None)
            if other is not None:
                raise UsageError(f"{path} would replace {other}. Choose another place")
            taken.append((path, "another output"))

    def check_texts(self, source: SourceFile) -> None:
        """Raise UsageError where a text of the file is too long for the failures workbook that is asked for."""
        if self.failures is None or self.failures.suffix.lower() == ".csv":
            return
        row = _too_long(source)
        if row is not None:
            raise UsageError(
                f"row {row} has a text that is longer than a cell of a workbook can be: "
                f"name a .csv file in place of {self.failures}"
            )

    def each(self) -> Iterator[Outputs]:
        """Yield the same, file by file."""
        for path in self.reports:
            yield Outputs((path,))
        if self.failures is not None:
            yield Outputs((), self.failures)


def write_all(report: Report, of: Input, outputs: Outputs, tell: Callable[[str], None]) -> tuple[Path, ...]:
    """Write all that was asked for; the files."""
    for path in outputs.reports:
        write_report(report, of, path, tell)
    if outputs.failures is not None:
        write_failures(report, of, outputs.failures, tell)
    return outputs.paths


def write_what_can_be(
    report: Report, of: Input, outputs: Outputs, tell: Callable[[str], None]
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Write all that was asked for, as far as it goes: the files, and what is wrong with those that could not be.

    For a run that has sent something: its outcome must not be lost for the sake of a file.
    """
    written: list[Path] = []
    unwritten: list[str] = []
    for one in outputs.each():
        try:
            written += write_all(report, of, one, tell)
        except BulkobjError as error:
            unwritten.append(str(error))
    return tuple(written), tuple(unwritten)
