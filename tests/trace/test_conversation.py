"""What a request brought and what came back, in one form for all protocols."""

import json
from typing import Any

import pytest

from axonhub_cli.trace.conversation import Said, answered, asked, conversation

CALL = {"id": "c1", "type": "function", "function": {"name": "ls", "arguments": "{}"}}
CHAT = [
    {"role": "system", "content": "be kind"},
    {"role": "user", "content": "old"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": "a.txt"},
    {"role": "user", "content": "and now?"},
]
ANTHROPIC = [
    {"role": "user", "content": [{"type": "text", "text": "<system-reminder>x"}, {"type": "text", "text": "fix"}]},
    {"role": "system", "content": "be kind"},
]
ITEMS = [
    {"type": "function_call", "call_id": "c1", "name": "ls", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "c1", "output": "a.txt"},
]


@pytest.mark.parametrize(
    ("protocol", "body", "expected"),
    [
        ("openai-chat", {"messages": CHAT}, [Said("tool", "a.txt", "ls"), Said("user", "and now?")]),
        ("anthropic", {"max_tokens": 1, "messages": ANTHROPIC}, [Said("user", "fix"), Said("system", "be kind")]),
        ("openai-responses", {"input": ITEMS}, [Said("tool", "a.txt", "ls")]),
        ("openai-responses", {"input": "go"}, [Said("user", "go")]),
        ("openai-responses", {"input": "<environment_context>here"}, [Said("system", "<environment_context>here")]),
        ("openai-chat", {"messages": 3}, []),
        ("no-protocol", {}, []),
    ],
)
def test_what_is_new(protocol: str, body: dict[str, Any], expected: list[Said]) -> None:
    """What follows the model's last message; tool results have their tool's name; reminders are left out."""
    assert asked(protocol, json.dumps({"model": "m", **body}).encode()) == expected


STREAM = (
    'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hello "}}]}\n\n'
    'data: {"choices":[{"index":0,"delta":{"content":"there","tool_calls":[{"index":0,"id":"c1","function":'
    '{"name":"ls","arguments":"{}"}}]}}]}\n\n'
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (STREAM, [Said("model", "Hello there"), Said("call", "{}", "ls")]),
        ('{"id":"x","model":"m","choices":[{"message":{"role":"assistant","content":"whole"},"finish_reason":"stop"}]}',
         [Said("model", "whole")]),
        ('{"error":{"message":"no"}}', []),
        ("data: broken\n\n", []),
        ("", []),
    ],
)  # fmt: skip
def test_what_came_back(body: str, expected: list[Said]) -> None:
    """The parts of a stream, as far as it came, or of a whole answer; an error is no answer."""
    assert answered("openai-chat", body.encode()) == expected


def test_a_request_of_another_protocol() -> None:
    """The answer is read with the protocol of the last attempt."""
    request = {"protocol": "openai-responses", "outcome": "ok", "attempts": [{"protocol": "openai-chat"}]}
    bodies: dict[Any, bytes] = {"client_request": b'{"model":"m","input":"go"}', "upstream_response": STREAM.encode()}
    assert [said.who for said in conversation(request, bodies)] == ["user", "model", "call"]
    assert conversation({**request, "outcome": "error"}, bodies) == [Said("user", "go")]
