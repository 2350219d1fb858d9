"""Settings from options, environment and profile, each mistake blamed on the place where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bulkobj.config.profiles import _ALIAS_KINDS
from bulkobj.config.settings import Options, load_settings
from bulkobj.core import secrets
from bulkobj.core.errors import UsageError
from bulkobj.core.model import Rate
from bulkobj.validation.names import Kind


def _option(name: str, text: str) -> Options:
    given: dict[str, Any] = {name: text}
    return Options(**given)


def profile(folder: Path, *lines: str, name: str = "default") -> None:
    (folder / "config.toml").write_text("\n".join([f"[profiles.{name}]", *lines]))


def test_an_option_is_preferred_to_the_environment_that_to_the_profile_that_to_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings().timeout == 30
    profile(tmp_path, "timeout = 20", 'rate = "9/1"')
    assert (load_settings().timeout, load_settings().rate) == (20, Rate(9, 1))
    monkeypatch.setenv("BULKOBJ_TIMEOUT", "10")
    assert load_settings().timeout == 10
    assert load_settings(Options(timeout=5)).timeout == 5


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("timeout", ("0.001", "86400"), ("0", "-1", "86400.5", "nan", "inf", "x", "")),
        ("settle", ("0", "86400"), ("-0.5", "86401", "nan")),
        ("fresh", ("0", "86400"), ("-1", "1e9", "nan")),
        ("concurrency", ("1", "64"), ("0", "65", "0.5", "x")),
        ("rate", ("1/0.5", "99/60"), ("99", "0/60", "99/0", "99/nan", "x/1")),
        ("region", ("us", "eu"), ("EU-west", "asia")),
        ("base_url", ("https://a.example/", "http://127.0.0.1:8"), ("http://a.example", "https://u:pw@a.example", "x")),
    ],
)
def test_both_bounds_of_a_range_are_named_with_the_place(
    monkeypatch: pytest.MonkeyPatch, name: str, good: tuple[str, ...], bad: tuple[str, ...]
) -> None:
    variable = f"BULKOBJ_{name.upper()}"
    for text in good:
        load_settings(_option(name, text))
    for text in bad:
        with pytest.raises(UsageError, match=f"--{name.replace('_', '-')}.*Use ") as caught:
            load_settings(_option(name, text))
        assert "pw" not in str(caught.value)
        if text:
            monkeypatch.setenv(variable, text)
            with pytest.raises(UsageError, match=variable):
                load_settings()
            monkeypatch.delenv(variable)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('[profiles.default]\nreigon = "eu"', '"region"'),
        ('[profiles.default]\nledgr = "redis://h"', '"ledger"'),
        ('[profiles.default]\ntimezon = "UTC"', '"timezone"'),
        ('[profiles.default]\nslot-store = "redis://h"', '"slot_store"'),
        ('[profiles.other]\nreigon = "eu"', '"region"'),
        ('[profile.default]\nregion = "eu"', '"profiles"'),
        ('[profiles.default.aliases.statuses]\n"wip" = "In Progress"', '"status"'),
        ('[profiles.default.columns]\n"Ziel" = "Titel"', '"Title"'),
        ("[profiles.default]\nshoe_size = 43", "region, base_url"),
    ],
)
def test_an_unknown_key_anywhere_is_an_error_with_a_suggestion(tmp_path: Path, text: str, hint: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        load_settings()
    assert hint in str(caught.value)
    assert "--map" not in str(caught.value)
    assert str(tmp_path / "config.toml") in str(caught.value)


@pytest.mark.parametrize(
    "line",
    ['timezone = "Europe"', 'timezone = "../x"', 'encoding = "utf-9"', 'encoding = "base64"', 'delimiter = ";;"',
     'date_order = "dmy"', "max_deletes = -1", "max_deletes = true", "max_deletes = 1.5", 'timeout = "30"',
     "timeout = nan", 'closed_statuses = "Done"', "closed_statuses = [1]", "report_dir = 1", 'report_dir = ""'],
)  # fmt: skip
def test_a_wrong_value_of_a_profile_is_blamed_on_its_key(tmp_path: Path, line: str) -> None:
    profile(tmp_path, line, name="other")
    with pytest.raises(UsageError) as caught:
        load_settings()
    assert f'"{line.split(maxsplit=1)[0]}" in [profiles.other]' in str(caught.value)


def test_a_profile_with_every_key(tmp_path: Path) -> None:
    lines = """
        region = "eu"
        rate = "50/60"
        settle = 1
        fresh = 2.5
        concurrency = 3
        timezone = "Europe/Berlin"
        date_order = "DMY"
        encoding = "cp1252"
        delimiter = "tab"
        max_deletes = 0
        report_dir = "~/r"
        closed_statuses = ["Done"]
        slot_store = "redis://h:1/0"
        columns."Ziel" = "Title"
        aliases.status."wip" = "In Progress"
    """
    profile(tmp_path, lines)
    settings = load_settings()
    assert (settings.base_url, settings.fresh, settings.max_deletes) == ("https://api-eu1.totango.com", 2.5, 0)
    assert settings.closed_statuses == ("Done",)
    assert settings.report_dir == tmp_path / "home" / "r"
    assert (str(settings.slot_store), settings.notes) == ("redis://h:1/0", ())


def test_the_earlier_name_of_a_key_is_read_with_a_note(tmp_path: Path) -> None:
    profile(tmp_path, 'ledger = "redis://h:1/0"')
    settings = load_settings()
    assert str(settings.slot_store) == "redis://h:1/0"
    assert '"slot_store"' in settings.notes[0]


def test_a_byte_order_mark_of_the_config_file_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xef\xbb\xbf[profiles.default]\nregion = 'eu'\n")
    assert load_settings().base_url == "https://api-eu1.totango.com"


def test_only_the_command_line_is_kept_for_another_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.toml").write_text('[profiles.a]\nregion = "eu"\ntimeout = 9\n[profiles.b]\nsettle = 7\n')
    settings = load_settings(Options(profile="a", rate="5/0.5", concurrency=2))
    other = settings.with_profile("b")
    assert (other.profile, other.settle, other.timeout, other.concurrency) == ("b", 7, 30, 2)
    assert (other.base_url, other.rate) == ("https://api.totango.com", Rate(5, 0.5))


def test_the_token_is_read_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """BULKOBJ_TOKEN goes before it; from then on the token is blotted out of texts."""
    (tmp_path / "token").write_bytes(b"\xef\xbb\xbfa-secret/token\r\n")
    monkeypatch.setenv("BULKOBJ_TOKEN_FILE", str(tmp_path / "token"))
    assert load_settings().require_token() == "a-secret/token"
    assert secrets.redacted("a-secret/token or a-secret%2Ftoken") == "*** or ***"
    monkeypatch.setenv("BULKOBJ_TOKEN", "another")
    assert load_settings().require_token() == "another"


@pytest.mark.parametrize("content", [b"", b" \n", b"a-secret\nb-secret", b"a-secret b-secret", b"a-secret\xff", None])
def test_a_damaged_token_file_is_named_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    """Only by a command that needs the token."""
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    monkeypatch.setenv("BULKOBJ_TOKEN_FILE", str(tmp_path / "token"))
    settings = load_settings()
    with pytest.raises(UsageError, match="BULKOBJ_TOKEN_FILE") as caught:
        settings.require_token()
    assert "secret" not in str(caught.value)
    assert load_settings(Options(sandbox=True)).token_trouble == ""


def test_the_kinds_of_aliases_are_those_of_names() -> None:
    """The package of settings knows nothing of the service's kinds, so that it lists them itself."""
    assert set(_ALIAS_KINDS) == {kind.value for kind in Kind}
