"""Timestamps in the spelling of the service, such as ``2024-02-08T20:10:00.000Z``; pure."""

from __future__ import annotations

from datetime import UTC, date, datetime


def spelled(moment: datetime) -> str:
    """Return an aware date-time as the service spells it, with milliseconds (API.md, "Known")."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def midnight(day: date) -> str:
    """Return a date alone as the service spells it."""
    return f"{day.isoformat()}T00:00:00.000Z"


def unspelled(text: str) -> datetime:
    """Return the aware date-time of a text that :func:`spelled` made; ValueError for any other text."""
    return datetime.fromisoformat(text)
