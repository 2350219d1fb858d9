"""What is kept in the config file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from bulkobj.config.profiles import remember_aliases
from bulkobj.core.errors import UsageError


def test_an_alias_is_added_and_the_rest_stays(tmp_path: Path) -> None:
    """Comments and other tables are the user's own."""
    path = tmp_path / "config.toml"
    path.write_text('# mine\n[profiles.work]\nregion = "eu"\n\n[profiles.work.aliases.status]\n"wip" = "In Progress"\n')
    remember_aliases(path, "work", {"status": {"In Progres": "In Progress"}, "category": {"Adopt": "Adoption"}})
    text = path.read_text()
    assert text.startswith("# mine\n")
    assert tomllib.loads(text)["profiles"]["work"] == {
        "region": "eu",
        "aliases": {"status": {"wip": "In Progress", "In Progres": "In Progress"}, "category": {"Adopt": "Adoption"}},
    }


def test_a_first_alias_makes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    remember_aliases(path, "default", {"status": {"odd = word.": "In Progress"}})
    assert tomllib.loads(path.read_text())["profiles"]["default"]["aliases"]["status"] == {"odd = word.": "In Progress"}


def test_a_config_file_that_is_no_toml_is_said(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[[[")
    with pytest.raises(UsageError, match="cannot change"):
        remember_aliases(path, "default", {"status": {"a": "b"}})
