"""The trace store: what the recorder fills and one thread writes to `traces.db`.

Filling never waits and never fails. Whatever is wrong with the file (locked, disk full, damaged, deleted, of a later version),
traffic goes on; `error` says what it is, what was lost is counted, and writing goes on when the trouble has passed.

A row is written when a request has begun and again when it ends; one that is over within a moment is written once. One that
still runs when a store is started belongs to a process that died: it becomes `interrupted`. (A second server on the same file
may so mark a request that is alive; its end puts that right.)
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ..config.schema import Trace
from ..types.edited import Body
from ..types.price import Price
from .backlog import Backlog, Item
from .recorder import Level
from .records import BodyKind, Findings, RequestRecord
from .writer import Writer

RETRY_SECONDS = 1.0
OPEN_SECONDS = 2.0  # how long `start` waits for the file to be opened


class Store:
    """Keeps traces in the file at `path`.

    `secrets` gives the values to mask, at the moment of writing. `provider` turns a channel's name into a hint for
    `pricing.cost` (a base URL is best); `prices` gives the user's own, by model. `hasty` says whether somebody waits for what
    is found out at the end of a request: then it is told sooner, at the cost of more transactions.
    """

    def __init__(
        self,
        path: Path,
        config: Trace,
        *,
        secrets: Callable[[], Iterable[str]] = tuple,
        provider: Callable[[str], str | None] | None = None,
        prices: Callable[[], Mapping[str, Price]] = dict,
        hasty: Callable[[], bool] = bool,
        retry_seconds: float = RETRY_SECONDS,
        backlog: Backlog | None = None,
    ) -> None:
        self.path = path
        self._backlog = backlog or Backlog()
        self._ready = threading.Event()
        self._writer = Writer(path, config, self._backlog, retry_seconds=retry_seconds, ready=self._ready.set)
        self._writer.secrets = secrets
        self._writer.hasty = hasty
        self._writer.finder.prices = prices
        if provider is not None:
            self._writer.finder.provider = provider
        self._thread: threading.Thread | None = None

    @property
    def config(self) -> Trace:
        """The settings in force; may be replaced at any time."""
        return self._writer.config

    @config.setter
    def config(self, config: Trace) -> None:
        self._writer.config = config

    @property
    def error(self) -> str | None:
        """What is wrong with the store now, in words; None when nothing is."""
        return self._writer.error

    @property
    def dropped_bodies(self) -> int:
        """Requests that were recorded without their bodies since the start."""
        return self._backlog.dropped_bodies

    @property
    def dropped_rows(self) -> int:
        """Requests that were not recorded since the start."""
        return self._backlog.dropped_rows

    @property
    def dropped(self) -> int:
        """Both together."""
        return self.dropped_bodies + self.dropped_rows

    def start(self) -> None:
        """Start the writer's thread; waits a moment for the file, so that `error` can be shown from the beginning."""
        self._thread = threading.Thread(target=self._writer.run, name="axonhub-trace-writer", daemon=True)
        self._thread.start()
        self._ready.wait(OPEN_SECONDS)

    def begin(self, record: RequestRecord) -> None:
        """A request was accepted."""
        self._backlog.put(Item(record, final=False))

    def end(self, record: RequestRecord, bodies: dict[BodyKind, Body], told: Callable[[Findings], None] | None = None) -> None:
        """A request is over: nothing changes its record any more. Its bodies are kept if the user wants them kept.

        `told` is called once with what was found out (`findings`: price, cache verdict): a moment later from the writer's
        thread, or at once and with nothing when that has trouble. It must not raise.
        """
        item = Item(record, True, bodies if self._writer.config.bodies else {}, told)
        if self._writer.error is not None:
            item.tell()
        self._backlog.put(item)

    def messages(self) -> list[tuple[Level, str]]:
        """What a person should be told since the last call."""
        told = []
        while self._writer.messages:
            told.append(self._writer.messages.popleft())
        return told

    def flush(self, timeout: float) -> bool:
        """Wait until all that was put is on disk or given up; False when the time (seconds) did not suffice."""
        return self._backlog.wait_idle(timeout)

    def close(self, timeout: float) -> bool:
        """Write what is waiting and stop; False when the time (seconds) did not suffice and something may be lost."""
        self._backlog.close()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        if self._thread.is_alive():
            return False
        self._backlog.give_up()  # what came in the moment of closing
        return True
