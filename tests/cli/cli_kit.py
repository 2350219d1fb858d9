"""Runs the program as a user does, in this process, and keeps what it said."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unittest import mock

from bulkobj.cli.main import run
from tests.service.server import SandboxServer

#: Fast, but with the limit's shape kept.
QUICK = ("--rate", "99/3", "--settle", "0.3", "--timeout", "5")

SIX = "Account ID,Title,Category,Status,Start Date,End Date"


@dataclass(frozen=True)
class Ran:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> Any:
        """The JSON on standard output."""
        return json.loads(self.out)

    def column(self, name: str) -> list[Any]:
        """One key of every row of the JSON report."""
        return [row[name] for row in self.report["rows"]]


def bulkobj(*args: object, stdin: bytes = b"", environ: Mapping[str, str] | None = None) -> Ran:
    """Run the program with these arguments."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    process = _as_process([str(arg) for arg in args], stdin, environ or {})
    with process, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            run()
        except SystemExit as end:
            code = end.code
    out.flush()
    err.flush()
    said = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return Ran(int(code or 0), *said)


@contextlib.contextmanager
def _as_process(args: list[str], stdin: bytes, environ: Mapping[str, str]) -> Iterator[None]:
    with (
        mock.patch.object(sys, "argv", ["bulkobj", *args]),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8")),
        mock.patch.dict("os.environ", environ),
    ):
        yield


def against(server: SandboxServer, *args: object, stdin: bytes = b"", **environ: str) -> Ran:
    """Run the program against a sandbox, as quickly as it may."""
    environ = {"BULKOBJ_TOKEN": server.token, "BULKOBJ_BASE_URL": server.url} | environ
    return bulkobj(*args, *QUICK, stdin=stdin, environ=environ)


def creates(number: int, account: str = "BLUE-1010") -> bytes:
    """A CSV of so many creates."""
    rows = (f"{account},Planned {n},Adoption,In Progress,2027-01-11,2027-03-26" for n in range(number))
    return "\n".join([SIX, *rows]).encode()


def calls(server: SandboxServer) -> dict[str, int]:
    """How many calls of each method the server has seen."""
    methods = [arrival.method for arrival in server.arrivals()]
    return {method: methods.count(method) for method in sorted(set(methods))}


def writes(server: SandboxServer) -> list[tuple[str, str]]:
    """The writes that the server has seen, each by method and path; account search is none."""
    arrivals = [(arrival.method, arrival.path) for arrival in server.arrivals()]
    return [(method, path) for method, path in arrivals if method != "GET" and "/search/" not in path]
