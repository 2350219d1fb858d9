"""The program: its commands, loaded when they are asked for, and the one place where errors become exit codes."""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress

import click

from bulkobj import __version__
from bulkobj.core.errors import BulkobjError

#: Each command with the module that holds it, and the line that the list of commands shows.
_COMMANDS: Mapping[str, tuple[str, str]] = {
    "validate": ("bulkobj.cli.commands.import_file", "Check a file and resolve its names; write nothing."),
    "import": ("bulkobj.cli.commands.import_file", "Check, plan, ask, carry out and report a file."),
    "resume": ("bulkobj.cli.commands.runs", "Finish an interrupted run."),
    "export": ("bulkobj.cli.commands.export", "Export objectives per account to a spreadsheet."),
    "undo": ("bulkobj.cli.commands.runs", "Take back what a run did."),
    "runs": ("bulkobj.cli.commands.runs", "List the runs."),
    "report": ("bulkobj.cli.commands.runs", "Write a run's report again."),
    "settings": ("bulkobj.cli.commands.tenant", "Show the tenant's statuses, categories and templates."),
    "template": ("bulkobj.cli.commands.tenant", "Write an empty import workbook with drop-down lists."),
    "login": ("bulkobj.cli.commands.setup", "Put a token into the system's keyring."),
    "logout": ("bulkobj.cli.commands.setup", "Remove the token."),
    "config": ("bulkobj.cli.commands.setup", "Show what is configured, and where."),
    "doctor": ("bulkobj.cli.commands.setup", "Check the set-up, and say what to do."),
    "sandbox": ("bulkobj.cli.commands.sandbox", "A local service to try things out on."),
}


class _LazyGroup(click.Group):
    """Knows its commands by name, and imports one when it is run: `bulkobj --help` stays quick."""

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

    names = ("httpx", "pandas", "openpyxl", "python-calamine", "xlsxwriter", "tenacity", "click")
    built_on = ", ".join(f"{name} {version(name)}" for name in names)
    click.echo(f"bulkobj {__version__}\nPython {sys.version.split()[0]}, {built_on}")
    ctx.exit()


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try it without an account: bulkobj import samples/quarterly-plan.xlsx --sandbox",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the versions of bulkobj and of what it is built on, and leave.",
)
def cli() -> None:
    """Import, update, delete and export Totango objectives in bulk, from spreadsheets."""


def run() -> None:
    """Run the program and exit with a code of the contract; no traceback ever reaches a user."""
    with suppress(ValueError):  # not the main thread, whoever started it has the signals
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = cli.main(prog_name="bulkobj", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except BulkobjError as error:
        _say(str(error))
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted")
        code = 130
    except BrokenPipeError:
        code = _unheard()
    except SystemExit as end:  # click's own way out: of completing for the shell, of a pipe that broke
        code = end.code
    except Exception as error:
        code = _crashed(error)
    sys.exit(code if isinstance(code, int) else 0)


def _crashed(error: Exception) -> int:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        _unheard()
        _say("standard output can't be written: the disk is full")
        return 2
    from bulkobj.cli.log_setup import log_crash  # noqa: PLC0415 - only a crash needs it

    _say(f"something went wrong inside bulkobj ({type(error).__name__}). {log_crash(error)}")
    return 4


def _unheard() -> int:
    """Nobody reads standard output any more, as in ``bulkobj runs | head``: that is no failure."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _say(text: str) -> None:
    click.echo(f"bulkobj: {text}", err=True)
