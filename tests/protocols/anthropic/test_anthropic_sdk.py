"""The vendor's own SDK reads what we write, over a real socket: answers, streams and errors."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anthropic
import pytest
from anthropic.types import TextBlock, ThinkingBlock, ToolUseBlock

from axonhub_cli.protocols.anthropic import CODEC
from axonhub_cli.protocols.base import Reply
from axonhub_cli.types.events import Event, Failure, PartStart, Start, TextDelta, replay
from axonhub_cli.types.messages import Reasoning, Refusal, Response, Seal, Text, ToolCall, Usage
from axonhub_cli.types.problem import ErrorKind, Problem

WIRE = Path(__file__).parents[2] / "wire" / "anthropic"
REPLY = Reply(id="msg_ours", model="asked", created=1)
FOREIGN = Response(
    origin="openai-chat",
    id="chatcmpl-1",
    model="real",
    parts=(
        Reasoning(text="Let me think."),
        Text(text="Hello, wörld 😀"),
        ToolCall(id="call_1", name="read", arguments='{"path": "a.py"}'),
        ToolCall(id="call_2", name="list", arguments=""),
    ),
    finish="stop",
    usage=Usage(input=100, output=20, cache_read=60, reasoning=5),
)


@contextmanager
def serving(status: int, headers: dict[str, str], body: bytes) -> Iterator[anthropic.Anthropic]:
    """A client whose server gives this one answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the test's output stays clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with anthropic.Anthropic(api_key="k", base_url=f"http://127.0.0.1:{server.server_port}", max_retries=0) as client:
            yield client
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


ASK: dict[str, Any] = {"model": "asked", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]}


def whole(response: Response) -> anthropic.types.Message:
    body = json.dumps(CODEC.write_response(response, REPLY)).encode()
    with serving(200, {"content-type": "application/json"}, body) as client:
        return client.messages.create(**ASK)


def streamed(events: list[Event]) -> anthropic.types.Message:
    body = CODEC.stream_writer(REPLY).write(events)
    with serving(200, {"content-type": "text/event-stream"}, body) as client, client.messages.stream(**ASK) as stream:
        return stream.get_final_message()


@pytest.mark.parametrize("stream", [False, True])
def test_foreign_answer(stream: bool) -> None:
    """Thinking, text, calls and usage of another vendor arrive, with and without streaming."""
    message = streamed(list(replay(FOREIGN))) if stream else whole(FOREIGN)
    thinking, text, first, second = message.content
    assert isinstance(thinking, ThinkingBlock)
    assert (thinking.thinking, thinking.signature) == ("Let me think.", "")
    assert isinstance(text, TextBlock)
    assert text.text == "Hello, wörld 😀"
    assert isinstance(first, ToolUseBlock)
    assert isinstance(second, ToolUseBlock)
    assert (first.id, first.name, first.input) == ("call_1", "read", {"path": "a.py"})
    assert second.input == {}
    assert (message.id, message.model, message.stop_reason) == ("chatcmpl-1", "asked", "tool_use")
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (40, 60, 20)


@pytest.mark.parametrize("path", sorted(WIRE.glob("*.response.json")), ids=lambda path: path.stem)
def test_golden_answers(path: Path) -> None:
    """Every golden answer is the same to the SDK, streamed or not."""
    response = CODEC.read_response(json.loads(path.read_text()))
    once, stream = whole(response), streamed(list(replay(response)))
    blocks = [[block.model_dump(exclude={"parsed_output"}) for block in message.content] for message in (once, stream)]
    assert blocks[0] == blocks[1]
    assert (stream.stop_reason, stream.stop_sequence, stream.model) == (once.stop_reason, once.stop_sequence, "asked")
    assert stream.usage.output_tokens == once.usage.output_tokens
    assert stream.usage.cache_read_input_tokens == once.usage.cache_read_input_tokens


def test_seals_and_refusals() -> None:
    """A signature reaches the SDK whole; a refusal has its stop reason; nothing known of usage is still a message."""
    parts = (Reasoning(text="hm", seal=Seal("anthropic", "signature", "c2ln")), Refusal(text="No."))
    response = Response(origin="openai-responses", id="", model="x", parts=parts, finish="stop")
    for message in (whole(response), streamed(list(replay(response)))):
        assert isinstance(message.content[0], ThinkingBlock)
        assert message.content[0].signature == "c2ln"
        assert (message.id, message.stop_reason, message.usage.output_tokens) == ("msg_ours", "refusal", 0)


ERRORS: list[tuple[ErrorKind, type[anthropic.APIStatusError]]] = [
    ("invalid_request", anthropic.BadRequestError),
    ("context_length", anthropic.BadRequestError),
    ("authentication", anthropic.AuthenticationError),
    ("permission", anthropic.PermissionDeniedError),
    ("not_found", anthropic.NotFoundError),
    ("rate_limit", anthropic.RateLimitError),
    ("server", anthropic.InternalServerError),
    ("overloaded", anthropic.InternalServerError),
]


@pytest.mark.parametrize(("kind", "error"), ERRORS)
def test_errors(kind: ErrorKind, error: type[anthropic.APIStatusError]) -> None:
    """Each kind raises the SDK's own exception, with our message and request id."""
    status, headers, body = CODEC.write_error(Problem(kind=kind, message="Because.", retry_after=3), "ar-1")
    with serving(status, headers, body) as client, pytest.raises(error, match="Because") as caught:
        client.messages.create(**ASK)
    assert caught.value.request_id == "ar-1"
    assert caught.value.response.headers["retry-after"] == "3"


def test_error_in_a_stream() -> None:
    """A failure after the first words raises, too; it is no short answer."""
    events: list[Event] = [
        Start(id="m", model="x"),
        PartStart(0, Text(text="")),
        TextDelta(0, "Hel"),
        Failure(Problem(kind="overloaded", message="Busy.")),
    ]
    with pytest.raises(anthropic.APIStatusError, match=r"Busy\."):
        streamed(events)
