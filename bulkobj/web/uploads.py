"""Files that were uploaded: kept in the state folder, checked, and corrected."""

from __future__ import annotations

import re
import secrets
import shutil
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PureWindowsPath
from typing import Any

from bulkobj.config.settings import Settings
from bulkobj.core.atomic_file import save
from bulkobj.core.columns import Column
from bulkobj.core.errors import StorageError, UsageError
from bulkobj.core.model import Problem, Severity
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.reports.report import Report
from bulkobj.spreadsheet.editing.edits import Edit, check_edited, edited
from bulkobj.spreadsheet.table import SourceFile, Table, shown
from bulkobj.validation.names import COLUMN_OF, Directory, Kind, Suggestion, suggestions
from bulkobj.workflows.checked_file import FileRequest, check_file, read_source
from bulkobj.workflows.connection import connected
from bulkobj.workflows.ui import Ui
from bulkobj.workflows.validate import named

_ID = re.compile(r"[0-9a-f]{32}")
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u202a-\u202e\u2066-\u2069\ud800-\udfff]+')
_MOST_KEPT = 4
_LONG = 5_000


@dataclass(frozen=True, slots=True)
class Cause:
    """Problems that are alike: their severity, code, column and message, and the rows that have them."""

    severity: str
    code: str
    column: str | None
    message: str
    sheet: str | None
    rows: tuple[int, ...]


@dataclass(slots=True)
class Sheet:
    """A table of the file as the grid shows it: the columns' meanings, and problems by row number and column place."""

    table: Table
    columns: Mapping[int, Column]
    problems: dict[int, dict[int, list[Problem]]] = field(default_factory=dict)

    def row(self, index: int) -> dict[str, Any]:
        """Return a row for the grid: its number, its cells' texts, and by place the severity and message of problems.

        Place -1 is the row as a whole.
        """
        record = self.table.records[index]
        found = {
            place: [_worst(problems), " ".join(problem.message for problem in problems)]
            for place, problems in self.problems.get(record.number, {}).items()
        }
        return {"i": index, "n": record.number, "c": [shown(cell) for cell in record.cells], "p": found}

    def faulty(self) -> list[int]:
        """Return the indexes of the rows with problems."""
        return [index for index, record in enumerate(self.table.records) if record.number in self.problems]


def _worst(problems: Iterable[Problem]) -> str:
    return min((problem.severity for problem in problems), key=list(Severity).index).value


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found: the sheets for the grid, causes with errors first, suggestions, and the known names."""

    source: SourceFile
    sheets: tuple[Sheet, ...]
    causes: tuple[Cause, ...]
    suggestions: tuple[Suggestion, ...]
    directory: Directory
    rows: int

    @property
    def errors(self) -> int:
        """Return the number of errors."""
        return sum(max(len(cause.rows), 1) for cause in self.causes if cause.severity == Severity.ERROR.value)

    def edits_for(self, kind: str, name: str, meant: str) -> list[Edit]:
        """Return the edits that put a suggested name in the place of another."""
        column = next((column for one, column in COLUMN_OF.items() if one.value == kind), None)
        return [
            Edit(sheet.table.sheet, record.number, place, meant)
            for sheet in self.sheets
            for place, found in sheet.columns.items()
            if found is column
            for record in sheet.table.records
            if shown(record.cells[place]).strip() == name
        ]

    def names(self) -> dict[str, list[str]]:
        """Return the names that may stand in a column, by the column's header in bulkobj's words."""
        headers = {Kind.STATUS: "Status", Kind.CATEGORY: "Category", Kind.TEMPLATE: "Template"}
        return {
            header: [self.directory.name(kind, thing.id) for thing in self.directory.things.get(kind, ())]
            for kind, header in headers.items()
        }


class Upload:
    """One file of the user's, as it was uploaded and as it was corrected since."""

    def __init__(self, folder: Path, request: FileRequest) -> None:
        self.id = folder.name
        self.request = request
        self.check: Check | None = None
        self.is_changed = False
        self.lock = threading.Lock()
        self._folder = folder

    @property
    def name(self) -> str:
        """Return the file's name."""
        return self.request.name

    def checked(self, settings: Settings, ui: Ui) -> Check:
        """Check the file as it is now, and keep what was found."""
        with self.lock:
            self.check = check(self.request, settings, ui)
            return self.check

    def asked(self, **changes: Any) -> None:
        """Change what is asked of the reading; the next check heeds it."""
        self.request, self.check = replace(self.request, **changes), None

    def edit(self, edits: Sequence[Edit]) -> None:
        """Make the edits in a corrected copy beside the upload; it is the file from now on."""
        if self.check is None:
            return
        content = edited(self.request.content, self.check.source, edits)
        check_edited(self.check.source, read_source(replace(self.request, content=content)), edits)
        path = self._folder / "corrected" / self.name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        save(path, content)
        self.request, self.check = replace(self.request, content=content, path=path), None
        self.is_changed = True

    def refused(self, report: Report) -> None:
        """Show the problems that a plan has found."""
        if self.check is not None:
            self.check = _check(self.check.source, self.check.sheets, report.all_problems(), (), self.check.directory)


def check(request: FileRequest, settings: Settings, ui: Ui) -> Check:
    """Read the file, check it, and resolve its names."""
    file, directory = check_file(request), Directory()
    if file.wanted():
        with connected(settings, ui.waiting, ui.stoppable) as connection:
            file, directory, _ = named(file, connection, ui)
    plan = file.checked()
    sheets = tuple(Sheet(table.source, table.headers.columns) for table in file.tables)
    problems = (*plan.problems, *(problem for line in plan.lines for problem in line.problems))
    return _check(file.source, sheets, problems, suggestions(file.tables, directory), directory)


def _check(
    source: SourceFile,
    sheets: tuple[Sheet, ...],
    problems: Iterable[Problem],
    suggested: tuple[Suggestion, ...],
    directory: Directory,
) -> Check:
    by_sheet: dict[str | None, list[Problem]] = defaultdict(list)
    problems = tuple(problems)
    for problem in problems:
        by_sheet[problem.sheet].append(problem)
    for sheet in sheets:
        sheet.problems = _by_cell(sheet.table, by_sheet[sheet.table.sheet])
    rows = sum(len(sheet.table.records) for sheet in sheets)
    return Check(source, sheets, causes_of(problems), suggested, directory, rows)


def _by_cell(table: Table, problems: Iterable[Problem]) -> dict[int, dict[int, list[Problem]]]:
    places = {header: place for place, header in reversed(list(enumerate(table.headers)))}
    found: dict[int, dict[int, list[Problem]]] = {}
    for problem in problems:
        if problem.row is not None:
            place = places.get(problem.column, -1) if problem.column is not None else -1
            found.setdefault(problem.row, {}).setdefault(place, []).append(problem)
    return found


def causes_of(problems: Iterable[Problem]) -> tuple[Cause, ...]:
    """Draw problems together that differ in their row only; errors first."""
    groups: dict[tuple[str, str, str | None, str, str | None], list[int]] = defaultdict(list)
    for one in problems:
        rows = groups[one.severity.value, one.code, one.column, one.message, one.sheet]
        if one.row is not None:
            rows.append(one.row)
    found = [Cause(*key, tuple(rows)) for key, rows in groups.items()]
    return tuple(sorted(found, key=lambda cause: cause.severity != Severity.ERROR.value))


class Uploads:
    """The folder of uploads, and those that are open in the page."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / "uploads"
        self._open: dict[str, Upload] = {}

    def add(self, filename: str, content: bytes, **asked: Any) -> Upload:
        """Keep an uploaded file; its name is text, and never a path."""
        name = safe_name(filename)
        folder = self._folder / secrets.token_hex(16)
        try:
            self._folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            (folder / "original").mkdir(parents=True, mode=0o700)
            folder.chmod(0o700)
        except OSError as error:
            raise StorageError(f"the state folder {self._folder.parent} can't be written: {error}") from error
        path = folder / "original" / name
        save(path, content)
        upload = Upload(folder, FileRequest(name, content, path, **asked))
        while len(self._open) >= _MOST_KEPT:
            del self._open[next(iter(self._open))]
        self._open[upload.id] = upload
        return upload

    def keep_small(self, newest: Upload) -> None:
        """Forget what was found in other long files: it takes much memory, and a check finds it again."""
        for other in self._open.values():
            if other is not newest and other.check is not None and other.check.rows > _LONG:
                other.check = None

    def get(self, upload_id: str, **asked: Any) -> Upload:
        """Return an upload, read again from its folder after a restart; raises UsageError if there is none."""
        if upload_id in self._open:
            return self._open[upload_id]
        if _ID.fullmatch(upload_id):
            for kind in ("corrected", "original"):
                for path in (self._folder / upload_id / kind).glob("*"):
                    upload = Upload(self._folder / upload_id, FileRequest.read(path, **asked))
                    upload.is_changed = kind == "corrected"
                    self._open[upload_id] = upload
                    return upload
        raise UsageError("this upload is gone. Choose the file again")

    def tidy(self, store: RunStore) -> None:
        """Delete the uploads that no run came from."""
        used = {Path(path).parts for info in store.all() if (path := info.header.options.get("said", {}).get("path"))}
        named_in_runs = {part for parts in used for part in parts}
        for folder in self._folder.glob("*"):
            if _ID.fullmatch(folder.name) and folder.name not in named_in_runs and folder.name not in self._open:
                shutil.rmtree(folder, ignore_errors=True)


def safe_name(filename: str) -> str:
    """Return the last part of a file name from outside, without what a file system could take for more than a name."""
    name = _UNSAFE.sub("_", PureWindowsPath(filename).name).strip(" .")
    stem, dot, ending = name.rpartition(".")
    return f"{(stem or 'upload')[:80]}{dot}{ending[:10]}" if dot else name[:80] or "upload"
