"""The one place that calls python-calamine, which reads workbooks fast and breaks hard.

It allocates a sheet's whole used range at once; where that fails, the process ends and no ``except`` sees it. Its
panics are no ``Exception``, and they write to standard error. What could drive it there is therefore loaded in a
process of its own, with a limit on memory and on time.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from bulkobj.spreadsheet.limits import UnreadableError
from bulkobj.spreadsheet.ooxml.package import PROTECTED
from bulkobj.spreadsheet.ooxml.xml_reader import ADVICE, damaged
from bulkobj.spreadsheet.reading.values import Row, workbook_rows
from bulkobj.spreadsheet.table import BadCell, Cell

#: Address space of the process apart, in bytes.
_MEMORY = 2_000_000_000
_SECONDS = 60
#: Finds bulkobj where this process found it, and nothing in the working folder.
_PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from bulkobj.spreadsheet.reading.calamine import main
main()
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A worksheet with all its rows from row 1 and column A on."""

    name: str
    hidden: bool
    rows: list[Row]


def load(workbook: bytes) -> list[Loaded]:
    """All worksheets of a workbook, in its order; UnreadableError where it is damaged or protected."""
    from python_calamine import CalamineError, PasswordError  # noqa: PLC0415 - only where a workbook is read

    try:
        with _panics_unheard():
            return _load(workbook)
    except PasswordError as fault:
        raise UnreadableError(PROTECTED) from fault
    except (CalamineError, OSError, ValueError, OverflowError) as fault:
        raise damaged() from fault
    except BaseException as fault:
        if type(fault).__name__ == "PanicException":  # pyo3 makes it a BaseException, and exports no name for it
            raise damaged() from fault
        raise


@contextlib.contextmanager
def _panics_unheard() -> Iterator[None]:
    """What the library writes to standard error where it breaks is of no use to anybody; its exception is caught."""
    try:
        heard, deaf = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # nobody listens anyway
        yield
        return
    try:
        os.dup2(deaf, 2)
        yield
    finally:
        os.dup2(heard, 2)
        os.close(heard)
        os.close(deaf)


def _load(workbook: bytes) -> list[Loaded]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum  # noqa: PLC0415 - as above

    book = CalamineWorkbook.from_filelike(io.BytesIO(workbook))
    return [
        Loaded(sheet.name, sheet.visible != SheetVisibleEnum.Visible, _rows(book.get_sheet_by_name(sheet.name)))
        for sheet in book.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet
    ]


def _rows(sheet: Any) -> list[Row]:
    """The used range, filled up so that it starts at A1."""
    above, left = sheet.start or (0, 0)
    rows = workbook_rows(sheet.to_python())
    if left:
        blank = (None,) * left
        rows = [blank + row for row in rows]
    return [()] * above + rows


def load_apart(workbook: bytes) -> list[Loaded]:
    """As :func:`load`, in a process of its own; UnreadableError too where that needs too much memory or time."""
    command = [sys.executable, "-I", "-c", _PROGRAM, json.dumps(sys.path)]
    quiet = {**os.environ, "RUST_BACKTRACE": "0"}  # writing one takes seconds
    try:
        answer = subprocess.run(  # noqa: S603 - our own program, without a shell
            command, input=workbook, capture_output=True, timeout=_SECONDS, check=True, env=quiet
        )
    except (subprocess.SubprocessError, OSError) as fault:
        raise UnreadableError(f"the workbook is damaged, or too large to be read. {ADVICE}") from fault
    return _unpacked(answer.stdout)


def main() -> None:
    """Answer with the sheets of the workbook on standard input; runs in the process apart."""
    _limit_memory()
    try:
        answer: Any = [[sheet.name, sheet.hidden, sheet.rows] for sheet in load(sys.stdin.buffer.read())]
    except UnreadableError as fault:
        answer = str(fault)
    sys.stdout.write(json.dumps(answer, default=_packed))


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - isn't there on Windows

        for kind, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CORE, 0)):
            with contextlib.suppress(ValueError, OSError):  # macOS refuses some
                resource.setrlimit(kind, (most, most))


def _packed(value: object) -> dict[str, str]:
    if isinstance(value, BadCell):
        return {"code": value.code, "text": value.text}
    if isinstance(value, (date, time)):  # a datetime is a date
        return {type(value).__name__: value.isoformat()}
    raise TypeError(type(value))


_UNPACK: dict[str, Callable[[str], Cell]] = {
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
}


def _unpacked_cell(value: dict[str, str]) -> Cell:
    if "code" in value:
        return BadCell(**value)
    ((kind, text),) = value.items()
    return _UNPACK[kind](text)


def _unpacked(answer: bytes) -> list[Loaded]:
    sheets = json.loads(answer, object_hook=_unpacked_cell)
    if isinstance(sheets, str):
        raise UnreadableError(sheets)
    return [Loaded(name, hidden, list(map(tuple, rows))) for name, hidden, rows in sheets]
