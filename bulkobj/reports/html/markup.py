"""Text from outside as harmless, honest markup, and the few pieces of markup that every section uses; pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from urllib.parse import quote

# Control codes have no glyph, lone surrogates no encoding, and direction overrides make a text look like another one.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n?")


def visible(text: str) -> str:
    """The text with what nobody could see spelled out (``⟦U+202E⟧``), and every line end as a line feed."""
    return _UNSEEN.sub(lambda found: f"⟦U+{ord(found[0]):04X}⟧", _LINE_END.sub("\n", text))


def text(value: str) -> str:
    """Text as markup, for the content of an element or a quoted attribute; it reads back as :func:`visible` has it."""
    return html.escape(visible(value))


def foreign(value: str) -> str:
    """Text from outside within a sentence of ours: its direction of writing stays its own."""
    return f"<bdi>{text(value)}</bdi>"


def filtering(content: str, **filters: str) -> str:
    """What becomes, where scripts run, a link to the rows of that result, account or search text.

    ``content`` is markup. Without a script there is nothing to filter, and an ``a`` without ``href`` is plain text.
    """
    query = "&".join(f"{name}={quote(visible(value), safe='')}" for name, value in filters.items())
    return f'<a data-filter="{html.escape(query)}">{content}</a>'


def lines(parts: Iterable[str]) -> str:
    """The parts that aren't empty, each on a line of its own."""
    return "\n".join(part for part in parts if part)


def section(name: str, heading: str, content: str) -> str:
    """A landmark with its heading; ``content`` is markup, and without any there is no section."""
    if not content:
        return ""
    return f'<section aria-labelledby="{name}">\n<h2 id="{name}">{heading}</h2>\n{content}\n</section>'
