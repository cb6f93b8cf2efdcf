"""Writes a Messages stream, in Anthropic's own sequence of events.

One block is open at a time and indexes are dense: parts that come interleaved are put in a row, and thinking that turns out to
hold nothing takes no index. The one `message_delta` is held until the end, so that its usage is final. `message_start` must have
integers for its usage: a 0 there stands for "not told yet".

Deltas are most of a stream. Each is a fixed prefix, the text as a JSON string, and a fixed end; no object is built for it.
"""

from collections.abc import Callable
from typing import Any

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
from ...types.messages import Opaque, Part, Reasoning, Refusal, Seal, Text, ToolCall, Usage
from ...types.sequence import Sequencer
from .. import raw
from ..base import Reply
from ..runs import Run
from ..sse import encode
from .blocks import VENDOR, Block
from .errors import error_object
from .outgoing_blocks import left_out
from .response import OWN_EXTRAS, part_extra, write_reason, write_usage

PING = b'event: ping\ndata: {"type":"ping"}\n\n'
_END = b"}}\n\n"
_DELTAS: dict[type, str] = {
    TextDelta: '"text_delta","text":',
    ReasoningDelta: '"thinking_delta","thinking":',
    ArgumentsDelta: '"input_json_delta","partial_json":',
}


class StreamWriter:
    """One stream for one client."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._sequencer = Sequencer()
        self._usage: Usage | None = None
        self._finish: Finish | None = None
        self._late: dict[str, Any] = {}
        self._calls = self._refused = self._started = self._over = False
        self._wire = -1  # index of the block that began last
        self._live = False  # whether it is open on the wire
        self._part: Part | None = None  # the part that is open, whether or not its block has begun
        self._at = -1  # that part's own index
        self._seal: Seal | None = None
        self._text: list[str] = []  # a custom tool's input, which goes out as one JSON string
        self._fast: type | None = None
        self._prefix = b""

    def write(self, events: list[Event]) -> bytes:
        out: list[bytes] = []
        for event in events:
            if type(event) is self._fast and event.index == self._at:  # type: ignore[union-attr]  # only deltas are fast
                out += (self._prefix, raw.dumps(event.text), _END)  # type: ignore[union-attr]
                continue
            for item in self._sequencer.feed(event):
                if not self._over:
                    _HANDLERS[type(item)](self, item, out)
        return b"".join(out)

    def more(self, run: Run) -> bytes | None:
        """A run of text, in the block that is open."""
        if run.kind is not self._fast or run.part != self._at:
            return None
        between = b'"%b%b"' % (_END, self._prefix)
        return b'%b"%b"%b' % (self._prefix, between.join(run.strings), _END) if run.strings else b""

    def _start(self, event: Start, out: list[bytes]) -> None:
        self._started = True
        self._count(event.usage)
        extra = {key: value for key, value in (event.extra or {}).items() if key in OWN_EXTRAS}
        usage = extra.pop("usage", None)
        message = {
            "id": event.id or self._reply.id,
            "type": "message",
            "role": "assistant",
            "model": self._reply.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {**write_usage(event.usage), **(usage if isinstance(usage, dict) else {})},
            **extra,
        }
        out.append(_frame("message_start", {"message": message}))

    def _count(self, usage: Usage | None) -> None:
        if usage is not None:
            self._usage = usage if self._usage is None else self._usage.merge(usage)

    def _usage_update(self, event: UsageUpdate, out: list[bytes]) -> None:
        self._count(event.usage)

    def _part_start(self, event: PartStart, out: list[bytes]) -> None:
        part, self._at = event.part, event.index
        self._part, self._seal, self._text = part, None, []
        match part:
            case Text() | Refusal():
                self._refused = self._refused or isinstance(part, Refusal)
                self._begin_text(part, out)
            case Reasoning():
                self._seal = part.seal
                if part.text:
                    self._reasoning(part.text, out)
            case ToolCall():
                self._begin_call(part, out)
            case Opaque(protocol="anthropic"):
                self._begin_whole(part.raw, out)
            case _:
                self._begin({"type": "text", "text": ""}, TextDelta, out)
                self._delta(TextDelta, left_out(part), out)

    def _begin(self, block: Block, fast: type | None, out: list[bytes]) -> None:
        """Opens a block; deltas of the type `fast` may then be written without looking further."""
        self._wire += 1
        self._live = True
        out.append(_frame("content_block_start", {"index": self._wire, "content_block": block}))
        self._fast = fast
        if fast is not None:
            self._prefix = self._prefix_of(fast)

    def _prefix_of(self, kind: type) -> bytes:
        head = f'{{"type":"content_block_delta","index":{self._wire},"delta":{{"type":{_DELTAS[kind]}'
        return b"event: content_block_delta\ndata: " + head.encode()

    def _delta(self, kind: type, text: str, out: list[bytes]) -> None:
        if text:
            out += (self._prefix_of(kind), raw.dumps(text), _END)

    def _other_delta(self, delta: dict[str, Any], out: list[bytes]) -> None:
        out.append(_frame("content_block_delta", {"index": self._wire, "delta": delta}))

    def _begin_text(self, part: Text | Refusal, out: list[bytes]) -> None:
        extra = part_extra(part)
        citations = extra.pop("citations", None)
        listed = citations if isinstance(citations, list) else []
        self._begin({"type": "text", "text": "", **extra, **({} if citations is None else {"citations": []})}, TextDelta, out)
        self._delta(TextDelta, part.text, out)
        for citation in listed:
            self._other_delta({"type": "citations_delta", "citation": citation}, out)

    def _begin_call(self, part: ToolCall, out: list[bytes]) -> None:
        self._calls = True
        block = {"type": "tool_use", "id": part.id, "name": part.name, "input": {}, **part_extra(part)}
        self._begin(block, None if part.kind == "custom" else ArgumentsDelta, out)
        self._arguments(part.arguments, out)

    def _begin_whole(self, block: Block, out: list[bytes]) -> None:
        """A block as it came; a tool's input goes in a delta, for clients take it from there."""
        value = block.get("input")
        if not isinstance(value, dict) or not value:
            self._begin(block, None, out)
            return
        self._begin({**block, "input": {}}, None, out)
        self._delta(ArgumentsDelta, raw.dumps(value).decode(), out)

    def _text_delta(self, event: TextDelta, out: list[bytes]) -> None:
        self._delta(TextDelta, event.text, out)

    def _reasoning_delta(self, event: ReasoningDelta, out: list[bytes]) -> None:
        self._reasoning(event.text, out)

    def _reasoning(self, text: str, out: list[bytes]) -> None:
        if not self._live:
            self._begin_thinking(out)
        self._delta(ReasoningDelta, text, out)

    def _begin_thinking(self, out: list[bytes]) -> None:
        self._begin({"type": "thinking", "thinking": "", "signature": ""}, ReasoningDelta, out)

    def _arguments_delta(self, event: ArgumentsDelta, out: list[bytes]) -> None:
        self._arguments(event.text, out)

    def _arguments(self, text: str, out: list[bytes]) -> None:
        if isinstance(self._part, ToolCall) and self._part.kind == "custom":
            self._text.append(text)
        else:
            self._delta(ArgumentsDelta, text, out)

    def _seal_delta(self, event: SealDelta, out: list[bytes]) -> None:
        self._seal = event.seal

    def _opaque_delta(self, event: OpaqueDelta, out: list[bytes]) -> None:
        if event.protocol == VENDOR and event.key == "citations" and self._live:
            self._other_delta({"type": "citations_delta", "citation": event.raw}, out)

    def _part_end(self, event: PartEnd, out: list[bytes]) -> None:
        if isinstance(self._part, Reasoning):
            self._end_reasoning(out)
        elif isinstance(self._part, ToolCall) and self._part.kind == "custom":
            self._delta(ArgumentsDelta, raw.dumps({"input": "".join(self._text)}).decode(), out)
        if self._live:
            out.append(_frame("content_block_stop", {"index": self._wire}))
        self._part, self._live, self._fast = None, False, None

    def _end_reasoning(self, out: list[bytes]) -> None:
        """The seal decides at the end: a signature closes the thinking, redacted data is a block of its own."""
        seal = self._seal if self._seal is not None and self._seal.vendor == VENDOR else None
        if not self._live and seal is not None and seal.kind == "redacted":
            self._begin({"type": "redacted_thinking", "data": seal.value}, None, out)
            return
        if not self._live and seal is not None:
            self._begin_thinking(out)
        if self._live:
            signature = seal.value if seal is not None and seal.kind == "signature" else ""
            self._other_delta({"type": "signature_delta", "signature": signature}, out)

    def _note_finish(self, event: Finish, out: list[bytes]) -> None:
        self._finish = event

    def _end(self, event: End, out: list[bytes]) -> None:
        reason, sequence = None, None
        if self._finish is not None:
            reason, sequence = self._finish.reason, self._finish.stop_sequence
        word = write_reason(reason, calls=self._calls, refused=self._refused)
        usage = write_usage(self._usage)
        if self._usage is None or self._usage.input is None:
            del usage["input_tokens"]  # optional here: what nobody told is left out
        late = self._late
        body: dict[str, Any] = {
            "delta": {"stop_reason": word, "stop_sequence": sequence, **late.get("delta", {})},
            "usage": {**usage, **late.get("usage", {})},
            **late.get("top", {}),
        }
        out += (_frame("message_delta", body), _frame("message_stop", {}))
        self._over = True

    def _failure(self, event: Failure, out: list[bytes]) -> None:
        if self._part is not None and not isinstance(self._part, ToolCall):  # half a call must not look like a whole one
            self._part_end(PartEnd(self._at), out)
        out.append(_frame("error", {"error": error_object(event.problem)}))
        self._over = True

    def _foreign(self, event: Foreign, out: list[bytes]) -> None:
        """Pings and unknown events are repeated; what `message_delta` said beyond the model is kept."""
        if event.protocol != VENDOR or not self._started:
            return
        if event.name == "ping":
            out.append(PING)
        elif event.name == "message_delta":
            self._late = raw.loads_object(event.data)
        elif event.name.isprintable() and event.name and event.name not in _OWN_EVENTS and event.data:
            out.append(encode(event.name, event.data.replace(b"\n", b"\ndata: ")))


_OWN_EVENTS = frozenset(
    {
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "error",
    }
)
_HANDLERS: dict[type, Callable[[StreamWriter, Any, list[bytes]], None]] = {
    Start: StreamWriter._start,
    PartStart: StreamWriter._part_start,
    TextDelta: StreamWriter._text_delta,
    ReasoningDelta: StreamWriter._reasoning_delta,
    ArgumentsDelta: StreamWriter._arguments_delta,
    SealDelta: StreamWriter._seal_delta,
    OpaqueDelta: StreamWriter._opaque_delta,
    PartEnd: StreamWriter._part_end,
    UsageUpdate: StreamWriter._usage_update,
    Finish: StreamWriter._note_finish,
    End: StreamWriter._end,
    Failure: StreamWriter._failure,
    Foreign: StreamWriter._foreign,
}


def _frame(kind: str, fields: dict[str, Any]) -> bytes:
    return encode(kind, raw.dumps({"type": kind, **fields}))
