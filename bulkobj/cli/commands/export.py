"""`bulkobj export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bulkobj.cli.ask import may_replace
from bulkobj.cli.console import Console
from bulkobj.cli.options import account_options, accounts_of, day_of, overwrite_option, service_options, settings_of
from bulkobj.cli.session import note, say
from bulkobj.core.text import clean, counted
from bulkobj.workflows.export.content import Filters, Layout
from bulkobj.workflows.export.export import Exported, ExportRequest, export


@click.command("export", epilog="Example: bulkobj export --sandbox --account ACME-1001 -o objectives.xlsx")
@account_options
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
@overwrite_option
@service_options
def export_command(  # noqa: PLR0913 - each is an option of the contract
    *,
    statuses: tuple[str, ...],
    categories: tuple[str, ...],
    owners: tuple[str, ...],
    starts_after: str | None,
    ends_before: str | None,
    layout: str,
    output: str,
    overwrite: bool,
    **options: Any,
) -> int:
    """Export objectives per account, ready to be edited and imported again."""
    settings = settings_of(options)
    accounts = accounts_of(options)
    after, before = (
        day_of(option, text).isoformat() if text is not None else ""
        for option, text in (("--starts-after", starts_after), ("--ends-before", ends_before))
    )
    filters = Filters(statuses, categories, owners, after, before)
    path = None if output == "-" else Path(output)
    if path is not None:
        may_replace(path, overwrite=overwrite)
    with Console() as console:
        exported = export(ExportRequest(path, accounts, filters, Layout(layout)), settings, console)
    _summarise(exported)
    return exported.exit_code


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
