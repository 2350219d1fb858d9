"""Export, Settings, the empty template, logging in, and the choice of the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bulkobj.config.profiles import profile_names
from bulkobj.config.settings import Options, load_settings
from bulkobj.config.value_types import REGIONS
from bulkobj.core.errors import UsageError
from bulkobj.validation.names import Directory, Kind
from bulkobj.web.jobs import Job
from bulkobj.web.site import Site, answered, at_work, attachment, site_of, to
from bulkobj.workflows.connection import connected
from bulkobj.workflows.export.accounts import AccountChoice
from bulkobj.workflows.export.content import Filters, Layout
from bulkobj.workflows.service.setup import checks, log_in, region_of_service
from bulkobj.workflows.ui import Unattended

_KINDS = (Kind.STATUS, Kind.CATEGORY, Kind.TEMPLATE)


async def _export_page(request: Request) -> Response:
    site = site_of(request)
    job = site.desk.get(request.query_params.get("done", ""))
    return site.page("export.html", done=job if job is not None and job.result else None)


async def _export_now(request: Request) -> Response:
    site = site_of(request)
    async with request.form(max_files=0, max_fields=50) as form:
        said = {key: str(value).strip() for key, value in form.items()}
    accounts = tuple(one.strip() for one in said.get("accounts", "").splitlines() if one.strip())
    filters = Filters(_words(said, "status"), _words(said, "category"), _words(said, "owner"))
    layout = Layout(said["layout"]) if said.get("layout") in set(Layout) else Layout.ONE_SHEET
    ending = "csv" if said.get("format") == "csv" and layout is Layout.ONE_SHEET else "xlsx"

    from bulkobj.workflows.export.export import Exported, ExportRequest, export  # noqa: PLC0415 - brings openpyxl

    name, choice = f"objectives.{ending}", AccountChoice(accounts, not accounts)

    def work(job: Job) -> str:
        def write(path: Path) -> Exported:
            return export(ExportRequest(path, choice, filters, layout), site.settings(), job)

        job.result = name, site.written(name, write)
        return f"/export?done={job.id}"

    job = Job(work, back="/export")
    site.desk.start(job)
    await run_in_threadpool(job.settle, 8.0)
    if job.result is not None:
        return attachment(job.result[1], job.result[0])
    return answered(request, job)


def _words(said: Mapping[str, str], key: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in said.get(key, "").split(";") if word.strip())


async def _exported_file(request: Request) -> Response:
    job = site_of(request).desk.get(request.path_params["job"])
    if job is None or not isinstance(job.result, tuple):
        raise UsageError("this export is gone. Export again")
    return attachment(job.result[1], job.result[0])


async def _template(request: Request) -> Response:
    site = site_of(request)

    from bulkobj.workflows.export.export import import_template  # noqa: PLC0415 - brings openpyxl

    def write(path: Path) -> None:
        import_template(path, site.settings(), Unattended())

    name = "objectives-import.xlsx"
    return attachment(await run_in_threadpool(site.written, name, write), name)


async def _settings_page(request: Request) -> Response:
    site = site_of(request)
    settings = site.settings()
    values = [
        ("Profile", settings.profile),
        ("Target", settings.target),
        ("Config file", str(settings.config_path)),
        ("State folder", str(settings.state_dir)),
        ("Rate limit", str(settings.rate)),
        ("Time of one call", f"{settings.timeout:g} s"),
        ("Wait for a lost write", f"{settings.settle:g} s"),
        ("Calls at a time", str(settings.concurrency)),
    ]
    job = site.desk.get(request.query_params.get("done", ""))
    directory = job.result if job is not None and isinstance(job.result, Directory) else None
    names = [(kind.plural.capitalize(), directory.things.get(kind, ())) for kind in _KINDS] if directory else []
    findings = job.result if job is not None and isinstance(job.result, list) else []
    profiles = sorted({"default", *profile_names()})
    return site.page("settings.html", values=values, names=names, findings=findings, profiles=profiles)


async def _read_names(request: Request) -> Response:
    site = site_of(request)

    def work(job: Job) -> str:
        with connected(site.settings(), job.waiting, job.stoppable) as connection:
            job.result = connection.names(_KINDS)[0]
        return f"/settings?done={job.id}"

    return await at_work(request, work, back="/settings")


async def _choose_target(request: Request) -> Response:
    site = site_of(request)
    async with request.form(max_files=0, max_fields=10) as form:
        profile, sandbox = str(form.get("profile", "")), form.get("sandbox") == "yes"
    _refuse_at_work(site)
    options = replace(site.options, sandbox=sandbox)
    if profile and profile != site.settings().profile:
        options = Options(profile=profile, sandbox=sandbox)
    load_settings(options)
    site.options = options
    return to("/")


def _refuse_at_work(site: Site) -> None:
    if site.desk.at_work() is not None:
        raise UsageError("a run is at work. Wait until it finishes, or stop it")


async def _log_in(request: Request) -> Response:
    site, settings = site_of(request), site_of(request).settings()
    async with request.form(max_files=0, max_fields=10) as form:
        token, region, service = (str(form.get(key, "")).strip() for key in ("token", "region", "service"))
    _refuse_at_work(site)

    def log_in_there() -> Options:
        if settings.base_url not in REGIONS.values():
            return log_in(token, settings, Unattended()).settings.options
        there = region or region_of_service(service, settings.timeout)
        if there not in REGIONS:
            raise UsageError("the region is missing. Choose one, or enter your service ID")
        return log_in(token, settings, Unattended(), region=there).settings.options

    site.options = await run_in_threadpool(log_in_there)
    return to("/")


async def _check_set_up(request: Request) -> Response:
    site = site_of(request)

    def work(job: Job) -> str:
        job.result = list(checks(site.settings(), job))
        return f"/settings?done={job.id}"

    return await at_work(request, work, back="/settings")


ROUTES = [
    Route("/export", _export_page),
    Route("/export", _export_now, methods=["POST"]),
    Route("/export/{job}", _exported_file),
    Route("/template", _template, methods=["POST"]),
    Route("/settings", _settings_page),
    Route("/settings/names", _read_names, methods=["POST"]),
    Route("/settings/checks", _check_set_up, methods=["POST"]),
    Route("/target", _choose_target, methods=["POST"]),
    Route("/login", _log_in, methods=["POST"]),
]
