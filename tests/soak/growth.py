"""What grows with what: CPU per event with a stream's length, memory with idle streams, CPU with a body's size, delays with the
number of paced streams, the trace store with a session's turns. By hand, on a quiet machine, about three minutes:

    python -m tests.soak.growth --svg growth.svg > growth.md

A server of its own with traces and bodies on, in front of the mock upstream of `axonhub bench`; upstream and clients are
processes of their own, but on the same machine: from a few hundred paced streams on they take as much of it as the server does.
What they do to a delay themselves is told by the same streams without the server ("direct").
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from axonhub_cli.server import bench
from axonhub_cli.server.bench import LANES, Process, machine, mock
from axonhub_cli.server.bench_load import Caller, request

from .chart import Panel, svg

LENGTHS = (20, 200, 2000, 5000)
BODIES = (1, 16, 64, 256, 1024, 4096)  # KB
IDLE = (250, 500, 1000)
PACED = (1, 50, 500, 1000)
TURNS = (1, 10, 25, 50)
PACE, EVENTS = 0.2, 20  # seconds between the events of a paced stream, and how many of them
_SIZES = sorted({1, EVENTS, *LENGTHS})
_TOKEN = "bench-local"  # of a server that lives for minutes on loopback


def note(words: str) -> None:
    """Where we are, for who waits."""
    sys.stderr.write(words + "\n")


def caller(process: Process, lane: str, events: int, body_kb: int = 0, text: str = "Say something.") -> Caller:
    """A client of a lane."""
    path, name = LANES[lane]
    last = b"message_stop" if path == "/v1/messages" else b"[DONE]"
    return Caller(process.port, request(process.port, path, f"{name}-{events}", _TOKEN, body_kb << 10, text), last)


def cost(process: Process, lane: str, events: int, body_kb: int, seconds: float = 2.0) -> float:
    """Milliseconds of the server's CPU for a request."""
    client = caller(process, lane, events, body_kb)
    try:
        for _ in range(3):
            client.call()
        before, count, until = process.cpu() or 0.0, 0, time.perf_counter() + seconds
        while time.perf_counter() < until or count < 5:
            client.call()
            count += 1
        time.sleep(0.5)  # the trace is written a moment later
        return ((process.cpu() or 0.0) - before) * 1000 / count
    finally:
        client.close()


def by_length(process: Process, _upstream: int) -> list[Panel]:
    """CPU per event against a stream's length."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for lane in ("verbatim", "convert"):
        for events in LENGTHS:
            note(f"{lane}, a stream of {events} events")
            lines.setdefault(lane, []).append((events, cost(process, lane, events, 0) * 1000 / events))
    return [Panel("CPU per event by length of the stream", "events of the stream", "µs", lines, log=True)]


def by_body(process: Process, _upstream: int) -> list[Panel]:
    """CPU per request against a body's size."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for lane in ("verbatim", "convert"):
        for body in BODIES:
            note(f"{lane}, a body of {body} KB")
            lines.setdefault(lane, []).append((body, cost(process, lane, 1, body)))
    return [Panel("CPU per request by size of the body", "KB of the body", "ms", lines, log=True)]


async def _stream(port: int, lane: str, pace: float, hold: asyncio.Event | None) -> tuple[float, list[float]]:
    """One stream: milliseconds to its first event, and the gaps between its reads. `hold`: leave when it is set."""
    path, name = LANES[lane]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begun = time.perf_counter()
    writer.write(request(port, path, f"{name}-{EVENTS}", _TOKEN, 0, f"pace={pace}"))
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"answered {head[:200]!r}")
    said = await reader.read(65536)
    last = time.perf_counter()
    first, gaps = (last - begun) * 1000, []
    if hold is not None:
        await hold.wait()
    while hold is None and not said.endswith(b"0\r\n\r\n"):
        said = await reader.read(65536)
        now = time.perf_counter()
        gaps.append((now - last) * 1000)
        last = now
    writer.close()
    return first, gaps


async def by_idle(process: Process, _upstream: int) -> list[Panel]:
    """Memory against streams that are open and silent."""
    line = [(0.0, process.rss_mb() or 0.0)]
    hold = asyncio.Event()
    tasks: list[asyncio.Task[Any]] = []
    for count in IDLE:
        note(f"{count} idle streams")
        while len(tasks) < count:
            tasks.append(asyncio.ensure_future(_stream(process.port, "convert", 3600, hold)))
            await asyncio.sleep(0.004)
        await asyncio.sleep(2)
        line.append((count, process.rss_mb() or 0.0))
    hold.set()
    await asyncio.gather(*tasks)
    return [Panel("Memory by idle streams", "open streams", "MB", {"converted": line})]


def quantile(values: list[float], part: float) -> float:
    """Of some values; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


async def by_paced(process: Process, upstream: int) -> list[Panel]:
    """Delays against the number of paced streams, with the server and without it. The pace itself is taken off the gaps."""
    first: dict[str, list[tuple[float, float]]] = {"axonhub": [], "direct": []}
    late: dict[str, list[tuple[float, float]]] = {"axonhub": [], "direct": []}
    for count in PACED:
        for way, port in (("direct", upstream), ("axonhub", process.port)):
            note(f"{count} paced streams, {way}")
            heard = await asyncio.gather(*(_later(number / count, port) for number in range(count)))  # all within a second
            first[way].append((count, quantile([begin for begin, _ in heard], 0.99)))
            over = [gap - PACE * 1000 for _, gaps in heard for gap in gaps[:-1]]
            late[way].append((count, max(0.0, quantile(over, 0.99))))
    streams = f"streams at a time, {1 / PACE:g} events/s each"
    return [
        Panel("Time to the first event, p99, by paced streams", streams, "ms", first, log=True),
        Panel("Lateness of an event, p99, by paced streams", streams, "ms", late, log=True),
    ]


async def _later(seconds: float, port: int) -> tuple[float, list[float]]:
    await asyncio.sleep(seconds)
    return await _stream(port, "verbatim", PACE, None)


def stored(home: Path) -> int:
    """Bytes of the trace store."""
    return sum(path.stat().st_size for path in home.glob("traces.db*"))


def by_turns(process: Process, _upstream: int) -> list[Panel]:
    """The store against a session's turns, each of which sends all of those before it."""
    line, sent, before, done = [], [], stored(process.home), 0
    words = " ".join(f"word{number}" for number in range(400))
    total = 0
    for turns in TURNS:
        note(f"{turns} turns of a session")
        for _ in range(turns - done):
            done += 1
            messages = [{"role": ("user", "assistant")[n % 2], "content": f"{n} {words}"} for n in range(2 * done - 1)]
            body = json.dumps({"model": "messages-20", "max_tokens": 99, "stream": True, "messages": messages}).encode()
            total += len(body)
            _post(process, body)
        time.sleep(1)
        line.append((float(turns), (stored(process.home) - before) / 1024))
        sent.append((float(turns), total / 1024))
    return [Panel("Trace store by turns of one session", "turns", "KB", {"stored": line, "sent by the client": sent}, log=True)]


def _post(process: Process, body: bytes) -> None:
    head = f"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{process.port}\r\nAuthorization: Bearer {_TOKEN}\r\n"
    client = Caller(
        process.port,
        f"{head}AH-Trace-Id: growth\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body,
        b"message_stop",
    )
    try:
        client.call()
    finally:
        client.close()


def tables(panels: Iterable[Panel]) -> str:
    """The same figures as Markdown."""
    out = []
    for panel in panels:
        points = sorted({x for line in panel.lines.values() for x, _ in line})
        out += [f"### {panel.title} ({panel.y})", "", f"| {panel.x} | " + " | ".join(f"{x:g}" for x in points) + " |"]
        out.append("|---|" + "---:|" * len(points))
        for name, line in panel.lines.items():
            values: dict[float, Any] = dict(line)
            out.append(f"| {name} | " + " | ".join(f"{values[x]:.3g}" if x in values else "" for x in points) + " |")
        out.append("")
    return "\n".join(out)


def main() -> None:
    """Measure, print the tables, draw the charts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--svg", type=Path, help="write the charts here")
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args()
    about = machine()
    panels: list[Panel] = []
    with mock() as upstream:
        for measure in (by_length, by_body, by_idle, by_paced, by_turns):  # each with a fresh server
            with bench.server(upstream, _SIZES) as process:
                made = measure(process, upstream)
                panels += asyncio.run(made) if asyncio.iscoroutine(made) else made
    print(
        f"{about['cpu']}, {about['cores']} cores, {about['system']}, Python {about['python']}, load {about['load']:.1f}; ", end=""
    )
    print(f"axonhub {about['axonhub']} ({about['commit'] or 'installed'})\n")
    print(tables(panels))
    if given.svg:
        given.svg.write_text(svg(panels))
    if given.json:
        given.json.write_text(json.dumps({"machine": about, "panels": {panel.title: panel.lines for panel in panels}}, indent=1))


if __name__ == "__main__":
    main()
