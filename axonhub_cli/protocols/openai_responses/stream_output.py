"""The output items of a stream that is being written, one class per kind of item.

Each announces itself (`output_item.added`), passes its deltas on, and tells everything once more when it ends:
`output_item.done` with the whole item is the only thing that Codex reads. An item that a failure cuts off is never told as
done, because clients execute and remember what is done; it stands in the final response as `incomplete`.

    add(text)           more text
    end()               the part is complete
    cut()               the stream fails while the part is open
    final()             the item, for the list of the last event
"""

import weakref
from typing import Any
from typing import Protocol as Interface

from msgspec.structs import replace

from ...types.messages import Reasoning, Refusal, Seal, Text, ToolCall
from ..raw import dumps
from ..runs import Run
from .items import CALLS, CONTENT_MARK, write_call, write_reasoning


class Wire:
    """Frames with their sequence numbers."""

    def __init__(self, first: int = 0) -> None:
        self.frames: list[bytes] = []
        self._next = first

    def emit(self, name: str, **fields: Any) -> None:
        body = dumps({"type": name, "sequence_number": self._next, **fields})
        self.frames.append(b"event: " + name.encode() + b"\ndata: " + body + b"\n\n")
        self._next += 1

    def delta(self, template: "Template", text: str) -> None:
        self.frames.append(b"%b%d%b%b%b" % (template.head, self._next, template.middle, dumps(text), template.tail))
        self._next += 1

    def deltas(self, template: "Template", strings: list[bytes]) -> None:
        """The same for many texts, given as the insides of JSON strings."""
        head, middle, tail, first = template.head, template.middle, template.tail, self._next
        numbered = [b'%d%b"%b' % (number, middle, inside) for number, inside in enumerate(strings, first)]
        if numbered:
            self.frames.append(b'%b%b"%b' % (head, (b'"%b%b' % (tail, head)).join(numbered), tail))
        self._next = first + len(numbered)

    def take(self) -> bytes:
        frames, self.frames = self.frames, []
        return b"".join(frames)


class Template:
    """A delta event of one part, encoded but for its sequence number and its text."""

    __slots__ = ("head", "middle", "tail")

    def __init__(self, name: str, where: dict[str, Any], **after: Any) -> None:
        self.head = f'event: {name}\ndata: {{"type":"{name}","sequence_number":'.encode()
        self.middle = b"," + dumps(where)[1:-1] + b',"delta":'
        self.tail = (b"," + dumps(after)[1:-1] if after else b"") + b"}\n\n"


class Part(Interface):
    """What the writer needs of an open part."""

    def add(self, text: str) -> None: ...
    def run(self, run: Run) -> None: ...
    def listed(self, key: str, raw: Any) -> None: ...
    def sealed(self, seal: Seal) -> None: ...
    def end(self) -> None: ...
    def cut(self) -> None: ...


class Item(Interface):
    """What the writer needs of an item."""

    def final(self) -> dict[str, Any]: ...


class Quiet:
    """A part that takes nothing more: base of the others, and what stands for parts that have no form here."""

    def add(self, text: str) -> None:
        """Nothing to add to."""

    def run(self, run: Run) -> None:
        """Much to add: piece by piece, unless there is a shorter way."""
        for text in run.texts:
            self.add(text)

    def listed(self, key: str, raw: Any) -> None:
        """Nothing to add to."""

    def sealed(self, seal: Seal) -> None:
        """Nothing to seal."""

    def end(self) -> None:
        """Nothing to end."""

    def cut(self) -> None:
        """Nothing to end."""


class MessageItem:
    """A run of text parts as one message. It is done when it has been left and its last part has ended."""

    def __init__(self, wire: Wire, index: int, item_id: str, about: dict[str, Any]) -> None:
        self.wire, self.index, self.id = wire, index, item_id
        self._about = {key: value for key, value in about.items() if key != "id"}
        self.parts: list[TextPart] = []
        self._left = self._done = False
        wire.emit("response.output_item.added", output_index=index, item=self._item("in_progress", []))

    def leave(self) -> None:
        """Nothing joins it any more."""
        self._left = True
        self.settle()

    @property
    def idle(self) -> bool:
        """No part of it is open."""
        return all(part.ended for part in self.parts)

    def settle(self) -> None:
        if self._left and not self._done and self.idle:
            self._done = True
            self.wire.emit("response.output_item.done", output_index=self.index, item=self.final())

    def final(self) -> dict[str, Any]:
        return self._item("completed" if self._done else "incomplete", [part.content() for part in self.parts])

    def _item(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {"id": self.id, "type": "message", "status": status, "role": "assistant", "content": content, **self._about}


class TextPart(Quiet):
    """One content part: text or a refusal. Its item holds on to it, and is held by whoever made it."""

    def __init__(self, item: MessageItem, part: Text | Refusal) -> None:
        self._item, self._wire, self._refusal = weakref.proxy(item), item.wire, isinstance(part, Refusal)
        self._name = "refusal" if self._refusal else "output_text"
        self._text: list[str] = []
        given = part.extra or {}
        self._lists: dict[str, list[Any]] = {key: list(given.get(key) or ()) for key in ("annotations", "logprobs")}
        self.ended = False
        self._where = {"item_id": item.id, "output_index": item.index, "content_index": len(item.parts)}
        item.parts.append(self)
        after = {} if self._refusal else {"logprobs": list[Any]()}
        self._template = Template(f"response.{self._name}.delta", self._where, **after)
        self._wire.emit("response.content_part.added", **self._where, part=self.content())
        if part.text:
            self.add(part.text)

    def add(self, text: str) -> None:
        self._text.append(text)
        self._wire.delta(self._template, text)

    def run(self, run: Run) -> None:
        self._text += run.texts
        self._wire.deltas(self._template, run.strings)

    def listed(self, key: str, raw: Any) -> None:
        if key in self._lists:
            self._lists[key].append(raw)
        if key == "annotations":
            at = len(self._lists[key]) - 1
            self._wire.emit("response.output_text.annotation.added", **self._where, annotation_index=at, annotation=raw)

    def end(self) -> None:
        self.cut()
        self.ended = True
        self._item.settle()

    def cut(self) -> None:
        content = self.content()
        key = "refusal" if self._refusal else "text"
        after = {} if self._refusal else {"logprobs": content["logprobs"]}
        self._wire.emit(f"response.{self._name}.done", **self._where, **{key: content[key]}, **after)
        self._wire.emit("response.content_part.done", **self._where, part=content)

    def content(self) -> dict[str, Any]:
        text = "".join(self._text)
        if self._refusal:
            return {"type": "refusal", "refusal": text}
        return {"type": "output_text", "text": text, **self._lists}


class ReasoningItem(Quiet):
    """Thinking. Its text goes out as a summary, which is what clients show; as content only where it came so."""

    def __init__(self, wire: Wire, index: int, item_id: str, part: Reasoning) -> None:
        self._wire, self._index, self._id, self._part = wire, index, item_id, part
        self._own = bool((part.extra or {}).get(CONTENT_MARK))
        self._text: list[str] = []
        self._seal: Seal | None = part.seal
        self._block = "reasoning_text" if self._own else "summary_text"
        self._name = "response.reasoning_text" if self._own else "response.reasoning_summary_text"
        self._box = "response.content_part" if self._own else "response.reasoning_summary_part"
        self._where = {"item_id": item_id, "output_index": index, "content_index" if self._own else "summary_index": 0}
        self._template = Template(f"{self._name}.delta", self._where)
        self._done = False
        wire.emit("response.output_item.added", output_index=index, item={"id": item_id, "type": "reasoning", "summary": []})
        if part.text:
            self.add(part.text)

    def add(self, text: str) -> None:
        if not self._text:
            self._wire.emit(f"{self._box}.added", **self._where, part={"type": self._block, "text": ""})
        self._text.append(text)
        self._wire.delta(self._template, text)

    def sealed(self, seal: Seal) -> None:
        self._seal = seal

    def end(self) -> None:
        self.cut()
        self._done = True
        self._wire.emit("response.output_item.done", output_index=self._index, item=self.final())

    def cut(self) -> None:
        if self._text:
            whole = "".join(self._text)
            self._wire.emit(f"{self._name}.done", **self._where, text=whole)
            self._wire.emit(f"{self._box}.done", **self._where, part={"type": self._block, "text": whole})

    def final(self) -> dict[str, Any]:
        extra = {CONTENT_MARK: True} if self._own else None
        part = Reasoning(text="".join(self._text), summary=not self._own, seal=self._seal, extra=extra)
        item = write_reasoning(part, self._id)
        return item if self._done else {**item, "status": "incomplete"}


class CallItem(Quiet):
    """A function or custom tool call."""

    def __init__(self, wire: Wire, index: int, item_id: str, part: ToolCall) -> None:
        self._wire, self._index, self._id, self._part = wire, index, item_id, part
        self._kind = "custom_tool_call" if part.kind == "custom" else "function_call"
        self._name = "response.custom_tool_call_input" if part.kind == "custom" else "response.function_call_arguments"
        self._text: list[str] = []
        self._where = {"item_id": item_id, "output_index": index}
        self._template = Template(f"{self._name}.delta", self._where)
        self._done = False
        wire.emit("response.output_item.added", output_index=index, item=self._item("in_progress"))
        if part.arguments:
            self.add(part.arguments)

    def add(self, text: str) -> None:
        self._text.append(text)
        self._wire.delta(self._template, text)

    def end(self) -> None:
        whole = "".join(self._text)
        if self._kind == "function_call" and not whole.strip():
            self.add("{}")
            whole = "{}"
            self._text = [whole]
        self._done = True
        self._wire.emit(f"{self._name}.done", **self._where, **{CALLS[self._kind]: whole})
        self._wire.emit("response.output_item.done", output_index=self._index, item=self.final())

    def final(self) -> dict[str, Any]:
        return self._item("completed" if self._done else "incomplete")

    def _item(self, status: str) -> dict[str, Any]:
        part = replace(self._part, arguments="".join(self._text))
        return {**write_call(part, self._id, extras=False), "status": status}


class RawItem(Quiet):
    """An item that is whole when it comes: one that only this protocol knows, or an image."""

    def __init__(self, wire: Wire, index: int, raw: dict[str, Any]) -> None:
        self._wire, self._index, self._raw = wire, index, raw
        wire.emit("response.output_item.added", output_index=index, item=raw)

    def end(self) -> None:
        self._wire.emit("response.output_item.done", output_index=self._index, item=self._raw)

    def final(self) -> dict[str, Any]:
        return self._raw
