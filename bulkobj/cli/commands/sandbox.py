"""`bulkobj sandbox serve` and `bulkobj sandbox reset`."""

from __future__ import annotations

from pathlib import Path

import click

from bulkobj.cli.groups import SuggestingGroup
from bulkobj.cli.session import note
from bulkobj.config.settings import state_dir
from bulkobj.core.errors import UsageError
from bulkobj.core.model import Rate


@click.group("sandbox", cls=SuggestingGroup, epilog="Example: bulkobj sandbox reset")
def sandbox_command() -> None:
    """Serve or empty a local service that behaves like the documented API."""


@sandbox_command.command("serve", epilog="Example: bulkobj sandbox serve --port 8080 --latency 0.3")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, show_default="any that is free", help="The port.")
@click.option("--token", help="The token that it accepts.  [default: sandbox-token]")
@click.option("--rate", default="100/60", show_default=True, metavar="N/S", help="Its limit: N calls in S seconds.")
@click.option(
    "--latency", type=click.FloatRange(0, 3600), default=0.0, metavar="S", help="Seconds that each call takes."
)
@click.option("--folder", type=click.Path(path_type=Path), help="Where its data are kept.  [default: nowhere]")
def serve_command(  # noqa: PLR0913 - each is an option
    *, host: str, port: int, token: str | None, rate: str, latency: float, folder: Path | None
) -> None:
    """Serve the sandbox over HTTP on this machine until Ctrl-C."""
    from bulkobj.sandbox.server import SANDBOX_TOKEN, serve  # noqa: PLC0415 - a web server that only this command needs

    try:
        limit = Rate.parse(rate)
    except ValueError:
        raise UsageError(f'--rate: "{rate}" is not a number of calls and of seconds, such as 100/60') from None
    serve(folder, host, port, limit, token or SANDBOX_TOKEN, latency, click.echo)


@sandbox_command.command("reset", epilog="Example: bulkobj sandbox reset")
def reset_command() -> None:
    """Empty the embedded sandbox: what --sandbox talks to begins anew."""
    from bulkobj.sandbox.embedded import reset  # noqa: PLC0415 - a web server that only the sandbox needs

    reset(state_dir() / "sandbox")
    note("sandbox reset")
