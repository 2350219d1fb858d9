"""`bulkobj login`, `logout`, `config` and `doctor`: the set-up, and what is wrong with it."""

from __future__ import annotations

import sys
from typing import Any

import click

from bulkobj.cli import output as show
from bulkobj.cli.ask import ask
from bulkobj.cli.commands.probe import probe_service, show_probe
from bulkobj.cli.console import Console
from bulkobj.cli.options import service_options, settings_of
from bulkobj.cli.session import note, product, styled
from bulkobj.config.settings import Settings
from bulkobj.config.value_types import REGIONS
from bulkobj.core.errors import UsageError
from bulkobj.core.text import clean, counted
from bulkobj.workflows.service.probe_file import result_path
from bulkobj.workflows.service.setup import checks, log_in, region_of_service, token_place, token_source


@click.command("login", epilog="Example: bulkobj login --sandbox (without --sandbox it asks for your token)")
@service_options
def login_command(**options: Any) -> None:
    """Check an API token with one call, and store it in the system's keyring.

    A terminal asks for the region, unless --region or the profile names it, and for the token. Without a terminal the
    token is read from standard input. In Totango, it is under profile icon > Edit Profile > Integration.
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
    if (probed := result_path(settings)).exists():
        rows.append(("probe", f"findings in {probed}"))
    rows += [(key.replace("_", " "), table[key]) for key in _FILE_KEYS if key in table]
    rows += [("column", f"{header} → {column}") for header, column in table.get("columns", {}).items()]
    for kind, words in table.get("aliases", {}).items():
        rows += [(f"{kind} alias", f"{word} → {name}") for word, name in words.items()]
    show.table(("SETTING", "VALUE"), rows)


#: What a profile says about files that leave it open.
_FILE_KEYS = ("timezone", "date_order", "encoding", "delimiter")


@click.command("doctor", epilog="Example: bulkobj doctor --sandbox --probe BLUE-1010")
@service_options
@click.option("--probe", "account", metavar="ACCOUNT", help="Report which shapes the service uses, by this account.")
@click.option("--probe-writes", is_flag=True, help="Also create, change and delete one objective of that account.")
@click.option("--yes", is_flag=True, help="Answer the question of --probe-writes with yes.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor_command(*, account: str | None, probe_writes: bool, yes: bool, as_json: bool, **options: Any) -> int:
    """Check the set-up, and show what to do about what is wrong.

    --probe reads the settings, templates, searches and one account. Its findings hold no customer data: attach them to
    a bug report. --probe-writes asks first.
    """
    if probe_writes and not account:
        raise UsageError("--probe-writes needs an account. Add --probe ACCOUNT")
    settings = settings_of(options)
    with Console() as console:
        found = []
        for what, trouble in checks(settings, console):
            found.append({"check": what, "trouble": trouble})
            word = styled("WRONG", fg="red", bold=True) if trouble else styled("ok   ", fg="green")
            if not as_json:
                product(f"{word}  {clean(what)}" + (f": {clean(trouble, 400)}" if trouble else ""))
        wrong = any(one["trouble"] for one in found)
        probed = None if not account else probe_service(settings, console, account, writes=probe_writes, yes=yes)
    if as_json:
        show.json_document({"checks": found, "probe": probed.document() if probed else None})
    elif probed:
        show_probe(probed, settings)
    return 2 if wrong else 1 if probed and probed.left else 0
