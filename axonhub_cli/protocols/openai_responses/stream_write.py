"""Writes a Responses stream from neutral events, and with the same code a whole response.

    Start                   response.created, response.in_progress
    parts                   an item each (a run of text parts is one message); several may be open
    Finish, UsageUpdate     remembered
    End                     response.completed, or response.incomplete when tokens or a filter ended it
    Failure                 open text is closed, then response.failed; nothing follows

Every stream has exactly one of the last three. Item ids are those of the upstream where it gave any, else made from the reply's
id and the item's position, so that the same answer has the same ids.
"""

import re
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
    SealDelta,
    Start,
    TextDelta,
    UsageUpdate,
    replay,
)
from ...types.messages import FinishReason, Media, Opaque, Reasoning, Refusal, Response, Text, ToolCall, Usage
from ...types.messages import Part as NeutralPart
from ...types.problem import Problem
from ..base import Reply
from ..runs import Run
from .content import NAME
from .errors import failed
from .response import INCOMPLETE_REASONS, envelope, write_usage
from .stream_output import CallItem, Item, MessageItem, Part, Quiet, RawItem, ReasoningItem, TextPart, Wire

_REFUSED = "The model refused to answer."
_ILLEGAL = re.compile(r"[^A-Za-z0-9_-]+")
_ID_LENGTH = 48
_DELTAS = (TextDelta, ReasoningDelta, ArgumentsDelta)  # almost every event is one: they take the short way


def write_response(response: Response, reply: Reply) -> dict[str, Any]:
    """The body of a whole answer."""
    writer = ResponsesWriter(reply)
    writer.write(list(replay(response)))
    return writer.last


class ResponsesWriter:
    """Events in, bytes out; see `protocols.base.StreamWriter`. `last` is the response object of the last event."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._wire = Wire(reply.told)
        self._parts: dict[int, Part] = {}
        self._output: list[Item] = []
        self._ids: set[str] = set()
        self._message: MessageItem | None = None
        self._said = False
        self._usage: Usage | None = None
        self._finish: FinishReason | None = None
        self._closed = False
        self._base = _ILLEGAL.sub("", reply.id.removeprefix("resp_"))[:_ID_LENGTH]
        self.last: dict[str, Any] = envelope(reply, reply.id) if reply.told else {}

    def write(self, events: list[Event]) -> bytes:
        """The bytes of these events."""
        parts = self._parts
        for event in events:
            if self._closed:
                break
            if isinstance(event, _DELTAS):
                parts[event.index].add(event.text)
            else:
                self._event(event)
        return self._wire.take()

    def more(self, run: Run) -> bytes | None:
        """A run of text, to the part that is open."""
        if self._closed:
            return b""
        self._parts[run.part].run(run)
        return self._wire.take()

    def _event(self, event: Event) -> None:
        match event:
            case PartStart():
                self._parts[event.index] = self._part(event.part)
            case PartEnd():
                self._parts.pop(event.index).end()
            case SealDelta():
                self._parts[event.index].sealed(event.seal)
            case OpaqueDelta() if event.protocol == NAME:
                self._parts[event.index].listed(event.key, event.raw)
            case Start():
                self._start(event)
            case UsageUpdate():
                self._count(event.usage)
            case Finish():
                self._finish = event.reason
            case End():
                self._end()
            case Failure():
                self._fail(event.problem)

    def _start(self, start: Start) -> None:
        """The first two events; a second start adds nothing (a relay that must send a ping early begins the stream itself)."""
        self._count(start.usage)
        if self.last:
            return
        self.last = envelope(self._reply, start.id or self._reply.id)
        self._wire.emit("response.created", response=self.last)
        self._wire.emit("response.in_progress", response=self.last)

    def _count(self, usage: Usage | None) -> None:
        if usage is not None:
            self._usage = usage if self._usage is None else self._usage.merge(usage)

    def _part(self, part: NeutralPart) -> Part:
        """Starts the part's item; parts that have no form here are passed over."""
        if isinstance(part, Text | Refusal):
            return TextPart(self._joined(part), part)
        if isinstance(part, Media) and not (part.kind == "image" and part.data):
            shown = Text(text=part.url or f"[{part.kind}{f' {part.name}' if part.name else ''}]")
            return TextPart(self._joined(shown), shown)
        self._leave()
        item = self._item(part)
        if item is None:
            return Quiet()
        self._output.append(item)
        return item

    def _item(self, part: NeutralPart) -> ReasoningItem | CallItem | RawItem | None:
        at = len(self._output)
        match part:
            case Reasoning():
                known = (part.extra or {}).get("id") or (part.seal.id if part.seal else None)
                return ReasoningItem(self._wire, at, self._id("rs", known), part)
            case ToolCall():
                return CallItem(self._wire, at, self._id("ctc" if part.kind == "custom" else "fc", part.item_id), part)
            case Media():
                image = {"id": self._id("ig"), "type": "image_generation_call", "status": "completed", "result": part.data}
                return RawItem(self._wire, at, image)
            case Opaque() if part.protocol == NAME:
                known = part.raw.get("id")
                return RawItem(self._wire, at, part.raw if known is None else {**part.raw, "id": self._id("item", known)})
            case _:
                return None

    def _joined(self, part: Text | Refusal) -> MessageItem:
        """The message of a text part: the one before it, unless that is still open, or a mark says that a new one begins."""
        self._said = True
        about = (part.extra or {}).get("item")
        if self._message is None or not self._message.idle or isinstance(about, dict):
            self._leave()
            known = about if isinstance(about, dict) else {}
            self._message = MessageItem(self._wire, len(self._output), self._id("msg", known.get("id")), known)
            self._output.append(self._message)
        return self._message

    def _leave(self) -> None:
        if self._message is not None:
            self._message.leave()
            self._message = None

    def _id(self, prefix: str, known: object = None) -> str:
        """The id of a new item: the upstream's, unless it gave that to another one, else one of ours."""
        made = (
            known if isinstance(known, str) and known and known not in self._ids else f"{prefix}_{self._base}_{len(self._output)}"
        )
        self._ids.add(made)
        return made

    def _end(self) -> None:
        if self._finish == "refusal" and not self._said:
            refusal = Refusal(text=_REFUSED)
            TextPart(self._joined(refusal), refusal).end()
        self._leave()
        reason = INCOMPLETE_REASONS.get(self._finish)
        status = "completed" if reason is None else "incomplete"
        details = None if reason is None else {"reason": reason}
        self._close(f"response.{status}", status=status, incomplete_details=details)

    def _fail(self, problem: Problem) -> None:
        if not self.last:
            self._start(Start(id="", model=""))
        for part in self._parts.values():
            part.cut()
        self._leave()
        self._close("response.failed", status="failed", error=failed(problem))

    def _close(self, name: str, **fields: Any) -> None:
        output = [item.final() for item in self._output]
        self.last = {**self.last, **fields, "output": output, "usage": write_usage(self._usage)}
        self._wire.emit(name, response=self.last)
        self._closed = True
        self._parts.clear()
