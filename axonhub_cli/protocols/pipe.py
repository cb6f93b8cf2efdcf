"""The response's way back: a function from byte chunks to byte chunks. No sockets here; the relay reads, feeds, and writes
what comes out.

    feed(chunk) -> bytes    what may go to the client now (whole frames only, so that a keep-alive may follow any of it)
    close() -> bytes        the upstream ended by itself; a stream without its last word becomes an error here
    fail(problem) -> bytes  the upstream broke off or fell silent

`ready` turns true at the first event that says something (neither `Start` nor `Foreign`): the relay holds everything until
then, and if `problem` is set before `ready`, it throws the held bytes away and tries somebody else. `over` means that the last
word went out.

    begun(reply)            the client's stream was begun by the relay, under the reply's id: to keep it alive

`Verbatim` gives back what came in and listens. After the commit it parses only frames that may matter (usage, tool calls, the
end): text deltas cost it a scan, unless somebody watches (`watch` is true), who then gets every event. `Convert` parses
everything and writes anew; runs of text, which most of a stream is, are known by their bytes (`runs`), and nobody looks at each
piece of them but who watches.
"""

import re
from collections.abc import Callable
from typing import Protocol as Interface

from msgspec.structs import replace

from ..errors import ProtocolError
from ..types.events import End, Event, Failure, Folder, Foreign, Start
from ..types.problem import Problem
from .base import Codec, Reply
from .raw import dumps
from .runs import Run, Runs
from .sealer import Back
from .sse import Decoder, Splitter

Sink = Callable[[list[Event]], None]
_SAYS_NOTHING = (Start, Foreign)
_CUT = Problem(kind="upstream", message="The upstream's stream was cut off before its end.")

# What a frame must contain to matter to a listener after the commit. A miss costs a figure in the trace, never a byte to the
# client.
_MARKS: dict[str, tuple[bytes, ...]] = {
    "anthropic": (b"message_start", b"message_delta", b"message_stop", b"tool_use", b'"error"', b"event: error"),
    "openai-chat": (b'"usage":{', b'"usage": {', b'"finish_reason":"', b'"finish_reason": "', b'"name"', b'"error"', b"[DONE]"),
    "openai-responses": (
        b"response.output_item",
        b"response.completed",
        b"response.incomplete",
        b"response.failed",
        b"response.created",
    ),
    "gemini": (b'"finishReason"', b'"functionCall"', b'"error"'),
}


def always() -> bool:
    """Somebody watches."""
    return True


class Pipe(Interface):
    """What the relay sees of either lane."""

    ready: bool
    over: bool
    problem: Problem | None
    folder: Folder

    def feed(self, chunk: bytes) -> bytes: ...
    def close(self) -> bytes: ...
    def fail(self, problem: Problem) -> bytes: ...
    def begun(self, reply: Reply) -> None: ...


class _Listener:
    """What both lanes know of the stream so far."""

    def __init__(self, codec: Codec, sink: Sink | None) -> None:
        self.ready = False
        self.over = False
        self.problem: Problem | None = None
        self.folder = Folder(codec.name)
        self._reader = codec.stream_reader()
        self._sink = sink

    def _hear(self, events: list[Event]) -> None:
        for event in events:
            self.folder.feed(event)
            if isinstance(event, Failure):
                self.problem = event.problem
                self.over = True
            elif isinstance(event, End):
                self.over = self.ready = True
            elif not self.ready and not isinstance(event, _SAYS_NOTHING):
                self.ready = True
        if self._sink is not None and events:
            self._sink(events)

    def _closing(self) -> list[Event]:
        try:
            return self._reader.close()
        except ProtocolError as error:
            return [Failure(Problem(kind="upstream", message=str(error)))]


class Verbatim(_Listener):
    """Same protocol on both sides: frames pass as they came, the model's name apart."""

    def __init__(
        self, codec: Codec, reply: Reply, *, sink: Sink | None = None, watch: Callable[[], bool] = bool, hide_usage: bool = False
    ) -> None:
        super().__init__(codec, sink)
        self._codec, self._reply, self._watch, self._hide_usage = codec, reply, watch, hide_usage
        self._splitter = Splitter()
        self._decoder = Decoder()
        self._marks = _MARKS[codec.name]
        self._renames: list[tuple[re.Pattern[bytes], bytes]] | None = None
        self._broken = self._ended = False
        self._latest = b""

    def feed(self, chunk: bytes) -> bytes:
        whole = self._splitter.feed(chunk)
        if not whole:
            return b""
        self._latest = whole
        self._listen(whole)
        return self._outward(whole)

    def _listen(self, whole: bytes) -> None:
        """The tap. What it cannot read must never break a relay that has begun; before that, somebody else may answer."""
        if self._broken:
            self._look_for_the_end(whole)
            return
        everything = whole
        try:
            while whole and not self.ready and not self.over:
                first, whole = _first_frame(whole)
                self._read(first)
            if whole and not self.over:
                self._read(whole if self._watch() else _marked(whole, self._marks))
        except ProtocolError as error:
            if self.ready:
                self._broken = True
                self._look_for_the_end(everything)
            else:
                self._hear([Failure(Problem(kind="upstream", message=f"The upstream's stream cannot be read: {error}"))])

    def _look_for_the_end(self, whole: bytes) -> None:
        """Nothing can be read any more, but that a stream came to its end can still be seen."""
        self._ended = self._ended or any(word in b"\n" + whole for word in self._codec.last_words)

    def _read(self, frames: bytes) -> None:
        for frame in self._decoder.feed(frames) if frames else ():
            if not self.over:
                self._hear(self._reader.feed(frame))

    def begun(self, reply: Reply) -> None:
        self._reply, self._renames = reply, None

    def _outward(self, whole: bytes) -> bytes:
        if self._renames is None and self.folder.start is not None:
            self._renames = self._other_names(self.folder.start)
        for old, name in self._renames or ():
            whole = old.sub(lambda found, name=name: found.group(1) + name, whole)  # type: ignore[misc]  # mypy knows no defaults here
        if self._hide_usage and (b'"usage":{' in whole or b'"usage": {' in whole):
            whole = _without_usage(whole)
        return whole

    def _other_names(self, start: Start) -> list[tuple[re.Pattern[bytes], bytes]]:
        """What the client knows by another name: the model, and the answer itself where its stream was begun before."""
        pairs = [(self._codec.model_key, start.model, self._reply.model)]
        if self._reply.told:
            pairs.append(("id", start.id, self._reply.id))
        return [
            (re.compile(rb'("' + key.encode() + rb'"\s*:\s*)' + re.escape(dumps(old))), dumps(new))
            for key, old, new in pairs
            if old and old != new
        ]

    def close(self) -> bytes:
        rest = self._splitter.close()
        if rest:
            self._listen(rest + b"\n\n")
        if self.over or self._ended:
            return rest
        events: list[Event] = [Failure(_CUT)] if self._broken else self._closing()
        self._hear(events)
        if self.problem is None:
            self.ready = True
            return rest
        return self._say(self.problem) if self.ready else b""

    def fail(self, problem: Problem) -> bytes:
        self._splitter.close()
        self.problem, self.over = problem, True
        self._hear([Failure(problem)])
        return self._say(problem) if self.ready else b""

    def _say(self, problem: Problem) -> bytes:
        """The protocol's own error event, in a stream that was not ours until now."""
        started = self.folder.start
        numbers = _NUMBER.findall(self._latest)
        told = int(numbers[-1]) + 1 if numbers else max(1, self._reply.told)
        known = started.id if started and not self._reply.told else ""
        reply = replace(self._reply, id=known or self._reply.id, told=told)
        return self._codec.stream_writer(reply).write([Failure(problem)])


def _first_frame(whole: bytes) -> tuple[bytes, bytes]:
    """The first of some frames, and the others. Line ends other than LF are rare: such frames stay together."""
    at = -1 if b"\r" in whole else whole.find(b"\n\n")
    return (whole, b"") if at < 0 else (whole[: at + 2], whole[at + 2 :])


def _marked(whole: bytes, marks: tuple[bytes, ...]) -> bytes:
    """The frames that hold a mark. Whoever finds none has looked at the bytes once for each mark, and at no frame."""
    spans: dict[int, int] = {}
    for mark in marks:
        at = whole.find(mark)
        while at >= 0:
            if b"\r" in whole:
                return whole
            end = whole.find(b"\n\n", at) + 2
            spans[whole.rfind(b"\n\n", 0, at) + 1] = end
            at = whole.find(mark, end)
    return b"".join(whole[start:end] for start, end in sorted(spans.items()))


_NUMBER = re.compile(rb'"sequence_number"\s*:\s*(\d{1,9})')
_FRAME = re.compile(rb".+?(?:\r\n\r\n|\n\n|\r\r|\Z)", re.DOTALL)


def _without_usage(whole: bytes) -> bytes:
    """Frames of a Chat stream without the usage chunk that only we had asked for."""
    return b"".join(frame for frame in _FRAME.findall(whole) if not _is_usage_chunk(frame))


def _is_usage_chunk(frame: bytes) -> bool:
    return (b'"choices":[]' in frame or b'"choices": []' in frame) and b'"usage"' in frame


class Convert(_Listener):
    """Different protocols: every frame is read, its events get the client's own tools and seals, and are written anew."""

    def __init__(
        self,
        upstream: Codec,
        client: Codec,
        reply: Reply,
        *,
        back: Back | None = None,
        sink: Sink | None = None,
        watch: Callable[[], bool] = always,
    ) -> None:
        super().__init__(upstream, sink)
        self._back, self._watch = back, watch
        self._decoder = Decoder()
        self._runs = Runs(steady=upstream.steady)
        self._client = client
        self._writer = client.stream_writer(reply)

    def begun(self, reply: Reply) -> None:
        if self.folder.start is None:
            self._writer = self._client.stream_writer(reply)

    def feed(self, chunk: bytes) -> bytes:
        whole = self._decoder.whole(chunk)
        return self._pass(whole) if whole else b""

    def _pass(self, whole: bytes) -> bytes:
        """Some frames: runs of text by their bytes, the others one by one."""
        out: list[bytes] = []
        events: list[Event] = []
        at, size, runs = 0, len(whole), self._runs
        apart = b"\r" not in whole  # frames may be cut one from the other by their blank lines
        try:
            while at < size:
                if (run := runs.take(whole, at)) is None:
                    end = whole.find(b"\n\n", at) + 2 if apart and runs.learning else size
                    at = self._long_way(whole[at:] if end <= at else whole[at:end], at, events)
                    continue
                if events:
                    out.append(self._write(events))
                    events = []
                out.append(self._say(run))
                at = run.end
        except ProtocolError as error:
            events.append(Failure(Problem(kind="upstream", message=f"The upstream's stream cannot be read: {error}")))
        out.append(self._write(events))
        return out[0] if len(out) == 1 else b"".join(out)

    def _long_way(self, block: bytes, at: int, events: list[Event]) -> int:
        """Read frames, and learn from the last how the next may be known; gives back where that begins."""
        said = len(events)
        for frame in self._decoder.frames(block):
            said = len(events)
            events += self._reader.feed(frame)
        self._runs.learn(block, events[said:])
        return at + len(block)

    def _say(self, run: Run) -> bytes:
        if not self.ready or self.over or not (self._back is None or self._back.passes(run.kind)):
            return self._write(run.events())
        self.folder.more(run.part, run.texts)
        if self._sink is not None and self._watch():
            self._sink(run.events())
        written = self._writer.more(run)
        return self._writer.write(run.events()) if written is None else written

    def _write(self, events: list[Event]) -> bytes:
        if self.over or not events:
            return b""
        if self._back is not None:
            events = self._back.feed(events)
        self._hear(events)
        if self.problem is not None and not self.ready:
            return b""
        return self._writer.write(events)

    def close(self) -> bytes:
        out = self._pass(self._decoder.rest())
        if self.over:
            return out
        return out + self._write(self._closing())

    def fail(self, problem: Problem) -> bytes:
        return self._write([Failure(problem)]) if not self.over else b""
