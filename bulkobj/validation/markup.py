"""HTML markup in texts, which objectives do not support; pure."""

from __future__ import annotations

import re

#: Elements that mean something without attributes, such as ``<b>``.
_BARE = (
    "abbr b big blockquote body br center code dd del div dl dt em font footer h1 h2 h3 h4 h5 h6 head header hr html "
    "i iframe ins li mark ol p pre q s script small span strike strong style sub sup svg table tbody td textarea tfoot "
    "th thead tr tt u ul"
)
#: Elements that are no more than a word in angle brackets without an attribute or an end tag, such as ``<link>``.
_WITH_ATTRIBUTES = (
    "a address area article aside audio base button canvas cite col data details dialog embed fieldset figure form img "
    "input label legend link main map meta nav object option param picture section select source summary time title "
    "track video wbr"
)
#: Attributes that have no value.
_FLAGS = "async|autofocus|checked|controls|defer|disabled|hidden|loop|multiple|muted|novalidate|open|readonly|required"
_ATTRIBUTE = rf"""\s+(?:[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>=`]+)|(?:{_FLAGS}|selected)(?=[\s/>]))"""
_ANY = "|".join(f"{_BARE} {_WITH_ATTRIBUTES}".split())
_MARKUP = re.compile(
    rf"<(?:{'|'.join(_BARE.split())})\s*/?>|<(?:{_ANY})(?:{_ATTRIBUTE})+\s*/?>|</(?:{_ANY})\s*>"
    r"|<!--|<!doctype\s|&(?:nbsp|amp|lt|gt|quot|apos|#\d+|#x[0-9a-f]+);",
    re.IGNORECASE,
)


def find_markup(text: str) -> str:
    """Return the first tag, comment or character reference of HTML in a text; ``""`` without one."""
    found = _MARKUP.search(text) if "<" in text or "&" in text else None
    return found[0] if found is not None else ""
