"""Every way in which an upstream fails, for every client protocol: what the client sees, how often the upstream was asked, and
one row in the trace for one request. The numbers are those of RELIABILITY.md, section 2.
"""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.faults.conftest import Raw, Script
from tests.faults.outcomes import CLIENTS, Answer, check
from tests.server.conftest import Hub, Start, channels
from tests.server.wire import ASKS, HEADS, PATHS, STREAMS, sse

JSON = "content-type: application/json\r\n"
SSE = "content-type: text/event-stream\r\n"


def _head(status: str, headers: str, body: bytes | None, *, length: int | None = None) -> bytes:
    size = f"content-length: {len(body) if length is None else length}\r\n" if body is not None else ""
    return f"HTTP/1.1 {status}\r\n{headers}{size}connection: close\r\n\r\n".encode() + (body or b"")


async def _request(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    await reader.readexactly(length)


def says(data: bytes, *, reset: bool = False, hang: bool = False) -> Script:
    """Read the request, write this, and close, break or hang."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        writer.write(data)
        await writer.drain()
        if hang:
            await reader.read()
            raise ConnectionResetError
        if reset:
            await asyncio.sleep(0.02)
            writer.transport.abort()

    return script


def endless(chunk: bytes, first: bytes) -> Script:
    """Write for ever, until the other side has had enough."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        writer.write(_head("200 OK", SSE, None) + first)
        while True:
            writer.write(chunk)
            await writer.drain()

    return script


def drops(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Awaitable[None]:
    """Break the connection before any answer."""

    async def script() -> None:
        await _request(reader)
        writer.transport.abort()

    return script()


def error(client: str, status: str, headers: str = "", kind: str = "api_error", **more: Any) -> Script:
    """An upstream's own error, in the protocol's form."""
    body = {"error": {"type": kind, "message": "the upstream says no", **more}}
    return says(_head(status, JSON + headers, sse(body)[6:].strip()))


Make = Callable[[str], Script]


class Case(NamedTuple):
    """A row: its number, what the upstream does (by client protocol), what the client sees, how often the upstream is asked."""

    row: str
    make: Make
    outcome: str
    asked: int = 1
    scale: str = "1"


def _stream(tail: bytes = b"", **more: Any) -> Make:
    """The beginning of a stream, then something."""
    return lambda client: says(_head("200 OK", SSE, None) + HEADS[client] + tail, **more)


def _chunked(data: bytes, *, end: bool) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data) + (b"0\r\n\r\n" if end else b"")


HTML = "content-type: text/html\r\n"
LONG = "retry-after: 1000000000\r\n"
CHUNKED = SSE + "transfer-encoding: chunked\r\n"
DATE = "date: Wed, 25 Nov 2026 19:00:00 GMT\r\nretry-after: Wed, 25 Nov 2026 19:00:09 GMT\r\n"
BIG = "".join(f"x-h{number}: {'v' * 8000}\r\n" for number in range(8)) + f"x-huge: {'v' * 40000}\r\n"


def moved(status: int) -> Make:
    """A redirect to another place."""
    return lambda _: says(_head(f"{status} Moved", f"location: http://127.0.0.1:1/x\r\n{JSON}", b"{}"))


CASES = [
    Case("6 no headers ever", lambda _: says(b"", hang=True), "U504", scale="0.001"),
    Case("8 stall in mid-stream", _stream(hang=True), "MID", scale="0.001"),
    Case("9 clean end before the last word", _stream(), "MID"),
    Case("10 reset", _stream(reset=True), "MID"),
    Case("10 chunk cut", lambda c: says(_head("200 OK", CHUNKED, None) + _chunked(HEADS[c], end=False)), "MID"),
    Case("11 length too long", lambda c: says(_head("200 OK", SSE, HEADS[c], length=100_000)), "MID"),
    Case("12 close-delimited, complete", lambda c: says(_head("200 OK", SSE, None) + STREAMS[c]), "OK"),
    Case("13 garbage frame", lambda c: says(_head("200 OK", SSE, None) + b": hello\n\n" + STREAMS[c]), "OK"),
    Case("14 unknown field", lambda c: says(_head("200 OK", SSE, None) + b"id: 7\nretry: 5\n\n" + STREAMS[c]), "OK"),
    Case("16 endless event", lambda c: endless(b"x" * 65536, HEADS[c] + b"data: "), "MID"),
    Case("17 HTML 502", lambda _: says(_head("502 Bad Gateway", HTML, b"<h1>nginx</h1>")), "U502", 2, "0.01"),
    Case("19 200 with HTML", lambda _: says(_head("200 OK", HTML, b"<html>log in</html>")), "U502"),
    Case("20 empty stream", lambda _: says(_head("200 OK", SSE, b"")), "U502"),
    Case("21 429 with seconds", lambda c: error(c, "429 Too Many", "retry-after: 7\r\n", "rate_limit_error"), "R429"),
    Case("22 429 with a date", lambda c: error(c, "429 Too Many", DATE, "rate_limit_error"), "R429"),
    Case("23 429 with milliseconds", lambda c: error(c, "429 Too Many", "retry-after-ms: 2500\r\n", "rate_limit_error"), "R429"),
    Case("24 429 for thirty years", lambda c: error(c, "429 Too Many", LONG, "rate_limit_error"), "R429"),
    Case("29 401 for the only key", lambda c: error(c, "401 No", kind="authentication_error"), "KEY"),
    Case("30 400", lambda c: error(c, "400 Bad", kind="invalid_request_error"), "PASS 400"),
    Case("30 403", lambda c: error(c, "403 No", kind="permission_error"), "PASS 403"),
    Case("30 404", lambda c: error(c, "404 No", kind="not_found_error"), "PASS 404"),
    Case("30 422", lambda c: error(c, "422 No", kind="invalid_request_error"), "PASS 422"),
    Case("31 413", lambda c: error(c, "413 Big", kind="request_too_large"), "PASS 413"),
    Case("32 409", lambda c: error(c, "409 Conflict", kind="conflict_error"), "PASS 409"),
    Case("27 500", lambda c: error(c, "500 Oops"), "PASS 500"),
    *(Case(f"33 {status}", moved(status), "LOC") for status in (301, 302, 303, 307, 308)),
    Case("34 headers too large", lambda _: says(_head("200 OK", SSE + BIG, b"")), "U502", 2, "0.01"),
    Case("34 no HTTP at all", lambda _: says(b"SSH-2.0-OpenSSH_9.2\r\n"), "U502", 2, "0.01"),
]  # fmt: skip
_default = {number: CLIENTS[number // 2 % 4] for number in range(0, len(CASES), 2)}  # every other row, for one client
TABLE = [
    pytest.param(case, client, marks=() if client == _default.get(number) else pytest.mark.faults, id=f"{case.row}-{client}")
    for number, case in enumerate(CASES)
    for client in CLIENTS
]


async def ask(hub: Hub, client: str, body: Any = None) -> Answer:
    """One request to its end, however that comes."""
    async with hub.post(PATHS[client], ASKS[client] if body is None else body) as response:
        return response.status, {name.lower(): value for name, value in response.headers.items()}, await response.read()


def passed(outcome: str, client: str, answer: Answer) -> None:
    """The upstream's own words, under its own status (413 becomes 400 for Codex, which would repeat it; Google's API has neither
    413 nor 422)."""
    status, _, body = answer
    wanted = int(outcome.split()[1])
    low = {413: ("openai-responses", "gemini"), 422: ("gemini",)}
    assert status == (400 if client in low.get(wanted, ()) else wanted), body
    assert b"the upstream says no" in body


@pytest.mark.parametrize(("case", "client"), TABLE)
async def test_an_upstream_fails(case: Case, client: str, start: Start, raw: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client sees the outcome of the table, the upstream is not asked more than it says, one row is written."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", case.scale)
    monkeypatch.setenv("UP_KEY", "sk-up-up-up-up-up")
    raw.will(case.make(client))
    hub = await start("[server]\ngrace = 3600\n" + channels((client, raw.url)) + 'secrets = ["env:UP_KEY"]\n')

    answer = await ask(hub, client)
    if case.outcome.startswith("PASS"):
        passed(case.outcome, client, answer)
    else:
        check(case.outcome, client, answer)
    records = await hub.records()
    assert len(records) == 1
    assert records[0]["outcome"] == ("ok" if case.outcome == "OK" else "error")
    assert raw.connections == case.asked == len(records[0]["attempts"])
    assert b"sk-up-up" not in answer[2]


def spread(*default: str) -> list[Any]:
    """All clients; by default only those that are named."""
    return [client if client in default else pytest.param(client, marks=pytest.mark.faults) for client in CLIENTS]


@pytest.mark.parametrize("client", spread("anthropic"))
async def test_1_nobody_listens(client: str, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tried twice, then told where."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.01")
    hub = await start(channels((client, "http://127.0.0.1:9")))
    answer = await ask(hub, client)
    check("U502", client, answer)
    assert b"127.0.0.1:9" in answer[2]


@pytest.mark.parametrize("client", spread())
async def test_2_no_such_host(client: str, start: Start) -> None:
    """Tried once: a moment later there still is none. The message names the host."""
    hub = await start(channels((client, "https://nonexistent.invalid")))
    answer = await ask(hub, client)
    check("U502", client, answer)
    assert b"nonexistent.invalid" in answer[2]
    assert len((await hub.records())[0]["attempts"]) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody signed."""
    folder = tmp_path_factory.mktemp("tls")
    key, made = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, made


@pytest.mark.parametrize("client", spread())
async def test_3_a_certificate_that_nobody_trusts(client: str, start: Start, certificate: tuple[Path, Path], raw: Raw) -> None:
    """No retry, the host and the `ca_file` setting in the message; with that setting all is well."""
    key, made = certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made, key)
    raw.will(says(_head("200 OK", SSE, None) + STREAMS[client]))
    server = await asyncio.start_server(raw.serve, "127.0.0.1", 0, ssl=context)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        hub = await start(channels((client, url)))
        answer = await ask(hub, client)
        check("LOC", client, answer)
        assert b"ca_file" in answer[2]
        assert raw.connections == 0
        (hub.home / "config.toml").write_text(channels((client, url)) + f'ca_file = "{made}"\n')
        assert hub.server.gateway is not None
        hub.server.gateway.poll()
        check("OK", client, await ask(hub, client))
    finally:
        server.close()


@pytest.mark.parametrize("client", spread())
async def test_4_tls_to_a_port_that_does_not_speak_it(client: str, start: Start, raw: Raw) -> None:
    """Told as what it is."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    raw.will(plain)
    hub = await start(channels((client, raw.url.replace("http:", "https:"))))
    answer = await ask(hub, client)
    check("LOC", client, answer)
    assert b"TLS" in answer[2]


@pytest.mark.parametrize("client", spread())
async def test_5_a_host_that_does_not_answer_the_door(client: str, start: Start) -> None:
    """The connect time is over: 504."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            fillers.append(filler)
        port = full.getsockname()[1]
        hub = await start(channels((client, f"http://127.0.0.1:{port}")) + "timeouts = {connect = 0.3}\n")
        check("U504", client, await ask(hub, client))
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize("client", spread("anthropic"))
async def test_18_an_error_under_status_200(client: str, start: Start, raw: Raw) -> None:
    """The client gets a status that says so; SDKs would take it for an empty answer."""
    body = sse({"type": "error", "error": {"type": "server_error", "message": "sorry, no"}})[6:].strip()
    raw.will(says(_head("200 OK", JSON, body)))
    hub = await start(channels((client, raw.url)))
    status, _, data = await ask(hub, client)
    assert status >= 400
    assert b"sorry, no" in data


@pytest.mark.parametrize("client", spread("openai-responses"))
async def test_25_a_spent_account_is_not_asked_again(client: str, start: Start, raw: Raw) -> None:
    """No retry of ours, and the client is told not to try either."""
    raw.will(error(client, "429 Spent", kind="insufficient_quota", code="insufficient_quota"))
    hub = await start(channels((client, raw.url)))
    status, headers, _ = await ask(hub, client)
    assert status == 429
    assert client == "gemini" or headers["x-should-retry"] == "false"  # Google's clients have no such word
    assert raw.connections == 1


@pytest.mark.parametrize("client", spread("anthropic"))
async def test_26_overloaded_once(client: str, start: Start, raw: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    """And then well: the client never knows."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.01")
    raw.will(error(client, "529 Busy", kind="overloaded_error"), says(_head("200 OK", SSE, None) + STREAMS[client]))
    hub = await start(channels((client, raw.url)))
    check("OK", client, await ask(hub, client))


@pytest.mark.parametrize("client", spread())
async def test_7_a_slow_first_byte_is_waited_for(client: str, start: Start, raw: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute of silence before the headers: no early commit, then the whole answer."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.01")

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        await asyncio.sleep(0.6)
        writer.write(_head("200 OK", SSE, None) + STREAMS[client])

    raw.will(slow)
    hub = await start("[server]\ngrace = 3600\n" + channels((client, raw.url)))
    check("OK", client, await ask(hub, client))


@pytest.mark.parametrize("client", spread())
async def test_15_every_byte_by_itself(client: str, start: Start, raw: Raw) -> None:
    """The same answer."""

    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        writer.write(_head("200 OK", SSE, None))
        for number in range(len(STREAMS[client])):
            writer.write(STREAMS[client][number : number + 1])
            if number % 16 == 0:
                await writer.drain()

    raw.will(dribble)
    hub = await start(channels((client, raw.url)))
    check("OK", client, await ask(hub, client))


@pytest.mark.parametrize("client", spread("anthropic"))
async def test_78_a_pooled_connection_that_was_closed(client: str, start: Start, raw: Raw) -> None:
    """Replaced silently: one attempt in the record."""
    complete = STREAMS[client]

    async def one_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        writer.write(f"HTTP/1.1 200 OK\r\n{SSE}content-length: {len(complete)}\r\n\r\n".encode() + complete)
        await writer.drain()
        await _request(reader)  # the second request of this connection finds it broken
        writer.transport.abort()

    raw.will(one_answer)
    hub = await start(channels((client, raw.url)))
    for _ in range(3):
        check("OK", client, await ask(hub, client))
    assert [len(record["attempts"]) for record in await hub.records()] == [1, 1, 1]


@pytest.mark.parametrize("client", spread())
async def test_79_a_connection_that_breaks_before_the_answer(
    client: str, start: Start, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tried once more on the only channel, not for ever."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.01")
    raw.will(drops)
    hub = await start(channels((client, raw.url)))
    check("U502", client, await ask(hub, client))
    assert raw.connections == 2
