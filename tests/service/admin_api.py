"""The surface under ``/sandbox/``: for tests and the curious, outside the limit and the log.

``GET /sandbox/`` lists it. What can't be done as asked is answered 400 with a ``message``.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bulkobj.core.errors import UsageError
from tests.service.behaviour import Behaviour, Fault
from tests.service.state import NEEDED, Controls, Tokens

GUIDE = {
    "GET /sandbox/arrivals": "the calls that came in: when, what, and the status answered",
    "GET /sandbox/behaviour": "how the sandbox answers now, and what each knob may be set to",
    "POST /sandbox/behaviour": "an object of knobs to turn",
    "POST /sandbox/faults": "a fault, or a list of them, to put in force",
    "DELETE /sandbox/faults": "no more faults",
    "POST /sandbox/spend": '{"calls": N}: somebody else spends N calls of the token',
    "POST /sandbox/token": '{"token": T}: only T is good; {"expire_after": N, "successor": T}: T is good too',
    **{f"GET /sandbox/{kind}": f"the {kind} as they are held" for kind in NEEDED},
    **{f"POST /sandbox/{kind}": 'a list to add, or {"replace": [...]} to begin anew' for kind in NEEDED},
}


class Control:
    """The endpoints of the surface."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    async def guide(self, request: Request) -> Response:
        """What there is."""
        return JSONResponse(GUIDE)

    async def behaviour(self, request: Request) -> Response:
        """Show the knobs, turned as asked."""
        if request.method == "POST":
            self._controls.behave(**await _object(request))
        return JSONResponse({"behaviour": asdict(self._controls.behaviour), "wanted": Behaviour.wanted()})

    async def arrivals(self, request: Request) -> Response:
        """Show the log of calls."""
        return JSONResponse([asdict(each) for each in self._controls.store.arrivals()])

    async def faults(self, request: Request) -> Response:
        """Put faults in force, or end them all."""
        if request.method == "DELETE":
            self._controls.faults.clear()
            return JSONResponse({})
        asked = await _json(request)
        for fault in [Fault.from_mapping(_mapping(each)) for each in (asked if isinstance(asked, list) else [asked])]:
            self._controls.faults.add(fault)
        return JSONResponse({})

    async def spend(self, request: Request) -> Response:
        """Spend the token's calls."""
        calls = (await _object(request)).get("calls")
        if type(calls) is not int:
            raise UsageError('Say how many calls: {"calls": 10}.')
        self._controls.spend(calls)
        return JSONResponse({})

    async def token(self, request: Request) -> Response:
        """Change the token, or let it run out."""
        match await _object(request):
            case {"token": str(token)}:
                self._controls.tokens = Tokens(token)
            case {"expire_after": int(after), "successor": str(successor)}:
                self._controls.tokens.expire(after, successor)
            case _:
                raise UsageError(GUIDE["POST /sandbox/token"])
        return JSONResponse({})

    async def documents(self, request: Request) -> Response:
        """Show the documents of a kind, or put some there."""
        kind = request.path_params["kind"]
        if kind not in NEEDED:
            return JSONResponse({"message": f"The sandbox has no {kind!r}."}, 404)
        if request.method == "GET":
            return JSONResponse(self._controls.store.documents(kind))
        asked = await _json(request)
        replace = isinstance(asked, dict) and "replace" in asked
        documents = asked["replace"] if replace else asked
        if not isinstance(documents, list):
            raise UsageError(GUIDE[f"POST /sandbox/{kind}"])
        return JSONResponse({"ids": self._controls.put(kind, documents, replace=replace)})


def control_app(controls: Controls) -> Starlette:
    """The surface as an ASGI application."""
    control = Control(controls)
    routes = [
        Route("/sandbox/", control.guide),
        Route("/sandbox/behaviour", control.behaviour, methods=["GET", "POST"]),
        Route("/sandbox/arrivals", control.arrivals),
        Route("/sandbox/faults", control.faults, methods=["POST", "DELETE"]),
        Route("/sandbox/spend", control.spend, methods=["POST"]),
        Route("/sandbox/token", control.token, methods=["POST"]),
        Route("/sandbox/{kind}", control.documents, methods=["GET", "POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={UsageError: _mistake})


async def _mistake(request: Request, error: Exception) -> Response:
    return JSONResponse({"message": str(error)}, 400)


async def _json(request: Request) -> Any:
    try:
        return await request.json()
    except (ValueError, RecursionError):
        raise UsageError("The request body is not valid JSON.") from None


async def _object(request: Request) -> dict[str, Any]:
    return _mapping(await _json(request))


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError("The request body must be a JSON object.")
    return value
