"""The config file: its profiles, read and checked, and what a user agreed to keep in it."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bulkobj.config.redis_url import parse_redis_url
from bulkobj.config.value_types import TYPES, checked_value
from bulkobj.core.atomic_file import save
from bulkobj.core.columns import COLUMNS, by_alias, by_header
from bulkobj.core.errors import UsageError, cause
from bulkobj.core.suggestion import closest
from bulkobj.core.text import clean

#: Keys whose values are numbers; all others of :data:`TYPES` are texts.
_NUMBERS = frozenset({"timeout", "settle", "fresh", "concurrency", "max_deletes"})
#: The earlier name of a key, with the present one.
_RENAMED = {"ledger": "slot_store"}
_OTHER_KEYS = ("slot_store", "report_dir", "closed_statuses", "columns", "aliases")
_KEYS = (*TYPES, *_OTHER_KEYS)
#: What users have words of their own for.
_ALIAS_KINDS = ("status", "category", "template", "account")


@dataclass(frozen=True, slots=True)
class Profile:
    """A ``[profiles.NAME]`` table; ``notes`` is what its author should know."""

    name: str
    path: Path
    table: Mapping[str, Any] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()

    def place(self, key: str) -> str:
        """Return the words for where a key stands."""
        return _place(key, self.name, self.path)


def config_path() -> Path:
    """Return the path of the config file: ``BULKOBJ_CONFIG``, or the platform's."""
    if named := os.environ.get("BULKOBJ_CONFIG"):
        return Path(os.path.expanduser(named))  # noqa: PTH111 - Path.expanduser raises for an unknown user
    import platformdirs  # noqa: PLC0415 - not needed where the environment names the file

    return Path(platformdirs.user_config_dir("bulkobj", appauthor=False)) / "config.toml"


def profile_names() -> list[str]:
    """Return the names of the config file's profiles."""
    return list(_read(config_path()))


def read_profile(name: str) -> Profile:
    """Read a profile, and check the whole config file. Raises UsageError for a mistake, or an unknown profile."""
    path = config_path()
    profiles = _read(path)
    for one, table in profiles.items():
        _check(table, one, path)
    if name not in profiles and name != "default":
        hint = _did_you_mean(name, profiles)
        raise UsageError(
            f'no profile "{clean(name, 60)}" in the config file {path}.{hint or " Add it, or choose another"}'
        )
    table = dict(profiles.get(name, {}))
    notes = []
    for old, new in _RENAMED.items():
        if old in table:
            notes.append(f'{_place(old, name, path)} is now called "{new}". Rename the key')
            table.setdefault(new, table.pop(old))
    return Profile(name, path, table, tuple(notes))


def _read(path: Path) -> dict[str, Mapping[str, Any]]:
    """Read the tables of all profiles, by name."""
    try:
        document = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the config file {path} has a mistake: {clean(str(error), 120)}. Fix it") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the config file {path} is not UTF-8. Save it as UTF-8") from error
    except OSError as error:
        raise UsageError(f"cannot read the config file {path}: {cause(error)}. Check the file") from error
    _refuse_unknown(document, ("profiles",), f"in the config file {path}")
    profiles = document.get("profiles", {})
    if not isinstance(profiles, dict) or not all(isinstance(table, dict) for table in profiles.values()):
        raise UsageError(f"profiles in the config file {path} are not tables. Write each as [profiles.NAME]")
    return profiles


def _refuse_unknown(table: Mapping[str, Any], known: Iterable[str], place: str) -> None:
    for key in table:
        if key not in known:
            hint = _did_you_mean(key, known) or f" Use one of: {', '.join(known)}"
            raise UsageError(f'unknown key "{clean(key, 60)}" {place}.{hint}')


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = closest(word.replace("-", "_"), known)
    return f' Did you mean "{close}"?' if close else ""


def _place(key: str, profile: str, path: Path) -> str:
    return f'"{key}" in [profiles.{clean(profile, 60)}] of the config file {path}'


def _check(table: Mapping[str, Any], profile: str, path: Path) -> None:
    """Raise UsageError for an unknown key or a value of the wrong kind."""
    _refuse_unknown(table, (*_KEYS, *_RENAMED), f"in [profiles.{clean(profile, 60)}] of the config file {path}")
    for key, value in table.items():
        place = _place(key, profile, path)
        if key in TYPES:
            kinds: tuple[type, ...] = (int, float) if key in _NUMBERS else (str,)
            if isinstance(value, bool) or not isinstance(value, kinds):
                raise UsageError(f'{place}: "{clean(str(value), 60)}" cannot be used. Use {TYPES[key][1]}')
            checked_value(key, value, place)
        elif key in {"slot_store", "ledger"}:
            parse_redis_url(value, place)
        elif key == "report_dir" and not (isinstance(value, str) and value):
            raise UsageError(f"{place} is not a folder's path. Put the path in quotation marks")
        elif key == "closed_statuses" and not _are_texts(value):
            raise UsageError(f'{place} is not a list of names. Write it as ["Completed", "Cancelled"]')
        elif key == "columns":
            _check_columns(value, place)
        elif key == "aliases":
            _check_aliases(value, place)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _check_words(words: object, place: str, example: str) -> None:
    if not isinstance(words, dict) or not _are_texts(list(words.values())):
        raise UsageError(f"{place} is not a table of words. Write each line as {example}")


def _check_columns(columns: Any, place: str) -> None:
    _check_words(columns, place, '"Goal" = "Title"')
    headers = [column.header for column in COLUMNS]
    for header, name in columns.items():
        if by_header(name) is None and by_alias(name) is None:
            hint = _did_you_mean(name, headers) or f" Use one of: {', '.join(headers)}"
            raise UsageError(f'{place}: "{clean(header, 60)}" means no column "{clean(name, 60)}".{hint}')


def _check_aliases(aliases: Any, place: str) -> None:
    if not isinstance(aliases, dict):
        raise UsageError(f"{place} is not a table. Put a table such as [profiles.default.aliases.status] into the file")
    _refuse_unknown(aliases, _ALIAS_KINDS, f"in {place}")
    for kind, words in aliases.items():
        _check_words(words, place.replace('"aliases"', f'"aliases.{kind}"', 1), '"wip" = "In Progress"')


def remember_aliases(path: Path, profile: str, aliases: Mapping[str, Mapping[str, str]]) -> None:
    """Add the user's words for names to a profile, by kind (``status`` …).

    Everything else in the file stays as it is. Raises UsageError where it cannot be read or written.
    """
    _remember(path, {("profiles", profile, "aliases", kind): words for kind, words in aliases.items()})


def remember_columns(path: Path, profile: str, columns: Mapping[str, str]) -> None:
    """Add the columns that the user's headers mean to a profile, as :func:`remember_aliases` does."""
    _remember(path, {("profiles", profile, "columns"): columns})


def remember_region(path: Path, profile: str, region: str) -> None:
    """Set the region of a profile, as :func:`remember_aliases` adds words."""
    _remember(path, {("profiles", profile): {"region": region}})


def _remember(path: Path, additions: Mapping[tuple[str, ...], Mapping[str, str]]) -> None:
    import tomlkit  # noqa: PLC0415 - slow to import, and few commands write
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415 - the same

    try:
        document = tomlkit.parse(path.read_text("utf-8-sig")) if path.exists() else tomlkit.document()
        for names, words in additions.items():
            table: Any = document
            for depth, name in enumerate(names, 1):
                table = table.setdefault(name, tomlkit.table(is_super_table=depth in {1, 3} and depth < len(names)))
            table.update(words)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, ValueError, TypeError, TOMLKitError) as error:
        raise UsageError(f"cannot change the config file {path}. Check its permissions and its content") from error
    save(path, tomlkit.dumps(document).encode())
