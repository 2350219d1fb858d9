"""The road from a file to a plan: read, check, look up, plan. A check stops before the last, a dry run after it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from bulkobj.config.settings import Settings
from bulkobj.core.clock import SystemClock
from bulkobj.core.errors import InvalidFileError
from bulkobj.core.model import Result
from bulkobj.planning.plan import Plan, accounts_to_read
from bulkobj.planning.planner import make_plan
from bulkobj.planning.question import Estimate, Question, Verb
from bulkobj.reports import report as reports
from bulkobj.reports.report import Report
from bulkobj.reports.writer import Finished, Input, Outputs, write_all
from bulkobj.validation.names import Directory, Kind, Suggestion, aliases_of, suggestions, with_words
from bulkobj.workflows.checked_file import CheckedFile, FileRequest, check_file
from bulkobj.workflows.lookup import Reading
from bulkobj.workflows.ui import Meant, Ui

if TYPE_CHECKING:
    from bulkobj.workflows.connection import Connection


#: Progress label while accounts are read.
READING = "Reading accounts"


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user said of how an import shall go (contract, "``import`` alone")."""

    skip_invalid: bool = False
    again: bool = False
    max_errors: int | None = None
    first: int | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A file with its plan, the accounts as they were read for it, and the calls that all this took."""

    file: CheckedFile
    plan: Plan
    reading: Reading
    calls: int

    def question(self, verb: Verb, settings: Settings, *, run: str | None = None) -> Question:
        """Return the question to ask before the plan is carried out."""
        estimate = Estimate.of(self.plan.steps, self.calls, settings.rate, settings.concurrency)
        return Question(verb, self.file.request.name, settings.target, settings.profile, self.plan, estimate, run)


def validate(request: FileRequest, settings: Settings | None, outputs: Outputs, ui: Ui) -> Finished:
    """Check a file and resolve its names; without settings, no call is made and names stay unresolved."""
    outputs.check(request.path)
    file, calls, target = check_file(request), 0, "none (offline)"
    if settings is not None:
        target = settings.target
        if file.wanted():
            with _connected(settings, ui) as connection:
                file, _, calls = named(file, connection, ui)
    report = reports.of_plan(file.checked(), request.name, target, calls, dry_run=False, made_at=now())
    return refusing(_written(report, file, outputs, ui))


def dry_run(request: FileRequest, settings: Settings, outputs: Outputs, choices: Choices, ui: Ui) -> Finished:
    """Plan an import, then stop."""
    outputs.check(request.path)
    file = check_file(request)
    if not file.tables:
        return unreadable(file, settings, outputs, ui, dry_run=True)
    with _connected(settings, ui) as connection:
        planned = plan_file(file, connection, ui)
    report = reports.of_plan(planned.plan, request.name, settings.target, planned.calls, dry_run=True, made_at=now())
    finished = _written(report, planned.file, outputs, ui)
    return finished if choices.skip_invalid and not planned.plan.refused else refusing(finished)


def plan_file(file: CheckedFile, connection: Connection, ui: Ui) -> Planned:
    """Look up what the file needs, and plan it."""
    file, directory, calls = named(file, connection, ui)
    if file.unusable:
        return Planned(file, _unattempted(file), Reading(), calls)
    accounts = accounts_to_read(file.rows())
    reading = connection.live(accounts, directory, partial(ui.progress, READING)) if accounts else Reading()
    plan = file.plan(make_plan(file.tables, reading.live, directory, file.exported))
    return Planned(file, plan, reading, calls + reading.calls)


def unreadable(file: CheckedFile, settings: Settings, outputs: Outputs, ui: Ui, *, dry_run: bool) -> Finished:
    """Report a file of which nothing could be read: there is nothing to look up."""
    plan = _unattempted(file)
    report = reports.of_plan(plan, file.request.name, settings.target, 0, dry_run=dry_run, made_at=now())
    return refusing(_written(report, file, outputs, ui))


def refusing(finished: Finished) -> Finished:
    """Exit 3 where something is wrong with the file."""
    report = finished.report
    if report.refused or Result.INVALID in report.counts:
        return replace(finished, error=InvalidFileError("the file is not valid: nothing was sent"))
    return finished


def named(file: CheckedFile, connection: Connection, ui: Ui) -> tuple[CheckedFile, Directory, int]:
    """The file with ids in place of names, the names that were read, and the calls that it took."""
    kinds, calls, directory = file.wanted(), 0, Directory()
    if kinds:
        directory, calls = connection.names(kinds)
    file = file.of_tenant(connection.tenant, directory)
    aliases = aliases_of(connection.settings.table)
    resolved = file.resolved(directory, aliases)
    offered = suggestions(resolved.tables, directory)
    answers = ui.choose(resolved.checked(), offered) if offered else ()
    accepted = [one for one, meant in zip(offered, answers, strict=True) if meant is not Meant.NO]
    if not accepted:
        return resolved, directory, calls
    kept = [one for one, meant in zip(offered, answers, strict=True) if meant is Meant.ALWAYS]
    if kept:
        from bulkobj.config.profiles import remember_aliases  # noqa: PLC0415 - seldom needed, and slow to import

        settings, words = connection.settings, _words(kept)
        remember_aliases(settings.config_path, settings.profile, {kind.value: words[kind] for kind in words})
    return file.resolved(directory, with_words(aliases, _words(accepted))), directory, calls


def _words(suggestions: Iterable[Suggestion]) -> dict[Kind, dict[str, str]]:
    words: dict[Kind, dict[str, str]] = {}
    for one in suggestions:
        words.setdefault(one.kind, {})[one.name] = one.meant
    return words


def _unattempted(file: CheckedFile) -> Plan:
    """What an import makes of a file that is of no use: its valid rows are not attempted."""
    return file.checked().results({Result.VALID: Result.NOT_ATTEMPTED})


def _written(report: Report, file: CheckedFile, outputs: Outputs, ui: Ui) -> Finished:
    return Finished(report, write_all(report, Input(file.source, file.request.content, file.settled), outputs, ui.tell))


def now() -> datetime:
    """When a check or a plan is made; nothing depends on it but what its report says."""
    return SystemClock().wall()


def _connected(settings: Settings, ui: Ui) -> AbstractContextManager[Connection]:
    from bulkobj.workflows.connection import connected  # noqa: PLC0415 - HTTP is slow to import, and a check offline needs none

    return connected(settings, ui.waiting, ui.stoppable)
