"""A process that forks one command at a time, and lets it die at a given point; started by the crash tests.

Each line on standard input is a JSON object: ``argv``, ``environ``, and ``point``, the number of the failpoint at which
the command dies (0: none). A failpoint lies before and after every durable step and every send. Each answer is a line
with the command's exit code, 99 where it died at its point.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from bulkobj.cli.main import run
from bulkobj.execution.journal.journal import Journal
from bulkobj.totango.transport import Transport

DIED = 99
DURABLE = ("sending", "unsent", "lost", "settled", "identified", "noted", "snapshot", "revised", "finish")


class Failpoints:
    """Counts the points passed, and dies at the one that was asked for: at once, with nothing tidied up."""

    def __init__(self, fatal: int) -> None:
        self.fatal = fatal
        self.passed = 0

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.fatal:
            os._exit(DIED)

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.point()
            result = function(*args, **kwargs)
            self.point()
            return result

        return wrapped

    def around_send(self, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(function)
        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.point()
            sending = asyncio.ensure_future(function(*args, **kwargs))
            await asyncio.sleep(0)
            result = await sending
            self.point()
            return result

        return wrapped


def arm(points: Failpoints) -> None:
    """Put a failpoint before and after everything that must survive a crash."""
    for name in DURABLE:
        setattr(Journal, name, points.around(getattr(Journal, name)))
    Journal.create = points.around(Journal.create)  # type: ignore[method-assign]  # that is what arming is
    Transport.send = points.around_send(Transport.send)  # type: ignore[method-assign,assignment]  # the same


def main() -> None:
    """Fork a child for each line, and say how it ended."""
    for line in sys.stdin:
        task = json.loads(line)
        child = os.fork()
        if not child:
            arm(Failpoints(task["point"]))
            os.environ.update(task["environ"])
            sys.argv = ["bulkobj", *task["argv"]]
            log = os.open(task["log"], os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            try:
                run()
            except SystemExit as end:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(int(end.code or 0))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
