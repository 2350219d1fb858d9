"""The road walked backwards: what the service holds, to a spreadsheet; and an empty one to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bulkobj.config.settings import Settings
from bulkobj.core.atomic_file import save
from bulkobj.reports.writer import check_target
from bulkobj.spreadsheet.stamp import Stamp, stamp_rows
from bulkobj.validation.names import Kind
from bulkobj.workflows.connection import connected
from bulkobj.workflows.export.accounts import AccountChoice
from bulkobj.workflows.export.collect import collect
from bulkobj.workflows.export.content import Export, Filters, Layout
from bulkobj.workflows.export.files import check_output, write_export
from bulkobj.workflows.export.overview import closed_ids
from bulkobj.workflows.ui import Ui
from bulkobj.workflows.validate import READING


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Which objectives are exported, and where to; ``output`` None is standard output, as CSV."""

    output: Path | None
    accounts: AccountChoice = field(default_factory=AccountChoice)
    filters: Filters = field(default_factory=Filters)
    layout: Layout = Layout.ONE_SHEET


@dataclass(frozen=True, slots=True)
class Exported:
    """The result of an export: files, messages for accounts that could not be read, accounts beyond search's reach."""

    written: tuple[Path, ...]
    objectives: int
    accounts: int
    failed: Mapping[str, str]
    out_of_reach: int

    @property
    def exit_code(self) -> int:
        """0 where all that was asked for was written, else 1."""
        return 1 if self.failed or self.out_of_reach else 0


def export(request: ExportRequest, settings: Settings, ui: Ui) -> Exported:
    """Read the accounts' objectives, and write those that are wanted; nothing is written where that is interrupted."""
    check_output(request.output, request.layout)
    request.accounts.check()
    with connected(settings, ui.waiting, ui.stoppable) as connection:
        collected = connection.run(
            lambda totango, _: collect(
                totango,
                request.accounts,
                request.filters,
                partial(ui.progress, READING),
            )
        )
        now = connection.clock.wall()
        closed = closed_ids(collected.directory, settings.closed_statuses)
        made_at, tenant = now.isoformat(timespec="seconds"), connection.tenant
        content = Export(collected.accounts, collected.directory, tenant, made_at, now.date(), request.layout, closed)
    written = write_export(content, request.output)
    number = sum(len(account.objectives) for account in collected.accounts)
    return Exported(written, number, len(collected.accounts), collected.failed, collected.out_of_reach)


def import_template(output: Path, settings: Settings, ui: Ui) -> None:
    """Write an empty import workbook with the tenant's names in drop-down lists; a ``.csv`` has headers alone."""
    check_target(output, (".xlsx", ".csv"))
    from bulkobj.spreadsheet.writing.template import workbook as blank  # noqa: PLC0415 - brings openpyxl, which only templates need

    if output.suffix.lower() == ".csv":
        save(output, blank.blank_csv())
        return
    kinds = (Kind.STATUS, Kind.CATEGORY, Kind.TEMPLATE)
    with connected(settings, ui.waiting, ui.stoppable) as connection:
        directory, _ = connection.names(kinds)
        made_at = connection.clock.wall().isoformat(timespec="seconds")
        stamp = Stamp("template", connection.tenant, made_at=made_at, settings=directory.settings())
    names = {kind.value: [directory.name(kind, thing.id) for thing in directory.things[kind]] for kind in kinds}
    save(output, blank.blank_workbook(names, tuple(stamp_rows(stamp))))
