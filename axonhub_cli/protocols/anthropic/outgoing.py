"""Writes a Messages request.

Messages are written one by one, then put in the order that Anthropic demands: the results of a turn's calls directly after it,
and first in their message; neighbours of one role in one message. A client of this protocol keeps its own legal arrangement.
"""

from typing import Any

from ...types.messages import Request, Tool
from .. import raw
from ..base import Losses, Target
from .blocks import Block
from .limits import limits, sampling
from .marks import goes_on, has_marks, mark
from .outgoing_blocks import NAME, BlockWriter, cache_mark, compact

_MODES = {"auto": "auto", "none": "none", "required": "any", "tool": "tool"}
_OPENING = "Continue."
_SEALED = ("thinking", "redacted_thinking")


def write_request(request: Request, target: Target, losses: Losses) -> dict[str, Any]:
    """The body for an upstream that speaks this protocol."""
    native, quirks = request.origin == "anthropic", target.quirks
    writer = BlockWriter(native, quirks, losses)
    messages = _messages(request, writer)
    bounds = limits(request, quirks, losses, unsealed=_unsealed(messages))
    system = [*writer.content(request.system, "system"), *_json_hint(request, target, losses)]
    config = _output_config(request, target, bounds.effort)
    body: dict[str, Any] = {"model": target.model, "max_tokens": bounds.max_tokens}
    optional = {
        "system": compact(system) if system else None,
        "messages": messages,
        "tools": _tools(request, writer),
        "tool_choice": _choice(request, target, bounds.thinks, losses),
        "thinking": bounds.thinking,
        "output_config": config,
        "metadata": _metadata(request, target, losses),
        "stop_sequences": _stop(request, losses),
        **sampling(request, quirks, bounds.thinks, losses),
        "service_tier": _service_tier(request, target, losses),
        "stream": True if request.stream else None,
    }
    body.update((key, value) for key, value in optional.items() if value is not None)
    _without_place(request, losses)
    writer.extras(body, {k: v for k, v in (request.extra or {}).items() if not (native and k == "output_config")}, "")
    if quirks.cache_control and not native and goes_on(request) and not has_marks(request):
        mark(body)
    return body


def _messages(request: Request, writer: BlockWriter) -> list[dict[str, Any]]:
    written = []
    off = request.thinking is not None and request.thinking.mode == "off"
    replays = writer.quirks.replay_reasoning and bool(request.tools) and not off
    for at, message in enumerate(request.messages):
        role = "system" if message.role == "developer" else message.role
        blocks = writer.content(message.parts, f"messages[{at}].content")
        if role == "assistant" and replays:
            blocks = _thought_first(blocks)
        item: dict[str, Any] = {"role": role, "content": blocks if writer.native else _lead(blocks)}
        writer.extras(item, message.extra, f"messages[{at}]")
        if item["content"] or writer.native:
            written.append(item)
    arranged = _merged(_results_first(written), everything=not writer.native)
    if not writer.native:
        _opened(arranged, writer.losses)
        _trimmed(arranged)
    return [{**message, "content": compact(message["content"])} for message in arranged]


def _thought_first(blocks: list[Block]) -> list[Block]:
    """Vendors that want thinking back want a block of it in every turn of the assistant's; an empty one where it is lost."""
    if any(block["type"] in _SEALED for block in blocks):
        return blocks
    return [{"type": "thinking", "thinking": ""}, *blocks]


def _has_results(message: dict[str, Any]) -> bool:
    return any(block["type"] == "tool_result" for block in message["content"])


def _results_first(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Between two assistant messages, those with tool results come before the others."""
    out: list[dict[str, Any]] = []
    run: list[dict[str, Any]] = []
    for message in messages:
        if message["role"] == "assistant":
            out += [*sorted(run, key=lambda m: not _has_results(m)), message]
            run = []
        else:
            run.append(message)
    return out + sorted(run, key=lambda m: not _has_results(m))


def _merged(messages: list[dict[str, Any]], *, everything: bool) -> list[dict[str, Any]]:
    """Neighbours of one role as one message: all of them, or only where the second one's results would stand too late."""
    out: list[dict[str, Any]] = []
    for message in messages:
        same = bool(out) and out[-1]["role"] == message["role"]
        if same and (everything or (message["role"] == "user" and _has_results(message))):
            out[-1] = {**out[-1], **message, "content": _lead(out[-1]["content"] + message["content"])}
        else:
            out.append(message)
    return out


def _lead(blocks: list[Block]) -> list[Block]:
    """Tool results first, everything else in its order."""
    return sorted(blocks, key=lambda block: block["type"] != "tool_result")


def _opened(messages: list[dict[str, Any]], losses: Losses) -> None:
    """The first turn must be the user's."""
    if next((m["role"] for m in messages if m["role"] != "system"), None) != "user":
        losses.placeholder("messages[0]", "a conversation must begin with a user message")
        messages.insert(0, {"role": "user", "content": [{"type": "text", "text": _OPENING}]})


def _trimmed(messages: list[dict[str, Any]]) -> None:
    """A final assistant text may not end in white space; nothing that can be read is lost by that."""
    last = messages[-1]
    if last["role"] == "assistant" and last["content"][-1]["type"] == "text":
        last["content"][-1]["text"] = last["content"][-1]["text"].rstrip()


def _unsealed(messages: list[dict[str, Any]]) -> bool:
    """Whether the request goes on after a tool turn that does not begin with signed thinking."""
    turns = [message["content"] for message in messages if message["role"] == "assistant"]
    last: str | list[Block] = turns[-1] if turns else ""
    if isinstance(last, str) or not any(block["type"] == "tool_use" for block in last):
        return False
    return last[0]["type"] not in _SEALED


def _tools(request: Request, writer: BlockWriter) -> list[dict[str, Any]] | None:
    tools = [_tool(tool, f"tools[{at}]", writer) for at, tool in enumerate(request.tools)]
    return [tool for tool in tools if tool is not None] or None


def _tool(tool: Tool, path: str, writer: BlockWriter) -> dict[str, Any] | None:
    if tool.kind == "hosted":
        if writer.native:
            return tool.raw
        writer.losses.drop(path, f"{NAME} has no tool {tool.name}")
        return None
    out: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        out["description"] = tool.description
    schema = _schema(tool, path, writer)
    if schema is not None:
        out["input_schema"] = schema
    if tool.strict is not None and (writer.native or (tool.strict and writer.quirks.strict_tools)):
        out["strict"] = tool.strict
    if tool.deferred and writer.native:
        out["defer_loading"] = True
    if tool.cache is not None:
        out["cache_control"] = cache_mark(tool.cache)
    writer.extras(out, tool.extra, path)
    return out


def _schema(tool: Tool, path: str, writer: BlockWriter) -> dict[str, Any] | None:
    """The schema as given; Anthropic demands an object at the top."""
    if tool.kind == "custom":
        return {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
    if writer.native:
        return tool.schema
    if tool.schema is None:
        return {"type": "object", "properties": {}}
    if "type" in tool.schema:
        return tool.schema
    writer.losses.change(f"{path}.input_schema", "type object is added")
    return {"type": "object", **tool.schema}


def _choice(request: Request, target: Target, thinks: bool, losses: Losses) -> dict[str, Any] | None:
    native, choice, quirks = request.origin == "anthropic", request.tool_choice, target.quirks
    if not request.tools and not native:
        return None
    single = request.parallel_tools is False
    if single and not quirks.parallel_flag:
        losses.drop("tool_choice.disable_parallel_tool_use", "this endpoint does not take it")
        single = False
    if choice is None:
        return {"type": "auto", "disable_parallel_tool_use": True} if single else None
    out = _mode(request, target, thinks, losses)
    if out["type"] != "none" and (single or (native and request.parallel_tools)):
        out["disable_parallel_tool_use"] = single
    return out


def _mode(request: Request, target: Target, thinks: bool, losses: Losses) -> dict[str, Any]:
    choice, quirks = request.tool_choice, target.quirks
    assert choice is not None
    forced = choice.mode in ("required", "tool")
    if forced and (not quirks.forced_tool_choice or (thinks and not quirks.forced_tool_choice_with_thinking)):
        why = (
            "a tool cannot be forced while the model thinks" if quirks.forced_tool_choice else "this endpoint cannot force a tool"
        )
        losses.change("tool_choice", why)
        return {"type": "auto"}
    out: dict[str, Any] = {"type": _MODES[choice.mode]}
    if choice.mode == "tool":
        out["name"] = choice.name
    if request.origin == "anthropic":
        out.update(choice.extra or {})
    else:
        losses.extras(choice.extra, "tool_choice", NAME)
    return out


def _output_config(request: Request, target: Target, effort: str | None) -> dict[str, Any] | None:
    left = (request.extra or {}).get("output_config") if request.origin == "anthropic" else None
    config: dict[str, Any] = dict(left) if isinstance(left, dict) else {}
    if effort is not None:
        config["effort"] = effort
    if request.output is not None and request.output.kind == "json_schema" and target.quirks.json_schema:
        config["format"] = {"type": "json_schema", "schema": request.output.schema or {"type": "object"}}
    return config or None


def _json_hint(request: Request, target: Target, losses: Losses) -> list[Block]:
    """Structured output that the endpoint cannot enforce is asked for in words."""
    output = request.output
    if output is None or (output.kind == "json_schema" and target.quirks.json_schema):
        return []
    losses.change("output_config.format", "it is asked for in words, not enforced")
    text = "Answer with one JSON value only, without a code fence."
    if output.schema is not None:
        text += " It must match this JSON schema: " + raw.dumps(output.schema).decode()
    return [{"type": "text", "text": text}]


def _metadata(request: Request, target: Target, losses: Losses) -> dict[str, Any] | None:
    native = request.origin == "anthropic"
    if not native and request.metadata:
        losses.drop("metadata", f"{NAME} takes a user id only")
    out = {**({} if request.user is None else {"user_id": request.user}), **((request.metadata or {}) if native else {})}
    if out and not target.quirks.metadata:
        losses.drop("metadata", "this endpoint takes none")
        return None
    return out or None


def _stop(request: Request, losses: Losses) -> list[str] | None:
    words = list(request.stop)
    if request.origin != "anthropic" and any(not word.strip() for word in words):
        losses.drop("stop", f"{NAME} takes no stop words of white space alone")
        words = [word for word in words if word.strip()]
    return words or None


def _service_tier(request: Request, target: Target, losses: Losses) -> str | None:
    tier = request.service_tier
    if tier is None or (target.quirks.service_tier and (request.origin == "anthropic" or tier == "auto")):
        return tier
    losses.drop("service_tier", "another vendor's tier" if target.quirks.service_tier else "this endpoint takes none")
    return None


def _without_place(request: Request, losses: Losses) -> None:
    """Parameters of other protocols that this one has no name for."""
    asked = {
        "seed": request.seed,
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
        "verbosity": request.verbosity,
        "prompt_cache_key": request.cache_key,
    }
    for name, value in asked.items():
        if value is not None:
            losses.drop(name, f"{NAME} has no such parameter")
