"""`bulkobj ui`."""

from __future__ import annotations

from typing import Any

import click

from bulkobj.cli.options import service_options, settings_of
from bulkobj.cli.session import product, say


@click.command("ui", epilog="Example: bulkobj ui --sandbox")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, show_default="any that is free", help="The port.")
@click.option("--no-browser", is_flag=True, help="Print the address only; open no browser.")
@click.option(
    "--idle",
    type=click.FloatRange(0, 10_080, min_open=True),
    default=60,
    metavar="MINUTES",
    show_default=True,
    help="End when nobody has used the page for so long; never during a run.",
)
@service_options
def ui_command(*, port: int, no_browser: bool, idle: float, **options: Any) -> None:
    """Open bulkobj as a page in the browser, served on this computer only. Ctrl-C ends it."""
    from bulkobj.web.server import serve  # noqa: PLC0415 - a web server that only this command needs

    settings = settings_of(options)
    browser = not no_browser
    serve(settings.options, port, idle * 60, browser=browser, echo=lambda text: product(text, wrap=False), say=say)
