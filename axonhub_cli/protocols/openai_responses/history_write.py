"""Messages written as the flat `input` list.

What came from a Responses client goes out as it came. What came from elsewhere is written in the plainest legal form: no item
ids, results as strings (lists only where an image needs one), thinking only when OpenAI itself sealed it. Tool results stand
before the other parts of their message, because the API wants each output before the next user text.
"""

from typing import Any

from ...types.messages import Media, Message, Opaque, Part, Reasoning, Refusal, Request, Text, ToolCall, ToolResult
from ...types.quirks import Quirks
from ..base import Losses
from .content import CONTENT, NAME, write_content
from .items import write_call, write_reasoning

_API = "the Responses API"


class InputWriter:
    """Writes messages one by one; `finish` gives the items and tells the losses that are counted over all of them."""

    def __init__(self, request: Request, quirks: Quirks, losses: Losses) -> None:
        self._request, self._quirks, self._losses = request, quirks, losses
        self._own = request.origin == NAME
        self._native = quirks.native_responses
        self._items: list[dict[str, Any]] = []
        self._message: dict[str, Any] | None = None
        self._thinking = 0

    def finish(self) -> list[dict[str, Any]]:
        """The whole list."""
        for at, message in enumerate(self._request.messages):
            self._message = None
            if message.role == "assistant":
                self._assistant(message, f"messages[{at}]")
            else:
                self._other(message, f"messages[{at}]")
        if self._thinking:
            self._losses.drop("messages", f"{self._thinking} parts of thinking: this endpoint reads only what it sealed itself")
        return self._items

    def _assistant(self, message: Message, path: str) -> None:
        for at, part in enumerate(message.parts):
            where = f"{path}.content[{at}]"
            match part:
                case Text() | Refusal():
                    self._said(part, where)
                case Reasoning():
                    self._reasoning(part)
                case ToolCall():
                    self._call(part, where)
                case Media():
                    self._losses.placeholder(where, "an assistant message holds text only here")
                    self._said(Text(text=f"[{part.kind} that the assistant showed]"), where)
                case _:
                    self._rest(part, where, "assistant", {})

    def _said(self, part: Text | Refusal, path: str) -> None:
        """Text of the model: it joins the item before it unless its mark says that a new one begins."""
        about = (part.extra or {}).get("item") if self._own else None
        content = self._content(part, path, assistant=True)
        if content is None:
            return
        if self._message is None or about is not None:
            self._open("assistant", self._about(about))
        self._append(content)

    def _about(self, about: dict[str, Any] | None) -> dict[str, Any]:
        """What an item says of itself (id, status, phase) means something to OpenAI's own endpoints."""
        return (about or {}) if self._native else {}

    def _open(self, role: str, about: dict[str, Any]) -> None:
        self._message = {"type": "message", "role": role, "content": [], **about}
        self._items.append(self._message)

    def _append(self, content: dict[str, Any]) -> None:
        assert self._message is not None
        self._message["content"].append(content)

    def _item(self, item: dict[str, Any]) -> None:
        self._message = None
        self._items.append(item)

    def _reasoning(self, part: Reasoning) -> None:
        sealed = part.seal is not None and part.seal.vendor == "openai" and self._native
        if sealed or (self._own and (self._native or self._quirks.replay_reasoning)):
            kept = part if sealed else _unsealed(part)
            self._item(write_reasoning(kept, None, extras=self._own and self._native))
        else:
            self._thinking += 1

    def _call(self, part: ToolCall, path: str) -> None:
        if not self._own:
            self._losses.extras(part.extra, path, _API)
            part = _with_arguments(part)
        self._item(write_call(part, part.item_id if self._native else None, extras=self._own and self._native))

    def _other(self, message: Message, path: str) -> None:
        """A user, system or developer message: outputs first, then what was said."""
        role, about = self._role(message), self._about(message.extra if self._own else None)
        if not self._own:
            self._losses.extras(message.extra, path, _API)
        if not message.parts and self._own:
            self._item({"type": "message", "role": role, "content": "", **about})
        for at, part in self._ordered(message):
            if isinstance(part, ToolResult):
                self._result(part, f"{path}.content[{at}]")
            else:
                self._plain(part, f"{path}.content[{at}]", role, about)

    def _ordered(self, message: Message) -> list[tuple[int, Part]]:
        parts = list(enumerate(message.parts))
        return parts if self._own else sorted(parts, key=lambda pair: not isinstance(pair[1], ToolResult))

    def _plain(self, part: Part, path: str, role: str, about: dict[str, Any]) -> None:
        if isinstance(part, Text | Media | Refusal):
            content = self._content(part, path)
            if content is not None:
                self._say(role, about, content)
        else:
            self._rest(part, path, role, about)

    def _say(self, role: str, about: dict[str, Any], content: dict[str, Any]) -> None:
        if self._message is None:
            self._open(role, about)
        self._append(content)

    def _role(self, message: Message) -> str:
        """What other protocols call system is `developer` here, where the endpoint knows that role."""
        if message.role == "user" or (self._own and message.role == "system"):
            return message.role
        return "developer" if self._quirks.developer_role else "system"

    def _rest(self, part: Part, path: str, role: str, about: dict[str, Any]) -> None:
        """Opaque parts: content of ours, an item of ours, or something that only another protocol knows."""
        if not isinstance(part, Opaque) or part.protocol != NAME:
            self._losses.drop(path, f"{_API} has no form of {_name(part)} here")
        elif part.kind.startswith(CONTENT):
            self._say(role, about, part.raw)
        elif self._native:
            self._item(part.raw)
        else:
            self._losses.drop(path, f"this endpoint does not know {part.kind} items")

    def _content(self, part: Text | Refusal | Media, path: str, *, assistant: bool = False) -> dict[str, Any] | None:
        """One part of a message; None for text that says nothing (some endpoints refuse it)."""
        if not self._own and not isinstance(part, Media):
            if not part.text:
                return None
            self._losses.extras(part.extra, path, _API)
        return write_content(part, assistant=assistant, extras=self._own)

    def _result(self, part: ToolResult, path: str) -> None:
        contents = [content for at, inner in enumerate(part.parts) for content in self._inner(inner, f"{path}[{at}]")]
        if part.is_error:
            contents.insert(0, {"type": "input_text", "text": "Error:"})
        if not self._own:
            self._losses.extras(part.extra, path, _API)
        kind = "custom_tool_call_output" if part.kind == "custom" else "function_call_output"
        extra = part.extra if self._own and self._native else None
        self._item({"type": kind, "call_id": part.call_id, "output": self._output(contents), **(extra or {})})

    def _output(self, contents: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
        """A string where text is all there is; several texts of a Responses client stay a list."""
        plain = all(content.keys() == {"type", "text"} for content in contents)
        if plain and (len(contents) < 2 or not self._own):
            return "\n".join(content["text"] for content in contents)
        return contents

    def _inner(self, part: Part, path: str) -> list[dict[str, Any]]:
        if isinstance(part, Text | Refusal | Media):
            content = self._content(part, path)
        else:
            content = write_content(part)
            if content is None:
                self._losses.drop(path, f"{_API} has no form of {_name(part)} in a result")
        return [] if content is None else [content]


def _name(part: Part) -> str:
    return part.kind if isinstance(part, Opaque) else type(part).__name__


def _unsealed(part: Reasoning) -> Reasoning:
    return Reasoning(text=part.text, summary=part.summary, extra=part.extra)


def _with_arguments(part: ToolCall) -> ToolCall:
    """A function's arguments are an object: nothing is written as an empty one."""
    if part.kind == "custom" or part.arguments.strip():
        return part
    return ToolCall(id=part.id, name=part.name, arguments="{}", namespace=part.namespace, item_id=part.item_id)
