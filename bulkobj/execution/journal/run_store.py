"""The runs in the state folder: where their journals are, which is unfinished, and what was imported already."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random

from filelock import FileLock, Timeout

from bulkobj.core.errors import StorageError, UsageError
from bulkobj.core.text import counted
from bulkobj.execution.journal.journal import Journal
from bulkobj.execution.journal.records import RunHeader, grouped

_RUN = re.compile(r"[\w-]+")
#: Rows that were not done, for one reason or another.
_NOT_DONE = frozenset({"failed", "invalid", "not-attempted", "conflict"})
_NOTHING_DONE = _NOT_DONE | {"unchanged"}
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run as the list shows it; ``states`` counts its rows by result, or by state where there is none yet."""

    header: RunHeader
    states: dict[str, int]

    @property
    def looked_for(self) -> bool:
        """Whether a resume has something to do: the run is unfinished, or something in it is unknown."""
        return not self.header.finished or ("unknown" in self.states and not self.header.abandoned)

    @property
    def did_something(self) -> bool:
        """Whether importing the file once more would do anything twice."""
        return bool(set(self.states) - _NOTHING_DONE)

    @property
    def left(self) -> str:
        """What is to be said of rows that were not done."""
        rows = sum(number for state, number in self.states.items() if state in _NOT_DONE)
        return f", but for {counted(rows, 'row')} that --failures can hold, to be mended and imported" if rows else ""


class RunStore:
    """The folder of journals. Raises StorageError where it can't be read."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / "runs"
        self._locks = state_dir / "locks"

    @property
    def folder(self) -> Path:
        """Where the journals are."""
        return self._folder

    def new_id(self, now: datetime, random: Random) -> str:
        """A run's id: its time, and four letters against two at once; ids sort by time."""
        return f"{now:%Y%m%d-%H%M%S}-{''.join(random.choices(_LETTERS, k=4))}"

    def all(self) -> list[RunInfo]:
        """Every run that can be read, the oldest first; a journal that can't be read is passed over."""
        return list(self._infos())

    def _infos(self) -> Iterator[RunInfo]:
        for path in self._journals():
            with suppress(StorageError), closing(Journal.open(path, read_only=True)) as journal:
                info = RunInfo(journal.header, journal.states())
                yield info

    def unreadable(self) -> list[Path]:
        """Journals that are there and can't be read."""
        readable = {info.header.run for info in self._infos()}
        return [path for path in self._journals() if path.stem not in readable]

    def open(self, run: str, *, read_only: bool = False) -> Journal:
        """The journal of a run; UsageError where there is none of that id (or of which that is the beginning)."""
        exact = self._folder / f"{run}.sqlite"
        if _RUN.fullmatch(run) and exact.is_file():
            return Journal.open(exact, read_only=read_only)
        found = [path for path in self._journals() if run and path.stem.startswith(run)]
        if len(found) != 1:
            raise UsageError(f'there is no run "{run}": `bulkobj runs` lists them')
        return Journal.open(found[0], read_only=read_only)

    def _journals(self) -> list[Path]:
        """The journals, the oldest first; a name that the file system lists twice counts once."""
        return sorted(set(self._folder.glob("*.sqlite")))

    def to_resume(self) -> str | None:
        """The newest run that is unfinished, else the newest in which something is unknown.

        A run whose rest the user did not want is none of them.
        """
        infos = [info for info in self._infos() if not info.header.declined]
        unfinished = [info.header.run for info in infos if not info.header.finished]
        unknown = [info.header.run for info in infos if info.looked_for]
        return next(reversed(unfinished or unknown), None)

    def declined(self) -> list[str]:
        """The unfinished runs whose rest the user did not want."""
        return [info.header.run for info in self._infos() if info.header.declined and not info.header.finished]

    def refuse_undoing_twice(self, run: str) -> None:
        """Raise UsageError where the undoing of the run was begun and is unfinished."""
        for info in self._infos():
            if info.header.options.get("undoes") == run and not info.header.finished:
                raise UsageError(
                    f"the undoing of run {run} was begun in run {info.header.run} and is unfinished: "
                    f"`bulkobj resume {info.header.run}` goes on where it stopped"
                )

    def mark_undone(self, run: str, *, undone: bool = True) -> None:
        """Put down that all of the run was taken back; what it had taken back itself is there again.

        A run whose journal is gone by now, or can't be read, has nothing to be put down.
        """
        with suppress(UsageError, StorageError):
            earlier = self._mark(run, undone=undone)
            if earlier:
                self.mark_undone(earlier, undone=not undone)

    def mark_in_doubt(self, run: str) -> None:
        """Put down that what the run has taken back is about to be made again: its file counts as imported."""
        with suppress(UsageError, StorageError):
            self._mark(run, undone=False)

    def _mark(self, run: str, *, undone: bool) -> str | None:
        with closing(self.open(run)) as journal:
            journal.mark_undone(undone=undone)
            earlier: str | None = journal.header.options.get("undoes")
            return earlier

    def refuse_again(self, key: str, sheets: Collection[str], *, again: bool) -> None:
        """Raise UsageError where the file was imported already, or its import is unfinished (contract, promise 5).

        ``sheets`` are those that are to be imported, of a workbook: others of it may have been. A journal that can't
        be read may be that import's.
        """
        if not again:
            self._refuse_unreadable()
        for info in self._infos():
            header = info.header
            others = frozenset(header.options.get("sheets", ()))
            if header.options.get("key") != key or header.undone or (others and others.isdisjoint(sheets)):
                continue
            if not header.finished:
                raise UsageError(
                    f"the import of this file into {header.target} was begun in run {header.run} and is unfinished: "
                    f"`bulkobj resume {header.run}` goes on where it stopped, `bulkobj undo {header.run}` takes it back"
                )
            if not again and info.did_something:
                raise UsageError(
                    f"this file was already imported into {header.target} in run {header.run} "
                    f"({header.created_at[:16].replace('T', ' ')} UTC){info.left}: to import it once more, say --again"
                )

    def prune(self, before: datetime) -> list[str]:
        """Delete the journals of finished runs that were begun before that time; their ids."""
        old = [
            info.header.run
            for info in self._infos()
            if info.header.finished and datetime.fromisoformat(info.header.created_at) < before
        ]
        for run in old:
            try:
                (self._folder / f"{run}.sqlite").unlink(missing_ok=True)
            except OSError as error:
                raise StorageError(f"the journal of run {run} can't be deleted: {error}") from error
        return old

    def _refuse_unreadable(self) -> None:
        for path in self.unreadable():
            raise UsageError(
                f"the journal {path} can't be read, so that nobody knows whether it is of this very file: if you know"
                " that it is not, move it to another folder, or say --again"
            )

    def made_in(self, target_key: str, *, but: str) -> dict[str, list[str]]:
        """The objectives that other runs made in a target, by account: none of them is a lost create's."""
        pairs: list[tuple[str, str]] = []
        for info in self._infos():
            if info.header.target_key == target_key and info.header.run != but:
                with closing(self.open(info.header.run, read_only=True)) as journal:
                    pairs += journal.made()
        return grouped(pairs)

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Keep every other process from working on the same file and target at the same time."""
        try:
            self._locks.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = FileLock(self._locks / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.lock", timeout=0)
            with lock:
                yield
        except Timeout:
            raise UsageError(
                "another bulkobj is working on this very import right now: wait until it is done"
            ) from None
        except OSError as error:
            raise StorageError(f"the state folder {self._locks.parent} can't be written: {error}") from error
