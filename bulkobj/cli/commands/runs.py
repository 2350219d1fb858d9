"""`bulkobj resume`, `retry`, `undo`, `runs` and `report`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from bulkobj.cli import output as show
from bulkobj.cli.commands.import_file import shown
from bulkobj.cli.console import Console
from bulkobj.cli.groups import example_with_run
from bulkobj.cli.options import both, outputs_of, report_options, service_options, settings_of
from bulkobj.cli.session import note, say
from bulkobj.config.settings import Options, load_settings, state_dir
from bulkobj.core.clock import SystemClock
from bulkobj.core.errors import StoppedError, UsageError
from bulkobj.core.text import counted
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.workflows.import_file import Choices, retry
from bulkobj.workflows.run import resume, rewrite_report
from bulkobj.workflows.undo import undo

_plan_options = both(
    click.option("--dry-run", "dry", is_flag=True, help="Stop after the plan; send nothing."),
    click.option("--yes", is_flag=True, help="Answer the question with yes."),
)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def _run_ids(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the ids that the shell can complete to, the newest first."""
    store = RunStore(state_dir())
    return [info.header.run for info in reversed(store.all()) if info.header.run.startswith(incomplete)]


@click.command("resume", epilog="Example: bulkobj resume")
@click.argument("run", required=False, shell_complete=_run_ids)
@report_options
@service_options
def resume_command(*, run: str | None, as_json: bool, **options: Any) -> int:
    """Finish an interrupted run without asking again: the newest unfinished one, or RUN."""
    settings = settings_of(options)
    outputs = outputs_of(options, settings)
    with Console() as console:
        finished = resume(run, settings, console, outputs)
    if finished is None:
        note("there is nothing to resume")
        return 0
    return shown(finished, as_json=as_json, dry=False)


@click.command("retry", epilog=example_with_run("bulkobj retry last --dry-run"))
@click.argument("run", shell_complete=_run_ids)
@_plan_options
@report_options
@service_options
def retry_command(*, run: str, dry: bool, yes: bool, as_json: bool, **options: Any) -> int:
    """Import again the rows of RUN that failed, were in conflict or were not attempted."""
    settings = settings_of(options)
    outputs = outputs_of(options, settings)
    with Console(yes=yes) as console:
        finished = retry(run, settings, outputs, Choices(), console, dry=dry)
    if finished is None:
        note("there is nothing to retry")
        return 0
    return shown(finished, as_json=as_json, dry=dry)


@click.command("undo", epilog=example_with_run("bulkobj undo last --dry-run"))
@click.argument("run", shell_complete=_run_ids)
@_plan_options
@report_options
@service_options
def undo_command(*, run: str, dry: bool, yes: bool, as_json: bool, **options: Any) -> int:
    """Undo RUN (`last`: the newest): delete what it created, restore what it updated, create again what it deleted."""
    settings = settings_of(options)
    outputs = outputs_of(options, settings)
    with Console(yes=yes) as console:
        finished = undo(run, settings, outputs, console, dry=dry)
    return shown(finished, as_json=as_json, dry=dry)


@click.command("runs", epilog="Example: bulkobj runs")
@click.option("--prune", metavar="AGE", help="Delete the journals of finished runs older than AGE, such as 90d.")
def runs_command(prune: str | None) -> int:
    """List the runs: id, time, state, file, target, counts.

    A pruned run can't be undone or reported again, and the templates that it ran are not known any more.
    """
    store = RunStore(state_dir())
    if prune is not None:
        gone = store.prune(SystemClock().wall() - _age(prune))
        note(f"{counted(len(gone), 'journal')} deleted")
        return 0
    rows = []
    for info in store.all():
        header = info.header
        counts = ", ".join(f"{number} {what}" for what, number in sorted(info.states.items()))
        when = header.created_at[:16].replace("T", " ")
        rows.append((header.run, when, info.state, header.file, header.target, counts))
    show.table(("RUN", "TIME (UTC)", "STATE", "FILE", "TARGET", "ROWS"), rows)
    unreadable = store.unreadable()
    for path in unreadable:
        say(f"cannot read journal {path}. Move it to another folder")
    return StoppedError.exit_code if unreadable else 0


def _age(text: str) -> timedelta:
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in _UNITS or len(number) > 5:
        raise UsageError(f'--prune: "{text}" is not an age such as 90d, 12w or 24h')
    return int(number) * _UNITS[unit]


@click.command(
    "report",
    epilog=example_with_run("bulkobj report last -o results.xlsx"),
)
@click.argument("run", shell_complete=_run_ids)
@click.option("-o", "--output", metavar="PATH", type=click.Path(path_type=Path), help="Write the report to PATH.")
@click.option(
    "--failures", metavar="PATH", type=click.Path(path_type=Path), help="Write failed rows to PATH, ready to fix."
)
def report_command(run: str, output: Path | None, failures: Path | None) -> None:
    """Write the report of RUN again, its failures, or both; the ending of PATH decides the format."""
    if output is None and failures is None:
        raise UsageError("no file is named. Add -o PATH, --failures PATH, or both")
    with Console() as console:
        finished = rewrite_report(run, output, load_settings(Options()), console, failures=failures)
    for path in finished.written:
        note(f"written: {path}")
