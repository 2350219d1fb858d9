"""The way of a file: Start, Check, and the Plan that is agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bulkobj.config.value_types import REGIONS, checked_value
from bulkobj.core.columns import COLUMNS
from bulkobj.core.errors import InvalidFileError, UsageError
from bulkobj.core.text import clean
from bulkobj.planning.existing import Existing
from bulkobj.planning.question import Question, Verb
from bulkobj.reports.writer import Outputs
from bulkobj.spreadsheet.editing.edits import Edit, can_edit
from bulkobj.web.jobs import FirstRows, Job, Stage
from bulkobj.web.plan_view import PlanView
from bulkobj.web.site import Site, answered, at_work, attachment, site_of, to
from bulkobj.web.uploads import Upload
from bulkobj.workflows.import_file import Choices, import_file

#: Rows that a page holds from the start, and that the script asks for at a time.
_FIRST_ROWS, _MOST_ROWS = 200, 500
_RECENT = 5


async def _start(request: Request) -> Response:
    site = site_of(request)
    runs = await run_in_threadpool(site.store.all)
    public_host = site.settings().base_url in REGIONS.values()
    return site.page("start.html", runs=runs[: -_RECENT - 1 : -1], public_host=public_host)


async def _upload(request: Request) -> Response:
    site = site_of(request)
    async with request.form(max_files=1, max_fields=10) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise UsageError("no file was chosen. Choose a spreadsheet")
        name, content = file.filename, await file.read()
    table = site.settings().table
    kept = await run_in_threadpool(partial(site.uploads.add, name, content, **_from_profile(table)))
    return await _checked(request, site, kept)


def _from_profile(table: Mapping[str, Any]) -> dict[str, Any]:
    names = ("timezone", "date_order", "encoding", "delimiter")
    columns = tuple((str(header), str(column)) for header, column in table.get("columns", {}).items())
    given = {name: checked_value(name, table[name], "the profile") for name in names if name in table}
    return given | {"columns": columns, "defaults": tuple(given)}


async def _checked(request: Request, site: Site, kept: Upload) -> Response:
    def work(job: Job) -> str:
        site.uploads.keep_small(kept)
        kept.checked(site.settings(), job)
        return f"/files/{kept.id}"

    return await at_work(request, work)


def _upload_of(request: Request) -> Upload:
    site = site_of(request)
    return site.uploads.get(request.path_params["upload"], **_from_profile(site.settings().table))


async def _check(request: Request) -> Response:
    site, kept = site_of(request), _upload_of(request)
    if kept.check is None:
        return await _checked(request, site, kept)
    found = kept.check
    sheet_index = _number(request, "sheet", 0, max(len(found.sheets) - 1, 0))
    sheet = found.sheets[sheet_index] if found.sheets else None
    rows = [sheet.row(index) for index in range(min(_FIRST_ROWS, len(sheet.table.records)))] if sheet else []
    return site.page(
        "check.html",
        upload=kept,
        check=found,
        sheet=sheet,
        sheet_index=sheet_index,
        rows=rows,
        all_columns=[column.header for column in COLUMNS],
        choices=EXISTING,
        editable=can_edit(found.source),
        sheet_names=getattr(found.source, "candidates", ()),
    )


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, "")
    return min(int(text), most) if text.isascii() and text.isdecimal() and len(text) < 9 else default


async def _rows(request: Request) -> Response:
    found = _upload_of(request).check
    if found is None or not found.sheets:
        raise UsageError("the file changed. Load the page again")
    sheet = found.sheets[_number(request, "sheet", 0, len(found.sheets) - 1)]
    faulty = request.query_params.get("only") == "problems"
    indexes = sheet.faulty() if faulty else range(len(sheet.table.records))
    begin = _number(request, "from", 0, len(indexes))
    wanted = indexes[begin : begin + _number(request, "count", _MOST_ROWS, _MOST_ROWS)]
    return JSONResponse({"total": len(indexes), "rows": [sheet.row(index) for index in wanted]})


async def _save(request: Request) -> Response:
    kept = _upload_of(request)
    if request.headers.get("content-type") != "application/json":
        raise UsageError("the changes can't be read. Load the page again")
    document = await request.json()
    try:
        edits = [Edit(each["sheet"], int(each["row"]), int(each["column"]), str(each["text"])) for each in document]
    except (TypeError, KeyError, ValueError):
        raise UsageError("the changes can't be read. Load the page again") from None
    return await _corrected(request, kept, edits)


async def _use(request: Request) -> Response:
    kept = _upload_of(request)
    async with request.form(max_files=0, max_fields=10) as form:
        kind, name, meant = (str(form.get(key, "")) for key in ("kind", "name", "meant"))
    edits = kept.check.edits_for(kind, name, meant) if kept.check is not None else []
    return await _corrected(request, kept, edits)


async def _corrected(request: Request, kept: Upload, edits: list[Edit]) -> Response:
    if kept.check is not None and edits:
        await run_in_threadpool(kept.edit, edits)
    return await _checked(request, site_of(request), kept)


async def _columns(request: Request) -> Response:
    kept = _upload_of(request)
    async with request.form(max_files=0) as form:
        sheets = tuple(str(name) for name in form.getlist("sheet") if name)
        maps = _maps(form)
    kept.asked(maps=maps, sheets=sheets or kept.request.sheets)
    return await _checked(request, site_of(request), kept)


def _maps(form: FormData) -> tuple[tuple[str, str], ...]:
    headers, meanings = form.getlist("header"), form.getlist("column")
    known = {column.header for column in COLUMNS}
    return tuple((str(header), str(one)) for header, one in zip(headers, meanings, strict=False) if one in known)


async def _download(request: Request) -> Response:
    kept = _upload_of(request)
    return attachment(kept.request.content, kept.request.name)


#: The modes of `--existing`, with what each does to rows that exist already.
EXISTING: Mapping[Existing, str] = {
    Existing.REFUSE: "stop and show them (equal rows count as unchanged)",
    Existing.UPDATE: "update the objective with the row's values",
    Existing.SKIP: "leave the objective as it is",
    Existing.DUPLICATE: "create another objective",
}
#: The number that is entered to agree to a plan stands for `--allow-deletes`.
ANY_NUMBER = 1_000_000


async def _plan(request: Request) -> Response:
    site, kept = site_of(request), _upload_of(request)
    async with request.form(max_files=0, max_fields=10) as form:
        choices = _choices(form)

    def work(job: Job) -> str:
        finished = import_file(kept.request, site.settings(), Outputs(), choices, job)
        if finished.exit_code == InvalidFileError.exit_code:
            kept.refused(finished.report)
            return f"/files/{kept.id}"
        return site.ended(finished)

    return await at_work(request, work, back=f"/files/{kept.id}", exclusive=True, about=(kept, choices))


def _choices(form: FormData) -> Choices:
    first = str(form.get("first", "")).strip()
    if first and not (first.isascii() and first.isdecimal() and 0 < int(first) < 1_000_000):
        raise UsageError(f'"{clean(first, 40)}" is not a number of rows. Enter a whole number above 0')
    mode = str(form.get("existing", Existing.REFUSE))
    if mode not in set(Existing):
        raise UsageError(f'"{clean(mode, 40)}" is not a treatment of existing rows. Choose one of the list')
    number = int(first) if first else None
    return Choices(first=number, existing=Existing(mode), allow_deletes=ANY_NUMBER, keep_refused=False)


async def _show_plan(request: Request) -> Response:
    job = site_of(request).desk.get(request.path_params["job"])
    question = job.question if job is not None else None
    if job is None or question is None:
        return to(job.address) if job is not None and job.stage is not Stage.ASKING else to("/")
    if isinstance(question, FirstRows):
        return site_of(request).page("first_rows.html", job=job, question=question)
    return _plan_page(site_of(request), job, question)


def _plan_page(site: Site, job: Job, question: Question, *, status: int = 200, fault: str = "") -> Response:
    about = job.about if question.verb is Verb.IMPORT else None
    shown = {"job": job, "about": about, "question": question, "view": PlanView(question), "choices": EXISTING}
    return site.page("plan.html", status, fault=fault, **shown)


async def _agree(request: Request) -> Response:
    site = site_of(request)
    job = site.desk.get(request.path_params["job"])
    question = job.question if job is not None else None
    if job is None or question is None:
        raise UsageError("this plan is not open any more. Make a new one")
    async with request.form(max_files=0, max_fields=10) as form:
        typed, agreed = str(form.get("deletes", "")).strip(), form.get("answer") == "yes"
    if isinstance(question, Question) and agreed and question.deletions and typed != str(question.deletions):
        fault = f"Nothing was sent. Enter the number of deletions: {question.deletions}."
        return _plan_page(site, job, question, status=422, fault=fault)
    if not job.answer(agreed=agreed):
        raise UsageError("this plan is not open any more. Make a new one")
    if not agreed and isinstance(question, Question):
        return to(job.back)
    await run_in_threadpool(job.settle, 0.2)
    return answered(request, job)


ROUTES = [
    Route("/", _start),
    Route("/files", _upload, methods=["POST"]),
    Route("/files/{upload}", _check),
    Route("/files/{upload}/rows", _rows),
    Route("/files/{upload}/save", _save, methods=["POST"]),
    Route("/files/{upload}/use", _use, methods=["POST"]),
    Route("/files/{upload}/columns", _columns, methods=["POST"]),
    Route("/files/{upload}/plan", _plan, methods=["POST"]),
    Route("/files/{upload}/corrected", _download),
    Route("/plans/{job}", _show_plan),
    Route("/plans/{job}", _agree, methods=["POST"]),
]
