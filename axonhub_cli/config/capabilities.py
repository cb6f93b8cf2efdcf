"""What `axonhub channel test --deep` has learned: facts about one model on one channel's endpoint, measured, not assumed.

Kept in `capabilities.json` of the state folder. Whoever routes, converts or sets a client up asks `learned`, and must do without
where nothing has been measured.
"""

import json
import time
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct, ValidationError, convert, field, to_builtins
from msgspec.structs import replace

from ..errors import ConfigError
from ..types.messages import Protocol
from .files import locked, read_bytes, write_private
from .paths import paths

State: TypeAlias = Literal["yes", "partly", "no", "unknown"]

_LIMIT = 4 * 1024 * 1024
NAMES = {
    "stream": "streams as the protocol says",
    "tools": "calls a tool",
    "parallel_tools": "calls several tools at once",
    "forced_tool": "can be told to use a tool",
    "tool_round_trip": "takes a tool's result",
    "reasoning": "shows its reasoning",
    "reasoning_replay": "takes its reasoning back",
    "image": "sees an image",
    "image_result": "sees an image in a tool's result",
    "count_tokens": "counts tokens beforehand",
    "context": "holds so many tokens",
    "errors": "refuses what it does not have",
    "cancel": "is free again after a cancelled request",
}


class Fact(Struct, frozen=True):
    """One capability: `partly` works with the restriction that `detail` names; `unknown` could not be told.

    `value` is a number where there is one: for `count_tokens`, counted tokens for each that was estimated; for `context`, the
    largest number of tokens.
    """

    state: State
    detail: str = ""
    value: float | None = None


class Capabilities(Struct, frozen=True, kw_only=True):
    """One test: where, when (Unix time), and the facts by name (`NAMES`)."""

    channel: str
    model: str
    protocol: Protocol
    address: str
    tested: float = field(default_factory=time.time)
    facts: dict[str, Fact] = field(default_factory=dict)


def file() -> Path:
    """Where they are kept."""
    return paths().state_dir / "capabilities.json"


def read() -> list[Capabilities]:
    """Everything learned so far; a file that is missing, damaged or of another version says nothing."""
    try:
        return convert(json.loads(read_bytes(file(), _LIMIT)), list[Capabilities])
    except (FileNotFoundError, ConfigError, ValueError, RecursionError, ValidationError):
        return []


def write(fresh: Capabilities) -> None:
    """Keep what was learned, in place of what was known of the same model on the same channel and protocol."""
    place = (fresh.channel, fresh.model, fresh.protocol)
    with locked(file()):
        _save([*(item for item in read() if (item.channel, item.model, item.protocol) != place), fresh])


def rename(old: str, new: str) -> None:
    """The channel is called otherwise now."""
    with locked(file()):
        items = read()
        if any(item.channel == old for item in items):
            _save([replace(item, channel=new) if item.channel == old else item for item in items])


def _save(items: list[Capabilities]) -> None:
    write_private(file(), json.dumps(to_builtins(items), indent=1).encode() + b"\n")
