"""Types of setting values, for options, environment variables and profile keys alike."""

from __future__ import annotations

import codecs
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import click

from bulkobj.core.errors import UsageError
from bulkobj.core.model import Rate
from bulkobj.core.text import clean

REGIONS: Mapping[str, str] = {"us": "https://api.totango.com", "eu": "https://api-eu1.totango.com"}
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
DATE_ORDERS = ("DMY", "MDY", "YMD")
#: The longest time of one call, and of waiting for a lost write: a day.
LONGEST = 86_400

if TYPE_CHECKING:
    _Type = click.ParamType[Any]
else:  # generic for type checkers alone, in click before 8.4
    _Type = click.ParamType


class Seconds(click.FloatRange):
    """A number of seconds; "nan" is none, although it is in every range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the seconds."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail("not a number", param, ctx)
        return number


class RateType(_Type):
    """``N/S``: at most N calls in any S seconds."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the Rate."""
        try:
            return Rate.parse(str(value))
        except ValueError:
            self.fail("not a rate", param, ctx)


class BaseUrlType(_Type):
    """The address of a service; plain http is for loopback only."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the address without a slash at its end."""
        try:
            parts = urlsplit(str(value))
            secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
            plain = bool(parts.hostname) and parts.port != 0 and not (parts.query or parts.fragment)
        except ValueError:
            secure = plain = False
        if not (secure and plain) or "@" in str(value) or not str(value).isprintable():
            self.fail("not an address", param, ctx)
        return str(value).rstrip("/")


class ZoneType(_Type):
    """The name of a time zone."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the name as it is."""
        try:
            ZoneInfo(str(value))
        except (ValueError, OSError, LookupError):  # a name with "..", a folder of zones, an unknown name
            self.fail("not a zone", param, ctx)
        return value


class EncodingType(_Type):
    """The name of a text encoding."""

    name = "encoding"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the name as it is."""
        try:
            codecs.lookup(str(value))
            "a".encode(str(value))  # refuses "base64" and the like, which are codecs of bytes
        except (LookupError, ValueError):
            self.fail("not an encoding", param, ctx)
        return value


class DelimiterType(_Type):
    """The character between the cells of a CSV file."""

    name = "delimiter"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the character."""
        text = "\t" if value in {"\\t", "tab", "\t"} else str(value)
        if len(text) != 1 or text in '"\r\n\0':
            self.fail("not a delimiter", param, ctx)
        return text


#: Each setting with the type of its values and the words for them.
TYPES: Mapping[str, tuple[_Type, str]] = {
    "region": (click.Choice(list(REGIONS)), "us or eu"),
    "base_url": (
        BaseUrlType(),
        "an https:// address without user, query or fragment (http:// only for this computer itself)",
    ),
    "rate": (RateType(), "a number of calls and of seconds, such as 99/60"),
    "timeout": (Seconds(0, LONGEST, min_open=True), f"a number of seconds above 0, at most {LONGEST}"),
    "settle": (Seconds(0, LONGEST), f"a number of seconds from 0 to {LONGEST}"),
    "fresh": (Seconds(0, LONGEST), f"a number of seconds from 0 to {LONGEST}"),
    "concurrency": (click.IntRange(1, 64), "a whole number from 1 to 64"),
    "timezone": (ZoneType(), "a time zone such as Europe/Berlin"),
    "date_order": (click.Choice(DATE_ORDERS), "DMY, MDY or YMD"),
    "encoding": (EncodingType(), "an encoding such as utf-8 or windows-1252"),
    "delimiter": (DelimiterType(), "one character, such as ; or tab"),
    "max_deletes": (click.IntRange(0, 1_000_000), "a whole number from 0 to 1000000"),
}


def checked_value(name: str, value: object, place: str, ctx: click.Context | None = None) -> Any:
    """Return the value of a setting, converted. Raises UsageError, which names ``place``, for a wrong one."""
    kind, expected = TYPES[name]
    try:
        return kind.convert(str(value), None, ctx)
    except click.ClickException:
        # An address may hold a password.
        shown = "it" if "@" in str(value) else f'"{clean(str(value), 60)}"'
        raise UsageError(f"{place}: {shown} cannot be used. Use {expected}") from None
