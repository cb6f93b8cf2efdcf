"""Codex's compaction, for upstreams that have none.

A Responses API replaces a conversation by one opaque `compaction` item when it is asked to: by a `compaction_trigger` item at the
end of the input, or at `/v1/responses/compact`. Elsewhere the model is asked in words for a summary, and the summary is packed
into an item of that form: the client keeps and sends it as it would keep the vendor's own. On its way in such an item is opened
again, at whatever upstream: it becomes user text.
"""

from typing import Any

from msgspec.structs import replace

from ..errors import RequestError
from ..types.events import End, Event, Failure, Finish, PartEnd, PartStart, Start, TextDelta, UsageUpdate
from ..types.messages import Message, Opaque, Part, Request, Seal, Text, ToolChoice
from .body import ClientBody
from .raw import splice
from .seals import is_packed, pack, unpack

TRIGGER = "compaction_trigger"
KINDS = ("compaction", "compaction_summary")
_KIND = "compaction"
ORDER = (
    "Summarise this conversation for whoever continues it without having seen it. State the task and its constraints, what was "
    "decided and why, what was done (files, commands and their outcome), what is open, and the next step. Keep names, paths and "
    "figures exact. Answer with the summary only; call no tools."
)
OPENING = "Summary of the conversation so far:"
_DAMAGED = "[a summary of the conversation stood here and cannot be read]"


def triggers(items: Any) -> int:
    """How many triggers an `input` list holds."""
    listed = items if isinstance(items, list) else []
    return sum(isinstance(item, dict) and item.get("type") == TRIGGER for item in listed)


def asked(request: Request) -> Request | None:
    """The request as one for a summary, or None when it asks for none. A second trigger is an error: which end is meant?"""
    found = [part for message in request.messages for part in message.parts if _is(part, TRIGGER)]
    if not found:
        return None
    if len(found) > 1:
        raise RequestError(
            f"input: {len(found)} compaction_trigger items stand in one request, and one is due.",
            hint="Send one, as the last item of the input.",
            param="input",
        )
    messages = tuple(_without(message) for message in request.messages)
    order = Message(role="user", parts=(Text(text=ORDER),))
    return replace(
        request,
        messages=(*(message for message in messages if message.parts), order),
        tool_choice=ToolChoice(mode="none") if request.tools else None,
        output=None,
    )


def _is(part: Part, kind: str) -> bool:
    return isinstance(part, Opaque) and part.protocol == "openai-responses" and part.kind == kind


def _without(message: Message) -> Message:
    kept = tuple(part for part in message.parts if not _is(part, TRIGGER))
    return message if len(kept) == len(message.parts) else replace(message, parts=kept)


def expand(request: Request) -> Request:
    """The request with summaries of ours opened; the same object when there are none."""
    messages = tuple(replace(m, role="user", parts=tuple(map(_opened, m.parts))) if _ours(m) else m for m in request.messages)
    return request if messages == request.messages else replace(request, messages=messages)


def _ours(message: Message) -> bool:
    return any(_value(part.raw) is not None for part in message.parts if isinstance(part, Opaque))


def _opened(part: Part) -> Part:
    text = summary_of(part.raw) if isinstance(part, Opaque) else None
    return part if text is None else Text(text=text)


def _value(item: dict[str, Any]) -> str | None:
    value = item.get("encrypted_content") if item.get("type") in KINDS else None
    return value if isinstance(value, str) and is_packed(value) else None


def summary_of(item: dict[str, Any]) -> str | None:
    """The text of a compaction item of ours; None for any other item."""
    value = _value(item)
    if value is None:
        return None
    inner = unpack(value)
    return f"{OPENING}\n\n{inner.value}" if inner is not None and inner.kind == _KIND else _DAMAGED


class Compactor:
    """Turns an answer's text into one compaction item: a stream transducer. Thinking and calls are nobody's business here."""

    def __init__(self, maker: str, channel: str) -> None:
        self._maker, self._channel = maker, channel
        self._texts: list[str] = []
        self._id = ""

    def feed(self, events: list[Event]) -> list[Event]:
        """The events with parts held back until the end."""
        out: list[Event] = []
        for event in events:
            if isinstance(event, Start):
                self._id = event.id
                out.append(event)
            elif isinstance(event, UsageUpdate | Failure):
                out.append(event)
            elif isinstance(event, PartStart) and isinstance(event.part, Text):
                self._texts.append(event.part.text)
            elif isinstance(event, TextDelta):
                self._texts.append(event.text)
            elif isinstance(event, Finish | End):
                out += self._item()
                out.append(replace(event, reason="stop") if isinstance(event, Finish) and event.reason == "tool_calls" else event)
        return out

    def passes(self, kind: type[Event]) -> bool:
        """Nothing does: text is collected, thinking dropped."""
        return False

    def _item(self) -> list[Event]:
        """The item, once."""
        if self._texts is _SAID:
            return []
        text, self._texts = "".join(self._texts).strip(), _SAID
        packed = pack(Seal(self._maker, _KIND, text, None, self._channel))
        raw = {"id": f"cmp_{self._id}", "type": "compaction", "encrypted_content": packed}
        return [PartStart(0, Opaque(protocol="openai-responses", kind="compaction", raw=raw)), PartEnd(0)]


_SAID: list[str] = []  # stands for texts that have gone out


def triggered(body: ClientBody) -> ClientBody:
    """A body of `/v1/responses/compact` as that of an ordinary request that ends in a trigger."""
    given = body.get("input")
    items = given if isinstance(given, list) else [{"type": "message", "role": "user", "content": given or ""}]
    return ClientBody(splice(body.data, {"input": [*items, {"type": TRIGGER}], "stream": None}))


def as_object(body: dict[str, Any], asked_items: Any) -> dict[str, Any]:
    """A whole answer as `/v1/responses/compact` gives it: what the user said, then the item."""
    listed = asked_items if isinstance(asked_items, list) else [{"type": "message", "role": "user", "content": asked_items or ""}]
    kept = [item for item in listed if isinstance(item, dict) and item.get("role") == "user"]
    output = [item for item in body.get("output", ()) if item.get("type") == "compaction"]
    return {
        "id": body.get("id"),
        "object": "response.compaction",
        "created_at": body.get("created_at"),
        "output": [*kept, *output],
        "usage": body.get("usage"),
    }
