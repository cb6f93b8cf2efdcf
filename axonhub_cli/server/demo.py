"""The built-in `demo` channel: an upstream of our own on a loopback port, offline and deterministic, so that a newcomer sees
Claude Code and Codex work, and the trace appear, before spending a cent.

It is a real upstream that speaks the three protocols with the same codecs as everything else; nothing in the relay knows about
it. What it says: it greets, calls the client's shell tool once with a harmless `echo`, and sums up what came back.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator

from ..config.schema import Channel
from ..errors import AxonHubError
from ..protocols.base import Codec, Reply
from ..protocols.raw import dumps, loads_object
from ..protocols.registry import codec
from ..types.events import (
    ArgumentsDelta,
    End,
    Event,
    Finish,
    PartEnd,
    PartStart,
    ReasoningDelta,
    Start,
    TextDelta,
    UsageUpdate,
    fold,
)
from ..types.messages import Message, Protocol, Reasoning, Request, Text, Tool, ToolCall, ToolResult, Usage
from ..types.problem import from_error
from .exchange import Answered, Stream, Whole
from .exchange import Request as HttpRequest
from .front import Front
from .tasks import scale

MODEL = "axonhub-demo"
_PACE = 0.02
_COMMAND = "echo hello from axonhub"
_SHELLS = ("Bash", "exec_command", "shell_command", "shell", "bash", "run_shell_command", "exec")
_PATHS: dict[str, Protocol] = {
    "/v1/messages": "anthropic",
    "/v1/chat/completions": "openai-chat",
    "/v1/responses": "openai-responses",
}


class Demo:
    """The demo upstream; `start` gives the channel that leads to it."""

    def __init__(self) -> None:
        self._front: Front | None = None

    async def start(self) -> Channel:
        """Listen on a free loopback port."""
        sock = socket.create_server(("127.0.0.1", 0))
        self._front = Front(_answer)
        await self._front.listen(sock)
        base = f"http://127.0.0.1:{sock.getsockname()[1]}"
        urls: dict[Protocol, str] = {"anthropic": base, "openai-chat": f"{base}/v1", "openai-responses": f"{base}/v1"}
        return Channel(name="demo", type="anthropic", base_url=base, base_urls=urls)

    async def close(self) -> None:
        if self._front is not None:
            await self._front.close(0.1)
            self._front = None


async def _answer(http: HttpRequest) -> Answered:
    protocol = _PATHS.get(http.path)
    if protocol is None:
        return Whole(status=404, headers={})
    speaks = codec(protocol)
    try:
        request = speaks.read_request(loads_object(b"".join([piece async for piece in _pieces_of(http)])))
    except AxonHubError as error:
        status, headers, body = speaks.write_error(from_error(error), "demo")
        return Whole(status=status, headers=headers, body=body)
    return await _say(http, speaks, request)


async def _pieces_of(http: HttpRequest) -> AsyncIterator[bytes]:
    while piece := await http.read():
        yield piece


async def _say(http: HttpRequest, speaks: Codec, request: Request) -> Answered:
    reply = Reply(id="demo0001", model=request.model, created=0, request=request, include_usage=request.include_usage)
    events = list(converse(request))
    if not request.stream:
        body = dumps(speaks.write_response(fold(events, speaks.name), reply))
        return Whole(body=body, headers={"Content-Type": "application/json"})
    response = Stream(http, {"Content-Type": "text/event-stream"})
    writer = speaks.stream_writer(reply)
    for event in events:
        if data := writer.write([event]):
            await response.write(data)
            await asyncio.sleep(_PACE * scale())
    await response.end()
    return response


def converse(request: Request) -> Iterator[Event]:
    """What the demo says to a request, as events. The same request always gets the same answer."""
    size = len(dumps([message.role for message in request.messages])) + sum(len(text) for text in _user_texts(request)) // 4
    yield Start(id="demo0001", model=request.model, usage=Usage(input=max(size, 1)))
    spoken = 0
    for index, (part, text) in enumerate(_parts(request)):
        yield PartStart(index, part)
        for piece in _pieces(text):
            yield _delta(index, part, piece)
        yield PartEnd(index)
        spoken += max(1, len(text) // 4)
        calls = isinstance(part, ToolCall)
    yield UsageUpdate(Usage(input=max(size, 1), output=spoken))
    yield Finish(reason="tool_calls" if calls else "stop")
    yield End()


def _delta(index: int, part: Text | Reasoning | ToolCall, piece: str) -> Event:
    if isinstance(part, ToolCall):
        return ArgumentsDelta(index, piece)
    return ReasoningDelta(index, piece) if isinstance(part, Reasoning) else TextDelta(index, piece)


def _pieces(text: str) -> list[str]:
    words = text.split(" ")
    return [word + (" " if number < len(words) - 1 else "") for number, word in enumerate(words)]


def _parts(request: Request) -> list[tuple[Text | Reasoning | ToolCall, str]]:
    """The parts of the answer, each with its content."""
    if request.output is not None:
        return [(Text(text=""), json.dumps({"title": "axonhub demo", "isNewTopic": False}))]
    result = _last_result(request)
    if result is not None:
        said = result.strip()[:200] or "(nothing)"
        return [(Text(text=""), f"The tool answered: {said}\n\nSo tool calls work in both directions. {_NEXT}")]
    call = _call(request)
    if call is None:
        return [(Text(text=""), f"This is axonhub's built-in demo model: no provider was called. {_NEXT}")]
    part, arguments = call
    return [
        (Text(text=""), "This is axonhub's built-in demo model. I will call your shell tool once, harmlessly."),
        (part, arguments),
    ]


_NEXT = "Add a real channel with: axonhub channel add NAME --type deepseek (or anthropic, openai, ollama and others)."


def _last_result(request: Request) -> str | None:
    """The text of the tool result that the conversation ends with, if it does."""
    for message in reversed(request.messages):
        if message.role in ("system", "developer"):
            continue
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        if not results:
            return None
        return "\n".join(part.text for part in results[-1].parts if isinstance(part, Text))
    return None


def _user_texts(request: Request) -> list[str]:
    return [part.text for message in request.messages for part in message.parts if isinstance(part, Text)]


def _call(request: Request) -> tuple[ToolCall, str] | None:
    tool = _shell(request)
    if tool is None or _called(request.messages):
        return None
    if tool.kind == "custom":  # Codex in code mode: the tool takes JavaScript
        call = f"const r = await tools.exec_command({{cmd: {json.dumps(_COMMAND)}}});"
        arguments = f"{call} text(typeof r === 'string' ? r : (r.output ?? ''));"
    else:
        arguments = json.dumps(_arguments(tool))
    return ToolCall(id="call_demo_1", name=tool.name, namespace=tool.namespace, kind=_kind(tool), arguments=""), arguments


def _kind(tool: Tool):  # type: ignore[no-untyped-def]  # a Literal that mypy cannot narrow from Tool's wider one
    return "custom" if tool.kind == "custom" else "function"


def _called(messages: tuple[Message, ...]) -> bool:
    """Whether the demo has called a tool since the last thing the user said."""
    for message in reversed(messages):
        if message.role == "assistant" and any(isinstance(part, ToolCall) for part in message.parts):
            return True
        if message.role == "user" and any(isinstance(part, Text) for part in message.parts):
            return False
    return False


def _shell(request: Request) -> Tool | None:
    offered = {tool.name: tool for tool in request.tools if tool.kind != "hosted"}
    return next((offered[name] for name in _SHELLS if name in offered), None)


def _arguments(tool: Tool) -> dict[str, object]:
    schema = tool.schema or {}
    properties = schema.get("properties") or {}
    key = "cmd" if "cmd" in properties else "command"
    wants_list = isinstance(properties.get(key), dict) and properties[key].get("type") == "array"
    arguments: dict[str, object] = {key: ["bash", "-lc", _COMMAND] if wants_list else _COMMAND}
    for name in schema.get("required") or []:
        arguments.setdefault(name, "axonhub demo")
    return arguments
