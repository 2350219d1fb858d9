"""`bulkobj login`, `logout`, `config` and `doctor`: setting up, and finding out what is wrong with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click

from bulkobj.cli import output as show
from bulkobj.cli.console import Console
from bulkobj.cli.options import service_options, settings_of
from bulkobj.config.credentials import TokenPlace, checked_token
from bulkobj.config.settings import Settings
from bulkobj.core.errors import BulkobjError, UsageError
from bulkobj.core.text import clean, counted
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.workflows.connection import check_slot_store, connected


@click.command("login", epilog="Example: bulkobj login --sandbox (without --sandbox it asks for your token)")
@service_options
def login_command(**options: Any) -> None:
    """Put an API token into the system's keyring, after checking it with one call.

    The token is asked for, or read from standard input where that is no terminal.
    """
    settings = settings_of(options)
    if settings.sandbox:
        click.echo("the sandbox has a token of its own: there is nothing to log in to", err=True)
        return
    token = checked_token(_asked_token(), "the token")
    if not token:
        raise UsageError("no token was given: nothing is changed")
    with Console() as console, connected(replace(settings, token=token), console.waiting) as connection:
        statuses = connection.run(lambda totango, _: totango.statuses())
    where = _place(settings).write(token)
    found = counted(len(statuses), "status", "statuses")
    click.echo(f"{settings.target} accepts the token ({found} read); it is kept in {where}", err=True)


def _asked_token() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("API token", hide_input=True, err=True))
    return sys.stdin.readline()


def _place(settings: Settings) -> TokenPlace:
    return TokenPlace(settings.state_dir, settings.profile, settings.base_url)


@click.command("logout", epilog="Example: bulkobj logout")
@service_options
def logout_command(**options: Any) -> None:
    """Remove the token from where `bulkobj login` put it."""
    settings = settings_of(options)
    if settings.sandbox:
        click.echo("the sandbox has a token of its own: there is none to remove", err=True)
        return
    there = _place(settings).remove()
    click.echo(f"the token for {settings.target} is removed" if there else "there was no token to remove", err=True)


@click.command("config", epilog="Example: bulkobj config")
@service_options
def config_command(**options: Any) -> None:
    """Show what is configured, and where; the token is never shown."""
    settings = settings_of(options)
    file = "" if settings.config_path.exists() else " (not there yet)"
    aliases = sum(len(words) for words in settings.table.get("aliases", {}).values())
    rows = [
        ("config file", f"{settings.config_path}{file}"),
        ("state folder", settings.state_dir),
        ("profile", settings.profile),
        ("target", "the embedded sandbox" if settings.sandbox else settings.base_url),
        ("token", _token_source(settings)),
        ("slot store", settings.shared_slot_store or "in the state folder"),
        ("rate", settings.rate),
        ("timeout", f"{settings.timeout:g} s"),
        ("settle", f"{settings.settle:g} s"),
        ("concurrency", settings.concurrency),
        ("aliases", aliases),
        ("column names", len(settings.table.get("columns", {}))),
    ]
    show.table(("SETTING", "VALUE"), rows)


def _token_source(settings: Settings) -> str:
    if settings.sandbox:
        return "the sandbox's own"
    if settings.token:
        return "set in BULKOBJ_TOKEN"
    return "kept by `bulkobj login`" if _place(settings).read() else "none: set BULKOBJ_TOKEN, or `bulkobj login`"


@click.command("doctor", epilog="Example: bulkobj doctor --sandbox")
@service_options
def doctor_command(**options: Any) -> int:
    """Check the set-up, and say what to do about what is wrong."""
    settings = settings_of(options)
    wrong = 0
    for what, trouble in _checks(settings):
        wrong += bool(trouble)
        click.echo(f"{'WRONG' if trouble else 'ok   '}  {what}" + (f": {clean(trouble, 400)}" if trouble else ""))
    return 2 if wrong else 0


def _checks(settings: Settings) -> Iterator[tuple[str, str]]:
    """Each thing that is checked, with what is wrong with it, or nothing."""
    yield f"config file {settings.config_path}", ""  # one that can't be read has ended the command already
    yield f"state folder {settings.state_dir}", _state_trouble(settings)
    store = RunStore(settings.state_dir)
    unreadable = ", ".join(path.name for path in store.unreadable())
    yield "journals", f"can't be read: {unreadable}. Move them elsewhere" if unreadable else ""
    unfinished = [info.header.run for info in store.all() if not info.header.finished]
    yield "runs", f"unfinished: {', '.join(unfinished)}. `bulkobj resume` goes on" if unfinished else ""
    yield from _service_checks(settings)


def _state_trouble(settings: Settings) -> str:
    try:
        settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        return f"it can't be made ({error.strerror}): name another one in BULKOBJ_STATE_DIR"
    return "" if os.access(settings.state_dir, os.W_OK) else "it can't be written: mend its permissions"


def _service_checks(settings: Settings) -> Iterator[tuple[str, str]]:
    try:
        if not settings.sandbox:
            settings.require_token()
        yield f"token: {_token_source(settings)}", ""
        if settings.shared_slot_store:
            yield from _slot_store_check(settings)
        with Console() as console, connected(settings, console.waiting) as connection:
            skew = connection.run(lambda totango, _: _read_skew(totango))
        yield f"{settings.target} answers, and accepts the token", ""
    except BulkobjError as error:
        yield f"service {settings.target}", str(error)
        return
    off = abs(skew or 0.0) > 120
    yield "clock", f"it is {abs(skew or 0):.0f} s off the service's: set the machine's time" if off else ""


def _slot_store_check(settings: Settings) -> Iterator[tuple[str, str]]:
    try:
        check_slot_store(settings)
        yield f"slot store {settings.shared_slot_store} can be read and written", ""
    except BulkobjError as error:
        yield f"slot store {settings.shared_slot_store}", str(error)


async def _read_skew(totango: Any) -> float | None:
    await totango.statuses()
    skew: float | None = totango.skew
    return skew
