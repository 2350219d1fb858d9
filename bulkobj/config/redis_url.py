"""The address of a slot store that several machines share, as it stands in a profile; what is secret in it stays so."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from bulkobj.core.errors import UsageError

_FORMS = "redis://HOST:PORT/DB, rediss://HOST:PORT/DB (with TLS) or unix:///PATH?db=DB"
#: What may follow the question mark. All else is decided by bulkobj: how long to wait, for one.
_QUERY = {
    "redis": {"db"},
    "rediss": {"db", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile"},
    "unix": {"db"},
}


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """The URL of a Redis, with the user and password that it may hold."""

    full: str = field(repr=False)

    def __str__(self) -> str:
        """Return the URL without user and password, to be shown."""
        parts = urlsplit(self.full)
        if parts.scheme == "unix":
            database = parse_qs(parts.query).get("db")
            return f"unix://{unquote(parts.path)}" + (f"?db={database[0]}" if database else "")
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def without_secrets(self, text: str) -> str:
        """Return a text, of a library for one, with user and password taken out should it hold them."""
        parts = urlsplit(self.full)
        for secret in (self.full, parts.netloc.rpartition("@")[0], parts.password or "", unquote(parts.password or "")):
            text = text.replace(secret, "…") if secret else text
        return text


def parse_redis_url(text: object, place: str) -> RedisUrl:
    """Return the URL that a profile names. Raises UsageError, which never shows the URL, where it is none."""
    try:
        fits = isinstance(text, str) and _fits(text)
    except ValueError:
        fits = False
    if not fits:
        raise UsageError(f"{place} is no Redis address. Use {_FORMS}; percent-encode a password (@ as %40)")
    return RedisUrl(str(text))


def _fits(text: str) -> bool:
    """Return whether the URL has a host or a path, and no unknown parameter."""
    parts = urlsplit(text)
    query = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
    if parts.scheme not in _QUERY or parts.fragment or not set(query) <= _QUERY[parts.scheme]:
        return False
    if not all(database.isdigit() for database in query.get("db", ())):
        return False
    if parts.scheme == "unix":
        return not parts.hostname and len(parts.path) > 1
    database = parts.path.removeprefix("/")
    return bool(parts.hostname) and parts.port != 0 and (not database or database.isdigit())
