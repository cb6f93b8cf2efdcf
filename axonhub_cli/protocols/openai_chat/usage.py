"""Token counts and finish reasons, both ways.

Counts here include their subsets, as the model's do. Vendors put the same figures in different places, so each figure has a
list of places, the official one first. Some (xAI, Gemini's compatible endpoint) leave the reasoning out of `completion_tokens`
and count it in `total_tokens` only: the total tells.
"""

from typing import Any

from ...types.messages import FinishReason, Usage

_INPUT = (("prompt_tokens",), ("input_tokens",))
_OUTPUT = (("completion_tokens",), ("output_tokens",))
_READ = (
    ("prompt_tokens_details", "cached_tokens"),
    ("prompt_cache_hit_tokens",),
    ("cached_tokens",),
    ("cache_read_input_tokens",),
)
_WRITE_5M = (
    ("cache_creation", "ephemeral_5m_input_tokens"),
    ("prompt_tokens_details", "cache_write_tokens"),
    ("prompt_tokens_details", "cache_creation_tokens"),
    ("cache_creation_input_tokens",),
)
_WRITE_1H = (("cache_creation", "ephemeral_1h_input_tokens"),)
_REASONING = (("completion_tokens_details", "reasoning_tokens"), ("reasoning_tokens",))

_READS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "sensitive": "content_filter",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_length",
}
_WRITES: dict[FinishReason, str] = {
    "length": "length",
    "context_length": "length",
    "tool_calls": "tool_calls",
    "refusal": "content_filter",
    "content_filter": "content_filter",
}


def read_finish(word: str | None, called: bool) -> FinishReason:
    """The reason. After a tool call, `stop` or an unknown word would end an agent in mid-task: it is `tool_calls` then."""
    reason = _READS.get(word or "", "unknown")
    return "tool_calls" if called and reason in ("stop", "unknown") else reason


def write_finish(reason: FinishReason | None, called: bool) -> str:
    """The word of this protocol; clients ask again without end where there is none."""
    if called and reason in (None, "stop", "unknown"):
        return "tool_calls"
    return _WRITES.get(reason or "stop", "stop")


def read_usage(value: Any) -> Usage | None:
    """The figures of a usage object, None when it has none."""
    if not isinstance(value, dict):
        return None
    output, reasoning = _first(value, _OUTPUT), _first(value, _REASONING)
    usage = Usage(
        input=_first(value, _INPUT),
        output=output,
        cache_read=_first(value, _READ),
        cache_write_5m=_first(value, _WRITE_5M),
        cache_write_1h=_first(value, _WRITE_1H),
        reasoning=reasoning,
    )
    if output is not None and reasoning and value.get("total_tokens") == (usage.input or 0) + output + reasoning:
        usage = Usage(**{**{key: getattr(usage, key) for key in usage.__struct_fields__}, "output": output + reasoning})
    return usage if usage != _NOTHING else None


_NOTHING = Usage()


def _first(value: dict[str, Any], places: tuple[tuple[str, ...], ...]) -> int | None:
    for place in places:
        found: Any = value
        for key in place:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, int) and not isinstance(found, bool) and found >= 0:
            return found
    return None


def write_usage(usage: Usage | None) -> dict[str, Any] | None:
    """The usage object, or None when neither total is known. Its three totals are required integers; other figures that were not
    told are absent."""
    if usage is None or (usage.input is None and usage.output is None):
        return None
    given, made = usage.input or 0, usage.output or 0
    fields: dict[str, Any] = {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}
    writes = [count for count in (usage.cache_write_5m, usage.cache_write_1h) if count is not None]
    inside = {"cached_tokens": usage.cache_read, "cache_write_tokens": sum(writes) if writes else None}
    inside = {key: count for key, count in inside.items() if count is not None}
    if inside:
        fields["prompt_tokens_details"] = inside
    if usage.reasoning is not None:
        fields["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning}
    return fields
