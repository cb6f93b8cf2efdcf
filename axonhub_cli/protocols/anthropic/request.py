"""Reads a Messages request. It fixes nothing: what it reads, `write_request` writes again.

`output_config` is split: its effort belongs to `Thinking`, its format to `OutputFormat`; what else it holds, and every unknown
top-level key, stays in `Request.extra`. A request to count tokens has the same form, less `max_tokens`.
"""

from typing import Any

from ...types.messages import Extra, Message, OutputFormat, Part, Request, Role, Thinking, Tool, ToolChoice
from .. import raw
from .blocks import read_cache, read_content
from .check import objects, of_kind, take, wrong

_KNOWN = frozenset({"model", "max_tokens", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "metadata"})
_KNOWN |= {"stop_sequences", "temperature", "top_p", "top_k", "stream", "service_tier"}
_MESSAGE = frozenset({"role", "content"})
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}
_CHOICES = {"auto": "auto", "any": "required", "tool": "tool", "none": "none"}
_TOOL_KEYS = frozenset({"name", "description", "input_schema", "strict", "defer_loading"})


def read_request(body: dict[str, Any]) -> Request:
    """The request of a parsed body. Raises `RequestError` with the field's path."""
    choice, parallel = _read_choice(take(body, "tool_choice", dict, ""))
    config = take(body, "output_config", dict, "") or {}
    output, left = _read_format(config)
    extra = raw.unknown(body, _KNOWN) or {}
    if left:
        extra["output_config"] = left
    user, metadata = _read_metadata(take(body, "metadata", dict, ""))
    return Request(
        origin="anthropic",
        model=take(body, "model", str, "", required=True),
        messages=_read_messages(body.get("messages")),
        system=read_system(body.get("system")),
        tools=read_tools(body.get("tools")),
        tool_choice=choice,
        parallel_tools=parallel,
        thinking=_read_thinking(take(body, "thinking", dict, ""), take(config, "effort", str, "output_config")),
        output=output,
        max_tokens=take(body, "max_tokens", int, ""),
        temperature=take(body, "temperature", float, ""),
        top_p=take(body, "top_p", float, ""),
        top_k=take(body, "top_k", int, ""),
        stop=_read_stop(take(body, "stop_sequences", list, "")),
        service_tier=take(body, "service_tier", str, ""),
        user=user,
        metadata=metadata,
        stream=bool(take(body, "stream", bool, "")),
        extra=extra or None,
    )


def _read_messages(value: Any) -> tuple[Message, ...]:
    if isinstance(value, list) and all([type(item) is Message for item in value]):
        return tuple(value)
    return tuple([read_message(message, f"messages[{at}]") for at, message in enumerate(objects(value, "messages"))])


def read_message(message: dict[str, Any], path: str) -> Message:
    """One message. `path` is where it stands."""
    message = of_kind(message, dict, path)
    role = take(message, "role", str, path, required=True)
    if role not in _ROLES:
        raise wrong(f"{path}.role", "user, assistant or system", role)
    parts = read_content(message.get("content"), f"{path}.content")
    return Message(role=_ROLES[role], parts=parts, extra=raw.unknown(message, _MESSAGE))


def read_system(value: Any) -> tuple[Part, ...]:
    """The system prompt: text, a list of blocks or nothing; or what was read already."""
    if isinstance(value, tuple):
        return value
    return () if value is None else read_content(value, "system")


def read_tools(value: Any) -> tuple[Tool, ...]:
    """The list of tools, or what was read already."""
    if isinstance(value, tuple):
        return value
    return tuple([_read_tool(tool, f"tools[{at}]") for at, tool in enumerate(objects(value or [], "tools"))])


def _read_tool(tool: dict[str, Any], path: str) -> Tool:
    """A client's own tool, or one of the vendor's: those have a `type` other than `custom`, and stay whole."""
    kind = take(tool, "type", str, path)
    if kind not in (None, "custom"):
        return Tool(name=kind, kind="hosted", raw=tool)
    cache, extra = read_cache(tool, _TOOL_KEYS)
    return Tool(
        name=take(tool, "name", str, path, required=True),
        description=take(tool, "description", str, path),
        schema=take(tool, "input_schema", dict, path),
        strict=take(tool, "strict", bool, path),
        deferred=bool(take(tool, "defer_loading", bool, path)),
        cache=cache,
        extra=extra,
    )


def _read_choice(choice: dict[str, Any] | None) -> tuple[ToolChoice | None, bool | None]:
    """The choice, and whether calls may be parallel (None: not said)."""
    if choice is None:
        return None, None
    kind = take(choice, "type", str, "tool_choice", required=True)
    mode = _CHOICES.get(kind)
    if mode is None:
        raise wrong("tool_choice.type", "auto, any, tool or none", kind)
    single = take(choice, "disable_parallel_tool_use", bool, "tool_choice")
    read = ToolChoice(
        mode=mode,  # type: ignore[arg-type]  # the table's values are the four modes
        name=take(choice, "name", str, "tool_choice", required=True) if mode == "tool" else None,
        extra=raw.unknown(choice, frozenset({"type", "name", "disable_parallel_tool_use"})),
    )
    return read, None if single is None else not single


def _read_thinking(thinking: dict[str, Any] | None, effort: str | None) -> Thinking | None:
    """Thinking and effort as one. A form that is not known here is kept whole in `extra`."""
    if thinking is None:
        return Thinking(effort=effort) if effort else None
    kind = take(thinking, "type", str, "thinking", required=True)
    mode = {"enabled": "on", "disabled": "off", "adaptive": "adaptive"}.get(kind)
    if mode is None:
        return Thinking(effort=effort, extra=thinking)
    budget = take(thinking, "budget_tokens", int, "thinking")
    extra = raw.unknown(thinking, frozenset({"type", "budget_tokens"}))
    return Thinking(mode=mode, effort=effort, budget=budget, extra=extra)  # type: ignore[arg-type]  # checked by the table


def _read_format(config: dict[str, Any]) -> tuple[OutputFormat | None, Extra]:
    """`output_config.format`, and what is left of `output_config`."""
    left = {key: value for key, value in config.items() if key not in ("effort", "format")}
    form = take(config, "format", dict, "output_config")
    if form is None:
        return None, left
    if form.get("type") != "json_schema" or not form.keys() <= {"type", "schema"}:
        return None, {**left, "format": form}
    return OutputFormat(kind="json_schema", schema=take(form, "schema", dict, "output_config.format", required=True)), left


def _read_metadata(metadata: dict[str, Any] | None) -> tuple[str | None, dict[str, Any] | None]:
    if metadata is None:
        return None, None
    return take(metadata, "user_id", str, "metadata"), raw.unknown(metadata, frozenset({"user_id"}))


def _read_stop(stop: list[Any] | None) -> tuple[str, ...]:
    return tuple(of_kind(word, str, f"stop_sequences[{at}]") for at, word in enumerate(stop or ()))
