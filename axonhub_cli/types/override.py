"""Changes that a channel makes to its requests: single operations on the body and on the headers, as `config.toml` writes them.

A body path is dotted: keys of objects and indexes of lists, `-1` the last item, `*` every item, `-` behind the last one (to `set`
only); a dot that belongs to a key is written `\\.`. Operations run in their order. What would break the request itself, or touch
a credential, is refused when the file is read (`wrong`).
"""

import json
import re
from functools import lru_cache
from typing import Literal, TypeAlias

from msgspec import Struct

from .messages import Protocol

Op: TypeAlias = Literal["set", "set_if_absent", "delete", "rename"]

BODY_KEPT = {
    "stream": "it decides how the answer comes, and only the client can say that",
    "model": "a mapping decides it: axonhub profile map PROFILE NAME TARGET",
}
_HEADERS_KEPT = frozenset(
    {
        "accept-encoding", "api-key", "authorization", "connection", "content-encoding", "content-length", "content-type",
        "cookie", "expect", "host", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "set-cookie",
        "te", "trailer", "transfer-encoding", "upgrade", "x-api-key", "x-goog-api-key",
    }
)  # fmt: skip
_SECRET_NAMES = ("-api-key", "-apikey", "-key", "-token", "-secret", "-password", "-authorization", "-auth")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_REFERENCE = re.compile(r"(keyring|env|file):\S")


class BodyOverride(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[channels.body_overrides]]`. `value` is for the two that set, `to` (a path) for `rename`; `models` are patterns (`*`,
    `?`) of the model's name at the channel. No models, no protocols: all of them."""

    op: Op
    path: str
    value: object = None
    to: str | None = None
    models: tuple[str, ...] = ()
    protocols: tuple[Protocol, ...] = ()

    @property
    def told(self) -> str:
        """What it does, in short: `set temperature`, `rename a.b to c`."""
        return f"{self.op} {self.path}" + (f" to {self.to}" if self.op == "rename" else "")


class HeaderOverride(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[channels.header_overrides]]`: the same for a header; `to` is a name."""

    op: Op
    name: str
    value: str | None = None
    to: str | None = None
    models: tuple[str, ...] = ()
    protocols: tuple[Protocol, ...] = ()

    @property
    def told(self) -> str:
        """`set header user-agent`, `rename header x-a to x-b`."""
        return f"{self.op} header {self.name.lower()}" + (f" to {(self.to or '').lower()}" if self.op == "rename" else "")


@lru_cache(maxsize=512)
def steps(path: str) -> tuple[str, ...]:
    """The path's keys and indexes."""
    return tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", path))


def kept_header(name: str) -> bool:
    """Whether no operation may touch this header: credentials, cookies, and what belongs to the connection."""
    low = name.lower()
    return low in _HEADERS_KEPT or low.endswith(_SECRET_NAMES)


def wrong(item: BodyOverride | HeaderOverride) -> tuple[str, str, str] | None:
    """(key, what is wrong with it, what to do), or None for an operation that can be done."""
    return _wrong_keys(item) or (_wrong_body(item) if isinstance(item, BodyOverride) else _wrong_header(item))


def _wrong_keys(item: BodyOverride | HeaderOverride) -> tuple[str, str, str] | None:
    sets = item.op in ("set", "set_if_absent")
    if sets and item.value is None:
        return "op", f"{item.op!r} needs a value.", "Add: value = …"
    if not sets and item.value is not None:
        return "value", f"{item.op!r} takes no value.", "Leave it out, or use op = 'set'."
    if (item.op == "rename") != (item.to is not None):
        return ("op", "'rename' needs the new name.", "Add: to = …") if item.to is None else (
            "to", f"{item.op!r} takes no 'to'.", "Leave it out, or use op = 'rename'.")  # fmt: skip
    if isinstance(item.value, str) and _REFERENCE.match(item.value):
        return "value", "the value is a reference to a secret, and secrets do not go there.", "Use the channel's `secrets`."
    return None


def _wrong_body(item: BodyOverride) -> tuple[str, str, str] | None:
    for key, path in (("path", item.path), ("to", item.to)):
        if path is None:
            continue
        parts = steps(path)
        if not all(parts):
            return key, f"{path!r} is no path.", "Write keys with dots between them: generationConfig.topK, tools.0.name"
        if parts[0] in BODY_KEPT:
            return key, f"{parts[0]!r} cannot be changed here.", f"{BODY_KEPT[parts[0]].capitalize()}."
        if parts[0] in ("*", "-"):
            return key, f"{path!r} begins with no key.", "A request's body is an object: begin with one of its keys."
    if "-" in steps(item.path) and item.op != "set":
        return "path", "'-' is the place behind a list's last item: only 'set' can use it.", "Give an index; -1 is the last item."
    if item.to is not None and steps(item.to).count("*") > steps(item.path).count("*"):
        return "to", "it has more '*' than 'path', so it is not clear which item is meant.", "Give an index instead."
    return (
        None
        if _is_json(item.value)
        else ("value", "the value cannot be written as JSON.", "Use strings, numbers, lists, tables.")
    )


def _is_json(value: object) -> bool:
    """TOML also has dates, infinity and NaN."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def _wrong_header(item: HeaderOverride) -> tuple[str, str, str] | None:
    for key, name in (("name", item.name), ("to", item.to)):
        if name is None:
            continue
        if not _NAME.fullmatch(name):
            return key, f"{name!r} cannot be the name of a header.", "Use letters, digits and dashes."
        if kept_header(name):
            hint = "Credentials come from the channel's `secrets`; what belongs to the connection is not for a channel to say."
            return key, f"the header {name!r} cannot be touched.", hint
    if item.value is not None and not (item.value.isascii() and item.value.isprintable()):
        return "value", "the value has characters that cannot be sent.", "Use printable ASCII."
    return None
