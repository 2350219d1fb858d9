"""Exports are written whole or not at all, and leave nothing lying about."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.table import Cell
from bulkobj.spreadsheet.writing.export.files import ExportSheet, export_csv, export_xlsx
from tests.spreadsheet.writing.exporting_kit import HEADERS, export, names, row


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A folder with an older export."""
    folder = tmp_path / "exports"
    folder.mkdir()
    for ending in ("xlsx", "csv"):
        (folder / f"export.{ending}").write_bytes(b"old")
    return folder


def interrupted(error: BaseException) -> Iterator[tuple[Cell, ...]]:
    """Rows that end in the middle."""
    yield from (row(number) for number in range(100))
    raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("x")])
def test_end_among_the_rows_leaves_nothing(target: Path, error: BaseException) -> None:
    """The old file stays as it was, and no temporary file does."""
    with pytest.raises(type(error)):
        export(target, ExportSheet("Plan", HEADERS, interrupted(error)))
    with pytest.raises(type(error)):
        export_csv(target / "export.csv", HEADERS, interrupted(error))
    assert names(target) == ["export.csv", "export.xlsx"]
    assert {path.read_bytes() for path in target.iterdir()} == {b"old"}


def test_interrupt_while_packing_leaves_nothing(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does one when the rows are through and the parts are being put together; nothing is said of it later."""
    write = zipfile.ZipFile.write

    def stop(package: zipfile.ZipFile, name: str, part: str) -> None:
        write(package, name, part)
        if part.endswith("sheet1.xml"):
            raise KeyboardInterrupt

    monkeypatch.setattr(zipfile.ZipFile, "write", stop)
    with pytest.raises(KeyboardInterrupt):
        export(target, ExportSheet("Plan", HEADERS, [row(1)]))
    assert (target / "export.xlsx").read_bytes() == b"old"
    assert names(target) == ["export.csv", "export.xlsx"]


def test_full_disk_is_told(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to do, whatever the library makes of the error."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "write", fail)
    with pytest.raises(UsageError, match=r"export.xlsx can't be written: the disk is full. Make room"):
        export(target, ExportSheet("Plan", HEADERS, [row(1)]))
    assert names(target) == ["export.csv", "export.xlsx"]


def test_missing_folder_is_named_before_any_row_is_asked_for(tmp_path: Path) -> None:
    """The rows may be costly to get."""
    rows = interrupted(AssertionError("asked for"))
    with pytest.raises(UsageError, match=r"folder .*no isn't there. Create it"):
        export(tmp_path / "no", ExportSheet("Plan", HEADERS, rows))
    with pytest.raises(UsageError, match="isn't there"):
        export_csv(tmp_path / "no" / "x.csv", HEADERS, rows)


def test_folder_that_is_not_writable_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UsageError, match="name a folder and a file that you may write to"):
        export(tmp_path, ExportSheet("Plan", HEADERS, [row(1)]))


def test_existing_file_keeps_its_mode_and_a_link_is_followed(tmp_path: Path) -> None:
    """An export in place of an older one is as private as that was."""
    (tmp_path / "real.xlsx").write_bytes(b"old")
    (tmp_path / "real.xlsx").chmod(0o600)
    (tmp_path / "export.xlsx").symlink_to(tmp_path / "real.xlsx")
    export(tmp_path, ExportSheet("Plan", HEADERS, [row(1)]))
    assert (tmp_path / "export.xlsx").is_symlink()
    assert (tmp_path / "real.xlsx").read_bytes()[:2] == b"PK"
    assert (tmp_path / "real.xlsx").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="a device of Unix")  # noqa: PTH110 - not a file
def test_device_is_written_to() -> None:
    """What isn't a file can't be replaced."""
    program = (
        "from pathlib import Path; from bulkobj.spreadsheet.writing.export.files import *\n"
        "export_xlsx(Path('/dev/stdout'), [ExportSheet('Plan', ('Title',), [('One',)])], {}, ())"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout
    assert shown[:2] == b"PK"


def test_temporary_files_go_with_the_process(tmp_path: Path) -> None:
    """Rows wait in temporary files; after an end among the rows they are removed too."""
    program = (
        "from pathlib import Path; from bulkobj.spreadsheet.writing.export.files import *\n"
        "def rows():\n    yield ('One',)\n    raise KeyboardInterrupt\n"
        "export_xlsx(Path('export.xlsx'), [ExportSheet('Plan', ('Title',), rows())], {}, ())"
    )
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environ = os.environ | {"TMPDIR": str(scratch)}
    ended = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environ, capture_output=True, check=False)
    assert b"KeyboardInterrupt" in ended.stderr
    assert (names(tmp_path), names(scratch)) == (["scratch"], [])


@pytest.mark.proof
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """Rows are let go of as they are written: thirty times as many take no more than a few megabytes more."""

    def peak(rows: int) -> int:
        export_xlsx(
            tmp_path / "x.xlsx",
            [ExportSheet("Plan", HEADERS, (row(number, "One", "a\nb") for number in range(rows)))],
            {},
            (("base", f"obj-{number}", "x" * 300) for number in range(rows)),
        )
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    assert peak(60_000) - peak(2_000) < 8_000
