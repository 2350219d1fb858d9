"""The runs in the state folder: where their journals are, which are unfinished, and what they did."""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random

from filelock import FileLock, Timeout

from bulkobj.core.errors import JournalError, StorageError, UsageError, cause
from bulkobj.core.model import Action, Result
from bulkobj.core.text import folded
from bulkobj.execution.journal.journal import Journal, delete_journal
from bulkobj.execution.journal.records import Entry, RunHeader, State, Tenant, grouped

_RUN = re.compile(r"[\w-]+")
_LAST = 4
#: Seconds to wait for a lock: a process that only asks whether it is free holds it for a moment.
_PATIENCE = 0.5
#: Draws of letters that sort behind those of an earlier run in the same second.
_TRIES = 1000
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

#: What identifies a row of a tenant: account, kind of the name ("id", "title" or "template"), and the name.
RowKey = tuple[str, str, str]


def row_key(account_id: str, objective_id: str, title: str, template_id: str) -> RowKey:
    """Return a row's identity on a tenant: its account, and its Objective ID, else Title, else Template."""
    if objective_id:
        return account_id, "id", objective_id
    return (account_id, "title", folded(title)) if title else (account_id, "template", template_id)


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run as the list shows it.

    ``states`` counts its rows by result, or by state where there is none yet. ``at_work``: a process is working on it.
    """

    header: RunHeader
    states: Mapping[str, int]
    at_work: bool = False

    @property
    def state(self) -> str:
        """The run's state in words: refused, unfinished, undone, undo of a run, or finished."""
        header = self.header
        if header.refused:
            return "refused"
        if not header.finished:
            return "unfinished"
        if header.undone:
            return "undone"
        return f"undo of {header.undoes[-_LAST:]}" if header.undoes else "finished"

    @property
    def looked_for(self) -> bool:
        """Return whether a resume has something to do: the run is unfinished, or something in it is unknown."""
        return not self.header.finished or ("unknown" in self.states and not self.header.abandoned)


class RunStore:
    """The folder of journals. Raises StorageError where it can't be read."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / "runs"
        self._locks = state_dir / "locks"

    @property
    def folder(self) -> Path:
        """The folder of the journals."""
        return self._folder

    def new_id(self, now: datetime, random: Random) -> str:
        """Return a run's id: its time, and four letters; ids sort by time, within a second by their order, too."""
        second = f"{now:%Y%m%d-%H%M%S}-"
        latest = max((path.stem for path in self._folder.glob(f"{second}*.sqlite")), default="")
        ids = (second + "".join(random.choices(_LETTERS, k=_LAST)) for _ in range(_TRIES))
        return next((run for run in ids if run > latest), latest + "z")

    def all(self) -> list[RunInfo]:
        """Return every run that can be read, the oldest first; see :meth:`unreadable` for the others."""
        return list(self._infos())

    def _infos(self) -> Iterator[RunInfo]:
        for path in self._journals():
            with suppress(StorageError), closing(Journal.open(path, read_only=True)) as journal:
                info = RunInfo(journal.header, journal.states(), at_work=self.is_at_work(journal.header.run))
                yield info

    def unreadable(self) -> list[Path]:
        """Return the journals that are there and can't be read."""
        return [path for path in self._journals() if not _is_readable(path)]

    def open(self, run: str, *, read_only: bool = False) -> Journal:
        """Return the journal of a run, named as :meth:`find` allows."""
        return Journal.open(self.find(run), read_only=read_only)

    def find(self, run: str) -> Path:
        """Return the journal's path; UsageError unless the name means exactly one run.

        Args:
            run: the run's id, the beginning of it, its last four characters, or ``last`` for the newest run.
        """
        journals = self._journals()
        exact = self._folder / f"{run}.sqlite"
        if exact in journals and _RUN.fullmatch(run):
            return exact
        if run == "last" and journals:
            return journals[-1]
        ending = run.lower() if len(run) == _LAST else "\0"
        found = [path for path in journals if run and (path.stem.startswith(run) or path.stem.endswith(ending))]
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(f'"{run}" means several runs: {", ".join(path.stem for path in found)}. Use a longer id')
        raise UsageError(f'there is no run "{run}". Run `bulkobj runs` for the list')

    def _journals(self) -> list[Path]:
        """Return the journals, the oldest first; a name that the file system lists twice counts once."""
        try:
            names = set(os.listdir(self._folder))  # noqa: PTH208 - a glob takes a folder that it can't read for empty
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StorageError(f"cannot read the runs in {self._folder}: {cause(error)}. Check the folder") from error
        return sorted(self._folder / name for name in names if name.endswith(".sqlite"))

    def to_resume(self, profile: str | None = None) -> str | None:
        """Return the newest run that is unfinished, else the newest in which something is unknown.

        Runs of that profile go first. A run whose rest the user declined is passed over. Raises StorageError for a
        folder that cannot be written: in it, an interrupted run cannot always be told from a finished one.
        """
        if self._folder.exists() and not os.access(self._folder, os.W_OK):
            raise StorageError(
                f"cannot write to the state folder {self._folder.parent}: no permission. Check its permissions"
            )
        infos = [info for info in self._infos() if not info.header.declined]
        mine = [info for info in infos if profile is not None and info.header.profile == profile]
        for some in (mine, infos):
            unfinished = [info.header.run for info in some if not info.header.finished]
            unknown = [info.header.run for info in some if info.looked_for]
            if unfinished or unknown:
                return (unfinished or unknown)[-1]
        return None

    def declined(self) -> list[str]:
        """Return the unfinished runs whose rest the user declined."""
        return [info.header.run for info in self._infos() if info.header.declined and not info.header.finished]

    def refuse_undoing_twice(self, run: str) -> None:
        """Raise UsageError where an undo of the run was begun and is unfinished."""
        for info in self._infos():
            if info.header.undoes == run and not info.header.finished:
                raise UsageError(
                    f"the undo of run {run} was begun as run {info.header.run} and is unfinished. "
                    f"Run `bulkobj resume {info.header.run}`"
                )

    def unfinished_rows(self, target_key: str, tenant: Tenant) -> list[tuple[RunInfo, frozenset[RowKey]]]:
        """Return each unfinished run of the tenant with its rows, also of a run that is at work now.

        A row of a file is one of them if its :func:`row_key` is. The rows of a run have all their names: the id of
        an objective that was created, and the title of one that is updated.
        """
        found = []
        for info in self._infos():
            if not info.header.finished and info.header.is_of(target_key, tenant):
                found.append((info, frozenset(key for entry in self._entries(info) for key in _names(entry))))
        return found

    def template_runs(self, target_key: str, tenant: Tenant) -> dict[tuple[str, str], list[str]]:
        """Return the ids of the runs that ran a template on an account, or may have, by account and template.

        A run stands there once for each of its rows. Runs that are undone don't count.
        """
        ran: dict[tuple[str, str], list[str]] = defaultdict(list)
        for info in self._infos():
            header = info.header
            if header.undone or header.undoes or not header.is_of(target_key, tenant):
                continue
            for entry in self._entries(info):
                step = entry.line.step
                may_have_run = entry.state in {State.DONE, State.SENT, State.LOST}
                if step is not None and step.action is Action.RUN_TEMPLATE and may_have_run:
                    ran[step.account_id, step.template_id].append(header.run)
        return dict(ran)

    def _entries(self, info: RunInfo) -> list[Entry]:
        """Return the run's entries; none where they can't be read, which :meth:`unreadable` tells."""
        with (
            suppress(JournalError),
            closing(Journal.open(self._folder / f"{info.header.run}.sqlite", read_only=True)) as journal,
        ):
            return list(journal.entries())
        return []

    def mark_undone(self, run: str, *, undone: bool = True) -> None:
        """Record that all of the run was undone; what it had undone itself is there again.

        Nothing is recorded for a run whose journal is gone by now, or can't be read.
        """
        with suppress(UsageError, StorageError):
            earlier = self._mark(run, undone=undone)
            if earlier:
                self.mark_undone(earlier, undone=not undone)

    def mark_in_doubt(self, run: str) -> None:
        """Record that what the run undid is about to be made again: it no longer counts as undone."""
        with suppress(UsageError, StorageError):
            self._mark(run, undone=False)

    def _mark(self, run: str, *, undone: bool) -> str | None:
        with closing(self.open(run)) as journal:
            journal.mark_undone(undone=undone)
            return journal.header.undoes

    def prune(self, before: datetime) -> list[str]:
        """Delete the journals of finished runs that were begun before that time; return their ids."""
        old = [
            info.header.run
            for info in self._infos()
            if info.header.finished and not info.at_work and datetime.fromisoformat(info.header.created_at) < before
        ]
        for run in old:
            try:
                delete_journal(self._folder / f"{run}.sqlite")
                self._lock_of(run).unlink(missing_ok=True)
            except OSError as error:
                raise StorageError(
                    f"cannot delete the journal of run {run}: {cause(error)}. Check the folder's permissions"
                ) from error
        return old

    def made_in(self, target_key: str, *, but: str) -> dict[str, list[str]]:
        """Return the objectives that other runs made in a target, by account: none of them is a lost create's."""
        pairs: list[tuple[str, str]] = []
        for info in self._infos():
            if info.header.target_key == target_key and info.header.run != but:
                with closing(Journal.open(self._folder / f"{info.header.run}.sqlite", read_only=True)) as journal:
                    pairs += journal.made()
        return grouped(pairs)

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Keep every other process from working on the same file and target at the same time."""
        path = self._locks / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.lock"
        with self._locked(path, "this file is being imported by another bulkobj process. Wait until it finishes"):
            yield

    @contextmanager
    def working(self, run: str) -> Iterator[None]:
        """Show every other process that this one works on the run; UsageError where another one does."""
        busy = f"another bulkobj process is working on run {run}. Wait until it finishes"
        with self._locked(self._lock_of(run), busy):
            yield

    def is_at_work(self, run: str) -> bool:
        """Return whether a process is working on the run."""
        path = self._lock_of(run)
        if not path.exists():
            return False
        try:
            with FileLock(path, timeout=0):
                return False
        except Timeout:
            return True
        except OSError:
            return False

    def _lock_of(self, run: str) -> Path:
        return self._locks / f"run-{run}.lock"

    @contextmanager
    def _locked(self, path: Path, busy: str) -> Iterator[None]:
        lock = FileLock(path, timeout=_PATIENCE)
        try:
            self._locks.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock.acquire()
        except Timeout:
            raise UsageError(busy) from None
        except OSError as error:
            raise StorageError(
                f"cannot write to the state folder {self._locks.parent}: {cause(error)}. "
                "Set BULKOBJ_STATE_DIR to a folder that you can write to"
            ) from error
        try:
            yield
        finally:
            lock.release()


def _is_readable(path: Path) -> bool:
    try:
        with closing(Journal.open(path, read_only=True)) as journal:
            return all(True for _ in journal.entries())
    except StorageError:
        return False


def _names(entry: Entry) -> Iterator[RowKey]:
    line, step = entry.line, entry.line.step
    if line.result is Result.INVALID:
        return
    yield from (row_key(line.account_id, one, "", "") for one in entry.objective_ids)
    if line.action is Action.RUN_TEMPLATE:
        yield row_key(line.account_id, "", "", step.template_id if step is not None else "")
    elif line.title:
        yield row_key(line.account_id, "", line.title, "")
