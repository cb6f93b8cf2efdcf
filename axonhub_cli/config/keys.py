"""Local keys (`ah-…`): what clients present to us. They are worth something on this machine only, and live in `keys.toml`, 0600.

[keys.laptop]
token = "ah-…"
profile = "deepseek"          # absent: the active profile of config.toml
created = "2026-01-31T12:00:00Z"
"""

import hmac
import re
import secrets
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct, ValidationError, convert, field
from msgspec.structs import replace

from ..errors import ConfigError, UsageError
from .files import locked, open_to_others, read_bytes, signature, write_private

_LIMIT = 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Key(Struct, frozen=True, kw_only=True):
    """One local key. `created` is an ISO time in UTC. The token does not show in its repr."""

    name: str
    token: str
    profile: str | None = None
    created: str = ""

    def __repr__(self) -> str:
        return f"Key(name={self.name!r}, profile={self.profile!r}, created={self.created!r})"


class _Entry(Struct, kw_only=True):
    token: str
    profile: str | None = None
    created: str = ""


class _File(Struct):
    keys: dict[str, _Entry] = field(default_factory=dict)


class KeyStore:
    """The keys of one file. `error` says why the file on disk cannot be used while the last good keys are kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.error: ConfigError | None = None
        self._signature = signature(path)
        self._keys = _read(path)

    @property
    def keys(self) -> list[Key]:
        """All keys, in the file's order."""
        return list(self._keys.values())

    def create(self, name: str, profile: str | None = None) -> Key:
        """A new key. `UsageError` when the name is taken or unfit."""
        if not _NAME.fullmatch(name):
            hint = "Use letters, digits, dots, dashes and underscores, 64 at most."
            raise UsageError(f"{name!r} cannot be the name of a key.", hint=hint)

        def add(keys: dict[str, Key]) -> Key:
            if name in keys:
                raise UsageError(f"There is a key named {name!r} already.", hint=f"Run: axonhub key rotate {name}")
            return Key(name=name, token=_token(), profile=profile, created=_now())

        return self._change(name, add)

    def rotate(self, name: str) -> Key:
        """Give the key a new token; the old one is worth nothing at once."""
        return self._change(name, lambda keys: replace(_get(keys, name), token=_token(), created=_now()))

    def set_profile(self, name: str, profile: str | None) -> Key:
        """Change the key's active profile (None: the one of config.toml)."""
        return self._change(name, lambda keys: replace(_get(keys, name), profile=profile))

    def remove(self, name: str) -> None:
        """Forget the key. `UsageError` when there is none of that name."""
        with locked(self.path):
            keys = _read(self.path)
            _get(keys, name)
            del keys[name]
            self._write(keys)

    def find(self, token: str) -> Key | None:
        """The key with that token. Takes the same time whichever key matches, and when none does."""
        given = token.encode("utf-8", "surrogateescape")
        found = None
        for key in self._keys.values():
            if hmac.compare_digest(key.token.encode(), given):
                found = key
        return found

    def poll(self) -> bool:
        """Read the file again if it changed; True when there are new keys. One `stat` otherwise."""
        now = signature(self.path)
        if now == self._signature:
            return False
        self._signature = now
        try:
            keys = _read(self.path)
        except ConfigError as error:
            self.error = error
            return False
        self.error = None
        changed, self._keys = keys != self._keys, keys
        return changed

    def _change(self, name: str, make: Callable[[dict[str, Key]], Key]) -> Key:
        with locked(self.path):
            keys = _read(self.path)
            key = make(keys)
            keys[name] = key
            self._write(keys)
        return key

    def _write(self, keys: dict[str, Key]) -> None:
        import tomli_w

        entries = {key.name: _entry(key) for key in keys.values()}
        write_private(self.path, tomli_w.dumps({"keys": entries}).encode())
        self._keys, self.error = keys, None
        self._signature = signature(self.path)


def _entry(key: Key) -> dict[str, str]:
    entry = {"token": key.token, "created": key.created}
    return entry if key.profile is None else {**entry, "profile": key.profile}


def _get(keys: dict[str, Key], name: str) -> Key:
    if name not in keys:
        known = ", ".join(keys) or "none yet"
        raise UsageError(f"There is no key named {name!r}.", hint=f"Keys: {known}.")
    return keys[name]


def _read(path: Path) -> dict[str, Key]:
    try:
        data = read_bytes(path, _LIMIT)
        if open_to_others(path):
            raise ConfigError(f"{path} holds keys and can be read by other users.", hint=f"Run: chmod 600 {path}")
    except FileNotFoundError:
        return {}
    try:
        file = convert(tomllib.loads(data.decode()), _File)
    except (ValueError, RecursionError, ValidationError) as error:  # never the text of the error: it may quote a token
        hint = "The program alone writes this file: remove it, then make new keys with `axonhub key create`."
        raise ConfigError(f"{path} is damaged ({type(error).__name__}).", hint=hint) from None
    return {
        name: Key(name=name, token=entry.token, profile=entry.profile, created=entry.created)
        for name, entry in file.keys.items()
    }  # fmt: skip


def _token() -> str:
    return "ah-" + secrets.token_urlsafe(32)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
