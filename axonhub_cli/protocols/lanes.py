"""The request's way through: which lane it takes, and the body that the upstream gets.

    verbatim   same protocol, nothing to change: the client's bytes, as they are
    splice     same protocol, a few top-level keys change (the model, stream_options, parameters that the endpoint does not
               have): every other value keeps its bytes
    convert    everything else: read, adapt to what the target has, write. Also the same protocol, where an endpoint speaks an
               older or smaller dialect of it than the client does (`dialect`)

`Prepared` carries what the response needs on its way back.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from ..types.edited import Body
from ..types.messages import Loss, Request
from .adapt import adapt
from .arrive import arrive
from .base import Codec, Losses, Target
from .body import ClientBody
from .compaction import Compactor, asked, expand
from .dialect import takes, trimmed
from .raw import dumps, loads, splice
from .seal_wire import settle
from .sealer import Back, Sealer
from .seals import VENDORS, Blank, Book
from .tools import Toolbox

_CONVERSATION = ("messages", "input", "contents", "system", "instructions", "systemInstruction", "tools")


class Prepared(Struct, frozen=True, kw_only=True, eq=False):
    """What an upstream is sent and how it came about. `request`, `toolbox`, `settings` and `back` are there on the convert lane
    only; `settings` are the body's fields, the conversation apart.

    `back` makes what the answer's events go through. `hide_usage`: the upstream was asked for a usage chunk that the client did
    not ask for.
    """

    sent: Body
    lane: Literal["verbatim", "splice", "convert"]
    request: Request | None = None
    toolbox: Toolbox | None = None
    settings: dict[str, Any] | None = None
    losses: list[Loss] = field(default_factory=list)
    hide_usage: bool = False
    back: Callable[[], Back] | None = None

    @property
    def body(self) -> bytes:
        """What is sent, in one piece."""
        return bytes(self.sent)


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
    if client.name == upstream.name and takes(client.name, body, target.quirks):
        return _splice(client, body, target, book, mixed=mixed, trust=trust)
    losses = Losses()
    request, target = _read(client, body, target)
    opened, compacts = request, None
    if client.name == "openai-responses":  # only its clients have compaction
        opened = expand(request)
        compacts = asked(opened)
    arrived = arrive(compacts or opened, upstream.name, target, book, losses, trust=trust)
    adapted = adapt(arrived, upstream.name, target.quirks, losses, target.memory)
    quirks = target.quirks
    native = _native(upstream, target)
    memory, limit, length = target.memory, quirks.tool_name_limit, quirks.call_id_length
    toolbox = Toolbox.of(adapted, native=native, limit=limit, id_length=length, memory=memory)
    adapted = toolbox.outward(adapted, losses, memory)
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
        sent=sent, lane="convert", request=request, toolbox=toolbox, settings=settings, losses=losses.items, back=back
    )


def _read(client: Codec, body: ClientBody, target: Target) -> tuple[Request, Target]:
    """The client's request, out of the target's memory as far as that goes; a target without it where that does not go."""
    pieces, memory = client.pieces, target.memory
    apart = body.apart(pieces.key, frozenset(pieces.whole)) if pieces is not None and memory is not None else None
    if apart is None or pieces is None or memory is None:
        return client.read_request(body.fields), replace(target, memory=None) if memory is not None else target
    apart[pieces.key] = [
        memory.read(client.name, data, partial(_read_item, pieces.item, f"{pieces.key}[{at}]"))
        for at, data in enumerate(apart[pieces.key])
    ]
    for key, read in pieces.whole.items():
        if key in apart:
            apart[key] = memory.read(f"{client.name} {key}", apart[key], partial(_read_value, read))
    return client.read_request(apart), target


def _read_item(read: Callable[[Any, str], Any], path: str, data: bytes) -> Any:
    return read(loads(data), path)


def _read_value(read: Callable[[Any], Any], data: bytes) -> Any:
    return read(loads(data))


def _splice(client: Codec, body: ClientBody, target: Target, book: Book, *, mixed: bool, trust: bool) -> Prepared:
    losses = Losses()
    changes = settle(client.name, body, target, book, losses, mixed=mixed, trust=trust)
    changes |= trimmed(client.name, body, target.quirks, losses)
    hide_usage = False
    if body.model != target.model and "model" not in client.in_path:
        changes["model"] = target.model
    if client.name == "openai-chat" and body.stream and target.quirks.stream_usage:
        options = body.get("stream_options")
        if not isinstance(options, dict) or not options.get("include_usage"):
            changes["stream_options"] = {**(options if isinstance(options, dict) else {}), "include_usage": True}
            hide_usage = True
    if not changes:
        return Prepared(sent=body.data, lane="verbatim")
    edited = body.edited(changes)
    sent = splice(body.data, changes) if edited is None else edited
    return Prepared(sent=sent, lane="splice", losses=losses.items, hide_usage=hide_usage)


def _native(upstream: Codec, target: Target) -> bool:
    return upstream.name == "openai-responses" and target.quirks.native_responses
