"""The README can't drift from the program: its commands parse, its tables and its output are the program's."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from bulkobj import api
from bulkobj.cli.main import cli
from bulkobj.core.columns import COLUMNS
from bulkobj.core.errors import BulkobjError
from bulkobj.reports.writer import Finished
from tests.cli.cli_kit import bulkobj

TOP = Path(__file__).parents[2]
README = (TOP / "README.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.S)
SETUP = (
    (
        "python3 -m venv .venv && .venv/bin/pip install . && "
        ".venv/bin/bulkobj import samples/quarterly-plan.xlsx --sandbox --yes"
    ),
    "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest",
)


def commands() -> list[str]:
    """Every bulkobj command that the README shows, in a block or in a line."""
    inline = re.findall(r"`(?:\.venv/bin/)?(bulkobj [a-z][^`&>;]*)", README)
    fenced = re.findall(r"^```(\w*)\n(.*?)^```", README, re.S | re.M)
    blocks = [line for language, block in fenced if not language for line in block.splitlines()]
    shown = [part for line in blocks for part in re.findall(r"(?:^|[ $/])(bulkobj [a-z][^&>;]*)", line)]
    return sorted({" ".join(command.split()) for command in inline + shown})


@pytest.mark.parametrize("setup", SETUP)
def test_the_set_up_commands_stand_word_for_word(setup: str) -> None:
    assert f"```\n{setup}\n```" in README
    assert setup == SETUP[0] or setup in (TOP / ".ci/run").read_text("utf-8")


@pytest.mark.parametrize("command", commands())
def test_every_command_shown_is_one_that_parses(command: str) -> None:
    words = shlex.split(command)[1:]
    context = click.Context(cli)
    found: click.Command | None = cli
    while isinstance(found, click.Group):
        name = words.pop(0)
        found = found.get_command(context, name)
    assert found is not None, f"there is no command {name}"
    found.make_context(found.name, ["RUN" if word == "RUN" else word for word in words] or _least(found))


def _least(command: click.Command) -> list[str]:
    """What a command named alone in a sentence would need."""
    needed = [param for param in command.params if param.required]
    return [part for p in needed for part in ([p.opts[-1], "x"] if isinstance(p, click.Option) else ["x"])]


def test_what_the_first_command_prints_is_what_the_readme_says(tmp_path: Path) -> None:
    plan = tmp_path / "quarterly-plan.xlsx"
    plan.write_bytes((TOP / "samples/quarterly-plan.xlsx").read_bytes())
    ran = bulkobj("import", plan, "--sandbox", "--yes")
    assert ran.code == 0
    *lines, written = ran.err.rstrip().splitlines()
    assert _untimed("\n".join(lines)) in _untimed(README)
    assert written.startswith("written:")


def _untimed(text: str) -> str:
    """The text without the estimate, which counts slots that are taken already."""
    return re.sub(r"about \d+ s", "about … s", text)


def test_the_tables_of_columns_and_exit_codes_are_the_programs() -> None:
    for column in COLUMNS:
        assert column.header in README
    codes = {0, 1, 130} | {kind.exit_code for kind in _all(BulkobjError)}
    assert codes == {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.M)}
    assert Finished.exit_code is not None


def _all(kind: type[BulkobjError]) -> set[type[BulkobjError]]:
    return {kind}.union(*(_all(sub) for sub in kind.__subclasses__()))


def test_every_option_of_the_table_is_one_of_the_program() -> None:
    offered = bulkobj("import", "--help").out
    for option in re.findall(r"^\| `(--[a-z-]+)", README, re.M):
        assert option in offered


def test_the_file_example_of_the_readme_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As it stands there, from the folder that holds the samples."""
    shutil.copytree(TOP / "samples", tmp_path / "samples")
    run: dict[str, Any] = {}
    exec(EXAMPLES[0], run)  # noqa: S102 - it is our own page
    assert run["finished"].exit_code == 0
    assert len(capsys.readouterr().out.splitlines()) == len(run["finished"].report.rows) == 45
    assert (tmp_path / "results.json").exists()


def test_the_frame_example_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Both rows are created, and the export shows the new objective."""
    run: dict[str, Any] = {}
    exec(EXAMPLES[1], run)  # noqa: S102 - it is our own page
    assert run["finished"].report.counts == {"created": 2}
    assert "Renew the contract" in capsys.readouterr().out


@pytest.mark.proof
def test_the_examples_are_well_typed(tmp_path: Path) -> None:
    """A user who checks types strictly has no complaint."""
    for number, code in enumerate(EXAMPLES):
        path = tmp_path / f"example_{number}.py"
        path.write_text(code)
        command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(path)]
        checked = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout


def test_every_name_of_the_python_interface_is_there() -> None:
    """Each name of ``bulkobj.api`` is defined in the package."""
    for name in api.__all__:
        assert name == "Plan" or getattr(api, name).__module__.startswith("bulkobj.")
