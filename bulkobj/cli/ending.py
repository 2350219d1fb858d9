"""How a command with a report ends: its summary, and its exit code."""

from __future__ import annotations

from bulkobj.cli import output as show
from bulkobj.cli.session import note, say
from bulkobj.core.text import clean
from bulkobj.reports.writer import Finished


def ended(finished: Finished) -> int:
    """Show on standard error how it ended. Returns the exit code."""
    for line in show.causes(finished.report):
        say(line)
    for line in (*show.counts(finished.report), *(f"written: {path}" for path in finished.written)):
        note(line)
    for line in show.open_ends(finished):
        say(line)
    if finished.error is not None:
        say(f"bulkobj: {clean(str(finished.error), 2000)}")
    return finished.exit_code
