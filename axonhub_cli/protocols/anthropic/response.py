"""Whole answers: usage, stop reasons, content.

Anthropic counts `input_tokens` without what was read from or written to the cache; `Usage.input` includes both. `input_tokens`
and `output_tokens` are required integers: where nobody told us, the wire's form demands a 0, and only there.
"""

from itertools import filterfalse
from typing import Any

from ...errors import ProtocolError, RequestError
from ...types.messages import (
    Extra,
    FinishReason,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Response,
    Text,
    ToolCall,
    ToolResult,
    Usage,
)
from ..base import Reply
from .blocks import VENDOR, Block, read_block
from .check import objects
from .outgoing_blocks import left_out, tool_input

REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "stop_sequence": "stop_sequence",
    "refusal": "refusal",
    "pause_turn": "pause",
    "model_context_window_exceeded": "context_length",
}
_WORDS: dict[FinishReason, str] = {reason: word for word, reason in REASONS.items()}
_WORDS |= {"content_filter": "refusal", "unknown": "end_turn"}
_USAGE_KEYS = frozenset(
    {"input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation"}
)
_USAGE_KEYS |= {"output_tokens_details"}
_MESSAGE_KEYS = frozenset({"id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"})
OWN_EXTRAS = frozenset({"container", "context_management", "diagnostics", "stop_details", "input_transformations", "usage"})
_OWN_PART_EXTRAS = frozenset({"citations", "caller", "toolset_name"})


def read_reason(word: str | None, *, calls: bool) -> FinishReason | None:
    """A stop reason; None when none was given. A call was made: that is why it stopped, whatever a careless vendor says."""
    reason = None if word is None else REASONS.get(word, "unknown")
    return "tool_calls" if calls and reason in (None, "stop", "unknown") else reason


def write_reason(reason: FinishReason | None, *, calls: bool, refused: bool) -> str | None:
    """The word for a stop reason; None stays None: an upstream that never said why it stopped."""
    if calls and reason in (None, "stop", "unknown"):
        return "tool_use"
    if refused and reason in (None, "stop", "unknown"):
        return "refusal"
    return None if reason is None else _WORDS[reason]


def read_usage(usage: dict[str, Any]) -> Usage:
    """A usage object with inclusive totals. What is no count (null, a string, a negative number) is not told."""
    read, written = count(usage, "cache_read_input_tokens"), count(usage, "cache_creation_input_tokens")
    split = usage.get("cache_creation")
    short, long = written, None
    if isinstance(split, dict):
        short, long = count(split, "ephemeral_5m_input_tokens"), count(split, "ephemeral_1h_input_tokens")
        short = written if short is None and long is None else short
    fresh, details = count(usage, "input_tokens"), usage.get("output_tokens_details")
    both = (short or 0) + (long or 0)
    return Usage(
        input=None if fresh is None else fresh + (read or 0) + max(both, written or 0),
        output=count(usage, "output_tokens"),
        cache_read=read,
        cache_write_5m=short,
        cache_write_1h=long,
        reasoning=count(details, "thinking_tokens") if isinstance(details, dict) else None,
    )


def count(fields: dict[str, Any], key: str) -> int | None:
    """A number of tokens, or None."""
    value = fields.get(key)
    return value if type(value) is int and value >= 0 else None


def write_usage(usage: Usage | None) -> dict[str, Any]:
    """The usage object; a cache figure that nobody told is left out."""
    usage = usage or Usage()
    cached = (usage.cache_read or 0) + (usage.cache_write_5m or 0) + (usage.cache_write_1h or 0)
    out: dict[str, Any] = {"input_tokens": max(0, (usage.input or 0) - cached)}
    if usage.cache_write_5m is not None or usage.cache_write_1h is not None:
        out["cache_creation_input_tokens"] = (usage.cache_write_5m or 0) + (usage.cache_write_1h or 0)
    if usage.cache_read is not None:
        out["cache_read_input_tokens"] = usage.cache_read
    if usage.cache_write_1h is not None:
        out["cache_creation"] = {
            "ephemeral_5m_input_tokens": usage.cache_write_5m or 0,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        }
    out["output_tokens"] = usage.output or 0
    if usage.reasoning is not None:
        out["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return out


def read_extra(message: dict[str, Any]) -> Extra | None:
    """A message object's unknown keys that say something, those of its usage under `usage`."""
    extra, told = _told(message, _MESSAGE_KEYS), _told(message.get("usage"), _USAGE_KEYS)
    return {**extra, "usage": told} if told else extra or None


def late_extras(event: dict[str, Any]) -> dict[str, Any]:
    """What a `message_delta` says beyond the model, in three groups: `top`, `delta`, `usage`. Empty when there is nothing."""
    delta, usage = event.get("delta"), event.get("usage")
    groups = {
        "top": {k: v for k, v in event.items() if k not in ("type", "delta", "usage") and v is not None},
        "delta": _told(delta, frozenset({"stop_reason", "stop_sequence"})),
        "usage": _told(usage, _USAGE_KEYS),
    }
    return {name: group for name, group in groups.items() if group}


def _told(fields: Any, known: frozenset[str]) -> dict[str, Any]:
    """The keys of an object that are not known and not null."""
    if not isinstance(fields, dict) or fields.keys() <= known:
        return {}
    return {k: fields[k] for k in filterfalse(known.__contains__, fields) if fields[k] is not None}


def read_response(body: dict[str, Any]) -> Response:
    """A whole answer. Raises `ProtocolError` when it is none."""
    try:
        blocks = objects(body.get("content"), "content")
        parts = tuple([read_block(block, f"content[{at}]") for at, block in enumerate(blocks)])
    except RequestError as error:
        raise ProtocolError(f"The upstream's answer cannot be read: {error.message}") from None
    word, usage = text_or_none(body.get("stop_reason")), body.get("usage")
    return Response(
        origin="anthropic",
        id=text_or_none(body.get("id")) or "",
        model=text_or_none(body.get("model")) or "",
        parts=parts,
        finish=read_reason(word, calls=ToolCall in map(type, parts)),
        raw_finish=word,
        stop_sequence=text_or_none(body.get("stop_sequence")),
        usage=read_usage(usage) if isinstance(usage, dict) else None,
        extra=read_extra(body),
    )


def text_or_none(value: Any) -> str | None:
    """The value when it is a string."""
    return value if isinstance(value, str) else None


def write_response(response: Response, reply: Reply) -> dict[str, Any]:
    """A whole answer for a client."""
    own = response.origin == "anthropic"
    blocks = [write_part(part, own=own) for part in response.parts]
    reason = write_reason(
        response.finish,
        calls=any(isinstance(part, ToolCall) for part in response.parts),
        refused=any(isinstance(part, Refusal) for part in response.parts),
    )
    if own and response.finish == "unknown":
        reason = response.raw_finish
    extra = dict(response.extra or {}) if own else {}
    usage = extra.pop("usage", None)
    return {
        "id": response.id or reply.id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [block for block in blocks if block is not None],
        "stop_reason": reason,
        "stop_sequence": response.stop_sequence,
        "usage": {**write_usage(response.usage), **(usage if isinstance(usage, dict) else {})},
        **extra,
    }


def write_part(part: Part, *, own: bool) -> Block | None:
    """A part of an answer as a block; None for thinking that holds nothing that a client could read or send back.

    `own`: the part came in this protocol. A stream's writer does not know, and then keeps the keys that only this protocol has.
    """
    extra = part_extra(part) if not own else dict(getattr(part, "extra", None) or {})
    match part:
        case Text() | Refusal():
            return {"type": "text", "text": part.text, **extra}
        case Reasoning():
            return _reasoning(part, extra)
        case ToolCall():
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": tool_input(part)[0], **extra}
        case Opaque(protocol="anthropic"):
            return part.raw
    assert isinstance(part, Media | ToolResult | Opaque)
    return {"type": "text", "text": left_out(part)}


def part_extra(part: Part) -> dict[str, Any]:
    """A part's extra keys that belong to this protocol, whatever the others are."""
    extra = getattr(part, "extra", None) or {}
    return {key: value for key, value in extra.items() if key in _OWN_PART_EXTRAS}


def _reasoning(part: Reasoning, extra: dict[str, Any]) -> Block | None:
    seal = part.seal if part.seal is not None and part.seal.vendor == VENDOR else None
    if seal is not None and seal.kind == "redacted":
        return {"type": "redacted_thinking", "data": seal.value, **extra}
    if seal is None and not part.text:
        return None
    return {"type": "thinking", "thinking": part.text, "signature": seal.value if seal is not None else "", **extra}
