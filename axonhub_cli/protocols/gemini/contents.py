"""The conversation as a client of this protocol sends it, read into messages.

Calls and results may come without ids: a call without one gets an id from its place in the conversation, which stays the same
as the conversation grows, and a result without one belongs to the earliest call of its name that still waits.
"""

from typing import Any

from msgspec.structs import replace

from ...errors import RequestError
from ...types.messages import Message, Part, Role, Text, ToolCall, ToolResult
from ..raw import dumps
from .fields import Fields, wrong
from .parts import read_part

_ROLES: dict[str, Role] = {"user": "user", "model": "assistant", "function": "user", "tool": "user"}


def read_contents(value: Any) -> tuple[Message, ...]:
    """The `contents` of a request; a single object or string, which SDKs take too, is one message of the user's."""
    if isinstance(value, str):
        return (Message(role="user", parts=(Text(text=value),)),)
    items = [value] if isinstance(value, dict) else value
    if not isinstance(items, list):
        raise wrong("contents", "a list of contents", value)
    reader = _Reader()
    return tuple(reader.message(item, f"contents[{at}]") for at, item in enumerate(items))


def read_system(value: Any) -> tuple[Part, ...]:
    """`systemInstruction`: a content whose role means nothing, or a string."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (Text(text=value),)
    fields = Fields(value, "systemInstruction")
    items = fields.items("parts")
    return tuple(part for at, item in enumerate(items) for part in read_part(item, f"systemInstruction.parts[{at}]"))


class _Reader:
    """Reads one content after the other; knows the calls that wait for a result."""

    def __init__(self) -> None:
        self._waiting: list[ToolCall] = []
        self._calls = 0

    def message(self, item: Any, path: str) -> Message:
        fields = Fields(item, path)
        role = fields.text("role") or "user"
        if role not in _ROLES:
            raise RequestError(f"{path}.role: expected user or model, found {role[:40]!r}", param=f"{path}.role")
        parts: list[Part] = []
        for at, part in enumerate(fields.items("parts")):
            parts += self._part(part, f"{path}.parts[{at}]")
        return Message(role=_ROLES[role], parts=tuple(parts), extra=fields.rest())

    def _part(self, value: Any, path: str) -> list[Part]:
        fields = Fields(value, path)
        if fields.has("functionResponse"):
            return [self._result(fields)]
        return [self._called(part) if isinstance(part, ToolCall) else part for part in read_part(value, path)]

    def _called(self, call: ToolCall) -> ToolCall:
        self._calls += 1
        if not call.id:
            call = replace(call, id=f"call_{self._calls}_{call.name}"[:64])
        self._waiting.append(call)
        return call

    def _result(self, fields: Fields) -> ToolResult:
        inner = fields.inner("functionResponse")
        name, call_id = inner.text("name") or "", inner.text("id") or ""
        found = next((call for call in self._waiting if (call.id == call_id if call_id else call.name == name)), None)
        if found is not None:
            self._waiting.remove(found)
            call_id = found.id
        texts, failed = _said(inner.take("response"), inner.at("response"))
        media = [part for at, item in enumerate(inner.items("parts")) for part in read_part(item, f"{inner.at('parts')}[{at}]")]
        extra = {**(fields.rest() or {}), **({"functionResponse": rest} if (rest := inner.rest()) else {})}
        return ToolResult(
            call_id=call_id or f"call_unknown_{name}"[:64], parts=(*texts, *media), is_error=failed, extra=extra or None
        )


def _said(response: Any, path: str) -> tuple[list[Part], bool]:
    """What a result says, as text, and whether it says that the call failed. `output` and `error` are the API's own keys."""
    if response is None:
        return [], False
    if not isinstance(response, dict):
        raise wrong(path, "an object", response)
    failed = "error" in response and "output" not in response
    key = next((key for key in ("output", "result", "error") if key in response), None)
    value = response[key] if key is not None and len(response) == 1 else response
    if isinstance(value, str):
        return ([Text(text=value)] if value else []), failed
    return ([] if value == {} else [Text(text=dumps(value).decode())]), failed
