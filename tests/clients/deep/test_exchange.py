"""One exchange: what comes back, in whichever way it comes, is a value."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from axonhub_cli.clients.deep import questions
from axonhub_cli.clients.deep.exchange import Answer, Place, count, send
from axonhub_cli.config.presets import endpoints
from axonhub_cli.config.schema import Channel
from axonhub_cli.types.messages import Text
from tests.clients.deep.model import model

CHOICE = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
WHOLE = {"id": "r", "object": "chat.completion", "model": "m", "choices": [CHOICE]}
CUT = b'data: {"id":"r","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'


@contextmanager
def fixed(content_type: str, body: bytes, status: int = 200) -> Iterator[Place]:
    """A server that answers once, with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                head = connection.recv(1 << 20)
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                rest = length - len(head.partition(b"\r\n\r\n")[2])
                while rest > 0:
                    rest -= len(connection.recv(1 << 20))
                connection.sendall(f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\n\r\n".encode() + body)

        thread = threading.Thread(target=serve)
        thread.start()
        channel = Channel(name="c", type="openai-chat", base_url=f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
        yield Place(channel=channel, endpoint=endpoints(channel)["openai-chat"], secret="very-secret", model="m")
        thread.join()


def ask(content_type: str, body: bytes, status: int = 200) -> Answer:
    """The answer to a plain question."""
    with fixed(content_type, body, status) as place:
        return send(place, questions.plain("openai-chat"))


def test_an_answer_in_one_piece() -> None:
    """A server that does not stream is understood, and that is kept."""
    answer = ask("application/json", json.dumps(WHOLE).encode())
    assert answer.streamed is False
    assert answer.response is not None
    assert answer.response.parts == (Text(text="Hi"),)


BROKEN = {
    "a cut stream": ("text/event-stream", CUT, 200, "before the answer was complete"),
    "no JSON in a frame": ("text/event-stream", b"data: {oops\n\n", 200, "cannot be read"),
    "an empty stream": ("text/event-stream", b"", 200, "empty"),
    "a page": ("text/html", b"<html>", 200, "cannot be read"),
    "an error object": ("application/json", b'{"error": {"message": "no"}}', 200, "no"),
    "a list": ("application/json", b"[]", 200, "no object"),
    "a refusal": ("application/json", b'{"error": {"message": "too fast", "type": "rate_limit_error"}}', 429, "too fast"),
}


@pytest.mark.parametrize(("content_type", "body", "status", "words"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_used_is_a_problem(content_type: str, body: bytes, status: int, words: str) -> None:
    """Never an exception, and the reason is in words."""
    answer = ask(content_type, body, status)
    assert answer.problem is not None
    assert words in answer.problem.message


def test_the_counter() -> None:
    """Messages has one; elsewhere, and where it is missing, there is none."""
    with model("anthropic") as server:
        assert count(server.place, questions.plain("anthropic")) == 150
    with model("anthropic", frozenset()) as server:
        assert count(server.place, questions.plain("anthropic")) is None
    with model("openai-chat") as server:
        assert count(server.place, questions.plain("openai-chat")) is None


def test_a_place_does_not_show_its_secret() -> None:
    """Its repr names channel, protocol and model."""
    channel = Channel(name="c", type="anthropic")
    place = Place(channel=channel, endpoint=endpoints(channel)["anthropic"], secret="very-secret", model="m")
    assert "very-secret" not in repr(place)
