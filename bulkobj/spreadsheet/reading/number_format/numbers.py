"""Numbers as a section of a format shows them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from bulkobj.spreadsheet.reading.number_format.sections import Section, Token, UnknownDisplayError
from bulkobj.spreadsheet.table import shown


def general_text(section: Section, size: float) -> str:
    """Return a size in a section with General or ``@``."""
    if section.has("place", "exponent"):
        raise UnknownDisplayError
    text = _general(size)
    pieces = [text if token.kind == "general" or token.text == "@" else token.text for token in section.tokens]
    if any(token.kind == "sign" and token.text != "@" for token in section.tokens):
        raise UnknownDisplayError
    return "".join(pieces)


def _general(number: float) -> str:
    """Return a number as the format General shows it in a wide column, but whole numbers in full."""
    if number.is_integer():
        return shown(number)
    sign, size = ("-" if number < 0 else ""), Decimal(f"{abs(number):.15g}")
    exponent = size.adjusted()
    if exponent >= 11 or exponent < -9:
        return sign + _scientific(size, 5)
    digits = size.quantize(Decimal(1).scaleb(-min(9, max(0, 9 - exponent))), ROUND_HALF_UP)
    text = f"{digits:f}"
    return sign + (text.rstrip("0").rstrip(".") if "." in text else text)


def _scientific(size: Decimal, decimals: int) -> str:
    mantissa = size.scaleb(-size.adjusted()).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    exponent = size.adjusted()
    if mantissa >= 10:
        mantissa, exponent = mantissa / 10, exponent + 1
    text = f"{mantissa:f}".rstrip("0").rstrip(".")
    return f"{text}E{'-' if exponent < 0 else '+'}{abs(exponent):02}"


def number_text(tokens: Sequence[Token], size: Decimal) -> str:
    """Return a size in a section with places for digits."""
    if any(token.kind == "exponent" for token in tokens):
        return _exponent_text(tokens, size)
    signs = [token.text for token in tokens if token.kind == "sign"]
    if "/" in signs:
        return _fraction_text(tokens, size)
    size *= 100 ** signs.count("%")
    point = next((i for i, token in enumerate(tokens) if token.text == "." and token.kind == "sign"), len(tokens))
    before, after = list(tokens[:point]), list(tokens[point + 1 :])
    if any(token.text in {".", ","} and token.kind == "sign" for token in after):
        raise UnknownDisplayError
    before, grouped, scale = _without_commas(before)
    size = size.scaleb(-3 * scale)
    places = [token.text for token in after if token.kind == "place"]
    size = size.quantize(Decimal(1).scaleb(-len(places)), ROUND_HALF_UP)
    whole, _, decimals = f"{size:f}".partition(".")
    text = _whole_text(before, whole.lstrip("0"), grouped=grouped)
    return text + _decimals_text(after, places, decimals) if point < len(tokens) else text


def _without_commas(tokens: Sequence[Token]) -> tuple[list[Token], bool, int]:
    """Return the tokens without commas, if thousands are grouped, and the number of thousands to divide by."""
    last = max((i for i, token in enumerate(tokens) if token.kind == "place"), default=-1)
    commas = [i for i, token in enumerate(tokens) if token.kind == "sign" and token.text == ","]
    scale = sum(i > last for i in commas)
    if commas[-scale:] != list(range(last + 1, last + 1 + scale)) and scale:
        raise UnknownDisplayError
    return [token for i, token in enumerate(tokens) if i not in commas], any(i < last for i in commas), scale


def _whole_text(tokens: Sequence[Token], digits: str, *, grouped: bool) -> str:
    """Return the digits before the point, filled in from the right, with the texts between them."""
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
    if match[1]:
        whole, part = (whole + 1, Fraction(0)) if part == 1 else (whole, part)
        if not part:
            return str(whole)
        return f"{part}" if not whole and match[1] == "#" else f"{whole} {part}"
    return f"{part.numerator}/{part.denominator}"
