"""Reads a Responses stream, and, because a whole response is a stream of one event, whole responses too.

The API says everything several times: as deltas, in a `done` event of the text, in one of the content part, in one of the item,
and in the last event once more. Deltas are passed on as they come; each later telling adds only what is still missing, so that
any of them may be absent, empty or out of step. An item that is told once, whole, becomes a part then.

    message                             Text or Refusal parts, one per content part; the first has the item's id and phase
    reasoning                           one Reasoning part
    function_call, custom_tool_call     one ToolCall
    anything else                       one Opaque part, when it is done
"""

from collections.abc import Callable
from typing import Any, ClassVar

from ...types.events import End, Event, Failure, Finish, Foreign, PartEnd, UsageUpdate, fold
from ...types.messages import Opaque, Response
from ...types.problem import Problem
from ..raw import loads
from ..sse import Frame
from .content import NAME
from .errors import error_in, stream_problem
from .fields import mapping, number, objects, text
from .items import BETWEEN, CALLS, reasoning_blocks
from .response import read_finish, read_usage
from .stream_calls import Calls, Thoughts
from .stream_items import Item, Items
from .stream_messages import TEXTS, Messages, Sink

_CUT = Problem(kind="upstream", message="The upstream's stream ended before the response was complete.")
_UNFINISHED = ("queued", "in_progress")


def read_response(body: dict[str, Any]) -> Response:
    """A whole response. An error body is no response: ask `error_in` first."""
    return fold(ResponsesReader().whole(body), NAME)


class ResponsesReader:
    """Frames in, events out; see `protocols.base.StreamReader`."""

    def __init__(self) -> None:
        self._items = Items()
        self._sink = Sink()
        self._messages = Messages(self._sink, self._items)
        self._thoughts = Thoughts(self._sink, self._items)
        self._calls = Calls(self._sink, self._items)
        self._closed = False

    def feed(self, frame: Frame) -> list[Event]:
        """The events of one frame. Raises `ProtocolError` when its data is no JSON."""
        data = frame.data
        if self._closed or data == b"[DONE]":
            return []
        fields = loads(data)
        name = (text(fields, "type") if isinstance(fields, dict) else "") or frame.name
        handler = self._HANDLERS.get(name)
        if not isinstance(fields, dict):
            self._sink.events.append(Foreign(NAME, name, data))
        elif handler is not None:
            handler(self, fields)
        elif isinstance(fields.get("error"), dict | str) and not name.startswith("response."):
            self._error(fields)
        else:
            self._sink.events.append(Foreign(NAME, name, data))
        return self._sink.take()

    def close(self) -> list[Event]:
        """The stream is over: a failure, unless its last word has been read."""
        if self._closed:
            return []
        self._closed = True
        return [Failure(_CUT)]

    def whole(self, response: dict[str, Any]) -> list[Event]:
        """The events of a response that was not streamed; one that has not ended yet has no finish."""
        if response.get("status") in _UNFINISHED:
            self._settle(response)
            self._sink.events.append(End())
        else:
            self._end(response, incomplete=response.get("status") == "incomplete")
        return self._sink.take()

    def _created(self, fields: dict[str, Any]) -> None:
        self._sink.begin(mapping(fields, "response"))

    def _completed(self, fields: dict[str, Any]) -> None:
        self._end(mapping(fields, "response"), incomplete=False)

    def _incomplete(self, fields: dict[str, Any]) -> None:
        self._end(mapping(fields, "response"), incomplete=True)

    def _end(self, response: dict[str, Any], *, incomplete: bool) -> None:
        self._settle(response)
        reason, word = read_finish(response, incomplete=incomplete, calls=self._calls.any, refused=self._messages.refused)
        self._sink.events += [Finish(reason=reason, raw_reason=word), End()]
        self._closed = True

    def _settle(self, response: dict[str, Any]) -> None:
        """The last telling: what no event has told, then the ends of all parts, then usage."""
        self._sink.begin(response)
        output, seen = objects(response, "output"), list(self._items.all)
        for at, raw in enumerate(output):
            item = self._items.known(raw, text(raw, "type"))
            if item is None and len(output) == len(seen) and seen[at].kind == text(raw, "type"):
                item = seen[at]
            if item is None and len(output) > len(seen):
                item = self._items.new(text(raw, "type"), raw, None)
            if item is not None:
                self._complete(item, raw)
        for item in self._items.all:
            self._complete(item, item.raw)
        self._usage(response)

    def _usage(self, response: dict[str, Any]) -> None:
        usage = read_usage(response)
        if usage is not None:
            self._sink.events.append(UsageUpdate(usage))

    def _failed(self, fields: dict[str, Any]) -> None:
        response = mapping(fields, "response")
        self._sink.begin(response)
        self._usage(response)
        self._fail(error_in(response) or stream_problem({}))

    def _error(self, fields: dict[str, Any]) -> None:
        """An `error` event: the fields stand in it, or in an `error` object."""
        error = fields.get("error")
        plain = {**fields, "type": None, **({"message": error} if isinstance(error, str) else {})}
        self._fail(stream_problem(error if isinstance(error, dict) else plain))

    def _fail(self, problem: Problem) -> None:
        self._sink.events.append(Failure(problem))
        self._closed = True

    def _content_added(self, fields: dict[str, Any]) -> None:
        kind = text(mapping(fields, "part"), "type")
        if kind in TEXTS:
            self._messages.added(fields, kind)
        elif kind == "reasoning_text":
            self._thoughts.added(fields)

    def _content_done(self, fields: dict[str, Any]) -> None:
        kind = text(mapping(fields, "part"), "type")
        if kind in TEXTS:
            self._messages.part_done(fields, kind)

    def _added(self, fields: dict[str, Any]) -> None:
        raw, index = mapping(fields, "item"), number(fields, "output_index")
        kind = text(raw, "type")
        found = self._items.known(raw, kind)
        if found is not None and (index is None or found.index in (None, index)):
            return
        self._thoughts.overtaken()
        # the seal of an item that has only begun may be incomplete
        early = {key: value for key, value in raw.items() if key != "encrypted_content"}
        item = self._items.new(kind, early, index)
        if kind in CALLS:
            self._calls.added(item, raw)

    def _done(self, fields: dict[str, Any]) -> None:
        raw, index = mapping(fields, "item"), number(fields, "output_index")
        kind = text(raw, "type")
        item = self._items.of_done(raw, kind, index, _whole_text(raw, kind))
        self._complete(item or self._items.new(kind, raw, index), raw)

    def _complete(self, item: Item, raw: dict[str, Any]) -> None:
        if item.done:
            return
        item.done = True
        if item.kind == "message":
            self._messages.complete(item, raw)
        elif item.kind == "reasoning":
            self._thoughts.complete(item, raw)
        elif item.kind in CALLS:
            self._calls.complete(item, raw)
        elif item.kind:
            self._sink.events.append(PartEnd(self._sink.part(Opaque(protocol=NAME, kind=item.kind, raw=raw))))

    # Of the class, not of a reader: methods that a reader keeps of itself would leave each stream to the garbage collector.
    _HANDLERS: ClassVar[dict[str, Callable[["ResponsesReader", dict[str, Any]], None]]] = {
        "response.output_text.delta": lambda self, fields: self._messages.delta(fields, "output_text"),
        "response.output_text.done": lambda self, fields: self._messages.text_done(fields, "output_text"),
        "response.output_text.annotation.added": lambda self, fields: self._messages.annotation(fields),
        "response.refusal.delta": lambda self, fields: self._messages.delta(fields, "refusal"),
        "response.refusal.done": lambda self, fields: self._messages.text_done(fields, "refusal"),
        "response.content_part.added": _content_added,
        "response.content_part.done": _content_done,
        "response.reasoning_summary_text.delta": lambda self, fields: self._thoughts.delta(fields, summary=True),
        "response.reasoning_summary_text.done": lambda self, fields: self._thoughts.text_done(fields, summary=True),
        "response.reasoning_summary_part.added": lambda self, fields: self._thoughts.added(fields),
        "response.reasoning_summary_part.done": lambda _self, _fields: None,  # the next telling says the same
        "response.reasoning_text.delta": lambda self, fields: self._thoughts.delta(fields, summary=False),
        "response.reasoning_text.done": lambda self, fields: self._thoughts.text_done(fields, summary=False),
        "response.function_call_arguments.delta": lambda self, fields: self._calls.delta(fields, "function_call"),
        "response.function_call_arguments.done": lambda self, fields: self._calls.text_done(fields, "function_call"),
        "response.custom_tool_call_input.delta": lambda self, fields: self._calls.delta(fields, "custom_tool_call"),
        "response.custom_tool_call_input.done": lambda self, fields: self._calls.text_done(fields, "custom_tool_call"),
        "response.output_item.added": _added,
        "response.output_item.done": _done,
        "response.created": _created,
        "response.queued": _created,
        "response.in_progress": _created,
        "response.completed": _completed,
        "response.incomplete": _incomplete,
        "response.failed": _failed,
        "response.cancelled": _failed,
        "error": _error,
    }


def _whole_text(raw: dict[str, Any], kind: str) -> str:
    """The text of a finished item, as its deltas would add up."""
    if kind == "message":
        return "".join(text(part, TEXTS.get(text(part, "type"), "text")) for part in objects(raw, "content"))
    if kind == "reasoning":
        return BETWEEN.join(reasoning_blocks(raw))
    return text(raw, CALLS[kind]) if kind in CALLS else ""
