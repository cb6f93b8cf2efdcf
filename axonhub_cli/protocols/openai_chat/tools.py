"""Tools, the choice among them, and the form of the answer: each reader beside its writer.

A custom tool's grammar is flat inside, `{"type": "grammar", "syntax": …, "definition": …}`, and nested one level deeper on this
wire.
"""

from typing import Any

from ...errors import RequestError
from ...types.messages import OutputFormat, Request, Tool, ToolChoice
from ..raw import Raw, dumps
from .fields import Fields, wrong
from .parts import Block, Outward, cache_mark, read_cache

NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}


def read_tools(fields: Fields) -> tuple[Tool, ...]:
    """`tools`, and the old `functions`."""
    tools = [_read_tool(tool, f"tools[{at}]") for at, tool in enumerate(fields.items("tools") or ())]
    old = fields.items("functions") or ()
    return (*tools, *(_function(Fields(item, f"functions[{at}]"), None, None) for at, item in enumerate(old)))


def _read_tool(tool: Any, path: str) -> Tool:
    fields = Fields(tool, path)
    kind = fields.need_text("type")
    if kind not in ("function", "custom"):
        return Tool(name=kind, kind="hosted", raw=tool)
    body = Fields(fields.take(kind), f"{path}.{kind}")
    cache = read_cache(fields)
    if kind == "function":
        return _function(body, cache, fields.rest())
    name, about, form = body.need_text("name"), body.text("description"), body.mapping("format")
    return Tool(
        name=name,
        kind="custom",
        description=about,
        format=_flat(form),
        cache=cache,
        extra=_both(fields.rest(), body.rest(), "custom"),
    )


def _function(body: Fields, cache: str | None, outer: dict[str, Any] | None) -> Tool:
    return Tool(
        name=body.need_text("name"),
        description=body.text("description"),
        schema=body.mapping("parameters"),
        strict=body.flag("strict"),
        cache=cache,
        extra=_both(outer, body.rest(), "function"),
    )


def _both(outer: dict[str, Any] | None, inner: dict[str, Any] | None, key: str) -> dict[str, Any] | None:
    return {**(outer or {}), key: inner} if inner else outer


def _flat(form: dict[str, Any] | None) -> dict[str, Any] | None:
    grammar = form.get("grammar") if form else None
    return {**{k: v for k, v in (form or {}).items() if k != "grammar"}, **grammar} if isinstance(grammar, dict) else form


def _nested(form: dict[str, Any]) -> dict[str, Any]:
    if form.get("type") != "grammar" or "definition" not in form:
        return form
    return {"type": "grammar", "grammar": {key: value for key, value in form.items() if key != "type"}}


def write_tools(request: Request, out: Outward) -> Any:
    """The tools as this protocol lists them, as objects or `Raw`; what only another one runs stays out, and is on the receipt."""
    step = out.memory.step(("chat tools", out.native), out.quirks) if out.memory is not None else None
    known = step.get(request.tools) if step is not None else None
    if known is not None:
        return known
    told = len(out.losses.items)
    written = _write_tools(request, out)
    if step is None or not written or len(out.losses.items) > told:
        return written
    data = dumps(written)
    return step.put(request.tools, Raw(data), len(data))


def _write_tools(request: Request, out: Outward) -> list[Block]:
    written = [_write_tool(tool, f"tools[{at}]", out) for at, tool in enumerate(request.tools)]
    if not out.quirks.strict_tools and any(tool.strict is not None for tool in request.tools):
        out.losses.drop("tools.strict", "the upstream has no strict tools")
    return [tool for tool in written if tool is not None]


def _write_tool(tool: Tool, path: str, out: Outward) -> Block | None:
    if tool.kind == "hosted":
        if out.native:
            return tool.raw
        out.losses.drop(path, f"{tool.name} runs elsewhere, and Chat Completions has no such tool")
        return None
    extra = dict(out.keep(tool.extra, path))
    inner = extra.pop(tool.kind, None)
    body: Block = {"name": tool.name}
    if tool.description is not None:
        body["description"] = tool.description
    if tool.kind == "custom" and tool.format is not None:
        body["format"] = _nested(tool.format)
    elif tool.kind == "function":
        body |= _signature(tool, out)
    mark = cache_mark(tool.cache, out)
    return {"type": tool.kind, tool.kind: {**(inner if isinstance(inner, dict) else {}), **body}, **mark, **extra}


def _signature(tool: Tool, out: Outward) -> Block:
    schema = tool.schema if tool.schema is not None or out.native else NO_PARAMETERS
    fields: Block = {} if schema is None else {"parameters": schema}
    if tool.strict is not None and out.quirks.strict_tools:
        fields["strict"] = tool.strict
    return fields


def read_choice(fields: Fields) -> ToolChoice | None:
    """`tool_choice` (or the old `function_call`): a word, one tool, or a set of allowed ones."""
    value = fields.take("tool_choice")
    old = fields.take("function_call")
    if value is None and old is not None:
        value = {"type": "function", "function": old} if isinstance(old, dict) else old
    if value is None:
        return None
    if isinstance(value, str):
        if value not in ("auto", "none", "required"):
            raise RequestError(
                f"tool_choice: expected auto, none, required or an object, found {value[:40]!r}", param="tool_choice"
            )
        return ToolChoice(mode=value)  # type: ignore[arg-type]  # one of the three
    return _named_choice(Fields(value, "tool_choice"))


def _named_choice(fields: Fields) -> ToolChoice:
    kind = fields.need_text("type")
    if kind == "allowed_tools":
        allowed = fields.mapping("allowed_tools") or {}
        return ToolChoice(mode="required" if allowed.get("mode") == "required" else "auto", extra={"allowed_tools": allowed})
    if kind not in ("function", "custom"):
        raise RequestError(
            f"tool_choice.type: expected function, custom or allowed_tools, found {kind[:40]!r}", param="tool_choice"
        )
    return ToolChoice(mode="tool", name=Fields(fields.take(kind), f"tool_choice.{kind}").need_text("name"))


def write_choice(request: Request, out: Outward) -> Any:
    """The value of `tool_choice`, or None where there is nothing to say."""
    choice = request.tool_choice
    if choice is None:
        return None
    allowed = out.keep(choice.extra, "tool_choice").get("allowed_tools")
    if allowed is not None:
        return {"type": "allowed_tools", "allowed_tools": allowed}
    if choice.mode != "tool":
        return choice.mode
    kind = next((tool.kind for tool in request.tools if tool.name == choice.name), "function")
    kind = "custom" if kind == "custom" else "function"
    return {"type": kind, kind: {"name": choice.name}}


def read_format(fields: Fields) -> tuple[OutputFormat | None, dict[str, Any]]:
    """`response_format`, and itself as an unknown key where it is of a kind that this model has no name for."""
    value = fields.take("response_format")
    if value is None:
        return None, {}
    form = Fields(value, "response_format")
    kind = form.need_text("type")
    if kind == "json_object":
        return OutputFormat(kind="json"), {}
    if kind != "json_schema":
        return None, {} if kind == "text" else {"response_format": value}
    inner = form.mapping("json_schema")
    if inner is None:
        raise wrong("response_format.json_schema", "an object", None)
    body = Fields(inner, "response_format.json_schema")
    name, about, schema, strict = body.text("name"), body.text("description"), body.mapping("schema"), body.flag("strict")
    return OutputFormat(kind="json_schema", name=name, description=about, schema=schema, strict=strict), {}


def write_format(form: OutputFormat | None, out: Outward) -> tuple[Block | None, str | None]:
    """(`response_format`, a text for the system message): what the upstream cannot be told in one way is said in the other."""
    quirks = out.quirks
    if form is None:
        return None, None
    if form.kind == "json_schema" and quirks.json_schema:
        return {"type": "json_schema", "json_schema": _schema_of(form)}, None
    fallback = {"type": "json_object"} if quirks.json_object else None
    if form.kind == "json":
        if fallback is None:
            out.losses.change("response_format", "the upstream has no JSON mode: the system message asks for JSON")
        return fallback, None if fallback else "Answer with one JSON object and nothing else."
    out.losses.change("response_format", "the upstream takes no JSON schema: the system message holds it")
    return fallback, _instruction(form)


def _instruction(form: OutputFormat) -> str:
    """A schema in words."""
    about = f" {form.description}" if form.description else ""
    schema = dumps(form.schema or {}).decode()
    return f"Answer with one JSON object and nothing else.{about} It has to follow this JSON schema:\n{schema}"


def _schema_of(form: OutputFormat) -> Block:
    fields: Block = {"name": form.name or "answer"}
    for key, value in (("description", form.description), ("schema", form.schema), ("strict", form.strict)):
        if value is not None:
            fields[key] = value
    return fields
