"""The stream written: neutral events in, chunks for a client of this protocol out.

A chunk of text is the same but for the text, so its head and tail are encoded once. A call goes out whole, when its arguments are
complete; parts that come interleaved are put in a row. The finish reason is held until the end, so that the usage beside it is
final. Frames end in a blank line, and a blank line more is this protocol's keep-alive.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from ...types.events import (
    ArgumentsDelta,
    End,
    Event,
    Failure,
    Finish,
    Foreign,
    OpaqueDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    SealDelta,
    Start,
    TextDelta,
    UsageUpdate,
)
from ...types.messages import Reasoning, Refusal, Seal, Text, ToolCall, Usage
from ...types.sequence import Sequencer
from ..base import Reply
from ..raw import dumps
from ..runs import Run
from ..sse import encode
from .errors import error_object
from .fields import VENDOR, Block
from .parts import signature
from .response import EMPTY, write_part
from .usage import write_finish, write_usage

PING = b"\n\n"


class Writer:
    """One stream to one client."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._sequencer = Sequencer()
        self._usage: Usage | None = None
        self._finish: Finish | None = None
        self._call: ToolCall | None = None
        self._arguments: list[str] = []
        self._seal: Seal | None = None
        self._thinking = self._said = self._called = False
        self._notes: Block = {}
        self._head = self._text = self._thought = self._tail = b""
        self._name(reply.id)

    def write(self, events: list[Event]) -> bytes:
        out: list[bytes] = []
        for event in events:
            for item in self._sequencer.feed(event):
                handle = _HANDLERS.get(type(item))
                if handle is not None:
                    out.append(handle(self, item))
        return b"".join(out)

    def more(self, run: Run) -> bytes | None:
        """Here every piece is looked at: what is not said yet may have to wait."""
        return None

    def _name(self, answer: str) -> None:
        self._tail = (
            b'],"role":"model"},"index":0}],' + dumps({"modelVersion": self._reply.model, "responseId": answer})[1:] + b"\n\n"
        )
        self._head = b'data: {"candidates":[{"content":{"parts":['
        self._text, self._thought = self._head + b'{"text":', self._head + b'{"thought":true,"text":'

    def _part(self, part: Block) -> bytes:
        return self._head + dumps(part) + self._tail

    def _start(self, event: Start) -> bytes:
        if event.id:
            self._name(event.id)
        self._count(event.usage)
        return b""

    def _part_start(self, event: PartStart) -> bytes:
        part = event.part
        self._call, self._seal, self._thinking, self._said = None, None, False, False
        match part:
            case Text() | Refusal():
                return self._said_text(part.text)
            case Reasoning():
                self._thinking, self._seal = True, part.seal
                return self._said_text(part.text)
            case ToolCall():
                self._call, self._arguments, self._seal = part, [part.arguments], part.seal
                return b""
        return self._part(write_part(part))

    def _said_text(self, text: str) -> bytes:
        if not text:
            return b""
        self._said = True
        return (self._thought if self._thinking else self._text) + dumps(text) + b"}" + self._tail

    def _delta(self, event: TextDelta | ReasoningDelta) -> bytes:
        return self._said_text(event.text)

    def _more(self, event: ArgumentsDelta) -> bytes:
        self._arguments.append(event.text)
        return b""

    def _sealed(self, event: SealDelta) -> bytes:
        self._seal = event.seal
        return b""

    def _noted(self, event: OpaqueDelta) -> bytes:
        if event.protocol == VENDOR:
            self._notes[event.key] = event.raw
        return b""

    def _part_end(self, event: PartEnd) -> bytes:
        call, self._call = self._call, None
        if call is not None:
            self._called = True
            return self._part(write_part(replace(call, arguments="".join(self._arguments), seal=self._seal)))
        mark = signature(self._seal) if self._thinking else {}
        if not mark:
            return b""
        return self._part({"text": "", **({"thought": True} if self._said else {}), **mark})

    def _update(self, event: UsageUpdate) -> bytes:
        self._count(event.usage)
        return b""

    def _count(self, usage: Usage | None) -> None:
        if usage is not None:
            self._usage = usage if self._usage is None else self._usage.merge(usage)

    def _finished(self, event: Finish) -> bytes:
        self._finish = event
        return b""

    def _end(self, event: End) -> bytes:
        word = write_finish(self._finish.reason if self._finish else None, self._called)
        candidate = {"content": {"parts": [EMPTY], "role": "model"}, "finishReason": word, "index": 0, **self._notes}
        usage = write_usage(self._usage)
        told: dict[str, Any] = {"candidates": [candidate], **({"usageMetadata": usage} if usage else {})}
        head = dumps(told)[:-1]
        return b"data: " + head + b"," + self._tail[self._tail.index(b'"modelVersion"') :]

    def _failure(self, event: Failure) -> bytes:
        return encode("", dumps(error_object(event.problem)))

    def _foreign(self, event: Foreign) -> bytes:
        return b""


_HANDLERS: dict[type, Callable[..., bytes]] = {
    Start: Writer._start,
    PartStart: Writer._part_start,
    TextDelta: Writer._delta,
    ReasoningDelta: Writer._delta,
    ArgumentsDelta: Writer._more,
    SealDelta: Writer._sealed,
    OpaqueDelta: Writer._noted,
    PartEnd: Writer._part_end,
    UsageUpdate: Writer._update,
    Finish: Writer._finished,
    End: Writer._end,
    Failure: Writer._failure,
}
