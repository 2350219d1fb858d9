"""Workflows in threads of their own, and the browser as their Ui: progress, the question, and the wish to stop."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from bulkobj.core.errors import BulkobjError, InterruptedRunError, UsageError
from bulkobj.planning.plan import Live
from bulkobj.planning.question import Question
from bulkobj.reports.report import Report
from bulkobj.workflows.ui import Unattended

_log = logging.getLogger(__name__)
_MOST_KEPT = 20
_INTERNAL = "Something went wrong inside bulkobj ({}). Details are in the log"


class Stage(StrEnum):
    """The states of a job."""

    WORKING = "working"
    ASKING = "asking"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Progress:
    """So many of so many are done; ``free_at`` is when a wait for the rate limit ends, in monotonic seconds."""

    stage: str = "Starting"
    done: int = 0
    total: int = 0
    free_at: float = 0.0
    run: str = ""


@dataclass(frozen=True, slots=True)
class FirstRows:
    """The question of a run that is to go on after its first rows."""

    report: Report
    live: Live


class Job(Unattended):
    """A workflow at work, in a thread of its own. It is the workflow's Ui; the pages read it from other threads.

    ``work`` gets the job as its Ui, and returns the address of the page that shows its result. ``error`` is what ended
    it instead, ``back`` the page to return to then. ``about`` and ``result`` are free for the pages.
    """

    def __init__(
        self, work: Callable[[Job], str], *, back: str = "/", exclusive: bool = False, about: Any = None
    ) -> None:
        self.id = secrets.token_hex(8)
        self.back, self.exclusive, self.about = back, exclusive, about
        self.stage, self.now = Stage.WORKING, Progress()
        self.question: Question | FirstRows | None = None
        self.error: BulkobjError | None = None
        self.result: Any = None
        self._work, self._next = work, ""
        self._thread = threading.Thread(target=self._run, name="bulkobj job", daemon=True)
        self._lock, self._settled, self._answered = threading.Lock(), threading.Event(), threading.Event()
        self._answer = False
        self._stop: Callable[[], None] | None = None
        self.is_stopping = False

    # What the pages do with it.

    @property
    def address(self) -> str:
        """The page that shows how the job is."""
        if self.stage is Stage.WORKING:
            return f"/jobs/{self.id}"
        if self.stage is Stage.ASKING:
            return f"/plans/{self.id}"
        return f"/jobs/{self.id}/ended" if self.error is not None else self._next

    def settle(self, seconds: float) -> None:
        """Wait until the job asks or is done, for so long at most."""
        self._settled.wait(seconds)

    def stop(self) -> None:
        """End the job as Ctrl-C does: what is in flight is finished."""
        with self._lock:
            self.is_stopping = True
            stop = self._stop
        self.answer(agreed=False)
        if stop is not None:
            stop()

    def answer(self, *, agreed: bool) -> bool:
        """Answer the question, once; False if it is not open any more."""
        with self._lock:
            if self.stage is not Stage.ASKING:
                return False
            self.stage, self.now = Stage.WORKING, Progress()
            self._settled.clear()
            self._answer, self.question = agreed, None
        self._answered.set()
        return True

    def start(self) -> None:
        """Begin the work."""
        self._thread.start()

    def join(self) -> None:
        """Wait until the work is over."""
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._next = self._work(self)
        except BulkobjError as error:
            self.error = error
        except Exception as error:
            _log.exception("a job of the page failed")
            self.error = UsageError(_INTERNAL.format(type(error).__name__))
        with self._lock:
            self.stage = Stage.DONE
        self._settled.set()

    # What the workflows do with it: bulkobj.workflows.ui.Ui.

    def progress(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage is."""
        self.now = replace(self.now, stage=stage, done=done, total=total, free_at=0.0)

    def waiting(self, seconds: float) -> None:
        """Show that no call goes for so long."""
        self.now = replace(self.now, free_at=time.monotonic() + seconds)

    def agrees(self, question: Question) -> bool:
        """Show the plan, and wait for the answer."""
        return self._ask(question)

    def agrees_to_rest(self, report: Report, live: Live) -> bool:
        """Show the first rows, and wait for the answer."""
        return self._ask(FirstRows(report, live))

    def stoppable(self, ask: Callable[[], None] | None) -> None:
        """Take the way to stop the work that begins now; None when it is over."""
        with self._lock:
            self._stop = ask
        if ask is not None and self.is_stopping:
            ask()

    def began(self, run: str) -> None:
        """Show the run's rows from here on."""
        self.now = replace(self.now, run=run)

    def _ask(self, question: Question | FirstRows) -> bool:
        with self._lock:
            if self.is_stopping:
                raise InterruptedRunError("stopped: nothing was sent")
            self._answered.clear()
            self.stage, self.question = Stage.ASKING, question
        self._settled.set()
        self._answered.wait()
        return self._answer


class Desk:
    """The jobs of the page, of which one at a time may write to the service."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, job: Job) -> Job:
        """Start a job. A plan that nobody has answered gives way; raises UsageError if a run is at work."""
        with self._lock:
            if job.exclusive:
                self._clear_the_way()
            self._jobs[job.id] = job
            for old in [key for key, one in self._jobs.items() if one.stage is Stage.DONE][:-_MOST_KEPT]:
                del self._jobs[old]
            job.start()
        return job

    def _clear_the_way(self) -> None:
        for other in self._jobs.values():
            if other.exclusive and other.stage is Stage.ASKING and isinstance(other.question, Question):
                other.stop()
                other.join()
            if other.exclusive and other.stage is not Stage.DONE:
                raise UsageError("another run is at work in this page. Wait until it finishes, or stop it")

    def get(self, job_id: str) -> Job | None:
        """Return the job of that id; None if there is none any more."""
        return self._jobs.get(job_id)

    def at_work(self) -> Job | None:
        """Return the run that is at work or asks whether to go on, if any."""
        return next((job for job in list(self._jobs.values()) if job.exclusive and job.stage is not Stage.DONE), None)

    def is_busy(self) -> bool:
        """Return True while a job is at work."""
        return any(job.stage is Stage.WORKING for job in list(self._jobs.values()))

    def end(self) -> list[Job]:
        """Stop all jobs and wait for what is in flight; those that were at work."""
        open_jobs = [job for job in list(self._jobs.values()) if job.stage is not Stage.DONE]
        for job in open_jobs:
            job.stop()
        for job in open_jobs:
            job.join()
        return open_jobs
