"""A server from start to end: bind, say so in `server.json`, watch the files, drain, close.

A port that is taken is never replaced by another one (`sockets`): clients are configured for this one.
"""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ..config import state
from ..config.instance import InstanceLock
from ..config.keys import KeyStore
from ..config.orders import OrderBook
from ..config.paths import Paths, paths
from ..config.presets import endpoints
from ..config.secrets import SecretCache
from ..config.store import Reloader
from ..errors import UsageError
from ..routing.limits import wanted
from ..trace.feed import Feed
from ..trace.otlp import Otlp
from ..trace.recorder import Recorder
from ..trace.redact import Redactor
from ..trace.store import Store
from ..types.problem import Problem
from .budgets import Budgets, Priced
from .connections import KEEP_SECONDS, Connections
from .demo import Demo
from .front import Front
from .gateway import Gateway, watch_files
from .guard import Guard, allowed_hosts
from .handlers import Handler
from .lag import Lag
from .learning import Learning
from .process import collect_at_rest, harden, new_loop, rest_collector, room, share_interpreter, watch_loop
from .sockets import LOOPBACK, bind
from .tasks import scale, spawn
from .upstream import Upstream

_RELOAD = 1.0


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
    _otlp: Otlp | None = None
    _lag: Lag = field(default_factory=Lag)
    _demo: Demo | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    connections: Connections = field(default_factory=Connections)
    forced: bool = False  # stop was asked for twice: nobody was waited for
    _lock: InstanceLock | None = None
    _watchers: "tuple[asyncio.Task[None], ...]" = ()

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

        def known() -> list[str]:
            return [*secrets.values(), *(key.token for key in keys.keys)]

        self._demo = Demo()
        if config.trace.enabled:
            self._store = Store(
                self.where.database,
                config.trace,
                secrets=known,
                provider=self._provider,
                prices=lambda: reloader.config.prices,
                hasty=lambda: feed.watched or wanted(reloader.config.limits),
            )
            await asyncio.to_thread(self._store.start)
        upstream = Upstream()
        budgets = Budgets(self.where.database if self._store is not None else None)
        self._otlp = Otlp(
            Priced(self._store, budgets.cost) if self._store is not None else None,
            lambda: reloader.config.trace.otlp,
            secrets.get,
            lambda: Redactor(known(), reloader.config.trace.redact),
        )
        return Gateway(
            reloader=reloader, keys=keys, secrets=secrets, recorder=Recorder(self._otlp, feed), feed=feed, upstream=upstream,
            guard=Guard(allowed_hosts(host, port), keys.find, config.server.max_body_mb << 20), host=host, port=port,
            profile=self.options.profile, demo=await self._demo.start(), demo_forced=self.options.demo,
            config_path=self.where.config_file, orders=OrderBook(self.where.orders_file), budgets=budgets,
            learning=Learning(self.where.ratios_file), health=self._health,
        )  # fmt: skip

    def _health(self) -> dict[str, object]:
        """The trace store, the OpenTelemetry exporter, the loop: for `status`."""
        store = self._store
        kept = None if store is None else {
            "error": store.error, "dropped_bodies": store.dropped_bodies, "dropped_rows": store.dropped_rows
        }  # fmt: skip
        return {"store": kept, "otlp": self._otlp.state() if self._otlp is not None else None, "loop_lag_ms": self._lag.state()}

    def _provider(self, name: str) -> str | None:
        """What prices go by: the address of a channel, not the name that somebody gave it."""
        gateway = self.gateway
        if name == "demo" and gateway is not None and gateway.demo_active:
            return "demo"
        channel = gateway.config.channel(name) if gateway is not None else None
        return next(iter(endpoints(channel).values())).base_url if channel is not None else None

    def _look(self) -> None:
        """What else is done every second: pass changed settings on, hear what the store has to say, close idle connections that
        are too many, clean up when nobody waits."""
        if self.gateway is not None:
            self.gateway.recorder.look()
            if not self.gateway.busy():
                collect_at_rest()
        if self._front is not None:
            self.connections.trim(self._front.connections)
        if self._store is not None and self.gateway is not None and self._store.config is not self.gateway.config.trace:
            self._store.config = self.gateway.config.trace

    async def _serve(self, gateway: Gateway, sockets: list[socket.socket]) -> None:
        self._front = Front(Handler(gateway).handle, keep=max(1.0, KEEP_SECONDS * scale()))
        for each in sockets:
            await self._front.listen(each)
        state.write(
            self.where.server_file,
            state.ServerState(
                pid=os.getpid(), host=gateway.host, port=gateway.port, started=gateway.started, instance=gateway.instance,
                admin_token=gateway.admin_token,
            ),
        )  # fmt: skip
        self._watchers = (
            spawn(watch_files(gateway, _RELOAD, self._look), "watch files"),
            spawn(self._lag.watch(gateway.busy), "watch the loop"),
        )

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
        for keeper in gateway.live:
            keeper.interrupt(problem)
        until = asyncio.get_running_loop().time() + (0.1 if self.forced else 0.5)
        while gateway.running and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110  # ends by count or clock
            await asyncio.sleep(0.01)

    async def _close(self) -> None:
        for watcher in self._watchers:
            watcher.cancel()
        gateway = self.gateway
        if gateway is not None:
            gateway.draining = True
            await asyncio.to_thread(gateway.learning.save)
            state.remove(self.where.server_file, gateway.instance)
            if self._store is not None:  # before the feed: the last requests' ends still go to whoever watches
                await asyncio.to_thread(self._store.close, 5.0)
            if self._otlp is not None:
                await asyncio.to_thread(self._otlp.close, 3.0)
            gateway.feed.close()
        if self._front is not None:
            await self._front.close()
        if self._demo is not None:
            await self._demo.close()
        if gateway is not None:
            await gateway.upstream.close()
        if self._lock is not None:
            self._lock.release()


def run(options: Options, started: Callable[[Server], Awaitable[None]]) -> int:
    """Serve until a signal says otherwise; the exit code: 1 when a second signal cut running requests off. `started` is awaited
    once, when the server listens."""
    harden()
    share_interpreter()
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    logging.raiseExceptions = False  # a log that cannot be written is no reason to write about that
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(_main(options, started))


async def _main(options: Options, started: Callable[[Server], Awaitable[None]]) -> int:
    limit = room()
    server = Server(options)
    gateway = await server.start()
    gateway.most = limit
    if limit is not None:
        server.connections.most = min(server.connections.most, max(8, limit))
    loop = asyncio.get_running_loop()
    watch_loop(loop, gateway.log)
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, server.stop)
        except NotImplementedError:  # Windows
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(server.stop))
    await started(server)
    rest_collector()
    await server.wait()
    return int(server.forced)
