"""`bulkobj expand` and `bulkobj rollover`: plans made from goals or from an export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bulkobj.cli import output as show
from bulkobj.cli.ask import may_replace
from bulkobj.cli.console import Console
from bulkobj.cli.groups import example, example_with_file
from bulkobj.cli.options import (
    account_options,
    accounts_of,
    day_of,
    overwrite_option,
    reading_options,
    request_of,
    service_options,
    settings_of,
)
from bulkobj.cli.session import note, say
from bulkobj.core.errors import UsageError
from bulkobj.core.text import clean, counted
from bulkobj.workflows.plans.expand import Expansion, expand
from bulkobj.workflows.plans.periods import Period
from bulkobj.workflows.plans.plan_file import PlanFile
from bulkobj.workflows.plans.rollover import Rollover, rollover

_output = click.option(
    "-o",
    "--output",
    required=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Write to PATH (.xlsx, .csv).",
)


@click.command(
    "expand",
    epilog=example(
        "echo Title,Category,Status,End Date> goals.csv",
        "echo Grow with {account},Adoption,In Progress,start+30d>> goals.csv",
        "bulkobj expand goals.csv --sandbox --account ACME-1001 -o plan.xlsx --overwrite",
    ),
)
@click.argument("file", metavar="GOALS", type=click.Path(allow_dash=True))
@account_options
@click.option(
    "--start", metavar="DATE", help="Count relative dates from DATE.  [default: first day of the next quarter]"
)
@_output
@overwrite_option
@reading_options
@service_options
def expand_command(*, start: str | None, output: Path, overwrite: bool, **options: Any) -> None:
    """Write a plan that sets the goals in GOALS on many accounts; nothing is sent.

    GOALS has the usual columns, without accounts. {account} and {account_id} in texts are the account's name and id.
    Dates may be fixed, or start, start+30d, start+3m, quarter-end.
    """
    settings = settings_of(options)
    accounts, request = accounts_of(options), request_of(options, settings)
    day = None if start is None else day_of("--start", start)
    may_replace(output, overwrite=overwrite)
    with Console() as console:
        made = expand(request, Expansion(accounts, day), output, settings, console)
    _show(made)


@click.command(
    "rollover",
    epilog=example_with_file("bulkobj rollover plan.xlsx --by 1Q --replace-title Q1=Q2 -o next.xlsx --overwrite"),
)
@click.argument("file", metavar="EXPORT", type=click.Path(allow_dash=True))
@click.option("--by", required=True, metavar="PERIOD", help="Move dates by PERIOD, such as 1Q, 3M or 30D.")
@click.option("--status", metavar="NAME", help="Give every row this status.  [default: its own]")
@click.option("--only-status", metavar="NAME", multiple=True, help="Only rows with this status; repeatable.")
@click.option("--without-status", metavar="NAME", multiple=True, help="No rows with this status; repeatable.")
@click.option("--replace-title", metavar="'Q1=Q2'", multiple=True, help="Replace a text in titles; repeatable.")
@_output
@overwrite_option
@reading_options
@service_options
def rollover_command(  # noqa: PLR0913 - each is an option of the command
    *,
    by: str,
    status: str | None,
    only_status: tuple[str, ...],
    without_status: tuple[str, ...],
    replace_title: tuple[str, ...],
    output: Path,
    overwrite: bool,
    **options: Any,
) -> None:
    """Write next period's plan from EXPORT: the same objectives, new, with later dates; nothing is sent."""
    settings = settings_of(options)
    how = Rollover(Period.parse(by), status, only_status, without_status, tuple(_pair(text) for text in replace_title))
    request = request_of(options, settings)
    may_replace(output, overwrite=overwrite)
    _show(rollover(request, how, output))


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not equals or not old:
        raise UsageError(f"--replace-title '{clean(text, 60)}' has no text to replace. Use --replace-title 'Q1=Q2'")
    return old, new


def _show(made: PlanFile) -> None:
    for line in show.report_problems(made.report):
        say(line)
    if made.error is not None:
        raise made.error
    for text in made.notes:
        say(f"note: {text}")
    note(f"{counted(made.rows, 'row')} for {counted(made.accounts, 'account')}")
    note(f"written: {made.written}")
