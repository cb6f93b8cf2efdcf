"""One request to an endpoint, written and read by the protocol's own codec, so that what is tested is what is used.

The answer is read as it comes: its events are held to the grammar of `types.events`, its shape and its times are kept.
"""

import json
import time
from http.client import HTTPResponse
from urllib.parse import quote

from msgspec import Struct

from ...config.presets import Endpoint
from ...config.schema import Channel
from ...errors import ProtocolError, UpstreamError
from ...protocols import overrides
from ...protocols.adapt import adapt
from ...protocols.base import Codec, Losses, Target
from ...protocols.raw import dumps
from ...protocols.registry import codec
from ...protocols.sse import Decoder
from ...types.events import Checker, Event, Failure, Folder
from ...types.messages import Protocol, Request, Response
from ...types.problem import Problem
from ...types.quirks import Quirks
from .. import probe

_PATHS: dict[Protocol, str] = {
    "anthropic": "/v1/messages",
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
    "gemini": "/v1beta/models/{}:streamGenerateContent?alt=sse",
}
SECONDS = 120.0  # for each piece of an answer: a local model may have to be loaded first
TOTAL = 300.0  # for one whole answer
_LIMIT = 4 * 1024 * 1024


class Place(Struct, frozen=True, kw_only=True):
    """Where is asked: a channel's endpoint, with a secret's value, for a model. The secret does not show in its repr."""

    channel: Channel
    endpoint: Endpoint
    secret: str | None
    model: str

    def __repr__(self) -> str:
        return f"Place({self.channel.name!r}, {self.endpoint.protocol!r}, {self.model!r})"


class Answer(Struct, frozen=True, kw_only=True):
    """What came back. `problem`: the endpoint's refusal, or why the stream cannot be used; then `response` is what came before.

    `streamed` says that it came as an event stream; `events` counts neutral events; times are in seconds.
    """

    response: Response | None = None
    problem: Problem | None = None
    streamed: bool = False
    events: int = 0
    first: float = 0.0
    seconds: float = 0.0


def send(place: Place, request: Request, *, quirks: Quirks | None = None, cut: int | None = None) -> Answer:
    """Ask. `quirks` replace the endpoint's own where a trial wants to know better; `cut` leaves after so many events.

    A refusal is an answer with a `problem`; no answer at all is one too (kind `upstream`).
    """
    upstream = codec(place.endpoint.protocol)
    facts = quirks or place.endpoint.quirks
    losses = Losses()
    target = Target(model=place.model, quirks=facts, channel=place.channel.name)
    written = dumps(upstream.write_request(adapt(request, upstream.name, facts, losses), target, losses))
    body, _ = overrides.body(written, overrides.meant(place.channel.body_overrides, place.model, upstream.name))
    start = time.monotonic()
    try:
        with probe.post(place.channel, place.endpoint, place.secret, _path(place), body, timeout=SECONDS) as response:
            if response.status >= 300:
                return Answer(problem=_refusal(upstream, response), seconds=time.monotonic() - start)
            return _read(upstream, response, start, cut)
    except UpstreamError as error:
        return Answer(problem=Problem(kind="upstream", message=error.message), seconds=time.monotonic() - start)


def count(place: Place, request: Request) -> int | None:
    """What the endpoint's own counter says of the request; None where it has none."""
    upstream = codec(place.endpoint.protocol)
    if upstream.name != "anthropic":
        return None
    losses = Losses()
    quirks = place.endpoint.quirks
    body = upstream.write_request(adapt(request, upstream.name, quirks, losses), Target(model=place.model, quirks=quirks), losses)
    kept = dumps({key: body[key] for key in ("model", "messages", "system", "tools") if key in body})
    try:
        with probe.post(place.channel, place.endpoint, place.secret, "/v1/messages/count_tokens", kept) as response:
            found = json.loads(response.read(_LIMIT)) if response.status == 200 else {}
    except (UpstreamError, ValueError, RecursionError):
        return None
    number = found.get("input_tokens") if isinstance(found, dict) else None
    return number if isinstance(number, int) else None


def _path(place: Place) -> str:
    return _PATHS[place.endpoint.protocol].format(quote(place.model, safe=""))


def _refusal(upstream: Codec, response: HTTPResponse) -> Problem:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return upstream.read_error(response.status, headers, response.read(_LIMIT))


def _read(upstream: Codec, response: HTTPResponse, start: float, cut: int | None) -> Answer:
    if "event-stream" not in (response.getheader("content-type") or ""):
        return _whole(upstream, response.read(_LIMIT), start)
    stream = _Stream(upstream, start)
    while (chunk := response.read1(64 * 1024)) and stream.size < _LIMIT and stream.problem is None:
        stream.feed(chunk)
        if cut is not None and stream.events >= cut:
            return stream.answer()
        if time.monotonic() - start > TOTAL:
            stream.problem = Problem(kind="timeout", message=f"The answer was not complete after {TOTAL:g} seconds.")
    stream.close()
    return stream.answer()


def _whole(upstream: Codec, data: bytes, start: float) -> Answer:
    """An answer in one piece, although a stream was asked for."""
    seconds = time.monotonic() - start
    try:
        body = json.loads(data)
        problem = (
            upstream.error_in(body) if isinstance(body, dict) else Problem(kind="upstream", message="The answer is no object.")
        )
        return Answer(response=None if problem else upstream.read_response(body), problem=problem, first=seconds, seconds=seconds)
    except (ValueError, RecursionError, ProtocolError) as error:
        return Answer(problem=Problem(kind="upstream", message=f"The answer cannot be read: {error}"), seconds=seconds)


class _Stream:
    """A stream on its way: decoded, held to the grammar, folded."""

    def __init__(self, upstream: Codec, start: float) -> None:
        self.problem: Problem | None = None
        self.events = self.size = 0
        self._start, self._first = start, 0.0
        self._decoder, self._reader = Decoder(), upstream.stream_reader()
        self._checker, self._folder = Checker(), Folder(upstream.name)

    def feed(self, chunk: bytes) -> None:
        self.size += len(chunk)
        try:
            for frame in self._decoder.feed(chunk):
                self._take(self._reader.feed(frame))
        except ProtocolError as error:
            self.problem = Problem(kind="upstream", message=f"The stream cannot be read: {error}")

    def close(self) -> None:
        if self.problem is None:
            self._take(self._reader.close())

    def _take(self, events: list[Event]) -> None:
        for event in events:
            self._first = self._first or time.monotonic() - self._start
            self.events += 1
            self._checker.feed(event)
            self._folder.feed(event)
            if isinstance(event, Failure):
                self.problem = event.problem

    def answer(self) -> Answer:
        seconds = time.monotonic() - self._start
        return Answer(
            response=self._folder.response(),
            problem=self.problem,
            streamed=True,
            events=self.events,
            first=self._first,
            seconds=seconds,
        )
