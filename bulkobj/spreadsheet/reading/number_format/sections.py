"""A format code as sections of tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<quoted>"[^"]*") | \\(?P<escaped>.) | (?P<space>_.) | (?P<fill>\*.) | \[(?P<bracket>[^\]]*)\]
    | (?P<general>general) | (?P<half>am/pm|a/p) | (?P<exponent>e[+-]) | (?P<date>y+|m+|d+|h+|s+)
    | (?P<place>[0#?]) | (?P<sign>[.,%/@]) | (?P<end>;) | (?P<plain>[-+$():!^&'~{}<>=\ \u00a0€£¥]) | (?P<other>.)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)")
_COLOUR = re.compile(r"black|blue|cyan|green|magenta|red|yellow|color\s*\d+", re.IGNORECASE)
_LOCALE = re.compile(r"\$(?P<symbol>[^-\]]*)(?:-(?P<tag>[0-9A-Fa-f]+))?")
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
#: Windows' number for English.
_ENGLISH = 0x09


class UnknownDisplayError(Exception):
    """The display can't be known, or programs differ."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a section: its ``kind`` (a group of the token pattern) and its text."""

    kind: str
    text: str


@dataclass(slots=True)
class Section:
    """A part of a format between semicolons. ``known`` is False for one that has an unusual piece."""

    tokens: list[Token]
    condition: tuple[str, float] | None = None
    known: bool = True
    english: bool = True

    def has(self, *kinds: str) -> bool:
        """Tell if there is a token of one of these kinds."""
        return any(token.kind in kinds for token in self.tokens)

    def holds(self, number: float) -> bool:
        """Tell if the section is meant for the number; one without a condition is."""
        sign, limit = self.condition or ("", 0)
        return {
            "<": number < limit,
            ">": number > limit,
            "=": number == limit,
            "<=": number <= limit,
            ">=": number >= limit,
            "<>": number != limit,
        }.get(sign, True)


def split(code: str) -> list[list[re.Match[str]]]:
    """Return the pieces of each section of a format code."""
    sections: list[list[re.Match[str]]] = [[]]
    for match in _TOKEN.finditer(code or "General"):
        if match.lastgroup == "end":
            sections.append([])
        else:
            sections[-1].append(match)
    return sections


def is_text(section: Section) -> bool:
    """Tell if the section is for texts."""
    return section.has("sign") and any(token.text == "@" for token in section.tokens)


def section_of(matches: Sequence[re.Match[str]]) -> Section:
    """Return the section of these pieces."""
    section = Section([])
    for match in matches:
        kind, text = match.lastgroup or "other", match[match.lastgroup or 0]
        match kind:
            case "quoted":
                section.tokens.append(Token("literal", text[1:-1]))
            case "escaped" | "plain":
                section.tokens.append(Token("literal", text))
            case "space":
                section.tokens.append(Token("literal", " "))
            case "bracket":
                _add_bracket(section, text)
            case "fill" | "other":
                section.known = False
            case _:
                section.tokens.append(Token(kind, text if kind == "sign" else text.lower()))
    if section.has("date", "elapsed"):
        section.tokens = _with_minutes(section.tokens)
    return section


def _add_bracket(section: Section, text: str) -> None:
    if condition := _CONDITION.fullmatch(text):
        section.condition = condition[1], float(condition[2])
    elif locale := _LOCALE.fullmatch(text):
        tag = int(locale["tag"] or "0", 16)
        section.english = section.english and (bool(locale["symbol"]) or tag & 0xFF in (0, _ENGLISH))
        # F800 and F400 are the long date and time of the region; a high byte asks for other digits or a calendar.
        section.known = section.known and tag < 0xF000
        section.tokens.append(Token("literal", locale["symbol"]))
    elif _ELAPSED.fullmatch(text):
        section.tokens.append(Token("elapsed", text.lower()))
    elif not _COLOUR.fullmatch(text):
        section.known = False


def _with_minutes(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with ``m`` after hours, or before seconds, as ``minute``; ``.0`` after seconds as one."""
    found: list[Token] = []
    fraction = False
    dates = [token for token in tokens if token.kind in {"date", "elapsed"}]
    for token in tokens:
        before = next((one.text[0] for one in reversed(found) if one.kind in {"date", "elapsed", "minute"}), "")
        if token.kind == "date":
            index = next(i for i, one in enumerate(dates) if one is token)
            after = dates[index + 1].text[0] if index + 1 < len(dates) else ""
            if token.text in {"m", "mm"} and (before == "h" or after == "s"):
                token = Token("minute", token.text)  # noqa: PLW2901 - the same piece, better known
        if token.text == "." and before == "s":
            fraction = True
            found.append(Token("fraction", ""))
        elif fraction and token.text == "0":
            found[-1] = Token("fraction", found[-1].text + "0")
        else:
            fraction = False
            found.append(token)
    return found
