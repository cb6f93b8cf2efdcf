"""The reference of `config.toml`: every key, what it may be, its default and what it means.

Types and defaults come from the schema; a sentence for each key stands here, and a test holds that none is missing and none is
left over.
"""

from types import NoneType
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import Struct

from .schema import Config

MEANING: dict[str, str] = {
    "profile": "The profile of keys that have none of their own. Absent: model names pass unchanged.",
    "server.host": "The address to listen on. Anything but loopback needs `axonhub serve --allow-remote`.",
    "server.port": "The port.",
    "server.max_body_mb": "The largest request, after decompression, in MiB.",
    "server.grace": "Seconds that an answer may wait for its first real event; so long a failure moves on unseen.",
    "server.ping": "Seconds of silence after which the client gets a sign of life.",
    "server.drain": "Seconds that running requests get when the server is stopped.",
    "trace.enabled": "Whether anything is recorded.",
    "trace.claude_code_trace_enabled": "Take Claude Code's session as the trace.",
    "trace.codex_trace_enabled": "Take Codex's conversation as the trace.",
    "trace.opencode_trace_enabled": "Take opencode's session as the trace.",
    "trace.extra_trace_headers": "More headers that name a trace.",
    "trace.bodies": "Keep what was said. `false`: figures only.",
    "trace.redact": "Regular expressions; what they find is masked in all that is stored.",
    "trace.retention_days": "Days that a trace is kept; 0: for ever.",
    "trace.max_size_mb": "The largest size of the store, in MiB; the oldest traces go first.",
    "trace.otlp.endpoint": "Send spans to this OpenTelemetry collector, too (OTLP over HTTP; needs the extra `otel`).",
    "trace.otlp.headers": "Headers for it; each value is a reference, with or without a scheme: `Bearer keyring:NAME`.",
    "trace.otlp.content": "Send what was said, too.",
    "limits.trace.cost": "US dollars that one session may cost.",
    "limits.trace.requests": "Requests that one session may make.",
    "limits.key.cost": "US dollars a day for each local key.",
    "limits.key.requests": "Requests a day for each local key.",
    "limits.day.cost": "US dollars a day for all together.",
    "limits.day.requests": "Requests a day for all together.",
    "limits.identical_tool_calls": "Stop an agent after so many answers in a row with the very same tool calls; 0: never.",
    "channels[].name": "What the channel is called.",
    "channels[].type": "A preset (`deepseek`, `ollama`, …) or a bare protocol (`anthropic`, `openai-chat`, …).",
    "channels[].base_url": "Where it is, when not at its vendor's usual address.",
    "channels[].base_urls": "The same for single protocols of a preset that has several.",
    "channels[].secrets": "References: `keyring:NAME`, `env:NAME`, `file:PATH`. Several take turns.",
    "channels[].models": "The models that it serves. None: whatever no other channel claims.",
    "channels[].priority": "Lower goes first.",
    "channels[].weight": "Its share among channels of the same priority.",
    "channels[].tags": "Labels.",
    "channels[].enabled": "`false`: keep it, and send it nothing.",
    "channels[].headers": "Headers for every request to it.",
    "channels[].body_overrides[].op": "`set`, `set_if_absent`, `delete`, `rename`: a change to each request's body, last of all.",
    "channels[].body_overrides[].path": "Where: `temperature`, `generationConfig.topK`, `tools.*.strict`, `stop.-1`; `-` adds.",
    "channels[].body_overrides[].value": "For the two that set: whatever JSON can say.",
    "channels[].body_overrides[].to": "For `rename`: the new path.",
    "channels[].body_overrides[].models": "Only for these models (`*` and `?` stand for anything).",
    "channels[].body_overrides[].protocols": "Only for these protocols of the channel.",
    "channels[].header_overrides[].op": "The same for a header; credentials and those of the connection cannot be touched.",
    "channels[].header_overrides[].name": "The header.",
    "channels[].header_overrides[].value": "For the two that set.",
    "channels[].header_overrides[].to": "For `rename`: the new name.",
    "channels[].header_overrides[].models": "Only for these models.",
    "channels[].header_overrides[].protocols": "Only for these protocols of the channel.",
    "channels[].quirks": "Single facts that differ from the preset's: what it refuses or needs.",
    "channels[].timeouts.connect": "Seconds until the connection stands.",
    "channels[].timeouts.first_byte": "Seconds until the answer begins.",
    "channels[].timeouts.idle": "Seconds of silence within an answer.",
    "channels[].limits.rpm": "Requests a minute; 0: no limit.",
    "channels[].limits.concurrent": "Requests at a time; 0: no limit.",
    "channels[].limits.queue": "Requests that may wait when it is full.",
    "channels[].limits.wait": "Seconds that they may wait.",
    "channels[].proxy": "An HTTP proxy for it; that of the environment is not used.",
    "channels[].ca_file": "Certificates to trust instead of the system's.",
    "profiles.NAME.mappings[].to": "The model to ask for; `\\1` is a group of the regex.",
    "profiles.NAME.mappings[].exact": "The name that a client asks for, as it is.",
    "profiles.NAME.mappings[].regex": "A pattern for the whole name. The first rule that matches wins.",
    "profiles.NAME.mappings[].channel": "Only on this channel.",
    "profiles.NAME.channels": "Only these channels.",
    "profiles.NAME.models": "Only these models.",
    "prices.NAME.input": "Your own price of a model: US dollars for a million input tokens.",
    "prices.NAME.output": "The same for output.",
    "prices.NAME.cache_read": "The same for input read from a cache.",
    "prices.NAME.cache_write_5m": "The same for input written to a cache that lasts five minutes.",
    "prices.NAME.cache_write_1h": "The same for one that lasts an hour.",
}


class Key(Struct, frozen=True):
    """One key: its path (`[]` an item of a list, `NAME` a name of the user's choice), type in words, default as TOML, meaning."""

    path: str
    kind: str
    default: str
    meaning: str


def all_keys() -> list[Key]:
    """All keys, in the order of the schema."""
    return [Key(path, kind, default, MEANING.get(path, "")) for path, kind, default in _walk(Config, "")]


def markdown() -> str:
    """The reference as the README has it."""
    rows = [f"| `{key.path}` | {key.kind} | {f'`{key.default}`' if key.default else ''} | {key.meaning} |" for key in all_keys()]
    return "\n".join(["| key | | default | |", "|---|---|---|---|", *rows]) + "\n"


def _walk(struct: type[Struct], prefix: str) -> list[tuple[str, str, str]]:
    out = []
    for item in msgspec.structs.fields(struct):
        path = prefix + item.encode_name
        inner, holder = _inner(item.type)
        if inner is not None:
            out += _walk(inner, f"{path}{holder}.")
        else:
            out.append((path, _kind(item.type), _default(item.default)))
    return out


def _inner(kind: Any) -> tuple[type[Struct] | None, str]:
    """The struct inside a type, and how a path names that: an item of a list, a name in a table, or nothing."""
    arguments = get_args(kind)
    if NoneType in arguments and _is_struct(arguments[0]):
        return arguments[0], ""  # a table that may be absent
    if isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, Struct):
        return kind, ""
    if get_origin(kind) is tuple and _is_struct(arguments[0]):
        return arguments[0], "[]"
    if get_origin(kind) is dict and _is_struct(arguments[1]):
        return arguments[1], ".NAME"
    return None, ""


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, Struct)


def _kind(kind: Any) -> str:
    """A type in the words of TOML."""
    arguments = [argument for argument in get_args(kind) if argument is not NoneType]
    origin = get_origin(kind)
    if kind in _WORDS:
        return _WORDS[kind]
    if origin is tuple:
        inner = _kind(arguments[0])
        return f"list of {inner}" + ("" if " / " in inner else "s")
    if origin is dict:
        return "table"
    if origin is Literal:
        return " / ".join(map(str, arguments))
    return _kind(arguments[0])  # a limit on a number, or something that may be absent


_WORDS: dict[Any, str] = {object: "any value", str: "string", int: "number", float: "number", bool: "true / false"}


def _default(value: Any) -> str:
    """A default as TOML writes it; empty where there is none."""
    if value is msgspec.NODEFAULT or value is None or value == ():
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_default, value))}]"
    return f'"{value}"' if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
