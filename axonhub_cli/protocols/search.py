"""Codex's `tool_search`, for models that know only functions.

It is a tool that the *client* runs, with its own kinds of items: `tool_search_call` asks, `tool_search_output` names the tools
that were found, which from then on stand in the request's list. Elsewhere it can be a function: offered under its own name with
its own parameters, its calls and outputs in the history as those of a function, and the model's call turned back into the item
that the client routes.
"""

from typing import Any

from msgspec.structs import replace

from ..errors import ProtocolError
from ..types.messages import Opaque, Text, Tool, ToolCall, ToolResult
from .raw import dumps, loads

NAME = "tool_search"
_ANY: dict[str, Any] = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}


def is_search(tool: Tool) -> bool:
    """A search tool that the client runs; `raw` stays on its stand-in, and tells the two apart from a function of that name."""
    return tool.name == NAME and tool.raw is not None and tool.raw.get("execution") == "client"


def as_function(tool: Tool) -> Tool:
    """The function that stands in for the search tool."""
    raw = tool.raw or {}
    described, schema = raw.get("description"), raw.get("parameters")
    text = described if isinstance(described, str) and described else "Finds and loads tools that are not listed yet."
    return replace(tool, kind="function", description=text, schema=schema if isinstance(schema, dict) else _ANY)


def as_part(item: Opaque) -> ToolCall | ToolResult | None:
    """A search item of the history as a call or a result; None for any other item, and for one without a call id."""
    call_id = item.raw.get("call_id")
    if not isinstance(call_id, str) or not call_id:
        return None
    if item.kind == f"{NAME}_call":
        given = item.raw.get("arguments")
        return ToolCall(id=call_id, name=NAME, arguments=given if isinstance(given, str) else dumps(given or {}).decode())
    if item.kind == f"{NAME}_output":
        return ToolResult(call_id=call_id, parts=(Text(text=_found(item.raw.get("tools"))),))
    return None


def _found(tools: Any) -> str:
    """The names that a search found; they are on offer from now on."""
    found: list[str] = []
    for tool in tools if isinstance(tools, list) else []:
        inner = tool.get("tools") if isinstance(tool, dict) else None
        prefix = f"{tool.get('name')}__" if isinstance(inner, list) else ""
        found += [
            f"{prefix}{each.get('name')}" for each in (inner if isinstance(inner, list) else [tool]) if isinstance(each, dict)
        ]
    return f"Tools loaded: {', '.join(found)}" if found else "No tools found."


def as_item(call: ToolCall) -> Opaque:
    """A model's call of the stand-in as the item that Codex routes. Arguments that are no JSON become the query."""
    try:
        arguments = loads(call.arguments or "{}")
    except ProtocolError:
        arguments = call.arguments
    raw = {
        "id": f"tsc_{call.id}",
        "type": f"{NAME}_call",
        "call_id": call.id,
        "status": "completed",
        "execution": "client",
        "arguments": arguments if isinstance(arguments, dict) else {"query": str(arguments)},
    }
    return Opaque(protocol="openai-responses", kind=f"{NAME}_call", raw=raw)
