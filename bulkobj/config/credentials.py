"""Where a token is kept between commands: the system's keyring, or where there is none, a file of its owner's alone.

A token is kept for one profile and one host, so that a profile that is pointed elsewhere sends nothing there.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bulkobj.core.errors import StorageError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_SERVICE = "bulkobj"


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """The place of one token."""

    state_dir: Path
    profile: str
    base_url: str

    @property
    def _name(self) -> str:
        return f"{self.profile}@{urlsplit(self.base_url).netloc}"

    @property
    def _file(self) -> Path:
        return self.state_dir / "tokens" / hashlib.sha256(self._name.encode()).hexdigest()[:24]

    def read(self) -> str:
        """The token; ``""`` where none is kept."""
        ring = _keyring()
        if ring is not None and (kept := _from(ring, self._name)):
            return kept
        try:
            return self._file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def write(self, token: str) -> str:
        """Keep the token; where it is now, for the user to know. Raises StorageError where it can't be kept."""
        ring = _keyring()
        if ring is not None and _into(ring, self._name, token):
            self._file.unlink(missing_ok=True)
            return "the system's keyring"
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file.unlink(missing_ok=True)
            with os.fdopen(os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(token)
        except OSError as error:
            raise StorageError(f"the token can't be kept in {self._file.parent}: {error}") from error
        return f"the file {self._file}, readable by you alone, as this system has no keyring"

    def remove(self) -> bool:
        """Forget the token; whether there was one."""
        there = bool(self.read())
        ring = _keyring()
        if ring is not None and _from(ring, self._name):
            ring.delete_password(_SERVICE, self._name)
        self._file.unlink(missing_ok=True)
        return there


def _keyring() -> KeyringBackend | None:
    """The system's keyring; None where there is none."""
    import keyring  # noqa: PLC0415 - slow to import, and not needed where the environment has the token
    from keyring.backends.fail import Keyring  # noqa: PLC0415 - the same

    ring = keyring.get_keyring()
    return None if isinstance(ring, Keyring) or ring.priority <= 0 else ring


def _from(ring: KeyringBackend, name: str) -> str:
    from keyring.errors import KeyringError  # noqa: PLC0415 - the same

    try:
        return ring.get_password(_SERVICE, name) or ""
    except KeyringError:
        return ""


def _into(ring: KeyringBackend, name: str, token: str) -> bool:
    from keyring.errors import KeyringError  # noqa: PLC0415 - the same

    try:
        ring.set_password(_SERVICE, name, token)
    except KeyringError:
        return False
    return True
