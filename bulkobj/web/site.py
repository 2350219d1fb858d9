"""The parts that all pages share: settings, jobs, uploads, and rendering."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from bulkobj.config.settings import Options, Settings, load_settings
from bulkobj.config.value_types import REGIONS
from bulkobj.core.errors import StorageError, UsageError
from bulkobj.core.text import counted, duration, numbered
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.reports.html.rendering import visible
from bulkobj.reports.writer import Finished
from bulkobj.web.jobs import Desk, Job
from bulkobj.web.uploads import Uploads

#: Seconds that a form waits for its job before it shows the progress instead.
PROMPT = 1.5


@dataclass(slots=True)
class Site:
    """The state of the page while it runs. A restart loses nothing but uploads that are open and questions."""

    options: Options
    desk: Desk = field(default_factory=Desk)
    uploads: Uploads = field(init=False)
    store: RunStore = field(init=False)
    ends: dict[str, str] = field(default_factory=dict)
    _pages: Environment = field(init=False)
    _with_token: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Open the state folder's parts."""
        state_dir = self.settings().state_dir
        try:
            state_dir.mkdir(parents=True, mode=0o700, exist_ok=True)
        except OSError as error:
            raise StorageError(f"the state folder {state_dir} can't be made. Check its permissions") from error
        self.uploads, self.store = Uploads(state_dir), RunStore(state_dir)
        self._pages = Environment(
            loader=PackageLoader("bulkobj.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_shown,
        )
        self._pages.filters |= {"counted": counted, "duration": duration, "numbered": numbered, "time": _time}

    def settings(self) -> Settings:
        """Return the settings as they are now; a changed config file is heeded."""
        return load_settings(self.options)

    def has_token(self, settings: Settings) -> bool:
        """Return True if calls can be sent; where a token is kept is looked up once."""
        key = (settings.profile, settings.base_url)
        if settings.sandbox or settings.token or key in self._with_token:
            return True
        try:
            settings.require_token()
        except UsageError:
            return False
        self._with_token.add(key)
        return True

    def page(self, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        """Render a page."""
        settings = self.settings()
        target = f"{settings.target}, profile {settings.profile}, region {region(settings)}"
        shared = {"target": target, "settings": settings, "has_token": self.has_token(settings)}
        text = self._pages.get_template(template).render(shared | {"at_work": self.desk.at_work()} | context)
        return HTMLResponse(text, status)

    def ended(self, finished: Finished) -> str:
        """Keep why a run ended early; the address of its result."""
        run = finished.report.run or ""
        self.ends[run] = str(finished.error) if finished.error is not None else ""
        return f"/runs/{run}"

    def written(self, name: str, write: Callable[[Path], object]) -> bytes:
        """Return the content of a file that a workflow writes; it is in the state folder meanwhile."""
        with TemporaryDirectory(dir=self.settings().state_dir) as folder:
            write(Path(folder) / name)
            return (Path(folder) / name).read_bytes()


def region(settings: Settings) -> str:
    """Return the name of the public region that the settings name."""
    return next((name for name, url in REGIONS.items() if url == settings.base_url), "none (an address of its own)")


def site_of(request: Request) -> Site:
    """Return the site that a request came to."""
    site: Site = request.app.state.site
    return site


def to(address: str) -> Response:
    """Send the browser to a page."""
    return RedirectResponse(address, 303)


def attachment(content: bytes, name: str) -> Response:
    """Answer with a file to be saved."""
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return Response(content, media_type="application/octet-stream", headers=headers)


def wants_json(request: Request) -> bool:
    """Return True if the page's own script asks."""
    return request.headers.get("accept", "").startswith("application/json")


async def at_work(request: Request, work: Callable[[Job], str], **how: Any) -> Response:
    """Start a job, give it a moment to finish, and answer with the page that shows how it is."""

    def begin() -> Job:
        job = site_of(request).desk.start(Job(work, **how))
        job.settle(PROMPT)
        return job

    return answered(request, await run_in_threadpool(begin))


def answered(request: Request, job: Job) -> Response:
    """Answer with the page that shows how the job is."""
    return JSONResponse({"next": job.address}) if wants_json(request) else to(job.address)


def settings_for_runs(site: Site) -> Settings:
    """Return settings that follow a run to its own target and profile."""
    options = replace(site.options, sandbox=False, base_url=None, region=None, profile=None)
    return replace(load_settings(options), given_target=False)


def _shown(value: object) -> object:
    """Spell out in texts from outside what nobody could see."""
    return visible(value) if type(value) is str else value


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M}"
