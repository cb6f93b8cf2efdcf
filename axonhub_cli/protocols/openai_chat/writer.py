"""The stream written: neutral events in, chunks for a client of this protocol out.

A chunk is the same but for its delta, so its head and tail are encoded once. Parts may be interleaved: text parts all write the
one `content` field, tool calls have indexes of their own. What no answer of this protocol can hold becomes text that says so.
"""

from collections.abc import Callable
from typing import Any

from ...types.events import (
    ArgumentsDelta,
    End,
    Event,
    Failure,
    Finish,
    OpaqueDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    Start,
    TextDelta,
    UsageUpdate,
)
from ...types.messages import FinishReason, Reasoning, Refusal, Text, ToolCall, Usage
from ..base import Reply
from ..raw import dumps
from ..runs import Run
from ..sse import encode
from .errors import error_object
from .parts import VENDOR
from .response import in_words
from .usage import write_finish, write_usage

REASONING = "reasoning_content"
_TAIL = b'},"finish_reason":null}]}\n\n'


class Writer:
    """One stream to one client."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._head = b""
        self._frames: dict[int, tuple[bytes, bytes]] = {}
        self._empty: dict[int, bool] = {}
        self._calls = 0
        self._usage: Usage | None = None
        self._finished = False
        self._name(reply.id)

    def write(self, events: list[Event]) -> bytes:
        out: list[bytes] = []
        for event in events:
            if type(event) is TextDelta or type(event) is ReasoningDelta:
                head, tail = self._frames[event.index]
                out.append(head + dumps(event.text) + tail)
                continue
            handle = _HANDLERS.get(type(event))
            if handle is not None:
                out.append(handle(self, event))
        return b"".join(out)

    def more(self, run: Run) -> bytes | None:
        """A run of text, in the part's own frame."""
        head, tail = self._frames[run.part]
        return b'%b"%b"%b' % (head, (b'"%b%b"' % (tail, head)).join(run.strings), tail) if run.strings else b""

    def _name(self, answer: str) -> None:
        fields = {"id": answer, "object": "chat.completion.chunk", "created": self._reply.created, "model": self._reply.model}
        self._head = b"data: " + dumps(fields)[:-1] + b',"choices":['

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return self._head + b'{"index":0,"delta":' + dumps(delta) + _TAIL[1:]

    def _start(self, event: Start) -> bytes:
        if event.id:
            self._name(event.id)
        self._count(event.usage)
        return self._delta({"role": "assistant", "content": ""})

    def _part_start(self, event: PartStart) -> bytes:
        part = event.part
        match part:
            case Text():
                return self._field(event.index, "content", part.text)
            case Refusal():
                return self._field(event.index, "refusal", part.text)
            case Reasoning():
                return self._field(event.index, REASONING, part.text)
            case ToolCall():
                return self._call(event.index, part)
            case _:
                return self._delta({"content": in_words(part)})

    def _field(self, index: int, field: str, text: str) -> bytes:
        self._frames[index] = (self._head + b'{"index":0,"delta":{"' + field.encode() + b'":', _TAIL)
        return self._delta({field: text}) if text else b""

    def _call(self, index: int, call: ToolCall) -> bytes:
        """The first chunk of a call. A function's arguments are JSON, so none at all become `{}` at its end."""
        number, self._calls = self._calls, self._calls + 1
        key, field = ("custom", "input") if call.kind == "custom" else ("function", "arguments")
        head = self._head + b'{"index":0,"delta":{"tool_calls":[{"index":%d,"%b":{"%b":' % (number, key.encode(), field.encode())
        self._frames[index] = (head, b"}}]" + _TAIL)
        self._empty[index] = key == "function" and not call.arguments
        item = {"index": number, "id": call.id, "type": key, key: {"name": call.name, field: call.arguments}}
        return self._delta({"tool_calls": [item]})

    def _arguments(self, event: ArgumentsDelta) -> bytes:
        self._empty[event.index] = False
        head, tail = self._frames[event.index]
        return head + dumps(event.text) + tail

    def _opaque(self, event: OpaqueDelta) -> bytes:
        return self._delta({event.key: [event.raw]}) if event.protocol == VENDOR else b""

    def _part_end(self, event: PartEnd) -> bytes:
        return self._arguments(ArgumentsDelta(event.index, "{}")) if self._empty.get(event.index) else b""

    def _update(self, event: UsageUpdate) -> bytes:
        self._count(event.usage)
        return b""

    def _count(self, usage: Usage | None) -> None:
        if usage is not None:
            self._usage = usage if self._usage is None else self._usage.merge(usage)

    def _finish(self, event: Finish) -> bytes:
        return self._stop(event.reason)

    def _stop(self, reason: FinishReason | None) -> bytes:
        self._finished = True
        word = write_finish(reason, self._calls > 0)
        return self._head + b'{"index":0,"delta":{},"finish_reason":"' + word.encode() + b'"}]}\n\n'

    def _end(self, event: End) -> bytes:
        finish = b"" if self._finished else self._stop(None)
        usage = write_usage(self._usage) if self._reply.include_usage else None
        counted = b"" if usage is None else self._head + b'],"usage":' + dumps(usage) + b"}\n\n"
        return finish + counted + b"data: [DONE]\n\n"

    def _failure(self, event: Failure) -> bytes:
        return encode("", dumps(error_object(event.problem)))


_HANDLERS: dict[type, Callable[..., bytes]] = {
    Start: Writer._start,
    PartStart: Writer._part_start,
    ArgumentsDelta: Writer._arguments,
    OpaqueDelta: Writer._opaque,
    PartEnd: Writer._part_end,
    UsageUpdate: Writer._update,
    Finish: Writer._finish,
    End: Writer._end,
    Failure: Writer._failure,
}
