"""Tokens kept between commands: in the system's keyring, or without one in a file that only its owner can read.

A token is kept for one profile and one host. A profile that is pointed elsewhere sends it nowhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bulkobj.core.errors import StorageError, UsageError, cause
from bulkobj.core.secrets import hide
from bulkobj.core.text import clean

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_SERVICE = "bulkobj"
_LONGEST = 10_000


def checked_token(text: str, what: str) -> str:
    """Return the token without white space around it. Raises UsageError where it holds what no token does."""
    token = text.strip()
    hide(token)
    if not token.isprintable() or not token.isascii() or " " in token:
        raise UsageError(f"the token in {what} holds characters that no token has. Copy it again")
    return token


def read_token_file(path: Path, what: str) -> str:
    """Return the token in a file; ``""`` where there is no file. Raises UsageError, which shows nothing of it."""
    try:
        with path.open("rb") as file:
            return checked_token(file.read(_LONGEST).decode("utf-8-sig"), what)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except UnicodeDecodeError:
        raise UsageError(f"the token in {what} holds characters that no token has. Copy it again") from None
    except OSError as error:
        raise UsageError(f"cannot read the token in {what}: {cause(error)}. Check the file") from None


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
        """Return the token; ``""`` where none is kept. Raises UsageError for a damaged one, which it does not show."""
        if (ring := _keyring()) is not None and (kept := _read_from(ring, self._name)):
            return checked_token(kept, "the system's keyring")
        return read_token_file(self._file, f"the file {self._file}")

    def write(self, token: str) -> str:
        """Keep the token, and return the words for where it is. Raises StorageError where it cannot be kept."""
        ring = _keyring()
        if ring is not None and _write_to(ring, self._name, token):
            with contextlib.suppress(OSError):
                self._file.unlink(missing_ok=True)
            return "the system's keyring"
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file.unlink(missing_ok=True)
            with os.fdopen(os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(token)
        except OSError as error:
            raise StorageError(
                f"cannot save the token in {self._file.parent}: {cause(error)}. "
                "Set BULKOBJ_STATE_DIR to a folder that you can write to"
            ) from error
        return f"the file {self._file}, which only you can read (there is no usable keyring)"

    def remove(self) -> bool:
        """Forget the token. Returns False where there was none; raises StorageError where it stays."""
        there = os.path.exists(self._file)  # noqa: PTH110 - never raises
        ring = _keyring()
        if ring is not None and _read_from(ring, self._name):
            there = True
            try:
                ring.delete_password(_SERVICE, self._name)
            except Exception as error:  # a backend may raise what it likes
                raise StorageError(
                    f'the keyring ({type(ring).__name__}) refuses to delete the token. Delete the entry "{_SERVICE}" '
                    f'of "{clean(self._name, 80)}" in your keyring program'
                ) from error
        try:
            if there:
                self._file.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(
                f"cannot delete the token's file {self._file}: {cause(error)}. Delete it yourself"
            ) from error
        return there


def keyring_trouble() -> str:
    """Return what is wrong with the keyring that the environment names; ``""`` where nothing is."""
    try:
        _keyring()
    except UsageError as error:
        return str(error)
    return ""


def _keyring() -> KeyringBackend | None:
    """Return the system's keyring; None where there is none. Raises UsageError for one that cannot be loaded."""
    try:
        import keyring  # noqa: PLC0415 - slow to import, and not needed where the environment has the token
        from keyring.backends.fail import Keyring  # noqa: PLC0415 - the same

        ring = keyring.get_keyring()
        return None if isinstance(ring, Keyring) or ring.priority <= 0 else ring
    except Exception as error:  # modules that the user names are loaded here, and may raise what they like
        named = os.environ.get("PYTHON_KEYRING_BACKEND")
        where = f'PYTHON_KEYRING_BACKEND "{clean(named, 80)}"' if named else "in the keyring's own configuration"
        raise UsageError(
            f"cannot load the keyring {where}. Remove that setting, or set BULKOBJ_TOKEN in its place"
        ) from error


def _read_from(ring: KeyringBackend, name: str) -> str:
    try:
        return ring.get_password(_SERVICE, name) or ""
    except Exception:  # locked, out of reach, or a backend that raises errors of its own: as if it held nothing
        return ""


def _write_to(ring: KeyringBackend, name: str, token: str) -> bool:
    try:
        ring.set_password(_SERVICE, name, token)
    except Exception:  # as in _read_from
        return False
    return True
