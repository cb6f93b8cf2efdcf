"""`axonhub serve`: the proxy. In a terminal it shows the live trace tree; elsewhere it logs lines to stderr.

The tree is a process of its own that reads the server's event feed: whatever a model prints, the proxy cannot be held up by
drawing it.
"""

import json as _json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import NotRunning
from .output import JsonFlag, Result, emit

if TYPE_CHECKING:
    import subprocess

    from ..config.state import ServerState
    from ..server.app import Server

_LOOK = 1.0  # seconds between looks at the leases of `axonhub run`
_LEAVE = 10.0  # seconds beyond `server.drain` in which an ending server closes its store


def register(app: typer.Typer) -> None:
    """Add serve, status and stop."""
    app.command()(serve)
    app.command()(status)
    app.command()(stop)


def serve(
    port: Annotated[int | None, typer.Option("--port", "-p", min=0, max=65535, help="Port (default: config.toml, 8090).")] = None,
    host: Annotated[str | None, typer.Option("--host", help="Address; anything but loopback needs --allow-remote.")] = None,
    profile: Annotated[str | None, typer.Option("--profile", help="Active profile of keys that have none of their own.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Answer from the built-in demo model only.")] = False,
    no_tail: Annotated[bool, typer.Option("--no-tail", help="No live tree; log lines to stderr.")] = False,
    theme: Annotated[Literal["auto", "dark", "light"], typer.Option("--theme", help="The background of the tree.")] = "auto",
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let other machines connect (they still need a key).")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Run in the background; comes back when it answers.")] = False,
    while_used: Annotated[bool, typer.Option("--while-used", hidden=True)] = False,  # for `axonhub run`: end with its sessions
    json: JsonFlag = False,
) -> None:
    """Run the proxy in the foreground.

    Examples:

      axonhub serve                 with the live tree
      axonhub serve --demo          offline, nothing configured yet
      axonhub serve --no-tail       for scripts and services; ready when GET /health answers 200
      axonhub serve --detach        in the background; axonhub stop ends it
    """
    if detach:
        from .detach import serve_detached

        given = {"--host": host, "--port": port, "--profile": profile, "--demo": demo, "--allow-remote": allow_remote}
        emit(serve_detached(given), json=json)
        return
    from ..server.app import Options, run

    options = Options(host=host, port=port, profile=profile, demo=demo, allow_remote=allow_remote)
    screen = _Screen(tail=not no_tail and not json and sys.stdout.isatty(), json=json, while_used=while_used, theme=theme)
    try:
        code = run(options, screen.show)
    finally:
        screen.close()
    if code:
        raise typer.Exit(code)


async def _end_unused(server: "Server") -> None:
    """End the server when no session of `axonhub run` needs it any more."""
    import asyncio

    from ..config import leases
    from ..config.paths import paths
    from ..server.tasks import scale

    while leases.held(leases.folder(paths().state_dir)):  # noqa: ASYNC110  # other processes end without telling
        await asyncio.sleep(_LOOK * scale())
    server.stop()


class _Screen:
    """What the person at the terminal sees: the tree in a child process, or lines."""

    def __init__(self, *, tail: bool, json: bool, while_used: bool = False, theme: str = "auto") -> None:
        self._tail, self._json, self._while_used, self._theme = tail, json, while_used, theme
        self._child: subprocess.Popen[bytes] | None = None

    async def show(self, server: "Server") -> None:
        """The server listens: say so."""
        from ..server.tasks import spawn

        if self._while_used:
            spawn(_end_unused(server), "leases")
        if self._json:
            gateway = server.gateway
            assert gateway is not None
            ready = {"event": "ready", "url": server.url, "port": gateway.port, "demo": gateway.demo_active}
            sys.stdout.write(_json.dumps(ready) + "\n")
            sys.stdout.flush()
        if self._tail:
            self._start_tail(server)
        else:
            _banner(server)
            spawn(_log_lines(server), "log lines")

    def _start_tail(self, server: "Server") -> None:
        import asyncio
        import subprocess
        import threading

        from ..config.program import ourselves

        command = [*ourselves(), "trace", "tail", "--theme", self._theme]
        self._child = child = subprocess.Popen(command)  # noqa: S603  # this very program
        loop = asyncio.get_running_loop()

        def wait() -> None:
            code = child.wait()
            if code in (0, 130, -2):  # quit by the user: so is the server
                with suppress(RuntimeError):  # the server has ended first
                    loop.call_soon_threadsafe(_left, server)
            else:
                sys.stderr.write("axonhub: the live tree ended; the server goes on (Ctrl-C ends it).\n")

        threading.Thread(target=wait, name="live tree", daemon=True).start()

    def close(self) -> None:
        """Wait for the tree to give the terminal back."""
        import subprocess

        if self._child is not None:
            try:
                self._child.wait(timeout=3)
            except subprocess.TimeoutExpired:
                self._child.terminate()
                self._child.wait(timeout=3)


def _left(server: "Server") -> None:
    """The person has left the tree, and so the server ends. A Ctrl-C reaches both, and counts once: asked twice, the server
    would wait for nobody."""
    gateway = server.gateway
    assert gateway is not None
    if not gateway.draining:
        server.stop()
    if gateway.running:
        sys.stderr.write(f"axonhub: waiting for {gateway.running} running requests (Ctrl-C to end at once)\n")
        sys.stderr.flush()


def _banner(server: "Server") -> None:
    gateway = server.gateway
    assert gateway is not None
    lines = [f"axonhub listens on {server.url}"]
    if gateway.demo_active:
        lines += [
            "  No channel is configured, so the built-in demo model answers: offline, free, always the same."
            if not gateway.demo_forced
            else "  --demo: the built-in demo model answers everything.",
            '  Claude Code:   eval "$(axonhub setup claude-code)" && claude',
            '  Codex:         axonhub setup codex && eval "$(axonhub setup codex --env)" && codex',
            "  A real model:  axonhub channel add NAME --type deepseek   (or anthropic, openai, ollama, …)",
        ]
    else:
        names = ", ".join(channel.name for channel in gateway.config.channels if channel.enabled)
        lines.append(f"  channels: {names}" + (f" · profile: {profile}" if (profile := gateway.profile_of(None)) else ""))
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()


async def _log_lines(server: "Server") -> None:
    """The feed's warnings and errors, and one line per failed request, on stderr."""
    from .detach import log_file
    from .log_file import Lines
    from .output import clean

    gateway, lines = server.gateway, Lines(log_file())
    assert gateway is not None
    with gateway.feed.subscribe(troubles=True) as subscription:
        while (event := await subscription.get()) is not None:
            if event.get("type") == "log":
                lines.write(f"axonhub: {clean(str(event.get('message')))}")
            else:
                asked, why = event.get("asked_model"), event.get("error")
                lines.write(clean(f"axonhub: {event.get('client')} {asked}: {event.get('status')} {why}"))


def status(json: JsonFlag = False) -> None:
    """Say whether a server runs here, and which channels are unwell. Exit code 3 when none runs."""
    from ..config import state
    from ..config.paths import paths
    from .health import beside, sentence
    from .output import clean

    found = state.running(paths().server_file)
    if found is None:
        emit(Result({"running": False}, "axonhub is not running. Start it: axonhub serve", exit_code=3), json=json)
        return
    more = state.ask(found) or {}
    data = {"running": True, "pid": found.pid, "host": found.host, "port": found.port, "started": found.started}
    data |= {"requests": more.get("running"), "config_error": more.get("config_error"), "unwell": more.get("unwell", [])}
    data |= {name: more.get(name) for name in ("store", "otlp", "loop_lag_ms")}
    lines = [f"axonhub runs on http://127.0.0.1:{found.port} (pid {found.pid})."]
    if data["config_error"]:
        lines.append(f"  config.toml was not taken, the last good one stays in force: {data['config_error']}")
    lines += [f"  {sentence(row)}" for row in more.get("unwell", [])]
    lines += [f"  {line}" for line in beside(more)]
    emit(Result(data, "\n".join(clean(line) for line in lines)), json=json)


def stop(json: JsonFlag = False) -> None:
    """End the running server; requests may finish first (`server.drain` seconds). A second `stop` does not wait for them."""
    import os
    import signal

    from ..config import state
    from ..config.paths import paths

    found = state.running(paths().server_file)
    if found is None:
        raise NotRunning("No axonhub server runs here.", hint="Nothing to stop.")
    os.kill(found.pid, signal.SIGTERM)
    gone = _gone(found)
    said = (
        f"Stopped (pid {found.pid})."
        if gone
        else f"It has been told, and still finishes (pid {found.pid}). At once: axonhub stop"
    )
    emit(Result({"stopped": gone, "pid": found.pid}, said, exit_code=0 if gone else 1), json=json)


def _gone(found: "ServerState") -> bool:
    """Whether it ends in the time that it may take, and leaves its port to the next one."""
    import time

    from ..config import state
    from ..config.paths import paths
    from ..config.schema import Config
    from ..errors import ConfigError
    from .edit import load

    try:
        config = load()
    except ConfigError:  # the server holds the last good one; which drain that has cannot be told
        config = Config()
    until = time.monotonic() + config.server.drain + _LEAVE
    while time.monotonic() < until:
        if state.running(paths().server_file) is None and not state.listens(found.port):
            return True
        time.sleep(0.05)
    return False
