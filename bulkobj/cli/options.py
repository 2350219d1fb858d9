"""The options that several commands share, and how they become settings and requests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from bulkobj.cli.session import note, session
from bulkobj.config import options as config_options
from bulkobj.config.options import setting_option
from bulkobj.config.settings import Options, Settings, settings_in
from bulkobj.core.errors import UsageError
from bulkobj.core.text import clean
from bulkobj.reports.writer import Outputs
from bulkobj.validation.dates import AmbiguousDateError, DateError, DateRules, read_date
from bulkobj.workflows.checked_file import FileRequest, accounts_in
from bulkobj.workflows.export.accounts import AccountChoice

F = TypeVar("F", bound=Callable[..., Any])


def both(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Return a decorator that adds several options."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


verbosity = click.option("-v", "verbose", count=True, help="Log more; -vv still more. Never the token.")
quiet_option = click.option("--quiet", is_flag=True, help="Show on standard error only what needs attention.")


def service_options(function: F) -> F:
    """Add the options of every command that talks to the service."""
    return both(config_options.service_options, quiet_option, verbosity)(function)


def settings_of(options: dict[str, Any]) -> Settings:
    """Take the service's options out of a command's, and return the settings."""
    from bulkobj.cli.log_setup import start_logging  # noqa: PLC0415 - not needed for help

    ctx = click.get_current_context()
    verbose, session().quiet = options.pop("verbose"), options.pop("quiet")
    for name in asdict(Options()):
        del options[name]
    session().settings = settings = settings_in(ctx)
    for text in settings.notes:
        note(text)
    start_logging(verbose, settings.state_dir)
    return settings


def report_options(function: F) -> F:
    """Add the options for where reports go."""
    return both(
        click.option(
            "--report",
            "reports",
            metavar="PATH",
            multiple=True,
            type=click.Path(path_type=Path),
            help="Write the report to PATH (.csv, .xlsx, .json, .html); repeatable.",
        ),
        click.option(
            "--failures",
            metavar="PATH",
            type=click.Path(path_type=Path),
            help="Write failed rows to PATH, ready to fix and import.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print the report as JSON on standard output."),
    )(function)


report_dir_option = click.option(
    "--report-dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write results in the format of FILE to this folder.  [default: beside FILE]",
)


def file_options(function: F) -> F:
    """Add the options of `validate` and `import`."""
    return both(
        click.argument("file", type=click.Path(allow_dash=True)), reading_options, report_dir_option, report_options
    )(function)


def reading_options(function: F) -> F:
    """Add the options that say how a spreadsheet is read."""
    return both(
        click.option(
            "--sheet", "sheets", metavar="NAME", multiple=True, help="Read this sheet; repeatable; * for all."
        ),
        click.option(
            "--map",
            "maps",
            metavar="'Header=Column'",
            multiple=True,
            help="Read column Header as Column; repeatable.",
        ),
        setting_option("--date-order", help="Order of day and month in dates such as 03/04/2026."),
        setting_option(
            "--timezone", metavar="ZONE", help="Zone of times that name none, e.g. Europe/Berlin.  [default: UTC]"
        ),
        setting_option("--encoding", metavar="NAME", help="Encoding of a CSV file."),
        setting_option("--delimiter", metavar="CHAR", help="Delimiter of a CSV file."),
    )(function)


overwrite_option = click.option("--overwrite", is_flag=True, help="Replace the output file if it exists.")


def day_of(option: str, text: str) -> date:
    """Return the day that an option names. Raises UsageError for a text that is no date."""
    try:
        return date.fromisoformat(read_date(text, DateRules(None, UTC))[:10])
    except (DateError, AmbiguousDateError):
        raise UsageError(f'{option}: "{clean(text, 60)}" is not a date. Use a date such as 2024-02-08') from None


def account_options(function: F) -> F:
    """Add the options that choose accounts."""
    return both(
        click.option(
            "--account", "accounts", metavar="ID", multiple=True, help="This account, by id or name; repeatable."
        ),
        click.option(
            "--accounts-file",
            metavar="PATH",
            type=click.Path(path_type=Path),
            help="The accounts in a file: its Account ID column, or one id a line.",
        ),
        click.option("--all", "everything", is_flag=True, help="Every account that account search can reach."),
        click.option(
            "--where",
            metavar="'Attribute=Value'",
            multiple=True,
            help="The accounts with this attribute, such as 'Success Manager=Jane Doe'; repeatable.",
        ),
    )(function)


def accounts_of(options: dict[str, Any]) -> AccountChoice:
    """Take the choice of accounts out of a command's options."""
    path, where = options.pop("accounts_file"), dict[str, list[str]]()
    for text in options.pop("where"):
        attribute, equals, value = text.partition("=")
        if not equals or not attribute.strip() or not value.strip():
            raise UsageError(f"--where '{clean(text, 60)}' has no attribute or no value. Use --where 'Attribute=Value'")
        where.setdefault(attribute.strip(), []).append(value.strip())
    named = (*options.pop("accounts"), *(accounts_in(path) if path is not None else ()))
    return AccountChoice(named, options.pop("everything"), where)


def request_of(options: dict[str, Any], settings: Settings) -> FileRequest:
    """Take the file's options out of a command's, and read the file; the profile completes what was not given."""
    name, ctx = options.pop("file"), click.get_current_context()
    keys = ("date_order", "timezone", "encoding", "delimiter")
    given: dict[str, Any] = {key: options.pop(key) for key in keys}
    given |= {
        "defaults": tuple(key for key in keys if ctx.get_parameter_source(key) is ParameterSource.DEFAULT_MAP),
        "sheets": options.pop("sheets"),
        "maps": tuple(_pair(text) for text in options.pop("maps")),
        "columns": tuple(settings.table.get("columns", {}).items()),
    }
    if name == "-":
        return FileRequest("stdin.csv", sys.stdin.buffer.read(), **given)
    return FileRequest.read(Path(name), **given)


def outputs_of(options: dict[str, Any], settings: Settings) -> Outputs:
    """Take where reports go out of a command's options; the profile may name a folder for them."""
    folder = options.pop("report_dir", None) or settings.report_dir
    return Outputs(options.pop("reports"), options.pop("failures"), folder)


def _pair(text: str) -> tuple[str, str]:
    header, equals, field = text.rpartition("=")
    if not equals or not header.strip() or not field.strip():
        raise UsageError(f"--map '{clean(text, 60)}' has no header or no column. Use --map 'Header=Column'")
    return header.strip(), field.strip()
