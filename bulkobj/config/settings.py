"""One frozen Settings from options, environment and profile (contract, "Options that every command … takes").

An option goes before the environment, the environment before the profile, the profile before the default.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from bulkobj.config.redis_url import RedisUrl, parse_redis_url
from bulkobj.core.errors import UsageError
from bulkobj.core.model import Rate

REGIONS: Mapping[str, str] = {"us": "https://api.totango.com", "eu": "https://api-eu1.totango.com"}
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said; None where it said nothing."""

    profile: str | None = None
    region: str | None = None
    base_url: str | None = None
    sandbox: bool = False
    rate: str | None = None
    timeout: float | None = None
    settle: float | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to, as whom, how fast, and where things are kept. Times are in seconds."""

    base_url: str
    token: str = field(repr=False)
    rate: Rate
    timeout: float
    settle: float
    concurrency: int
    state_dir: Path
    config_path: Path
    profile: str
    sandbox: bool = False
    given_target: bool = False
    slot_store: RedisUrl | None = None
    table: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def target(self) -> str:
        """The service as people know it: its host and port, or the sandbox."""
        return "sandbox" if self.sandbox else urlsplit(self.base_url).netloc

    @property
    def shared_slot_store(self) -> RedisUrl | None:
        """The Redis that several machines share; None where slots are kept in a file of this machine."""
        return None if self.sandbox else self.slot_store

    def require_token(self) -> str:
        """The token of the environment, or the one that `bulkobj login` has kept; UsageError where there is none."""
        from bulkobj.config.credentials import TokenPlace  # noqa: PLC0415 - brings the keyring, which is slow

        token = self.token or TokenPlace(self.state_dir, self.profile, self.base_url).read()
        if not token:
            raise UsageError(
                "no token: set the environment variable BULKOBJ_TOKEN to your Totango API token, or `bulkobj login`; "
                "or try things out first with --sandbox"
            )
        return token


def load_settings(options: Options, environ: Mapping[str, str] = os.environ) -> Settings:
    """Put the settings together; UsageError where one of them can't be right."""
    config_path = _path(environ, "BULKOBJ_CONFIG", _platform_config)
    profile = options.profile or environ.get("BULKOBJ_PROFILE") or "default"
    table = _profile(config_path, profile, asked=profile != "default")
    source = _Source(options, environ, table)
    base_url = _base_url(source)
    return Settings(
        base_url=base_url,
        token=checked_token(environ.get("BULKOBJ_TOKEN", ""), "BULKOBJ_TOKEN"),
        rate=source.get("rate", "99/60", Rate.parse, "a number of calls and of seconds, such as 99/60"),
        timeout=source.get("timeout", 30.0, _positive, "a number of seconds above 0"),
        settle=source.get("settle", 60.0, _not_negative, "a number of seconds, 0 or more"),
        concurrency=source.get("concurrency", 8, _count, "a whole number from 1 to 64"),
        state_dir=_path(environ, "BULKOBJ_STATE_DIR", _platform_state),
        config_path=config_path,
        profile=profile,
        sandbox=options.sandbox,
        given_target=options.sandbox or source.said("base_url") or source.said("region"),
        slot_store=_slot_store(table),
        table=table,
    )


@dataclass(frozen=True, slots=True)
class _Source:
    options: Options
    environ: Mapping[str, str]
    table: Mapping[str, Any]

    def raw(self, name: str) -> tuple[object, str]:
        """The value that counts, and the place where it was said."""
        option = getattr(self.options, name)
        if option is not None:
            return option, "--" + name.replace("_", "-")
        variable = "BULKOBJ_" + name.upper()
        if self.environ.get(variable):
            return self.environ[variable], variable
        return self.table.get(name), f'"{name}" in the profile'

    def is_closer(self, name: str, other: str) -> bool:
        """Whether the one was said nearer to the user than the other: on the command line, before the environment."""
        return self._level(name) < self._level(other)

    def _level(self, name: str) -> int:
        said = (getattr(self.options, name), self.environ.get("BULKOBJ_" + name.upper()), self.table.get(name))
        return next((level for level, value in enumerate(said) if value not in (None, "")), len(said))

    def said(self, name: str) -> bool:
        return self.raw(name)[0] is not None

    def get(self, name: str, default: object, convert: Callable[[str], T], expected: str) -> T:
        value, place = self.raw(name)
        try:
            return convert(str(default if value is None else value))
        except ValueError as error:
            raise UsageError(f'{place}: "{value}" is not {expected}') from error


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 86_400:
        raise ValueError(text)
    return value


def _not_negative(text: str) -> float:
    return 0.0 if float(text) == 0 else _positive(text)


def _count(text: str) -> int:
    if not 1 <= int(text) <= 64:
        raise ValueError(text)
    return int(text)


def _slot_store(table: Mapping[str, Any]) -> RedisUrl | None:
    """``ledger`` is the key's earlier name; it is read further."""
    key = next((key for key in ("slot_store", "ledger") if key in table), None)
    return parse_redis_url(table[key], f'"{key}" in the profile') if key else None


def _region(text: str) -> str:
    if text not in REGIONS:
        raise ValueError(text)
    return REGIONS[text]


def _base_url(source: _Source) -> str:
    value, place = source.raw("base_url")
    if value is None or source.is_closer("region", "base_url"):
        return source.get("region", "us", _region, "a region: us or eu")
    try:
        parts = urlsplit(str(value))
        loopback = parts.hostname in LOOPBACK
        fits = parts.scheme == "https" or (parts.scheme == "http" and loopback)
        _ = parts.port
    except ValueError as error:
        raise UsageError(f'{place}: "{value}" is not a URL') from error
    if not fits or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError(
            f"{place}: it must be an https:// address without user, query or fragment "
            "(plain http:// only for this machine's own loopback address)"
        )
    return str(value).rstrip("/")


def checked_token(text: str, what: str) -> str:
    """The token without what copying leaves around it; UsageError where it holds what no token does."""
    token = text.strip()
    if not token.isprintable() or not token.isascii() or " " in token:
        raise UsageError(f"{what} holds characters that no token has: copy it anew")
    return token


def _path(environ: Mapping[str, str], name: str, otherwise: Callable[[], Path]) -> Path:
    return Path(environ[name]).expanduser() if environ.get(name) else otherwise()


def _platform_state() -> Path:
    import platformdirs  # noqa: PLC0415 - not needed where the environment names the folder

    return Path(platformdirs.user_state_dir("bulkobj", appauthor=False))


def _platform_config() -> Path:
    import platformdirs  # noqa: PLC0415 - not needed where the environment names the file

    return Path(platformdirs.user_config_dir("bulkobj", appauthor=False)) / "config.toml"


def profile_names(environ: Mapping[str, str] = os.environ) -> list[str]:
    """The profiles of the config file."""
    return list(_profiles(_path(environ, "BULKOBJ_CONFIG", _platform_config)))


def _profiles(path: Path) -> dict[str, Any]:
    try:
        profiles = tomllib.loads(path.read_text("utf-8")).get("profiles", {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"the config file {path} can't be read: {error}") from error
    return profiles if isinstance(profiles, dict) else {}


def _profile(path: Path, name: str, *, asked: bool) -> Mapping[str, Any]:
    profiles = _profiles(path)
    table = profiles.get(name, {} if not asked else None)
    if not isinstance(table, dict):
        raise UsageError(f"there is no table [profiles.{name}] in the config file {path}")
    _check_profile(table, f"[profiles.{name}] in the config file {path}")
    return table


def _check_profile(table: Mapping[str, Any], place: str) -> None:
    """Raise UsageError where a value is of another kind than it must be; numbers are checked where they are read."""
    for key in ("region", "base_url", "timezone", "date_order", "encoding", "delimiter"):
        if not isinstance(table.get(key, ""), str):
            raise UsageError(f"{key} in {place}: {table[key]!r} must be a text, in quotation marks")
    aliases = table.get("aliases", {})
    tables = {"columns": table.get("columns", {}), "aliases": aliases}
    if isinstance(aliases, dict):
        tables |= {f"aliases.{kind}": words for kind, words in aliases.items()}
    for key, words in tables.items():
        if not isinstance(words, dict):
            raise UsageError(f'{key} in {place} must be a table of your words, such as "wip" = "In Progress"')
