"""What the live tree costs: `python -m pytest -m soak tests/soak/test_tree.py -n 0 -s`."""

import asyncio
import fcntl
import json
import os
import pty
import struct
import sys
import termios
from pathlib import Path

import pytest
from aiohttp import web

from axonhub_cli.server.tasks import spawn
from tests.soak.serving import Serving, serving

pytestmark = [pytest.mark.soak, pytest.mark.timeout(120)]

STREAMS, RATE, SECONDS = 20, 50, 10


async def paced(request: web.Request) -> web.StreamResponse:
    """So many events a second until the client leaves."""
    await request.read()
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for number in range(RATE * 60):
        chunk = {
            "id": "c",
            "object": "chat.completion.chunk",
            "model": "m",
            "choices": [{"index": 0, "delta": {"content": f" w{number}"}}],
        }
        await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        await asyncio.sleep(1 / RATE)
    return response


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    return sum(int(each.read_text().split()[0]) for each in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


async def ask(server: Serving, number: int) -> None:
    """One stream, read until the end of the test."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": f"stream {number}"}]}).encode()
    writer.write(server.post("/v1/chat/completions", body, f"AH-Trace-Id: trace-{number}\r\n"))
    try:
        while await reader.read(65_536):
            pass
    finally:
        writer.close()


async def measure(size: tuple[int, int]) -> float:
    """The share of a core that `trace tail` takes on a terminal of that size."""
    async with serving(paced) as server:
        master, slave = pty.openpty()
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        environment = {**os.environ, "AXONHUB_HOME": str(server.home), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        tail = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "axonhub_cli", "trace", "tail", stdin=slave, stdout=slave, stderr=slave, env=environment,
            start_new_session=True,
        )  # fmt: skip
        seen = bytearray()
        asyncio.get_running_loop().add_reader(master, lambda: seen.extend(os.read(master, 65_536)))
        asks = [spawn(ask(server, number), f"stream {number}") for number in range(STREAMS)]
        while b"20 running" not in seen:
            await asyncio.sleep(0.1)
        before = cpu(tail.pid)
        await asyncio.sleep(SECONDS)
        share = (cpu(tail.pid) - before) / SECONDS
        for task in asks:
            task.cancel()
        await asyncio.wait(asks)
        asyncio.get_running_loop().remove_reader(master)
        tail.terminate()
        await tail.wait()
        os.close(master)
        os.close(slave)
    return share


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_twenty_streams_cost_little(size: tuple[int, int]) -> None:
    """20 streams of 50 events a second take less than 5 % of a core."""
    share = asyncio.run(measure(size))
    sys.stdout.write(f"{size[0]}x{size[1]}: {100 * share:.1f} % of a core\n")
    assert share < 0.05
