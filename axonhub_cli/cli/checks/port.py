"""The server and its port: whether ours runs, is of this version, and opens with a local key; else who holds the port."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ... import __version__
from ...config.paths import Paths
from .finding import Finding, fail, ok, short, warn

if TYPE_CHECKING:
    from ...config.schema import Config
    from ...config.state import ServerState


def server(files: Paths, found: "Config") -> Iterator[Finding]:
    """Ours, or whoever is in its place."""
    from ...config import state

    running = state.running(files.server_file)
    if running is not None:
        yield from _ours(files, found, running)
        return
    stale = state.read(files.server_file)
    if stale is not None:
        text = f"names process {stale.pid}, which runs no server of ours any more"
        yield warn(
            "server", "server.json", text, f"Run: axonhub doctor --fix (or: rm {short(files.server_file)})", _remove(files, stale)
        )
    yield from _port(found.server.port)


def _remove(files: Paths, stale: "ServerState") -> Callable[[], str]:
    def remove() -> str:
        from ...config import state

        if state.running(files.server_file) is not None:  # one has started meanwhile
            return f"Left {files.server_file} alone: a server runs now."
        state.remove(files.server_file, stale.instance)
        return f"Removed {files.server_file}."

    return remove


def _ours(files: Paths, found: "Config", running: "ServerState") -> Iterator[Finding]:
    from ...clients.probe import near

    address = f"http://127.0.0.1:{running.port}"
    answer = near(f"{address}/health")
    version = answer.body.get("version") if answer and isinstance(answer.body, dict) else None
    if version not in (None, __version__):
        text = f"runs on {address} (pid {running.pid}), but is version {str(version)[:20]}; this is {__version__}"
        yield warn("server", "server", text, "Restart it: axonhub stop && axonhub serve")
    else:
        yield ok("server", "server", f"runs on {address} (pid {running.pid})")
    if running.port != found.server.port:
        text = f"it listens on {running.port}, config.toml says {found.server.port}"
        yield warn(
            "server",
            "port",
            text,
            f"Clients that were set up for {found.server.port} do not reach it: restart it without --port.",
        )
    yield from _opens(files, address)
    yield from _beside(running)


def _beside(running: "ServerState") -> Iterator[Finding]:
    """What it says of its trace store and its loop; the collector has a check of its own."""
    from ...config import state
    from ..health import beside

    told = state.ask(running) or {}
    for line in beside({**told, "otlp": None}):
        yield warn("server", "status", line, "Look at: axonhub status --json")


def _opens(files: Paths, address: str) -> Iterator[Finding]:
    """One of our own keys is let in."""
    from ...clients.probe import models
    from ...config.keys import KeyStore
    from ...config.presets import endpoints
    from ...config.schema import Channel
    from ...errors import UpstreamError

    keys = KeyStore(files.keys_file).keys
    if not keys:
        return
    ourselves = Channel(name="axonhub", type="openai-chat", base_url=f"{address}/v1")
    try:
        names = models(ourselves, next(iter(endpoints(ourselves).values())), keys[0].token, timeout=4.0)
        listed = (
            f"{len(names)} model{'' if len(names) == 1 else 's'} on offer" if names else "no list of models: any name is taken"
        )
        yield ok("server", "key", f"{keys[0].name} is let in; {listed}")
    except UpstreamError as error:
        yield fail(
            "server", "key", f"{keys[0].name} is not let in: {error.message}", "Restart the server: axonhub stop && axonhub serve"
        )


def _port(port: int) -> Iterator[Finding]:
    if not _listens(port):
        yield warn("server", "server", f"is not running; port {port} is free", "Start it: axonhub serve")
        return
    who, process = identify(port), holder(port)
    text = f"port {port} is held by {who}" + (f" ({process})" if process else "")
    yield fail(
        "server", "port", text, f"End that, or use another port: axonhub serve --port {port + 1} (config.toml: server.port)"
    )


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def identify(port: int) -> str:
    """Who answers on a port of this machine, told by what it says."""
    from ...clients.probe import near

    address = f"http://127.0.0.1:{port}"
    health = near(f"{address}/health")
    if health is None:
        return "a program that speaks no HTTP"
    if isinstance(health.body, dict) and "instance" in health.body and health.body.get("ok") is True:
        return "another axonhub, with files of its own (another AXONHUB_HOME or user)"
    status = near(f"{address}/admin/system/status")
    if status is not None and isinstance(status.body, dict) and "isInitialized" in status.body:
        return "an AxonHub server (the multi-user gateway)"
    return "another web server"


def holder(port: int, proc: Path = Path("/proc")) -> str:
    """The process that listens on the port, as far as the system lets us see; Linux only."""
    inodes = {inode for name in ("tcp", "tcp6") for inode in _listening(proc / "net" / name, port)}
    if not inodes:
        return ""
    for folder in proc.glob("[0-9]*"):
        try:
            links = {os.readlink(link) for link in (folder / "fd").iterdir()}
            if any(f"socket:[{inode}]" in links for inode in inodes):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                return f"pid {folder.name}, {Path(words[0].decode('utf-8', 'replace')).name}"
        except OSError:  # another user's, or gone
            continue
    return "of another user"


def _listening(table: Path, port: int) -> Iterator[str]:
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
            yield fields[9]
