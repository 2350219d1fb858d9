"""The likeliest shapes of responses; ``tests/service`` has the others that API.md names."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.responses import JSONResponse, PlainTextResponse, Response

from bulkobj.sandbox.seeds import Document

DATES = ("startDate", "endDate")


class RefusedError(Exception):
    """A refusal: an HTTP status and a message in the service's own words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def iso(moment: datetime) -> str:
    """Return a moment as the service spells it, ``2024-02-08T20:10:00.000Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class Answers:
    """The shape of each kind of response; documents come as they are held."""

    mistake_status = 400  # for an unknown account, status or category in a write
    replaces = False  # a PUT loses the fields that it leaves out, SuccessPlays excepted
    template_objectives = 1  # made by one run of a template
    knows_accounts = True  # 404 for the objectives of an account that isn't there, instead of an empty list

    def error(self, status: int, message: str) -> Response:
        """Return a refusal."""
        return JSONResponse({"message": message}, status)

    def settings(self, found: list[Document]) -> Response:
        """Return statuses or categories."""
        return JSONResponse(found)

    def objectives(self, found: list[Document]) -> Response:
        """Return the objectives of an account, without the fields that hold nothing."""
        return JSONResponse([{key: value for key, value in each.items() if value is not None} for each in found])

    def created(self, objective: Document) -> Response:
        """Return the answer to a create."""
        return JSONResponse({"id": objective["id"]}, 201)

    def updated(self, objective: Document) -> Response:
        """Return the answer to an update."""
        return JSONResponse({key: value for key, value in objective.items() if value is not None})

    def deleted(self, identity: str) -> Response:
        """Return the answer to a delete."""
        return Response(status_code=204)

    def templates(self, found: list[Document]) -> Response:
        """Return the objective templates."""
        shown = ({"id": each["id"], "name": each["name"], "description": each.get("description")} for each in found)
        return JSONResponse(list(shown))

    def template_ran(self) -> Response:
        """Return the documented answer to a run of a template."""
        return PlainTextResponse("Success")

    def search(self, kind: str, total: int, hits: list[Document]) -> Response:
        """Return a page of account or user search."""
        return JSONResponse({"response": {kind: {"total_hits": total, "hits": hits}}})
