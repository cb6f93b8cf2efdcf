"""A conversation that is too long, in the words of every vendor, told to every client in the words that it compacts at."""

import json
from typing import Any

import pytest

from axonhub_cli.protocols.registry import codec
from axonhub_cli.types.messages import Protocol

INVALID = "invalid_request_error"
CODE = "context_length_exceeded"
VENDORS: list[tuple[Protocol, dict[str, Any]]] = [
    ("anthropic", {"type": "error", "error": {"type": INVALID, "message": "prompt is too long: 9 tokens > 8 maximum"}}),
    ("openai-chat", {"error": {"message": "This model's maximum context length is 8 tokens.", "code": CODE}}),
    ("openai-chat", {"error": {"message": "Your request exceeded model token limit: 8", "type": INVALID}}),
    (
        "openai-chat",
        {"error": {"message": "the request exceeds the available context size", "type": "exceed_context_size_error"}},
    ),
    ("openai-responses", {"error": {"message": "Your input exceeds the context window of this model.", "code": CODE}}),
]


@pytest.mark.parametrize(("server", "body"), VENDORS)
@pytest.mark.parametrize("client", ["anthropic", "openai-chat", "openai-responses"])
def test_every_client_hears_it_in_its_own_words(client: Protocol, server: Protocol, body: dict[str, Any]) -> None:
    """Claude Code looks for "prompt is too long", Codex and OpenAI's clients for a code; both with status 400."""
    problem = codec(server).read_error(400, {}, json.dumps(body).encode())
    answered, _, told = codec(client).write_error(problem, "ar-1")
    assert answered == 400
    error = json.loads(told)["error"]
    if client == "anthropic":
        assert error["type"] == "invalid_request_error"
        assert "prompt is too long" in error["message"]
    else:
        assert error["code"] == "context_length_exceeded"
