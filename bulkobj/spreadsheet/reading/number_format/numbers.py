"""Numbers as a section of a format shows them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from bulkobj.spreadsheet.reading.number_format.sections import Section, Token, UnknownDisplayError
from bulkobj.spreadsheet.table import shown


def general_text(section: Section, size: float) -> str:
    """Return a size in a section with General; whole numbers are shown in full."""
    if section.has("place", "exponent", "sign"):
        raise UnknownDisplayError
    text = shown(size) if size.is_integer() else _general(Decimal(f"{size:.15g}"))
    return "".join(text if token.kind == "general" else token.text for token in section.tokens)


def _general(size: Decimal) -> str:
    """Return a number that isn't whole, if programs show it alike: they keep 10 to 15 of its digits."""
    exponent = size.adjusted()
    if exponent >= 10 or exponent < -9:
        raise UnknownDisplayError
    text = f"{size.quantize(Decimal(1).scaleb(-min(9, 9 - exponent)), ROUND_HALF_UP):f}".rstrip("0")
    if Decimal(text) != size:
        raise UnknownDisplayError
    return text


def number_text(section: Section, size: Decimal) -> str:
    """Return a size in a section with places for digits."""
    tokens: Sequence[Token] = section.tokens
    if not section.english and any(token.kind == "sign" and token.text in {".", ","} for token in tokens):
        raise UnknownDisplayError  # some programs then take the decimal sign of that language
    if any(token.kind == "exponent" for token in tokens):
        return _exponent_text(tokens, size)
    signs = [token.text for token in tokens if token.kind == "sign"]
    if "/" in signs:
        return _fraction_text(tokens, size)
    size *= 100 ** signs.count("%")
    tokens, scale = _without_scale(tokens)
    point = next((i for i, token in enumerate(tokens) if token.text == "." and token.kind == "sign"), len(tokens))
    before, after = tokens[:point], tokens[point + 1 :]
    if any(token.text in {".", ","} and token.kind == "sign" for token in after):
        raise UnknownDisplayError
    places = [token.text for token in after if token.kind == "place"]
    size = size.scaleb(-3 * scale).quantize(Decimal(1).scaleb(-len(places)), ROUND_HALF_UP)
    whole, _, decimals = f"{size:f}".partition(".")
    text = _whole_text(before, whole.lstrip("0"))
    return text + _decimals_text(after, places, decimals) if point < len(tokens) else text


def _is_comma(token: Token) -> bool:
    return token.kind == "sign" and token.text == ","


def _without_scale(tokens: Sequence[Token]) -> tuple[list[Token], int]:
    """Return the tokens without the commas behind the last place, each of which divides by a thousand."""
    last = max(i for i, token in enumerate(tokens) if token.kind == "place") + 1
    scale = 0
    while last + scale < len(tokens) and _is_comma(tokens[last + scale]):
        scale += 1
    return [*tokens[:last], *tokens[last + scale :]], scale


def _whole_text(tokens: Sequence[Token], digits: str) -> str:
    """Return the digits before the point, filled in from the right, with the texts or commas between them."""
    grouped = any(map(_is_comma, tokens))
    tokens = [token for token in tokens if not _is_comma(token)]
    indexes = [i for i, token in enumerate(tokens) if token.kind == "place"]
    if not indexes:
        if digits:
            raise UnknownDisplayError
        return "".join(token.text for token in tokens)
    parted = indexes[-1] - indexes[0] + 1 != len(indexes)
    if grouped and parted:
        raise UnknownDisplayError
    found: list[str] = []
    rest, count = digits, 0
    for i, token in reversed(list(enumerate(tokens))):
        if token.kind != "place":
            found.append(token.text)
            continue
        while True:
            digit, rest = rest[-1:], rest[:-1]
            digit = digit or {"0": "0", "?": " ", "#": ""}[token.text]
            found.append(digit + ("," if grouped and count and count % 3 == 0 and digit.strip() else ""))
            count += 1
            if i != indexes[0] or not rest:
                break
    return "".join(reversed(found))


def _decimals_text(tokens: Sequence[Token], places: Sequence[str], decimals: str) -> str:
    """Return the point and the digits after it; optional zeros at the end are left out."""
    kept = len(places)
    while kept and places[kept - 1] != "0" and decimals[kept - 1] == "0":
        kept -= 1
    if not kept:  # a point alone, which programs show differently
        raise UnknownDisplayError
    found = [decimals[i] if i < kept else {"?": " ", "#": ""}[place] for i, place in enumerate(places)]
    return "." + "".join(found.pop(0) if token.kind == "place" else token.text for token in tokens)


def _exponent_text(tokens: Sequence[Token], size: Decimal) -> str:
    """Return a size as in ``0.00E+00``; other shapes of exponents are not known."""
    match = re.fullmatch(r"0(?:\.(0*))?e([+-])(0+)", "".join(token.text for token in tokens))
    if match is None:
        raise UnknownDisplayError
    decimals = len(match[1] or "")
    exponent = size.adjusted() if size else 0
    mantissa = size.scaleb(-exponent).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    if mantissa >= 10:
        mantissa, exponent = mantissa.scaleb(-1).quantize(Decimal(1).scaleb(-decimals)), exponent + 1
    sign = "-" if exponent < 0 else "+" * (match[2] == "+")
    return f"{mantissa:f}E{sign}{abs(exponent):0{len(match[3])}}"


def _fraction_text(tokens: Sequence[Token], size: Decimal) -> str:
    """Return a size as in ``# ?/?``, or with a fixed denominator; other shapes are not known."""
    code = "".join(token.text for token in tokens)
    match = re.fullmatch(r"(?:([#0]) +)?(\?{1,3}|#{1,3}|0)/(\?{1,3}|#{1,3})", code)
    if match is None:
        raise UnknownDisplayError
    exact = Fraction(size)
    whole, rest = divmod(exact, 1) if match[1] else (0, exact)
    part = rest.limit_denominator(10 ** len(match[3]) - 1)
    if match[1] and part == 1:
        whole, part = whole + 1, Fraction(0)
    if match[1] and not part:
        return str(whole)
    above, below = (len(match[place]) if "?" in match[place] else 0 for place in (2, 3))
    text = f"{part.numerator:>{above}}/{part.denominator:<{below}}"
    return f"{whole} {text}" if whole or match[1] == "0" else text
