"""A server from start to end: bind, say so in `server.json`, watch the files, drain, close.

Both loopback families are bound, so that nobody else can sit on `localhost`'s other address. A port that is taken is never
replaced by another one: clients are configured for this one.
"""

import asyncio
import errno
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from ..config import state
from ..config.instance import InstanceLock
from ..config.keys import KeyStore
from ..config.orders import OrderBook
from ..config.paths import Paths, paths
from ..config.presets import endpoints
from ..config.secrets import SecretCache
from ..config.store import Reloader
from ..errors import AxonHubError, ConfigError, UsageError
from ..trace.feed import Feed
from ..trace.recorder import Recorder
from ..trace.store import Store
from ..types.problem import Problem
from .budgets import Budgets, Priced
from .demo import Demo
from .front import Front
from .gateway import Gateway, watch_files
from .guard import Guard, allowed_hosts
from .handlers import Handler
from .learning import Learning
from .process import harden, room, watch_loop
from .tasks import scale, spawn
from .upstream import Upstream

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_RELOAD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line asked for; None is "as the file says"."""

    host: str | None = None
    port: int | None = None
    profile: str | None = None
    demo: bool = False
    allow_remote: bool = False


@dataclass(slots=True)
class Server:
    """A server that can be started, waited for and stopped, once."""

    options: Options = field(default_factory=Options)
    where: Paths = field(default_factory=paths)
    gateway: Gateway | None = None
    _front: Front | None = None
    _store: Store | None = None
    _demo: Demo | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    forced: bool = False  # stop was asked for twice: nobody was waited for
    _lock: InstanceLock | None = None
    _watcher: "asyncio.Task[None] | None" = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        assert self.gateway is not None
        host = self.gateway.host if self.gateway.host not in (*LOOPBACK, "0.0.0.0", "::") else "127.0.0.1"  # noqa: S104  # compared
        return f"http://{f'[{host}]' if ':' in host else host}:{self.gateway.port}"

    async def start(self) -> Gateway:
        """Bind and serve. Raises `ConfigError` or `UsageError` with the remedy; nothing is left behind then."""
        reloader = Reloader(self.where.config_file)
        config = reloader.config
        host = self.options.host or config.server.host
        port = config.server.port if self.options.port is None else self.options.port
        self._check(host, reloader)
        self._lock = InstanceLock(self.where.server_file)
        self._lock.take()
        sockets: list[socket.socket] = []
        try:
            sockets = bind(host, port, self.where)
            gateway = await self._gateway(reloader, host, sockets[0].getsockname()[1])
            self.gateway = gateway
            await self._serve(gateway, sockets)
        except BaseException:
            for each in sockets:
                each.close()
            await self._close()
            raise
        return gateway

    def _check(self, host: str, reloader: Reloader) -> None:
        if reloader.error is not None:
            raise reloader.error
        if host not in LOOPBACK and not self.options.allow_remote:
            raise UsageError(
                f"Listening on {host} would let other machines use your keys and your money.",
                hint="Add --allow-remote if that is what you want; every call still needs a local key.",
            )
        profile = self.options.profile
        if profile and profile not in reloader.config.profiles:
            known = ", ".join(reloader.config.profiles) or "none yet"
            raise UsageError(
                f"There is no profile {profile!r}.", hint=f"Profiles: {known}. Make one: axonhub profile add {profile}"
            )

    async def _gateway(self, reloader: Reloader, host: str, port: int) -> Gateway:
        config = reloader.config
        keys = KeyStore(self.where.keys_file)
        if not keys.keys:
            keys.create("default")
        feed = Feed()
        secrets = SecretCache()
        self._demo = Demo()
        if config.trace.enabled:
            self._store = Store(
                self.where.database,
                config.trace,
                secrets=lambda: [*secrets.values(), *(key.token for key in keys.keys)],
                provider=self._provider,
                prices=lambda: reloader.config.prices,
            )
            await asyncio.to_thread(self._store.start)
        upstream = Upstream()
        budgets = Budgets(self.where.database if self._store is not None else None)
        sink = Priced(self._store, budgets.cost) if self._store is not None else None
        return Gateway(
            reloader=reloader, keys=keys, secrets=secrets, recorder=Recorder(sink, feed), feed=feed, upstream=upstream,
            learning=Learning(self.where.ratios_file),
            guard=Guard(allowed_hosts(host, port), keys.find, config.server.max_body_mb << 20), host=host, port=port,
            profile=self.options.profile, demo=await self._demo.start(), demo_forced=self.options.demo,
            config_path=self.where.config_file, orders=OrderBook(self.where.orders_file), budgets=budgets,
        )  # fmt: skip

    def _provider(self, name: str) -> str | None:
        """What prices go by: the address of a channel, not the name that somebody gave it."""
        gateway = self.gateway
        if name == "demo" and gateway is not None and gateway.demo_active:
            return "demo"
        channel = gateway.config.channel(name) if gateway is not None else None
        return next(iter(endpoints(channel).values())).base_url if channel is not None else None

    def _reloaded(self) -> None:
        """What else follows a changed file."""
        if self._store is not None and self.gateway is not None and self._store.config is not self.gateway.config.trace:
            self._store.config = self.gateway.config.trace

    async def _serve(self, gateway: Gateway, sockets: list[socket.socket]) -> None:
        self._front = Front(Handler(gateway).handle)
        for each in sockets:
            await self._front.listen(each)
        state.write(
            self.where.server_file,
            state.ServerState(
                pid=os.getpid(), host=gateway.host, port=gateway.port, started=gateway.started, instance=gateway.instance,
                admin_token=gateway.admin_token,
            ),
        )  # fmt: skip
        self._watcher = spawn(watch_files(gateway, _RELOAD, self._reloaded), "watch files")

    def stop(self) -> None:
        """Ask the server to end; asked twice, it does not wait for anybody."""
        self.forced = self._stopping.is_set()
        self._stopping.set()

    async def wait(self) -> None:
        """Until somebody calls `stop`; then let requests finish for the drain time, and close everything."""
        await self._stopping.wait()
        gateway = self.gateway
        assert gateway is not None
        gateway.draining = True
        if gateway.running:
            gateway.log("info", f"shutting down: waiting for {gateway.running} running requests (Ctrl-C again to end at once)")
        until = asyncio.get_running_loop().time() + gateway.config.server.drain * scale()
        while gateway.running and not self.forced and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110  # ends by count or clock
            await asyncio.sleep(0.02)
        await self._interrupt(gateway)
        await self._close()

    async def _interrupt(self, gateway: Gateway) -> None:
        """End what still runs with its protocol's own error, and give it a moment to say so."""
        problem = Problem(kind="overloaded", code="axonhub_shutdown", message="axonhub was shut down.", retry_after=1.0)
        for keeper in list(gateway.live):
            keeper.interrupt(problem)
        until = asyncio.get_running_loop().time() + (0.1 if self.forced else 0.5)
        while gateway.running and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110  # ends by count or clock
            await asyncio.sleep(0.01)

    async def _close(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
        gateway = self.gateway
        if gateway is not None:
            gateway.draining = True
            await asyncio.to_thread(gateway.learning.save)
            state.remove(self.where.server_file, gateway.instance)
            if self._store is not None:  # before the feed: the last requests' ends still go to whoever watches
                await asyncio.to_thread(self._store.close, 5.0)
            gateway.feed.close()
        if self._front is not None:
            await self._front.close()
        if self._demo is not None:
            await self._demo.close()
        if gateway is not None:
            await gateway.upstream.close()
        if self._lock is not None:
            self._lock.release()


def bind(host: str, port: int, where: Paths) -> list[socket.socket]:
    """Listening sockets: for a loopback host, both families on the same port. Raises `ConfigError` that says who holds the
    port."""
    wanted = ["127.0.0.1", "::1"] if host in LOOPBACK else [host]
    made: list[socket.socket] = []
    try:
        for address in wanted:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            made += _bind_one(family, address, made[0].getsockname()[1] if made and port == 0 else port)
    except OSError as error:
        for each in made:
            each.close()
        raise _taken(error, host, port, where) from None
    return made


def _bind_one(family: int, address: str, port: int) -> list[socket.socket]:
    try:
        made = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        if family == socket.AF_INET6:
            return []  # no IPv6 here at all: nobody can sit there either
        raise
    try:
        if os.name == "posix":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
        made.listen(1024)
        made.setblocking(False)
    except OSError as error:
        made.close()
        if family == socket.AF_INET6 and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            return []
        raise
    return [made]


def _taken(error: OSError, host: str, port: int, where: Paths) -> AxonHubError:
    if error.errno == errno.EACCES:
        return ConfigError(
            f"Port {port} needs rights that axonhub does not have.", hint="Choose one above 1023: axonhub serve --port 8090"
        )
    if error.errno != errno.EADDRINUSE:
        return ConfigError(
            f"Cannot listen on {host}:{port}: {error.strerror}.", hint="Check --host and [server] host in config.toml."
        )
    ours = state.running(where.server_file)
    if ours is not None and ours.port == port:
        return ConfigError(
            f"An axonhub server runs on port {port} already (pid {ours.pid}).", hint="Use it, or end it: axonhub stop"
        )
    holder = _holder(port)
    return ConfigError(
        f"Port {port} is taken by {holder}.", hint="End that program, or choose another port: axonhub serve --port N"
    )


def _holder(port: int) -> str:
    """Who listens on a port, as far as this user may know (Linux)."""
    with suppress(OSError, ValueError):
        inodes = set()
        for name in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(name, encoding="ascii") as table:
                rows = [line.split() for line in table][1:]
            inodes |= {row[9] for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port}
        links = {f"socket:[{inode}]" for inode in inodes}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with suppress(OSError):
                if any(os.readlink(f"/proc/{pid}/fd/{fd}") in links for fd in os.listdir(f"/proc/{pid}/fd")):
                    with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
                        return f"{comm.read().strip()} (pid {pid})"
    return "another program"


def run(options: Options, started: Callable[[Server], Awaitable[None]]) -> int:
    """Serve until a signal says otherwise; the exit code: 1 when a second signal cut running requests off. `started` is awaited
    once, when the server listens."""
    harden()
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    return asyncio.run(_main(options, started))


async def _main(options: Options, started: Callable[[Server], Awaitable[None]]) -> int:
    limit = room()
    server = Server(options)
    gateway = await server.start()
    gateway.most = limit
    loop = asyncio.get_running_loop()
    watch_loop(loop, gateway.log)
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, server.stop)
        except NotImplementedError:  # Windows
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(server.stop))
    await started(server)
    await server.wait()
    return int(server.forced)
