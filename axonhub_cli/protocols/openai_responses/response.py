"""What whole responses and streams share: usage, finish reasons, and the response object that almost every event carries."""

from typing import Any

from ...types.messages import FinishReason, Request, Text, Usage
from ...types.quirks import Quirks
from ..base import Losses, Reply
from .fields import clean, mapping, number, text
from .request_write import write_format
from .tools import write_choice, write_tools

_INCOMPLETE: dict[str, FinishReason] = {"max_output_tokens": "length", "content_filter": "content_filter"}
# why an answer is called incomplete; every other reason is a completed one
INCOMPLETE_REASONS: dict[FinishReason | None, str] = {
    "length": "max_output_tokens",
    "context_length": "max_output_tokens",
    "content_filter": "content_filter",
}


def read_usage(body: dict[str, Any]) -> Usage | None:
    """The `usage` of a response object; cache writes have one figure here."""
    fields = mapping(body, "usage")
    if not fields:
        return None
    cached, detail = mapping(fields, "input_tokens_details"), mapping(fields, "output_tokens_details")
    return Usage(
        input=number(fields, "input_tokens"),
        output=number(fields, "output_tokens"),
        cache_read=number(cached, "cached_tokens"),
        cache_write_5m=number(cached, "cache_write_tokens"),
        reasoning=number(detail, "reasoning_tokens"),
    )


def write_usage(usage: Usage | None) -> dict[str, Any] | None:
    """All figures that clients insist on, or None when neither total is known."""
    if usage is None or (usage.input is None and usage.output is None):
        return None
    given, made = usage.input or 0, usage.output or 0
    written = None
    if usage.cache_write_5m is not None or usage.cache_write_1h is not None:
        written = (usage.cache_write_5m or 0) + (usage.cache_write_1h or 0)
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": usage.cache_read or 0, **clean(cache_write_tokens=written)},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning or 0},
        "total_tokens": given + made,
    }


def read_finish(body: dict[str, Any], *, incomplete: bool, calls: bool, refused: bool) -> tuple[FinishReason, str]:
    """`(reason, the vendor's own word)` of a response that has ended."""
    if incomplete:
        word = text(mapping(body, "incomplete_details"), "reason") or "incomplete"
        return _INCOMPLETE.get(word, "length" if word == "incomplete" else "unknown"), word
    return ("tool_calls" if calls else "refusal" if refused else "stop"), "completed"


def envelope(reply: Reply, response_id: str) -> dict[str, Any]:
    """The response object before anything is in it. What the client asked for is repeated, as the API does."""
    fields: dict[str, Any] = {
        "id": response_id,
        "object": "response",
        "created_at": reply.created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "metadata": {},
        "model": reply.model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": False,
        "temperature": None,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "truncation": "disabled",
        "usage": None,
        "user": None,
    }
    return fields if reply.request is None else {**fields, **_echo(reply.request)}


def _echo(request: Request) -> dict[str, Any]:
    thinking, extra = request.thinking, request.extra or {}
    shape = write_format(request.output, own=True) if request.output else {"type": "text"}
    asked = {
        "instructions": "\n\n".join(part.text for part in request.system if isinstance(part, Text)) or None,
        "max_output_tokens": request.max_tokens,
        "metadata": request.metadata,
        "parallel_tool_calls": request.parallel_tools,
        "previous_response_id": extra.get("previous_response_id"),
        "prompt_cache_key": request.cache_key,
        "reasoning": {"effort": thinking.effort, "summary": thinking.summary} if thinking else None,
        "temperature": request.temperature,
        "text": {"format": shape, **clean(verbosity=request.verbosity)},
        "tool_choice": write_choice(request, Losses()),
        "tools": write_tools(request, Quirks(), Losses()),
        "top_p": request.top_p,
        "truncation": extra.get("truncation"),
        "user": request.user,
    }
    return clean(**asked)
