"""Requests in the clients' own protocols, each with one thing that some upstream refuses."""

from typing import Any

SCHEMA = {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]}
REMINDER = "<system-reminder>be quick</system-reminder>"
LATE = "from now on answer in verse"
THOUGHT = "I should look at it"
PDF = "JVBERi0xLjQK"
PNG = "iVBORw0KGgo="
FORCED = {"type": "json_schema", "schema": SCHEMA}


def messages(*turns: dict[str, Any], tools: bool = True, **fields: Any) -> dict[str, Any]:
    """A request of Anthropic's protocol."""
    named = {"tools": [{"name": name, "input_schema": SCHEMA} for name in ("look", "list")]} if tools else {}
    said = list(turns) or [{"role": "user", "content": "hi"}]
    return {"model": "asked", "max_tokens": 100, "stream": True, "messages": said, **named, **fields}


def used(*more: Any, result: Any = "seen", thought: str | None = None) -> list[dict[str, Any]]:
    """Turns with a call and its result, in Anthropic's protocol; `more` stands beside the result."""
    thinking = [] if thought is None else [{"type": "thinking", "thinking": thought, "signature": "by somebody else"}]
    call = {"type": "tool_use", "id": "toolu_01AbCdEf", "name": "look", "input": {"at": "x"}}
    answer = {"type": "tool_result", "tool_use_id": "toolu_01AbCdEf", "content": result}
    return [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [*thinking, call]},
        {"role": "user", "content": [answer, *more]},
    ]


def chat(*turns: dict[str, Any], tools: bool = True, **fields: Any) -> dict[str, Any]:
    """A request of Chat Completions."""
    made = [{"type": "function", "function": {"name": name, "parameters": SCHEMA, "strict": False}} for name in ("look", "list")]
    said = list(turns) or [{"role": "user", "content": "hi"}]
    return {"model": "asked", "stream": True, "messages": said, **({"tools": made} if tools else {}), **fields}


def responses(*items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A request of the Responses API."""
    made = [{"type": "function", "name": name, "parameters": SCHEMA, "strict": False} for name in ("look", "list")]
    said = list(items) or [{"role": "user", "content": "hi"}]
    return {"model": "asked", "stream": True, "input": said, "tools": made, **fields}
