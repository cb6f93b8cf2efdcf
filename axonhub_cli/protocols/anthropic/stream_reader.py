"""Reads a Messages stream. Frames in, neutral events out, and the grammar holds whatever an upstream leaves out or says twice.

    message_start          Start, with the input's tokens; the output's are a guess by then and are not taken
    content_block_start    PartStart; a block that the model does not describe is held until it is whole
    content_block_delta    deltas of the open part that they fit
    content_block_stop     PartEnd
    message_delta          UsageUpdate; its stop reason is kept for the end
    message_stop           Finish, End
    error                  Failure
    ping, all else         Foreign

Indexes on the wire only tell blocks apart: they may be shifted, have gaps or be absent. A block whose stop never comes ends where
the next one begins, but for tool calls: careless upstreams interleave those, so they stay open until their stop, or the end.
"""

from collections.abc import Callable
from typing import Any

from ...errors import ProtocolError, RequestError
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
from ...types.messages import Opaque, Part, Reasoning, Seal, Text, ToolCall, Usage
from ...types.problem import Problem
from .. import raw
from ..sse import Frame
from .blocks import VENDOR, Block, read_block, read_cache
from .errors import error_in
from .response import late_extras, read_extra, read_reason, read_usage, text_or_none

_Fields = dict[str, Any]
_PLAIN = {"text": "text", "thinking": "thinking", "redacted_thinking": "thinking", "tool_use": "tool"}
_KEYS = {
    "text": frozenset({"type", "text"}),
    "thinking": frozenset({"type", "thinking", "signature"}),
    "redacted_thinking": frozenset({"type", "data"}),
    "tool_use": frozenset({"type", "id", "name", "input"}),
}
_CUT = "The upstream's stream was cut off before its end."
_EMPTY = "The upstream's stream ended without an answer."


class _Open:
    """A block that has begun: `kind` is text, thinking, tool or whole (held until its stop); `index` is the part's own."""

    __slots__ = ("block", "index", "json", "kind", "wire")

    def __init__(self, block: Block, kind: str, wire: object, index: int) -> None:
        self.block, self.kind, self.wire, self.index = block, kind, wire, index
        self.json: list[str] = []  # argument text so far


class StreamReader:
    """One stream. `feed` raises `ProtocolError` where a frame's data is no JSON object, and nothing else."""

    def __init__(self) -> None:
        self._started = self._over = self._calls = False
        self._open: list[_Open] = []
        self._next = 0
        self._usage: _Fields = {}
        self._reason: str | None = None
        self._stop_sequence: str | None = None

    def feed(self, frame: Frame) -> list[Event]:
        if self._over:
            return []
        if not frame.data.strip() or frame.data.strip() == b"[DONE]":
            return [Foreign(VENDOR, frame.name, frame.data)]
        data = raw.loads_object(frame.data, "event of the stream")
        kind = text_or_none(data.get("type")) or frame.name
        handle = _HANDLERS.get(kind)
        if handle is not None:
            out: list[Event] = []
            if handle(self, data, out):
                return out
        elif error_in(data) is not None:
            return self._error(data)
        return [Foreign(VENDOR, kind, frame.data)]

    def close(self) -> list[Event]:
        """The end of the bytes: a finished stream without its last word is finished, any other has failed."""
        if self._over:
            return []
        if self._reason is not None:
            out: list[Event] = []
            self._finish({}, out)
            return out
        self._over = True
        return [Failure(Problem(kind="upstream", message=_CUT if self._started else _EMPTY))]

    def _error(self, data: _Fields) -> list[Event]:
        self._over = True
        return [Failure(error_in(data) or Problem(kind="upstream", message=_CUT))]

    # A handler appends events and says whether it could use the frame; one that it could not use is `Foreign`.

    def _start(self, data: _Fields, out: list[Event]) -> bool:
        message = data.get("message")
        if self._started or not isinstance(message, dict):
            return False
        self._started = True
        usage = message.get("usage")
        told = dict(usage) if isinstance(usage, dict) else {}
        told.pop("output_tokens", None)
        if not any(told.get(key) for key in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")):
            told.pop("input_tokens", None)  # a 0 that stands for "not told yet"
        self._count(told)
        out.append(
            Start(
                id=text_or_none(message.get("id")) or "",
                model=text_or_none(message.get("model")) or "",
                usage=self._so_far(),
                extra=read_extra(message),
            )
        )
        return True

    def _ensure(self, out: list[Event]) -> None:
        """An upstream that forgot its `message_start` still has something to say."""
        if not self._started:
            self._started = True
            out.append(Start(id="", model=""))

    def _count(self, usage: _Fields) -> None:
        """Figures are cumulative: a null or a filler 0 takes nothing back."""
        self._usage.update((k, v) for k, v in usage.items() if v is not None and not (v == 0 and self._usage.get(k)))

    def _so_far(self) -> Usage | None:
        usage = read_usage(self._usage)
        return usage if usage != Usage() else None

    def _block_start(self, data: _Fields, out: list[Event]) -> bool:
        block = data.get("content_block")
        kind = text_or_none(block.get("type")) if isinstance(block, dict) else None
        if not isinstance(block, dict) or kind is None:
            return False
        self._ensure(out)
        wire = data.get("index")
        for earlier in [item for item in self._open if item.kind != "tool" or item.wire == wire]:
            self._end(earlier, out)
        self._begin(block, kind, wire, out)
        return True

    def _begin(self, block: Block, kind: str, wire: object, out: list[Event]) -> _Open:
        item = _Open(block, _PLAIN.get(kind, "whole"), wire, self._next)
        self._open.append(item)
        if item.kind == "whole":
            return item
        self._next += 1
        out.append(PartStart(item.index, _part(block, kind)))
        self._calls = self._calls or item.kind == "tool"
        for key, deliver in _INITIAL.get(kind, {}).items():
            value = block.get(key)
            if isinstance(value, str) and value:
                out.append(deliver(item.index, value))
        return item

    def _end(self, item: _Open, out: list[Event]) -> None:
        self._open.remove(item)
        if item.kind == "whole":
            item.index, self._next = self._next, self._next + 1
            out.append(PartStart(item.index, _whole(item)))
        elif item.kind == "tool" and not item.json:
            value = item.block.get("input")
            out.append(ArgumentsDelta(item.index, raw.dumps(value).decode() if isinstance(value, dict) else "{}"))
        out.append(PartEnd(item.index))

    def _block_stop(self, data: _Fields, out: list[Event]) -> bool:
        wire = data.get("index")
        named = [item for item in self._open if item.wire == wire or not isinstance(wire, int)]
        if not named:
            return False
        self._end(named[-1], out)
        return True

    def _find(self, kind: str, wire: object) -> _Open | None:
        """The open block of that kind: the one with that index, else the latest."""
        last = self._open[-1] if self._open else None
        if last is not None and last.kind == kind and last.wire == wire:
            return last
        fitting = [item for item in self._open if item.kind == kind]
        named = [item for item in fitting if item.wire == wire]
        return next(reversed(named or fitting), None)

    def _delta(self, data: _Fields, out: list[Event]) -> bool:
        delta = data.get("delta")
        if not isinstance(delta, dict):
            return False
        kind, wire = text_or_none(delta.get("type")), data.get("index")
        if kind in ("text_delta", "thinking_delta"):
            return self._words(delta, "text" if kind == "text_delta" else "thinking", wire, out)
        if kind == "input_json_delta":
            return self._json(text_or_none(delta.get("partial_json")), wire, out)
        if kind == "signature_delta" or kind == "citations_delta":
            return self._attached(delta, kind, wire, out)
        item = self._find("whole", wire)
        if item is not None:
            _merge(item, delta)
        return item is not None

    def _words(self, delta: _Fields, kind: str, wire: object, out: list[Event]) -> bool:
        """Text or thinking. When no such block is open one begins here, so that what the model said is not lost."""
        text = text_or_none(delta.get(kind))
        if not text:
            return text is not None
        item = self._find(kind, wire)
        if item is None:
            self._block_start({"index": wire, "content_block": {"type": kind, kind: ""}}, out)
            item = self._open[-1]
        out.append(TextDelta(item.index, text) if kind == "text" else ReasoningDelta(item.index, text))
        return True

    def _json(self, text: str | None, wire: object, out: list[Event]) -> bool:
        named = [item for item in self._open if item.kind in ("tool", "whole") and item.wire == wire]
        item = named[-1] if named else self._find("tool", wire) or self._find("whole", wire)
        if item is None or text is None:
            return False
        if text:
            item.json.append(text)
            if item.kind == "tool":
                out.append(ArgumentsDelta(item.index, text))
        return True

    def _attached(self, delta: _Fields, kind: str, wire: object, out: list[Event]) -> bool:
        item = self._find("thinking" if kind == "signature_delta" else "text", wire)
        if item is None:
            return False
        signature = text_or_none(delta.get("signature"))
        if kind == "citations_delta":
            out.append(OpaqueDelta(item.index, VENDOR, "citations", delta.get("citation")))
        elif signature:
            out.append(SealDelta(item.index, Seal(VENDOR, "signature", signature)))
        return True

    def _message_delta(self, data: _Fields, out: list[Event]) -> bool:
        self._ensure(out)
        delta, usage = data.get("delta"), data.get("usage")
        if isinstance(delta, dict):
            self._reason = text_or_none(delta.get("stop_reason")) or self._reason
            self._stop_sequence = text_or_none(delta.get("stop_sequence")) or self._stop_sequence
        if isinstance(usage, dict):
            self._count(usage)
            told = self._so_far()
            if told is not None:
                out.append(UsageUpdate(told))
        late = late_extras(data)
        if late:
            out.append(Foreign(VENDOR, "message_delta", raw.dumps(late)))
        return True

    def _finish(self, data: _Fields, out: list[Event]) -> bool:
        self._ensure(out)
        for item in list(self._open):
            self._end(item, out)
        reason = read_reason(self._reason, calls=self._calls)
        if reason is not None:
            out.append(Finish(reason=reason, raw_reason=self._reason, stop_sequence=self._stop_sequence))
        out.append(End())
        self._over = True
        return True

    def _fail(self, data: _Fields, out: list[Event]) -> bool:
        out += self._error(data)
        return True


_HANDLERS: dict[str, Callable[[StreamReader, _Fields, list[Event]], bool]] = {
    "message_start": StreamReader._start,
    "content_block_start": StreamReader._block_start,
    "content_block_delta": StreamReader._delta,
    "content_block_stop": StreamReader._block_stop,
    "message_delta": StreamReader._message_delta,
    "message_stop": StreamReader._finish,
    "error": StreamReader._fail,
}
_INITIAL: dict[str, dict[str, Callable[[int, str], Event]]] = {
    "text": {"text": TextDelta},
    "thinking": {
        "thinking": ReasoningDelta,
        "signature": lambda index, value: SealDelta(index, Seal(VENDOR, "signature", value)),
    },
    "redacted_thinking": {"data": lambda index, value: SealDelta(index, Seal(VENDOR, "redacted", value))},
}


def _part(block: Block, kind: str) -> Part:
    """The part that a block begins, still empty."""
    _, extra = read_cache(block, _KEYS[kind])
    if kind == "text":
        return Text(text="", extra=extra)
    if kind == "tool_use":
        return ToolCall(
            id=text_or_none(block.get("id")) or "", name=text_or_none(block.get("name")) or "", arguments="", extra=extra
        )
    return Reasoning(text="", extra=extra)


def _whole(item: _Open) -> Part:
    """A held block, complete: its streamed `input` is parsed."""
    block = item.block
    if item.json:
        text = "".join(item.json)
        block = {**block, "input": _parsed(text)}
    try:
        return read_block(block, "content_block")
    except RequestError:
        return Opaque(protocol=VENDOR, kind=block["type"], raw=block)


def _parsed(text: str) -> Any:
    try:
        return raw.loads(text)
    except ProtocolError:
        return {"_raw": text}


def _merge(item: _Open, delta: _Fields) -> None:
    """A delta of a block that is not described here: texts and lists grow, anything else is set."""
    block = dict(item.block)
    for key, value in delta.items():
        held = block.get(key)
        if key != "type":
            grows = isinstance(value, str | list) and type(held) is type(value)
            block[key] = held + value if grows else value
    item.block = block
