"""Which trace a request belongs to, and who sent it: decided from headers and two body fields, without I/O.

The first source that says something wins:

    AH-Trace-Id > extra_trace_headers > OpenCode > Claude Code > Codex > a trace of its own

Claude Code writes its session into `metadata.user_id` (a JSON string since 2.1.78, `user_…_account_…_session_…` before) and
into a header of its own; its sub-agents share the session and add an agent id. Codex names the root session in a header, and the
agent's thread beside it: a thread that differs from the session is a sub-agent. All of it is written by strangers, so nothing
here may raise.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from ..config.schema import Trace
from .records import RequestKind

ID_LIMIT = 200  # characters of an id
_JSON_LIMIT = 16_384  # characters of a value that is worth parsing: both known ones are far below

_LEGACY_USER = re.compile(
    r"user_[0-9a-f]{64}_account_(?:[0-9a-f-]{36})?_session_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Hints:
    """The body fields that name a session: Anthropic's `metadata.user_id`, OpenAI's `prompt_cache_key`."""

    user_id: str | None = None
    prompt_cache_key: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """Whose request this is. `explicit` is False when nothing named a trace and the fallback was taken.

    `agent` is None for the main agent; `parent_agent` is None when the main one started it. `kind` is what headers tell: requests
    that only their body gives away (Claude Code's titles, web searches, compactions) are a `turn` here.
    """

    trace_id: str
    thread: str | None
    client: str
    client_version: str | None
    agent: str | None
    parent_agent: str | None
    kind: RequestKind
    turn: str | None
    explicit: bool


def identify(headers: Mapping[str, str], hints: Hints, config: Trace, *, fallback: str) -> Session:
    """The session of a request. Header names are in lower case; `fallback` is the trace id when nothing names one."""
    metadata = _json(headers.get("x-codex-turn-metadata"))
    trace_id = _trace_id(headers, hints, config, metadata)
    client, version = client_of(headers.get("user-agent", ""))
    agent, parent = _agents(headers, metadata)
    return Session(
        trace_id=trace_id or fallback,
        thread=clean_id(headers.get("ah-thread-id")),
        client=client,
        client_version=version,
        agent=agent,
        parent_agent=parent,
        kind=_kind(headers, metadata),
        turn=clean_id(metadata.get("turn_id")),
        explicit=trace_id is not None,
    )


def clean_id(value: object) -> str | None:
    """An id as it was sent, without what cannot be printed, cut to `ID_LIMIT` characters; None when nothing is left."""
    if not isinstance(value, str):
        return None
    text = value[: 4 * ID_LIMIT]
    if not text.isprintable():
        text = "".join(filter(str.isprintable, text))
    return text.strip()[:ID_LIMIT] or None


_VOICE = (
    "user-agent", "ah-trace-id", "x-session-affinity", "x-session-id", "x-claude-code-session-id", "x-claude-code-agent-id",
    "session_id", "session-id", "conversation_id", "thread-id",
)  # fmt: skip


def voice(headers: Mapping[str, str]) -> tuple[str | None, ...]:
    """What headers say of whose conversation it is, before the body is read. Not enough to tell sessions apart where only bodies
    name them."""
    return tuple(map(headers.get, _VOICE))


def _trace_id(headers: Mapping[str, str], hints: Hints, config: Trace, metadata: Mapping[str, Any]) -> str | None:
    """The first source that says something, in the order of the module's head."""
    named = _first(headers, "ah-trace-id", *(name.lower() for name in config.extra_trace_headers))
    if named is None and config.opencode_trace_enabled:
        named = _first(headers, "x-session-affinity", "x-session-id")
    if named is None and config.claude_code_trace_enabled:
        named = _claude_session(hints.user_id) or _first(headers, "x-claude-code-session-id")
    if named is None and config.codex_trace_enabled:
        named = _codex_session(headers, metadata) or _first(headers, "conversation_id") or clean_id(hints.prompt_cache_key)
    return named


def _first(headers: Mapping[str, str], *names: str) -> str | None:
    return next((found for name in names if (found := clean_id(headers.get(name)))), None)


def _claude_session(user_id: str | None) -> str | None:
    """The session in Claude Code's user id, in its JSON form or a legacy one (signed in, or without an account)."""
    text = (user_id or "")[: _JSON_LIMIT + 1].strip()
    if text.startswith("{"):
        return clean_id(_json(text).get("session_id"))
    legacy = _LEGACY_USER.fullmatch(text)
    return legacy[1] if legacy else None


def _codex_session(headers: Mapping[str, str], metadata: Mapping[str, Any]) -> str | None:
    return _first(headers, "session_id", "session-id") or clean_id(metadata.get("session_id"))


def _json(text: str | None) -> dict[str, Any]:
    """A JSON object in a header or a string; anything else is an empty one."""
    if not text or len(text) > _JSON_LIMIT:
        return {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _agents(headers: Mapping[str, str], metadata: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The sub-agent that sent this and the one that started it; None stands for the main agent."""
    agent = _first(headers, "x-claude-code-agent-id")
    if agent:
        return agent, _first(headers, "x-claude-code-parent-agent-id")
    session = _codex_session(headers, metadata)
    thread = _first(headers, "thread-id") or clean_id(metadata.get("thread_id"))
    if session is None or thread is None or thread == session:
        return None, None
    parent = _first(headers, "x-codex-parent-thread-id")
    return thread, parent if parent != session else None


_CODEX_KINDS: dict[object, RequestKind] = {
    "compaction": "compaction",
    "prewarm": "prewarm",
    "thread_title": "title",
    "memory_consolidation": "memory",
}


def _kind(headers: Mapping[str, str], metadata: Mapping[str, Any]) -> RequestKind:
    """What Codex says that the request is for; all others are turns until their body is read."""
    if headers.get("x-openai-memgen-request", "").lower() == "true":
        return "memory"
    words = (metadata.get("request_kind"), metadata.get("thread_source"), headers.get("x-openai-subagent"))
    return next((_CODEX_KINDS[word] for word in words if isinstance(word, str) and word in _CODEX_KINDS), "turn")


_VERSION = r"[/ ]v?(?P<version>[0-9][\w.+-]*)"
_CLIENTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"(?:{product})(?:{_VERSION}|$|[\s;(/])", re.IGNORECASE))
    for name, product in (
        ("claude-code", r"claude-cli|claude-code"),
        ("codex", r"codex_exec|codex-tui|codex_cli_rs|codex_vscode|codex"),
        ("opencode", r"opencode"),
        ("gemini-cli", r"GeminiCLI(?:-\w+)?"),
        ("anthropic-sdk", r"(?:Async)?Anthropic/(?:Python|JS)"),
        ("openai-sdk", r"(?:Async)?OpenAI/(?:Python|JS)"),
        ("openai-agents", r"Agents/(?:Python|JS|JavaScript)"),
    )
)
_PRODUCT = re.compile(r"\s*([\w.+-]{1,40})(?:/v?([\w.+-]{1,40}))?")


def client_of(user_agent: str) -> tuple[str, str | None]:
    """Name and version of a client, from its user agent: ours for known ones, else the first product's own name in lower case."""
    text = user_agent[:400].strip()
    for name, pattern in _CLIENTS:
        if known := pattern.match(text):
            return name, _short(known["version"])
    product = _PRODUCT.match(text)
    return (product[1].lower(), product[2]) if product else ("unknown", None)


def _short(version: str | None) -> str | None:
    return version[:40] if version else None
