"""The request's way through: which lane it takes, and the body that the upstream gets.

    verbatim   same protocol, nothing to change: the client's bytes, as they are
    splice     same protocol, a few top-level keys change (the model, stream_options): every other value keeps its bytes
    convert    everything else: read, adapt to what the target has, write. Also the same protocol, where an endpoint speaks an
    older or
               smaller dialect of it than the client does (`Quirks`)

`Prepared` carries what the response needs on its way back.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from ..types.messages import Loss, Request
from .adapt import adapt
from .base import Codec, Losses, Target
from .body import ClientBody
from .raw import dumps, splice
from .tools import Toolbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An upstream body and how it came about. `request` and `toolbox` are there on the convert lane only.

    `hide_usage`: the upstream was asked for a usage chunk that the client did not ask for.
    """

    body: bytes
    lane: Literal["verbatim", "splice", "convert"]
    request: Request | None = None
    toolbox: Toolbox | None = None
    losses: list[Loss] = field(default_factory=list)
    hide_usage: bool = False


def prepare(client: Codec, upstream: Codec, body: ClientBody, target: Target) -> Prepared:
    """The body for an upstream. Raises `RequestError` when the request cannot be formed there."""
    if client.name == upstream.name and _same_dialect(client.name, body, target):
        return _splice(client, body, target)
    losses = Losses()
    request = client.read_request(body.fields)
    adapted = adapt(request, upstream.name, target.quirks, losses)
    toolbox = Toolbox.of(adapted, native=_native(upstream, target), limit=target.quirks.tool_name_limit)
    adapted = toolbox.outward(adapted, losses)
    written = dumps(upstream.write_request(adapted, target, losses))
    return Prepared(body=written, lane="convert", request=request, toolbox=toolbox, losses=losses.items)


def _splice(client: Codec, body: ClientBody, target: Target) -> Prepared:
    changes: dict[str, Any] = {}
    hide_usage = False
    if body.model != target.model:
        changes["model"] = target.model
    if client.name == "openai-chat" and body.stream and target.quirks.stream_usage:
        options = body.get("stream_options")
        if not isinstance(options, dict) or not options.get("include_usage"):
            changes["stream_options"] = {**(options if isinstance(options, dict) else {}), "include_usage": True}
            hide_usage = True
    if not changes:
        return Prepared(body=body.data, lane="verbatim")
    return Prepared(body=splice(body.data, changes), lane="splice", hide_usage=hide_usage)


def _native(upstream: Codec, target: Target) -> bool:
    return upstream.name == "openai-responses" and target.quirks.native_responses


def _same_dialect(protocol: str, body: ClientBody, target: Target) -> bool:
    """Whether an endpoint of the client's own protocol takes this request as it is. The body is looked into only where a quirk
    asks."""
    quirks = target.quirks
    if protocol == "openai-responses":
        return quirks.native_responses or not _needs_native_responses(body.fields)
    if protocol == "anthropic":
        return (quirks.late_system or not _has_late_system(body.fields)) and (quirks.adaptive or not _is_adaptive(body.fields))
    return True


def _needs_native_responses(fields: dict[str, Any]) -> bool:
    tools = fields.get("tools")
    if isinstance(tools, list) and any(not isinstance(tool, dict) or tool.get("type") != "function" for tool in tools):
        return True
    items = fields.get("input")
    plain = ("message", "function_call", "function_call_output", "reasoning")
    return isinstance(items, list) and any(isinstance(item, dict) and item.get("type", "message") not in plain for item in items)


def _has_late_system(fields: dict[str, Any]) -> bool:
    messages = fields.get("messages")
    return isinstance(messages, list) and any(
        isinstance(message, dict) and message.get("role") == "system" for message in messages
    )


def _is_adaptive(fields: dict[str, Any]) -> bool:
    thinking = fields.get("thinking")
    tools = fields.get("tools")
    deferred = isinstance(tools, list) and any(isinstance(tool, dict) and tool.get("defer_loading") for tool in tools)
    return deferred or "output_config" in fields or (isinstance(thinking, dict) and thinking.get("type") == "adaptive")
