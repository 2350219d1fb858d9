"""The program, one function a command, for the command line and for scripts of one's own.

A file walks in at the front and a report walks out at the back: read, check, look up, plan (:mod:`.planning`), ask,
execute, report (:mod:`.importing`); :mod:`.undoing` and :mod:`.exporting` are the same road the other way round. Each
stage is a room of its own; here is only the order in which they are walked through. What a user is told or asked on
the way goes through the :class:`~bulkobj.ui.Ui`.

Each name is loaded when it is first asked for, as a check needs neither HTTP nor journals.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bulkobj.checking import FileRequest
    from bulkobj.exporting import Filters, Layout
    from bulkobj.pipeline.exporting import Exported, ExportRequest, export, import_template
    from bulkobj.pipeline.importing import import_file, resume, rewrite_report
    from bulkobj.pipeline.planning import Choices, dry_run, validate
    from bulkobj.pipeline.undoing import undo
    from bulkobj.reporting import Finished, Outputs
    from bulkobj.settings import Options, Settings, load_settings
    from bulkobj.ui import Ui, Unattended

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

_HOMES = {
    "bulkobj.checking": ("FileRequest",),
    "bulkobj.exporting": ("Filters", "Layout"),
    "bulkobj.pipeline.exporting": ("ExportRequest", "Exported", "export", "import_template"),
    "bulkobj.pipeline.importing": ("import_file", "resume", "rewrite_report"),
    "bulkobj.pipeline.planning": ("Choices", "dry_run", "validate"),
    "bulkobj.pipeline.undoing": ("undo",),
    "bulkobj.reporting": ("Finished", "Outputs"),
    "bulkobj.settings": ("Options", "Settings", "load_settings"),
    "bulkobj.ui": ("Ui", "Unattended"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(name)
    return getattr(importlib.import_module(_HOME_OF[name]), name)
