"""The vendor's own SDK reads what this codec writes, from a loopback server."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from axonhub_cli.protocols.base import Losses, Reply, Target
from axonhub_cli.protocols.openai_chat import CODEC
from axonhub_cli.types.events import Failure, replay
from axonhub_cli.types.messages import Reasoning, Response, Text, ToolCall, Usage
from axonhub_cli.types.problem import Problem

openai = pytest.importorskip("openai")

REPLY = Reply(id="chatcmpl-1", model="asked", created=1700000000, include_usage=True)
ANSWER = Response(
    origin="anthropic",
    id="msg_1",
    model="claude",
    parts=(
        Reasoning(text="Let me think."),
        Text(text="Grüße 🙂"),
        ToolCall(id="toolu_1", name="look", arguments='{"at": "x"}'),
        ToolCall(id="toolu_2", name="list", arguments=""),
    ),
    finish="tool_calls",
    raw_finish="tool_use",
    usage=Usage(input=20, output=9, cache_read=12, cache_write_5m=3, reasoning=4),
)
Answer = tuple[int, dict[str, str], bytes]


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    answer: Callable[[dict[str, Any]], Answer]
    seen: list[dict[str, Any]]


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.seen.append(body)
        status, headers, data = self.server.answer(body)
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        """Tests are silent."""


@pytest.fixture
def server() -> Iterator[_Server]:
    """A server on a free port that answers with whatever `answer` gives for a body."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.seen = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(server: _Server) -> Iterator[Any]:
    """The SDK, pointed at the server."""
    with openai.OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="ah-test", max_retries=0) as client:
        yield client


def serve(server: _Server, status: int, headers: dict[str, str], data: bytes) -> None:
    server.answer = lambda body: (status, headers, data)


def stream(server: _Server, data: bytes) -> None:
    serve(server, 200, {"content-type": "text/event-stream"}, data)


ASK: dict[str, Any] = {"model": "asked", "messages": [{"role": "user", "content": "hi"}]}


def test_a_whole_answer(server: _Server, client: Any) -> None:
    """Text, thinking, calls, the reason and the usage arrive through the SDK's own types."""
    body = CODEC.write_response(ANSWER, REPLY)
    serve(server, 200, {"content-type": "application/json"}, json.dumps(body).encode())
    answer = client.chat.completions.create(**ASK)
    choice = answer.choices[0]
    assert (answer.id, answer.model, answer.created, answer.object) == ("msg_1", "asked", 1700000000, "chat.completion")
    assert (choice.message.content, choice.message.reasoning_content, choice.finish_reason) == (
        "Grüße 🙂",
        "Let me think.",
        "tool_calls",
    )
    calls = [(call.id, call.function.name, json.loads(call.function.arguments)) for call in choice.message.tool_calls]
    assert calls == [("toolu_1", "look", {"at": "x"}), ("toolu_2", "list", {})]
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (20, 9, 29)
    assert (answer.usage.prompt_tokens_details.cached_tokens, answer.usage.completion_tokens_details.reasoning_tokens) == (12, 4)


def test_a_stream_chunk_by_chunk(server: _Server, client: Any) -> None:
    """The same answer, streamed, adds up to the same; the keep-alive in the middle is not seen."""
    writer = CODEC.stream_writer(REPLY)
    stream(server, CODEC.ping.join(writer.write([event]) for event in replay(ANSWER)))
    text = thinking = ""
    calls: dict[int, list[str]] = {}
    finish = usage = None
    for chunk in client.chat.completions.create(**ASK, stream=True):
        assert (chunk.id, chunk.model, chunk.object) == ("msg_1", "asked", "chat.completion.chunk")
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            thinking += getattr(choice.delta, "reasoning_content", None) or ""
            finish = choice.finish_reason or finish
            for call in choice.delta.tool_calls or ():
                calls.setdefault(call.index, [call.id, call.function.name, ""])[2] += call.function.arguments
    assert (text, thinking, finish) == ("Grüße 🙂", "Let me think.", "tool_calls")
    assert calls == {0: ["toolu_1", "look", '{"at": "x"}'], 1: ["toolu_2", "list", "{}"]}
    assert usage is not None
    assert (usage.prompt_tokens, usage.total_tokens) == (20, 29)


def test_the_sdks_own_accumulator(server: _Server, client: Any) -> None:
    """The SDK's stream helper builds the final message without complaint."""
    stream(server, CODEC.stream_writer(REPLY).write(list(replay(ANSWER))))
    with client.chat.completions.stream(**ASK, stream_options={"include_usage": True}) as helper:
        final = helper.get_final_completion()
    message = final.choices[0].message
    assert message.content == "Grüße 🙂"
    assert [call.function.arguments for call in message.tool_calls] == ['{"at": "x"}', "{}"]
    assert final.usage.completion_tokens == 9


def test_a_failure_in_the_stream_is_raised(server: _Server, client: Any) -> None:
    """A stream that breaks off ends in the SDK's APIError with our words, never in silence."""
    events = list(replay(ANSWER))[:4]
    problem = Problem(kind="upstream", message="The upstream broke off.")
    stream(server, CODEC.stream_writer(REPLY).write([*events, Failure(problem)]))
    with pytest.raises(openai.APIError, match=r"The upstream broke off\.") as caught:
        list(client.chat.completions.create(**ASK, stream=True))
    assert caught.value.code == "upstream_error"


@pytest.mark.parametrize(
    ("kind", "error", "code"),
    [
        ("invalid_request", "BadRequestError", None),
        ("context_length", "BadRequestError", "context_length_exceeded"),
        ("authentication", "AuthenticationError", "invalid_api_key"),
        ("permission", "PermissionDeniedError", None),
        ("not_found", "NotFoundError", "model_not_found"),
        ("conflict", "ConflictError", "conflict"),
        ("rate_limit", "RateLimitError", "rate_limit_exceeded"),
        ("quota", "RateLimitError", "insufficient_quota"),
        ("overloaded", "InternalServerError", "server_is_overloaded"),
        ("server", "InternalServerError", None),
    ],
)
def test_errors_are_the_sdks_own_classes(server: _Server, client: Any, kind: Any, error: str, code: str | None) -> None:
    """Each kind is raised as the class that callers catch, with code, message, parameter and request id."""
    serve(server, *CODEC.write_error(Problem(kind=kind, message="no", param="model"), "ar-7"))
    with pytest.raises(getattr(openai, error)) as caught:
        client.chat.completions.create(**ASK)
    assert (caught.value.code, caught.value.param, caught.value.request_id) == (code, "model", "ar-7")
    assert caught.value.body["message"] == "no"


def test_the_sdk_does_not_come_again_when_it_is_told_not_to(server: _Server, client: Any) -> None:
    """x-should-retry: false ends the SDK's own retries of a 500 after one request."""
    serve(server, *CODEC.write_error(Problem(kind="server", message="no", should_retry=False), "ar-7"))
    with pytest.raises(openai.InternalServerError):
        client.with_options(max_retries=3).chat.completions.create(**ASK)
    assert len(server.seen) == 1


def test_what_the_sdk_sends_is_read(server: _Server, client: Any) -> None:
    """A request with tools, pictures and structured output, as the SDK sends it, is read and written without a loss."""
    serve(server, 200, {"content-type": "application/json"}, json.dumps(CODEC.write_response(ANSWER, REPLY)).encode())
    client.chat.completions.create(
        model="asked",
        messages=[
            {"role": "developer", "content": "Be brief."},
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}}],
            },
            {
                "role": "assistant",
                "tool_calls": [{"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "a", "content": "cat"},
        ],
        tools=[{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}],
        tool_choice="required",
        response_format={"type": "json_object"},
        max_completion_tokens=9,
        reasoning_effort="low",
    )
    losses = Losses()
    request = CODEC.read_request(server.seen[0])
    body = CODEC.write_request(request, Target(model="asked"), losses)
    assert losses.items == []
    assert body["messages"][2].pop("content") is None  # left out by the caller, written as null
    assert body == server.seen[0]
