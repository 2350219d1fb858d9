"""Every folder beside this file is a file that somebody might import, and what must come of it.

A new case is a new folder: ``plan.*``, ``expected.json`` (see :mod:`case_kit`), ``about.txt``, and where needed
``options.txt``, ``import-options.txt``, ``environ.txt`` and ``server.json``. A case whose outcome is wrong as yet says
why in ``wrong.txt``; the test fails when it comes right.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bulkobj.core.columns import meaning
from bulkobj.core.errors import BulkobjError
from bulkobj.core.model import Severity, severity_of
from bulkobj.sandbox.seeds import seeds
from bulkobj.spreadsheet.reading.reader import ReadOptions, read_file
from bulkobj.spreadsheet.table import SourceFile
from bulkobj.workflows.checked_file import FileRequest, check_file, read_source
from tests.cases import make_inputs
from tests.cases.case_kit import FOLDER, Case, documents, effects, found, names_of
from tests.cases.report_kit import assert_failures, assert_harmless, assert_joint_report, assert_report
from tests.cli.cli_kit import Ran, against
from tests.service.server import SandboxServer

CASES = [Case(path.parent) for path in sorted(FOLDER.glob("*/expected.json"))]
PARAMETERS = [pytest.param(case, id=case.folder.name, marks=case.marks) for case in CASES]
#: What could steer a terminal.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
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


@pytest.mark.parametrize("case", PARAMETERS, indirect=True)
def test_case(case: Case, server: SandboxServer, tmp_path: Path) -> None:
    """What the folder expects is what the user is told, what the service got, and what the reports hold."""
    case.prepare(server)
    before = documents(server)
    run = _Run(case, server, tmp_path)
    checked = run.start("validate", "--report", tmp_path / "checked.csv")
    assert _told(checked) == _expected_of_validate(case)
    assert documents(server) == before
    ran = run.start("import", "--yes", *case.import_options, *run.outputs)
    after = documents(server)
    assert _told(ran) | {"service": effects(_report(ran), before, after, NAMES)} == _expected(case)
    for text in case.expected.get("says", ()):
        assert text in ran.err + "".join(_messages(_report(ran)))
    if case.expected["exit"] in {2, 3}:
        assert after == before
        assert _writes(server) == 0
    assert not _UNSAFE.search(ran.out + ran.err + checked.out + checked.err)
    if "rows" in _parsed(ran):
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
        as_csv = assert_report if len(source.tables) == 1 else assert_joint_report
        as_csv(self.folder / "checked.csv", source, checked.report)
        as_csv(self.folder / "r.csv", source, ran.report)
        assert_report(self.folder / "r.xlsx", source, ran.report)
        assert_failures(self.folder / "f.csv", check_file(self._request()).settled(), ran.report)
        for name in ("checked.csv", "r.csv", "r.xlsx", "f.csv"):
            assert_harmless(self.folder / name, source)

    def _request(self) -> FileRequest:
        said = self.case.said
        return FileRequest(
            self.path.name,
            self.path.read_bytes(),
            sheets=said("--sheet"),
            maps=tuple((header, field) for header, _, field in (pair.rpartition("=") for pair in said("--map"))),
            encoding=next(iter(said("--encoding")), None),
            delimiter=next(iter(said("--delimiter")), None),
            date_order=next(iter(said("--date-order")), None),
        )

    def _source(self) -> SourceFile:
        try:
            return read_source(self._request())
        except BulkobjError as error:
            raise AssertionError(f"the program read what can't be read: {error}") from error


def _report(ran: Ran) -> dict[str, Any]:
    return {"problems": [], "rows": []} | _parsed(ran)


def _parsed(ran: Ran) -> dict[str, Any]:
    """Return the document on standard output: a report, or an error where the command was not begun."""
    document: dict[str, Any] = ran.report if ran.out else {}
    return document


def _told(ran: Ran) -> dict[str, Any]:
    return {"exit": ran.code, **found(_report(ran))}


def _expected(case: Case) -> dict[str, Any]:
    nothing: dict[str, Any] = {"file": [], "rows": [], "results": {}, "service": {}}
    return nothing | _sorted({k: v for k, v in case.expected.items() if k not in {"says", "validate"}})


def _sorted(told: dict[str, Any]) -> dict[str, Any]:
    return {key: sorted(value, key=str) if isinstance(value, list) else value for key, value in told.items()}


def _expected_of_validate(case: Case) -> dict[str, Any]:
    """As of an import, where nothing else is said; a row without an error is valid, if the file as a whole is."""
    expected = _expected(case) | _sorted(case.expected.get("validate", {}))
    del expected["service"]
    if expected["exit"] == 1:  # that is for what the service refuses
        expected["exit"] = 0
    bad = {str(row) for row, _, _, severity in expected["rows"] if severity == "error"}
    other = "not-attempted" if any(severity_of(code) is Severity.ERROR for code, _ in expected["file"]) else "valid"
    return expected | {"results": {row: "invalid" if row in bad else other for row in expected["results"]}}


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
    source = read_file(name, data, ReadOptions(("*",)), meaning)
    return [(table.sheet, table.headers, table.records) for table in source.tables], source.problems, source.stamp


def test_every_case_says_what_it_is_about_and_has_an_input() -> None:
    for case in CASES:
        assert (case.folder / "about.txt").read_text("utf-8").count("\n") == 1
        assert list(case.folder.glob("plan.*")) or case.folder.name in make_inputs.AT_TEST_TIME
    assert {path.name for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__"} == {
        case.folder.name for case in CASES
    }, os.fspath(FOLDER)


#: The codes of the contract, "Problems".
CODES = """
missing-column missing-value unexpected-value unknown-action unknown-status unknown-category unknown-template
unknown-account unknown-objective ambiguous-name ambiguous-date bad-date end-before-start html-markup bad-cell
mangled-number uncalculated-formula duplicate-objective-id duplicate-header ambiguous-sheet wrong-tenant unreadable-file
empty-file bad-encoding ragged-row missing-date unknown-column duplicate-row hidden-row no-undo clock-change
decimal-id guessed-encoding hidden-column mixed-date-order null-word suspicious-quote unknown-owner unusual-year
"""


def test_every_code_has_a_case() -> None:
    found = {code for case in CASES for code, _ in case.expected.get("file", ())}
    assert found | {code for case in CASES for _, _, code, _ in case.expected.get("rows", ())} == set(CODES.split())
