"""The conversation as a client of this protocol sends it, read into messages.

A `tool` message is a result, and results are parts of a user message: those that follow each other, and the user message right
after them, become one message with the results first. The old `function_call` and role `function` are read as a tool call and
its result.
"""

from collections.abc import Callable
from typing import Any

from ...errors import RequestError
from ...types.messages import Message, Part, Reasoning, Refusal, Role, Text, ToolCall, ToolResult
from ..raw import dumps
from .fields import Fields, wrong
from .parts import read_content

ERROR_MARK = "[tool error] "  # this protocol has no error flag: the text says it


def read_messages(value: Any) -> tuple[Message, ...]:
    """The `messages` of a request. Raises `RequestError` with the path of whatever has a wrong type."""
    if not isinstance(value, list):
        raise wrong("messages", "a list of messages", value)
    reader = _Reader()
    for at, item in enumerate(value):
        reader.add(item, f"messages[{at}]")
    return reader.done()


class _Reader:
    """Collects messages; results wait for the user message that they belong to."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._results: list[Part] = []
        self._kinds: dict[str, Any] = {}
        self._old_calls: list[str] = []

    def add(self, item: Any, path: str) -> None:
        fields = Fields(item, path)
        role = fields.need_text("role")
        add = _ROLES.get(role)
        if add is None:
            due = "system, developer, user, assistant or tool"
            raise RequestError(f"{path}.role: expected {due}, found {role[:40]!r}", param=f"{path}.role")
        add(self, role, fields, path)

    def done(self) -> tuple[Message, ...]:
        self._flush()
        return tuple(self._messages)

    def _flush(self) -> None:
        if self._results:
            self._messages.append(Message(role="user", parts=tuple(self._results)))
            self._results = []

    def _system(self, role: Role, fields: Fields, path: str) -> None:
        self._flush()
        parts = read_content(fields.take("content"), f"{path}.content")
        self._messages.append(Message(role=role, parts=parts, extra=fields.rest()))

    def _user(self, role: Role, fields: Fields, path: str) -> None:
        parts = read_content(fields.take("content"), f"{path}.content")
        self._messages.append(Message(role="user", parts=(*self._results, *parts), extra=fields.rest()))
        self._results = []

    def _tool(self, role: Role, fields: Fields, path: str) -> None:
        call_id = fields.need_text("tool_call_id")
        self._result(call_id, self._kinds.get(call_id, "function"), fields, path)

    def _function(self, role: Role, fields: Fields, path: str) -> None:
        """The old form has no ids: a result belongs to the latest call."""
        fields.take("name")
        self._result(self._old_calls[-1] if self._old_calls else _old_id(0), "function", fields, path)

    def _result(self, call_id: str, kind: Any, fields: Fields, path: str) -> None:
        parts = read_content(fields.take("content"), f"{path}.content")
        parts, is_error = _unmarked(parts)
        self._results.append(ToolResult(call_id=call_id, parts=parts, is_error=is_error, kind=kind, extra=fields.rest()))

    def _assistant(self, role: Role, fields: Fields, path: str) -> None:
        self._flush()
        parts: list[Part] = [*_reasoning(fields)]
        parts += read_content(fields.take("content"), f"{path}.content")
        refusal = fields.text("refusal")
        if refusal:
            parts.append(Refusal(text=refusal))
        for at, call in enumerate(fields.items("tool_calls") or ()):
            read = _read_call(Fields(call, f"{path}.tool_calls[{at}]"))
            self._kinds[read.id] = read.kind
            parts.append(read)
        old = fields.mapping("function_call")
        if old is not None:
            parts.append(self._old_call(Fields(old, f"{path}.function_call")))
        self._messages.append(Message(role="assistant", parts=tuple(parts), extra=fields.rest()))

    def _old_call(self, fields: Fields) -> ToolCall:
        self._old_calls.append(_old_id(len(self._old_calls)))
        return ToolCall(id=self._old_calls[-1], name=fields.need_text("name"), arguments=_arguments(fields, "arguments"))


_ROLES: dict[str, Callable[..., None]] = {
    "system": _Reader._system,
    "developer": _Reader._system,
    "user": _Reader._user,
    "assistant": _Reader._assistant,
    "tool": _Reader._tool,
    "function": _Reader._function,
}


def _old_id(number: int) -> str:
    return f"call_function_{number}"


def _reasoning(fields: Fields) -> tuple[Part, ...]:
    """Thinking under either name; who sends both means the same text. `reasoning_details` stays as it is, for its vendor."""
    texts = [fields.take("reasoning_content"), fields.take("reasoning")]
    text = next((text for text in texts if isinstance(text, str) and text), "")
    details = fields.items("reasoning_details")
    if not text and not details:
        return ()
    return (Reasoning(text=text, extra={"reasoning_details": details} if details else None),)


def _read_call(fields: Fields) -> ToolCall:
    kind = fields.text("type") or "function"
    if kind not in ("function", "custom"):
        raise RequestError(f"{fields.at('type')}: expected function or custom, found {kind[:40]!r}", param=fields.at("type"))
    body = Fields(fields.take(kind), fields.at(kind))
    call_id, name = fields.need_text("id"), body.need_text("name")
    fields.take("index")  # a stream's field that some clients keep
    if kind == "custom":
        return ToolCall(id=call_id, name=name, arguments=body.text("input") or "", kind="custom", extra=fields.rest())
    return ToolCall(id=call_id, name=name, arguments=_arguments(body, "arguments"), extra=fields.rest())


def _arguments(fields: Fields, key: str) -> str:
    """The text that the model wrote; an object, which some clients send, as its JSON."""
    value = fields.take(key)
    if isinstance(value, dict):
        return dumps(value).decode()
    if value is not None and not isinstance(value, str):
        raise wrong(fields.at(key), "a string of JSON", value)
    return value or ""


def _unmarked(parts: tuple[Part, ...]) -> tuple[tuple[Part, ...], bool]:
    """The parts of a result without the mark that this writer puts on failed ones, and whether it was there."""
    first = parts[0] if parts else None
    if not isinstance(first, Text) or not first.text.startswith(ERROR_MARK):
        return parts, False
    rest = first.text[len(ERROR_MARK) :]
    return ((Text(text=rest, cache=first.cache, extra=first.extra),) if rest else ()) + parts[1:], True
