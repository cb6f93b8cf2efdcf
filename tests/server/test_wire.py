"""One connection to an upstream: what it reads however it is cut, what it refuses, who may use it again."""

import asyncio
import os
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from axonhub_cli.server.wire import FIRST, MAX_SILENCE, READ, Answer, Broken, Wire
from axonhub_cli.server.wires import Place, Unreachable, Wires, head_of, split
from axonhub_cli.types.edited import Body, Edited

pytestmark = pytest.mark.loops
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\nx-a: 2\r\n\r\n"
CHUNKED += b"5\r\nHello\r\n7;ext=1\r\n, world\r\n0\r\nTrailer: t\r\n\r\n"
MEASURED = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nHello, world"
TO_THE_END = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nHello, world"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + MEASURED
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


class Peer:
    """An upstream that says exactly these bytes; `served` counts its connections, `ended` those that the client closed."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.served = self.ended = 0
        self.close_after = False
        self.came = b""  # the last request's body
        self.step = 0  # bytes per write; 0: all at once
        self.place = Place("127.0.0.1", 0, None)
        self.gone = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.served += 1
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                self.came = await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
                await self._say(writer, self.answers.pop(0))
                if self.close_after:
                    return
            await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.ended += 1
            self.gone.set()
            writer.close()

    async def _say(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        for at in range(0, len(data), self.step or len(data) or 1):
            writer.write(data[at : at + (self.step or len(data))])
            await writer.drain()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    """The scripted upstream, listening."""
    made = Peer()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.place = Place("127.0.0.1", server.sockets[0].getsockname()[1], None)
    yield made
    server.close()


@pytest.fixture
async def wires() -> AsyncIterator[Wires]:
    made = Wires()
    yield made
    made.close()


async def ask(wires: Wires, peer: Peer, body: Body = b"{}") -> Answer:
    head = head_of(f"POST / HTTP/1.1\r\nHost: {peer.place.host}\r\n", [("accept", "*/*")], len(body))
    return await wires.ask(peer.place, head, body, 5)


async def whole(answer: Answer) -> bytes:
    parts = []
    while part := await answer.read():
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("step", [0, 1, 7])
@pytest.mark.parametrize(
    ("said", "status", "body", "again"),
    [
        (CHUNKED, 200, b"Hello, world", True),
        (MEASURED, 200, b"Hello, world", True),
        (TO_THE_END, 200, b"Hello, world", False),
        (INTERIM, 200, b"Hello, world", True),
        (EMPTY, 204, b"", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", False),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", False),
    ],
)
async def test_answers_of_every_form_are_read(
    said: bytes, status: int, body: bytes, again: bool, step: int, peer: Peer, wires: Wires
) -> None:
    """However the bytes are cut, the body is the same, and a connection that may serve again does."""
    peer.answers, peer.step, peer.close_after = [said, MEASURED], step, said is TO_THE_END
    answer = await ask(wires, peer)
    assert (answer.status, await whole(answer), await answer.read()) == (status, body, b"")
    assert await whole(await ask(wires, peer)) == b"Hello, world"
    assert peer.served == (1 if again else 2)


async def test_names_are_in_lower_case_and_repeated_ones_joined(peer: Peer, wires: Wires) -> None:
    """Trailers are no headers."""
    peer.answers = [CHUNKED]
    answer = await ask(wires, peer)
    await whole(answer)
    assert answer.headers == {"transfer-encoding": "chunked", "x-a": "1, 2"}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxx", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", "no HTTP .Invalid character in chunk size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "transfer coding that nobody asked for"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxx", "transfer coding that nobody asked for"),
        (b"HTTP/1.1 099 Hm\r\nContent-Length: 2\r\n\r\nhi", "the status line"),
        (b"HTTP/1.1 999 Hm\r\nContent-Length: 2\r\n\r\nhi", "the status line"),
        (b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "the status line"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * (MAX_SILENCE + 9) + b"\r\n\r\n", "of headers"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 40000, "of headers"),
        (CHUNKED[:-2] + b"T: " + b"a" * (16 * MAX_SILENCE) + b"\r\n\r\n", "of headers"),
        (MEASURED[:-3], "before the answer was complete"),
        (CHUNKED[:-9], "before the answer was complete"),
        (b"HTTP/1.1 200", "before the answer was complete"),
    ],
)
async def test_what_is_no_complete_answer_breaks(said: bytes, words: str, peer: Peer, wires: Wires) -> None:
    """Nothing is waited for, nothing is taken for an answer, and it is not asked again once something was said."""
    peer.answers, peer.close_after = [said], True
    with pytest.raises(Broken, match=words):
        await whole(await ask(wires, peer))
    assert peer.served == 1


async def test_a_stale_connection_is_replaced_once(peer: Peer, wires: Wires) -> None:
    """A kept connection that the upstream drops without a word costs a new one; a new one that does so is an error."""
    peer.answers = [MEASURED, b"", MEASURED, b""]
    assert await whole(await ask(wires, peer)) == b"Hello, world"

    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    peer.close_after = True
    assert await whole(await ask(wires, peer)) == b"Hello, world"
    assert peer.served == 2
    with pytest.raises(Broken) as caught:
        await ask(wires, peer)
    assert caught.value.unanswered


async def test_after_a_sleep_connections_are_new(peer: Peer, wires: Wires, monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer that slept for an hour has a clock that did not: what was kept leads nowhere, and would not even say so."""
    peer.answers = [MEASURED, MEASURED, MEASURED]
    assert await whole(await ask(wires, peer)) == b"Hello, world"
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    assert await whole(await ask(wires, peer)) == b"Hello, world"
    assert await whole(await ask(wires, peer)) == b"Hello, world"
    assert peer.served == 2


@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPIDLE"), reason="this system names the option in another way")
async def test_the_system_looks_after_silent_connections(peer: Peer, wires: Wires) -> None:
    """So that an upstream which has vanished is found while it is waited for."""
    peer.answers = [MEASURED]
    sock = (await ask(wires, peer))._wire._transport.get_extra_info("socket")
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30


async def test_an_answer_that_had_begun_is_not_asked_for_again(peer: Peer, wires: Wires) -> None:
    """On a kept connection neither: one byte of it shows that the request was taken."""
    peer.answers = [MEASURED, b"H", MEASURED]
    assert await whole(await ask(wires, peer)) == b"Hello, world"
    peer.close_after = True
    with pytest.raises(Broken, match="before the answer was complete"):
        await ask(wires, peer)
    assert peer.served == 1


async def test_closing_an_answer_ends_its_connection(peer: Peer, wires: Wires) -> None:
    """Who wants no more hangs up: the upstream notices at once. A cancelled wait for the head does the same."""
    peer.answers = [MEASURED[:-3]]
    answer = await ask(wires, peer)
    answer.close()
    await peer.gone.wait()
    with pytest.raises(Broken):
        await whole(answer)

    peer.gone.clear()
    peer.answers = [b""]
    waiting = asyncio.ensure_future(ask(wires, peer))
    while peer.answers:
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await peer.gone.wait()


async def test_a_reader_that_is_slow_stops_the_upstream(peer: Peer, wires: Wires) -> None:
    """What waits to be read is bounded, and nothing is lost when reading goes on."""
    size = 12 << 20
    peer.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size]
    answer = await ask(wires, peer)
    for _ in range(200):
        await asyncio.sleep(0)
    assert 0 < len(await answer.read()) < size // 2
    assert not peer.ended
    rest = await whole(answer)
    assert set(rest) == {ord("x")}


class Transport:
    """What a wire uses of a transport."""

    def __init__(self) -> None:
        self.sent = b""
        self.aborted = self.paused = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


def begin() -> tuple[Wire, Transport, Answer, list[Wire]]:
    """A wire on such a transport that was asked something."""
    free: list[Wire] = []
    wire, transport = Wire(free.append, memoryview(bytearray(FIRST))), Transport()
    wire.connection_made(transport)  # type: ignore[arg-type]  # all that is used of it
    return wire, transport, wire.ask(b"POST ", b"{}"), free


async def test_a_sink_takes_what_it_can() -> None:
    """What came before it is given to it first; while it takes everything `read` sees only the end; what it refuses is read."""
    wire, transport, answer, free = begin()
    taken: list[bytes] = []
    wire.data_received(CHUNKED[:-36])
    willing = True

    def sink(data: bytes) -> bool:
        if willing:
            taken.append(data)
        return willing

    answer.sink = sink
    for at in range(len(CHUNKED) - 36, len(CHUNKED) - 25):
        wire.data_received(CHUNKED[at : at + 1])
    willing = False
    wire.data_received(CHUNKED[-25:])
    assert free == [wire]
    assert b"".join(taken) + await whole(answer) == b"Hello, world"
    assert len(taken) > 1
    assert transport.sent == b"POST {}"


async def test_short_answers_come_whole_and_long_ones_by_little() -> None:
    """What one read brings is what a client that stalls makes us hold."""
    wire, _, answer, _ = begin()
    sizes = [len(wire.get_buffer(-1))]
    wire.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + bytes(60_000))
    sizes.append(len(wire.get_buffer(-1)))
    wire.data_received(bytes(39_999))
    sizes.append(len(wire.get_buffer(-1)))
    assert len(await answer.read()) == 99_999
    sizes.append(len(wire.get_buffer(-1)))
    wire.data_received(b"\0")
    sizes.append(len(wire.get_buffer(-1)))
    wire.ask(b"POST ", b"{}")
    sizes.append(len(wire.get_buffer(-1)))
    assert sizes == [FIRST, FIRST, READ, READ, READ, FIRST]


async def test_what_follows_an_answer_is_no_part_of_it() -> None:
    """Nor is the connection to be trusted then."""
    wire, transport, answer, free = begin()
    wire.data_received(MEASURED + MEASURED)
    assert await whole(answer) == b"Hello, world"
    assert transport.aborted
    assert free == []


async def test_what_a_sink_raises_is_raised_where_the_answer_is_read() -> None:
    """The connection ends with it."""
    wire, transport, answer, free = begin()

    def fail(data: bytes) -> bool:
        raise KeyError(data)

    answer.sink = fail
    wire.data_received(MEASURED[:-1])
    assert transport.aborted
    with pytest.raises(KeyError):
        await answer.read()
    assert free == []


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("more", [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", b"\0garbage", b"H"])
async def test_what_comes_behind_an_answer_spoils_the_connection(more: bytes, step: int, peer: Peer, wires: Wires) -> None:
    """Bytes that nobody asked for are never taken for the next answer; the one before them is whole."""
    peer.answers, peer.step = [MEASURED + more, MEASURED], step
    assert await whole(await ask(wires, peer)) == b"Hello, world"
    assert await whole(await ask(wires, peer)) == b"Hello, world"
    assert peer.served == 2


async def test_nobody_there(wires: Wires) -> None:
    """A refused connection and a name that does not exist say why."""
    with pytest.raises(Unreachable) as caught:
        await wires.ask(Place("127.0.0.1", 1, None), b"", b"", 5)
    assert isinstance(caught.value.cause, ConnectionRefusedError)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "http://127.0.0.1:9100/v1/messages",
            ("127.0.0.1", 9100, False, "POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:9100\r\n"),
        ),
        ("https://api.example.com/v1", ("api.example.com", 443, True, "POST /v1 HTTP/1.1\r\nHost: api.example.com\r\n")),
        ("http://[::1]:80", ("::1", 80, False, "POST / HTTP/1.1\r\nHost: [::1]:80\r\n")),
        ("http://user:pass@host/v1", None),
        ("http://höst/v1", None),
        ("http://host/a b", None),
        ("http://host:99999/", None),
        ("ftp://host/", None),
    ],
)
def test_plain_addresses_are_taken_apart(url: str, expected: tuple[str, int, bool, str] | None) -> None:
    """What is not plain is left to aiohttp."""
    assert split(url) == expected


def test_a_header_cannot_begin_another() -> None:
    """A line break in a value would let it say more than one header."""
    from axonhub_cli.errors import ConfigError

    assert head_of("POST / HTTP/1.1\r\nHost: h\r\n", [("a", "b")], 3).endswith(b"\r\na: b\r\nContent-Length: 3\r\n\r\n")
    for value in ("x\r\nEvil: 1", "x\n", "x\r"):
        with pytest.raises(ConfigError):
            head_of("POST / HTTP/1.1\r\nHost: h\r\n", [("a", value)], 3)


async def test_an_unused_connection_is_not_trusted_after_it_spoke() -> None:
    """Whatever comes while nobody waits for an answer ends the connection."""
    wire, transport, _, free = begin()
    wire.data_received(MEASURED)
    assert (free, transport.aborted, wire.usable) == ([wire], False, True)
    wire.data_received(b"HTTP/1.1 200 OK\r\n\r\n")
    assert (transport.aborted, wire.usable) == (True, False)


@pytest.fixture
def authority(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context for `localhost`, and the certificate that vouches for it."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem, secret = tmp_path / "cert.pem", tmp_path / "key.pem"
    pem.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(key.private_bytes(*form))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return context, pem


async def test_tls_is_checked_and_kept_apart(authority: tuple[ssl.SSLContext, Path], wires: Wires) -> None:
    """A trusted certificate lets the connection serve again; an unknown one, and a server without TLS, say what is wrong."""
    context, pem = authority
    peer = Peer()
    peer.answers = [CHUNKED, MEASURED]
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=context)
    bare = await asyncio.start_server(_shout, "127.0.0.1", 0)
    port, open_port = server.sockets[0].getsockname()[1], bare.sockets[0].getsockname()[1]

    peer.place = Place("localhost", port, ssl.create_default_context(cafile=pem))
    body = Edited(os.urandom(700_000), 10, 20, b"another name")
    assert await whole(await ask(wires, peer, body)) == b"Hello, world"
    assert peer.came == bytes(body)
    assert await whole(await ask(wires, peer)) == b"Hello, world"
    assert peer.served == 1
    for number, kind in ((port, ssl.SSLCertVerificationError), (open_port, ssl.SSLError)):
        with pytest.raises(Unreachable) as caught:
            await wires.ask(Place("localhost", number, ssl.create_default_context()), b"", b"", 5)
        assert isinstance(caught.value.cause, kind)
    server.close()
    bare.close()


@pytest.mark.parametrize("size", [100, 20_000, 3_000_000])
async def test_an_edited_body_goes_out_as_what_it_stands_for(peer: Peer, wires: Wires, size: int) -> None:
    """In any size, also when the upstream takes it piece by piece."""
    peer.answers = [MEASURED]
    body = Edited(Edited(os.urandom(size), 30, 40, b""), 10, 20, b"another name")
    await (await ask(wires, peer, body)).read()
    assert peer.came == bytes(body)


async def _shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that speaks no TLS."""
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await reader.read()
    writer.close()
