"""The disk is full: nobody is refused for it, `status` says so, and when there is room again traces are kept again."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.config import state
from tests.server.test_lifecycle import Process, processes
from tests.threats.test_system import post

__all__ = ["processes"]
pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount a small disk"),
    pytest.mark.skipif(shutil.which("mount") is None, reason="mount is not installed"),
]


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    """The home on a disk of eight megabytes."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", str(home)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this system lets nobody mount a tmpfs")
    yield home
    subprocess.run(["umount", "--lazy", str(home)], check=True)


def fill(path: Path) -> None:
    """Take all the room that is left, to the last byte."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while file.write(b"\0" * size) == size:
                    pass


def told(home: Path) -> Any:
    """What the server says of its store."""
    found = state.read(home / "server.json")
    assert found is not None
    answer = state.ask(found)
    assert answer is not None
    return answer["store"]


def until(what: Any) -> None:
    """Ask again and again; the test's own timeout ends it."""
    while not what():
        time.sleep(0.05)


def rows(home: Path) -> int:
    """Finished requests in the store."""
    with sqlite3.connect(f"file:{home / 'traces.db'}?mode=ro", uri=True) as store:
        number: int = store.execute("SELECT count(*) FROM requests WHERE outcome = 'ok'").fetchone()[0]
    store.close()
    return number


def test_52_a_full_disk_costs_nobody_an_answer(small_disk: Path, processes: list[Process]) -> None:
    """Requests before, while, and after; the trouble is in `status` while it lasts, and what comes after it is stored."""
    server = Process(small_disk)
    processes.append(server)
    post(server, small_disk)
    until(lambda: rows(small_disk) == 1)
    fill(small_disk / "ballast")
    for _ in range(20):
        post(server, small_disk)
    until(lambda: told(small_disk)["error"])
    said = subprocess.run(
        [sys.executable, "-m", "axonhub_cli", "status"], capture_output=True, text=True, timeout=60,
        env={**os.environ, "AXONHUB_HOME": str(small_disk)}, check=False,
    )  # fmt: skip
    assert "full" in (said.stdout + json.dumps(told(small_disk))).lower()
    (small_disk / "ballast").unlink()
    until(lambda: not told(small_disk)["error"])
    before = rows(small_disk)
    post(server, small_disk)
    until(lambda: rows(small_disk) > before)
    assert server.end(signal.SIGTERM) == 0
    assert "Traceback" not in (small_disk / "stderr").read_text()


def test_52_a_disk_that_is_full_from_the_start(small_disk: Path) -> None:
    """The server cannot say where it runs: a sentence, not a traceback, and nothing half written."""
    fill(small_disk / "ballast")
    done = subprocess.run(
        [sys.executable, "-m", "axonhub_cli", "serve", "--port", "0", "--json"], capture_output=True, text=True, timeout=60,
        env={**os.environ, "AXONHUB_HOME": str(small_disk)}, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "space" in done.stderr.lower()
    assert "Traceback" not in done.stderr
    assert [path.name for path in small_disk.iterdir() if path.suffix == ".tmp"] == []
