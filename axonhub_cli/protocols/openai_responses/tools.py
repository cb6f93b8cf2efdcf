"""Tools and the choice among them.

    {"type": "function", name, description, parameters, strict}      Tool, kind function
    {"type": "custom", name, description, format}                    Tool, kind custom
    {"type": "namespace", name, description, tools: [...]}           its tools, each with `namespace`, and a Namespace
    anything else                                                    Tool, kind hosted: raw, its name is its type

A strict flag that is absent means true to this API, and false to the others: towards it, what came from elsewhere says `false`.
"""

from typing import Any

from ...types.messages import Namespace, Request, Tool, ToolChoice
from ...types.quirks import Quirks
from ..base import Losses
from ..raw import unknown
from .content import NAME
from .fields import checked, clean, expect, require, text, text_or_none

_FUNCTION_KEYS = frozenset({"type", "name", "description", "parameters", "strict", "defer_loading"})
_CUSTOM_KEYS = frozenset({"type", "name", "description", "format", "defer_loading"})
_NAMESPACE_KEYS = frozenset({"type", "name", "description", "tools"})
_NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}


def read_tools(items: list[Any], path: str) -> tuple[list[Tool], list[Namespace]]:
    """All tools, in order, and the namespaces that they came in. Raises `RequestError`."""
    tools: list[Tool] = []
    namespaces: list[Namespace] = []
    for at, item in enumerate(items):
        where = f"{path}[{at}]"
        fields = checked(item, "object", where)
        if expect(fields, "type", "string", where) == "namespace":
            name = require(fields, "name", "string", where)
            about = expect(fields, "description", "string", where)
            namespaces.append(Namespace(name=name, description=about, extra=unknown(fields, _NAMESPACE_KEYS)))
            inside = expect(fields, "tools", "list", where) or []
            for index, tool in enumerate(inside):
                inner = f"{where}.tools[{index}]"
                tools.append(_read_tool(checked(tool, "object", inner), inner, name))
        else:
            tools.append(_read_tool(fields, where, None))
    return tools, namespaces


def _read_tool(fields: dict[str, Any], path: str, namespace: str | None) -> Tool:
    kind = expect(fields, "type", "string", path)
    if kind not in ("function", "custom"):
        return Tool(name=kind or "", kind="hosted", raw=fields, namespace=namespace)
    shape = expect(fields, "format", "object", path) if kind == "custom" else None
    return Tool(
        name=require(fields, "name", "string", path),
        kind="custom" if kind == "custom" else "function",
        description=expect(fields, "description", "string", path),
        schema=expect(fields, "parameters", "object", path) if kind == "function" else None,
        strict=expect(fields, "strict", "boolean", path) if kind == "function" else None,
        format=shape,
        namespace=namespace,
        deferred=bool(expect(fields, "defer_loading", "boolean", path)),
        extra=unknown(fields, _CUSTOM_KEYS if kind == "custom" else _FUNCTION_KEYS),
    )


def write_tools(request: Request, quirks: Quirks, losses: Losses) -> list[dict[str, Any]]:
    """The tool list; tools of one namespace stand together, where its first one stood. Inline tools stand in their item."""
    spaces = {space.name: space for space in request.namespaces}
    filled: dict[str, list[dict[str, Any]]] = {}
    items: list[dict[str, Any]] = []
    for at, tool in enumerate(request.tools):
        written = None if tool.inline else _write_tool(tool, f"tools[{at}]", request.origin == NAME, quirks, losses)
        if written is None:
            continue
        if tool.namespace is None:
            items.append(written)
        elif tool.namespace in filled:
            filled[tool.namespace].append(written)
        else:
            filled[tool.namespace] = [written]
            items.append(_write_namespace(tool.namespace, spaces.get(tool.namespace), filled[tool.namespace]))
    named = {tool.namespace for tool in request.tools}
    return items + [_write_namespace(name, space, []) for name, space in spaces.items() if name not in named]


def _write_namespace(name: str, space: Namespace | None, tools: list[dict[str, Any]]) -> dict[str, Any]:
    about = space.description if space else None
    extra = space.extra if space else None
    return {**clean(type="namespace", name=name, description=about), "tools": tools, **(extra or {})}


def _write_tool(tool: Tool, path: str, own: bool, quirks: Quirks, losses: Losses) -> dict[str, Any] | None:
    if tool.kind == "hosted":
        if own:
            return tool.raw
        losses.drop(path, f"{tool.name} runs at another vendor")
        return None
    if not own:
        losses.extras(tool.extra, path, "the Responses API")
    extra = (tool.extra if own else None) or {}
    deferred = True if tool.deferred and own else None
    if tool.kind == "custom":
        return {
            **clean(type="custom", name=tool.name, description=tool.description, format=tool.format, defer_loading=deferred),
            **extra,
        }
    fields = clean(type="function", name=tool.name, description=tool.description, defer_loading=deferred)
    fields["parameters"] = tool.schema if tool.schema is not None or own else _NO_PARAMETERS
    if quirks.strict_tools and (tool.strict is not None or not own):
        fields["strict"] = bool(tool.strict)
    return {**fields, **extra}


def read_choice(value: Any) -> ToolChoice | None:
    """`tool_choice` in each of its forms. Raises `RequestError`."""
    if value is None:
        return None
    checked(value, "string object", "tool_choice")
    if isinstance(value, str):
        return _plain_choice(value)
    kind = text(value, "type")
    if kind in ("function", "custom"):
        name, space = require(value, "name", "string", "tool_choice"), text_or_none(value, "namespace")
        return ToolChoice(mode="tool", name=name, namespace=space, extra={"type": "custom"} if kind == "custom" else None)
    if kind == "allowed_tools":
        must = value.get("mode") == "required"
        return ToolChoice(
            mode="required" if must else "auto", extra={"allowed_tools": expect(value, "tools", "list", "tool_choice") or []}
        )
    return ToolChoice(mode="tool", name=kind, extra={"raw": value})


def _plain_choice(value: str) -> ToolChoice:
    if value == "none":
        return ToolChoice(mode="none")
    if value == "required":
        return ToolChoice(mode="required")
    return ToolChoice(mode="auto", extra=None if value == "auto" else {"raw": value})


def write_choice(request: Request, losses: Losses) -> Any:
    """`tool_choice`, or None when there is nothing to choose from."""
    choice, own = request.tool_choice, request.origin == NAME
    if choice is None or not (request.tools or own):
        return None
    extra = choice.extra or {}
    if own and "raw" in extra:
        return extra["raw"]
    if own and "allowed_tools" in extra:
        return {"type": "allowed_tools", "mode": choice.mode, "tools": extra["allowed_tools"]}
    if choice.mode != "tool":
        losses.extras(extra, "tool_choice", "the Responses API")
        return choice.mode
    custom = extra.get("type") == "custom" or any(tool.name == choice.name and tool.kind == "custom" for tool in request.tools)
    return clean(type="custom" if custom else "function", name=choice.name, namespace=choice.namespace)
