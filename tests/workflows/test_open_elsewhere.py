"""A file that is open in another program: its changes may not be saved yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulkobj.core.model import Severity
from bulkobj.workflows.checked_file import FileRequest, read_source


@pytest.mark.parametrize("lock", ["~$plan.csv", ".~lock.plan.csv#", None])
def test_lock_file_beside_is_a_warning(lock: str | None, tmp_path: Path) -> None:
    """The file is read all the same; another file's lock says nothing of it."""
    path = tmp_path / "plan.csv"
    path.write_text("Account ID,Title\na,b\n", encoding="utf-8")
    (tmp_path / "~$other.csv").touch()
    if lock:
        (tmp_path / lock).touch()
    source = read_source(FileRequest.read(path))
    assert len(source.tables) == 1
    found = [(one.code, one.severity, one.row) for one in source.problems]
    assert found == ([("open-elsewhere", Severity.WARNING, None)] if lock else [])
