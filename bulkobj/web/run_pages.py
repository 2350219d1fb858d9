"""Runs: their progress, their results, and what can be done with them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from bulkobj.core.errors import BulkobjError, UsageError
from bulkobj.core.model import Result
from bulkobj.core.text import duration
from bulkobj.execution.journal.records import RunHeader
from bulkobj.reports import report as reports
from bulkobj.reports.html.verdict import TONES, verdict
from bulkobj.reports.report import GOOD, Report
from bulkobj.reports.writer import Finished, Outputs, default_path
from bulkobj.web.file_pages import ANY_NUMBER
from bulkobj.web.jobs import Job, Stage
from bulkobj.web.site import Site, answered, at_work, attachment, settings_for_runs, site_of, to
from bulkobj.workflows.import_file import Choices, retry
from bulkobj.workflows.run import resume, rewrite_report
from bulkobj.workflows.ui import Unattended
from bulkobj.workflows.undo import undo

_LOOK_EVERY = 0.2
_MOST_LISTED = 500


def _job(request: Request) -> Job:
    job = site_of(request).desk.get(request.path_params["job"])
    if job is None:
        raise UsageError("this work is over. Its run, if there was one, is under Runs")
    return job


async def _progress(request: Request) -> Response:
    job = _job(request)
    if job.stage is not Stage.WORKING:
        return to(job.address)
    return site_of(request).page("progress.html", job=job, state=_state(site_of(request), job))


async def _ended(request: Request) -> Response:
    job = _job(request)
    if job.error is None:
        return to(job.address)
    return site_of(request).page("message.html", heading="Stopped", text=str(job.error), back=job.back)


async def _events(request: Request) -> Response:
    site, job = site_of(request), _job(request)

    async def stream() -> AsyncIterator[str]:
        last = ""
        while True:
            state = json.dumps(await run_in_threadpool(_state, site, job))
            if state != last:
                last = state
                yield f"data: {state}\n\n"
            if job.stage is not Stage.WORKING:
                return
            await asyncio.sleep(_LOOK_EVERY)

    return StreamingResponse(stream(), media_type="text/event-stream")


def _state(site: Site, job: Job) -> dict[str, Any]:
    now = job.now
    wait = now.free_at - time.monotonic()
    counts = _counts(site, now.run) if now.run else {}
    return {
        "stage": "Stopping" if job.is_stopping else now.stage,
        "done": now.done,
        "total": now.total,
        "wait": f"Waiting {duration(wait)} for the rate limit" if wait > 0.5 else "",
        "counts": counts,
        "next": "" if job.stage is Stage.WORKING else job.address,
    }


def _counts(site: Site, run: str) -> dict[str, int]:
    with suppress(BulkobjError), closing(site.store.open(run, read_only=True)) as journal:
        return dict(journal.states())
    return {}


async def _stop(request: Request) -> Response:
    job = _job(request)
    job.stop()
    await run_in_threadpool(job.settle, 1.0)
    return answered(request, job)


async def _runs(request: Request) -> Response:
    site = site_of(request)
    found = await run_in_threadpool(site.store.all)
    return site.page("runs.html", runs=found[::-1], unreadable=await run_in_threadpool(site.store.unreadable))


async def _result(request: Request) -> Response:
    site, run = site_of(request), request.path_params["run"]
    header, report = await run_in_threadpool(_read, site, run)
    counts = [(result.value, tone, report.counts[result]) for result, tone in TONES.items() if report.counts[result]]
    attention = [row for row in report.rows if row.result not in GOOD]
    return site.page(
        "result.html",
        header=header,
        report=report,
        counts=counts,
        attention=attention[:_MOST_LISTED],
        more=max(len(attention) - _MOST_LISTED, 0),
        can_retry=header.finished and header.kind != "undo" and bool(reports.not_done(report)),
        can_undo=not header.undone and any(row.result in _DONE for row in report.rows),
        to_look_at=report.counts[Result.UNKNOWN],
        end=site.ends.get(header.run, ""),
        verdict=verdict(report),
    )


_DONE = (Result.CREATED, Result.UPDATED, Result.DELETED, Result.UNKNOWN)


def _read(site: Site, run: str) -> tuple[RunHeader, Report]:
    with closing(site.store.open(run, read_only=True)) as journal:
        return journal.header, reports.of_journal(journal.header, journal.entries())


async def _report(request: Request) -> Response:
    site, header = await _header(request)
    ending = request.query_params.get("as", "")
    name = default_path(None, header.file, header.run).name
    if ending in {"csv", "xlsx", "html", "json"}:
        name = f"{Path(name).stem}.{ending}"

    def write(path: Path) -> None:
        rewrite_report(header.run, path, site.settings(), Unattended())

    return attachment(await run_in_threadpool(site.written, name, write), name)


async def _failures(request: Request) -> Response:
    site, header = await _header(request)
    ending = ".xlsx" if Path(header.file).suffix.lower() in {".xlsx", ".xlsm", ".xls", ".ods"} else ".csv"
    name = f"{Path(header.file).stem}-failures-{header.run}{ending}"

    def write(path: Path) -> None:
        rewrite_report(header.run, None, site.settings(), Unattended(), failures=path)

    return attachment(await run_in_threadpool(site.written, name, write), name)


async def _header(request: Request) -> tuple[Site, RunHeader]:
    site = site_of(request)
    return site, (await run_in_threadpool(_read, site, request.path_params["run"]))[0]


async def _resume_run(request: Request) -> Response:
    site, run = site_of(request), request.path_params["run"]
    return await _followed(request, run, lambda job: resume(run, settings_for_runs(site), job))


async def _undo_run(request: Request) -> Response:
    site, run = site_of(request), request.path_params["run"]
    return await _followed(request, run, lambda job: undo(run, settings_for_runs(site), Outputs(), job))


async def _retry_run(request: Request) -> Response:
    site, run = site_of(request), request.path_params["run"]
    choices = Choices(allow_deletes=ANY_NUMBER, keep_refused=False)
    return await _followed(request, run, lambda job: retry(run, settings_for_runs(site), Outputs(), choices, job))


async def _followed(request: Request, run: str, work: Callable[[Job], Finished | None]) -> Response:
    def followed(job: Job) -> str:
        finished = work(job)
        return site_of(request).ended(finished) if finished is not None and finished.report.run else f"/runs/{run}"

    return await at_work(request, followed, back=f"/runs/{run}", exclusive=True)


ROUTES = [
    Route("/jobs/{job}", _progress),
    Route("/jobs/{job}/ended", _ended),
    Route("/jobs/{job}/events", _events),
    Route("/jobs/{job}/stop", _stop, methods=["POST"]),
    Route("/runs", _runs),
    Route("/runs/{run}", _result),
    Route("/runs/{run}/report", _report),
    Route("/runs/{run}/failures", _failures),
    Route("/runs/{run}/resume", _resume_run, methods=["POST"]),
    Route("/runs/{run}/retry", _retry_run, methods=["POST"]),
    Route("/runs/{run}/undo", _undo_run, methods=["POST"]),
]
