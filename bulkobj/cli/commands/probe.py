"""`bulkobj doctor --probe`: the question before writes, and the findings as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bulkobj.cli.ask import confirm
from bulkobj.cli.console import Console
from bulkobj.cli.session import at_a_terminal, note, product, say
from bulkobj.config.settings import Settings
from bulkobj.core.errors import InterruptedRunError, UsageError
from bulkobj.core.text import clean
from bulkobj.workflows.connection import connected
from bulkobj.workflows.service.probe_file import result_path

if TYPE_CHECKING:
    from bulkobj.workflows.service.probe import Probe


def probe_service(settings: Settings, console: Console, account: str, *, writes: bool, yes: bool) -> Probe:
    """Ask before writes, and return the findings. Raises UsageError without a terminal, unless ``yes``."""
    from bulkobj.workflows.service.probe import TITLE, probe  # noqa: PLC0415 - brings HTTP, which is slow

    if writes and not yes:
        where = f"on account {clean(account, 80)} of {settings.target}"
        text = f'Create, change and delete one objective "{TITLE}" {where}?'
        if not at_a_terminal():
            note(text)
            raise UsageError("nothing was sent: confirmation needed. Run in a terminal or add --yes")
        if not confirm(text):
            raise InterruptedRunError("nothing was sent")
    with connected(settings, console.waiting) as connection:
        found = probe(connection, account, writes=writes)
    for identity in found.left:
        say(f"the probe's objective {clean(identity, 80)} could not be deleted. Delete it in Totango")
    return found


def show_probe(found: Probe, settings: Settings) -> None:
    """Print the findings, and where they are kept."""
    for line in found.lines():
        product(line)
    note(f"findings without customer data are kept in {result_path(settings)}. Add --json to print them")
