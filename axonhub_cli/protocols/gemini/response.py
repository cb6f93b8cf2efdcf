"""A whole answer, read and written. Reading is the stream's own reader, fed with one big chunk, so that both mean the same."""

from typing import Any

from msgspec.structs import replace

from ...errors import ProtocolError
from ...types.events import fold
from ...types.messages import Media, Opaque, Part, Reasoning, Refusal, Response, Text, ToolCall
from ..base import Reply
from ..raw import dumps, loads
from .assembly import NOTES
from .errors import error_in
from .fields import VENDOR, Block
from .parts import signature
from .stream_read import Reader
from .usage import write_finish, write_usage

_CANDIDATE = frozenset({"content", "finishReason", "index", *NOTES})
EMPTY: Block = {"text": ""}


def read_response(body: dict[str, Any]) -> Response:
    """The answer. An error object gives an empty one (callers ask `error_in` first); what is neither raises `ProtocolError`."""
    reader = Reader()
    events = reader.take(body)
    if error_in(body) is None:
        if events is None or not (body.get("candidates") or body.get("promptFeedback")):
            raise ProtocolError("the upstream's answer holds no candidate")
        events += reader.close()
    response = fold(events or [], VENDOR)
    candidates = body.get("candidates")
    first = candidates[0] if isinstance(candidates, list) and candidates else {}
    aside = {key: value for key, value in first.items() if key not in _CANDIDATE and value is not None}
    return replace(response, extra={**(response.extra or {}), "candidate": aside}) if aside else response


def write_response(response: Response, reply: Reply) -> dict[str, Any]:
    """The body of an answer to a client."""
    extra = dict(response.extra or {}) if response.origin == VENDOR else {}
    aside = extra.pop("candidate", None)
    called = any(isinstance(part, ToolCall) for part in response.parts)
    parts = [write_part(part) for part in response.parts]
    candidate = {
        "content": {"parts": parts or [EMPTY], "role": "model"},
        "finishReason": write_finish(response.finish, called),
        "index": 0,
        **_notes(response),
        **(aside if isinstance(aside, dict) else {}),
    }
    usage = write_usage(response.usage)
    told = {"usageMetadata": usage} if usage else {}
    return {"candidates": [candidate], **told, "modelVersion": reply.model, "responseId": response.id or reply.id, **extra}


def _notes(response: Response) -> Block:
    """What the vendor hung on a text: it stands beside the content."""
    notes: Block = {}
    for part in response.parts if response.origin == VENDOR else ():
        for key in NOTES:
            items = (part.extra or {}).get(key) if isinstance(part, Text) else None
            if isinstance(items, list) and items:
                notes[key] = items[-1]
    return notes


def write_part(part: Part) -> Block:
    """One part of an answer; what this protocol cannot hold becomes text that a reader sees."""
    match part:
        case Text() | Refusal():
            return {"text": part.text}
        case Reasoning():
            mark = signature(part.seal)
            return {"text": part.text, **({"thought": True} if part.text or not mark else {}), **mark}
        case ToolCall():
            call = {"id": part.id, "name": part.name, "args": arguments_of(part)}
            return {"functionCall": call, **signature(part.seal)}
        case Media() if part.data is not None:
            return {"inlineData": {"mimeType": part.mime or "application/octet-stream", "data": part.data}}
        case Media() if part.url is not None or part.file_id is not None:
            return {"fileData": {"mimeType": part.mime or "application/octet-stream", "fileUri": part.url or part.file_id}}
        case Opaque() if part.protocol == VENDOR:
            return part.raw
    kind = part.kind if isinstance(part, Opaque | Media) else type(part).__name__
    return {"text": f"[{kind}: this protocol's answers cannot hold it]"}


def arguments_of(call: ToolCall) -> Block:
    """A call's arguments as the object that the wire wants."""
    if call.kind == "custom":
        return {"input": call.arguments}
    if not call.arguments.strip():
        return {}
    try:
        value = loads(call.arguments)
    except ProtocolError:
        value = None
    return value if isinstance(value, dict) else {"_raw": call.arguments}


def chunk(reply: Reply, answer: str, parts: list[Block], **candidate: Any) -> bytes:
    """One chunk of a stream as JSON."""
    content = {"content": {"parts": parts, "role": "model"}, **candidate, "index": 0}
    return dumps({"candidates": [content], "modelVersion": reply.model, "responseId": answer})
