"""Pages that need nothing else: Jinja2 templates, with the one style and the one script that a page holds.

A page loads nothing and sends nothing. Its Content-Security-Policy allows only its style and its script, by their
hashes. All is readable without the script, which adds filters.
"""

from __future__ import annotations

import base64
import hashlib
import re
from importlib import resources
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bulkobj.core.text import counted

# Control codes have no glyph, lone surrogates no encoding, and direction overrides make a text look like another one.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n?")


def visible(text: str) -> str:
    """Return the text with what nobody could see spelled out (``⟦U+202E⟧``), and every line end as a line feed."""
    return _UNSEEN.sub(lambda found: f"⟦U+{ord(found[0]):04X}⟧", _LINE_END.sub("\n", text))


def _finalize(value: object) -> object:
    """Make every text that a template prints visible; markup of ours stays as it is."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _query(value: str) -> str:
    return quote(visible(value), safe="")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bulkobj.reports.html"),
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(counted=counted, query=_query)
    return environment


def render(template: str, script: str, **context: Any) -> bytes:
    """Return the page of a template in UTF-8, with the stylesheet and that script in it."""
    style, code = _resource("style.css"), _resource(script)
    allowed = f"style-src '{_hash(style)}'; script-src '{_hash(code)}'; img-src data:"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    page = _environment().get_template(template)
    # Both are our own files, and the policy knows their bytes.
    ours = {"style": Markup(style), "script": Markup(code), "policy": policy}  # noqa: S704
    return page.render(ours, **context).encode()


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _resource(name: str) -> str:
    return resources.files("bulkobj.reports.html").joinpath(name).read_text(encoding="utf-8")
