"""Coding agents' sessions at once: growing conversations of 150 KB through a real server that records everything.

    python -m tests.soak.sessions --sessions 20 --turns 100
    python -m tests.soak.sessions --sessions 20 --turns 100 --untraced      # what of the lateness is not the trace's

Each session is a Claude Code conversation: tools and a system prompt that stay, a history that grows by a question, a tool
result and an answer each turn; the size is that of a request in the middle of the session. Printed: requests a second, rows in
the trace against requests that were made, bodies that are missing, the size of the database for each session against the bytes
that were sent, the lateness of the server's loop as it measures it itself, and how long the server took to end after the last
answer, with all on disk.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from axonhub_cli.config import state
from axonhub_cli.config.keys import KeyStore

EVENTS = 30  # of an answer
WORDS = [
    f"{a}{b}{c}" for a in ("par", "to", "mi", "ka", "lor") for b in ("ser", "ken", "na", "vi") for c in ("", "s", "ing", "ed")
]


@dataclass
class Result:
    """What came of it. Milliseconds, bytes, counts."""

    sessions: int
    turns: int
    answered: int = 0
    wrong: list[str] = field(default_factory=list)
    sent_bytes: int = 0
    seconds: float = 0.0
    rows: int = 0
    without_bodies: int = 0
    running_rows: int = 0
    dropped: int = 0
    database_bytes: int = 0
    written_s: float = 0.0  # from the last answer until all was on disk
    lag_ms: dict[str, float] = field(default_factory=dict)  # of the loop, over its last minute
    rss_mb: float = 0.0

    @property
    def session_mb(self) -> float:
        """Of the database, for each session."""
        return self.database_bytes / self.sessions / 1e6


def prose(size: int, seed: random.Random) -> str:
    """Text of about that many bytes that compresses as text does."""
    words = []
    length = 0
    while length < size:
        words.append(seed.choice(WORDS) if seed.random() < 0.9 else f"{seed.randrange(1 << 32):x}")
        length += len(words[-1]) + 1
    return " ".join(words)


class Session:
    """One conversation; `body` is its next request."""

    def __init__(self, number: int, size: int, turns: int) -> None:
        self.seed, self.size = random.Random(number), size
        self.name = f"{number:08d}-0000-4000-8000-{number:012d}"
        self.tools = [
            {"name": f"tool_{index}", "description": prose(900, random.Random(index)), "input_schema": {"type": "object"}}
            for index in range(20)
        ]
        self.system = [{"type": "text", "text": prose(12_000, random.Random(-1))}]
        self.messages: list[dict[str, Any]] = []
        self.step = max(1000, (size - 40_000) // turns)  # bytes by which a turn makes the next request longer
        while len(self.body()) < size - self.step * turns // 2:
            self.grow()

    def grow(self) -> None:
        """A question, a tool result, and what the model said to it."""
        result = {"type": "tool_result", "tool_use_id": "t", "content": prose(self.step - 700, self.seed)}
        self.messages += [
            {"role": "user", "content": [{"type": "text", "text": prose(100, self.seed)}, result]},
            {"role": "assistant", "content": [{"type": "text", "text": prose(300, self.seed)}]},
        ]

    def body(self) -> bytes:
        """The request, as Claude Code writes it."""
        asked = {"role": "user", "content": [{"type": "text", "text": prose(200, self.seed)}]}
        return json.dumps({
            "model": "claude-sonnet-4-5", "max_tokens": 1000, "stream": True, "tools": self.tools, "system": self.system,
            "messages": [*self.messages, asked], "metadata": {"user_id": f"user_{'0' * 64}_account__session_{self.name}"},
        }).encode()  # fmt: skip


def frames(number: int) -> list[bytes]:
    """An answer's frames."""
    seed, usage = random.Random(number), {"input_tokens": 50, "cache_read_input_tokens": 36_000, "output_tokens": 1}
    message = {
        "id": f"m{number}",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [],
        "usage": usage,
    }
    events: list[tuple[str, dict[str, Any]]] = [
        ("message_start", {"message": message}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
    ]
    events += [
        ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": prose(30, seed) + " "}})
        for _ in range(EVENTS)
    ]
    events += [
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 200}}),
        ("message_stop", {}),
    ]
    return [f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode() for name, data in events]


class Load:
    """One run."""

    def __init__(self, sessions: int, turns: int, size: int, pause: float, home: Path, *, traced: bool = True) -> None:
        self.traced = traced
        self.sessions, self.turns, self.size, self.pause, self.home = sessions, turns, size, pause, home
        self.result = Result(sessions, turns)
        self.frames = [frames(number) for number in range(64)]
        self.number = 0
        self.url = self.token = ""

    async def upstream(self, request: web.Request) -> web.StreamResponse:
        """Answers at once, frame by frame."""
        await request.read()
        self.number += 1
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for frame in self.frames[self.number % len(self.frames)]:
            await response.write(frame)
            await asyncio.sleep(0)
        return response

    async def client(self, session: aiohttp.ClientSession, number: int) -> None:
        """A session from its first turn to its last."""
        talk = Session(number, self.size, self.turns)
        headers = {"x-api-key": self.token, "anthropic-version": "2023-06-01", "content-type": "application/json"}
        headers["user-agent"] = "claude-cli/2.1.0 (external, cli)"
        await asyncio.sleep(self.pause * number / self.sessions)
        for turn in range(self.turns):
            body = talk.body()
            self.result.sent_bytes += len(body)
            async with session.post(self.url + "/anthropic/v1/messages", data=body, headers=headers) as response:
                text = await response.read()
            if response.status == 200 and b"message_stop" in text:
                self.result.answered += 1
            else:
                self.result.wrong.append(f"{number}-{turn}: {response.status} {text[-200:]!r}")
            talk.grow()
            await asyncio.sleep(self.pause)

    async def run(self) -> Result:
        """All of it."""
        app = web.Application(client_max_size=1 << 30)
        app.router.add_post("/v1/messages", self.upstream)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        (self.home / "config.toml").write_text(
            f'[trace]\nenabled = {str(self.traced).lower()}\n[[channels]]\nname = "c"\ntype = "anthropic"\nbase_url = "http://127.0.0.1:{runner.addresses[0][1]}"\n'
        )
        process = await self.serve()
        begun = time.monotonic()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            await asyncio.gather(*(self.client(session, number) for number in range(self.sessions)))
        self.result.seconds = time.monotonic() - begun
        await self.facts(process.pid)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        await process.wait()
        self.result.written_s = time.monotonic() - begun
        await runner.cleanup()
        if self.traced:
            self.count()
        return self.result

    async def serve(self) -> asyncio.subprocess.Process:
        """Start the server and wait until it listens."""
        environment = {**os.environ, "AXONHUB_HOME": str(self.home), "AXONHUB_DEBUGGABLE": "1"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "axonhub_cli", "serve", "--port", "0", "--json", env=environment,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        self.url = json.loads(await process.stdout.readline())["url"]
        self.token = KeyStore(self.home / "keys.toml").keys[0].token
        return process

    async def facts(self, pid: int) -> None:
        """What the server says of itself."""
        found = state.read(self.home / "server.json")
        told = (await asyncio.to_thread(state.ask, found) if found else None) or {}
        self.result.lag_ms = told["loop_lag_ms"]
        store = told["store"] or {"dropped_rows": 0, "dropped_bodies": 0}
        self.result.dropped = store["dropped_rows"] + store["dropped_bodies"]
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        self.result.rss_mb = round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)

    def count(self) -> None:
        """What is in the store afterwards."""
        file = self.home / "traces.db"
        with sqlite3.connect(file) as store:
            ask = "SELECT count(*), coalesce(sum(outcome = 'running'), 0) FROM requests"
            self.result.rows, self.result.running_rows = store.execute(ask).fetchone()
            having = "SELECT count(*) FROM requests WHERE coalesce(bodies, '') NOT LIKE '%client_request%'"
            (self.result.without_bodies,) = store.execute(having).fetchone()
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.close()
        self.result.database_bytes = file.stat().st_size


def load(sessions: int, turns: int, size: int, pause: float, home: Path, *, traced: bool = True) -> Result:
    """Run it in that folder, which stays."""
    return asyncio.run(Load(sessions, turns, size, pause, home, traced=traced).run())


def summary(result: Result) -> dict[str, Any]:
    """The figures."""
    return asdict(result) | {
        "wrong": result.wrong[:3],
        "requests_per_second": round(result.answered / result.seconds, 1),
        "request_kb": round(result.sent_bytes / max(1, result.answered) / 1000, 1),
        "sent_mb_per_session": round(result.sent_bytes / result.sessions / 1e6, 1),
        "database_mb_per_session": round(result.session_mb, 2),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--size", type=int, default=150_000, help="bytes of a request")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between an answer and the next turn")
    parser.add_argument("--home", type=Path, help="keep the store in this folder")
    parser.add_argument("--untraced", action="store_true", help="with trace.enabled = false, to compare")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="axonhub-sessions-") as folder:
        home = given.home or Path(folder)
        result = load(given.sessions, given.turns, given.size, given.pause, home, traced=not given.untraced)
        print(json.dumps(summary(result), indent=2))
