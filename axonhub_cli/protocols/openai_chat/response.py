"""A whole answer, read and written. Reading is the stream's own reader, fed with one big chunk, so that both mean the same."""

from typing import Any

from msgspec.structs import replace

from ...errors import ProtocolError
from ...types.events import fold
from ...types.messages import Media, Opaque, Part, Reasoning, Refusal, Response, Text, ToolCall
from ..base import Reply
from .errors import error_in
from .parts import VENDOR
from .stream import Reader
from .usage import write_finish, write_usage

_MESSAGE = frozenset(
    {
        "role",
        "content",
        "refusal",
        "reasoning_content",
        "reasoning",
        "reasoning_details",
        "annotations",
        "images",
        "tool_calls",
        "function_call",
    }
)
_CHOICE = frozenset({"index", "message", "delta", "finish_reason", "usage"})


def read_response(body: dict[str, Any]) -> Response:
    """The answer. An error object gives an empty one (callers ask `error_in` first); what is neither raises `ProtocolError`."""
    reader = Reader()
    events = reader.take(body)
    if error_in(body) is None:
        if not events or not body.get("choices"):
            raise ProtocolError("the upstream's answer holds no choice")
        events += reader.end()
    response = fold(events or [], VENDOR)
    aside = _aside(body.get("choices"))
    return replace(response, extra={**(response.extra or {}), **aside}) if aside else response


def _aside(choices: Any) -> dict[str, Any]:
    """Unknown keys of the choice and of its message (log probabilities, audio), under `choice` and `message`."""
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    message = choice.get("message")
    found = {"choice": _unknown(choice, _CHOICE), "message": _unknown(message if isinstance(message, dict) else {}, _MESSAGE)}
    return {key: value for key, value in found.items() if value}


def _unknown(fields: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key not in known and value is not None}


def write_response(response: Response, reply: Reply) -> dict[str, Any]:
    """The body of an answer to a client."""
    extra = dict(response.extra or {}) if response.origin == VENDOR else {}
    message = {**_message(response), **_inner(extra, "message")}
    called = any(isinstance(part, ToolCall) for part in response.parts)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": write_finish(response.finish, called)}
    body = {
        "id": response.id or reply.id,
        "object": "chat.completion",
        "created": reply.created,
        "model": reply.model,
        "choices": [{**choice, **_inner(extra, "choice")}],
    }
    usage = write_usage(response.usage)
    return {**body, **({"usage": usage} if usage else {}), **extra}


def _inner(extra: dict[str, Any], key: str) -> dict[str, Any]:
    value = extra.pop(key, None)
    return value if isinstance(value, dict) else {}


def _message(response: Response) -> dict[str, Any]:
    thoughts = [part for part in response.parts if isinstance(part, Reasoning)]
    calls = [part for part in response.parts if isinstance(part, ToolCall)]
    said = [_words(part) for part in response.parts if not isinstance(part, Reasoning | ToolCall | Refusal)]
    refusals = [part.text for part in response.parts if isinstance(part, Refusal)]
    content = "".join(said) if said else None if calls or refusals else ""
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": "".join(refusals) or None}
    thinking = "".join(part.text for part in thoughts)
    if thinking:
        message["reasoning_content"] = thinking
    if calls:
        message["tool_calls"] = [_call(call) for call in calls]
    return message | (_lists(response.parts) if response.origin == VENDOR else {})


def _lists(parts: tuple[Part, ...]) -> dict[str, Any]:
    """What this protocol's own vendor hung on a part."""
    found: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, Text | Reasoning):
            for key in ("annotations", "reasoning_details"):
                items = (part.extra or {}).get(key)
                if isinstance(items, list):
                    found.setdefault(key, []).extend(items)
    return found


def _call(call: ToolCall) -> dict[str, Any]:
    if call.kind == "custom":
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}


def _words(part: Part) -> str:
    return part.text if isinstance(part, Text) else in_words(part)


def in_words(part: Part) -> str:
    """A part that no answer of this protocol can hold, as text that a reader sees."""
    if isinstance(part, Media):
        return f"![{part.kind}]({part.url})" if part.url else f"[{part.kind}: this protocol's answers cannot hold it]"
    kind = part.kind if isinstance(part, Opaque) else type(part).__name__
    return f"[{kind}: this protocol's answers cannot hold it]"
