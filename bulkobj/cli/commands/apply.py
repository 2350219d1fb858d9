"""`bulkobj apply`: execute a saved plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bulkobj.cli.commands.import_file import shown
from bulkobj.cli.console import Console
from bulkobj.cli.groups import example_with_file
from bulkobj.cli.options import outputs_of, report_options, service_options, settings_of
from bulkobj.workflows.plans.apply import apply


@click.command(
    "apply",
    epilog=example_with_file(
        "bulkobj import plan.xlsx --sandbox --dry-run --save plan.json", "bulkobj apply plan.json --sandbox --dry-run"
    ),
)
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--dry-run", "dry", is_flag=True, help="Stop after the plan; send nothing.")
@click.option("--yes", is_flag=True, help="Answer the question with yes.")
@report_options
@service_options
def apply_command(*, plan: Path, dry: bool, yes: bool, as_json: bool, **options: Any) -> int:
    """Execute PLAN, saved by `bulkobj import --dry-run --save PLAN`; rows that have changed since are in conflict."""
    settings = settings_of(options)
    outputs = outputs_of(options, settings)
    with Console(yes=yes) as console:
        finished = apply(plan, settings, outputs, console, dry=dry)
    return shown(finished, as_json=as_json, dry=dry)
