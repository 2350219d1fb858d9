"""Files that were uploaded: kept in the state folder, checked, and corrected."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import Any

from bulkobj.config.settings import Settings
from bulkobj.core.atomic_file import save
from bulkobj.core.errors import StorageError, UsageError, cause
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.reports.findings import Findings
from bulkobj.reports.report import Report
from bulkobj.spreadsheet.editing.edits import Edit, check_edited, edited
from bulkobj.workflows.checked_file import FileRequest, read_source
from bulkobj.workflows.ui import Ui
from bulkobj.workflows.validate import find

_ID = re.compile(r"[0-9a-f]{32}")
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u202a-\u202e\u2066-\u2069\ud800-\udfff]+')
_MOST_KEPT = 4
_LONG = 5_000


class Upload:
    """One file of the user's, as it was uploaded and as it was corrected since."""

    def __init__(self, folder: Path, request: FileRequest) -> None:
        self.id = folder.name
        self.request = request
        self.check: Findings | None = None
        self.is_changed = False
        self._folder = folder

    def checked(self, settings: Settings, ui: Ui) -> None:
        """Check the file as it is now, and keep what was found."""
        self.check = find(self.request, settings, ui)

    def asked(self, **changes: Any) -> None:
        """Change what is asked of the reading; the next check heeds it."""
        self.request, self.check = replace(self.request, **changes), None

    def edit(self, edits: Sequence[Edit]) -> None:
        """Make the edits in a corrected copy beside the upload; it is the file from now on."""
        if self.check is None:
            return
        content = edited(self.request.content, self.check.source, edits)
        check_edited(self.check.source, read_source(replace(self.request, content=content)), edits)
        path = self._folder / "corrected" / self.request.name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        save(path, content)
        self.request, self.check = replace(self.request, content=content, path=path), None
        self.is_changed = True

    def refused(self, report: Report) -> None:
        """Show the problems that a plan has found."""
        if self.check is not None:
            self.check = self.check.with_problems(report.all_problems())


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
            raise StorageError(f"the state folder {self._folder.parent} can't be written: {cause(error)}") from error
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
