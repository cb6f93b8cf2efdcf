"""The HTTP server on its own: what of HTTP/1.1 it does, on real connections."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from axonhub_cli.server import front as module
from axonhub_cli.server.exchange import Answered, Request, Stream, Whole, head_of
from axonhub_cli.server.front import Front
from axonhub_cli.server.tasks import spawn

pytestmark = pytest.mark.loops
Serve = Callable[..., Awaitable[int]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve with this handler on a free port."""
    fronts: list[Front] = []

    async def start(handle: Callable[[Request], Awaitable[Answered]], keep: float = 75.0) -> int:
        sock = socket.create_server(("127.0.0.1", 0))
        fronts.append(Front(handle, keep))
        await fronts[-1].listen(sock)
        return int(sock.getsockname()[1])

    yield start
    for each in fronts:
        await each.close(0)


async def echo(request: Request) -> Answered:
    """Method, path and body of the request."""
    body = b""
    while piece := await request.read():
        body += piece
    return Whole(body=f"{request.method} {request.path} ".encode() + body, headers={"X-Is": "echo"})


async def talk(port: int, *pieces: bytes) -> bytes:
    """Send pieces, each after the server had its turn, and read until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        with suppress(ConnectionError):  # it has heard enough
            writer.write(piece)
            await writer.drain()
        for _ in range(20):
            await asyncio.sleep(0)
    said = await reader.read()
    writer.close()
    return said


def bodies(said: bytes) -> list[bytes]:
    """The bodies of some answers that tell their length."""
    out = []
    while said:
        head, _, rest = said.partition(b"\r\n\r\n")
        length = next(int(line[16:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: "))
        out.append(rest[:length])
        said = rest[length:]
    return out


CHUNKS = b"POST /%61 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n" + LAST, [b"GET /a ", b"GET /last "]),
        (b"POST /a?q=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" + LAST, [b"POST /a abc", b"GET /last "]),
        (CHUNKS + LAST, [b"POST /a abcd", b"GET /last "]),
        (b"GET /a HTTP/1.0\r\nHost: x\r\n\r\n", [b"GET /a "]),
        (b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + LAST, [b"GET /a ", b"GET /last "]),
        (b"GET /a HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", [b"GET /a "]),
        (b"\r\n\r\n" + LAST, [b"GET /last "]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", [1, 7, 10_000])
async def test_requests_are_answered_in_order(sent: bytes, expected: list[bytes], step: int, serve: Serve) -> None:
    """By length, by chunks, several at once, whatever the network makes of them."""
    port = await serve(echo)
    said = await talk(port, *[sent[at : at + step] for at in range(0, len(sent), step)])
    assert bodies(said) == expected


async def test_nothing_is_answered_after_the_last_request(serve: Serve) -> None:
    """What comes after `Connection: close` is not looked at."""
    assert bodies(await talk(await serve(echo), LAST + LAST)) == [b"GET /last "]


async def test_head_has_the_length_and_no_body(serve: Serve) -> None:
    """What GET would say, without saying it."""
    said = await talk(await serve(echo), b"HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 OK\r\nX-Is: echo\r\nConnection: close\r\nContent-Length: 8\r\n")
    assert said.endswith(b" GMT\r\n\r\n")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /a HTTP/1.1\r\nExpect: wonders\r\n\r\n", b"417"),
        (b"GET /a\r\n\r\n", b"400"),
        (b"GET /a HTTP/2.0\r\n\r\n", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"POST /a HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", b"501"),
        (b"POST /a HTTP/1.1\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"501"),
        (b"POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"501"),
        (b"GET /a HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", b"431"),
        (b"GET /a HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n", b"431"),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", b"431"),
    ],
)
async def test_what_is_not_to_be_answered(sent: bytes, status: bytes, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told so in a line, and the connection ends; nobody else hears of it."""
    monkeypatch.setattr(module, "_LINGER", 0.01)

    async def never(request: Request) -> Answered:
        raise AssertionError(request.raw_path)

    said = await talk(await serve(never), sent)
    assert said.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in said


async def test_a_head_that_never_ends(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Megabytes of one header are not kept."""
    monkeypatch.setattr(module, "_LINGER", 0.01)
    said = await talk(await serve(echo), b"GET / HTTP/1.1\r\nX: ", *[b"a" * 50_000] * 4)
    assert said.startswith(b"HTTP/1.1 431")


async def test_who_asks_first_is_invited(serve: Serve) -> None:
    """`Expect: 100-continue` gets its word when the body is wanted, and not before."""
    head = b"POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
    said = await talk(await serve(echo), head, b"abc")
    assert said.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert said.endswith(b"\r\n\r\nPOST /a abc")

    async def refuse(request: Request) -> Answered:
        return Whole(status=413, headers={}, close=True)

    assert (await talk(await serve(refuse), head, b"abc")).startswith(b"HTTP/1.1 413 ")


async def test_who_was_not_invited_is_not_listened_to_further(serve: Serve) -> None:
    """An answer before the invitation: whether a body comes now or the next request, only the client knows."""

    async def refuse(request: Request) -> Answered:
        return Whole(status=401, headers={})

    head = b"POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(LAST)
    said = await talk(await serve(refuse), head, LAST, LAST)
    assert said.startswith(b"HTTP/1.1 401 ")
    assert b"\r\nConnection: close\r\n" in said
    assert said.count(b"HTTP/1.1 ") == 1


OFFER = b"Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"


@pytest.mark.parametrize("step", [0, 1, 7])
@pytest.mark.parametrize(
    "framed", [b"Content-Length: 5\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\nT: t\r\n\r\n"]
)
async def test_an_offer_of_another_protocol_is_passed_over(framed: bytes, step: int, serve: Serve) -> None:
    """`Upgrade: h2c`, which Java's client and `curl --http2` send with each request: it is answered, with its body."""
    sent = b"POST /a HTTP/1.1\r\n" + OFFER + framed
    said = await talk(await serve(echo), *[sent[at : at + (step or len(sent))] for at in range(0, len(sent), step or len(sent))])
    assert bodies(said) == [b"POST /a hello"]
    assert b"\r\nConnection: close\r\n" in said


async def test_space_behind_a_value_is_not_part_of_it(serve: Serve) -> None:
    """Nor is it in front."""

    async def tell(request: Request) -> Answered:
        return Whole(body=dict(request.raw_headers)[b"X"], headers={}, close=True)

    assert bodies(await talk(await serve(tell), b"GET / HTTP/1.1\r\nX: \t a b \t \r\nExpect: 100-continue \r\n\r\n")) == [b"a b"]


async def test_no_second_head_within_a_stream(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """A stream that breaks off is cut: its client would take another answer for words of the model."""

    async def break_off(request: Request) -> Answered:
        await Stream(request, {}).write(b"one")
        return Whole(status=500, body=b"sorry", headers={})

    said = await talk(await serve(break_off), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert said.endswith(b"\r\n\r\n3\r\none\r\n")


async def test_an_answer_is_read_although_the_body_was_not(serve: Serve) -> None:
    """Who still sends when it is refused gets to read why, and may go on on the same connection."""

    async def refuse(request: Request) -> Answered:
        return Whole(status=401, body=b"no", headers={}) if request.method == "POST" else await echo(request)

    size = 3 << 20
    head = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
    said = await talk(await serve(refuse), head, *[b"x" * (1 << 20)] * 3, LAST)
    assert bodies(said) == [b"no", b"GET /last "]


async def test_a_body_that_nobody_reads_waits_at_its_sender(serve: Serve) -> None:
    """Not in our memory: the connection is not read until there is room again."""
    go = asyncio.Event()
    taken: list[int] = []

    async def slow(request: Request) -> Answered:
        await go.wait()
        while piece := await request.read():
            taken.append(len(piece))
        return Whole(body=b"%d" % sum(taken), headers={}, close=True)

    size = 8 << 20
    port = await serve(slow)
    talking = spawn(talk(port, b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size, *[b"x" * (1 << 20)] * 8), "talk")
    for _ in range(2000):
        await asyncio.sleep(0)
    assert not talking.done()
    go.set()
    assert (await talking).endswith(b"\r\n\r\n%d" % size)
    assert taken[0] < 1 << 20


@pytest.mark.parametrize(("version", "expected"), [(b"1.1", b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"), (b"1.0", b"onetwo")])
async def test_a_stream_is_framed_as_its_client_can_read(version: bytes, expected: bytes, serve: Serve) -> None:
    """Chunks, or all that comes until the end. The head goes out with the first piece."""

    async def stream(request: Request) -> Answered:
        out = Stream(request, {"Content-Type": "text/plain"})
        await out.write(b"one")
        await out.end(b"two")
        return out

    said = await talk(await serve(stream), b"GET / HTTP/" + version + b"\r\nConnection: close\r\n\r\n")
    assert said.partition(b"\r\n\r\n")[2] == expected


async def test_a_client_that_leaves_cancels_its_request(serve: Serve) -> None:
    """At once, whatever it waits for."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait(request: Request) -> Answered:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    _, writer = await asyncio.open_connection("127.0.0.1", await serve(wait))
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await begun.wait()
    writer.close()
    await asyncio.wait_for(ended.wait(), 5)


async def test_an_answer_may_be_said_before_its_handler_is_done(serve: Serve) -> None:
    """The client has it by then, gets no second one, and is served on when the handler has ended."""
    noted = asyncio.Event()

    async def answer(request: Request) -> Answered:
        if request.path == "/next":
            return await echo(request)
        request.say(Whole(body=b"first", headers={}))
        request.say(Whole(body=b"second", headers={}))
        await noted.wait()
        return Whole(status=500, body=b"third", headers={})

    reader, writer = await asyncio.open_connection("127.0.0.1", await serve(answer))
    writer.write(b"GET /early HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
    assert await reader.readexactly(5) == b"first"
    noted.set()
    rest = await reader.read()
    assert rest.startswith(b"HTTP/1.1 200 OK\r\n")
    assert rest.count(b"HTTP/1.1") == 1
    writer.close()


async def test_a_failing_handler_ends_the_connection_alone(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the next connection is served."""

    async def fail(request: Request) -> Answered:
        if request.path == "/bad":
            raise KeyError("x")
        return await echo(request)

    port = await serve(fail)
    assert await talk(port, b"GET /bad HTTP/1.1\r\nHost: x\r\n\r\n") == b""
    assert bodies(await talk(port, LAST)) == [b"GET /last "]
    assert "answering failed" in caplog.text


async def test_a_silent_connection_is_closed(serve: Serve) -> None:
    """One that never asks anything, and one whose head never comes to its end."""
    port = await serve(echo, 0.1)
    assert await asyncio.wait_for(asyncio.gather(talk(port), talk(port, b"GET / HT")), 5) == [b"", b""]


def test_a_header_is_one_line() -> None:
    """A line break in a value would begin another header."""
    for value in ("a\r\nSet-Cookie: b", "a\nb", "a\rb"):
        with pytest.raises(ValueError, match="line break"):
            head_of(200, {"X": value}, "")


async def test_nothing_waits_for_the_clients_acknowledgement(serve: Serve) -> None:
    """Small writes go out at once: on a socket that somebody else bound, asyncio does not see to that."""

    async def tell(request: Request) -> Answered:
        sock = request.transport.get_extra_info("socket")
        return Whole(body=b"%d" % sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), headers={})

    assert bodies(await talk(await serve(tell), LAST)) == [b"1"]


async def eager(request: Request) -> Answered:
    """The length of the body: at once when all of it is there, as the gateway reads it."""
    size = len(request.read_nowait()) if request.complete else 0
    while piece := await request.read():
        size += len(piece)
    return Whole(body=b"%d" % size, headers={})


async def ignorant(request: Request) -> Answered:
    """No look at the body, which is all there by now or is not."""
    for _ in range(3):
        await asyncio.sleep(0)
    return Whole(body=b"no", headers={})


@pytest.mark.parametrize("handle", [eager, ignorant])
@pytest.mark.parametrize("size", [260_000, 263_000, 300_000])
async def test_large_bodies_one_after_the_other(
    handle: Callable[[Request], Awaitable[Answered]], size: int, serve: Serve
) -> None:
    """A body that was more than may wait, and was whole before anybody read it, leaves the connection open for the next one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", await serve(handle))
    async with asyncio.timeout(20):
        for _ in range(40):
            writer.write(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[16:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: "))
            assert await reader.readexactly(length) == (b"no" if handle is ignorant else b"%d" % size)
    writer.close()
