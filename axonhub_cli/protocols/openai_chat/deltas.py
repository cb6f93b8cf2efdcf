"""Puts the deltas of an answer together: what the one choice of a chunk says becomes part events. A whole message is one delta.

The wire has fields, not parts: text, thinking and a refusal each grow in a field of their own, tool calls in a list with indexes.

- A part of text or thinking is open until the other kind, or a tool call, comes.
- Thinking that comes again and again between texts opens a few parts, then is collected into a last one, not chopped into dozens.
- Tool calls stay open, all of them, until the end, because their arguments may come interleaved.
- A call starts when its name is known; its first non-empty id and name count; without an id it gets one made from the answer's.
- "", [], null are nothing.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from ...errors import ProtocolError
from ...types.events import ArgumentsDelta, Event, OpaqueDelta, PartEnd, PartStart, ReasoningDelta, TextDelta
from ...types.messages import Media, Reasoning, Refusal, Text, ToolCall
from ..raw import dumps
from .parts import VENDOR, split_data_url

MAX_THOUGHTS = 4
UNNAMED = "unnamed_tool"
_Spoken = type[Text] | type[Refusal] | type[Reasoning]
_CALL_KEYS = frozenset({"index", "id", "type", "function", "custom"})


class _Call:
    """One tool call under construction. `index` is its part's, None until it has started."""

    __slots__ = ("extra", "held", "id", "index", "kind", "name", "whole")

    def __init__(self) -> None:
        self.id = self.name = ""
        self.kind = "function"
        self.index: int | None = None
        self.held: list[str] = []
        self.whole = False
        self.extra: dict[str, Any] | None = None


class Assembly:
    """The parts of one answer. `seed` names the answer, for ids that it leaves out."""

    def __init__(self) -> None:
        self.seed = ""
        self.called = False
        self.said = False
        self._next = 0
        self._kind: _Spoken | None = None
        self._index = -1
        self._text_index = -1
        self._thoughts = 0
        self._late: list[str] = []
        self._calls: list[_Call] = []
        self._slots: dict[int, _Call] = {}
        self._ids: set[str] = set()

    def delta(self, delta: dict[str, Any], out: list[Event]) -> None:
        """The events of one delta, added to `out`. Raises `ProtocolError` where a field has a type that nobody could mean."""
        content = delta.get("content")
        if len(delta) == 1 and content and type(content) is str:  # nearly every chunk of nearly every stream
            self._say(Text, content, out)
            return
        if len(delta) == 1 and "tool_calls" in delta:
            self._call_all(delta, out)
            return
        self._think(delta, out)
        for kind, text in _pieces(content):
            self._say(kind, text, out)
        refusal = delta.get("refusal")
        if refusal and isinstance(refusal, str):
            self._say(Refusal, refusal, out)
        self._attach(delta, out)
        self._call_all(delta, out)

    def finish(self, out: list[Event]) -> None:
        """Ends every part; what was held back goes out first."""
        self._flush_late(out)
        for call in self._calls:
            if call.index is None and (call.name or "".join(call.held).strip()):
                self._start(call, out)
        self._close(out)
        out += [PartEnd(call.index) for call in self._calls if call.index is not None]
        self._calls = []

    def _say(self, kind: _Spoken, text: str, out: list[Event]) -> None:
        if self._kind is not kind:
            if kind is Reasoning and self._thoughts >= MAX_THOUGHTS:
                self._late.append(text)
                return
            self._close(out)
            self._open(kind, out)
        out.append(ReasoningDelta(self._index, text) if kind is Reasoning else TextDelta(self._index, text))

    def _open(self, kind: _Spoken, out: list[Event]) -> None:
        self._kind, self._index = kind, self._number()
        self._thoughts += kind is Reasoning
        if kind is Text:
            self._text_index = self._index
        out.append(PartStart(self._index, kind(text="")))

    def _number(self) -> int:
        self.said = True
        self._next += 1
        return self._next - 1

    def _close(self, out: list[Event]) -> None:
        if self._kind is not None:
            out.append(PartEnd(self._index))
            self._kind = None

    def _flush_late(self, out: list[Event]) -> None:
        if self._late:
            self._close(out)
            self._open(Reasoning, out)
            out.append(ReasoningDelta(self._index, "".join(self._late)))
            self._late = []

    def _think(self, delta: dict[str, Any], out: list[Event]) -> None:
        """Thinking by whichever name. `reasoning_details` repeats it for its own vendor, and is its only form at times."""
        texts = (delta.get("reasoning_content"), delta.get("reasoning"))
        text = next((text for text in texts if text and isinstance(text, str)), "")
        found = delta.get("reasoning_details")
        details = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
        text = text or "".join(_detail_text(item) for item in details)
        if text:
            self._say(Reasoning, text, out)
        elif details and self._kind is not Reasoning and self._thoughts < MAX_THOUGHTS:
            self._close(out)
            self._open(Reasoning, out)
        if self._kind is Reasoning:
            out += [OpaqueDelta(self._index, VENDOR, "reasoning_details", item) for item in details]

    def _attach(self, delta: dict[str, Any], out: list[Event]) -> None:
        """Citations of the open text, and pictures."""
        notes = delta.get("annotations")
        if self._kind is Text and isinstance(notes, list):
            out += [OpaqueDelta(self._index, VENDOR, "annotations", note) for note in notes]
        images = delta.get("images")
        for image in images if isinstance(images, list) else ():
            url = image.get("image_url") if isinstance(image, dict) else None
            url = url.get("url") if isinstance(url, dict) else url
            if url and isinstance(url, str):
                self._picture(url, out)

    def _picture(self, url: str, out: list[Event]) -> None:
        self._close(out)
        mime, data, address = split_data_url(url)
        index = self._number()
        out += [PartStart(index, Media(kind="image", mime=mime, data=data, url=address)), PartEnd(index)]

    def _call_all(self, delta: dict[str, Any], out: list[Event]) -> None:
        calls = delta.get("tool_calls")
        if calls and not isinstance(calls, list):
            raise ProtocolError("tool_calls in the upstream's answer is no list")
        for item in calls or ():
            if not isinstance(item, dict):
                raise ProtocolError("a tool call in the upstream's answer is no object")
            self._more(self._slot(item), item, out)
        old = delta.get("function_call")
        if old and isinstance(old, dict):
            self._more(self._numbered(-1), {"function": old}, out)

    def _slot(self, item: dict[str, Any]) -> _Call:
        """The call that an item belongs to: by index; without one by id; else the latest, unless a name begins a new one."""
        number = item.get("index")
        if isinstance(number, int) and not isinstance(number, bool):
            call = self._slots.get(number)
            if call is not None and call.whole and _begins_another(call, item):
                del self._slots[number]
            return self._numbered(number)
        call_id = item.get("id")
        if call_id:
            return next((call for call in self._calls if call.id == call_id), None) or self._new()
        if self._calls and not _name(item):
            return self._calls[-1]
        return self._new()

    def _numbered(self, number: int) -> _Call:
        call = self._slots.get(number)
        if call is None:
            call = self._slots[number] = self._new()
        return call

    def _new(self) -> _Call:
        self._calls.append(_Call())
        return self._calls[-1]

    def _more(self, call: _Call, item: dict[str, Any], out: list[Event]) -> None:
        body = _body(item)
        if isinstance(item.get("custom"), dict):
            call.kind = "custom"
        call_id, name = item.get("id"), body.get("name")
        if not call.id and isinstance(call_id, str):
            call.id = call_id
        if not call.name and isinstance(name, str):
            call.name = name
        text = _argument_text(body.get("input" if call.kind == "custom" else "arguments"))
        if text:
            call.whole = text.rstrip().endswith("}")
        if call.index is not None:
            if text:
                out.append(ArgumentsDelta(call.index, text))
            return
        call.held.append(text)
        call.extra = call.extra or {key: value for key, value in item.items() if key not in _CALL_KEYS} or None
        if call.name and (call.id or text):
            self._start(call, out)

    def _start(self, call: _Call, out: list[Event]) -> None:
        self._flush_late(out)
        self._close(out)
        call.index = self._number()
        self.called = True
        call.name = call.name or UNNAMED
        call_id = call.id
        if not call_id or call_id in self._ids:
            call_id = self._made(call)
        self._ids.add(call_id)
        part = ToolCall(
            id=call_id, name=call.name, arguments="", kind="custom" if call.kind == "custom" else "function", extra=call.extra
        )
        out.append(PartStart(call.index, part))
        text = "".join(call.held)
        if text:
            out.append(ArgumentsDelta(call.index, text))

    def _made(self, call: _Call) -> str:
        text = f"{self.seed}\0{self._calls.index(call)}\0{call.name}"
        return "call_" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _begins_another(call: _Call, item: dict[str, Any]) -> bool:
    """Some servers give every call of an answer index 0, each of them whole: a new id with a new name is a new call."""
    call_id = item.get("id")
    return bool(call_id and call.id and call_id != call.id and _name(item))


def _body(item: dict[str, Any]) -> dict[str, Any]:
    body = item.get("function") or item.get("custom") or {}
    if not isinstance(body, dict):
        raise ProtocolError("a tool call in the upstream's answer has no function object")
    return body


def _name(item: dict[str, Any]) -> Any:
    return _body(item).get("name")


def _argument_text(value: Any) -> str:
    """The text as it is; an object, which some servers send, as its JSON."""
    if isinstance(value, str):
        return value
    return dumps(value).decode() if isinstance(value, dict | list) else ""


def _detail_text(item: dict[str, Any]) -> str:
    text = item.get("text") or item.get("summary")
    return text if isinstance(text, str) else ""


def _pieces(content: Any) -> Iterator[tuple[_Spoken, str]]:
    """What `content` says: a string, or (Mistral) a list of text and thinking chunks."""
    if not content:
        return
    if isinstance(content, str):
        yield Text, content
        return
    if not isinstance(content, list):
        raise ProtocolError("content in the upstream's answer is neither a string nor a list")
    for block in content:
        if isinstance(block, str):
            yield Text, block
        elif isinstance(block, dict):
            yield from _block_pieces(block)


def _block_pieces(block: dict[str, Any]) -> Iterator[tuple[_Spoken, str]]:
    kind = block.get("type")
    if kind == "thinking":
        inner = block.get("thinking")
        for _, text in _pieces(inner if isinstance(inner, str | list) else None):
            yield Reasoning, text
    elif kind == "refusal" and isinstance(block.get("refusal"), str):
        yield Refusal, block["refusal"]
    elif isinstance(block.get("text"), str):
        if block["text"]:
            yield Text, block["text"]
    else:
        yield Text, f"[{kind}]"
