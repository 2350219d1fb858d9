"""Every folder beside this file is a file that somebody might import, and what must come of it.

A new case is a new folder: ``plan.*``, ``expected.json`` (see :mod:`case_kit`), ``about.txt``, and where needed
``options.txt``, ``environ.txt`` and ``server.json``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import make_inputs
import pytest
from case_kit import FOLDER, Case, changed, documents, effects, found, names_of
from cli_kit import Ran, against
from report_kit import assert_failures, assert_report

from bulkobj.checking import FileRequest, read_source
from bulkobj.columns import is_known
from bulkobj.errors import BulkobjError
from bulkobj.sandbox.seeds import seeds
from bulkobj.sandbox.server import SandboxServer
from bulkobj.spreadsheet.reading import ReadOptions, read_file
from bulkobj.spreadsheet.table import SourceFile

CASES = [Case(path.parent) for path in sorted(FOLDER.glob("*/expected.json"))]
NAMES = names_of([*seeds()["statuses"], *seeds()["categories"]])


@pytest.fixture
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    """A case, with its environment in force in the C library's idea of local time, too."""
    chosen: Case = request.param
    with monkeypatch.context() as patch:
        for name, value in chosen.environ.items():
            patch.setenv(name, value)
        _reset_local_time()
        yield chosen
    _reset_local_time()


def _reset_local_time() -> None:
    if hasattr(time, "tzset"):
        time.tzset()


@pytest.mark.parametrize("case", CASES, indirect=True, ids=[case.folder.name for case in CASES])
def test_case(case: Case, server: SandboxServer, tmp_path: Path) -> None:
    """What the folder expects is what the user is told, what the service got, and what the reports hold."""
    case.prepare(server)
    before = documents(server)
    run = _Run(case, server, tmp_path)
    checked = run.start("validate", "--report", tmp_path / "checked.csv")
    assert _told(checked) == _expected_of_validate(case)
    assert documents(server) == before
    ran = run.start("import", "--yes", *run.outputs)
    after = documents(server)
    assert _told(ran) | {"service": effects(_report(ran), before, after, NAMES)} == _expected(case)
    for text in case.expected.get("says", ()):
        assert text in ran.err + "".join(_messages(_report(ran)))
    if case.expected["exit"] in {2, 3}:
        assert after == before
        assert _writes(server) == 0
    touched = {id_ for row in _report(ran)["rows"] for id_ in (row["objective_id"] or "").split(";")}
    assert changed(before, after) <= touched
    if ran.out:
        run.check_outputs(checked, ran)


class _Run:
    """Runs the program on a case's file and looks at what it wrote."""

    def __init__(self, case: Case, server: SandboxServer, folder: Path) -> None:
        self.case, self.server, self.folder = case, server, folder
        name, content = case.input
        self.path = folder / name
        self.path.write_bytes(content)
        self.outputs = ("--report", folder / "r.csv", "--report", folder / "r.xlsx", "--failures", folder / "f.csv")

    def start(self, command: str, *more: object) -> Ran:
        piped = "-" in self.case.options
        file = () if piped else (self.path,)
        stdin = self.path.read_bytes() if piped else b""
        return against(self.server, command, *file, *self.case.options, "--json", *more, stdin=stdin)

    def check_outputs(self, checked: Ran, ran: Ran) -> None:
        """The reports of both commands, and the failures."""
        source = self._source()
        if not source.tables:
            return
        if len(source.tables) == 1:
            assert_report(self.folder / "checked.csv", source, checked.report)
            assert_report(self.folder / "r.csv", source, ran.report)
        assert_report(self.folder / "r.xlsx", source, ran.report)
        assert_failures(self.folder / "f.csv", source, ran.report)

    def _source(self) -> SourceFile:
        said = self.case.said
        request = FileRequest(
            self.path.name,
            self.path.read_bytes(),
            sheets=said("--sheet"),
            maps=tuple((header, field) for header, _, field in (pair.rpartition("=") for pair in said("--map"))),
            encoding=next(iter(said("--encoding")), None),
            delimiter=next(iter(said("--delimiter")), None),
        )
        try:
            return read_source(request)
        except BulkobjError as error:
            raise AssertionError(f"the program read what can't be read: {error}") from error


def _report(ran: Ran) -> dict[str, Any]:
    report: dict[str, Any] = ran.report if ran.out else {"problems": [], "rows": []}
    return report


def _told(ran: Ran) -> dict[str, Any]:
    return {"exit": ran.code, **found(_report(ran))}


def _expected(case: Case) -> dict[str, Any]:
    nothing: dict[str, Any] = {"file": [], "rows": [], "results": {}, "service": {}}
    return nothing | {k: v for k, v in case.expected.items() if k not in {"says", "validate"}}


def _expected_of_validate(case: Case) -> dict[str, Any]:
    """As of an import, where nothing else is said; a row without an error is valid."""
    expected = _expected(case) | case.expected.get("validate", {})
    del expected["service"]
    if expected["exit"] == 1:  # that is for what the service refuses
        expected["exit"] = 0
    bad = {str(row) for row, _, _, severity in expected["rows"] if severity == "error"}
    return expected | {"results": {row: "invalid" if row in bad else "valid" for row in expected["results"]}}


def _messages(report: dict[str, Any]) -> Iterator[str]:
    for problem in [*report["problems"], *(each for row in report["rows"] for each in row["problems"])]:
        yield problem["message"]
    yield from (row["message"] for row in report["rows"] if row["message"])


def _writes(server: SandboxServer) -> int:
    return sum(each.method != "GET" and "/search/" not in each.path for each in server.arrivals())


@pytest.mark.parametrize("name", make_inputs.KEPT)
def test_the_inputs_are_what_their_script_makes(name: str) -> None:
    """Sheet by sheet and cell by cell: the bytes differ with the version of the library."""
    kept = FOLDER / name / make_inputs.KEPT[name][0]
    assert _content(kept.name, make_inputs.KEPT[name][1]()) == _content(kept.name, kept.read_bytes())


def _content(name: str, data: bytes) -> Any:
    source = read_file(name, data, ReadOptions(("*",)), is_known)
    return [(table.sheet, table.headers, table.records) for table in source.tables], source.problems, source.stamp


def test_every_case_says_what_it_is_about_and_has_an_input() -> None:
    for case in CASES:
        assert (case.folder / "about.txt").read_text("utf-8").count("\n") == 1
        assert list(case.folder.glob("plan.*")) or case.folder.name in make_inputs.AT_TEST_TIME
    assert {path.name for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__"} == {
        case.folder.name for case in CASES
    }, os.fspath(FOLDER)
