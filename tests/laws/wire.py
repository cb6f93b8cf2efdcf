"""How the laws drive a codec: bytes through it in either direction, and what of a value counts when two are compared."""

from pathlib import Path
from typing import Any

from axonhub_cli.protocols.base import Codec, Losses, Reply, Target
from axonhub_cli.protocols.raw import dumps, loads_object
from axonhub_cli.protocols.sse import Decoder
from axonhub_cli.types.events import Event, fold
from axonhub_cli.types.messages import Media, Opaque, Part, Reasoning, Refusal, Request, Response, Text, ToolCall, ToolResult

WIRE = Path(__file__).parent.parent / "wire"
_FOLDERS = {"anthropic": "anthropic", "openai-chat": "openai_chat", "openai-responses": "openai_responses", "gemini": "gemini"}


def golden(name: str) -> list[Path]:
    """The recorded streams of one protocol."""
    return sorted((WIRE / _FOLDERS[name]).glob("*.sse"))


def reply(request: Request | None = None) -> Reply:
    return Reply(id="ar-1", model="asked", created=1_700_000_000, request=request, include_usage=True)


def read_stream(codec: Codec, *chunks: bytes) -> list[Event]:
    """An upstream's whole stream as events, cut as given."""
    decoder, reader = Decoder(), codec.stream_reader()
    events: list[Event] = []
    for chunk in chunks:
        for frame in decoder.feed(chunk):
            events += reader.feed(frame)
    for frame in decoder.close():
        events += reader.feed(frame)
    return events + reader.close()


def write_stream(codec: Codec, events: list[Event], size: int = 1) -> bytes:
    """The events as a client's bytes, `size` events a write."""
    writer = codec.stream_writer(reply())
    return b"".join(writer.write(events[at : at + size]) for at in range(0, len(events), size))


def over_the_wire(codec: Codec, events: list[Event]) -> Response:
    """What a client of this protocol understands of the events."""
    return fold(read_stream(codec, write_stream(codec, events)), codec.name)


def request_over_the_wire(codec: Codec, request: Request, losses: Losses | None = None) -> Request:
    """What an upstream of this protocol understands of the request."""
    body = codec.write_request(request, Target(model=request.model), losses or Losses())
    return codec.read_request(loads_object(dumps(body)))


def response_over_the_wire(codec: Codec, response: Response) -> Response:
    return codec.read_response(loads_object(dumps(codec.write_response(response, reply()))))


def part_view(part: Part) -> tuple[Any, ...]:
    """What must survive of a part: its kind and content, not one protocol's own ids and notes."""
    match part:
        case Text() | Refusal():
            return ("text", part.text)
        case Media():
            return ("media", part.kind, part.mime, part.data, part.url)
        case Reasoning():
            return ("reasoning", part.text)
        case ToolCall() if part.kind == "custom":
            return ("call", part.id, part.name, part.arguments)
        case ToolCall():
            return ("call", part.id, part.name, loads_object(part.arguments or "{}"))
        case ToolResult():
            return ("result", part.call_id, _glued([part_view(inner) for inner in part.parts]))
        case Opaque():
            return ("opaque", part.kind)


ALIKE = {"refusal": "content_filter", "stop_sequence": "stop"}  # words of one protocol that the others have one word for


def abroad(view: dict[str, Any], *names: str) -> dict[str, Any]:
    """A view of a response as it may come back from a journey through these protocols.

    Responses says `incomplete` of a refusal only where nothing was said (Codex retries an incomplete one).
    """
    finish = ALIKE.get(view["finish"], view["finish"])
    return {
        **view,
        "finish": "stop" if finish == "content_filter" and {"anthropic", "openai-responses"} == set(names) else finish,
    }


def options_view(request: Request, names: frozenset[str]) -> dict[str, Any]:
    """The options of these names. Of thinking, the effort (how it is said to be on differs); of a schema, not its label."""
    view: dict[str, Any] = {name: getattr(request, name) for name in sorted(names)}
    if "thinking" in view:
        view["thinking"] = request.thinking and request.thinking.effort
    barred = request.tool_choice is not None and request.tool_choice.mode == "none"
    if "parallel_tools" in view and (view["parallel_tools"] or barred):
        view["parallel_tools"] = None  # parallel calls are what every protocol has when nobody forbids them, or calls at all
    if "output" in view:
        view["output"] = request.output and (request.output.kind, request.output.schema)
    return view


def response_view(response: Response) -> dict[str, Any]:
    """A response as a client cares for it. Texts side by side are one text."""
    usage = response.usage
    return {
        "parts": _joined([part_view(part) for part in response.parts]),
        "finish": response.finish,
        "usage": usage and (usage.input, usage.output, usage.cache_read or 0, usage.reasoning or 0),
    }


def _joined(views: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    out: list[tuple[Any, ...]] = []
    for view in views:
        if out and view[0] == out[-1][0] == "text":
            out[-1] = ("text", out[-1][1] + view[1])
        else:
            out.append(view)
    return out


def _glued(views: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """A result's texts as one, line breaks aside: Chat's many servers want one string there, and texts are glued by lines."""
    return [(*view[:1], view[1].replace("\n", "")) if view[0] == "text" else view for view in _joined(views)]


def request_view(request: Request) -> dict[str, Any]:
    """A request as a model cares for it: neighbours of one role are one turn, leading system messages are the system prompt."""
    turns: list[tuple[str, list[tuple[Any, ...]]]] = [("system", [part_view(part) for part in request.system])]
    for message in request.messages:
        role = "system" if message.role == "developer" else message.role
        views = [part_view(part) for part in message.parts]
        if turns[-1][0] == role:
            turns[-1][1].extend(views)
        else:
            turns.append((role, views))
    choice = request.tool_choice
    return {
        "turns": [(role, views) for role, views in turns if views],
        "tools": [(tool.name, tool.description, tool.schema) for tool in request.tools],
        "tool_choice": choice and (choice.mode, choice.name),
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stream": request.stream,
    }
