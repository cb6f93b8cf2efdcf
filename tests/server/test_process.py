"""What a server asks of its process."""

import asyncio
import errno
import socket
import subprocess
import sys

import pytest

from axonhub_cli.server.process import new_loop, watch_loop

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="prctl and /proc are Linux's")


@LINUX
@pytest.mark.parametrize(("environment", "dumpable"), [({}, 0), ({"AXONHUB_DEBUGGABLE": "1"}, 1)])
def test_nobody_looks_in_from_outside(environment: dict[str, str], dumpable: int) -> None:
    """Undumpable, unless somebody wants to debug it."""
    code = "from axonhub_cli.server.process import harden; harden(); import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert int(done.stdout) == dumpable


@LINUX
@pytest.mark.parametrize(("soft", "hard", "most"), [(64, 64, 1), (256, 4096, 2016), (1024, 1024, 480)])
def test_the_limit_of_open_files_is_raised_and_leaves_room(soft: int, hard: int, most: int) -> None:
    """Two files for a request, and some for ourselves."""
    code = "from axonhub_cli.server.process import room; import resource as r; print(room(), r.getrlimit(r.RLIMIT_NOFILE)[0])"
    done = subprocess.run(
        ["prlimit", f"--nofile={soft}:{hard}", sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == [str(most), str(hard)]


async def test_a_flood_of_complaints_becomes_one_sentence() -> None:
    """asyncio reports each connection that it cannot take; other errors go their usual way."""
    loop, told = asyncio.get_running_loop(), []
    watch_loop(loop, lambda level, message: told.append((level, message)))
    for _ in range(1000):
        loop.call_exception_handler({"message": "accept", "exception": OSError(errno.EMFILE, "too many")})
    loop.set_exception_handler(None)

    assert [level for level, _ in told] == ["error"]
    assert "open files" in told[0][1]


async def test_a_server_that_ends_without_files_ends_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    """asyncio's attempts to accept again may come after the socket is closed; any other error is still told."""
    loop, told = asyncio.get_running_loop(), []
    watch_loop(loop, lambda level, message: told.append((level, message)))
    closed = socket.socket()
    closed.close()
    loop.call_later(0.01, loop._start_serving, asyncio.Protocol, closed)  # type: ignore[attr-defined]  # what asyncio does itself
    await asyncio.sleep(0.05)
    assert (told, caplog.records) == ([], [])
    loop.call_soon(int, "x")
    await asyncio.sleep(0.01)
    loop.set_exception_handler(None)
    assert len(caplog.records) == 1


def test_a_server_loads_no_http_framework() -> None:
    """aiohttp's client is for upstreams behind a proxy: it is loaded when one is asked, since it doubles start-up and memory."""
    code = (
        "import sys, axonhub_cli.server.app; print(sorted({'aiohttp', 'yarl', 'uvloop', 'keyring', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_the_loop_can_be_chosen_for_a_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncio's own unless the environment names the other."""
    monkeypatch.delenv("AXONHUB_LOOP", raising=False)
    loop = new_loop()
    assert type(loop).__module__.startswith("asyncio")
    loop.close()
    monkeypatch.setenv("AXONHUB_LOOP", "uvloop")
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with pytest.raises(ImportError):
        new_loop()


def test_what_start_up_made_is_no_garbage() -> None:
    """The collector passes over it, and looks less often; in a process of its own, for it is a setting of the process."""
    code = "import gc; from axonhub_cli.server import process as p; p.rest_collector(); "
    code += "print(gc.get_threshold()[0], gc.get_freeze_count())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert int(said[0]) > 700
    assert int(said[1]) > 1000
