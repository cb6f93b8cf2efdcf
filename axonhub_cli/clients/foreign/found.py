"""What an import has found: channels, their keys, profiles, and remarks about what could not be carried over."""

import re
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct, field

from ...config.presets import PRESETS, normalise
from ...errors import ConfigError
from ...types.messages import Protocol

PROTOCOLS: tuple[Protocol, ...] = ("anthropic", "openai-chat", "openai-responses", "gemini")
SMALL = r"claude-.*haiku.*"
ALL = "claude-.*"
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?|os\.environ/([A-Za-z_]\w*)")
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


class Key(Struct, frozen=True):
    """A provider's key: the variable that holds it, or itself. It is never shown."""

    variable: str | None = None
    value: str = ""

    def __repr__(self) -> str:
        return f"Key(variable={self.variable!r}, value={'…' if self.value else ''!r})"


class Rule(Struct, frozen=True, kw_only=True):
    """A mapping of a profile."""

    to: str
    exact: str | None = None
    regex: str | None = None
    channel: str | None = None


class Profile(Struct, frozen=True):
    """Mappings, and the channels that it is limited to (none: all)."""

    rules: tuple[Rule, ...] = ()
    channels: tuple[str, ...] = ()


class Upstream(Struct, frozen=True, kw_only=True):
    """One channel to be."""

    name: str
    type: str
    base_url: str | None = None
    models: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    tags: tuple[str, ...] = ()
    enabled: bool = True


class Import(Struct, kw_only=True):
    """All of a file. `program` is whose it is; `active` the profile that was in use there."""

    program: str
    upstreams: list[Upstream] = field(default_factory=list)
    profiles: dict[str, Profile] = field(default_factory=dict)
    active: str | None = None
    remarks: list[str] = field(default_factory=list)


def key(text: Any) -> tuple[Key, ...]:
    """A key as these files have it: `$NAME`, `${NAME}`, `os.environ/NAME`, or the key itself. Nothing for what is none."""
    if not isinstance(text, str) or not text.strip():
        return ()
    variable = _VARIABLE.fullmatch(text.strip())
    return (Key(variable[1] or variable[2]),) if variable else (Key(None, text.strip()),)


def place(address: str, protocol: Protocol) -> tuple[str, str | None]:
    """The channel's type and base URL for an address: a provider that we know by its own address, else the bare protocol there.

    Raises `ConfigError` for what is no address.
    """
    base = normalise(protocol, address).replace("//localhost", "//127.0.0.1", 1)
    parts = urlsplit(base)
    for preset in PRESETS.values():
        endpoint = preset.endpoints.get(protocol)
        if endpoint is None:
            continue
        at_root = urlsplit(endpoint.base_url).netloc == parts.netloc and parts.path in ("", "/v1")
        if endpoint.base_url == base or (at_root and preset.name not in PROTOCOLS):
            return preset.name, None
    return protocol, address


def slug(text: Any, taken: Any) -> str:
    """A name of ours for a name of theirs, with a number where it is taken."""
    name = _UNFIT.sub("-", str(text or "")).strip("-._")[:60] or "channel"
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


def mapping(value: Any) -> dict[str, Any]:
    """An object of a foreign file; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[dict[str, Any]]:
    """The objects of a list in a foreign file."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(value: Any) -> tuple[str, ...]:
    """The strings of a list in a foreign file, each once."""
    return tuple(dict.fromkeys(item for item in value if isinstance(item, str) and item)) if isinstance(value, list) else ()


def skipped(result: Import, name: Any, error: ConfigError) -> None:
    """Say that a channel's address is not understood."""
    result.remarks.append(f"{name or 'A channel'} was left out: {error.message.rstrip('.')}.")
