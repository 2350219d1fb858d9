"""Reading the headers of the rate limit, and what follows from them."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkobj.totango.rate_limit.headers import Limits, Restriction, read_limits, ticks

WALL = datetime(2024, 2, 8, 20, 10, tzinfo=UTC)
IN_A_MINUTE = WALL + timedelta(seconds=60)
AS_DATE = format_datetime(IN_A_MINUTE, usegmt=True)
AS_EPOCH = str(int(IN_A_MINUTE.timestamp()))


@pytest.mark.parametrize(
    ("headers", "remaining", "reset"),
    [
        ({}, None, None),
        ({"RateLimit-Limit": "100", "RateLimit-Remaining": "42", "RateLimit-Reset": "17"}, 42, 18),
        ({"ratelimit-remaining": "0", "RATELIMIT-RESET": " 0 "}, 0, 1),
        ({"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "2.5"}, 7, 3.5),
        ({"X-RateLimit-Reset": AS_EPOCH}, None, 61),
        ({"Retry-After": "60"}, None, 61),
        ({"Retry-After": AS_DATE}, None, 61),
        ({"RateLimit-Reset": "10", "Retry-After": "60", "X-RateLimit-Reset": "20"}, None, 61),
        ({"RateLimit-Remaining": "9", "X-RateLimit-Remaining": "3"}, 3, None),
        ({"Retry-After": "Thu, 08 Feb 2024 20:11:00 -0000"}, None, 61),
    ],
)
def test_headers_say(headers: dict[str, str], remaining: int | None, reset: float | None) -> None:
    """Each form of header is understood, the strictest one counts, and a second is added for cut-off fractions."""
    assert read_limits(200, headers, WALL) == Limits(remaining, reset, refused=False)


@pytest.mark.parametrize("name", ["RateLimit-Reset", "X-RateLimit-Reset", "Retry-After"])
@pytest.mark.parametrize(
    "value",
    ["", "-1", "nan", "inf", "1e3", "soon", "60, 60", "0x10", "+5", "٣", "86401", "1707423000000", "9" * 20,
     "Thu, 08 Feb 2024 20:09:00 GMT", "Thu, 99 Feb 2024 20:11:00 GMT", "Thu, 08 Feb 99999 20:11:00 GMT",
     str(int(WALL.timestamp()) - 60), str(int(WALL.timestamp()) + 90_000)],
)  # fmt: skip
def test_a_bad_reset_is_ignored(name: str, value: str) -> None:
    """Malformed, negative, past and absurd resets say nothing."""
    assert read_limits(429, {name: value}, WALL) == Limits(None, None, refused=True)


@pytest.mark.parametrize("value", ["", "-1", "nan", "1.5", "many", "1,2", "9" * 400])
def test_a_bad_remaining_is_ignored(value: str) -> None:
    """A number of calls is a whole number of sane length."""
    assert read_limits(200, {"RateLimit-Remaining": value}, WALL).remaining is None


@pytest.mark.parametrize("header", [{"Retry-After": AS_DATE}, {"X-RateLimit-Reset": AS_EPOCH}])
@pytest.mark.parametrize("skew", [timedelta(hours=-3), timedelta(days=400)])
def test_a_wrong_clock_of_ours_does_no_harm(header: dict[str, str], skew: timedelta) -> None:
    """A time of day is compared with the answer's own Date."""
    dated = header | {"Date": format_datetime(WALL, usegmt=True)}
    assert read_limits(429, dated, WALL + skew).reset == 61


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(["Retry-After", "ratelimit-reset", "RateLimit-Remaining", "Date"]), st.text()))
def test_no_header_does_harm(headers: dict[str, str]) -> None:
    """Whatever text comes, a reset is a sane number and a remaining count is not negative."""
    limits = read_limits(429, headers, WALL)
    assert limits.reset is None or 0 <= limits.reset <= 86_401
    assert limits.remaining is None or limits.remaining >= 0


PERIOD = ticks(60)


def heed(word: Restriction, limits: Limits, *, sent: float, now: float) -> Restriction:
    return word.updated_by(limits, ticks(sent), ticks(now), PERIOD)


def test_a_refusal_blocks_until_the_latest_reset() -> None:
    """A second refusal can lengthen the block and never shortens it."""
    word = heed(Restriction(), Limits(None, 30.0, refused=True), sent=99, now=100)
    assert word.blocked_until == ticks(130)
    assert heed(word, Limits(None, 5.0, refused=True), sent=99, now=101) == word
    assert heed(word, Limits(None, 50.0, refused=True), sent=99, now=101).blocked_until == ticks(151)


def test_a_refusal_without_a_reset_blocks_for_the_rates_seconds() -> None:
    """Where no reset is said, S counts."""
    assert heed(Restriction(), Limits(refused=True), sent=99, now=100).blocked_until == ticks(160)


def test_nothing_left_blocks_as_a_refusal_does() -> None:
    """The call that would be refused isn't sent."""
    assert heed(Restriction(), Limits(0, 30.0), sent=99, now=100).blocked_until == ticks(130)


def test_after_a_block_one_call_goes_to_look() -> None:
    """The others follow once that call came through, and what its answer says is left holds."""
    word = heed(Restriction(), Limits(None, 30.0, refused=True), sent=99, now=100)
    assert (word.quota_after, word.quota_left, word.quota_until) == (ticks(130), 1, ticks(190))
    assert heed(word, Limits(), sent=131, now=132).quota_until == 0
    assert heed(word, Limits(5, 10.0), sent=131, now=132).quota_left == 5
    assert heed(word, Limits(), sent=99, now=131) == word, "an answer to a call from before the block shows nothing"


def test_the_answer_to_the_latest_call_holds() -> None:
    """Answers that were overtaken don't loosen a quota, unless that quota is over."""
    word = heed(Restriction(), Limits(3, 30.0), sent=100, now=101)
    assert (word.quota_after, word.quota_left, word.quota_until) == (ticks(100), 3, ticks(131))
    assert heed(word, Limits(50, 30.0), sent=99, now=102) == word
    assert heed(word, Limits(50, 30.0), sent=101, now=102).quota_left == 50
    assert heed(word, Limits(2, 30.0), sent=99, now=140).quota_left == 2


def test_silence_leaves_a_quota_as_it_is() -> None:
    """An answer without headers, from a proxy for one, doesn't lift what the service said."""
    word = heed(Restriction(), Limits(3, 30.0), sent=100, now=101)
    assert heed(word, Limits(), sent=105, now=106) == word
