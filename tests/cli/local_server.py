"""A model server on loopback for the tests of the command line: lists models, answers one token, knows one key (or none)."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from axonhub_cli.config import state


class ModelServer(ThreadingHTTPServer):
    """`models` are listed; `key` (None: any) opens it; `asked` keeps method, path and body of each request."""

    daemon_threads = True

    def __init__(self, models: list[dict[str, Any]], key: str | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.models, self.key = models, key
        self.asked: list[tuple[str, str, Any]] = []
        self.answers: dict[str, Any] = {}  # path → body of other GET requests
        self.skew = 0.0  # seconds by which its clock is ahead

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Its clock, for the Date header."""
        return super().date_time_string(time.time() + self.server.skew)

    def _send(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _refused(self) -> bool:
        if self.server.key is None or self.headers["Authorization"] == f"Bearer {self.server.key}":
            return False
        self._send(401, {"error": {"message": "wrong key"}})
        return True

    def do_GET(self) -> None:
        """The models, or a fixed answer."""
        self.server.asked.append(("GET", self.path, None))
        if self.path in self.server.answers:
            answer = self.server.answers[self.path]
            if challenge := self.headers[state.CHALLENGE]:  # as our own server with the admin token "t" would sign it
                answer = {**answer, "proof": state.proof("t", self.server.server_port, challenge)}
            self._send(200, answer)
        elif self.path != "/v1/models":
            self._send(404, {"error": {"message": "not here"}})
        elif not self._refused():
            self._send(200, {"object": "list", "data": self.server.models})

    def do_POST(self) -> None:
        """One token."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(("POST", self.path, body))
        if not self._refused():
            self._send(200, {"id": "c", "object": "chat.completion", "model": body["model"], "choices": []})


@contextmanager
def model_server(*models: str, owner: str = "me", key: str | None = None) -> Iterator[ModelServer]:
    """Run one for as long as the block."""
    server = ModelServer([{"id": name, "object": "model", "owned_by": owner} for name in models], key)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
