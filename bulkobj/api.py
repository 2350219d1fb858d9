"""The documented Python interface (README, "From Python")."""

from __future__ import annotations

from bulkobj.config.settings import Options, Settings, load_settings
from bulkobj.reports.writer import Finished, Outputs
from bulkobj.workflows.checked_file import FileRequest
from bulkobj.workflows.export.content import Filters, Layout
from bulkobj.workflows.export.export import Exported, ExportRequest, export, import_template
from bulkobj.workflows.import_file import Choices, dry_run, import_file
from bulkobj.workflows.run import resume, rewrite_report
from bulkobj.workflows.ui import Ui, Unattended
from bulkobj.workflows.undo import undo
from bulkobj.workflows.validate import validate

__all__ = [
    "Choices",
    "ExportRequest",
    "Exported",
    "FileRequest",
    "Filters",
    "Finished",
    "Layout",
    "Options",
    "Outputs",
    "Settings",
    "Ui",
    "Unattended",
    "dry_run",
    "export",
    "import_file",
    "import_template",
    "load_settings",
    "resume",
    "rewrite_report",
    "undo",
    "validate",
]
