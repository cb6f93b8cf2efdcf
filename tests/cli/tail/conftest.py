"""Events as the feed makes them, and a real terminal: `follow` in a child on a pty, whose screen a terminal emulator keeps."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyte
import pytest

NOW = 1_800_000_000.0


class Events:
    """Makes feed events; times are seconds after `NOW`."""

    now = NOW

    def hello(self, **more: Any) -> dict[str, Any]:
        told = {
            "version": "0.1.0",
            "host": "127.0.0.1",
            "port": 8090,
            "channels": ["deepseek"],
            "profile": "cheap",
            "demo": False,
        }
        return {"type": "hello", "t": NOW, **told, **more}

    def request(self, name: str, trace: str = "trace-1", at: float = 0.0, **more: Any) -> dict[str, Any]:
        told = {
            "id": name,
            "trace_id": trace,
            "started": NOW + at,
            "client": "claude-code",
            "asked_model": "opus",
            "outcome": "running",
        }
        return {"type": "request", "t": NOW + at, **told, "kind": "turn", **more}

    def end(self, request: dict[str, Any], at: float = 1.0, **more: Any) -> dict[str, Any]:
        told = {"status": 200, "outcome": "ok", "duration_ms": 1000.0 * at, "finish": "stop"}
        return {**request, "type": "end", "t": NOW + at, **told, **more}

    def attempt(self, name: str, index: int = 0, channel: str = "deepseek", at: float = 0.0, **more: Any) -> dict[str, Any]:
        told = {"index": index, "channel": channel, "model": "chat", "lane": "convert", "outcome": "running", "status": 0}
        return {"type": "attempt", "t": NOW + at, "id": name, "attempt": {**told, **more}}

    def delta(self, name: str, text: str, kind: str = "text", at: float = 0.5) -> dict[str, Any]:
        return {"type": "delta", "t": NOW + at, "id": name, "kind": kind, "text": text}

    def log(self, message: str, level: str = "info", at: float = 0.0) -> dict[str, Any]:
        return {"type": "log", "t": NOW + at, "level": level, "message": message}

    def usage(self, read: int, written: int, cached: int | None = None) -> dict[str, Any]:
        return {"input": read, "output": written, "cache_read": cached, "reasoning": None}


@pytest.fixture
def events() -> Events:
    """A maker of events."""
    return Events()


# The child: becomes the foreground of its terminal, reads events from a pipe as JSON lines, and follows them. With `shell` it is
# started by a small shell that stands for the user's: only a job of a living shell can be stopped with Ctrl-Z.
_CHILD = """
import fcntl, json, os, signal, sys, termios
feed, mode, options = int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
if mode == "shell":
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = os.fork()
    if job:
        os.setpgid(job, job)
        os.tcsetpgrp(0, job)
        while True:
            _, status = os.waitpid(job, os.WUNTRACED)
            os.tcsetpgrp(0, os.getpgrp())
            if not os.WIFSTOPPED(status):
                sys.exit(os.waitstatus_to_exitcode(status))
            print("[1]+ Stopped", flush=True)
            sys.stdin.readline()
            os.tcsetpgrp(0, job)
            os.killpg(job, signal.SIGCONT)
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
from axonhub_cli.cli.tail import follow
def events():
    with os.fdopen(feed, encoding="utf-8") as lines:
        for event in map(json.loads, lines):
            if event.get("type") == "raise":
                raise {"ValueError": ValueError, "ConnectionError": ConnectionError}[event["what"]]("scripted")
            yield event
sys.exit(follow(events(), **options))
"""

_OURS = re.compile(rb"\x1b\]11;\?\x07|\x1b\[(?:\?(?:1049|25|7|2026|2004)[hl]|\d+;1H|K|2J|[0-9;]*m)")


class Terminal:
    """`follow` on a pty. `raw` is all it wrote; `screen` is what a terminal shows of it."""

    def __init__(self, columns: int, lines: int, environ: dict[str, str], mode: str, options: dict[str, Any]) -> None:
        self.raw = b""
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.master, self.slave = pty.openpty()
        self.resize(columns, lines)
        feed, self._events = os.pipe()
        command = [sys.executable, "-W", "error", "-c", _CHILD, str(feed), mode, json.dumps(options)]
        self.modes = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            command, stdin=self.slave, stdout=self.slave, stderr=self.slave, env=environ, pass_fds=[feed], start_new_session=True
        )
        os.close(feed)

    def send(self, *events: dict[str, Any]) -> None:
        """Send events, reading along: a child that writes must not wait for one that sends."""
        rest = "".join(json.dumps(event) + "\n" for event in events).encode()
        while rest:
            _, ready, _ = select.select([], [self._events], [], 0.05)
            if ready:
                rest = rest[os.write(self._events, rest[:4096]) :]
            self._read(0)

    def stop_server(self) -> None:
        os.close(self._events)
        self._events = -1

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(lines, columns)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def until(self, seen: Callable[["Terminal"], object], seconds: float = 20.0) -> None:
        """Read what is written until something is seen; the time is only a bound for what never comes."""
        deadline = time.monotonic() + seconds
        while not seen(self):
            assert self._read(deadline - time.monotonic()), f"never seen; the screen is\n{self.text}\n{self.raw[-2000:]!r}"

    def shows(self, words: str) -> None:
        self.until(lambda terminal: words in terminal.text)

    def exit_code(self) -> int:
        """Wait for the end, reading along."""
        deadline = time.monotonic() + 20
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"still running; the screen is\n{self.text}"
            self._read(0.05)
        while self._read(0):
            pass
        return self.process.returncode

    def foreign(self) -> bytes:
        """What was written, without the sequences that the screen is made of."""
        return _OURS.sub(b"", self.raw)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], max(seconds, 0))
        if not ready:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for fd in {self.master, self.slave, self._events} - {-1}:
            os.close(fd)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Terminal]]:
    """Starts `follow` on a terminal of a given size; every one is ended with the test."""
    started: list[Terminal] = []

    def start(
        columns: int = 80, lines: int = 24, *, mode: str = "alone", environ: dict[str, str] | None = None, **options: Any
    ) -> Terminal:
        ours = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": os.getcwd(), "PYTHONUTF8": "1"}
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "NO_COLOR") if name in os.environ}
        started.append(Terminal(columns, lines, {**inherited, **ours, **(environ or {})}, mode, options))
        return started[-1]

    yield start
    for one in started:
        one.close()
