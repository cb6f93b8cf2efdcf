"""One question to a provider: each way in which it can fail is a sentence with what to do, and never the secret."""

import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.clients import probe
from axonhub_cli.config.presets import endpoints
from axonhub_cli.config.schema import Channel
from axonhub_cli.errors import UpstreamError

SECRET = "sk-very-secret-123456"


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError
    return data


class Server:
    """Answers each connection with fixed bytes, and keeps what was asked."""

    def __init__(self, reply: bytes, context: ssl.SSLContext | None = None) -> None:
        self.asked: list[bytes] = []
        self._reply, self._context = reply, context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                try:
                    self._answer(connection)
                except OSError:  # a client that leaves, or no TLS: the next one
                    pass

    def _answer(self, connection: socket.socket) -> None:
        if self._context:
            connection = self._context.wrap_socket(connection, server_side=True)
        connection.settimeout(5)
        data = _more(connection)
        while b"\r\n\r\n" not in data and data[:1] != b"\x16":  # a TLS greeting is no request: answer at once
            data += _more(connection)
        head, _, body = data.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        while len(body) < length:
            body += _more(connection)
        self.asked.append(head + b"\r\n\r\n" + body)
        connection.sendall(self._reply)
        connection.close()

    def close(self) -> None:
        """Stop."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers, and stops them afterwards."""
    servers: list[Server] = []

    def start(reply: bytes, context: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(reply, context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def reply(status: int, body: object, **headers: str) -> bytes:
    """An HTTP answer."""
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}", *(f"{key}: {value}" for key, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def channel(port: int, type_: str = "openai-chat", scheme: str = "http", **more: Any) -> Channel:
    """A channel that leads to this machine."""
    return Channel(name="c", type=type_, base_url=f"{scheme}://127.0.0.1:{port}", **more)


def models(found: Channel) -> list[str]:
    """Ask for the models."""
    return probe.models(found, next(iter(endpoints(found).values())), SECRET)


def ask(found: Channel) -> probe.Answer:
    """Ask for a token."""
    return probe.ask(found, next(iter(endpoints(found).values())), SECRET, "m")


def failure(found: Channel) -> UpstreamError:
    """The error of asking for the models; it has a hint, and no secret."""
    with pytest.raises(UpstreamError) as caught:
        models(found)
    assert caught.value.hint
    assert SECRET not in str(caught.value)
    return caught.value


LISTS: dict[str, tuple[object, list[str]]] = {
    "OpenAI's": ({"data": [{"id": "a"}, {"id": "b"}]}, ["a", "b"]),
    "under models": ({"models": [{"name": "a"}, {"model": "b"}]}, ["a", "b"]),
    "a bare list": (["a", {"id": 3}, None, {}], ["a"]),
    "an empty one": ({"data": []}, []),
    "Gemini's": (
        {
            "models": [
                {"name": "models/a", "supportedGenerationMethods": ["generateContent"]},
                {"name": "models/e", "supportedGenerationMethods": ["embedContent"]},
            ]
        },
        ["a"],
    ),
}


@pytest.mark.parametrize(("body", "expected"), LISTS.values(), ids=LISTS)
def test_models_in_every_usual_shape(serve: Callable[..., Server], body: object, expected: list[str]) -> None:
    """Names are found wherever a provider puts them, and what is no name is left out."""
    assert models(channel(serve(reply(200, body)).port)) == expected


ASKED = {
    "anthropic": (b"POST /v1/messages HTTP/1.1", b"x-api-key: " + SECRET.encode(), {"max_tokens": 1}),
    "openai-chat": (b"POST /v1/chat/completions HTTP/1.1", b"Authorization: Bearer " + SECRET.encode(), {"max_tokens": 1}),
    "openai-responses": (b"POST /v1/responses HTTP/1.1", b"Authorization: Bearer " + SECRET.encode(), {"max_output_tokens": 16}),
    "gemini": (b"POST /v1beta/models/m:generateContent HTTP/1.1", b"x-goog-api-key: " + SECRET.encode(), {}),
}


@pytest.mark.parametrize("type_", ASKED)
def test_each_protocol_is_asked_in_its_own_form(serve: Callable[..., Server], type_: str) -> None:
    """Path, credential and limit are those of the protocol; the channel's own headers go along."""
    server = serve(reply(200, {"ok": True}))
    line, credential, limit = ASKED[type_]
    assert ask(channel(server.port, type_, headers={"X-Own": "1"})).body == {"ok": True}
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    assert head.startswith(line)
    assert credential in head
    assert b"X-Own: 1" in head
    named = {"model": "m", **limit} if type_ != "gemini" else {"generationConfig": {"maxOutputTokens": 16}}
    assert named.items() <= json.loads(body).items()


REFUSALS = {
    "401": (reply(401, {"error": {"message": f"bad key {SECRET}"}}), "refuses the secret (401): bad key …"),
    "403": (reply(403, {"error": "no"}), "refuses the secret (403): no"),
    "404": (reply(404, {"message": "nope"}), "is not there (404): nope"),
    "429": (reply(429, [{"error": {"message": "slow"}}]), "no quota for this now (429): slow"),
    "500 in HTML": (reply(500, "<html>"), "fails (500)."),
    "a redirect": (reply(302, "", Location="https://elsewhere/v1?key=1"), "redirects to https://elsewhere/v1;"),
    "HTML": (reply(200, "<html>", **{"Content-Type": "text/html"}), "answers with text/html that is no JSON"),
    "no list": (reply(200, {"hello": 1}), "not with a list of models"),
    "not HTTP": (b"SSH-2.0-x\r\n\r\n", "ended the connection without an HTTP answer"),
    "nothing": (b"", "ended the connection without an HTTP answer"),
    "half an answer": (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "no JSON"),
}


@pytest.mark.parametrize(("answer", "says"), REFUSALS.values(), ids=REFUSALS)
def test_each_failure_is_a_sentence(serve: Callable[..., Server], answer: bytes, says: str) -> None:
    """Status, reason and remedy are told; the upstream's own words are kept, the secret is not."""
    assert says.rstrip(".") in failure(channel(serve(answer).port)).message


def test_a_redirect_is_not_followed(serve: Callable[..., Server]) -> None:
    """The secret goes to the address that was named, and nowhere else."""
    other = serve(reply(200, {"data": []}))
    first = serve(reply(307, "", Location=f"http://127.0.0.1:{other.port}/v1/models"))
    failure(channel(first.port))
    assert other.asked == []


def test_a_reasoning_model_that_was_cut_short_works(serve: Callable[..., Server]) -> None:
    """OpenAI refuses to return nothing but thoughts: the channel works all the same."""
    message = "Could not finish the message because max_tokens or model output limit was reached."
    assert ask(channel(serve(reply(400, {"error": {"message": message}})).port)).seconds >= 0


def test_nothing_listens() -> None:
    """A closed port is named."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert f"Nothing listens at 127.0.0.1:{port}" in failure(channel(port)).message


def test_a_name_without_an_address() -> None:
    """A host that does not exist is named."""
    found = Channel(name="c", type="openai-chat", base_url="https://nowhere.invalid/v1")
    assert "no address for nowhere.invalid" in failure(found).message


def test_a_server_that_says_nothing() -> None:
    """Silence ends, with the limit in the sentence."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = channel(silent.getsockname()[1])
        with pytest.raises(UpstreamError, match=r"did not answer within 0\.05 seconds"):
            probe.models(found, next(iter(endpoints(found).values())), SECRET, timeout=0.05)


def test_the_providers_clock_comes_with_its_models(serve: Callable[..., Server]) -> None:
    """The list has the answer's Date header with it, so that a wrong clock can be told."""
    found = channel(serve(reply(200, {"data": [{"id": "a"}]}, Date="Tue, 15 Nov 1994 08:12:31 GMT")).port)
    listing = probe.listing(found, next(iter(endpoints(found).values())), SECRET)
    assert (listing.names, listing.date) == (["a"], "Tue, 15 Nov 1994 08:12:31 GMT")


NEAR = {
    "json": (reply(200, {"ok": True}), (200, {"ok": True})),
    "not found, in words": (reply(404, "no"), (404, None)),
    "no http": (b"SSH-2.0-x\r\n", None),
}


@pytest.mark.parametrize(("bytes_", "expected"), NEAR.values(), ids=NEAR)
def test_a_near_server_is_asked_without_a_key(serve: Callable[..., Server], bytes_: bytes, expected: object) -> None:
    """Status and JSON of whatever answers there; None for what speaks no HTTP."""
    server = serve(bytes_)
    found = probe.near(f"http://127.0.0.1:{server.port}/health")
    assert (found and (found.status, found.body)) == expected
    assert server.asked[0].startswith(b"GET /health ")
    assert b"uthorization" not in server.asked[0]


def test_plain_http_behind_https(serve: Callable[..., Server]) -> None:
    """https:// to a server without TLS is recognised."""
    found = failure(channel(serve(b"HTTP/1.1 400 Bad\r\n\r\n").port, scheme="https"))
    assert "TLS" in found.message or "ended the connection" in found.message


def test_environment_proxies_are_not_used(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment sees neither request nor secret."""
    trap = serve(reply(200, {"data": []}))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{trap.port}")
    monkeypatch.delenv("NO_PROXY")
    assert models(channel(serve(reply(200, {"data": [{"id": "a"}]})).port)) == ["a"]
    assert trap.asked == []


def test_the_channels_own_proxy_is_used(serve: Callable[..., Server]) -> None:
    """The proxy gets the whole address and its own credentials."""
    proxy = serve(reply(200, {"data": [{"id": "a"}]}))
    address = f"http://u:p@127.0.0.1:{proxy.port}"
    found = Channel(name="c", type="openai-chat", base_url="http://api.internal/v1", proxy=address)
    assert models(found) == ["a"]
    assert proxy.asked[0].startswith(b"GET http://api.internal/v1/models HTTP/1.1")
    assert b"Proxy-Authorization: Basic dTpw" in proxy.asked[0]


def test_a_proxy_with_tls_is_named() -> None:
    """What the standard library cannot do is said."""
    found = Channel(name="c", type="openai-chat", base_url="http://api.internal/v1", proxy="https://127.0.0.1:9")
    assert "a proxy that is itself spoken to with TLS" in failure(found).message


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_certificates_are_checked(serve: Callable[..., Server], tmp_path: Path) -> None:
    """A certificate of an unknown maker is refused; with `ca_file` it is accepted."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = serve(reply(200, {"data": [{"id": "a"}]}), context)
    assert "certificate of 127.0.0.1 is not trusted" in failure(channel(server.port, scheme="https")).message
    assert models(channel(server.port, scheme="https", ca_file=str(cert))) == ["a"]
