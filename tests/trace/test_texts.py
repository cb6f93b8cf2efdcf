"""What is found by the full-text search: the user's words and the model's."""

import json
from typing import Any

import pytest

from axonhub_cli.trace.texts import LIMIT, Texts, answer, of, prompt

REMINDER = {"type": "text", "text": "<system-reminder>be kind</system-reminder>"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"messages": [{"role": "user", "content": "fix it"}]}, "fix it"),
        ({"messages": [{"role": "user", "content": [REMINDER, {"type": "text", "text": "now"}]}]}, "now"),
        ({"messages": [{"role": "user", "content": "fix"}, {"role": "system", "content": "be kind"}]}, "fix"),
        ({"messages": [{"role": "user", "content": [{"type": "tool_result", "content": "x"}]}]}, ""),
        ({"messages": [{"role": "assistant", "content": "hm"}]}, ""),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "text": "go"}]}]}, "go"),
        ({"input": "go"}, "go"),
        ({"input": 3}, ""),
        ({"contents": [{"role": "user", "parts": [{"text": "go"}, {"functionResponse": {}}]}]}, "go"),
        ({"contents": [{"role": "model", "parts": [{"text": "hm"}]}]}, ""),
        ({}, ""),
        ({"input": "x" * (LIMIT + 1)}, "x" * LIMIT),
    ],
)
def test_the_prompt(fields: dict[str, Any], expected: str) -> None:
    """The last message counts when a user wrote it."""
    assert prompt(json.dumps(fields).encode()) == expected


CHAT = 'data: {"choices":[{"delta":{"content":"one "}}]}\n\ndata: {"choices":[{"delta":{"content":"two"}}]}\n\ndata: [DONE]\n\n'
ANTHROPIC = (
    'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"hm"}}\n\n'
    'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"one \\u00e9"}}\n\n'
)
RESPONSES = (
    'data: {"type":"response.output_text.delta","delta":"one"}\n\ndata: {"type":"response.output_text.done","text":"one two"}\n\n'
)
GEMINI = (
    'data: {"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"one "}],"role":"model"}}]}\n\n'
    'data: {"candidates":[{"content":{"parts":[{"text":"two"}]}}]}\n\ndata: {"candidates":[{"finishReason":"STOP"}],"text":1}\n\n'
)


@pytest.mark.parametrize(
    ("protocol", "body", "expected"),
    [
        ("openai-chat", CHAT, "one two"),
        ("anthropic", ANTHROPIC, "one é"),
        ("openai-responses", RESPONSES, "one two"),
        ("openai-responses", RESPONSES.replace("\n", "\r\n"), "one two"),
        ("anthropic", 'data: {"text_delta" broken\n\n', ""),
        ("gemini", GEMINI, "one two"),
        ("gemini", '{"candidates":[{"content":{"parts":[{"text":"whole"}]},"finishReason":"STOP"}]}', "whole"),
        ("protocol-to-be", CHAT, ""),
        ("openai-chat", '{"choices":[{"message":{"role":"assistant","content":"whole"},"finish_reason":"stop"}]}', "whole"),
        ("openai-chat", '{"error":{"message":"no"}}', ""),
        ("openai-chat", "{", ""),
        ("openai-chat", "", ""),
    ],
)
def test_the_answer(protocol: str, body: str, expected: str) -> None:
    """Text of a stream or of a whole answer, in every protocol; thinking is no answer."""
    assert answer(protocol, body.encode()) == expected


def test_a_request() -> None:
    """The upstream's protocol is that of the last attempt; an error is no answer."""
    values: dict[str, Any] = {"protocol": "anthropic", "outcome": "ok", "attempts": [{"protocol": "openai-chat"}]}
    bodies: dict[Any, bytes] = {"client_request": b'{"input":"go"}', "upstream_response": CHAT.encode()}
    assert of(values, bodies) == Texts("go", "one two")
    assert of({**values, "outcome": "error"}, bodies) == Texts("go", "")
    assert of({**values, "attempts": []}, {}) == Texts()
