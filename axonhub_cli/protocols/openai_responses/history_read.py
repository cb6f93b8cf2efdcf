"""The `input` list of a request, read into messages.

An input is a flat list of items; the model has messages. What belongs to one turn is gathered:

    reasoning, assistant messages, calls, and other items of the model's side     one assistant message, in order
    outputs of calls                                                              one user message of tool results
    user, system and developer messages, everything else                          a message each

Where one assistant item ends and the next begins is kept in the `extra` of its first part (`item`: its id, status, phase), so
that writing gives the same items. Items that we do not describe become `Opaque` parts, whole and in place. Tools that stand
inside an item (`additional_tools`, `tool_search_output`) also join the request's tools, marked `inline`.
"""

from typing import Any

from msgspec.structs import replace

from ...errors import RequestError
from ...types.messages import Message, Opaque, Part, Refusal, Role, Text, Tool, ToolResult
from ..raw import unknown
from .content import NAME, read_contents
from .fields import checked, expect, found, require
from .items import CALLS, OUTPUTS, read_call, read_reasoning
from .tools import read_tools

_ROLES = ("user", "assistant", "system", "developer")
_MESSAGE_KEYS = frozenset({"type", "role", "content"})
_OUTPUT_KEYS = frozenset({"type", "call_id", "output"})
_MODEL_SIDE = frozenset({"item_reference", "mcp_list_tools", "mcp_approval_request"})
_TOOL_ITEMS = frozenset({"additional_tools", "tool_search_output"})


class History:
    """Collects items into messages. `messages()` and `tools` are the result."""

    def __init__(self) -> None:
        self.tools: list[Tool] = []
        self._messages: list[Message] = []
        self._side: Role | None = None
        self._parts: list[Part] = []

    def messages(self) -> tuple[Message, ...]:
        """All messages; call it once, at the end."""
        self._flush()
        return tuple(self._messages)

    def add(self, item: dict[str, Any], path: str) -> None:
        """One item. Raises `RequestError` when a field that we understand has the wrong type."""
        kind = expect(item, "type", "string", path) or "message"
        if kind == "message":
            self._message(item, path)
        elif kind == "reasoning":
            for key in ("summary", "content"):
                expect(item, key, "list", path)
            expect(item, "encrypted_content", "string", path)
            self._gather("assistant", read_reasoning(item))
        elif kind in CALLS:
            for key in ("name", "call_id", CALLS[kind]):
                require(item, key, "string", path)
            self._gather("assistant", read_call(item))
        elif kind in OUTPUTS:
            self._gather("user", _read_output(item, kind, path))
        else:
            self._other(item, kind, path)

    def _message(self, item: dict[str, Any], path: str) -> None:
        role = require(item, "role", "string", path)
        if role not in _ROLES:
            raise RequestError(f"{path}.role: expected one of {', '.join(_ROLES)}, found {role!r}", param=f"{path}.role")
        content = expect(item, "content", "string list", path)
        parts = read_contents(content or "", f"{path}.content")
        extra = unknown(item, _MESSAGE_KEYS)
        if role == "assistant":
            self._gather("assistant", *self._marked(parts, extra))
        else:
            self._flush()
            self._messages.append(Message(role=role, parts=parts, extra=extra))

    def _marked(self, parts: tuple[Part, ...], extra: dict[str, Any] | None) -> tuple[Part, ...]:
        """The parts of an assistant item; the first says what the item says of itself, or just that a new one begins."""
        follows_text = self._side == "assistant" and bool(self._parts) and isinstance(self._parts[-1], Text | Refusal)
        if not parts or not (extra or follows_text):
            return parts
        return (mark(parts[0], extra or {}), *parts[1:])

    def _other(self, item: dict[str, Any], kind: str, path: str) -> None:
        part = Opaque(protocol=NAME, kind=kind, raw=item)
        if kind in _TOOL_ITEMS:
            self._learn(item, path)
        if kind.endswith("_call") or kind in _MODEL_SIDE:
            self._gather("assistant", part)
        elif kind.endswith("_output") or kind == "mcp_approval_response":
            self._gather("user", part)
        else:
            self._flush()
            role = item.get("role")
            self._messages.append(Message(role=role if role in _ROLES else "user", parts=(part,)))

    def _learn(self, item: dict[str, Any], path: str) -> None:
        tools, _ = read_tools(expect(item, "tools", "list", path) or [], f"{path}.tools")
        known = {(tool.namespace, tool.name) for tool in self.tools}
        self.tools += [replace(tool, inline=True) for tool in tools if (tool.namespace, tool.name) not in known]

    def _gather(self, side: Role, *parts: Part) -> None:
        if side != self._side:
            self._flush()
            self._side = side
        self._parts += parts

    def _flush(self) -> None:
        if self._side is not None and self._parts:
            self._messages.append(Message(role=self._side, parts=tuple(self._parts)))
        self._side, self._parts = None, []


def mark(part: Part, about: dict[str, Any]) -> Part:
    """The part with its item's own fields (id, status, phase) in `extra`; unknown parts carry none."""
    return replace(part, extra={**(part.extra or {}), "item": about}) if isinstance(part, Text | Refusal) else part


def _read_output(item: dict[str, Any], kind: str, path: str) -> ToolResult:
    call_id = require(item, "call_id", "string", path)
    output = expect(item, "output", "string list", path)
    return ToolResult(
        call_id=call_id,
        parts=read_contents(output or "", f"{path}.output"),
        kind="custom" if OUTPUTS[kind] == "custom" else "function",
        extra=unknown(item, _OUTPUT_KEYS),
    )


def read_input(value: Any) -> History:
    """The whole `input`: a string is one user message. Raises `RequestError`."""
    history = History()
    if isinstance(value, str):
        history.add({"role": "user", "content": value}, "input")
        return history
    if value is not None and not isinstance(value, list):
        raise RequestError(f"input: expected a string or a list, found {found(value)}", param="input")
    for at, item in enumerate(value or ()):
        history.add(checked(item, "object", f"input[{at}]"), f"input[{at}]")
    return history
