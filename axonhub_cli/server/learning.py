"""What the answers teach about our estimates of input tokens (`config/ratios.py`).

The relay calls `answered` after each good answer; that costs it a few comparisons. The work (reading the request once more,
estimating it, now and then a small file) is done in a thread, for one request at a time: each of the first ones of a model,
later one in twenty seconds.
"""

import asyncio
import time
from pathlib import Path

from ..config import ratios
from ..errors import AxonHubError
from ..protocols.base import Codec
from ..protocols.raw import loads_object
from ..protocols.registry import codec
from ..routing.plan import Candidate
from ..tokens import estimate
from ..trace.records import RequestKind
from ..types.messages import Media, Message, Opaque, Protocol, Request, Response, ToolResult
from .tasks import spawn

_FIRST = 8  # samples of a model that are taken as they come
_PAUSE = 20.0  # seconds between later ones
_SMALLEST = 256  # tokens: below, what a vendor adds to every request decides
_LARGEST = 4 << 20  # bytes of a body
_SAVE = 15.0  # seconds between two writes
_REQUEST = (400, 413, 422)  # a counter that refused this request may take the next one
_MISSING = (404, 405, 501)
_ABSENT, _UNWELL = 600.0, 20.0  # seconds for which a counter is not asked again
_OTHERS = ("web_search", "compaction")  # what the upstream gets may be another request than the client's
_UNSEEN = ("previous_response_id", "conversation", "cachedContent", "container", "mcp_servers")  # tokens that are not in the body


class Learning:
    """The ratios of one server. `path` None: they are forgotten with it."""

    def __init__(self, path: Path | None = None) -> None:
        self.ratios = ratios.read(path) if path is not None else ratios.Ratios()
        self._path = path
        self._latest: dict[tuple[str, str], float] = {}
        self._busy = self._changed = False
        self._saved = float("-inf")

    def factor(self, candidate: Candidate) -> float:
        """What an estimate for this candidate is multiplied with."""
        return self.ratios.factor(candidate.channel.name, candidate.model)

    def answered(self, kind: RequestKind, candidate: Candidate, client: Protocol, data: bytes, response: Response) -> None:
        """An answer to the client's request `data`: perhaps worth a look."""
        real = response.usage.input if response.usage is not None else None
        if self._busy or real is None or real < _SMALLEST or len(data) > _LARGEST or kind in _OTHERS:
            return
        if any(isinstance(part, Opaque) for part in response.parts):
            return  # the vendor's own tools ran, and what they found was counted too
        spot, now = (candidate.channel.name, candidate.model), time.monotonic()
        if now - self._latest.get(spot, float("-inf")) < _PAUSE and self.ratios.samples(*spot) >= _FIRST:
            return
        if len(self._latest) > 1024:
            self._latest.clear()
        self._latest[spot] = now
        self._busy = True
        spawn(self._learn(spot, client, data, real), "learn how tokens are counted")

    async def _learn(self, spot: tuple[str, str], client: Protocol, data: bytes, real: int) -> None:
        try:
            estimated = await asyncio.to_thread(_estimated, codec(client), data)
            if estimated is not None:
                self.ratios.learn(*spot, estimated, real)
                self._changed = True
            if self._changed and time.monotonic() - self._saved > _SAVE:
                await asyncio.to_thread(self.save)
        finally:
            self._busy = False

    def rename(self, old: str, new: str) -> None:
        """A channel is called otherwise; what its answers taught stays."""
        self._changed |= self.ratios.rename(old, new)

    def save(self) -> None:
        """Write down what is new. A folder that cannot be written costs the next server its start, and nobody an answer."""
        if self._path is None or not self._changed:
            return
        self._changed, self._saved = False, time.monotonic()
        try:
            self.ratios.save(self._path)
        except AxonHubError:
            pass


class Counters:
    """Which channels' own counters need not be asked now. It is the counter's rest alone: it has limits of its own, and a channel
    may serve without any."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def rests(self, channel: str, now: float) -> bool:
        """Whether it failed a short while ago."""
        return now < self._until.get(channel, 0.0)

    def failed(self, channel: str, status: int, now: float, scale: float) -> None:
        """It gave no number; status 0 is no answer at all."""
        if status not in _REQUEST:
            self._until[channel] = now + (_ABSENT if status in _MISSING else _UNWELL) * scale


def _estimated(client: Codec, data: bytes) -> int | None:
    """The estimate of a request, or None where it cannot be held against the answer's figure."""
    try:
        fields = loads_object(data)
        if any(fields.get(key) for key in _UNSEEN):
            return None
        request = client.read_request({"model": "m", **fields})
    except AxonHubError:
        return None
    return None if _shows(request) else estimate(request)


def _shows(request: Request) -> bool:
    """Whether there is anything in it whose tokens do not come from its bytes."""
    return any(map(_has_media, request.messages))


def _has_media(message: Message) -> bool:
    return any(
        isinstance(part, Media) or (isinstance(part, ToolResult) and any(isinstance(inner, Media) for inner in part.parts))
        for part in message.parts
    )
