"""A plan in a file: what was approved, for which tenant, with a fingerprint that a page can show."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bulkobj.core.atomic_file import save
from bulkobj.core.errors import UsageError
from bulkobj.core.model import Problem
from bulkobj.execution.journal.records import Tenant
from bulkobj.execution.journal.serialization import from_json, to_json
from bulkobj.planning.plan import Line, Plan
from bulkobj.workflows.checked_file import FileRequest

_FORMAT = "bulkobj plan 1"
_SHOWN = 16


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """All that `bulkobj apply` needs.

    ``content`` is the spreadsheet that was planned, ``read_as`` the options that it was read with. ``seen`` are the
    ids of the objectives of each account when the plan was made.
    """

    file: str
    content: bytes
    read_as: dict[str, Any]
    target: str
    target_key: str
    tenant: Tenant
    existing: str
    made_at: str
    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]
    seen: dict[str, list[str]]

    @property
    def plan(self) -> Plan:
        """The plan as it was approved."""
        return Plan(self.lines, self.problems)

    def request(self, beside: Path) -> FileRequest:
        """Return the request for the spreadsheet, as if it lay beside that file."""
        place = {"path": str(beside.with_name(Path(self.file).name))}
        return FileRequest.again(self.file, self.content, self.read_as | place)


def check_save_target(path: Path, source: Path | None) -> None:
    """Raise UsageError where a plan can't be saved: an ending other than ``.json``, or the file that is planned."""
    if path.suffix.lower() != ".json":
        raise UsageError(f"--save {path}: a plan is a .json file. Change the ending")
    if source is not None and path.exists() and path.samefile(source):
        raise UsageError(f"--save {path} would replace the input. Use another name")


def save_plan(plan: SavedPlan, path: Path) -> str:
    """Write the plan and return its fingerprint."""
    data = json.loads(to_json(plan))
    fingerprint = _fingerprint(data)
    document = {"format": _FORMAT, "fingerprint": fingerprint, "plan": data}
    save(path, (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode())
    return fingerprint


def load_plan(path: Path) -> tuple[SavedPlan, str]:
    """Read a plan and its fingerprint.

    Raises:
        UsageError: the file is missing, is no plan, is damaged, or was changed since it was saved.
    """
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}. Check the name") from None
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}. Check its permissions") from error
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is no saved plan, or is damaged. Run bulkobj import --dry-run --save again") from None
    if not isinstance(document, Mapping) or not str(document.get("format", "")).startswith("bulkobj plan"):
        raise UsageError(f"{path} is no saved plan. Use a file made by bulkobj import --dry-run --save")
    if document["format"] != _FORMAT:
        raise UsageError(f"{path} was saved by another version of bulkobj. Run bulkobj import --dry-run --save again")
    fingerprint = _fingerprint(document.get("plan"))
    if fingerprint != document.get("fingerprint"):
        raise UsageError(f"{path} was changed since it was saved. Run bulkobj import --dry-run --save again")
    try:
        return from_json(json.dumps(document["plan"]), SavedPlan), fingerprint
    except (msgspec.MsgspecError, ValueError):
        raise UsageError(f"{path} is a damaged plan. Run bulkobj import --dry-run --save again") from None


def _fingerprint(plan: object) -> str:
    """Return a hash of the content, whatever the white space and the order of keys."""
    text = json.dumps(plan, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_SHOWN]
