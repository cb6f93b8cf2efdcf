"""The client of `axonhub bench`: plain blocking sockets, which add next to nothing to what they time."""

import json
import re
import socket
import time
from typing import NamedTuple

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
_PATIENCE = 20.0  # seconds without a byte
_LAST = b"0\r\n\r\n"


class Timing(NamedTuple):
    """Seconds from the request's first byte to the first byte of the answer's body, and to its end."""

    first: float
    whole: float


class Failed(Exception):
    """An answer that is not what the measurement is about."""


class Caller:
    """One kept connection to a port of this machine, and one request that is sent again and again."""

    def __init__(self, port: int, request: bytes, last_word: bytes) -> None:
        self._request, self._last_word = request, last_word
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._socket.close()

    def call(self) -> Timing:
        """Send the request and read the answer to its end. Raises `Failed` or `OSError`."""
        begun = time.perf_counter()
        self._socket.sendall(self._request)
        said = b""
        while (at := said.find(b"\r\n\r\n")) < 0 or len(said) == at + 4:
            said += self._more()
        first = time.perf_counter() - begun
        status = _STATUS.match(said)
        if status is None or status[1] != b"200":
            raise Failed(f"answered {said[:300].decode('latin-1')!r}")
        tail = said
        while not tail.endswith(_LAST):
            tail = tail[-400:] + self._more()
        whole = time.perf_counter() - begun
        if self._last_word not in tail:
            raise Failed("the stream did not end with its last word")
        return Timing(first, whole)

    def _more(self) -> bytes:
        data = self._socket.recv(1 << 18)
        if not data:
            raise Failed("the connection was closed in the middle of an answer")
        return data


def request(port: int, path: str, model: str, token: str, padding: int, text: str = "Say something.") -> bytes:
    """A streamed request of one turn, with `padding` bytes of earlier conversation before this `text`."""
    history = [{"role": role, "content": "x" * 2000} for _ in range(padding // 4000) for role in ("user", "assistant")]
    turn = {"role": "user", "content": text}
    body = json.dumps({"model": model, "max_tokens": 4096, "stream": True, "messages": [*history, turn]}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
