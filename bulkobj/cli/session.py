"""One invocation of the program: what was asked of its output, and lines for its two streams."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, TextIO

import click

from bulkobj.core.secrets import redacted

if TYPE_CHECKING:
    from bulkobj.config.settings import Settings

_NARROWEST = 40


class Session:
    """The options of the output, and what has been printed so far.

    ``answered``: a JSON document was printed. ``run``: the run that was begun, if any. ``settings``: those in force.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.quiet = False
        self.answered = False
        self.run = ""
        self.settings: Settings | None = None


def session() -> Session:
    """Return the session of the running command."""
    ctx = click.get_current_context(silent=True)
    return (ctx.find_object(Session) if ctx is not None else None) or Session()


def say(text: str, end: str = "\n") -> None:
    """Show on standard error what needs attention."""
    _print(redacted(text), sys.stderr, end=end)


def note(text: str) -> None:
    """Show on standard error what is good to know; nothing under ``--quiet``."""
    if not session().quiet:
        say(text)


def product(text: str, *, wrap: bool = True) -> None:
    """Print on standard output what was asked for."""
    _print(redacted(text), sys.stdout, wrap=wrap)


def styled(text: str, *, fg: str | None = None, bold: bool = False) -> str:
    """Return the text in a style; where it is printed to a file, the style is left out."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return click.style(text, fg=fg, bold=bold or None)


def at_a_terminal() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _print(text: str, stream: TextIO, *, wrap: bool = True, end: str = "\n") -> None:
    if wrap and stream.isatty():
        width = max(shutil.get_terminal_size().columns, _NARROWEST)
        text = "\n".join(_wrapped(line, width) for line in text.split("\n"))
    click.echo(text + end, file=stream, nl=False)


def _wrapped(line: str, width: int) -> str:
    """Return a line broken at words, the further lines indented below it."""
    if len(click.unstyle(line)) <= width:
        return line
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    broken = textwrap.wrap(
        line,
        width + len(line) - len(click.unstyle(line)),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(broken)
