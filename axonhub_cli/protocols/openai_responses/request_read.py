"""A Responses request body, read.

Keys that the model has names for are read strictly; every other top-level key (`store`, `include`, `previous_response_id`,
`truncation`, `client_metadata` …) goes to `extra`, and so do unknown keys inside `text` and `reasoning`. Nothing is repaired
here.
"""

from typing import Any

from ...types.messages import OutputFormat, Request, Text, Thinking
from ..raw import unknown
from .content import NAME
from .fields import expect, require
from .history_read import read_input
from .tools import read_choice, read_tools

_KEYS = frozenset(
    {"model", "instructions", "input", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text", "max_output_tokens",
     "temperature", "top_p", "user", "metadata", "service_tier", "prompt_cache_key", "stream"}
)  # fmt: skip
_REASONING_KEYS = frozenset({"effort", "summary"})
_TEXT_KEYS = frozenset({"format", "verbosity"})
_FORMATS = ("text", "json_object", "json_schema")


def read_request(body: dict[str, Any]) -> Request:
    """The request. Raises `RequestError` that names the field, what is due there and what was found."""
    model = require(body, "model", "string")
    history = read_input(body.get("input"))
    tools, namespaces = read_tools(expect(body, "tools", "list") or [], "tools")
    listed = {(tool.namespace, tool.name) for tool in tools}
    tools += [tool for tool in history.tools if (tool.namespace, tool.name) not in listed]
    instructions = expect(body, "instructions", "string")
    text = expect(body, "text", "object") or {}
    return Request(
        origin=NAME,
        model=model,
        messages=history.messages(),
        system=(Text(text=instructions),) if instructions else (),
        tools=tuple(tools),
        namespaces=tuple(namespaces),
        tool_choice=read_choice(body.get("tool_choice")),
        parallel_tools=expect(body, "parallel_tool_calls", "boolean"),
        thinking=_thinking(expect(body, "reasoning", "object") or {}),
        output=_format(text),
        max_tokens=expect(body, "max_output_tokens", "integer"),
        temperature=expect(body, "temperature", "number"),
        top_p=expect(body, "top_p", "number"),
        verbosity=expect(text, "verbosity", "string", "text"),
        service_tier=expect(body, "service_tier", "string"),
        user=expect(body, "user", "string") or expect(body, "safety_identifier", "string"),
        cache_key=expect(body, "prompt_cache_key", "string"),
        metadata=expect(body, "metadata", "object"),
        stream=bool(expect(body, "stream", "boolean")),
        extra=_extra(body, text),
    )


def _thinking(fields: dict[str, Any]) -> Thinking | None:
    effort = expect(fields, "effort", "string", "reasoning")
    summary = expect(fields, "summary", "string", "reasoning")
    extra = unknown(fields, _REASONING_KEYS)
    if effort is None and summary is None and extra is None:
        return None
    return Thinking(mode="off" if effort == "none" else None, effort=effort, summary=summary, extra=extra)


def _format(text: dict[str, Any]) -> OutputFormat | None:
    fields = expect(text, "format", "object", "text") or {}
    kind = expect(fields, "type", "string", "text.format")
    if kind == "json_object":
        return OutputFormat(kind="json")
    if kind != "json_schema":
        return None
    return OutputFormat(
        kind="json_schema",
        name=expect(fields, "name", "string", "text.format"),
        description=expect(fields, "description", "string", "text.format"),
        schema=expect(fields, "schema", "object", "text.format"),
        strict=expect(fields, "strict", "boolean", "text.format"),
    )


def _extra(body: dict[str, Any], text: dict[str, Any]) -> dict[str, Any] | None:
    """Unknown keys; those of `text` (and a format that we do not know) under that name."""
    extra = unknown(body, _KEYS) or {}
    rest = unknown(text, _TEXT_KEYS) or {}
    shape = text.get("format")
    if shape is not None and shape.get("type") not in _FORMATS:
        rest["format"] = shape
    if rest:
        extra["text"] = rest
    return extra or None
