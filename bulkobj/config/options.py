"""The options of every command that talks to the service (README, "Options and environment").

An option is preferred to its environment variable, that to the profile's key, and that to the default.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from bulkobj.config.profiles import Profile, profile_names, read_profile
from bulkobj.config.value_types import TYPES, checked_value

F = TypeVar("F", bound=Callable[..., Any])

_PROFILE = "bulkobj.profile"


class SettingOption(click.Option):
    """An option whose wrong values are blamed on the place where they stand."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Return the converted value, or None where none was given."""
        if not isinstance(value, str | int | float):
            return super().process_value(ctx, value)
        from_environment = ctx.get_parameter_source(self.name or "") is click.core.ParameterSource.ENVIRONMENT
        place = str(self.envvar) if from_environment else self.opts[0]
        return checked_value(self.name or "", value, place, ctx)


def _complete_profile(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in profile_names() if name.startswith(incomplete)]


def _load_profile(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    """Read the profile before all other options, whose defaults it holds."""
    profile = read_profile(value or "default")
    ctx.meta[_PROFILE] = profile
    ctx.default_map = {key: profile.table[key] for key in TYPES if key in profile.table}
    return profile.name


def profile_of(ctx: click.Context) -> Profile:
    """Return the profile that the defaults of a command's options come from."""
    profile: Profile = ctx.meta[_PROFILE]
    return profile


def setting_option(flag: str, **attributes: Any) -> Callable[[F], F]:
    """Return the decorator for an option whose type is in :data:`TYPES`."""
    name = flag.removeprefix("--").replace("-", "_")
    return click.option(flag, cls=SettingOption, type=TYPES[name][0], **attributes)


def _service_setting(flag: str, **attributes: Any) -> Callable[[F], F]:
    variable = f"BULKOBJ_{flag.removeprefix('--').replace('-', '_').upper()}"
    return setting_option(flag, envvar=variable, show_envvar=True, show_default=True, **attributes)


#: Where to, and how fast; in the order of the help.
_SERVICE_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--profile",
        metavar="NAME",
        envvar="BULKOBJ_PROFILE",
        show_envvar=True,
        is_eager=True,
        callback=_load_profile,
        shell_complete=_complete_profile,
        help="A [profiles.NAME] table of the config file.",
    ),
    _service_setting("--region", default="us", help="Public host of the service."),
    _service_setting("--base-url", metavar="URL", help="Another host; plain http only for loopback."),
    click.option("--sandbox", is_flag=True, help="Use the embedded sandbox instead of a real account."),
    _service_setting("--rate", metavar="N/S", default="99/60", help="At most N calls in any S seconds."),
    _service_setting("--timeout", metavar="S", default=30, help="Total seconds of one call."),
    _service_setting(
        "--settle", metavar="S", default=60, help="Seconds in which a write without a response may still take effect."
    ),
    _service_setting(
        "--fresh", metavar="S", default=60, help="Read values older than S seconds again before they are overwritten."
    ),
    _service_setting("--concurrency", metavar="N", default=8, help="Calls in flight at most."),
)


def service_options(function: F) -> F:
    """Add the options of every command that talks to the service."""
    for option in reversed(_SERVICE_OPTIONS):
        function = option(function)
    return function
