"""Cache marks for clients that send none: the end of the tools, the end of the system prompt, the last two user turns.

These are the four that Anthropic allows. The last turn's mark writes the cache, the one before it finds what was written then.
"""

from typing import Any

from ...types.messages import Request, ToolResult
from .outgoing_blocks import cache_mark


def has_marks(request: Request) -> bool:
    """Whether the client set any cache mark itself."""
    parts = [*request.system, *(part for message in request.messages for part in message.parts)]
    inner = [item for part in parts if isinstance(part, ToolResult) for item in part.parts]
    return any(getattr(thing, "cache", None) is not None for thing in (*request.tools, *parts, *inner))


def goes_on(request: Request) -> bool:
    """Whether a next request will begin with this one, as far as can be told: writing a cache for nobody costs a quarter more."""
    return bool(request.tools) or sum(message.role == "user" for message in request.messages) > 1


def mark(body: dict[str, Any]) -> None:
    """Adds the marks to a written body."""
    tools = [tool for tool in body.get("tools", ()) if not tool.get("defer_loading")]
    if tools:
        tools[-1]["cache_control"] = cache_mark("5m")
    if body.get("system"):
        body["system"] = _marked(body["system"])
    turns = [message for message in body["messages"] if message["role"] == "user"]
    for message in turns[-2:]:
        message["content"] = _marked(message["content"])


def _marked(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
    if blocks:
        blocks[-1] = {**blocks[-1], "cache_control": cache_mark("5m")}
    return blocks
