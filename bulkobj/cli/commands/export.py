"""`bulkobj export`."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any

import click

from bulkobj.cli.console import Console
from bulkobj.cli.options import service_options, settings_of
from bulkobj.cli.session import note, say
from bulkobj.core.errors import UsageError
from bulkobj.core.text import clean, counted
from bulkobj.validation.dates import AmbiguousDateError, DateError, DateRules, read_date
from bulkobj.workflows.checked_file import accounts_in
from bulkobj.workflows.export.content import Filters, Layout
from bulkobj.workflows.export.export import Exported, ExportRequest, export


@click.command("export", epilog="Example: bulkobj export --sandbox --account ACME-1001 -o objectives.xlsx")
@click.option("--account", "accounts", metavar="ID", multiple=True, help="Export this account; repeatable.")
@click.option(
    "--accounts-file",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Export the accounts in a file: its Account ID column, or one id a line.",
)
@click.option("--all", "everything", is_flag=True, help="Export every account that account search can reach.")
@click.option("--status", "statuses", metavar="NAME", multiple=True, help="Only this status; repeatable.")
@click.option("--category", "categories", metavar="NAME", multiple=True, help="Only this category; repeatable.")
@click.option("--owner", "owners", metavar="TEXT", multiple=True, help="Only owners that contain TEXT; repeatable.")
@click.option("--starts-after", metavar="DATE", help="Only objectives that start later than DATE.")
@click.option("--ends-before", metavar="DATE", help="Only objectives that end earlier than DATE.")
@click.option(
    "--layout", type=click.Choice([layout.value for layout in Layout]), default="one-sheet", show_default=True
)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="PATH",
    help="Write to PATH (.xlsx, .csv, .json); - for CSV here.",
)
@service_options
def export_command(  # noqa: PLR0913 - each is an option of the contract
    *,
    accounts: tuple[str, ...],
    accounts_file: Path | None,
    everything: bool,
    statuses: tuple[str, ...],
    categories: tuple[str, ...],
    owners: tuple[str, ...],
    starts_after: str | None,
    ends_before: str | None,
    layout: str,
    output: str,
    **options: Any,
) -> int:
    """Export objectives per account, ready to be edited and imported again."""
    settings = settings_of(options)
    asked = (*accounts, *(accounts_in(accounts_file) if accounts_file is not None else ()))
    filters = Filters(
        statuses, categories, owners, _day("--starts-after", starts_after), _day("--ends-before", ends_before)
    )
    path = None if output == "-" else Path(output)
    with Console() as console:
        exported = export(ExportRequest(path, asked, everything, filters, Layout(layout)), settings, console)
    _summarise(exported)
    return exported.exit_code


def _day(option: str, text: str | None) -> str:
    if text is None:
        return ""
    try:
        return read_date(text, DateRules(None, UTC))[:10]
    except (DateError, AmbiguousDateError):
        raise UsageError(f'{option}: "{clean(text, 60)}" is not a date. Use a date such as 2024-02-08') from None


def _summarise(exported: Exported) -> None:
    objectives, accounts = counted(exported.objectives, "objective"), counted(exported.accounts, "account")
    note(f"{objectives} of {accounts}")
    for path in exported.written:
        note(f"written: {path}")
    for account, why in exported.failed.items():
        say(f"not exported: account {clean(account, 80)}: {clean(why)}")
    if exported.out_of_reach:
        there = counted(exported.out_of_reach, "account")
        say(f"{there} beyond the reach of account search were not exported. Use --accounts-file to name them")
