"""One frozen Settings from options, environment and profile."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from bulkobj.config.credentials import TokenPlace, checked_token, read_token_file
from bulkobj.config.options import profile_of, service_options
from bulkobj.config.redis_url import RedisUrl, parse_redis_url
from bulkobj.config.value_types import REGIONS
from bulkobj.core import secrets
from bulkobj.core.errors import UsageError
from bulkobj.core.model import Rate
from bulkobj.core.text import clean

_Source = click.core.ParameterSource
#: The nearest to the user first.
_SOURCES = (_Source.COMMANDLINE, _Source.ENVIRONMENT, _Source.DEFAULT_MAP, _Source.DEFAULT)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a command line; None where one was not given."""

    profile: str | None = None
    region: str | None = None
    base_url: str | None = None
    sandbox: bool = False
    rate: str | None = None
    timeout: float | None = None
    settle: float | None = None
    fresh: float | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a command: target, token, rate, folders. Times are in seconds.

    ``options`` are those of the command line alone. ``token`` is that of the environment or of its file;
    ``token_trouble`` says why there is none. ``closed_statuses`` None stands for names such as "Completed".
    """

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
    fresh: float = 60.0
    slot_store: RedisUrl | None = None
    report_dir: Path | None = None
    max_deletes: int | None = None
    closed_statuses: tuple[str, ...] | None = None
    table: Mapping[str, Any] = field(default_factory=dict, repr=False)
    options: Options = field(default_factory=Options, repr=False)
    notes: tuple[str, ...] = ()
    token_trouble: str = ""

    @property
    def target(self) -> str:
        """The service as people know it: its host and port, or the sandbox."""
        return "sandbox" if self.sandbox else urlsplit(self.base_url).netloc

    @property
    def shared_slot_store(self) -> RedisUrl | None:
        """The Redis that several machines share; None where slots are kept in a file of this machine."""
        return None if self.sandbox else self.slot_store

    def require_token(self) -> str:
        """Return the token of the environment, or the one that `bulkobj login` stored.

        From then on it is blotted out of logs and messages. Raises UsageError where there is none, or a damaged one.
        """
        if self.token_trouble:
            raise UsageError(self.token_trouble)
        token = self.token or TokenPlace(self.state_dir, self.profile, self.base_url).read()
        if not token:
            raise UsageError(
                "no token found. Run `bulkobj login`, set BULKOBJ_TOKEN, or add --sandbox to try things out"
            )
        secrets.hide(token)
        return token

    def with_profile(self, profile: str) -> Settings:
        """Return the settings of another profile under the same command line and environment."""
        return load_settings(replace(self.options, profile=profile))


def load_settings(options: Options | None = None) -> Settings:
    """Return the settings. Raises UsageError where one of them cannot be right."""
    given = asdict(options or Options())
    arguments = ["--sandbox"] if given.pop("sandbox") else []
    arguments += [f"--{name.replace('_', '-')}={value}" for name, value in given.items() if value is not None]
    return settings_in(_settings_command.make_context("bulkobj", arguments))


@click.command()
@service_options
def _settings_command(**_: Any) -> None:
    """Do nothing; the options are parsed."""


def settings_in(ctx: click.Context) -> Settings:
    """Return the settings that the options of :func:`service_options` make, once they are parsed."""
    profile, values = profile_of(ctx), ctx.params
    table = profile.table
    sandbox = bool(values["sandbox"])
    token, trouble = ("", "") if sandbox else _given_token()
    folder = table.get("report_dir")
    return Settings(
        base_url=_base_url(ctx),
        token=token,
        token_trouble=trouble,
        rate=values["rate"],
        timeout=values["timeout"],
        settle=values["settle"],
        fresh=values["fresh"],
        concurrency=values["concurrency"],
        state_dir=state_dir(),
        config_path=profile.path,
        profile=profile.name,
        sandbox=sandbox,
        given_target=sandbox or any(_source(ctx, name) is not _Source.DEFAULT for name in ("base_url", "region")),
        slot_store=parse_redis_url(table["slot_store"], profile.place("slot_store")) if "slot_store" in table else None,
        report_dir=Path(os.path.expanduser(folder)) if folder else None,  # noqa: PTH111 - as in state_dir
        max_deletes=table.get("max_deletes"),
        closed_statuses=tuple(table["closed_statuses"]) if "closed_statuses" in table else None,
        table=table,
        options=_given_options(ctx),
        notes=profile.notes,
    )


def state_dir() -> Path:
    """Return the state folder: ``BULKOBJ_STATE_DIR``, or the platform's."""
    if named := os.environ.get("BULKOBJ_STATE_DIR"):
        return Path(os.path.expanduser(named))  # noqa: PTH111 - Path.expanduser raises for an unknown user
    import platformdirs  # noqa: PLC0415 - not needed where the environment names the folder

    return Path(platformdirs.user_state_dir("bulkobj", appauthor=False))


def _source(ctx: click.Context, name: str) -> click.core.ParameterSource:
    return ctx.get_parameter_source(name) or _Source.DEFAULT


def _given_options(ctx: click.Context) -> Options:
    """Return the options of the command line alone."""
    given = {name: ctx.params[name] for name in asdict(Options()) if _source(ctx, name) is _Source.COMMANDLINE}
    if "rate" in given:
        given["rate"] = f"{given['rate'].calls}/{given['rate'].seconds}"
    return Options(**given)


def _base_url(ctx: click.Context) -> str:
    """Return the address, or that of the region where the region was named nearer to the user."""
    address: str | None = ctx.params["base_url"]
    region_first = _SOURCES.index(_source(ctx, "region")) < _SOURCES.index(_source(ctx, "base_url"))
    return REGIONS[ctx.params["region"]] if address is None or region_first else address


def _given_token() -> tuple[str, str]:
    """Return the token of ``BULKOBJ_TOKEN`` or of the file that ``BULKOBJ_TOKEN_FILE`` names, and what is wrong."""
    try:
        if text := os.environ.get("BULKOBJ_TOKEN", "").strip():
            return checked_token(text, "BULKOBJ_TOKEN"), ""
        if path := os.environ.get("BULKOBJ_TOKEN_FILE"):
            place = f"the file {clean(path, 200)} (BULKOBJ_TOKEN_FILE)"
            file = Path(os.path.expanduser(path))  # noqa: PTH111 - as in state_dir
            token = read_token_file(file, place)
            return token, "" if token else f"there is no token in {place}. Check the path, or save the token in it"
    except UsageError as error:
        return "", str(error)
    return "", ""
