"""The options that several commands share, and how they become settings and requests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import available_timezones

import click

from bulkobj.config.settings import Options, Settings, load_settings, profile_names
from bulkobj.core.errors import UsageError
from bulkobj.reports.writer import Outputs
from bulkobj.workflows.checked_file import FileRequest

F = TypeVar("F", bound=Callable[..., Any])


def _stacked(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _profiles(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The profiles that the shell can complete to."""
    return [name for name in profile_names() if name.startswith(incomplete)]


def service_options(function: F) -> F:
    """The options that every command talking to the service takes (contract)."""
    return _stacked(
        click.option(
            "--profile", metavar="NAME", shell_complete=_profiles, help="A [profiles.NAME] table of the config file."
        ),
        click.option("--region", type=click.Choice(["us", "eu"]), help="Which public host.  [default: us]"),
        click.option("--base-url", metavar="URL", help="Another host; plain http only for loopback."),
        click.option("--sandbox", is_flag=True, help="The embedded sandbox instead of a real account."),
        click.option("--rate", metavar="N/S", help="At most N calls in any S seconds.  [default: 99/60]"),
        click.option("--timeout", metavar="S", type=float, help="Total seconds one call may take.  [default: 30]"),
        click.option("--settle", metavar="S", type=float, help="Seconds a lost write may still appear.  [default: 60]"),
        click.option("--concurrency", metavar="N", type=int, help="Calls in flight at most.  [default: 8]"),
        verbosity,
    )(function)


verbosity = click.option("-v", "verbose", count=True, help="Log more; -vv still more. Never the token.")

SERVICE = ("profile", "region", "base_url", "sandbox", "rate", "timeout", "settle", "concurrency")


def settings_of(options: dict[str, Any]) -> Settings:
    """Take the service's options out of a command's, and put the settings together."""
    from bulkobj.cli.log_setup import start_logging  # noqa: PLC0415 - not needed for help

    verbose = options.pop("verbose", 0)
    settings = load_settings(Options(**{name: options.pop(name) for name in SERVICE}))
    start_logging(verbose, settings.state_dir)
    return settings


def report_options(function: F) -> F:
    """Where reports go."""
    return _stacked(
        click.option(
            "--report",
            "reports",
            metavar="PATH",
            multiple=True,
            type=click.Path(path_type=Path),
            help="Where the report goes (.csv, .xlsx, .json, .html); repeatable.",
        ),
        click.option("--failures", metavar="PATH", type=click.Path(path_type=Path), help="The rows not done, to mend."),
        click.option("--json", "as_json", is_flag=True, help="The report as JSON on standard output."),
    )(function)


def file_options(function: F) -> F:
    """The options of `validate` and `import`."""
    return _stacked(
        click.argument("file"),
        click.option("--sheet", "sheets", metavar="NAME", multiple=True, help="Which sheet; repeatable, * for all."),
        click.option("--map", "maps", metavar="'Header=Field'", multiple=True, help="What a column means; repeatable."),
        click.option("--date-order", type=click.Choice(["DMY", "MDY", "YMD"]), help="How 03/04/2026 is meant."),
        click.option(
            "--timezone", metavar="ZONE", help="Zone of times without one, e.g. Europe/Berlin.  [default: UTC]"
        ),
        click.option("--encoding", metavar="NAME", help="Encoding of a CSV, where it isn't found."),
        click.option("--delimiter", metavar="CHAR", help="Delimiter of a CSV, where it isn't found."),
        report_options,
    )(function)


def request_of(options: dict[str, Any], profile: Mapping[str, Any]) -> FileRequest:
    """Take the file's options out of a command's, and read the file's bytes; the profile says what they did not."""
    name = options.pop("file")
    for key in ("timezone", "date_order", "encoding", "delimiter"):
        options[key] = options[key] or profile.get(key)
    timezone, order = options.pop("timezone"), options.pop("date_order")
    if order not in {None, "DMY", "MDY", "YMD"}:
        raise UsageError(f'date_order in the profile: "{order}" is none of DMY, MDY and YMD')
    if timezone is not None and timezone not in available_timezones():
        raise UsageError(
            f'--timezone, or timezone in the profile: there is no zone "{timezone}": write one such as Europe/Berlin'
        )
    delimiter = options.pop("delimiter")
    said: dict[str, Any] = {
        "sheets": options.pop("sheets"),
        "maps": tuple(_pair(text) for text in options.pop("maps")),
        "columns": tuple((str(header), str(column)) for header, column in profile.get("columns", {}).items()),
        "date_order": order,
        "timezone": timezone,
        "encoding": options.pop("encoding"),
        "delimiter": "\t" if delimiter in {"\\t", "tab"} else delimiter,
    }
    if name == "-":
        return FileRequest("stdin.csv", sys.stdin.buffer.read(), **said)
    return FileRequest.read(Path(name), **said)


def outputs_of(options: dict[str, Any]) -> Outputs:
    """Take where reports go out of a command's options."""
    return Outputs(options.pop("reports"), options.pop("failures"))


def _pair(text: str) -> tuple[str, str]:
    header, equals, field = text.rpartition("=")
    if not equals or not header.strip() or not field.strip():
        raise UsageError(f"--map '{text}': write it as --map 'Header=Field'")
    return header.strip(), field.strip()
