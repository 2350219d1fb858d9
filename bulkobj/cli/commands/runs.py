"""`bulkobj resume`, `bulkobj runs` and `bulkobj report`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from bulkobj.cli import output as show
from bulkobj.cli.console import Console
from bulkobj.cli.ending import ended
from bulkobj.cli.options import outputs_of, report_options, service_options, settings_of
from bulkobj.cli.session import note, product, say
from bulkobj.config.settings import Options, load_settings, state_dir
from bulkobj.core.clock import SystemClock
from bulkobj.core.errors import UsageError
from bulkobj.core.text import counted
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.workflows.import_file import resume, rewrite_report
from bulkobj.workflows.undo import undo

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def _run_ids(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The ids that the shell can complete to, the newest first."""
    store = RunStore(state_dir())
    return [info.header.run for info in reversed(store.all()) if info.header.run.startswith(incomplete)]


@click.command("resume", epilog="Example: bulkobj resume")
@click.argument("run", required=False, shell_complete=_run_ids)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON on standard output.")
@service_options
def resume_command(*, run: str | None, as_json: bool, **options: Any) -> int:
    """Finish an interrupted run without asking again: the newest unfinished one, or RUN."""
    settings = settings_of(options)
    with Console() as console:
        finished = resume(run, settings, console)
    if finished is None:
        note("there is nothing to resume")
        return 0
    if as_json:
        show.json_report(finished.report)
    return ended(finished)


@click.command("undo", epilog="Example: bulkobj undo RUN --dry-run (RUN as `bulkobj runs` shows it)")
@click.argument("run", shell_complete=_run_ids)
@click.option("--dry-run", "dry", is_flag=True, help="Stop after the plan; send nothing.")
@click.option("--yes", is_flag=True, help="Answer the question with yes.")
@report_options
@service_options
def undo_command(*, run: str, dry: bool, yes: bool, as_json: bool, **options: Any) -> int:
    """Take back what RUN did: delete what it created, restore what it updated, create anew what it deleted."""
    settings, outputs = settings_of(options), outputs_of(options)
    with Console(yes=yes) as console:
        finished = undo(run, settings, outputs, console, dry=dry)
    if as_json:
        show.json_report(finished.report)
    elif dry:
        product(show.plan_details(finished.report))
    return ended(finished)


@click.command("runs", epilog="Example: bulkobj runs")
@click.option("--prune", metavar="AGE", help="Delete the journals of finished runs older than AGE, such as 90d.")
def runs_command(prune: str | None) -> None:
    """List the runs: id, when, file, target, counts, finished or not.

    A pruned run can't be undone or reported again, and its file is not known as imported any more.
    """
    store = RunStore(state_dir())
    if prune is not None:
        gone = store.prune(SystemClock().wall() - _age(prune))
        note(f"{counted(len(gone), 'journal')} deleted")
        return
    rows = []
    for info in store.all():
        header = info.header
        state = "refused" if header.options.get("refused") else "finished" if header.finished else "unfinished"
        counts = ", ".join(f"{number} {what}" for what, number in sorted(info.states.items()))
        rows.append((header.run, header.created_at[:16].replace("T", " "), header.file, header.target, state, counts))
    show.table(("RUN", "WHEN (UTC)", "FILE", "TARGET", "STATE", "ROWS"), rows)
    for path in store.unreadable():
        say(f"cannot read the journal {path}. Move it to another folder")


def _age(text: str) -> timedelta:
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in _UNITS or len(number) > 5:
        raise UsageError(f'--prune: "{text}" is not an age such as 90d, 12w or 24h')
    return int(number) * _UNITS[unit]


@click.command("report", epilog="Example: bulkobj report RUN -o results.xlsx (RUN as `bulkobj runs` shows it)")
@click.argument("run", shell_complete=_run_ids)
@click.option("-o", "--output", required=True, metavar="PATH", type=click.Path(path_type=Path), help="Where to.")
def report_command(run: str, output: Path) -> None:
    """Write the report of RUN again, in the format that the ending of PATH says."""
    with Console() as console:
        rewrite_report(run, output, load_settings(Options()), console)
    note(f"written: {output}")
