"""Token counts and finish reasons, both ways.

`promptTokenCount` includes what came from a cache; `candidatesTokenCount` is without the thoughts, which have a count of their
own.
"""

from typing import Any

from ...types.messages import FinishReason, Usage
from ...types.problem import ErrorKind
from .fields import Block, camel

_READS: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
}
_WRITES: dict[FinishReason, str] = {
    "length": "MAX_TOKENS",
    "context_length": "MAX_TOKENS",
    "refusal": "SAFETY",
    "content_filter": "SAFETY",
    "unknown": "OTHER",
}
# The model broke off in the middle: whoever took this for an end would leave an agent's task half done.
FAILED: dict[str, tuple[ErrorKind, str]] = {
    "MALFORMED_FUNCTION_CALL": ("server", "The upstream's model formed a tool call that cannot be read."),
    "MALFORMED_RESPONSE": ("server", "The upstream's model formed an answer that cannot be read."),
    "UNEXPECTED_TOOL_CALL": ("server", "The upstream's model called a tool that it was not offered."),
    "TOO_MANY_TOOL_CALLS": ("server", "The upstream's model called too many tools in a row."),
    "MISSING_THOUGHT_SIGNATURE": ("invalid_request", "The upstream misses the thought signature of an earlier tool call."),
}


def read_finish(word: str | None, called: bool) -> FinishReason:
    """The reason. After a tool call, `STOP` or an unknown word would end an agent in mid-task: it is `tool_calls` then."""
    reason = _READS.get(word or "", "unknown")
    return "tool_calls" if called and reason in ("stop", "unknown") else reason


def write_finish(reason: FinishReason | None, called: bool) -> str:
    """The word of this protocol; clients take an answer without one for broken."""
    word = _WRITES.get(reason or "stop", "STOP")
    return "STOP" if called and word == "OTHER" else word


def read_usage(value: Any) -> Usage | None:
    """The figures of `usageMetadata`, None when it has none."""
    if not isinstance(value, dict):
        return None
    counts = {camel(key): count for key, count in value.items() if isinstance(count, int) and not isinstance(count, bool)}
    prompt, used = counts.get("promptTokenCount"), counts.get("toolUsePromptTokenCount")
    spoken, thought = counts.get("candidatesTokenCount"), counts.get("thoughtsTokenCount")
    usage = Usage(
        input=_sum(prompt, used),
        output=_sum(spoken, thought),
        cache_read=counts.get("cachedContentTokenCount"),
        reasoning=thought,
    )
    return usage if usage != _NOTHING else None


_NOTHING = Usage()


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None and second is None else (first or 0) + (second or 0)


def write_usage(usage: Usage | None) -> Block | None:
    """`usageMetadata`; a figure that was not told is absent, never 0."""
    if usage is None or (usage.input is None and usage.output is None):
        return None
    known = usage.input is not None and usage.output is not None
    prompt = usage.input if usage.cache_read is None else max(usage.input or 0, usage.cache_read)  # the cached part is part of it
    rows = (
        ("promptTokenCount", prompt),
        ("cachedContentTokenCount", usage.cache_read),
        ("candidatesTokenCount", None if usage.output is None else max(0, usage.output - (usage.reasoning or 0))),
        ("thoughtsTokenCount", usage.reasoning),
        ("totalTokenCount", (prompt or 0) + (usage.output or 0) if known else None),
    )
    return {key: count for key, count in rows if count is not None}
