"""Mutated bytes at both of our HTTP sides, with h11 as the judge of what they say. RELIABILITY.md, threats 39 and 40.

Whoever sits in front of a server may read a stream of bytes in another way than the server does; where one of them sees a request
that the other does not see, it can be smuggled. So: what we serve is what a strict parser reads, at the same place and with the
same body, however the bytes are cut. We may refuse more. The same towards upstreams: an answer that we call complete is complete,
and a connection that is used again has nothing left in it.

`AXONHUB_FUZZ` is the number of examples for each, with `-m threats`.
"""

import asyncio
import os
import re
from itertools import pairwise
from typing import Any, NamedTuple

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from axonhub_cli.server.exchange import Answered, Request, Whole
from axonhub_cli.server.front import Connection, Front
from axonhub_cli.server.wire import FIRST, Answer, Broken, Wire

MANY = int(os.environ.get("AXONHUB_FUZZ", "600"))
FEW = 80


class Message(NamedTuple):
    """A request as it was understood."""

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


# What messages are made of, and what is put into them where it does not belong.
_REQUESTS = (
    b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;e=1\r\nde\r\n0\r\nT: v\r\n\r\n",
    b"POST /d HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",
    b"POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /f HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /g HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nz",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\nX-Empty:\r\n\r\n",
)
_ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;e=1\r\nde\r\n0\r\nT: v\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",
    b"HTTP/1.1 503 Busy\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 4\r\n\r\nbusy",
)
_PIECES = (
    b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b":", b",", b";", b"0", b"1", b"5", b"-", b"+", b"\xff", b"\x0b", b"\x7f",
    b"Content-Length: 4\r\n", b"Content-Length: 5, 5\r\n", b"content-length:0\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: identity\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding:\tchunked \r\n",
    b"Transfer-Encoding\r\n", b" chunked\r\n", b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Upgrade: x\r\n",
    b"Connection: upgrade\r\n", b"Expect: 100-continue\r\n", b"Host: y\r\n", b"0\r\n\r\n",
    b"GET /evil HTTP/1.1\r\nHost: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", b"HTTP/1.0", b"HTTP/1.1", b"CONNECT",
    b"HEAD", b"ffffffffffffffff", b"204",
    b"304", b"101", b"099", b"999",
)  # fmt: skip


@st.composite
def streams(draw: st.DrawFn, messages: tuple[bytes, ...], most: int) -> tuple[bytes, tuple[int, ...]]:
    """Bytes of some messages with a few mutations, and where they are cut."""
    data = b"".join(draw(st.lists(st.sampled_from(messages), min_size=1, max_size=most)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        gone = draw(st.sampled_from((0, 0, 0, 1, 1, 2, 8)))
        data = data[:at] + draw(st.sampled_from((b"", *_PIECES))) + data[at + gone :]
    cuts = draw(st.lists(st.integers(0, len(data)), max_size=8))
    return data, tuple(sorted(cuts))


def pieces(data: bytes, cuts: tuple[int, ...]) -> list[bytes]:
    ends = [0, *cuts, len(data)]
    return [data[begin:end] for begin, end in pairwise(ends) if end > begin]


class Transport:
    """What a connection or a wire uses of a transport."""

    def __init__(self) -> None:
        self.sent = b""
        self.closed = self.paused = False

    def write(self, data: bytes) -> None:
        self.sent += data if not self.closed else b""

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int) -> None:
        pass

    def get_extra_info(self, name: str) -> None:
        return None

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


async def _turns() -> None:
    for _ in range(12):
        await asyncio.sleep(0)


# The server's side.


async def _serve(parts: list[bytes]) -> tuple[list[Message], bytes]:
    """The requests that our server answers, and what it says."""
    seen: list[Message] = []

    async def handle(request: Request) -> Answered:
        headers = tuple((name.lower(), value) for name, value in request.raw_headers)
        if sum(name == b"host" for name, _ in headers) != 1:  # as the guard does
            return Whole(status=403, headers={}, close=True)
        body = b""
        while piece := await request.read():
            body += piece
        seen.append(Message(request.method, request.raw_path, headers, body))
        return Whole(body=b"%d" % len(seen), headers={})

    transport, connection = Transport(), Connection(Front(handle))
    connection.connection_made(transport)  # type: ignore[arg-type]  # all that is used of it
    for part in parts:
        if not transport.closed:
            connection.data_received(part)
            await _turns()
    said, transport.closed = transport.sent, True
    connection.connection_lost(None)
    await _turns()
    return seen, said


_LINE = re.compile(rb"([!-~]+) +([!-~]+) +(HTTP/1\.[01]\r\n)")  # llhttp takes more than one space here: no harm in that


def judged(data: bytes) -> list[Message]:
    """The requests that h11 reads."""
    found: list[Message] = []
    while data := data.lstrip(b"\r\n"):
        data = _LINE.sub(rb"\1 \2 \3", data, count=1) if _LINE.match(data) else data
        judge = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 16)
        judge.receive_data(data)
        head, body = None, b""
        try:
            while not isinstance(event := judge.next_event(), h11.EndOfMessage):
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return found
                head = event if isinstance(event, h11.Request) else head
                body += bytes(event.data) if isinstance(event, h11.Data) else b""
        except h11.RemoteProtocolError:
            return found
        assert head is not None
        headers = tuple((bytes(name), bytes(value)) for name, value in head.headers if name != b"content-length")
        found.append(Message(head.method.decode(), head.target.decode("latin-1"), headers, body))
        data = judge.trailing_data[0]
    return found


def same(ours: Message, theirs: Message) -> bool:
    """h11 writes the one coding in lower case; what CONNECT brings with it is no body to us."""
    plain = [(name, value.lower() if name == b"transfer-encoding" else value) for name, value in ours.headers]
    return ours[:2] == theirs[:2] and plain == list(theirs.headers) and (ours.body == theirs.body or ours.method == "CONNECT")


def heads(said: bytes, count: int) -> int:
    """How many final answers h11 reads in what we said to so many requests; an error where it reads anything else."""
    answers = 0
    while said and said != b"HTTP/1.1 100 Continue\r\n\r\n":  # to whom left then
        judge = h11.Connection(h11.CLIENT)
        judge.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
        judge.send(h11.EndOfMessage())
        judge.receive_data(said)
        while not isinstance(event := judge.next_event(), h11.EndOfMessage):
            assert event is not h11.NEED_DATA, said
        answers, said = answers + 1, judge.trailing_data[0]
    assert answers in (count, count + 1), said
    return answers


def check_server(stream: tuple[bytes, tuple[int, ...]]) -> None:
    data, cuts = stream

    async def run() -> tuple[Any, Any]:
        return await _serve([data]), await _serve(pieces(data, cuts))

    (whole, _), (ours, said) = asyncio.run(run())
    theirs = judged(data)
    assert len(ours) <= len(theirs), (ours, theirs)
    for mine, other in zip(ours, theirs, strict=False):
        assert same(mine, other), (mine, other)
    assert ours[: len(whole)] == whole[: len(ours)]
    if not any(message.method == "HEAD" for message in ours):
        heads(said, len(ours))


@settings(max_examples=FEW, deadline=None)
@given(streams(_REQUESTS, 3))
def test_we_serve_only_what_a_strict_parser_reads(stream: tuple[bytes, tuple[int, ...]]) -> None:
    """A few mutations; many of them with `-m threats`."""
    check_server(stream)


@pytest.mark.threats
@settings(max_examples=MANY, deadline=None)
@given(streams(_REQUESTS, 4))
def test_we_serve_only_what_a_strict_parser_reads_for_long(stream: tuple[bytes, tuple[int, ...]]) -> None:
    """Smuggling: no request of ours that the judge does not see at the same place, no answer that it cannot read."""
    check_server(stream)


@settings(max_examples=FEW, deadline=None)
@given(st.lists(st.sampled_from(_REQUESTS[:4]), min_size=1, max_size=6), st.lists(st.integers(0, 900), max_size=12))
def test_what_is_right_is_served_however_it_is_cut(messages: list[bytes], cuts: list[int]) -> None:
    """Nothing that is right is refused, and each gets its answer."""
    data = b"".join(messages)
    ours, said = asyncio.run(_serve(pieces(data, tuple(sorted(cut for cut in cuts if cut < len(data))))))
    theirs = judged(data)
    assert len(ours) == len(theirs) == len(messages)
    assert all(map(same, ours, theirs))
    assert heads(said, len(messages)) == len(messages)


# The client's side.


class Outcome(NamedTuple):
    """What became of an answer: its status and body, whether it is complete, and whether the connection may be used again."""

    status: int
    body: bytes
    complete: bool
    again: bool


async def _asked(parts: list[bytes], *, through_sink: bool) -> Outcome:
    """What our client makes of an upstream that says this and closes."""
    free: list[Wire] = []
    wire, transport = Wire(free.append, memoryview(bytearray(FIRST))), Transport()
    wire.connection_made(transport)  # type: ignore[arg-type]  # all that is used of it
    answer = wire.ask(b"POST / HTTP/1.1\r\n\r\n", b"")
    body: list[bytes] = []

    def sink(data: bytes) -> bool:
        body.append(data)
        return True

    if through_sink:
        answer.sink = sink
    for part in parts:
        if not transport.closed:
            wire.data_received(part)
    again = bool(free) and wire.usable
    wire.connection_lost(None)
    return await _read(answer, body, again)


async def _read(answer: Answer, body: list[bytes], again: bool) -> Outcome:
    try:
        async with asyncio.timeout(1):  # it never waits: the connection is gone
            await answer.head()
            while piece := await answer.read():
                body.append(piece)
    except Broken:
        return Outcome(answer.status, b"".join(body), False, again)
    return Outcome(answer.status, b"".join(body), True, again)


_FRAMING = re.compile(rb"(\r\n0+\r\n(?:[^\r\n]+\r\n)*?)(?:transfer-encoding|content-length)[ \t]*:[^\r\n]*\r\n", re.IGNORECASE)
_BLANK = re.compile(rb"(\AHTTP/1\.[01] 1\d\d[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)[\r\n]+")  # after an interim answer
_REASON = re.compile(rb"(?<=HTTP/1\.[01] \d\d\d)[^\r\n]*")


def plain(data: bytes) -> bytes:
    """Without odd characters in the words of a status line, which nobody reads, and without framing in trailers, which says
    nothing there (RFC 9110, 6.5.1)."""
    data = _REASON.sub(lambda found: bytes(byte if 0x20 <= byte < 0x7F else 0x3F for byte in found[0]), data)
    return _FRAMING.sub(rb"\1", data)


def told(data: bytes) -> tuple[Outcome, bytes]:
    """What h11 makes of it, and what is left over."""
    judge = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 16)
    judge.send(h11.Request(method="POST", target="/", headers=[("Host", "x"), ("Content-Length", "0")]))
    judge.send(h11.EndOfMessage())
    judge.receive_data(data)
    judge.receive_data(b"")
    status, body = 0, b""
    try:
        while not isinstance(event := judge.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                return Outcome(status, body, False, False), b""
            status = event.status_code if isinstance(event, h11.Response) else status
            body += bytes(event.data) if isinstance(event, h11.Data) else b""
    except h11.RemoteProtocolError:
        return Outcome(status, body, False, False), b""
    return Outcome(status, body, True, judge.their_state is h11.DONE), judge.trailing_data[0]


_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"


def check_client(stream: tuple[bytes, tuple[int, ...]]) -> None:
    data, cuts = stream
    theirs, left = told(_BLANK.sub(rb"\1", plain(data).lstrip(b"\r\n")))  # blank lines before an answer are no harm
    outcomes = [
        asyncio.run(_asked(parts, through_sink=sink))
        for parts in ([data], pieces(data, cuts), [bytes([byte]) for byte in data])
        for sink in (False, True)
    ]
    for ours in outcomes:
        assert ours[:3] == outcomes[0][:3], data
        if ours.complete:
            assert theirs.complete, (ours, theirs)
            assert (ours.status, plain(ours.body)) == (theirs.status, theirs.body), (ours, theirs)
        if ours.again:
            assert ours.complete
            assert not left.strip(b"\r\n"), (ours, left)


@settings(max_examples=FEW, deadline=None)
@given(streams(_ANSWERS, 2))
@example((_CHUNKED + b"0\r\nT: v\r\nTransfer-Encoding: identity\r\n\r\n", ()))
def test_an_answer_is_what_a_strict_parser_reads(stream: tuple[bytes, tuple[int, ...]]) -> None:
    """A few mutations; many of them with `-m threats`."""
    check_client(stream)


@pytest.mark.threats
@settings(max_examples=MANY, deadline=None)
@given(streams(_ANSWERS, 2))
def test_an_answer_is_what_a_strict_parser_reads_for_long(stream: tuple[bytes, tuple[int, ...]]) -> None:
    """Never a wait without an end, a cut answer that passes for a whole one, a connection with something left in it."""
    check_client(stream)


@pytest.mark.parametrize("said", _ANSWERS)
def test_right_answers_are_read(said: bytes) -> None:
    """As the judge reads them; and used again where neither side says that it ends, nor the end of it is its end."""
    ours = asyncio.run(_asked([said], through_sink=False))
    assert ours[:3] == told(said)[0][:3]
    assert ours.again == (b"close" not in said and b"to the end" not in said)
