"""One call as it came off the wire."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qs, unquote

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope


@dataclass(frozen=True, slots=True)
class Call:
    """Its path still quoted, so that an id with a slash in it is told from two segments."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes

    @classmethod
    async def received(cls, scope: Scope, receive: Receive) -> Call | None:
        """Return the call with its whole body; None where the client left before that was here."""
        try:
            body = await Request(scope, receive).body()
        except ClientDisconnect:
            return None
        path, query = scope["raw_path"].decode("ascii"), scope["query_string"].decode("ascii", "replace")
        return cls(scope["method"], path, query, Headers(scope=scope), body)

    @property
    def target(self) -> str:
        """Path and query as they were sent."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def token(self) -> str:
        """The ``app-token`` header, ``""`` where there is none."""
        return self.headers.get("app-token", "")

    @property
    def token_key(self) -> str:
        """The hash that stands for the token in the store, which holds no token."""
        return key_of(self.token)

    def parameter(self, name: str) -> str:
        """Return a parameter of the query, ``""`` where it isn't given."""
        return parse_qs(self.query, keep_blank_values=True).get(name, [""])[0]

    def mentions(self, text: str) -> bool:
        """Return whether the target holds that text, quoted or not."""
        return text in self.target or text in unquote(self.target)


def key_of(token: str) -> str:
    """Return a hash by which a token's spending is kept."""
    return sha256(token.encode()).hexdigest()
