"""One request for each protocol that says all that its protocol can say, and what conversions cannot carry of it.

`python -m tests.rules.everything` prints the README's table.
"""

import re
from itertools import permutations
from typing import Any

from axonhub_cli.protocols.base import Target
from axonhub_cli.protocols.body import ClientBody
from axonhub_cli.protocols.lanes import Prepared, prepare
from axonhub_cli.protocols.raw import dumps
from axonhub_cli.protocols.registry import codec
from axonhub_cli.types.messages import Protocol

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjQKJSVFT0YK"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"at": {"type": "string"}},
    "required": ["at"],
    "additionalProperties": False,
}
STOPS = ["one", "two", "three", "four", "five", "six"]

_CACHED = {"cache_control": {"type": "ephemeral"}}
_IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
_CHAT_CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at":"x"}'}}
_CHAT_FREE = {"id": "call_2", "type": "custom", "custom": {"name": "free", "input": "text"}}
_USER = "somebody-" * 8

REQUESTS: dict[Protocol, dict[str, Any]] = {
    "anthropic": {
        "model": "m", "max_tokens": 9000, "stream": True,
        "system": [{"type": "text", "text": "Be brief.", **_CACHED}],
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "look", **_CACHED}, _IMAGE,
                {"type": "document", "title": "a.pdf",
                 "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}},
                {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
            ]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
                {"type": "redacted_thinking", "data": "cmVk"},
                {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "x"}},
                {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "x"}},
                {"type": "text", "text": "after the call"},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": True,
                 "content": [{"type": "text", "text": "bad"}, _IMAGE]},
                {"type": "text", "text": "go on"},
            ]},
            {"role": "system", "content": "Now in French."},
            {"role": "user", "content": "and?"},
        ],
        "tools": [
            {"name": "look", "description": "d", "input_schema": SCHEMA, "strict": True, **_CACHED},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        ],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        "thinking": {"type": "enabled", "budget_tokens": 2048},
        "top_k": 5, "top_p": 0.9, "temperature": 1, "stop_sequences": STOPS, "metadata": {"user_id": _USER},
        "service_tier": "standard_only", "context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]},
        "output_config": {"effort": "max", "format": {"type": "json_schema", "schema": SCHEMA}},
        "mcp_servers": [{"type": "url", "url": "https://mcp.example", "name": "x"}], "container": "c_1", "inference_geo": "us",
    },
    "openai-chat": {
        "model": "m", "max_completion_tokens": 9000, "stream": True, "stream_options": {"include_usage": True},
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "name": "ann", "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}", "detail": "high"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}},
                {"type": "file", "file": {"file_id": "file_1"}},
                {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
            ]},
            {"role": "assistant", "content": None, "reasoning_content": "hm", "tool_calls": [_CHAT_CALL, _CHAT_FREE]},
            {"role": "tool", "tool_call_id": "call_1", "content": "seen"},
            {"role": "tool", "tool_call_id": "call_2", "content": "done"},
            {"role": "developer", "content": "Now in French."},
            {"role": "user", "content": "and?"},
        ],
        "tools": [
            {"type": "function", "function": {"name": "look", "description": "d", "parameters": SCHEMA, "strict": True}},
            {"type": "custom", "custom": {"name": "free", "description": "d", "format": {
                "type": "grammar", "grammar": {"syntax": "regex", "definition": "a+"}}}},
        ],
        "tool_choice": "auto", "parallel_tool_calls": False, "frequency_penalty": 0.5, "presence_penalty": 0.4, "seed": 7,
        "logit_bias": {"50256": -100}, "logprobs": True, "top_logprobs": 3, "stop": STOPS[:4], "temperature": 1.5, "top_p": 0.9,
        "response_format": {"type": "json_schema", "json_schema": {"name": "r", "schema": SCHEMA, "strict": True}},
        "reasoning_effort": "minimal", "verbosity": "low", "metadata": {"a": "b"}, "store": True, "user": _USER,
        "safety_identifier": "s", "prompt_cache_key": "k", "service_tier": "flex",
        "prediction": {"type": "content", "content": "x"}, "web_search_options": {},
    },
    "openai-responses": {
        "model": "m", "max_output_tokens": 9000, "stream": True, "instructions": "Be brief.",
        "input": [
            {"role": "user", "content": [
                {"type": "input_text", "text": "look"},
                {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "high"},
                {"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"},
                {"type": "input_file", "file_id": "file_1"},
            ]},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "ZW5j"},
            {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "x"}},
            {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": '{"at":"x"}'},
            {"type": "custom_tool_call", "call_id": "call_2", "name": "free", "input": "text"},
            {"type": "function_call_output", "call_id": "call_1", "output": [
                {"type": "input_text", "text": "seen"}, {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}"}]},
            {"type": "custom_tool_call_output", "call_id": "call_2", "output": "done"},
            {"role": "developer", "content": "Now in French."},
            {"role": "user", "content": "and?"},
        ],
        "tools": [
            {"type": "function", "name": "look", "description": "d", "parameters": SCHEMA, "strict": True},
            {"type": "custom", "name": "free", "description": "d", "format": {
                "type": "grammar", "syntax": "regex", "definition": "a+"}},
            {"type": "namespace", "name": "mcp__x", "description": "d", "tools": [
                {"type": "function", "name": "say", "parameters": SCHEMA}]},
            {"type": "web_search"}, {"type": "image_generation"}, {"type": "file_search", "vector_store_ids": ["vs_1"]},
        ],
        "tool_choice": "auto", "parallel_tool_calls": False, "reasoning": {"effort": "xhigh", "summary": "auto"},
        "text": {"format": {"type": "json_schema", "name": "r", "schema": SCHEMA, "strict": True}, "verbosity": "low"},
        "temperature": 1.5, "top_p": 0.9, "truncation": "auto", "include": ["message.output_text.logprobs"], "max_tool_calls": 3,
        "top_logprobs": 3, "metadata": {"a": "b"}, "user": _USER, "safety_identifier": "s", "prompt_cache_key": "k",
        "prompt_cache_retention": "24h", "service_tier": "flex", "store": True,
    },
    "gemini": {
        "model": "m", "stream": True,
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [
                {"text": "look"}, {"inlineData": {"mimeType": "image/png", "data": PIXEL}},
                {"inlineData": {"mimeType": "application/pdf", "data": PDF}},
                {"fileData": {"mimeType": "video/mp4", "fileUri": "https://files.example/1"}},
            ]},
            {"role": "model", "parts": [
                {"text": "hm", "thought": True}, {"executableCode": {"language": "PYTHON", "code": "1"}},
                {"functionCall": {"id": "f1", "name": "look", "args": {"at": "x"}}, "thoughtSignature": "c2ln"},
            ]},
            {"role": "user", "parts": [{"functionResponse": {"id": "f1", "name": "look", "response": {"output": "seen"}}}]},
            {"role": "model", "parts": [{"text": "ok"}]},
            {"role": "user", "parts": [{"text": "and?"}]},
        ],
        "tools": [
            {"functionDeclarations": [
                {"name": "look", "description": "d", "parametersJsonSchema": SCHEMA, "response": {"type": "OBJECT"}}]},
            {"googleSearch": {}}, {"codeExecution": {}},
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}, "retrievalConfig": {"languageCode": "fr"}},
        "generationConfig": {
            "temperature": 1.5, "topP": 0.9, "topK": 5, "maxOutputTokens": 9000, "stopSequences": STOPS[:5], "seed": 7,
            "presencePenalty": 0.4, "frequencyPenalty": 0.5, "responseLogprobs": True, "logprobs": 3,
            "responseMimeType": "application/json", "responseJsonSchema": SCHEMA,
            "thinkingConfig": {"thinkingBudget": 2048, "includeThoughts": True}, "mediaResolution": "MEDIA_RESOLUTION_LOW",
        },
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "labels": {"a": "b"},
    },
}  # fmt: skip


def converted(client: Protocol, server: Protocol, request: dict[str, Any]) -> Prepared:
    """The request on its way to the other protocol's own vendor."""
    path = {key: request[key] for key in codec(client).in_path if key in request}
    body = ClientBody(dumps({key: value for key, value in request.items() if key not in path}), path)
    return prepare(codec(client), codec(server), body, Target(model="real", cache_key="session", channel="c", maker="c"))


def lost(client: Protocol, server: Protocol) -> dict[str, dict[str, str]]:
    """Action → place (without indexes) → why, for a request that says everything."""
    out: dict[str, dict[str, str]] = {}
    for loss in converted(client, server, REQUESTS[client]).losses:
        out.setdefault(loss.action, {})[re.sub(r"\[\d+\]", "[]", loss.path)] = loss.why
    return out


def table() -> str:
    """The README's table of what each direction cannot carry."""
    rows = ["| from → to | left out | becomes something else |", "|---|---|---|"]
    for client, server in permutations(REQUESTS, 2):
        found = lost(client, server)
        left = ", ".join(f"`{place}`" for place in sorted(found.get("dropped", {}), key=str.lower))
        other = {**found.get("placeholder", {}), **found.get("changed", {}), **found.get("renamed", {})}
        rows.append(f"| {client} → {server} | {left} | {', '.join(f'`{place}`' for place in sorted(other, key=str.lower))} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(table(), end="")
