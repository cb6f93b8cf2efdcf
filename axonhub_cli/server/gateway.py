"""What a running server holds: configuration, keys, secrets, the upstream session, the recorder, and which place served a
trace last.

Handlers ask it for facts; it alone reloads files. A request works on the snapshot of the configuration that it began with.
"""

import asyncio
import secrets as randomness
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .. import __version__
from ..config.files import signature
from ..config.keys import Key, KeyStore
from ..config.learned import Watch
from ..config.orders import OrderBook
from ..config.schema import Channel, Config
from ..config.secrets import SecretCache
from ..config.store import Reloader
from ..protocols.bodies import Bodies
from ..protocols.memory import Memory
from ..routing.plan import Plan, plan
from ..trace.feed import Feed
from ..trace.recorder import Recorder
from ..trace.records import RequestRecord, branch
from ..types.edited import Body
from ..types.latest import Latest
from ..types.messages import Protocol
from .budgets import Budgets, allowed
from .gates import Gates
from .guard import Guard
from .keeper import Keepers
from .learning import Counters, Learning
from .places import Places
from .seal_store import SealStore
from .tasks import scale
from .upstream import Upstream

_FRESH = 0.05  # seconds for which the files are taken to be unchanged; under load one request in many looks
_QUIET = 2.0  # seconds without a request after which a server counts as idle
_SELDOM = 4  # an idle server looks at its files so many times less often
_PLANS = 256  # that are kept
_REMEMBERED = 2048  # traces whose last channel is known, answers that have two ids


@dataclass(slots=True)
class Gateway:
    """One server's state. `demo` is the built-in channel, set while nothing else is configured or `--demo` was given."""

    reloader: Reloader
    keys: KeyStore
    secrets: SecretCache
    recorder: Recorder
    feed: Feed
    upstream: Upstream
    guard: Guard
    host: str
    port: int
    profile: str | None = None  # --profile: instead of the file's
    demo: Channel | None = None
    demo_forced: bool = False
    config_path: Path | None = None
    orders: OrderBook | None = None
    budgets: Budgets = field(default_factory=Budgets)
    gates: Gates = field(init=False)
    instance: str = field(default_factory=lambda: randomness.token_hex(8))
    health: Callable[[], dict[str, object]] = dict  # of what stands beside it (store, exporter, loop), for `status`
    admin_token: str = field(default_factory=lambda: randomness.token_urlsafe(32))
    started: float = field(default_factory=time.time)
    draining: bool = False
    running: int = 0
    most: int | None = None  # requests that may run at a time: what the limit of open files allows
    live: Keepers = field(default_factory=Keepers)  # the calls that are being served
    places: Places = field(init=False)
    seals: SealStore = field(default_factory=SealStore)
    memory: Memory = field(default_factory=Memory)  # what was converted before
    asked_last: Bodies = field(default_factory=Bodies)  # by clients
    sent_last: Latest[None] = field(default_factory=Latest)  # to upstreams
    learning: Learning = field(default_factory=Learning)
    tested: Watch = field(default_factory=Watch)  # what deep tests found
    counters: Counters = field(default_factory=Counters)
    answers: OrderedDict[str, str] = field(default_factory=OrderedDict)  # ids of ours, and those of the upstreams' answers
    asked: float = -_QUIET  # when the last request came (`time.monotonic`)
    _polled: float = 0.0
    _files: tuple[str, ...] = ()  # that may change
    _looks: list[tuple[int, ...] | None] = field(init=False)  # how they were when they were polled
    _places: OrderedDict[str, tuple[str, str | None]] = field(default_factory=OrderedDict)
    _effective: Config = field(init=False)  # of these two:
    _read: Config | None = None
    _demo: Channel | None = None
    _plans: dict[tuple[str | None, str, Protocol], Plan] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.places = Places(scale(), self._reread, self.log)
        self.gates = Gates(scale())
        files = (self.reloader.path, self.keys.path, self.tested.path, self.orders.path if self.orders is not None else None)
        self._files = tuple(str(path) for path in files if path is not None)
        self._looks = [None for _ in self._files]
        for trace, allowance in self.orders.allowances.items() if self.orders is not None else ():
            self.budgets.allow(trace, allowed(allowance, None))

    @property
    def demo_active(self) -> bool:
        """Whether the built-in channel answers."""
        return self.demo is not None and (self.demo_forced or not any(c.enabled for c in self.reloader.config.channels))

    @property
    def config(self) -> Config:
        """The configuration in force: the file's, or the demo channel alone."""
        if self._read is not self.reloader.config or self._demo is not self.demo:
            self._read, self._demo = config, demo = self.reloader.config, self.demo
            only = (demo,) if demo is not None and self.demo_active else None
            self._effective = config if only is None else Config(server=config.server, trace=config.trace, channels=only)
            self._plans.clear()
        return self._effective

    def plan(self, profile: str | None, model: str, protocol: Protocol, trace_id: str) -> Plan:
        """Who may serve a request. A plan with one candidate is the same for every trace, and kept."""
        config, asked = self.config, (profile, model, protocol)
        known = self._plans.get(asked)
        if known is None:
            known = plan(
                config, profile, model, protocol, trace_id=trace_id, last=self.last_place(trace_id), health=self.places.health,
                now=time.monotonic(), learned=self.tested.learned,
            )  # fmt: skip
            if len(known.candidates) == 1:
                if len(self._plans) >= _PLANS:
                    self._plans.clear()
                self._plans[asked] = known
        return known

    def profile_of(self, key: Key | None) -> str | None:
        """The active profile of a key: its own, the command line's, the file's. One that is gone counts as none."""
        config = self.config
        for name in (key.profile if key else None, self.profile, config.profile):
            if name and name in config.profiles:
                return name
        return None

    def last_place(self, trace_id: str) -> tuple[str, str | None] | None:
        """Channel and secret that served this trace last."""
        return self._places.get(trace_id)

    def remember(self, trace_id: str, place: tuple[str, str | None]) -> None:
        """Keep a trace on the channel and secret that served it."""
        self._places[trace_id] = place
        self._places.move_to_end(trace_id)
        if len(self._places) > _REMEMBERED:
            self._places.popitem(last=False)

    def same_answer(self, ours: str, theirs: str) -> None:
        """An answer had to get an id before its upstream gave it one: a client that continues from it names ours."""
        self.answers[ours] = theirs
        if len(self.answers) > _REMEMBERED:
            self.answers.popitem(last=False)

    def kept(self, record: RequestRecord, sent: bytes) -> Body:
        """What an upstream is sent, as the trace gets it: as an edit of what the session sent before, where it is one."""
        trace = self.config.trace
        if not (trace.enabled and trace.bodies):
            return sent
        sender = branch("upstream_request", record)
        found = self.sent_last.edit(sender, sent)
        if found is None:
            self.sent_last.put(sender, sent, None)
            return sent
        return found[0]

    async def secret(self, ref: str) -> str:
        """A secret's value; the first reading may take a helper process, so it happens in a thread. Raises `SecretError`."""
        known = self.secrets.known(ref)
        value = known if known is not None else await asyncio.to_thread(self.secrets.get, ref)
        self.places.used(ref, value)
        return value

    async def _reread(self, ref: str) -> str:
        """A secret's value as it is now."""
        self.secrets.forget(ref)
        return await asyncio.to_thread(self.secrets.get, ref)

    def redact(self, text: str) -> str:
        """Text from an upstream without any secret that we know."""
        for value in self.secrets.values():
            if value in text:
                text = text.replace(value, "[secret]")
        return text

    def log(self, level: str, message: str) -> None:
        """Tell the person at the terminal."""
        self.feed.publish({"type": "log", "level": level, "message": message, "t": time.time()})

    def busy(self) -> bool:
        """Whether requests run, or did a moment ago."""
        return bool(self.live) or time.monotonic() - self.asked < _QUIET

    def refresh(self) -> None:
        """Before a request: what was changed a moment ago (`profile use`, `key create`) counts for it already."""
        self.asked = now = time.monotonic()
        if now - self._polled > _FRESH:
            self.poll()

    def poll(self) -> None:
        """Look once whether one of the files changed; a broken config.toml is reported and changes nothing."""
        self._polled = time.monotonic()
        looks = [signature(path, there=before is not None) for path, before in zip(self._files, self._looks, strict=True)]
        if looks == self._looks:
            return
        self._looks = looks
        before, channels = self.reloader.error, self.reloader.config.channels
        if self.reloader.poll():
            self.secrets.forget_all()
            for channel in channels:
                if channel not in self.reloader.config.channels:  # another address or secret may be well
                    self.places.health.reset(channel.name)
            self.feed.publish(self.hello())
            self.log("info", "config.toml was reloaded")
        elif self.reloader.error is not None and self.reloader.error is not before:
            self.log("error", f"config.toml was not taken, the last good one stays in force: {self.reloader.error}")
        self.keys.poll()
        if self.tested.poll():
            self._plans.clear()
        if self.orders is not None:
            self._obey(self.orders)

    def _obey(self, book: OrderBook) -> None:
        """What commands asked for since the last look."""
        before = book.allowances
        new = book.poll()
        if new is None:
            return
        for name in new.resets:
            self.secrets.forget_all()
            self.places.reset(name)
        for trace, allowance in new.allowances.items():
            self.budgets.allow(trace, allowed(allowance, before.get(trace)))
            self.log("info", f"trace {trace} may go on")
        for each in new.renames:
            self.learning.rename(each.old, each.new)

    def state(self) -> dict[str, object]:
        """How the server is, for `axonhub status` and its like."""
        return {
            "running": self.running,
            "tasks": len(asyncio.all_tasks()),
            "draining": self.draining,
            "profile": self.profile_of(None),
            "config_error": str(self.reloader.error) if self.reloader.error is not None else None,
            "unwell": self.places.snapshot(),
            **self.health(),
        }

    def hello(self) -> dict[str, object]:
        """Who serves, and from what: the first event of every subscription, and again when the configuration has changed."""
        return {
            "type": "hello",
            "version": __version__,
            "host": self.host,
            "port": self.port,
            "channels": [channel.name for channel in self.config.channels if channel.enabled],
            "profile": self.profile_of(None),
            "demo": self.demo_active,
            "config": str(self.config_path or ""),
            "t": time.time(),
        }


async def watch_files(gateway: Gateway, every: float, also: Callable[[], None] | None = None) -> None:
    """Poll the files until cancelled: a few `stat` calls a second, and fewer while nothing runs and nobody watches: a request
    looks itself before it begins."""
    while True:
        await asyncio.sleep(every if gateway.busy() or gateway.feed.watched else every * _SELDOM)
        gateway.poll()
        if also is not None:
            also()
