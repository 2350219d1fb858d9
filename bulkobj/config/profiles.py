"""Writes to the config file what a user has agreed to keep there; everything else in it stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from bulkobj.core.atomic_file import save
from bulkobj.core.errors import UsageError


def remember_aliases(path: Path, profile: str, aliases: Mapping[str, Mapping[str, str]]) -> None:
    """Add aliases to a profile: for each kind (``status`` …) the user's words with the names that they mean.

    Raises UsageError where the file can't be read or written.
    """
    try:
        document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
        for kind, words in aliases.items():
            table = document
            for name in ("profiles", profile, "aliases", kind):
                table = table.setdefault(name, tomlkit.table(is_super_table=name not in {kind, profile}))
            table.update(words)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, ValueError, TypeError, TOMLKitError) as error:
        raise UsageError(f"the config file {path} can't be changed: {error}") from error
    save(path, tomlkit.dumps(document).encode())
