"""What a server asks of its process."""

import asyncio
import errno
import subprocess
import sys

import pytest

from axonhub_cli.errors import UsageError
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
    """Each try to take a connection fails; other errors go their usual way."""
    loop, told = asyncio.get_running_loop(), []
    watch_loop(loop, lambda level, message: told.append((level, message)))
    for _ in range(1000):
        loop.call_exception_handler({"message": "accept", "exception": OSError(errno.EMFILE, "too many")})
    loop.set_exception_handler(None)

    assert [level for level, _ in told] == ["error"]
    assert "open files" in told[0][1]


def test_a_rest_is_used_to_clean_up_once() -> None:
    """What only the collector finds goes when nothing runs, and then there is no other look until there was work."""
    code = (
        "import gc; from axonhub_cli.server.process import collect_at_rest, rest_collector; rest_collector()\n"
        "full = lambda: gc.get_stats()[2]['collections']; before = full()\n"
        "def leave():\n for _ in range(5000):\n  each = []; each.append(each)\n"
        "leave(); collect_at_rest(); looked = gc.get_count()[0] < 500\n"
        "[collect_at_rest() for _ in range(9)]; print(full() - before, looked)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "1 True"


def test_a_server_loads_no_http_framework() -> None:
    """aiohttp's client is for upstreams behind a proxy: it is loaded when one is asked, since it doubles start-up and memory."""
    code = (
        "import sys, axonhub_cli.server.app; print(sorted({'aiohttp', 'yarl', 'uvloop', 'keyring', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("wanted", "there", "module"), [
    ("", True, "uvloop"), ("", False, "asyncio"), ("uvloop", True, "uvloop"), ("asyncio", True, "asyncio"),
    ("asyncio", False, "asyncio"),
])  # fmt: skip
def test_the_loop_is_uvloop_where_it_is_installed(wanted: str, there: bool, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else Python's own; AXONHUB_LOOP chooses."""
    if there:
        pytest.importorskip("uvloop")
    else:
        monkeypatch.setitem(sys.modules, "uvloop", None)
    monkeypatch.setenv("AXONHUB_LOOP", wanted)
    loop = new_loop()
    loop.close()
    assert type(loop).__module__.partition(".")[0] == module


@pytest.mark.parametrize(("wanted", "words"), [("uvloop", "uvloop, which is not here"), ("trio", "no event loop 'trio'")])
def test_a_loop_that_is_not_there_is_an_error(wanted: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence that says what may be set."""
    monkeypatch.setenv("AXONHUB_LOOP", wanted)
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with pytest.raises(UsageError, match=words) as error:
        new_loop()
    assert "AXONHUB_LOOP" in str(error.value)


def test_what_start_up_made_is_no_garbage() -> None:
    """The collector passes over it, and looks less often; in a process of its own, for it is a setting of the process."""
    code = "import gc; from axonhub_cli.server import process as p; p.rest_collector(); "
    code += "print(gc.get_threshold()[0], gc.get_freeze_count())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert int(said[0]) > 700
    assert int(said[1]) > 1000
