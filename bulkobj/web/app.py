"""The application: which address is which page, and what becomes of errors."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from bulkobj.core.errors import BulkobjError
from bulkobj.web import file_pages, run_pages, tool_pages
from bulkobj.web.site import Site, site_of, wants_json

_STATIC = Path(__file__).parent / "static"


def application(site: Site) -> Starlette:
    """Return the application without its guard."""
    app = Starlette(
        routes=[
            *file_pages.ROUTES,
            *run_pages.ROUTES,
            *tool_pages.ROUTES,
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={BulkobjError: _refused, HTTPException: _not_there},
    )
    app.state.site = site
    return app


async def _refused(request: Request, error: Exception) -> Response:
    if wants_json(request):
        return JSONResponse({"error": str(error)}, 400)
    return site_of(request).page("message.html", 400, heading="This can't be done", text=str(error), back="/")


async def _not_there(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    text = "There is no such page." if status == 404 else "This request can't be answered."
    if wants_json(request):
        return JSONResponse({"error": text}, status)
    return site_of(request).page("message.html", status, heading="Nothing here", text=text, back="/")
