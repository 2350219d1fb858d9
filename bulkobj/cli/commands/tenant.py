"""`bulkobj settings` and `bulkobj template`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bulkobj.cli import output as show
from bulkobj.cli.ask import may_replace
from bulkobj.cli.console import Console
from bulkobj.cli.options import overwrite_option, service_options, settings_of
from bulkobj.cli.session import note
from bulkobj.validation.names import Kind
from bulkobj.workflows.connection import connected
from bulkobj.workflows.export.export import import_template

_KINDS = (Kind.STATUS, Kind.CATEGORY, Kind.TEMPLATE)


@click.command("settings", epilog="Example: bulkobj settings --sandbox")
@service_options
def settings_command(**options: Any) -> None:
    """Show the tenant's statuses, categories and objective templates, with their ids."""
    settings = settings_of(options)
    with Console() as console, connected(settings, console.waiting) as connection:
        directory, _ = connection.names(_KINDS)
    rows = [(kind.value, thing.name, thing.id) for kind in _KINDS for thing in directory.things[kind]]
    show.table(("KIND", "NAME", "ID"), rows)


@click.command("template", epilog="Example: bulkobj template --sandbox -o plan.xlsx")
@click.option("-o", "--output", required=True, metavar="PATH", type=click.Path(path_type=Path), help="Write to PATH.")
@overwrite_option
@service_options
def template_command(*, output: Path, overwrite: bool, **options: Any) -> None:
    """Write an empty import workbook with drop-down lists of the tenant's names (or a .csv of headers)."""
    settings = settings_of(options)
    may_replace(output, overwrite=overwrite)
    with Console() as console:
        import_template(output, settings, console)
    note(f"written: {output}")
