"""How a command that ran a plan ends: what it says, and its exit code."""

from __future__ import annotations

import click

from bulkobj.cli import output as show
from bulkobj.reports.writer import Finished


def ended(finished: Finished) -> int:
    """Say how it ended on standard error; the exit code."""
    summary = show.report_summary(finished)
    if summary:
        click.echo(summary, err=True)
    if finished.error is not None:
        click.echo(f"bulkobj: {finished.error}", err=True)
    return finished.exit_code
