"""`bulkobj login`, `logout`, `config` and `doctor`: the set-up, and what is wrong with it."""

from __future__ import annotations

import sys
from typing import Any

import click

from bulkobj.cli import output as show
from bulkobj.cli.ask import ask
from bulkobj.cli.console import Console
from bulkobj.cli.options import service_options, settings_of
from bulkobj.cli.session import note, product, styled
from bulkobj.config.settings import Settings
from bulkobj.config.value_types import REGIONS
from bulkobj.core.errors import UsageError
from bulkobj.core.text import clean, counted
from bulkobj.workflows.setup import checks, log_in, region_of_service, token_place, token_source


@click.command("login", epilog="Example: bulkobj login --sandbox (without --sandbox it asks for your token)")
@service_options
def login_command(**options: Any) -> None:
    """Check an API token with one call, and store it in the system's keyring.

    A terminal asks for the region, unless --region or the profile names it, and for the token. Without a terminal the
    token is read from standard input. In Totango, an admin finds it under Settings > Integrations > API token.
    """
    settings = settings_of(options)
    if settings.sandbox:
        note("the sandbox has a token of its own: no login is needed")
        return
    terminal = sys.stdin.isatty()
    region = _asked_region(settings) if terminal and not settings.given_target else None
    token = str(click.prompt("API token", hide_input=True, err=True)) if terminal else sys.stdin.readline()
    with Console() as console:
        logged_in = log_in(token, settings, console, region=region)
    found = counted(logged_in.statuses, "status", "statuses")
    note(f"{logged_in.settings.target} accepts the token ({found} read). It is stored in {logged_in.place}")
    if region is not None:
        note(f'region "{region}" is saved in profile {settings.profile} of {settings.config_path}')


def _asked_region(settings: Settings) -> str:
    """Return the region that the user enters, or that of the service ID that is entered."""
    while True:
        answer = ask("Region of your account: us or eu, or your service ID (SP-…) to find it:")
        if answer.casefold() in REGIONS:
            return answer.casefold()
        try:
            region = region_of_service(answer, settings.timeout)
        except UsageError as error:
            note(str(error))
        else:
            note(f"your account is in region {region}")
            return region


@click.command("logout", epilog="Example: bulkobj logout")
@service_options
def logout_command(**options: Any) -> None:
    """Remove the token from where `bulkobj login` stored it."""
    settings = settings_of(options)
    if settings.sandbox:
        note("the sandbox has a token of its own: there is none to remove")
        return
    there = token_place(settings).remove()
    note(f"the token for {settings.target} is removed" if there else f"there is no stored token for {settings.target}")


@click.command("config", epilog="Example: bulkobj config")
@service_options
def config_command(**options: Any) -> None:
    """Show the configuration: where it is, and what is in force. The token is never shown."""
    settings = settings_of(options)
    file = "" if settings.config_path.exists() else " (does not exist yet)"
    table = settings.table
    rows: list[tuple[str, object]] = [
        ("config file", f"{settings.config_path}{file}"),
        ("state folder", settings.state_dir),
        ("profile", settings.profile),
        ("target", "the embedded sandbox" if settings.sandbox else settings.base_url),
        ("token", token_source(settings)),
        ("slot store", settings.shared_slot_store or "in the state folder"),
        ("rate", settings.rate),
        ("timeout", f"{settings.timeout:g} s"),
        ("settle", f"{settings.settle:g} s"),
        ("fresh", f"{settings.fresh:g} s"),
        ("concurrency", settings.concurrency),
    ]
    if settings.report_dir is not None:
        rows.append(("report folder", settings.report_dir))
    if settings.max_deletes is not None:
        rows.append(("max deletes", settings.max_deletes))
    if settings.closed_statuses is not None:
        rows.append(("closed statuses", ", ".join(settings.closed_statuses)))
    rows += [(key.replace("_", " "), table[key]) for key in _FILE_KEYS if key in table]
    rows += [("column", f"{header} → {column}") for header, column in table.get("columns", {}).items()]
    for kind, words in table.get("aliases", {}).items():
        rows += [(f"{kind} alias", f"{word} → {name}") for word, name in words.items()]
    show.table(("SETTING", "VALUE"), rows)


#: What a profile says about files that leave it open.
_FILE_KEYS = ("timezone", "date_order", "encoding", "delimiter")


@click.command("doctor", epilog="Example: bulkobj doctor --sandbox")
@service_options
def doctor_command(**options: Any) -> int:
    """Check the set-up, and show what to do about what is wrong."""
    settings, wrong = settings_of(options), 0
    with Console() as console:
        for what, trouble in checks(settings, console):
            wrong += bool(trouble)
            word = styled("WRONG", fg="red", bold=True) if trouble else styled("ok   ", fg="green")
            product(f"{word}  {clean(what)}" + (f": {clean(trouble, 400)}" if trouble else ""))
    return 2 if wrong else 0
