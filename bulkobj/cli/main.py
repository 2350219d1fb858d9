"""The program: its commands, imported when they are run, and the one place where errors become exit codes."""

from __future__ import annotations

import importlib
import json
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress

import click

from bulkobj import __version__
from bulkobj.cli.groups import SuggestingGroup
from bulkobj.cli.session import Session, say
from bulkobj.cli.streams import TolerantStream
from bulkobj.core import secrets
from bulkobj.core.errors import BulkobjError
from bulkobj.core.secrets import redacted
from bulkobj.core.text import clean

#: Each command with the module that holds it, and the line that the list of commands shows.
_COMMANDS: Mapping[str, tuple[str, str]] = {
    "validate": ("bulkobj.cli.commands.import_file", "Check a file and resolve its names; write nothing."),
    "import": ("bulkobj.cli.commands.import_file", "Check a file, plan, ask, execute and report."),
    "resume": ("bulkobj.cli.commands.runs", "Finish an interrupted run."),
    "retry": ("bulkobj.cli.commands.runs", "Import again the rows of a run that were not done."),
    "export": ("bulkobj.cli.commands.export", "Export objectives per account to a spreadsheet."),
    "undo": ("bulkobj.cli.commands.runs", "Plan and execute the reverse of a run."),
    "runs": ("bulkobj.cli.commands.runs", "List the runs."),
    "report": ("bulkobj.cli.commands.runs", "Write a run's report again."),
    "expand": ("bulkobj.cli.commands.plans", "Write a plan that sets the same goals on many accounts."),
    "rollover": ("bulkobj.cli.commands.plans", "Write next period's plan from an export."),
    "apply": ("bulkobj.cli.commands.apply", "Execute a saved plan, exactly as it was approved."),
    "settings": ("bulkobj.cli.commands.tenant", "Show the tenant's statuses, categories and templates."),
    "template": ("bulkobj.cli.commands.tenant", "Write an empty import workbook with drop-down lists."),
    "login": ("bulkobj.cli.commands.setup", "Check and store a token."),
    "logout": ("bulkobj.cli.commands.setup", "Remove the token."),
    "config": ("bulkobj.cli.commands.setup", "Show the configuration; never the token."),
    "doctor": ("bulkobj.cli.commands.setup", "Check the set-up, and show what to do."),
    "ui": ("bulkobj.cli.commands.ui", "All of this in a browser page, on this computer only."),
    "sandbox": ("bulkobj.cli.commands.sandbox", "Serve or empty a local service to try things out."),
}


class _LazyGroup(SuggestingGroup):
    """A group that imports a command when it is run, so that `bulkobj --help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(_COMMANDS[cmd_name][0]), f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


def _show_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's own
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import version  # noqa: PLC0415 - only --version needs it

    names = ("click", "httpx", "openpyxl", "pandas", "lxml", "xlrd")
    built_on = ", ".join(f"{name} {version(name)}" for name in names)
    click.echo(f"bulkobj {__version__}\nPython {sys.version.split()[0]}, {built_on}")
    ctx.exit()


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try it without an account: bulkobj template --sandbox -o plan.xlsx",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the versions of bulkobj and its libraries, and exit.",
)
def cli() -> None:
    """Import, update, delete and export Totango objectives in bulk, from spreadsheets."""


def run() -> None:
    """Run the program and exit with a code of the contract; no traceback ever reaches a user."""
    secrets.forget()
    with suppress(ValueError):  # not the main thread, whose owner has the signals
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = sys.argv[1:]
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    session = Session(as_json="--json" in options)
    code, message = _run(session)
    if message is not None:
        say(f"bulkobj: {clean(message, 2000)}")
    if session.as_json and not session.answered:
        click.echo(json.dumps({"error": redacted(message) if message else None, "exit_code": code}), file=sys.stdout)
    lost = _output_lost(session)
    sys.exit(code or lost)


def _run(session: Session) -> tuple[int, str | None]:
    """Run the command. Returns its exit code, and the message that ended it early."""
    try:
        code = cli.main(prog_name="bulkobj", standalone_mode=False, obj=session)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx is not None else "bulkobj"
        return error.exit_code, f"{error.format_message()} Run `{path} --help` to see the options"
    except click.ClickException as error:
        return error.exit_code, error.format_message()
    except BulkobjError as error:
        return error.exit_code, str(error)
    except (click.Abort, KeyboardInterrupt):
        return 130, "interrupted"
    except SystemExit as end:  # click's own way out, of completing for the shell
        code = end.code
    except Exception as error:
        from bulkobj.cli.log_setup import log_crash  # noqa: PLC0415 - only a crash needs it

        what = f"unexpected error ({type(error).__name__}). {log_crash(error)}"
        return (4, f"{what}. Run `bulkobj resume {session.run}` to continue") if session.run else (2, what)
    return code if isinstance(code, int) else 0, None


def _output_lost(session: Session) -> int:
    """Return 1 where what was asked for on standard output could not be written, else 0."""
    sys.stdout.flush()
    stream = sys.stdout
    if not isinstance(stream, TolerantStream) or not stream.lost or (stream.was_closed and not session.as_json):
        return 0
    say("bulkobj: cannot write to standard output. Check that it is open and its disk is not full")
    return 1
