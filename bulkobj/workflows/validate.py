"""Check a file, and put ids in place of its names."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from bulkobj.config.settings import Settings
from bulkobj.core.clock import SystemClock
from bulkobj.core.errors import InvalidFileError
from bulkobj.core.model import Result
from bulkobj.planning.plan import Plan
from bulkobj.reports.findings import Findings
from bulkobj.reports.writer import Finished, Outputs, write_all
from bulkobj.validation.names import Directory, Kind, Suggestion, aliases_of, suggestions, with_words
from bulkobj.workflows.checked_file import CheckedFile, FileRequest, check_with
from bulkobj.workflows.ui import Meant, Ui

if TYPE_CHECKING:
    from bulkobj.workflows.connection import Connection


#: Progress label while accounts are read.
READING = "Reading accounts"


def validate(request: FileRequest, settings: Settings | None, outputs: Outputs, ui: Ui) -> Finished:
    """Check a file and resolve its names; without settings, no call is made and names stay unresolved."""
    outputs.check(request.path)
    file, calls = check_with(request, ui), 0
    if settings is not None and file.wanted():
        with _connected(settings, ui) as connection:
            file, _, calls = named(file, connection, ui)
    plan = file.checked()
    report = file.report(unattempted(plan) if plan.refused else plan, settings, calls, dry_run=False)
    return refusing(Finished(report, write_all(report, file.input, outputs, ui.tell)))


def find(request: FileRequest, settings: Settings, ui: Ui) -> Findings:
    """Check a file and resolve its names, and return what a person needs to correct it."""
    file, directory = check_with(request, ui), Directory()
    if file.tables:
        with _connected(settings, ui) as connection:
            file, directory, _ = named(file, connection, ui, (Kind.STATUS, Kind.CATEGORY))
    plan = file.checked()
    problems = (*plan.problems, *(problem for line in plan.lines for problem in line.problems))
    return Findings.of(file.source, file.tables, problems, suggestions(file.tables, directory), directory)


def unreadable(file: CheckedFile, settings: Settings, outputs: Outputs, ui: Ui, *, dry_run: bool) -> Finished:
    """Report a file of which nothing could be read: there is nothing to look up."""
    report = file.report(unattempted(file.checked()), settings, 0, dry_run=dry_run)
    return refusing(Finished(report, write_all(report, file.input, outputs, ui.tell)))


def refusing(finished: Finished) -> Finished:
    """Return the finished command with the error of an invalid file, if it is one."""
    report = finished.report
    if report.refused or Result.INVALID in report.counts:
        return replace(finished, error=InvalidFileError("the file is not valid: nothing was sent"))
    return finished


def named(
    file: CheckedFile, connection: Connection, ui: Ui, always: Collection[Kind] = ()
) -> tuple[CheckedFile, Directory, int]:
    """Return the file with ids in place of names, the names that were read, and the calls that it took.

    Kinds in ``always`` are read even if the file has no such name.
    """
    kinds, calls, directory = file.wanted().union(always), 0, Directory()
    if kinds:
        directory, calls = connection.names(kinds, file.account_texts())
    file = file.of_tenant(connection.tenant, directory)
    aliases = aliases_of(connection.settings.table)
    resolved = file.resolved(directory, aliases)
    offered = suggestions(resolved.tables, directory)
    answers = ui.choose(resolved.checked(), offered) if offered else ()
    accepted = [one for one, meant in zip(offered, answers, strict=True) if meant is not Meant.NO]
    if not accepted:
        return resolved, directory, calls
    kept = [one for one, meant in zip(offered, answers, strict=True) if meant is Meant.ALWAYS]
    if kept and connection.settings.sandbox:
        ui.tell("nothing is kept in the profile while the sandbox is used")
    elif kept:
        from bulkobj.config.profiles import remember_aliases  # noqa: PLC0415 - seldom needed, and slow to import

        settings, words = connection.settings, _words(kept)
        remember_aliases(settings.config_path, settings.profile, {kind.value: words[kind] for kind in words})
    return file.resolved(directory, with_words(aliases, _words(accepted))), directory, calls


def _words(suggestions: Iterable[Suggestion]) -> dict[Kind, dict[str, str]]:
    words: dict[Kind, dict[str, str]] = {}
    for one in suggestions:
        words.setdefault(one.kind, {})[one.name] = one.meant
    return words


def unattempted(plan: Plan) -> Plan:
    """Return the plan of a file that is refused as a whole: nothing is sent, and rows without errors say so."""
    refused = (Result.VALID, Result.WOULD_CREATE, Result.WOULD_UPDATE, Result.WOULD_DELETE)
    return plan.without_steps().results(dict.fromkeys(refused, Result.NOT_ATTEMPTED))


def now() -> datetime:
    """Return the time of a check or a plan, for its report alone."""
    return SystemClock().wall()


def _connected(settings: Settings, ui: Ui) -> AbstractContextManager[Connection]:
    from bulkobj.workflows.connection import connected  # noqa: PLC0415 - HTTP is slow to import, and a check offline needs none

    return connected(settings, ui.waiting, ui.stoppable)
