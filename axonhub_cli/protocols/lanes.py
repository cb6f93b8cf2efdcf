"""The request's way through: which lane it takes, and the body that the upstream gets.

    verbatim   same protocol, nothing to change: the client's bytes, as they are
    splice     same protocol, a few top-level keys change (the model, stream_options): every other value keeps its bytes
    convert    everything else: read, adapt to what the target has, write. Also the same protocol, where an endpoint speaks an
    older or
               smaller dialect of it than the client does (`Quirks`)

`Prepared` carries what the response needs on its way back.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from ..types.messages import Loss, Request
from .adapt import adapt
from .arrive import arrive
from .base import Codec, Losses, Target
from .body import ClientBody
from .compaction import Compactor, asked, expand
from .raw import dumps, splice
from .refusals import STATE
from .seal_wire import settle
from .sealer import Back, Sealer
from .seals import VENDORS, Blank, Book
from .tools import Toolbox, legal_id

_CONVERSATION = ("messages", "input", "contents", "system", "instructions", "systemInstruction", "tools")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An upstream body and how it came about. `request`, `toolbox`, `settings` and `back` are there on the convert lane only;
    `settings` are the body's fields, the conversation apart.

    `back` makes what the answer's events go through. `hide_usage`: the upstream was asked for a usage chunk that the client did
    not ask for.
    """

    body: bytes
    lane: Literal["verbatim", "splice", "convert"]
    request: Request | None = None
    toolbox: Toolbox | None = None
    settings: dict[str, Any] | None = None
    losses: list[Loss] = field(default_factory=list)
    hide_usage: bool = False
    back: Callable[[], Back] | None = None


def prepare(
    client: Codec,
    upstream: Codec,
    body: ClientBody,
    target: Target,
    book: Book | None = None,
    *,
    mixed: bool = False,
    trust: bool = True,
) -> Prepared:
    """The body for an upstream. Raises `RequestError` when the request cannot be formed there.

    `book` remembers seals; `mixed` says that other channels served this conversation, `trust` False that the upstream has just
    refused a seal of this request.
    """
    book = book or Blank()
    if client.name == upstream.name and _same_dialect(client.name, body, target):
        return _splice(client, body, target, book, mixed=mixed, trust=trust)
    losses = Losses()
    request = client.read_request(body.fields)
    opened, compacts = request, None
    if client.name == "openai-responses":  # only its clients have compaction
        opened = expand(request)
        compacts = asked(opened)
    arrived = arrive(compacts or opened, upstream.name, target, book, losses, trust=trust)
    adapted = adapt(arrived, upstream.name, target.quirks, losses)
    quirks = target.quirks
    native = _native(upstream, target)
    toolbox = Toolbox.of(adapted, native=native, limit=quirks.tool_name_limit, id_length=quirks.call_id_length)
    adapted = toolbox.outward(adapted, losses)
    written = upstream.write_request(adapted, target, losses)
    sent = dumps({key: value for key, value in written.items() if key not in upstream.in_path})
    settings = {key: value for key, value in written.items() if key not in _CONVERSATION}

    def back() -> Back:
        other = client.name != upstream.name
        maker = target.maker or VENDORS[upstream.name]
        if compacts is not None:
            return Back(Compactor(maker, target.channel))
        return Back(Sealer(client.name, maker, target.channel) if other else None, toolbox.inward())

    return Prepared(
        body=sent, lane="convert", request=request, toolbox=toolbox, settings=settings, losses=losses.items, back=back
    )


def _splice(client: Codec, body: ClientBody, target: Target, book: Book, *, mixed: bool, trust: bool) -> Prepared:
    losses = Losses()
    changes = settle(client.name, body, target, book, losses, mixed=mixed, trust=trust)
    hide_usage = False
    if body.model != target.model and "model" not in client.in_path:
        changes["model"] = target.model
    if client.name == "openai-chat" and body.stream and target.quirks.stream_usage:
        options = body.get("stream_options")
        if not isinstance(options, dict) or not options.get("include_usage"):
            changes["stream_options"] = {**(options if isinstance(options, dict) else {}), "include_usage": True}
            hide_usage = True
    if not changes:
        return Prepared(body=body.data, lane="verbatim")
    return Prepared(body=splice(body.data, changes), lane="splice", losses=losses.items, hide_usage=hide_usage)


def _native(upstream: Codec, target: Target) -> bool:
    return upstream.name == "openai-responses" and target.quirks.native_responses


def _same_dialect(protocol: str, body: ClientBody, target: Target) -> bool:
    """Whether an endpoint of the client's own protocol takes this request as it is. The body is looked into only where a quirk
    asks."""
    quirks = target.quirks
    if (not quirks.images and _shows(protocol, body.data, 0)) or (not quirks.documents and _shows(protocol, body.data, 1)):
        return False  # one of them in the history would have every further request refused
    if protocol == "openai-responses":
        return quirks.native_responses or not _needs_native_responses(body.fields)
    if protocol == "anthropic":
        return (quirks.late_system or not _has_late_system(body.fields)) and (quirks.adaptive or not _is_adaptive(body.fields))
    return not quirks.call_id_length or _all_ids_legal(body.fields, quirks.call_id_length)


_MEDIA: dict[str, tuple[bytes, bytes]] = {  # how a request says: here is an image, a document
    "anthropic": (b"image", b"document"),
    "openai-chat": (b"image_url", b"file"),
    "openai-responses": (b"input_image", b"input_file"),
}


def _shows(protocol: str, data: bytes, kind: int) -> bool:
    word = _MEDIA[protocol][kind] if protocol in _MEDIA else b""
    return bool(word) and b'"%b"' % word in data and re.search(rb'"type"\s*:\s*"%b"' % word, data) is not None


def _all_ids_legal(fields: dict[str, Any], length: int) -> bool:
    """Whether the history's tool calls have ids that the endpoint takes: they may come from another vendor's answers."""
    messages = fields.get("messages")
    ids = [message.get("tool_call_id") for message in messages if isinstance(message, dict)] if isinstance(messages, list) else []
    return all(not isinstance(call_id, str) or legal_id(call_id, length) for call_id in ids)


def _needs_native_responses(fields: dict[str, Any]) -> bool:
    tools = fields.get("tools")
    if isinstance(tools, list) and any(not isinstance(tool, dict) or tool.get("type") != "function" for tool in tools):
        return True
    if any(fields.get(key) for key in STATE):
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
