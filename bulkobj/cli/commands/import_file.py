"""`bulkobj validate` and `bulkobj import`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bulkobj.cli import output as show
from bulkobj.cli.console import Console
from bulkobj.cli.groups import example_with_file
from bulkobj.cli.options import file_options, outputs_of, request_of, service_options, settings_of
from bulkobj.cli.output import ended
from bulkobj.cli.session import note, product, say
from bulkobj.core.errors import InvalidFileError, UsageError
from bulkobj.core.text import clean
from bulkobj.planning.existing import Existing
from bulkobj.reports.writer import Finished
from bulkobj.workflows.import_file import Choices, dry_run, import_file
from bulkobj.workflows.validate import validate


@click.command("validate", epilog=example_with_file("bulkobj validate plan.xlsx --sandbox"))
@file_options
@click.option("--offline", is_flag=True, help="Make no call at all; names are not resolved.")
@service_options
def validate_command(*, as_json: bool, offline: bool, **options: Any) -> int:
    """Check FILE and resolve its names; nothing is written to the service. FILE - is CSV on standard input."""
    settings = settings_of(options)
    outputs = outputs_of(options, settings)
    request = request_of(options, settings)
    with Console() as console:
        finished = validate(request, None if offline else settings, outputs, console)
    if as_json:
        show.json_report(finished.report)
    else:
        for line in show.report_problems(finished.report):
            product(line)
    return ended(finished)


@click.command("import", epilog=example_with_file("bulkobj import plan.xlsx --sandbox --dry-run"))
@file_options
@click.option("--dry-run", "dry", is_flag=True, help="Stop after the plan; send nothing.")
@click.option(
    "--save",
    "save_to",
    metavar="PLAN",
    type=click.Path(path_type=Path),
    help="With --dry-run: save the plan to PLAN (.json) for `bulkobj apply`.",
)
@click.option("--yes", is_flag=True, help="Answer the question with yes.")
@click.option("--skip-invalid", is_flag=True, help="Send the valid rows of a file that has invalid ones.")
@click.option("--max-errors", type=click.IntRange(min=1), metavar="N", help="Stop when N rows have failed.")
@click.option("--first", type=click.IntRange(min=1), metavar="N", help="Send N rows, show them, ask before the rest.")
@click.option(
    "--existing",
    type=click.Choice([mode.value for mode in Existing]),
    default=Existing.REFUSE.value,
    help="What to do with create rows whose Title is on the account already.  [default: refuse]",
)
@click.option("--again", is_flag=True, help="Run templates that an earlier run has run already.")
@click.option(
    "--allow-deletes", type=click.IntRange(min=0), metavar="N", help="Let the plan delete up to N objectives."
)
@click.option("--if-exists", is_flag=True, help="Do nothing, with exit code 0, if FILE is not there.")
@service_options
def import_command(
    *, as_json: bool, dry: bool, save_to: Path | None, yes: bool, if_exists: bool, **options: Any
) -> int:
    """Check FILE, plan, ask, carry out, report. FILE - is CSV on standard input."""
    settings, choices = settings_of(options), _choices(options)
    if save_to is not None and not dry:
        raise UsageError("--save goes with --dry-run. Add --dry-run")
    if if_exists and options["file"] != "-" and not Path(options["file"]).exists():
        note(f"no file {clean(options['file'], 200)}, so there is nothing to import")
        return 0
    outputs = outputs_of(options, settings)
    request = request_of(options, settings)
    with Console(yes=yes) as console:
        if dry:
            finished = dry_run(request, settings, outputs, choices, console, save_to=save_to)
        else:
            finished = import_file(request, settings, outputs, choices, console)
    return shown(finished, as_json=as_json, dry=dry)


def _choices(options: dict[str, Any]) -> Choices:
    """Take the options that only `import` has out of a command's."""
    return Choices(
        options.pop("skip_invalid"),
        options.pop("again"),
        options.pop("max_errors"),
        options.pop("first"),
        Existing(options.pop("existing")),
        options.pop("allow_deletes") or 0,
    )


def shown(finished: Finished, *, as_json: bool, dry: bool) -> int:
    """Print the report of a command that plans or runs, and how it ended. Returns the exit code."""
    report = finished.report
    if as_json:
        show.json_report(report)
    elif dry and report.rows:
        product(show.plan_details(report))
    if dry or finished.exit_code == InvalidFileError.exit_code:
        shown_line = note if finished.exit_code == 0 else say
        for line in show.report_problems(report):
            shown_line(line)
    return ended(finished)
