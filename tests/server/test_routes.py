"""The route table."""

import pytest

from axonhub_cli.server.routes import find, known, protocol_of

PATHS = [
    ("/v1/messages", "call", "anthropic"),
    ("/anthropic/v1/messages", "call", "anthropic"),
    ("/anthropic/v1/v1/messages", "call", "anthropic"),
    ("/anthropic/v1/messages/", "call", "anthropic"),
    ("/v1/messages/count_tokens", "count_tokens", "anthropic"),
    ("/anthropic/v1/messages/count_tokens", "count_tokens", "anthropic"),
    ("/v1/chat/completions", "call", "openai-chat"),
    ("/v1/responses", "call", "openai-responses"),
    ("/v1/models", "models", "openai-chat"),
    ("/anthropic/v1/models", "models", "anthropic"),
    ("/v1/models/gpt-5", "model", "openai-chat"),
    ("/anthropic/v1/models/a%2Fb", "model", "anthropic"),
    ("/", "hello", "openai-chat"),
    ("/anthropic", "hello", "anthropic"),
    ("/anthropic/api/hello", "hello", "anthropic"),
    ("/health", "health", "openai-chat"),
]


@pytest.mark.parametrize(("path", "kind", "protocol"), PATHS)
def test_paths_that_are_served(path: str, kind: str, protocol: str) -> None:
    """Both prefixes, trailing slashes and a doubled /v1 are understood."""
    route = find(path)

    assert route is not None
    assert (route.kind, route.protocol) == (kind, protocol)


@pytest.mark.parametrize(
    "path", ["/v2/messages", "/v1", "/v1/message", "/v1/responses/compact", "/metrics", "/_axonhub", "/..", "/V1/messages"]
)
def test_everything_else_is_not(path: str) -> None:
    """There is no pattern that something unforeseen could match."""
    assert find(path) is None


def test_a_models_id_is_decoded() -> None:
    """Names with a slash come percent-encoded."""
    route = find("/v1/models/a%2Fb")
    assert route is not None
    assert route.arg == "a/b"


def test_unknown_paths_are_answered_in_the_callers_shape() -> None:
    """By prefix, by header, by name."""
    assert protocol_of("/anthropic/x", {}) == "anthropic"
    assert protocol_of("/x", {"anthropic-version": "2023-06-01"}) == "anthropic"
    assert protocol_of("/v1/responses/compact", {}) == "openai-responses"
    assert protocol_of("/x", {}) == "openai-chat"


def test_the_404_names_the_paths_that_exist() -> None:
    """All model paths are in the sentence."""
    assert {"/v1/messages", "/v1/chat/completions", "/v1/responses"} <= set(known())
