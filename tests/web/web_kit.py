"""The page, served in this process over real HTTP, and a client that has opened it."""

from __future__ import annotations

import html
import re
import socket
import threading
import time
from pathlib import Path

import httpx
import uvicorn

from bulkobj.config.settings import Options
from bulkobj.web.app import application
from bulkobj.web.guard import Guard
from bulkobj.web.site import Site

QUICK = Options(sandbox=True, rate="99/3", settle=0.3, timeout=5)
SAMPLES = Path(__file__).parents[2] / "samples"
HEADER = b"Account ID,Title,Category,Status,Start Date,End Date\n"


class Page:
    """A user's browser, as far as HTTP goes: it follows redirects and keeps the cookie."""

    def __init__(self, options: Options = QUICK, *, is_open: bool = True, **bounds: float) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.site = Site(options)
        self.guard = Guard(application(self.site), self.port, **bounds)  # type: ignore[arg-type] # bounds have their names
        config = uvicorn.Config(self.guard, ws="none", lifespan="off", log_config=None, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        self.client = httpx.Client(base_url=self.url, follow_redirects=True, timeout=30, trust_env=False)
        if is_open:
            self.client.get(self.guard.address)

    def close(self) -> None:
        """End the server."""
        self.client.close()
        self._server.should_exit = True
        self._thread.join()
        self.site.desk.end()

    def get(self, path: str, **how: object) -> httpx.Response:
        """Get a page."""
        return self.client.get(path, **how)  # type: ignore[arg-type] # as httpx takes it

    def post(self, path: str, data: dict[str, str] | None = None) -> httpx.Response:
        """Send a form."""
        return self.client.post(path, data=data)

    def upload(self, content: bytes, name: str = "plan.csv") -> str:
        """Upload a file and wait until it is checked; the address of its Check page."""
        answer = self.settled(self.client.post("/files", files={"file": (name, content)}))
        assert re.search(r"<h1>Check</h1>", answer.text), answer.text
        return answer.url.path

    def settled(self, answer: httpx.Response, seconds: float = 30) -> httpx.Response:
        """Wait while the answer is a Progress page."""
        until = time.monotonic() + seconds
        while "/jobs/" in answer.url.path and "<h1>Progress</h1>" in answer.text:
            assert time.monotonic() < until, answer.text
            time.sleep(0.02)
            answer = self.client.get(answer.url.path)
        return answer

    def planned(self, check: str, **choices: str) -> httpx.Response:
        """Show the plan of a file, or what else comes of it."""
        return self.settled(self.post(f"{check}/plan", choices))

    def agreed(self, plan: httpx.Response, **form: str) -> httpx.Response:
        """Agree to a plan, and wait for the result."""
        assert "<h1>Plan</h1>" in plan.text, plan.text
        return self.settled(self.post(plan.url.path, {"answer": "yes"} | form))

    def imported(self, content: bytes, name: str = "plan.csv", **form: str) -> httpx.Response:
        """Upload, plan, agree, and wait for the result."""
        return self.agreed(self.planned(self.upload(content, name)), **form)


def heading(answer: httpx.Response) -> str:
    """Return the main heading of a page."""
    found = re.search(r"<h1>(.*?)</h1>", answer.text)
    return found[1] if found else ""


def buttons(answer: httpx.Response) -> list[str]:
    """Return the texts of the buttons that can be pressed."""
    found = re.findall(r"<button([^>]*)>(.*?)</button>", answer.text, re.DOTALL)
    return [html.unescape(text) for attributes, text in found if " disabled" not in attributes]


def invalid(answer: httpx.Response) -> list[str]:
    """Return the texts of the cells that are marked as invalid."""
    return re.findall(r'<td [^>]*aria-invalid="true"[^>]*>(.*?)</td>', answer.text, re.DOTALL)


def creates(number: int, account: str = "BLUE-1010", status: str = "In Progress") -> bytes:
    """A CSV of so many creates."""
    rows = (f"{account},Planned {n},Adoption,{status},2027-01-11,2027-03-26\n" for n in range(number))
    return HEADER + "".join(rows).encode()
