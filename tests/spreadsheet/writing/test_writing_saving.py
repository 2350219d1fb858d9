"""Files on disk: whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from bulkobj.core.atomic_file import save
from bulkobj.core.errors import UsageError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes and links as POSIX has them")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_new_file_has_the_content_and_the_usual_mode(tmp_path: Path) -> None:
    """A new file is what any other program would have made."""
    usual = tmp_path / "usual"
    usual.write_bytes(b"")
    save(tmp_path / "report.csv", b"content")
    assert (tmp_path / "report.csv").read_bytes() == b"content"
    assert (tmp_path / "report.csv").stat().st_mode == usual.stat().st_mode
    assert names(tmp_path) == ["report.csv", "usual"]


def test_existing_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    """Who could read the old file can read the new one, and nobody else."""
    path = tmp_path / "report.csv"
    path.write_bytes(b"old")
    path.chmod(0o640)
    save(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_link_is_followed(tmp_path: Path) -> None:
    """A link stays a link, and the file that it names has the content."""
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "real.csv").write_bytes(b"old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "far" / "real.csv")
    save(tmp_path / "link.csv", b"new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "far" / "real.csv").read_bytes() == b"new"


def test_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """What isn't a file, such as /dev/stdout, is still there afterwards."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        save(pipe, b"content")
        assert os.read(reader, 100) == b"content"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "the disk is full. Make room"),
        (errno.EACCES, "close it if it is open"),
        (errno.EROFS, "the disk is read-only"),
        (errno.EIO, "Name another place"),
    ],
)
def test_failure_leaves_the_old_file_and_nothing_else(
    number: int, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong while writing: the old content stays, no temporary file does, the message says what to do."""

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    path = tmp_path / "report.csv"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(UsageError, match=advice):
        save(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["report.csv"]


def test_interrupt_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+C in the middle is no reason for litter."""

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "report.csv", b"new")
    assert names(tmp_path) == []


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """The message names the folder that isn't there."""
    with pytest.raises(UsageError, match=r"folder .*nowhere isn't there. Create it"):
        save(tmp_path / "nowhere" / "report.csv", b"")


def test_folder_is_no_file(tmp_path: Path) -> None:
    """A folder's name in place of a file's is refused, and the folder stays."""
    with pytest.raises(UsageError, match="it is a folder"):
        save(tmp_path, b"")
    assert tmp_path.is_dir()


def test_too_long_a_name_is_refused(tmp_path: Path) -> None:
    """The temporary name is short, so only the file's own name can be too long."""
    save(tmp_path / ("x" * 250 + ".csv"), b"")
    with pytest.raises(UsageError, match="the name is too long"):
        save(tmp_path / ("x" * 300), b"")


def test_write_protected_file_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that its owner has protected is respected, although its folder would let it be replaced."""
    path = tmp_path / "report.csv"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UsageError, match="a file that you may write to"):
        save(path, b"new")
    assert path.read_bytes() == b"old"
