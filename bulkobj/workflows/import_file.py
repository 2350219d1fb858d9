"""The road from a plan to a report: ask, begin the run's journal, carry it out, report; a resumed run joins here."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from bulkobj.config.settings import Settings
from bulkobj.core.errors import UsageError
from bulkobj.execution.journal.records import RunHeader
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.planning.question import Verb
from bulkobj.reports import report as reports
from bulkobj.reports.writer import Finished, Outputs, write_report
from bulkobj.workflows.checked_file import FileRequest, check_file
from bulkobj.workflows.connection import Connection, connected
from bulkobj.workflows.run import NewRun, begin, carry_out, input_of, path_of
from bulkobj.workflows.ui import Ui
from bulkobj.workflows.validate import Choices, plan_file, unreadable


def import_file(request: FileRequest, settings: Settings, outputs: Outputs, choices: Choices, ui: Ui) -> Finished:
    """Check, plan, ask, execute, report."""
    outputs.check(request.path)
    file = check_file(request)
    outputs.check_texts(file.source)
    if not file.tables:
        return unreadable(file, settings, outputs, ui, dry_run=False)
    store = RunStore(settings.state_dir)
    with connected(settings, ui.waiting, ui.stoppable) as connection:
        key = f"{connection.key}|{request.content_hash}"
        with store.lock(key):
            store.refuse_again(key, file.sheets, again=choices.again)
            planned = plan_file(file, connection, ui)
            refused = planned.plan.refused or (planned.plan.faulty and not choices.skip_invalid)
            if not refused and planned.plan.steps and not ui.agrees(planned.question(Verb.IMPORT, settings)):
                raise UsageError("nothing was sent")
            plan, reading, calls = planned.plan, planned.reading, planned.calls
            new = NewRun(
                "import", request, key, plan, reading, calls, outputs, choices.max_errors, refused, file.sheets
            )
            with closing(begin(new, connection, store)) as journal:
                return carry_out(journal, connection, store, ui, first=choices.first)


def resume(run: str | None, settings: Settings, ui: Ui) -> Finished | None:
    """Finish an interrupted run, the newest one where none is named; None where there is nothing to resume."""
    store = RunStore(settings.state_dir)
    found = run or store.to_resume()
    if found is None:
        for declined in store.declined():
            ui.tell(f"you stopped run {declined} after its first rows: `bulkobj resume {declined}` sends the rest")
        return None
    with closing(store.open(found, read_only=True)) as journal:
        header = journal.header
    settings = back_to(settings, header)
    with store.lock(header.options["key"]), connected(settings, ui.waiting, ui.stoppable) as connection:
        check_service(connection, header)
        with closing(store.open(header.run)) as journal:
            if journal.header.declined:  # it comes here by its name only
                journal.mark_declined(declined=False)
            return carry_out(journal, connection, store, ui)


def rewrite_report(run: str, path: Path, settings: Settings, ui: Ui) -> Finished:
    """Write a run's report again."""
    with closing(RunStore(settings.state_dir).open(run, read_only=True)) as journal:
        Outputs((path,)).check(path_of(journal.header))
        report = reports.of_journal(journal.header, journal.entries())
        write_report(report, input_of(journal), path, ui.tell)
        return Finished(report, (path,))


def back_to(settings: Settings, header: RunHeader) -> Settings:
    """The settings with the target of an earlier run; UsageError where the user names another one."""
    if settings.given_target and settings.target != header.target:
        raise UsageError(f"run {header.run} went to {header.target}, not to {settings.target}")
    return replace(settings, base_url=header.base_url or settings.base_url, sandbox=not header.base_url)


def check_service(connection: Connection, header: RunHeader) -> None:
    """Raise UsageError where the connection is not to what the run went to."""
    if connection.key != header.target_key:
        raise UsageError(f"run {header.run} went to {header.target}, which this is not (it was emptied, or moved)")
