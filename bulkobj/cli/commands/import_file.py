"""`bulkobj validate` and `bulkobj import`."""

from __future__ import annotations

from typing import Any

import click

from bulkobj.cli import output as show
from bulkobj.cli.console import Console
from bulkobj.cli.ending import ended
from bulkobj.cli.options import file_options, outputs_of, request_of, service_options, settings_of
from bulkobj.cli.session import product, say
from bulkobj.config.settings import Settings
from bulkobj.core.errors import InvalidFileError
from bulkobj.reports.writer import Finished, Outputs
from bulkobj.workflows.checked_file import FileRequest
from bulkobj.workflows.validate import Choices, dry_run, validate


@click.command("validate", epilog="Example: bulkobj validate samples/quarterly-plan.xlsx --offline")
@file_options
@click.option("--offline", is_flag=True, help="Make no call at all; names are not resolved.")
@service_options
def validate_command(*, as_json: bool, offline: bool, **options: Any) -> int:
    """Check FILE and resolve its names; nothing is written to the service. FILE - is CSV on standard input."""
    settings = settings_of(options)
    request, outputs = request_of(options, settings), outputs_of(options)
    with Console() as console:
        finished = validate(request, None if offline else settings, outputs, console)
    if as_json:
        show.json_report(finished.report)
    else:
        for line in show.report_problems(finished.report):
            product(line)
    return ended(finished)


@click.command("import", epilog="Example: bulkobj import samples/quarterly-plan.xlsx --sandbox --dry-run")
@file_options
@click.option("--dry-run", "dry", is_flag=True, help="Stop after the plan; send nothing.")
@click.option("--yes", is_flag=True, help="Answer the question with yes.")
@click.option("--skip-invalid", is_flag=True, help="Send the valid rows of a file that has invalid ones.")
@click.option("--max-errors", type=click.IntRange(min=1), metavar="N", help="Stop when N rows have failed.")
@click.option("--first", type=click.IntRange(min=1), metavar="N", help="Send N rows, show them, ask before the rest.")
@click.option("--again", is_flag=True, help="Import a file that was already imported once more.")
@service_options
def import_command(  # noqa: PLR0913 - each is an option of the contract
    *,
    as_json: bool,
    dry: bool,
    yes: bool,
    skip_invalid: bool,
    max_errors: int | None,
    first: int | None,
    again: bool,
    **options: Any,
) -> int:
    """Check FILE, plan, ask, carry out, report. FILE - is CSV on standard input."""
    settings = settings_of(options)
    request, outputs = request_of(options, settings), outputs_of(options)
    choices = Choices(skip_invalid, again, max_errors, first)
    with Console(yes=yes) as console:
        finished = (dry_run if dry else _import_file)(request, settings, outputs, choices, console)
    report = finished.report
    if as_json:
        show.json_report(report)
    elif dry and report.rows:
        product(show.plan_details(report))
    if finished.exit_code == InvalidFileError.exit_code:
        for line in show.report_problems(report):
            say(line)
    return ended(finished)


def _import_file(
    request: FileRequest, settings: Settings, outputs: Outputs, choices: Choices, console: Console
) -> Finished:
    from bulkobj.workflows.import_file import import_file  # noqa: PLC0415 - brings the journal, which a check needs not

    return import_file(request, settings, outputs, choices, console)
