"""The upstream of `axonhub bench`: a process of its own that answers at once, so that what is measured is the proxy.

    python -m axonhub_cli.server.bench_mock      prints its port, serves until its standard input closes

It speaks just enough of Messages and Chat Completions. The model's name ends in the number of events wanted (`chat-2000`); the
events of an answer go out ten to a write, as fast as they are taken, or one by one where the request says `pace=SECONDS`.
"""

import asyncio
import re
import sys
from functools import lru_cache

PER_WRITE = 10
WORD = " benchmark"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_PACE = re.compile(rb"pace=(\d+(?:\.\d+)?)")
_EVENTS = re.compile(rb'"(?:messages|chat)-(\d+)"')


@lru_cache(maxsize=16)
def answer(path: str, events: int, per_write: int = PER_WRITE) -> tuple[bytes, ...]:
    """The writes of one answer: head and opening frames, the deltas, the closing frames."""
    begin, delta, end = _messages(events) if path.startswith("/v1/messages") else _chat(events)
    deltas = [_chunk(delta * min(per_write, events - at)) for at in range(0, events, per_write)]
    return (_HEAD + _chunk(begin), *deltas, _chunk(end) + b"0\r\n\r\n")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _named(kind: str, rest: str) -> str:
    return f'event: {kind}\ndata: {{"type":"{kind}"{rest}}}\n\n'


def _messages(events: int) -> tuple[bytes, bytes, bytes]:
    usage = '{"input_tokens":10,"output_tokens":1}'
    message = (
        f'{{"id":"msg_bench","type":"message","role":"assistant","model":"messages-{events}","content":[],"stop_reason":null,'
        f'"stop_sequence":null,"usage":{usage}}}'
    )
    begin = _named("message_start", f',"message":{message}')
    begin += _named("content_block_start", ',"index":0,"content_block":{"type":"text","text":""}')
    delta = _named("content_block_delta", f',"index":0,"delta":{{"type":"text_delta","text":"{WORD}"}}')
    end = _named("content_block_stop", ',"index":0')
    done = f',"delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{{"output_tokens":{events}}}'
    end += _named("message_delta", done) + _named("message_stop", "")
    return begin.encode(), delta.encode(), end.encode()


def _chat(events: int) -> tuple[bytes, bytes, bytes]:
    about = f'{{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1,"model":"chat-{events}",'

    def chunk(delta: str, finish: str = "null") -> str:
        return f'data: {about}"choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}\n\n'

    usage = f'"usage":{{"prompt_tokens":10,"completion_tokens":{events},"total_tokens":{events + 10}}}'
    end = chunk("{}", '"stop"') + f'data: {about}"choices":[],{usage}}}\n\ndata: [DONE]\n\n'
    return chunk('{"role":"assistant","content":""}').encode(), chunk(f'{{"content":"{WORD}"}}').encode(), end.encode()


async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The requests of one connection, one after the other."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            events = _EVENTS.search(body)
            found = _PACE.search(body[-200:])
            pace = float(found[1]) if found else 0.0
            path, many = head.split(b" ", 2)[1].decode(), int(events[1]) if events else 1
            for number, part in enumerate(answer(path, many, 1 if pace else PER_WRITE)):
                if pace and number > 1:
                    await asyncio.sleep(pace)
                writer.write(part)
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        pass  # the other side has left, or the measurement is over
    finally:
        writer.close()


async def main() -> None:
    """Listen on a free loopback port until nobody holds the other end of standard input any more."""
    server = await asyncio.start_server(serve_one, "127.0.0.1", 0, limit=1 << 20)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
