"""A model on loopback that speaks any of the protocols through the codecs, and can or cannot do what a test says."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from axonhub_cli.clients.deep.exchange import Place
from axonhub_cli.config.presets import endpoints
from axonhub_cli.config.schema import Channel
from axonhub_cli.protocols.base import Reply
from axonhub_cli.protocols.registry import codec
from axonhub_cli.types.events import Event, TextDelta, replay
from axonhub_cli.types.messages import Media, Part, Reasoning, Request, Response, Seal, Text, ToolCall, ToolResult, Usage
from axonhub_cli.types.problem import Problem

CAN = frozenset({"parallel", "thinking", "images", "count", "names", "usage", "tools"})


class Model(ThreadingHTTPServer):
    """`can` says what it can do; `needs_thoughts` that it refuses a history of tools without the reasoning that led to them."""

    daemon_threads = False  # closing waits for all answers, so that `left` is settled

    def __init__(self, protocol: str, can: frozenset[str], *, needs_thoughts: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.codec, self.can, self.needs_thoughts = codec(protocol), can, needs_thoughts
        self.requests: list[Request] = []
        self.left = 0  # requests that the client did not wait for

    @property
    def place(self) -> Place:
        """Where it is, for the deep test."""
        base = f"http://127.0.0.1:{self.server_port}"
        channel = Channel(name="c", type=self.codec.name, base_url=base)
        return Place(channel=channel, endpoint=endpoints(channel)[self.codec.name], secret=None, model="m")

    def answer(self, request: Request) -> Response | Problem:
        """What it says."""
        if "names" in self.can and request.model != "m":
            return Problem(kind="not_found", message=f"There is no model {request.model}.", status=404)
        parts = [part for message in request.messages for part in message.parts]
        asked = " ".join(part.text for part in parts if isinstance(part, Text))
        results = [part for part in parts if isinstance(part, ToolResult)]
        if results and "tools" not in self.can:
            return Problem(kind="invalid_request", message="tools are not supported", status=400)
        if results or any(isinstance(part, Media) for part in parts):
            return self._after(parts, results)
        if request.tools and "tools" in self.can:
            return self._call(request, "Rome" in asked and request.parallel_tools is not False)
        if "Count from" in asked:
            return self._said(Text(text=" ".join(f"number {number}" for number in range(20_000))))
        return self._said(Text(text="Eleven."))

    def _call(self, request: Request, both: bool) -> Response:
        thought = request.thinking is not None and "thinking" in self.can
        cities = ["Paris", "Rome"] if both and not thought and "parallel" in self.can else ["Paris"]
        calls = [ToolCall(id=f"call_{city}", name="get_weather", arguments=json.dumps({"city": city})) for city in cities]
        vendor = {"openai-responses": "openai"}.get(self.codec.name, self.codec.name)
        kind = {"anthropic": "signature", "openai-responses": "encrypted_content"}.get(self.codec.name)
        seal = Seal(vendor, kind, "c2VhbA==", "rs_1" if kind == "encrypted_content" else None) if kind else None
        return self._said(*([Reasoning(text="Paris is warm.", seal=seal)] if thought else []), *calls)

    def _after(self, parts: list[Part], results: list[ToolResult]) -> Response | Problem:
        if any(isinstance(part, Media) for part in [*parts, *(inner for result in results for inner in result.parts)]):
            refused = Problem(kind="invalid_request", message="no images here", status=400)
            return self._said(Text(text="Red.")) if "images" in self.can else refused
        thoughts = any(isinstance(part, Reasoning) for part in parts)
        if self.needs_thoughts and not thoughts and any(result.call_id == "call_Paris" for result in results):
            return Problem(kind="invalid_request", message="reasoning must be passed back", status=400)
        return self._said(Text(text="Sunny."))

    def _said(self, *parts: Part) -> Response:
        called = any(isinstance(part, ToolCall) for part in parts)
        usage = Usage(input=150, output=7) if "usage" in self.can else None
        return Response(
            origin=self.codec.name, id="r1", model="m", parts=parts, finish="tool_calls" if called else "stop", usage=usage
        )


class _Handler(BaseHTTPRequestHandler):
    server: Model

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """An answer, a count, or a refusal."""
        model = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/count_tokens"):
            known = "count" in model.can
            self._send(200 if known else 404, {}, json.dumps({"input_tokens": 150} if known else {}).encode())
            return
        request = model.codec.read_request(body)
        model.requests.append(request)
        answer = model.answer(request)
        if isinstance(answer, Problem):
            self._send(*model.codec.write_error(answer, "req_1"))
        else:
            self._stream(answer, request)

    def _send(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, answer: Response, request: Request) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        reply = Reply(id="r1", model="m", created=0, request=request, include_usage=True)
        writer = self.server.codec.stream_writer(reply)
        try:
            for event in replay(answer):
                for piece in _pieces(event):
                    self.wfile.write(writer.write([piece]))
        except OSError:
            self.server.left += 1


def _pieces(event: Event) -> Iterator[Event]:
    """A long text comes word by word."""
    if isinstance(event, TextDelta) and len(event.text) > 1000:
        yield from (TextDelta(event.index, f"{word} ") for word in event.text.split())
    else:
        yield event


@contextmanager
def model(protocol: str, can: frozenset[str] = CAN, *, needs_thoughts: bool = False) -> Iterator[Model]:
    """Run one for as long as the block."""
    server = Model(protocol, can, needs_thoughts=needs_thoughts)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
