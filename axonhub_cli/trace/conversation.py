"""A request's part of the conversation: what it brought that is new, and what the model answered.

Bodies are read with the codecs of their protocols, so that one form comes out of all of them. What cannot be read is left out:
a body is what a stranger sent.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from ..errors import AxonHubError
from ..protocols.registry import codec
from ..protocols.sse import Decoder
from ..types.events import Failure, Folder
from ..types.messages import Message, Part, Reasoning, Refusal, Response, Text, ToolCall, ToolResult
from .records import BodyKind

Who = Literal["user", "tool", "system", "model", "thinking", "call"]
_PUT_IN = ("<environment_context>", "<user_instructions>")  # what Codex says in its user's name
_TROUBLE = (AxonHubError, ValueError, TypeError, AttributeError, KeyError, RecursionError)


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said. `name` is the tool's, for calls and their results; a call's text are its arguments."""

    who: Who
    text: str
    name: str | None = None


def conversation(request: Mapping[str, Any], bodies: Mapping[BodyKind, bytes]) -> list[Said]:
    """What is new in a request, then its answer. `request` has protocol, outcome and attempts, as the reader gives them."""
    upstream = next((attempt["protocol"] for attempt in reversed(request["attempts"])), request["protocol"])
    said = asked(request["protocol"], bodies.get("client_request", b""))
    return said + ([] if request["outcome"] == "error" else answered(upstream, bodies.get("upstream_response", b"")))


def asked(protocol: str, body: bytes) -> list[Said]:
    """What stands after the model's last message."""
    try:
        messages = codec(protocol).read_request(msgspec.json.decode(body)).messages
    except _TROUBLE:
        return []
    last = max((index for index, message in enumerate(messages) if message.role == "assistant"), default=-1)
    names = {part.id: part.name for message in messages for part in message.parts if isinstance(part, ToolCall)}
    return [said for message in messages[last + 1 :] for said in _of_message(message, names)]


def _of_message(message: Message, names: Mapping[str, str]) -> Iterator[Said]:
    for part in message.parts:
        if isinstance(part, ToolResult):
            yield Said("tool", _texts(part.parts), names.get(part.call_id))
        elif message.role != "user" or (isinstance(part, Text) and part.text.startswith(_PUT_IN)):
            yield Said("system", _texts([part]))
        elif not (isinstance(part, Text) and part.text.startswith("<system-reminder>")):
            yield Said("user", _texts([part]))


def _texts(parts: Iterable[Part]) -> str:
    return "\n".join(part.text if isinstance(part, Text) else f"[{type(part).__name__.lower()}]" for part in parts)


def answered(protocol: str, body: bytes) -> list[Said]:
    """The parts of an upstream's answer, streamed or whole; as much of a stream as came."""
    response = response_of(protocol, body)
    return [] if response is None else [said for part in response.parts if (said := _of_part(part)) is not None]


def response_of(protocol: str, body: bytes) -> Response | None:
    """The whole answer, or None when there is none."""
    try:
        if body.lstrip()[:1] == b"{":
            fields = msgspec.json.decode(body)
            return None if codec(protocol).error_in(fields) else codec(protocol).read_response(fields)
        return _folded(protocol, body) if body else None
    except _TROUBLE:
        return None


def _folded(protocol: str, body: bytes) -> Response:
    reader, folder, decoder = codec(protocol).stream_reader(), Folder(codec(protocol).name), Decoder()
    for frame in [*decoder.feed(body), *decoder.close()]:
        for event in reader.feed(frame):
            if not isinstance(event, Failure):
                folder.feed(event)
    return folder.response()


def _of_part(part: Part) -> Said | None:
    match part:
        case Text(text=text) | Refusal(text=text):
            return Said("model", text)
        case Reasoning(text=text):
            return Said("thinking", text) if text else None
        case ToolCall():
            return Said("call", part.arguments, part.name)
    return Said("model", f"[{type(part).__name__.lower()}]")
