"""Tools and the choice among them: each reader beside its writer.

A tool object holds a list of functions, or one thing that runs at the vendor (`googleSearch`, `codeExecution`, `urlContext`), or
both. Schemas come in the API's own dialect (`parameters`) or as JSON schema (`parametersJsonSchema`), and go out as the latter;
where that is not known (a quirk), in the dialect.
"""

from typing import Any

from ...errors import RequestError
from ...types.messages import Request, Tool, ToolChoice
from .fields import NAME, Block, Fields, clean
from .outward import Outward
from .schema import as_json_schema

_MODES = {"AUTO": "auto", "ANY": "required", "NONE": "none", "VALIDATED": "auto", "MODE_UNSPECIFIED": "auto"}
_WORDS = {"auto": "AUTO", "required": "ANY", "none": "NONE", "tool": "ANY"}


def read_tools(fields: Fields) -> tuple[Tool, ...]:
    """`tools`: every function of every object, in order; what else an object holds is a hosted tool."""
    out: list[Tool] = []
    value = fields.take("tools")
    items = [value] if isinstance(value, dict) else value or []
    if not isinstance(items, list):
        raise RequestError("tools: expected a list, found something else", param="tools")
    for at, item in enumerate(items):
        inner = Fields(item, f"tools[{at}]")
        for number, function in enumerate(inner.items("functionDeclarations")):
            out.append(_read_function(Fields(function, f"tools[{at}].functionDeclarations[{number}]")))
        out += [Tool(name=key, kind="hosted", raw={key: value}) for key, value in (inner.rest() or {}).items()]
    return tuple(out)


def _read_function(fields: Fields) -> Tool:
    name, about = fields.need_text("name"), fields.text("description")
    own, plain = fields.mapping("parameters"), fields.mapping("parametersJsonSchema")
    schema = plain if plain is not None else as_json_schema(own)
    return Tool(name=name, description=about, schema=schema, extra=fields.rest())


def write_tools(request: Request, out: Outward) -> list[Block]:
    """All functions in one object, then the vendor's own tools."""
    functions = []
    hosted = []
    for at, tool in enumerate(request.tools):
        if tool.kind == "hosted" and out.native and tool.raw:
            hosted.append(tool.raw)
        elif tool.kind == "function":
            functions.append(_write_function(tool, f"tools[{at}]", out))
        else:
            out.losses.drop(f"tools[{at}]", f"{NAME} has no tool of this kind: {tool.name}")
    return [*([{"functionDeclarations": functions}] if functions else []), *hosted]


def _write_function(tool: Tool, path: str, out: Outward) -> Block:
    if tool.strict:
        out.losses.drop(f"{path}.strict", f"{NAME} has no strict tools")
    fields = clean(name=tool.name, description=tool.description)
    if tool.schema:
        key = "parametersJsonSchema" if out.quirks.plain_schemas else "parameters"
        fields[key] = out.schema(tool.schema, f"{path}.parameters")
    return {**fields, **out.keep(tool.extra, path)}


def read_choice(fields: Fields) -> tuple[ToolChoice | None, dict[str, Any]]:
    """(`toolConfig.functionCallingConfig`, the rest of `toolConfig` as a top-level key to keep)."""
    config = fields.inner("toolConfig")
    calling = config.inner("functionCallingConfig")
    rest = config.rest()
    kept = {"toolConfig": rest} if rest else {}
    word, allowed = calling.text("mode"), calling.texts("allowedFunctionNames")
    if word is None and not allowed:
        return None, kept
    mode = _MODES.get((word or "AUTO").upper())
    if mode is None:
        raise RequestError(
            f"{calling.at('mode')}: expected AUTO, ANY or NONE, found {(word or '')[:40]!r}", param=calling.at("mode")
        )
    extra: dict[str, Any] = {"mode": "VALIDATED"} if word == "VALIDATED" else {}
    if len(allowed) == 1 and mode == "required":
        return ToolChoice(mode="tool", name=allowed[0], extra=extra or None), kept
    if allowed:
        extra["allowed_tools"] = {"tools": [{"name": name} for name in allowed]}
    return ToolChoice(mode=mode, extra=extra or None), kept  # type: ignore[arg-type]  # one of the three


def write_choice(request: Request, out: Outward) -> Block | None:
    """`toolConfig`, None where there is nothing to say."""
    choice = request.tool_choice
    if choice is None:
        return None
    extra = dict(out.keep(choice.extra, "tool_choice"))
    allowed = extra.pop("allowed_tools", None)
    names = [choice.name] if choice.mode == "tool" and choice.name else _names(allowed)
    config = {"mode": extra.get("mode") or _WORDS[choice.mode], **({"allowedFunctionNames": names} if names else {})}
    return {"functionCallingConfig": config}


def _names(allowed: Any) -> list[str]:
    tools = allowed.get("tools") if isinstance(allowed, dict) else None
    return [tool["name"] for tool in tools if isinstance(tool, dict) and "name" in tool] if isinstance(tools, list) else []
