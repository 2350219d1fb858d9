"""At a terminal: text that fits, colours, and questions about names, columns and sheets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pytest

from bulkobj.cli.ask import may_replace
from bulkobj.core.errors import UsageError
from tests.cli.cli_kit import bulkobj
from tests.cli.process_kit import Machine, made, plan
from tests.cli.terminal_kit import Terminal
from tests.service.server import SandboxServer

#: Real processes or long searches: .ci/run runs them.
pytestmark = pytest.mark.proof

_MISSPELT = (
    "Customer,Ziel,Category,State,Due Date,ARR\n"
    "BLUE-1010,Planned 0,Adoption,In Progres,2027-03-26,5\nBLUE-1010,Planned 1,Adoption,In Progres,2027-03-26,5\n"
)


@pytest.fixture
def machine(server: SandboxServer, tmp_path: Path) -> Machine:
    (tmp_path / "state").mkdir()
    return Machine(server, tmp_path / "state")


def at_terminal(
    environ: Mapping[str, str], *args: object, answers: Mapping[str, str] | None = None, columns: int = 80
) -> tuple[int, Terminal]:
    """Run a command and give each answer when its words are on the screen."""
    with Terminal(args, environ, columns) as terminal:
        for words, answer in (answers or {}).items():
            terminal.until(words)
            terminal.enter(answer)
        return terminal.end(), terminal


@pytest.mark.parametrize("columns", [60, 100])
def test_text_wraps_at_words(machine: Machine, tmp_path: Path, columns: int) -> None:
    (tmp_path / "p.csv").write_text(
        _MISSPELT.replace("Ziel", "Title").replace("Due", "End").replace("2027-03-26", "soon")
    )
    code, terminal = at_terminal(machine.environ(), "validate", "p.csv", "--offline", columns=columns)
    assert code == 3
    lines = terminal.text.splitlines()
    assert max(map(len, lines)) <= columns
    assert any(line.startswith("    ") for line in lines) or columns == 100
    assert "bad-date]" in terminal.text


@pytest.mark.parametrize(("changes", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colour_only_where_it_is_wanted(
    machine: Machine,
    tmp_path: Path,
    changes: dict[str, str],
    coloured: bool,  # noqa: FBT001
) -> None:
    """The severity stands there in words all the same; a file gets no codes."""
    (tmp_path / "p.csv").write_text(_MISSPELT.replace("Due", "End").replace("2027-03-26", "soon"))
    code, terminal = at_terminal(machine.environ(**changes), "validate", "p.csv", "--offline", "--map", "Ziel=Title")
    assert (code, "\x1b[31m" in terminal.raw) == (3, coloured)
    assert "error: " in terminal.text
    assert "\x1b" not in machine.run("validate", "p.csv", "--offline").out


def test_columns_names_and_the_import_are_agreed_to_at_the_terminal(
    machine: Machine, server: SandboxServer, tmp_path: Path
) -> None:
    """What is kept is kept in the profile, shown by `config`, and holds for the next file without a terminal."""
    (tmp_path / "p.csv").write_text(_MISSPELT)
    answers = {
        "Which column of the file is Title": "Ziel",
        "Keep this in profile": "y",
        'Use "In Progress" for status "In Progres" (2 rows)?': "always",
        "create 2? [y/N]": "y",
    }
    code, terminal = at_terminal(machine.environ(), "import", "p.csv", answers=answers)
    assert code == 0, terminal.text
    shown = " ".join(terminal.text.split())
    mapping = "Customer → Account, Ziel → Title, State → Status, Due Date → End Date; ignored: ARR"
    assert shown.index(mapping) < shown.index("error: ") < shown.index("Use ") < shown.index("create 2?")
    assert made(server).total() == 2
    config = machine.run("config").out
    assert "Ziel → Title" in config
    assert "In Progres → In Progress" in config
    (tmp_path / "q.csv").write_text(_MISSPELT.replace("Planned", "Later"))
    assert machine.run("import", "q.csv", "--yes").code == 0


def test_the_sandbox_keeps_nothing_in_the_profile(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(_MISSPELT)
    answers = {"is Title": "Ziel", "[once/always/no]": "always", "create 2?": "n"}
    code, terminal = at_terminal(machine.environ(), "import", "p.csv", "--sandbox", answers=answers)
    assert (code, "nothing is kept" in terminal.text) == (130, True), terminal.text
    assert not (machine.state / "config.toml").exists()


def test_a_name_that_is_not_meant_stays_an_error(machine: Machine, server: SandboxServer, tmp_path: Path) -> None:
    """An answer that is none is asked for once more, in our words; nothing at all is no."""
    (tmp_path / "p.csv").write_text(_MISSPELT.replace("Ziel", "Title"))
    code, terminal = at_terminal(
        machine.environ(), "import", "p.csv", answers={"[once/always/no]": "maybe", "Enter one of: once": ""}
    )
    assert (code, made(server).total()) == (3, 0), terminal.text
    assert "invalid input" not in terminal.text


def test_a_column_whose_values_all_contradict_it_is_asked_about(machine: Machine, tmp_path: Path) -> None:
    rows = "BLUE-1010,Planned 0,Adoption,In Progress,urgent\nBLUE-1010,Planned 1,Adoption,In Progress,later\n"
    (tmp_path / "p.csv").write_text(f"Account ID,Title,Category,Status,Due\n{rows}")
    answers = {'The values of "Due" do not fit': "Description"}
    code, terminal = at_terminal(machine.environ(), "validate", "p.csv", "--sandbox", answers=answers)
    assert (code, "Due → Description" in terminal.text) == (0, True), terminal.text


def test_the_sheet_is_asked_for_where_two_qualify(machine: Machine, server: SandboxServer, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for name in ("North", "South"):
        sheet = book.create_sheet(name)
        sheet.append(["Account ID", "Title", "Category", "Status"])
        sheet.append(["BLUE-1010", f"Planned {name}", "Adoption", "In Progress"])
    del book["Sheet"]
    book.save(tmp_path / "p.xlsx")
    answers = {"Which sheet is the plan?": "2", "create 1?": "y"}
    code, terminal = at_terminal(machine.environ(), "import", "p.xlsx", answers=answers)
    assert (code, list(made(server))) == (0, ["Planned South"]), terminal.text
    assert machine.run("import", "p.xlsx", "--yes").code == 3


def test_a_workbooks_problem_names_the_cell(machine: Machine, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Account ID", "Title", "Category", "Status", "End Date"])
    sheet.append(["BLUE-1010", "T", "Adoption", "In Progress", "soon"])
    book.save(tmp_path / "p.xlsx")
    assert "error: row 2, End Date (E2): " in machine.run("validate", "p.xlsx", "--offline").out


def test_an_existing_file_is_replaced_only_if_asked_for(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text("mine")
    command = ("template", "--sandbox", "-o", "plan.csv")
    refused = machine.run(*command)
    assert (refused.code, "--overwrite" in refused.err) == (2, True)
    code, _ = at_terminal(machine.environ(), *command, answers={"Replace it?": "n"})
    assert (code, (tmp_path / "plan.csv").read_text()) == (130, "mine")
    assert at_terminal(machine.environ(), *command, answers={"Replace it?": "y"})[0] == 0
    assert (tmp_path / "plan.csv").read_text() != "mine"
    with pytest.raises(UsageError):
        may_replace(tmp_path / "plan.csv", overwrite=False)


def test_login_asks_for_the_region_and_keeps_it(machine: Machine, tmp_path: Path) -> None:
    """A token is never tried before the region is known; a target that was given is not asked about."""
    environ = machine.environ(BULKOBJ_TOKEN="", PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    code, terminal = at_terminal(environ, "login", answers={"API token": machine.server.token})
    assert (code, "accepts the token" in terminal.text) == (0, True), terminal.text
    assert machine.server.token not in terminal.text
    del environ["BULKOBJ_BASE_URL"]
    with Terminal(("login",), environ | {"HTTPS_PROXY": "http://127.0.0.1:9"}) as asking:
        asking.until("Region of your account")
        asking.enter("SP-1\x07x")
        asking.until("no service ID")
        asking.enter("eu")
        asking.until("API token")
        asking.enter("secret-token")
        assert asking.end() == 4
    assert "is saved" not in asking.text


def test_quiet_says_nothing_of_what_went_well(machine: Machine, tmp_path: Path) -> None:
    """A row that failed is still named."""
    plan(tmp_path / "p.csv", 2)
    ran = machine.run("import", "p.csv", "--yes", "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    machine.server.fault("status", method="POST", status=400)
    plan(tmp_path / "q.csv", 1, "Other")
    failed = machine.run("import", "q.csv", "--yes", "--quiet")
    assert (failed.code, "failed: row 2" in failed.err) == (1, True), failed


def test_the_shell_completes_file_names(tmp_path: Path) -> None:
    """They are left to the shell; commands and options are completed by the program."""
    environ = {"_BULKOBJ_COMPLETE": "bash_complete", "COMP_WORDS": "bulkobj import p", "COMP_CWORD": "2"}
    assert bulkobj(environ=environ).out == "file,p\n"
    assert os.environ.get("COMP_WORDS") is None


def test_a_dry_run_shows_warnings(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("Account ID,Title,Category,Status\nBLUE-1010,T,Adoption,In Progress\n")
    ran = machine.run("import", "p.csv", "--dry-run")
    assert (ran.code, "[missing-date]" in ran.err) == (0, True)
