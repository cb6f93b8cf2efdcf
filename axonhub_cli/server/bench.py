"""What `axonhub bench` measures: a server of its own in an empty folder, against a mock upstream, directly and through the proxy
in turn, so that whatever else the machine does hits both alike.

Nothing leaves the loopback interface, no key of the user's is read, and the user's own server is left alone.
"""

import math
import os
import platform
import re
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from .. import __version__
from ..config import state
from ..config.program import ourselves, part
from ..errors import AxonHubError
from .bench_load import Caller, Failed, Timing, request

SECONDS = 2.6  # for each row; twelve rows and the start fit into a minute
_MOST = {20: 150, 2000: 20}  # pairs of requests in a row
_READY = 20.0  # seconds to wait for the server
_TOKEN = "bench-local"  # noqa: S105  # of a server that lives for a minute on loopback
# Each lane: the path that the client asks, and the channel that answers.
LANES = {
    "verbatim": ("/v1/messages", "messages"),
    "splice": ("/v1/chat/completions", "chat"),
    "convert": ("/v1/messages", "chat"),
}
UPSTREAM = {"messages": "/v1/messages", "chat": "/v1/chat/completions"}
LAST_WORDS = {"/v1/messages": b"message_stop", "/v1/chat/completions": b"[DONE]"}


class Row(Struct, frozen=True, kw_only=True):
    """One lane with one size of request and of answer. Times are milliseconds; CPU is the server's, None where this system does
    not tell it."""

    lane: str
    body_kb: int
    events: int
    requests: int
    direct_first_p50: float
    added_first_p50: float
    added_first_p99: float
    cpu_per_request: float | None
    cpu_per_1000_events: float | None


class Process(Struct, frozen=True):
    """A server under measurement: its process and port, and the seconds from its start to its first answer."""

    pid: int
    port: int
    start_up: float
    home: Path = Path()  # its folder

    def cpu(self) -> float | None:
        """CPU seconds so far, of all its threads."""
        threads = Path(f"/proc/{self.pid}/task")
        with suppress(OSError, ValueError, IndexError):
            return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads.iterdir()) / 1e9
        return _ps_cpu(self.pid)

    def rss_mb(self) -> float | None:
        """Resident memory."""
        with suppress(OSError, AttributeError):
            found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())
            return int(found[1]) / 1024 if found else None
        told = _ps(self.pid, "rss=")
        return int(told) / 1024 if told.isdigit() else None


def _ps(pid: int, what: str) -> str:
    try:
        told = subprocess.run(["ps", "-o", what, "-p", str(pid)], capture_output=True, text=True, timeout=5)  # noqa: S603, S607  # ours
        return told.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _ps_cpu(pid: int) -> float | None:
    """`[[dd-]hh:]mm:ss.cc`, as ps writes it."""
    parts = re.split("[-:]", _ps(pid, "cputime="))
    with suppress(ValueError):
        seconds = 0.0
        for value, unit in zip(reversed(parts), (1, 60, 3600, 86400), strict=False):
            seconds += float(value) * unit
        return seconds
    return None


@contextmanager
def mock() -> Iterator[int]:
    """The mock upstream in a process of its own; gives its port."""
    command = part(f"{__package__}.bench_mock")
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603  # ourselves
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()  # that is its sign to end
        process.stdout.close()
        process.wait(10)


@contextmanager
def server(upstream: int, sizes: Iterable[int] = (1, *_MOST)) -> Iterator[Process]:
    """An axonhub server in a folder of its own, in front of the mock, with everything on as a user has it.

    `sizes`: of the answers that it may be asked for, in events.
    """
    with tempfile.TemporaryDirectory(prefix="axonhub-bench-", ignore_cleanup_errors=True) as home:
        _configure(Path(home), upstream, sizes)
        begun = time.perf_counter()
        command = [*ourselves(), "serve", "--no-tail", "--port", "0"]
        with open(Path(home) / "log", "wb") as log:
            around = {**os.environ, "AXONHUB_HOME": home}
            process = subprocess.Popen(command, env=around, stdin=subprocess.DEVNULL, stderr=log)  # noqa: S603  # ourselves
            try:
                port = _first_answer(process, Path(home), begun + _READY)
                yield Process(process.pid, port, time.perf_counter() - begun, Path(home))
            finally:
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(10)
                process.kill()
                process.wait()


def _configure(home: Path, upstream: int, sizes: Iterable[int]) -> None:
    text = ""
    for name, kind, base in (("messages", "anthropic", ""), ("chat", "openai-chat", "/v1")):
        models = ", ".join(f'"{name}-{events}"' for events in sizes)
        text += f'[[channels]]\nname = "{name}"\ntype = "{kind}"\nbase_url = "http://127.0.0.1:{upstream}{base}"\n'
        text += f"models = [{models}]\n"
    (home / "config.toml").write_text(text)
    keys = os.open(home / "keys.toml", os.O_WRONLY | os.O_CREAT, 0o600)
    with open(keys, "w") as file:
        file.write(f'[keys.bench]\ntoken = "{_TOKEN}"\n')


def _first_answer(process: "subprocess.Popen[bytes]", home: Path, until: float) -> int:
    """Wait for the first complete answer to a real request; gives the port."""
    while time.perf_counter() < until and process.poll() is None:
        found = state.read(home / "server.json")
        if found is not None:
            with suppress(OSError):
                caller = _caller(found.port, "/v1/messages", "messages-1", 0)
                try:
                    caller.call()
                finally:
                    caller.close()
                return found.port
        time.sleep(0.003)
    said = (home / "log").read_text(errors="replace")[-300:]
    raise AxonHubError(f"The server to be measured did not answer: {said or 'no word from it'}", hint="Try: axonhub serve")


def measure(process: Process, upstream: int, lane: str, body_kb: int, events: int) -> Row:
    """One row: pairs of requests, directly and through the proxy, for about `SECONDS`."""
    path, name = LANES[lane]
    callers = (
        _caller(upstream, UPSTREAM[name], f"{name}-{events}", body_kb),
        _caller(process.port, path, f"{name}-{events}", body_kb),
    )
    try:
        for caller in callers:  # the first one is slower than all others
            caller.call()
        before = process.cpu()
        direct, proxied = _pairs(callers, _MOST[events])
        time.sleep(0.1)  # the trace is written a moment later
        after = process.cpu()
    except (Failed, OSError) as error:
        what = f"{lane}, {body_kb} KB, {events} events"
        raise AxonHubError(f"The measurement of {what} failed: {error}", hint="Run it again.") from None
    finally:
        for caller in callers:
            caller.close()
    cpu = None if before is None or after is None else (after - before) * 1000 / len(proxied)
    return Row(
        lane=lane, body_kb=body_kb, events=events, requests=len(proxied),
        direct_first_p50=_quantile(direct, 0.5),
        added_first_p50=_quantile(proxied, 0.5) - _quantile(direct, 0.5),
        added_first_p99=_quantile(proxied, 0.99) - _quantile(direct, 0.99),
        cpu_per_request=cpu, cpu_per_1000_events=None if cpu is None else cpu / events * 1000,
    )  # fmt: skip


def _caller(port: int, path: str, model: str, body_kb: int) -> Caller:
    return Caller(port, request(port, path, model, _TOKEN, body_kb << 10), LAST_WORDS[path])


def _pairs(callers: tuple[Caller, Caller], most: int) -> tuple[list[Timing], list[Timing]]:
    direct: list[Timing] = []
    proxied: list[Timing] = []
    until = time.perf_counter() + SECONDS
    while len(direct) < most and (time.perf_counter() < until or len(direct) < 3):
        direct.append(callers[0].call())
        proxied.append(callers[1].call())
    return direct, proxied


def _quantile(timings: list[Timing], part: float) -> float:
    """Of the times to the first byte, in milliseconds."""
    ordered = sorted(timing.first for timing in timings)
    return ordered[min(len(ordered) - 1, math.ceil(part * len(ordered)) - 1)] * 1000


def commit() -> str | None:
    """The commit of the checkout that this runs from; None for an installed package."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
        told = subprocess.run(command, capture_output=True, text=True, timeout=5)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip() or None


def machine() -> dict[str, Any]:
    """What the figures belong to."""
    model = platform.processor() or platform.machine()
    with suppress(OSError, AttributeError):
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        model = found[1].strip() if found else model
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "axonhub": __version__,
        "commit": commit(),
        "load": load,
    }
