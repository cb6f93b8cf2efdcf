"""A server with its live tree, at a terminal: what the keys that end it do."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from axonhub_cli.config import state
from tests.server import test_lifecycle as lifecycle
from tests.server.conftest import channels

_HERE = "import fcntl, os, sys, termios as t; fcntl.ioctl(0, t.TIOCSCTTY, 0); p = sys.executable; os.execv(p, [p, *sys.argv[1:]])"


class Terminal:
    """`axonhub serve` in a terminal of its own; `said` is all that it has shown."""

    def __init__(self, home: Path) -> None:
        self._ours, theirs = pty.openpty()
        self.said = b""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _HERE, "-m", "axonhub_cli", "serve", "--port", "0"], start_new_session=True,
            stdin=theirs, stdout=theirs, stderr=theirs,
            env={**os.environ, "AXONHUB_HOME": str(home), "TERM": "xterm-256color", "LINES": "24"},
        )  # fmt: skip
        os.close(theirs)

    def press(self, key: bytes) -> None:
        os.write(self._ours, key)

    def until(self, words: bytes) -> None:
        """Read until it has shown these words."""
        end = time.monotonic() + 30
        while words not in self.said:
            assert time.monotonic() < end, self.said[-2000:]
            if select.select([self._ours], [], [], 0.2)[0]:
                self.said += os.read(self._ours, 65536)

    def end(self) -> int:
        """Wait for its end, and read what is left; the exit code."""
        code = self.process.wait(timeout=30)
        with suppress(OSError):
            while select.select([self._ours], [], [], 0)[0]:
                self.said += os.read(self._ours, 65536)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=30)
        os.close(self._ours)


@pytest.fixture
def terminal(home: Path) -> Iterator[Terminal]:
    made = Terminal(home)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def config(home: Path) -> Iterator[None]:
    """One channel, which never answers, and little patience."""
    with lifecycle._silent_upstream() as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        (home / "config.toml").write_text("[server]\ndrain = 1\n" + channels(("anthropic", url)))
        yield


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ((b"\x03",), 0),
        pytest.param((b"q",), 0, marks=pytest.mark.faults),
        pytest.param((b"\x03", b"\x03"), 1, marks=pytest.mark.faults),
    ],
)
def test_a_key_ends_the_server_once(keys: tuple[bytes, ...], code: int, home: Path, terminal: Terminal) -> None:
    """Ctrl-C reaches the tree and the server, and counts once: what runs gets its drain time. The second one ends it at once."""
    terminal.until(b"quit")
    found = state.read(home / "server.json")
    assert found is not None
    client = lifecycle.hanging(f"http://127.0.0.1:{found.port}", home)
    terminal.until(b"asked-model")
    for key in keys:
        terminal.press(key)
        terminal.until(b"waiting for 1 running request")
    assert terminal.end() == code
    assert client.recv(65536).startswith(b"HTTP/1.1 529 ")
    client.close()
    assert b"Traceback" not in terminal.said
    assert terminal.said.rindex(b"\x1b[?25h") > terminal.said.rindex(b"\x1b[?25l")  # the cursor is back
