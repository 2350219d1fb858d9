"""Places for reports: refused before anything is sent, unless a file can be written there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bulkobj.core.errors import UsageError
from bulkobj.reports.writer import Outputs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes as POSIX has them")


def fifo(path: Path) -> None:
    os.mkfifo(path)


def loop(path: Path) -> None:
    other = path.with_name("other.csv")
    other.symlink_to(path)
    path.symlink_to(other)


def folder(path: Path) -> None:
    path.mkdir()


def device(path: Path) -> None:
    path.symlink_to("/dev/null")


def dangling_far(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere" / "report.csv")


@pytest.mark.parametrize("make", [fifo, loop, folder, device, dangling_far])
def test_other_than_a_regular_file_is_refused(make: object, tmp_path: Path) -> None:
    """A pipe without a reader would wait for ever, a device would swallow the report."""
    assert callable(make)
    path = tmp_path / "report.csv"
    make(path)
    for outputs in (Outputs((path,)), Outputs((), path)):
        with pytest.raises(UsageError, match=r"report\.csv.*Choose "):
            outputs.check(None)


def test_regular_files_and_links_to_them_will_do(tmp_path: Path) -> None:
    """There already, not yet, or through a link."""
    (tmp_path / "there.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "there.csv")
    (tmp_path / "new-link.csv").symlink_to(tmp_path / "new.csv")
    for name in ("there.csv", "link.csv", "new-link.csv", "absent.csv"):
        Outputs((tmp_path / name,)).check(None)


@pytest.mark.parametrize("kind", ["same", "dots", "link", "hard link"])
def test_input_is_never_replaced(kind: str, tmp_path: Path) -> None:
    """By whatever name it goes."""
    source = tmp_path / "plan.csv"
    source.write_text("x")
    path = tmp_path / "other.csv"
    if kind == "link":
        path.symlink_to(source)
    elif kind == "hard link":
        os.link(source, path)
    else:
        (tmp_path / "sub").mkdir()
        path = source if kind == "same" else tmp_path / "sub" / ".." / "plan.csv"
    with pytest.raises(UsageError, match="would replace the file that is read"):
        Outputs((path,)).check(source)


def test_two_outputs_are_not_one_file(tmp_path: Path) -> None:
    """One of them would be lost."""
    path = tmp_path / "report.csv"
    with pytest.raises(UsageError, match="would replace another output"):
        Outputs((path,), path).check(None)
